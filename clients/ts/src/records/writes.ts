import { Code, ParlorError } from '../protocol';
import { Signal } from '../signal';
import type { Disk, Put } from './disk';
import type { Receipt } from './messages';
import { Outlet, type OutletEvents } from './outlet';
import type { Fields } from './row';
import type { Store } from './store';
import type { Release, Tabs } from './tabs';
import { newID } from './ulid';
import type { Operation } from './wire';
import { type Content, type Delivery, MutationError, type Mutator, Write } from './write';

/** A durable write that did not, or may not, happen. It is listed until it is dismissed. */
export interface FailedWrite {
  /** The mutation's name; '' for built-in operations. */
  readonly mutation: string;
  readonly args: Fields | readonly Operation[];
  readonly error: MutationError;
  /** When it was written: milliseconds since 1970. */
  readonly time: number;
  /** Takes it off the list, for good. */
  dismiss(): void;
}

/** A write on disk. */
interface KeptWrite {
  content: Content;
  /** It may have been sent. */
  sent: boolean;
  /** The room's then. */
  epoch: bigint;
}

interface KeptFailure {
  list: 'rejected' | 'unresolved';
  content: Content;
  error: { code: number; message: string; field: string };
}

/** Where the writes of one room are kept, and who they belong to. */
export interface WritesHome {
  disk: Disk;
  tabs: Tabs;
  /** Of the server and room, to keep them apart. */
  scope: string;
  user: string;
}

const ADOPTED = 4; // dead pages whose queues are pushed at a time
const LATE_MS = 1000; // after which a confirmed write of another tab no longer waits for the rows

/**
 * The writes of one room: this page's, and those of dead pages, which it pushes
 * unchanged (R8.2). Durable ones are on disk until their receipt has come.
 */
export class Writes implements OutletEvents {
  readonly rejected: FailedWrite[] = [];
  readonly unresolved: FailedWrite[] = [];
  readonly failures = new Signal<[list: 'rejected' | 'unresolved', write: FailedWrite]>();
  readonly mutators = new Map<string, Mutator>();
  readonly own = new Outlet(newID(), this);
  readonly adopted = new Map<string, Outlet>();
  /** Tells the room that an outlet needs a seat, or needs it no more. */
  onSeat: (outlet: Outlet, needed: boolean) => void = () => {};

  private waiting = false; // a write is done by the server, and its rows are still to come
  private loadedFor: string | undefined;
  private late: Write[] = []; // done by the server; their rows are still to come
  private readonly claims = new Map<string, Promise<Release | undefined>>();

  constructor(
    private readonly store: Store,
    readonly home: WritesHome,
  ) {
    this.claim(this.own.client);
  }

  /** Reads what earlier pages left: failures, and the queues of dead pages. */
  async load(): Promise<void> {
    if (this.loadedFor === this.home.user) return this.adopt();
    this.loadedFor = this.home.user;
    await this.loadFailures().catch(() => (this.loadedFor = undefined));
    await this.adopt();
  }

  private async loadFailures(): Promise<void> {
    for (const { key, value } of await this.home.disk.list(['failed', this.home.scope, this.home.user])) {
      const { list, content, error } = value as KeptFailure;
      this.list(list, content, new MutationError(error.code, error.message, error.field), key);
    }
  }

  /** Takes over the queues of pages that died. */
  async adopt(): Promise<void> {
    const { disk, scope, user } = this.home;
    for (const { key } of await disk.list(['client', scope, user])) {
      const client = String(key[3]);
      if (this.claims.has(client)) continue; // this page's own, or adopted already
      if (this.adopted.size >= ADOPTED) return; // a session has seats for so many; others follow
      if ((await this.claim(client)) === undefined) {
        this.claims.delete(client); // its page lives
        continue;
      }
      const kept = await disk.list(['write', scope, client]);
      if (user !== this.home.user) return this.release(client);
      const outlet = new Outlet(client, this);
      this.adopted.set(client, outlet);
      outlet.restore(kept.map((w) => this.revive(Number(w.key[3]), w.value as KeptWrite)));
      if (kept.length === 0) this.drained(outlet);
      else this.onSeat(outlet, true);
      this.show();
    }
  }

