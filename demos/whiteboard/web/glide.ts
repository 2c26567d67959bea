import type { Board } from '../../../clients/ts/src/together';
import { sameGeo } from './box';
import type { Scene } from './scene';
import type { Geo } from './shape';

const PER_MS = 0.028; // of the way that remains: smooth between frames that come 30 times a second
const NEAR = 0.05;

/** Brings shapes from the board onto the scene; those that others drag move smoothly from one position to the next. */
export class Glide {
  private readonly moving = new Map<string, Geo>(); // where they are shown

  constructor(
    private readonly board: Board,
    private readonly scene: Scene,
  ) {
    for (const [id, shape] of board.shapes) scene.put(id, shape);
  }

  take(ids: Iterable<string>): void {
    for (const id of ids) {
      const shape = this.board.shapes.get(id);
      const shown = this.scene.items.get(id)?.geo;
      if (shape === undefined || shown === undefined || !(this.moving.has(id) || this.board.drags.has(id))) {
        this.moving.delete(id);
        this.scene.put(id, shape);
        continue;
      }
      this.moving.set(id, shown);
      this.scene.put(id, shape, shown);
    }
  }

  /** Moves on by a frame; tells whether anything is on its way. */
  step(elapsed: number): boolean {
    const part = 1 - Math.exp(-elapsed * PER_MS);
    for (const [id, shown] of this.moving) {
      const shape = this.board.shapes.get(id);
      if (shape === undefined) {
        this.moving.delete(id);
        continue;
      }
      const next = onTheWay(shown, shape.geo, part);
      if (next === shape.geo) this.moving.delete(id);
      else this.moving.set(id, next);
      if (!sameGeo(next, shown)) this.scene.put(id, shape, next);
    }
    return this.moving.size > 0;
  }
}

function onTheWay(from: Geo, to: Geo, part: number): Geo {
  const turn = Math.atan2(Math.sin(to.r - from.r), Math.cos(to.r - from.r));
  const left = Math.max(Math.abs(to.x - from.x), Math.abs(to.y - from.y), Math.abs(to.w - from.w), Math.abs(to.h - from.h), Math.abs(turn) * 100);
  if (left < NEAR) return to;
  const at = (a: number, b: number) => a + (b - a) * part;
  return { x: at(from.x, to.x), y: at(from.y, to.y), w: at(from.w, to.w), h: at(from.h, to.h), r: from.r + turn * part };
}
