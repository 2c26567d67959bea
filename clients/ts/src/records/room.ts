import { onHide } from '../hide';
import { Code, ParlorError } from '../protocol';
import type { Unsubscribe } from '../signal';
import { ByteWriter } from './bytes';
import { find } from './descriptor';
import type { Kept } from './kept';
import { Live } from './live';
import type { RecordStatus, RoomLink } from './link';
import type { Author, LocalCollection } from './overlay';
import { BoundQuery, type Query } from './query';
import { type Fields, toCells, writeRow } from './row';
import { Subscription } from './subscription';
import type { CollectionName, CreateOf, Events, KeyOf, Mutations, RecordSchema, RowOf, AnyRecords } from './types';
import { type Operation, writeOperations } from './wire';
import { type Content, type Delivery, MOST_BYTES, MutationError, NOT_CONNECTED } from './write';
import type { FailedWrite } from './writes';

/** The collections as a mutator and room.write see them. */
export type Local<S extends RecordSchema> = {
  readonly [K in CollectionName<S>]: LocalCollection<RowOf<S, K>, CreateOf<S, K>, KeyOf<S, K>>;
};

type Args<S extends RecordSchema, M extends keyof Mutations<S>> = Mutations<S>[M];

const MOST_OPERATIONS = 128;

/** One collection of a record room. */
export class RecordCollection<S extends RecordSchema = AnyRecords, K extends CollectionName<S> = CollectionName<S>> {
  constructor(
    private readonly room: RecordRoom<S>,
    readonly name: K,
  ) {}

  /** Begins a live query. */
  subscribe(query: Query<RowOf<S, K>> = {}): Live<RowOf<S, K>, KeyOf<S, K>> {
    return this.room.live(this.name, query);
  }

  /** Makes a record; refused as DUPLICATE if the key is taken. A key that the server counts up comes back as the result. */
  create(row: CreateOf<S, K>, delivery: Delivery = 'confirmed'): Promise<unknown> {
    return this.room.write((local) => local[this.name].create(row), delivery);
  }

  /** Sets some fields of a record; makes it if there is none. */
  put(values: Partial<RowOf<S, K>>, delivery: Delivery = 'confirmed'): Promise<unknown> {
    return this.room.write((local) => local[this.name].put(values), delivery);
  }

  /** Removes a record; one that is not there is no error. */
  remove(key: KeyOf<S, K>, delivery: Delivery = 'confirmed'): Promise<unknown> {
    return this.room.write((local) => local[this.name].remove(key), delivery);
  }
}

/**
 * A record room: collections of records that are kept, live queries over them,
 * and writes that show at once. It is the same object over reconnections.
 */
export class RecordRoom<S extends RecordSchema = AnyRecords> {
  private lastID = 0;
  private readonly stopHiding: Unsubscribe;

  constructor(
    private readonly link: RoomLink,
    private readonly kept: Kept | undefined,
    private readonly forgotten: () => void,
  ) {
    link.onOpened = () => void this.opened();
    this.stopHiding = onHide(() => void kept?.flush());
  }

  /** "kind/name". */
  get name(): string {
    return this.link.name;
  }

  get status(): RecordStatus {
    return this.link.status;
  }

  /** This user's role, as the server last said. */
  get role(): string {
    return this.link.described.role;
  }

  /** This user's ID. */
  get user(): string {
    return this.link.writes.home.user;
  }

  /** The schema's version. */
  get version(): number {
    return this.link.described.version;
  }

  /** All that the server did up to this sequence is here. */
  get cursor(): bigint {
    return this.link.store.cursor;
  }

  /** Writes whose receipt has not come, those of earlier visits included. */
  get unconfirmed(): number {
    const { own, adopted } = this.link.writes;
    return [own, ...adopted.values()].reduce((n, o) => n + o.queue.filter((w) => !w.void).length, 0);
  }

  /** Durable writes that the server refused, until they are dismissed. */
  get rejected(): readonly FailedWrite[] {
    return this.link.writes.rejected;
  }

  /** Durable writes of which nobody can say any more whether they happened. */
  get unresolved(): readonly FailedWrite[] {
    return this.link.writes.unresolved;
  }

