import { newID } from '../../../../clients/ts/src/together';
import { between, boxAt, type Point } from '../box';
import type { Desk } from '../desk';
import { fontSize, type Geo, type Kind, type Style } from '../shape';
import { straight } from '../transform';
import { LEADING } from '../words';
import { slipped, type Tool, type Touch } from './tool';

type BoxKind = Extract<Kind, 'rect' | 'ellipse' | 'arrow' | 'text' | 'note' | 'frame'>;

/** What a click without a drag makes. */
const USUAL: Record<BoxKind, { w: number; h: number }> = {
  rect: { w: 160, h: 110 },
  ellipse: { w: 160, h: 120 },
  arrow: { w: 140, h: 0 },
  text: { w: 10, h: 0 },
  note: { w: 190, h: 190 },
  frame: { w: 480, h: 320 },
};

/** Draws a box from corner to corner; an arrow from end to end. Others see it grow. */
export class BoxTool implements Tool {
  private start: Touch | undefined;
  private id = '';
  private gesture = 0;

  constructor(
    readonly name: BoxKind,
    /** Called when something was made: the tool has done its work. */
    private readonly onMade: () => void,
  ) {}

  cursor(): string {
    return this.name === 'text' ? 'text' : 'crosshair';
  }

  down(desk: Desk, at: Touch): void {
    this.start = at;
    this.id = '';
    this.gesture = desk.board.newGesture();
    desk.selection.clear();
  }

  move(desk: Desk, at: Touch): void {
    if (this.start === undefined || this.name === 'text') return;
    if (this.id === '') {
      if (!slipped(this.start, at)) return;
      this.add(desk, this.box(at));
      desk.selection.set([this.id]);
      desk.overlay.busy = true;
    }
    desk.board.drag(this.gesture, [{ id: this.id, ...this.box(at) }]);
  }

  up(desk: Desk): void {
    if (this.start === undefined) return;
    const { plane } = this.start;
    if (this.id === '') this.add(desk, this.usual(plane, desk.style));
    else desk.board.endDrag(this.gesture);
    const { id, gesture } = this;
    this.forget(desk);
    desk.selection.set([id]);
    this.onMade();
    if (this.name === 'text' || this.name === 'note') desk.editor.open(id, gesture, true);
  }

  cancel(desk: Desk): void {
    if (this.id !== '') {
      desk.board.cancelDrag(this.gesture);
      desk.edit([{ remove: [this.id] }], this.gesture);
    }
    this.forget(desk);
  }

  private forget(desk: Desk): void {
    this.start = undefined;
    this.id = '';
    desk.overlay.busy = false;
  }

  private add(desk: Desk, geo: Geo): void {
    this.id = newID();
    const parent = (this.name !== 'frame' && desk.scene.frameAt(this.start!.plane, new Set())?.shape.id) || '';
    desk.edit([{ add: { id: this.id, kind: this.name, geo, style: styleFor(this.name, desk.style), parent } }], this.gesture);
  }

  private box(at: Touch): Geo {
    const [from, to] = [this.start!.plane, at.plane];
    if (this.name === 'arrow') return between(from, at.shift ? straight(from, to) : to);
    const corner = at.shift || this.name === 'note' ? square(from, to) : to;
    const other = at.alt ? { x: 2 * from.x - corner.x, y: 2 * from.y - corner.y } : from;
    const { left, top, right, bottom } = boxAt(other, corner);
    return { x: left, y: top, w: right - left, h: bottom - top, r: 0 };
  }

  private usual(p: Point, style: Style): Geo {
    const { w, h } = USUAL[this.name];
    if (this.name === 'text') {
      const high = fontSize(style) * LEADING;
      return { x: p.x, y: p.y - high / 2, w, h: high, r: 0 };
    }
    return { x: p.x - w / 2, y: p.y - h / 2, w, h, r: 0 };
  }
}

/** The parts of a style that a kind shows. */
export function styleFor(kind: string, { color, size, fill, dash }: Style): Style {
  switch (kind) {
    case 'rect':
    case 'ellipse':
      return { color, size, fill, dash };
    case 'arrow':
    case 'pen':
      return { color, size, dash };
    case 'text':
      return { color, size };
    case 'note':
      return { color: color === 'ink' ? 'yellow' : color, size };
    default:
      return {};
  }
}

function square(from: Point, to: Point): Point {
  const side = Math.max(Math.abs(to.x - from.x), Math.abs(to.y - from.y));
  return { x: from.x + (to.x < from.x ? -side : side), y: from.y + (to.y < from.y ? -side : side) };
}
