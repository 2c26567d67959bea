import { Kind } from '../protocol';
import { buildDrag, DragPhase } from '../together/messages';
import { Pace } from '../together/pace';
import { writeMoves } from './drags';
import type { Geo, Move } from './shape';

/** The room that gestures are part of. */
export interface GesturePort {
  readonly online: boolean;
  send(kind: number, body: Uint8Array): void;
  now(): number;
}

interface Held {
  readonly gesture: number;
  readonly geo: Geo;
}

/**
 * The drags of this page. Positions are sent at the board's rate, the newest of
 * each shape only; the end follows all of them.
 */
export class Gestures {
  readonly pace: Pace;
  private readonly held = new Map<string, Held>();
  private readonly unsent = new Set<string>();

  constructor(private readonly port: GesturePort) {
    this.pace = new Pace(() => port.now(), () => this.flush());
  }

  /** Where this page drags a shape, if it does. */
  at(id: string): Readonly<Geo> | undefined {
    return this.held.get(id)?.geo;
  }

  /** Moves shapes; returns their IDs. */
  move(gesture: number, moves: Iterable<Move>): string[] {
    const ids: string[] = [];
    for (const { id, x, y, w, h, r } of moves) {
      for (const n of [x, y, w, h, r]) if (!Number.isFinite(n)) throw new TypeError(`a drag of ${id} takes five finite numbers, not ${n}`);
      this.held.set(id, { gesture, geo: { x, y, w, h, r } });
      this.unsent.add(id);
      ids.push(id);
    }
    if (this.port.online && ids.length > 0) this.pace.ask();
    return ids;
  }

  /** Ends a gesture here, and there if the server can be told; returns where it had shapes. */
  finish(gesture: number, phase: number): Move[] {
    if (phase === DragPhase.End) this.send(gesture);
    const moves = this.of(gesture);
    for (const { id } of moves) {
      this.held.delete(id);
      this.unsent.delete(id);
    }
    if (moves.length > 0) this.port.send(Kind.Drag, buildDrag(gesture, phase, new Uint8Array()));
    return moves;
  }

  /** A seat is there that knows nothing of the gestures that go on. */
  opened(hz: number): void {
    this.pace.hz = hz > 0 ? hz : 30;
    for (const id of this.held.keys()) this.unsent.add(id);
    if (this.unsent.size > 0) this.pace.ask();
  }

  private of(gesture: number): Move[] {
    const moves: Move[] = [];
    for (const [id, { gesture: g, geo }] of this.held) if (g === gesture) moves.push({ id, ...geo });
    return moves;
  }

  private flush(): void {
    const gestures = new Set([...this.unsent].map((id) => this.held.get(id)!.gesture));
    for (const gesture of gestures) this.send(gesture);
  }

  private send(gesture: number): void {
    const moves = this.of(gesture).filter(({ id }) => this.unsent.delete(id));
    for (const part of writeMoves(moves)) this.port.send(Kind.Drag, buildDrag(gesture, DragPhase.On, part));
  }
}