  collection<K extends CollectionName<S>>(name: K): RecordCollection<S, K> {
    find('collection', this.link.store.descriptor.collections, name);
    return new RecordCollection<S, K>(this, name);
  }

  /** Calls a mutation; resolves with its result once it is durable on the server. */
  call<M extends keyof Mutations<S> & string>(mutation: M, args: Args<S, M>): Promise<unknown> {
    return this.send('confirmed', () => this.named(mutation, args as Fields));
  }

  /** Calls a mutation and forgets it; it is dropped while offline. */
  fire<M extends keyof Mutations<S> & string>(mutation: M, args: Args<S, M>): void {
    this.link.fire(wireOf(this.named(mutation, args as Fields)));
  }

  /** Calls a mutation for certain: it is kept until the server has taken it, over reloads too. */
  durable<M extends keyof Mutations<S> & string>(mutation: M, args: Args<S, M>): Promise<unknown> {
    return this.send('durable', () => this.named(mutation, args as Fields));
  }

  /** Creates, puts and removes records, all or none. */
  write(change: (local: Local<S>) => void, delivery: Delivery = 'confirmed'): Promise<unknown> {
    return this.send(delivery, () => this.operations(change, delivery));
  }

  /** Says what a mutation does to the rows here, so that its calls show at once. */
  mutator<M extends keyof Mutations<S> & string>(mutation: M, change: (local: Local<S>, args: Args<S, M>, author: Author) => void): void {
    find('mutation', this.link.store.descriptor.mutations, mutation);
    this.link.writes.mutators.set(mutation, (local, args, author) => change(local as unknown as Local<S>, args as Args<S, M>, author));
    this.link.writes.shown();
  }

  /** Calls on with each record of an event collection, until the returned function is called. */
  onEvent<E extends keyof Events<S> & string>(name: E, on: (event: Events<S>[E]) => void, query: Query<Events<S>[E]> = {}): Unsubscribe {
    const sub = this.begin(name, query, true);
    const stop = sub.events.on(on as (row: Fields) => void);
    return () => {
      stop();
      this.unsubscribe(sub);
    };
  }

  /** Begins a live query; collection(name).subscribe does. */
  live<K extends CollectionName<S>>(name: K, query: Query<RowOf<S, K>>): Live<RowOf<S, K>, KeyOf<S, K>> {
    return new Live(this, this.begin(name, query, false));
  }

  onStatus(on: (status: RecordStatus, error: ParlorError | undefined) => void): Unsubscribe {
    return this.link.statuses.on(on);
  }

  /** Calls on when the server refuses a durable write, also one of an earlier visit. */
  onRejected(on: (write: FailedWrite) => void): Unsubscribe {
    return this.link.writes.failures.on((list, write) => list === 'rejected' && on(write));
  }

  onUnresolved(on: (write: FailedWrite) => void): Unsubscribe {
    return this.link.writes.failures.on((list, write) => list === 'unresolved' && on(write));
  }

  /** Calls on when the server refuses what nobody waits for, such as a fired write. */
  onError(on: (error: ParlorError) => void): Unsubscribe {
    return this.link.errors.on(on);
  }

  /** Leaves the room. Durable writes that wait are sent by a later visit. */
  leave(): void {
    void this.kept?.flush();
    this.stopHiding();
    this.forgotten();
    this.link.end();
  }

  /** Replaces a query. For Live. */
  requery(sub: Subscription, query: Query<any>): void {
    const bound = new BoundQuery(query, sub.collection);
    if (sub.closed) return;
    sub.query = query;
    sub.error = undefined;
    sub.settled = sub.whole = false;
    sub.result.requery(bound, this.link.store.overlay);
    this.link.store.tell(sub);
    this.link.subscribe(sub);
    this.link.store.publish();
  }

  /** Ends a query. For Live. */
  unsubscribe(sub: Subscription): void {
    if (sub.closed) return;
    this.kept?.last(sub);
    this.link.unsubscribe(sub);
    sub.closed = true;
    this.link.store.subscriptions.delete(sub.id);
    sub.drop();
    this.link.closed();
    sub.changes.emit();
  }