  /** Writes with a receipt. */
  call(delivery: Delivery, content: Content): Promise<unknown> {
    const write = new Write(delivery, content, this.mutators);
    const settled = new Promise((resolve, reject) => {
      write.resolve = resolve;
      write.reject = reject;
    });
    this.own.add(write);
    this.show();
    this.store.show();
    return settled;
  }

  /** The main seat is open: the server had done this client's writes up to last by seq. */
  seen(outlet: Outlet, last: number, seq: bigint): boolean {
    let any = false;
    for (const w of outlet.queue) {
      if (w.id > last || w.void) continue;
      w.seq = seq;
      this.waiting = true;
      any ||= w.showing;
    }
    return any;
  }

  /** Rows are here up to the store's cursor: what is done by then shows in them. */
  passed(): void {
    if (!this.waiting) return;
    const done = (w: Write) => w.showing && w.seq !== undefined && w.seq <= this.store.cursor;
    const shown = [...this.late, ...this.outlets().flatMap((o) => o.queue)].filter(done);
    if (shown.length === 0) return;
    for (const w of shown) w.showing = false;
    this.waiting = [...this.late, ...this.outlets().flatMap((o) => o.queue)].some((w) => w.showing && w.seq !== undefined);
    this.late = this.late.filter((w) => w.showing);
    this.show();
  }

  /** Another user has taken over the page: what the old one wrote waits for them on disk. */
  changeUser(user: string): void {
    const why = new ParlorError(Code.FORBIDDEN, `kept until user ${this.home.user} is back`);
    for (const outlet of this.outlets()) {
      for (const w of outlet.queue) if (!w.void) w.reject(why);
      outlet.lost();
      this.release(outlet.client);
    }
    this.adopted.clear();
    this.rejected.length = this.unresolved.length = 0;
    this.home.user = user;
    this.own.renew(newID(), []);
    this.claim(this.own.client);
    this.show();
  }

  /** Gives all claims back: the page leaves the room. */
  close(): void {
    const why = new ParlorError(Code.LEFT, 'the room was left: the write is kept, and a later visit sends it');
    for (const outlet of this.outlets()) {
      outlet.lost();
      for (const w of outlet.queue) if (!w.void) w.reject(why);
    }
    for (const client of [...this.claims.keys()]) this.release(client);
  }

  async keep(outlet: Outlet, writes: readonly Write[], sent: boolean): Promise<void> {
    await this.claims.get(outlet.client); // first, else another page could take this one for dead
    await this.home.disk.write(this.puts(outlet.client, writes, sent));
  }

  receipt(outlet: Outlet, write: Write, r: Receipt): void {
    const own = outlet === this.own;
    if (own) this.store.pass(r.seq);
    if (r.code === 0 && r.seq > this.store.cursor) this.await(write, r.seq);
    else write.showing = false;
    this.show();
    if (own) this.store.show();
    if (r.code === 0) write.resolve(r.result);
    else this.refuse(outlet.client, write, new MutationError(r.code, r.message, r.field));
    if (write.delivery === 'durable') this.forget(outlet.client, write);
    if (outlet.queue.length === 0 && !own) this.drained(outlet);
  }

  gaveUp(write: Write): void {
    write.showing = false;
    this.show();
    this.store.show();
  }

  unkept(write: Write, error: Error): void {
    write.void = true;
    this.gaveUp(write);
    write.reject(error);
  }

  unknown(outlet: Outlet): void {
    const error = new MutationError(Code.CLIENT_UNKNOWN, 'the server no longer knows whether it happened');
    const queue = outlet.queue.filter((w) => !w.void);
    const fresh = queue.filter((w) => w.kept !== 'sent');
    const before = outlet.client;
    for (const w of queue.filter((q) => q.kept === 'sent')) {
      w.showing = false;
      if (w.delivery === 'durable') this.fail('unresolved', before, w, error);
      w.reject(error);
    }
    const puts: Put[] = queue.filter((w) => w.delivery === 'durable').map((w) => ({ key: this.writeKey(before, w.id) }));
    const client = newID();
    const renewed = this.claim(client);
    for (const w of fresh) w.kept = 'unsent';
    outlet.renew(client, fresh);
    if (this.adopted.delete(before)) this.adopted.set(client, outlet);
    puts.push({ key: this.clientKey(before) }, ...this.puts(client, fresh, false));
    this.show();
    void Promise.all([renewed, this.home.disk.write(puts)]).catch(() => {}).then(() => {
      this.release(before);
      this.onSeat(outlet, true);
    });
  }

