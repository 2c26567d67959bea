import type { Confirmed } from './confirmed';
import type { Overlay } from './overlay';
import type { BoundQuery } from './query';
import type { Fields } from './row';

const FEW = 32; // rows that are inserted one by one; more are sorted with all others

/**
 * The rows of one live query as the page sees them: the rows that the server
 * says are in it, with what pending writes make of them, in the query's order.
 */
export class Result {
  /** Keys of the confirmed rows of the query. */
  readonly members = new Set<string>();
  /** The visible rows; another array whenever it changes. */
  rows: readonly Fields[] = [];

  private sorted: Fields[] = [];
  private readonly own = new Set<Fields>(); // of sorted: not among the server's
  private readonly shown = new Map<string, Fields>();

  constructor(
    private readonly confirmed: Confirmed,
    private readonly collection: string,
    public query: BoundQuery,
  ) {}

  /** The visible row with the key. */
  get(key: string): Fields | undefined {
    return this.shown.get(key);
  }

  /** Brings the rows up to date where keys changed; reports whether rows did. */
  refresh(keys: Iterable<string>, overlay: Overlay): boolean {
    const gone = new Set<Fields>();
    const come: Fields[] = [];
    let others = false; // changed hands
    for (const key of keys) {
      const [before, after] = [this.shown.get(key), this.effective(key, overlay)];
      if (before !== undefined && before !== after) this.own.delete(before);
      if (after !== undefined && this.own.has(after) === this.members.has(key)) {
        others = true;
        if (!this.own.delete(after)) this.own.add(after);
      }
      if (before === after) continue;
      if (before !== undefined) gone.add(before);
      if (after === undefined) this.shown.delete(key);
      else {
        this.shown.set(key, after);
        come.push(after);
      }
    }
    if (gone.size > 0 || come.length > 0) this.arrange(gone, come);
    else if (!others) return false;
    return this.window();
  }

  /** Takes another query, and begins anew. */
  requery(query: BoundQuery, overlay: Overlay): void {
    this.query = query;
    const keys = new Set([...this.members, ...(overlay.changed.get(this.collection)?.keys() ?? [])]);
    this.shown.clear();
    this.own.clear();
    this.sorted = [];
    this.refresh(keys, overlay);
    this.window();
  }

  private effective(key: string, overlay: Overlay): Fields | undefined {
    const changed = overlay.changed.get(this.collection)?.get(key);
    const row = changed !== undefined ? changed : this.members.has(key) ? this.confirmed.get(key) : undefined;
    // Members are checked too: they may be those of the query before this one.
    return row && this.query.matches(row) ? row : undefined;
  }

  private arrange(gone: ReadonlySet<Fields>, come: readonly Fields[]): void {
    const { compare } = this.query;
    if (gone.size > 0) this.sorted = this.sorted.filter((row) => !gone.has(row));
    if (come.length > FEW) {
      this.sorted = [...this.sorted, ...come].sort(compare);
      return;
    }
    if (gone.size === 0) this.sorted = this.sorted.slice();
    for (const row of come) this.sorted.splice(place(this.sorted, row, compare), 0, row);
  }

  /**
   * Cuts the window out of what is sorted. On a later page of a list, rows of
   * pending writes that come before all of the server's are of an earlier page.
   */
  private window(): boolean {
    const { limit, offset } = this.query;
    let from = 0;
    if (offset > 0) while (from < this.sorted.length && this.own.has(this.sorted[from])) from++;
    const rows = from > 0 || this.sorted.length > limit ? this.sorted.slice(from, from + limit) : this.sorted;
    if (rows.length === this.rows.length && rows.every((row, i) => row === this.rows[i])) return false;
    this.rows = rows;
    return true;
  }
}

/** Where a row belongs in a sorted list. */
function place(sorted: readonly Fields[], row: Fields, compare: (a: Fields, b: Fields) => number): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (compare(sorted[middle], row) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}