  private begin(name: string, query: Query<any>, event: boolean): Subscription {
    const { store } = this.link;
    const collection = find(event ? 'event collection' : 'collection', store.descriptor.collections.filter((c) => c.event === event), name);
    const sub = new Subscription(this.lastID + 1, collection, store.confirmed(name), query);
    this.lastID = sub.id;
    store.subscriptions.set(sub.id, sub);
    sub.result.requery(sub.result.query, store.overlay);
    if (this.kept !== undefined && !event) this.restore(sub, this.kept);
    this.link.subscribe(sub);
    return sub;
  }

  /** Shows what is kept of a query before the server is asked. */
  private restore(sub: Subscription, kept: Kept): void {
    const { store } = this.link;
    const { user } = this;
    sub.reading = true;
    const done = () => {
      sub.reading = false;
      if (sub.closed) return;
      sub.changes.on(() => kept.save(sub));
      this.link.subscribe(sub);
    };
    kept.load(sub).then((rows) => {
      const { epoch, schemaHash } = this.link.described;
      const fits = user === this.user && rows?.schemaHash === schemaHash;
      if (rows !== undefined && fits && !sub.closed && sub.applied === 0n) {
        sub.restore(rows.rows, rows.epoch === epoch ? rows.applied : 0n);
        store.touch(sub.collection.name, sub.result.members);
        store.tell(sub);
        store.publish();
      }
      done();
    }, done);
  }

  private async opened(): Promise<void> {
    const { writes, store } = this.link;
    await this.kept?.saveRoom().catch(() => {});
    await writes.load().catch(() => {});
    store.publish();
  }

  private named(mutation: string, args: Fields): Content {
    const { descriptor } = this.link.store;
    const def = find('mutation', descriptor.mutations, mutation);
    const cells = toCells(def.args, args);
    const w = new ByteWriter();
    writeRow(w, def.args, cells);
    return { name: mutation, args: cells, bytes: w.finish(), version: this.version, author: this.author() };
  }

  private operations(change: (local: Local<S>) => void, delivery: Delivery): Content {
    const { store } = this.link;
    const author = this.author();
    const made = store.overlay.copy().run(author, (local) => change(local as unknown as Local<S>));
    if (made.length > MOST_OPERATIONS) throw new MutationError(Code.TOO_MANY_OPERATIONS, `${made.length} operations; a mutation takes ${MOST_OPERATIONS}`);
    if (delivery !== 'confirmed') this.refuseCounted(made);
    return { name: '', args: made, bytes: writeOperations(store.descriptor, made), version: this.version, author };
  }

  private send(delivery: Delivery, make: () => Content): Promise<unknown> {
    const sent = this.sendNow(delivery, make);
    if (delivery === 'durable') sent.catch(() => {}); // a refusal is raised as rejected too
    return sent;
  }

  private async sendNow(delivery: Delivery, make: () => Content): Promise<unknown> {
    const { link } = this;
    const content = make();
    if (content.bytes.length > MOST_BYTES) throw new MutationError(Code.TOO_LARGE, `arguments of ${content.bytes.length} bytes; a message takes 1 MiB`);
    if (delivery === 'fire') return link.fire(wireOf(content));
    if (link.status === 'closed') throw new ParlorError(Code.LEFT, `${this.name} is closed`);
    if (delivery === 'confirmed' && !link.online) throw new Error(NOT_CONNECTED);
    return link.writes.call(delivery, content);
  }

  private author(): Author {
    return { user: this.user, time: Date.now() };
  }

  /** Keys that the server counts up come with a receipt, to a caller who waits (R2.1). */
  private refuseCounted(operations: readonly Operation[]): void {
    for (const o of operations) {
      if (o.op !== 'create') continue;
      const { fields, key } = find('collection', this.link.store.descriptor.collections, o.collection);
      if (fields[key].auto && o.values[fields[key].name] === undefined) throw new TypeError(`${o.collection} gets its keys from the server: create it as confirmed`);
    }
  }
}

function wireOf({ name, bytes, version }: Content): { name: string; args: Uint8Array; version: number } {
  return { name, args: bytes, version };
}

