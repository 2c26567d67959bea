import { Confirmed } from './confirmed';
import type { Descriptor } from './descriptor';
import { Overlay } from './overlay';
import { same, type Subscription } from './subscription';
import { DeltaFlag, readChanges } from './wire';

/** A Delta message. */
export interface Delta {
  readonly id: number;
  readonly from: bigint;
  readonly seq: bigint;
  readonly flags: number;
  readonly payload: Uint8Array;
}

/** A write whose effect is shown before it is confirmed. */
export interface Effect {
  /** Does to the overlay what the write will do; throws when it cannot. */
  show(overlay: Overlay): void;
}

const MANY = 100; // pending writes
const MANY_MS = 50;

/**
 * What a client knows of one record room: rows that the server confirmed,
 * pending writes over them, and the live queries that show both. No I/O.
 *
 * A step is a group of deltas that belong together; it is applied whole, and
 * listeners run when all queries are up to date.
 */
export class Store {
  /** All that the server did up to this sequence is applied. */
  cursor = 0n;
  overlay: Overlay;
  readonly subscriptions = new Map<number, Subscription>();
  /** Steps and pending writes do not show while it is set; release shows them. */
  held = false;

  private readonly collections = new Map<string, Confirmed>();
  private readonly touched = new Map<string, Set<string>>();
  private readonly news = new Set<Subscription>();
  private effects: readonly Effect[] = [];
  private listEffects: () => readonly Effect[] = () => [];
  private pending = 0;
  private effectsChanged = false;
  private step: Delta[] = [];
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private described: Descriptor,
    /** Asks the server again for a query that misses deltas. */
    private readonly pull: (sub: Subscription) => void,
  ) {
    this.overlay = new Overlay(described, (c) => this.confirmed(c));
  }

  get descriptor(): Descriptor {
    return this.described;
  }

  set descriptor(d: Descriptor) {
    this.described = d;
    this.overlay = new Overlay(d, (c) => this.confirmed(c));
    this.effectsChanged = true;
  }

  confirmed(collection: string): Confirmed {
    let rows = this.collections.get(collection);
    if (rows === undefined) this.collections.set(collection, (rows = new Confirmed()));
    return rows;
  }

  /** Takes a delta; reports whether it completed a step. */
  take(delta: Delta): boolean {
    this.step.push(delta);
    const partial = (delta.flags & DeltaFlag.Part) !== 0 && (delta.flags & DeltaFlag.Snapshot) === 0;
    if ((delta.flags & DeltaFlag.More) !== 0 || partial) return false;
    this.finish();
    return true;
  }

  /** Ends a step: a receipt does, when the step is what its write did. */
  finish(): void {
    const step = this.step;
    this.step = [];
    for (const d of step) this.apply(d);
    const last = step.at(-1);
    if (last !== undefined && (last.flags & DeltaFlag.Part) === 0) this.pass(last.seq);
  }

  /** Moves the cursor: everything up to seq is applied. */
  pass(seq: bigint): void {
    if (seq > this.cursor) this.cursor = seq;
    for (const sub of this.subscriptions.values()) if (sub.current && sub.applied < this.cursor) sub.applied = this.cursor;
  }

  /** The connection is lost, or begins anew: unfinished steps and snapshots will not come. */
  interrupt(): void {
    this.step = [];
    for (const sub of this.subscriptions.values()) {
      if (sub.settled) this.tell(sub);
      sub.unsettle();
    }
  }

  /** What is held has no sequence any more: snapshots follow, and replace it (R11.2). */
  reset(): void {
    this.interrupt();
    this.cursor = 0n;
    for (const sub of this.subscriptions.values()) sub.applied = 0n;
  }

  /** Other writes are pending: about count, which list gives in their order when they are shown. */
  pend(count: number, list: () => readonly Effect[]): void {
    this.pending = count;
    this.listEffects = list;
    this.effectsChanged = true;
  }

  /** Marks keys whose confirmed rows changed. */
  touch(collection: string, keys: Iterable<string>): void {
    let set = this.touched.get(collection);
    if (set === undefined) this.touched.set(collection, (set = new Set()));
    for (const key of keys) set.add(key);
  }

  /**
   * Publishes at once, or a little later while so many writes are pending that
   * to run them all for each receipt would take the page's time.
   */
  show(): void {
    if (this.pending <= MANY) return this.publish();
    this.timer ??= setTimeout(() => this.publish(), MANY_MS);
  }

  /** Runs the pending writes over the confirmed rows and tells what changed (R8.1). */
  publish(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    if (this.held || (this.touched.size === 0 && this.news.size === 0 && !this.effectsChanged)) return;
    if (this.effectsChanged) this.effects = this.listEffects();
    if (this.effects.length > 0 || this.overlay.changed.size > 0) this.rebase();
    this.effectsChanged = false;
    const changed = new Set(this.news);
    for (const sub of this.subscriptions.values()) {
      const keys = this.touched.get(sub.collection.name);
      if (keys !== undefined && sub.result.refresh(keys, this.overlay)) changed.add(sub);
    }
    this.touched.clear();
    this.news.clear();
    for (const sub of changed) {
      for (const row of sub.fired.splice(0)) sub.events.emit(row);
      sub.changes.emit();
    }
  }

  /** Listeners of the query are to be called, whether its rows change or not. */
  tell(sub: Subscription): void {
    this.news.add(sub);
  }

  private rebase(): void {
    const before = this.overlay;
    const next = new Overlay(this.described, (c) => this.confirmed(c));
    for (const effect of this.effects) {
      try {
        effect.show(next);
      } catch {
        // It does not apply here now; it stays pending, and the server decides.
      }
    }
    for (const [name, rows] of next.changed) {
      for (const [key, row] of rows) {
        const old = before.changed.get(name)?.get(key);
        if (row && old && same(row, old)) rows.set(key, old);
      }
      this.touch(name, rows.keys());
    }
    for (const [name, rows] of before.changed) this.touch(name, rows.keys());
    this.overlay = next;
  }

  private apply(d: Delta): void {
    const sub = this.subscriptions.get(d.id);
    if (sub !== undefined) this.applyTo(sub, d);
  }

  private applyTo(sub: Subscription, d: Delta): void {
    const snapshot = (d.flags & DeltaFlag.Snapshot) !== 0;
    if (d.seq < sub.applied) return; // old: its rows are here
    if (!snapshot && d.from > sub.applied + 1n) {
      if (sub.current) this.pull(sub);
      return;
    }
    this.touch(sub.collection.name, sub.apply(readChanges(d.payload, sub.collection), d.flags));
    if (sub.fired.length > 0) this.tell(sub);
    if ((d.flags & DeltaFlag.Part) !== 0) return;
    sub.applied = d.seq;
    this.settle(sub);
  }

  /** The server's answer to a Subscribe is here. */
  private settle(sub: Subscription): void {
    sub.current = sub.whole = true;
    if (sub.settled) return;
    sub.settled = sub.loaded = true;
    this.tell(sub);
  }
}
