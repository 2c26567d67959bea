import type { Fields } from './row';

interface Held {
  row: Fields;
  holders: number;
  /** The sequence that it was kept at, if it is of an earlier visit. */
  kept?: bigint;
}

/**
 * The rows of one collection that the server has confirmed. A row is there
 * while a live query holds it, and is one object for all queries: a change
 * makes a new object, and rows that did not change stay the same.
 */
export class Confirmed {
  private readonly rows = new Map<string, Held>();

  get(key: string): Fields | undefined {
    return this.rows.get(key)?.row;
  }

  /** Takes a row for one more query, or for one that holds it already. */
  put(key: string, row: Fields, held: boolean): void {
    const old = this.rows.get(key);
    if (old === undefined) this.rows.set(key, { row, holders: 1 });
    else {
      old.row = row;
      old.kept = undefined;
      if (!held) old.holders++;
    }
  }

  /** Takes a row of an earlier visit; of what several queries kept the latest counts, and all that the server said since. */
  restore(key: string, row: Fields, at: bigint): void {
    const old = this.rows.get(key);
    if (old === undefined) this.rows.set(key, { row, holders: 1, kept: at });
    else {
      old.holders++;
      if (old.kept !== undefined && old.kept < at) Object.assign(old, { row, kept: at });
    }
  }

  /** Changes cells of a row that is held. */
  patch(key: string, patch: Fields): void {
    const held = this.rows.get(key);
    if (held !== undefined) Object.assign(held, { row: { ...held.row, ...patch }, kept: undefined });
  }

  /** A query holds the row no more. */
  release(key: string): void {
    const held = this.rows.get(key);
    if (held !== undefined && --held.holders === 0) this.rows.delete(key);
  }

  entries(): Iterable<[key: string, held: { row: Fields }]> {
    return this.rows;
  }
}
