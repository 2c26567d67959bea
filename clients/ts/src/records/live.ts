import type { ParlorError } from '../protocol';
import type { Unsubscribe } from '../signal';
import { keyOf } from './key';
import type { Query } from './query';
import type { LiveStatus, Subscription } from './subscription';

/** What a Live asks of its room. */
export interface LiveRoom {
  requery(sub: Subscription, query: Query<any>): void;
  unsubscribe(sub: Subscription): void;
}

/**
 * A live query: its rows, kept up to date until close. A row that did not
 * change stays the same object, and rows the same array, so that a page draws
 * again only what did.
 */
export class Live<R = Record<string, unknown>, K = unknown> {
  /** Resolves when all rows are here for the first time; rejects when the query is refused. */
  readonly ready: Promise<void>;

  constructor(
    private readonly room: LiveRoom,
    private readonly sub: Subscription,
  ) {
    this.ready = new Promise((resolve, reject) => {
      const check = () => {
        if (sub.error !== undefined) reject(sub.error);
        else if (sub.loaded || sub.closed) resolve();
        else return;
        stop();
      };
      const stop = sub.changes.on(check);
      check();
    });
    this.ready.catch(() => {});
  }

  /** The rows in the query's order; do not change them. */
  get rows(): readonly R[] {
    return this.sub.result.rows as readonly R[];
  }

  get status(): LiveStatus {
    return this.sub.status;
  }

  /** Why the server refused the query. */
  get error(): ParlorError | undefined {
    return this.sub.error;
  }

  /** The server read as many rows as it may: there may be more than these. */
  get capped(): boolean {
    return this.sub.capped;
  }

  get query(): Query<R> {
    return this.sub.query as Query<R>;
  }

  /** The row with the key, if it is one of the query's. */
  get(key: K): R | undefined {
    return this.sub.result.get(keyOf(this.sub.collection.fields[this.sub.collection.key], key)) as R | undefined;
  }

  /** Calls on whenever rows or the status changed. Ready for React's useSyncExternalStore, with () => live.rows. */
  readonly onChange = (on: () => void): Unsubscribe => this.sub.changes.on(on);

  /** Replaces the parts of the query that are given: to grow it, or to scroll. Only what differs is sent. */
  update(query: Query<R>): void {
    this.room.requery(this.sub, { ...this.sub.query, ...query });
  }

  /** Ends it; its rows stay as they are. */
  close(): void {
    this.room.unsubscribe(this.sub);
  }
}
