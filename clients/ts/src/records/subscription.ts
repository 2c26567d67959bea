import type { ParlorError } from '../protocol';
import { Signal } from '../signal';
import type { Confirmed } from './confirmed';
import type { CollectionDef } from './descriptor';
import { BoundQuery, type Query } from './query';
import { Result } from './result';
import type { Fields } from './row';
import { DeltaFlag, type RowChange } from './wire';

/** loading: not all rows are here yet; stale: shown as they were, the server is not heard. */
export type LiveStatus = 'loading' | 'live' | 'stale' | 'closed';

/** A live query as the protocol sees it. The Store owns it; pages hold its Live. */
export class Subscription {
  readonly result: Result;
  readonly changes = new Signal<[]>();
  readonly events = new Signal<[row: Fields]>();
  /** Records of an event collection that nobody was told of yet. */
  readonly fired: Fields[] = [];
  /** The sequence that its rows are as of; 0: none. */
  applied = 0n;
  /** The server has said all since the last Subscribe. */
  settled = false;
  /** It was asked for on this connection. */
  asked = false;
  /** It was answered on this connection: it follows the room's cursor. */
  current = false;
  /** All rows were here once, from the server or from what is kept. */
  loaded = false;
  /** The rows are all those of the query as it is now. */
  whole = false;
  closed = false;
  /** What was kept of it on disk is being read; the server is asked after that. */
  reading = false;
  capped = false;
  error: ParlorError | undefined;
  /** Rows of a snapshot whose last part has not come. */
  private staging: Map<string, Fields> | undefined;

  constructor(
    readonly id: number,
    public collection: CollectionDef,
    readonly confirmed: Confirmed,
    public query: Query<any>,
  ) {
    this.result = new Result(confirmed, collection.name, new BoundQuery(query, collection));
  }

  get status(): LiveStatus {
    if (this.closed || this.error !== undefined) return 'closed';
    if (this.settled) return 'live';
    return this.loaded ? 'stale' : 'loading';
  }

  /** Forgets a snapshot that will not be finished, and waits for an answer. */
  unsettle(): void {
    this.settled = this.asked = this.current = false;
    this.staging = undefined;
  }

  /** Applies a delta's changes; returns the keys that they touch. */
  apply(changes: readonly RowChange[], flags: number): Iterable<string> {
    if ((flags & DeltaFlag.Part) === 0) {
      this.capped = (flags & DeltaFlag.Capped) !== 0;
    }
    if (this.collection.event) {
      for (const c of changes) if (c.op === 'enter') this.fired.push(c.row);
      return [];
    }
    if ((flags & DeltaFlag.Snapshot) === 0) return changes.map((c) => this.change(c));
    const first = !this.loaded && this.staging === undefined;
    if (first && this.applied === 0n) return changes.map((c) => this.change(c)); // rows may show as they come
    this.staging ??= new Map();
    for (const c of changes) if (c.op === 'enter') this.staging.set(c.key, c.row);
    return (flags & DeltaFlag.Part) !== 0 ? [] : this.reconcile();
  }

  /** Takes rows that were kept from an earlier visit. */
  restore(rows: readonly [key: string, row: Fields][], applied: bigint): void {
    for (const [key, row] of rows) {
      this.confirmed.restore(key, row, applied);
      this.result.members.add(key);
    }
    this.applied = applied;
    this.loaded = this.whole = true;
  }

  /** Releases all rows. */
  drop(): void {
    this.whole = false;
    for (const key of this.result.members) this.confirmed.release(key);
    this.result.members.clear();
  }

  private change(c: RowChange): string {
    if (c.op === 'enter') this.hold(c.key, c.row);
    else if (c.op === 'change') this.confirmed.patch(c.key, c.patch);
    else if (this.result.members.delete(c.key)) this.confirmed.release(c.key);
    return c.key;
  }

  private hold(key: string, row: Fields): void {
    const { members } = this.result;
    this.confirmed.put(key, row, members.has(key));
    members.add(key);
  }

  /** Makes the staged rows the query's rows, as a set: those that stay stay as they are. */
  private reconcile(): Set<string> {
    const staged = this.staging!;
    this.staging = undefined;
    const { members } = this.result;
    const touched = new Set(staged.keys());
    for (const key of members) {
      if (staged.has(key)) continue;
      touched.add(key);
      members.delete(key);
      this.confirmed.release(key);
    }
    for (const [key, row] of staged) {
      const old = this.confirmed.get(key);
      this.hold(key, old !== undefined && same(old, row) ? old : row);
    }
    return touched;
  }
}

/** Whether two rows have the same cells. JSON cells count as equal when their text is. */
export function same(a: Fields, b: Fields): boolean {
  const names = Object.keys(a);
  return names.length === Object.keys(b).length && names.every((n) => sameCell(a[n], b[n]));
}

function sameCell(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (a instanceof Uint8Array && b instanceof Uint8Array) return a.length === b.length && a.every((v, i) => v === b[i]);
  return JSON.stringify(a) === JSON.stringify(b);
}