  private outlets(): Outlet[] {
    return [...this.adopted.values(), this.own];
  }

  private revive(id: number, kept: KeptWrite): Write {
    const write = new Write('durable', kept.content, this.mutators);
    write.id = id;
    write.kept = kept.sent ? 'sent' : 'unsent';
    write.epoch = kept.epoch;
    return write;
  }

  /** A mutator was added: writes of its mutation may show now. */
  shown(): void {
    this.show();
    this.store.show();
  }

  /** Lets the store show the writes that are pending, oldest pages' first. */
  private show(): void {
    const count = this.outlets().reduce((n, o) => n + o.queue.length, this.late.length);
    this.store.pend(count, () => [...this.late, ...this.outlets().flatMap((o) => o.queue)].filter((w) => w.showing && !w.void));
  }

  /** The server has done it; its effect shows until the rows come. */
  private await(write: Write, seq: bigint): void {
    write.seq = seq;
    this.waiting = true;
    this.late.push(write);
    setTimeout(() => {
      if (!this.late.includes(write)) return;
      this.late = this.late.filter((w) => w !== write);
      this.show();
      this.store.show();
    }, LATE_MS);
  }

  private refuse(client: string, write: Write, error: MutationError): void {
    if (write.delivery === 'durable') this.fail(error.code === Code.RESULT_EXPIRED ? 'unresolved' : 'rejected', client, write, error);
    write.reject(error);
  }

  private fail(list: 'rejected' | 'unresolved', client: string, write: Write, error: MutationError): void {
    const key = ['failed', this.home.scope, this.home.user, client, write.id];
    const { code, message, field } = error;
    const kept: KeptFailure = { list, content: write.content, error: { code, message, field } };
    void this.home.disk.write([{ key, value: kept }]).catch(() => {});
    this.failures.emit(list, this.list(list, write.content, error, key));
  }

  private list(list: 'rejected' | 'unresolved', { name, args, author }: Content, error: MutationError, key: Put['key']): FailedWrite {
    const dismiss = () => {
      const i = this[list].indexOf(failed);
      if (i >= 0) this[list].splice(i, 1);
      void this.home.disk.write([{ key }]).catch(() => {});
    };
    const failed: FailedWrite = { mutation: name, args, error, time: author.time, dismiss };
    this[list].push(failed);
    return failed;
  }

  private puts(client: string, writes: readonly Write[], sent: boolean): Put[] {
    if (writes.length === 0) return [];
    const kept = writes.map(({ id, content, epoch }): Put => ({ key: this.writeKey(client, id), value: { content, sent, epoch } satisfies KeptWrite }));
    return [{ key: this.clientKey(client), value: true }, ...kept];
  }

  private forget(client: string, write: Write): void {
    void this.home.disk.write([{ key: this.writeKey(client, write.id) }]).catch(() => {});
  }

  /** A dead page's queue is empty: nothing is left of it. */
  private drained(outlet: Outlet): void {
    this.adopted.delete(outlet.client);
    void this.home.disk.write([{ key: this.clientKey(outlet.client) }]).catch(() => {}).then(() => this.release(outlet.client));
    this.onSeat(outlet, false);
    void this.adopt().catch(() => {});
  }

  private clientKey(client: string): Put['key'] {
    return ['client', this.home.scope, this.home.user, client];
  }

  private writeKey(client: string, id: number): Put['key'] {
    return ['write', this.home.scope, client, id];
  }

  private claim(client: string): Promise<Release | undefined> {
    const claim = this.home.tabs.claim(client).catch(() => undefined);
    this.claims.set(client, claim);
    return claim;
  }

  private release(client: string): void {
    void this.claims.get(client)?.then((release) => release?.());
    this.claims.delete(client);
  }
}
