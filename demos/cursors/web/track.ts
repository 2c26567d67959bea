export interface Place {
  x: number;
  y: number;
}

const DELAY_MS = 75; // by which others are drawn late: two frames of the room, and some jitter
const FRAME_MS = 33; // between two frames of the room
const REST_MS = 100; // without news, after which a cursor rested

/**
 * Where one cursor has been lately. It is drawn a little late, between two
 * places that are known, so that thirty frames a second look like sixty.
 */
export class Track {
  private places: { at: number; x: number; y: number }[] = [];

  /** A place has arrived. */
  push(at: number, { x, y }: Place): void {
    const last = this.places.at(-1);
    if (last && at - last.at > REST_MS) this.places.push({ ...last, at: at - FRAME_MS });
    this.places.push({ at, x, y });
  }

  /** Begins anew, without a way there. */
  jump(at: number, place: Place): void {
    this.places = [];
    this.push(at, place);
  }

  /** Where to draw it now. */
  at(now: number): Place {
    const due = now - DELAY_MS;
    while (this.places.length > 1 && this.places[1].at <= due) this.places.shift();
    const [from, to] = this.places;
    if (to === undefined) return { x: from.x, y: from.y };
    const part = Math.max(0, Math.min((due - from.at) / Math.max(to.at - from.at, 1), 1));
    return { x: from.x + (to.x - from.x) * part, y: from.y + (to.y - from.y) * part };
  }

  /** It has not yet been drawn where it is. */
  get moving(): boolean {
    return this.places.length > 1;
  }
}
