import type { DragEntry } from './drags';
import type { Effect } from './layers';
import type { Move, Op } from './shape';

const LATE_MS = 5000;

/** A drag that ended here: it shows until the server says what counts. */
class End implements Effect {
  constructor(readonly moves: Map<string, Move>) {}

  get ops(): readonly Op[] {
    return [...this.moves.values()].map(({ id, x, y, w, h, r }) => ({ patch: { id, geo: { x, y, w, h, r } } }));
  }
}

/** The drags of this page that ended, and that the server has not answered. */
export class Ends {
  private readonly ends = new Map<number, { end: End; timer: ReturnType<typeof setTimeout> }>();

  constructor(
    private readonly effects: Set<Effect>,
    private readonly changed: () => void,
  ) {}

  /** Shows shapes where a gesture left them. */
  add(gesture: number, moves: readonly Move[]): void {
    this.drop(gesture);
    const end = new End(new Map(moves.map((m) => [m.id, m])));
    this.effects.add(end);
    this.ends.set(gesture, { end, timer: setTimeout(() => this.drop(gesture) && this.changed(), LATE_MS) });
  }

  /** The server has said what counts of these shapes. */
  ended(entries: readonly DragEntry[]): void {
    let any = false;
    for (const e of entries) {
      if (e.op !== 'end') continue;
      for (const [gesture, { end }] of this.ends) {
        any = end.moves.delete(e.id) || any;
        if (end.moves.size === 0) this.drop(gesture);
      }
    }
    if (any) this.changed();
  }

  /** Forgets a gesture; reports whether it was there. */
  drop(gesture: number): boolean {
    const ended = this.ends.get(gesture);
    if (ended === undefined) return false;
    clearTimeout(ended.timer);
    this.ends.delete(gesture);
    this.effects.delete(ended.end);
    return true;
  }

  /** Takes all out: the connection is lost, and the server may have heard of none. */
  take(): { gesture: number; moves: Move[] }[] {
    const taken = [...this.ends].map(([gesture, { end }]) => ({ gesture, moves: [...end.moves.values()] }));
    this.stop();
    return taken;
  }

  stop(): void {
    for (const gesture of [...this.ends.keys()]) this.drop(gesture);
  }
}
