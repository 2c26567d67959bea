import { Code, ParlorError } from '../protocol';
import type { Disk, Put } from '../records/disk';
import type { Receipt } from '../records/messages';
import { Outlet, type OutletEvents } from '../records/outlet';
import type { Release, Tabs } from '../records/tabs';
import { newID } from '../records/ulid';
import { type Content, type Delivery, MutationError, Write } from '../records/write';
import type { Effect } from './layers';
import type { Op } from './shape';

/** What a board's mutation says: of an edit its operations, as they show here. */
export interface EditArgs {
  readonly gesture?: number;
  readonly ops?: readonly Op[];
  readonly [name: string]: unknown;
}

/** One mutation of a board, from its call to its receipt. */
export class BoardWrite extends Write {
  /** Shows it, while it does. */
  readonly effect: Effect;

  constructor(delivery: Delivery, content: Content) {
    super(delivery, content, new Map());
    this.effect = { ops: (content.args as EditArgs).ops ?? [] };
  }
}

/** Where pending edits are kept over reloads. */
export interface WritesHome {
  readonly disk: Disk;
  readonly tabs: Tabs;
  /** Names the server and the room. */
  readonly scope: string;
}

/** A write on disk. */
interface KeptWrite {
  content: Content;
  /** It may have been sent. */
  sent: boolean;
  epoch: bigint;
}

/** What the board does about its writes. */
export interface WritesEvents {
  /** Effects began or ended. */
  shown(): void;
  rejected(write: BoardWrite, error: MutationError): void;
  /** The outlet is another: the seat must be asked for anew, with its client ID. */
  reseat(): void;
}

const RECEIPTS = 64; // that a board remembers of each client
const MOST = 10_000;

/**
 * The mutations of one page on one board, in order, each exactly once. While a
 * page has a home they survive it: the next page that finds the queue of a dead
 * one goes on with it, under its client ID. At most 10,000 are pending; more
 * are refused at once.
 */
export class BoardWrites implements OutletEvents {
  outlet: Outlet = new Outlet(newID(), this, RECEIPTS);
  private readonly claims = new Map<string, Promise<Release | undefined>>();
  private adopting = false;

  constructor(
    private readonly effects: Set<Effect>,
    private readonly events: WritesEvents,
    private readonly home: WritesHome | undefined,
    /** Whose page it is, as far as is known. */
    public user: string,
  ) {
    this.claim(this.outlet.client);
  }

  /** Mutations without a receipt. */
  get pending(): number {
    return this.outlet.queue.reduce((n, w) => (w.void ? n : n + 1), 0);
  }

  /** Sends a mutation; settles with its receipt. Its effect is the caller's to lay. */
  add(write: BoardWrite): Promise<unknown> {
    if (this.outlet.queue.length >= MOST) throw new MutationError(Code.RATE_LIMITED, `${MOST} edits wait for the server; wait until some are through`);
    const settled = new Promise((resolve, reject) => {
      write.resolve = resolve;
      write.reject = reject;
    });
    this.outlet.add(write);
    settled.catch(() => {}); // a refusal is raised as rejected too
    return settled;
  }

  /** The board as it comes has done this client's writes up to last. */
  arrived(last: number): void {
    for (const w of this.outlet.queue) if (w.id <= last) this.effects.delete((w as BoardWrite).effect);
  }

  /** Goes on with what a page left that is dead, if one did and this page has nothing pending. */
  async adopt(): Promise<void> {
    const { home, outlet } = this;
    if (home === undefined || this.user === '' || this.adopting || outlet.queue.length > 0) return;
    this.adopting = true;
    try {
      for (const { key } of await home.disk.list(['board client', home.scope, this.user])) {
        const client = String(key[3]);
        if (this.claims.has(client) || (await this.claimed(client)) === undefined) continue; // this page's own, or its page lives
        const kept = await home.disk.list(['board write', home.scope, client]);
        if (kept.length > 0 && this.outlet === outlet && outlet.queue.length === 0) return this.take(client, kept);
        if (kept.length === 0) await home.disk.write([{ key }]);
        this.release(client);
      }
    } finally {
      this.adopting = false;
    }
  }

  private take(client: string, kept: { key: Put['key']; value: unknown }[]): void {
    const former = this.outlet;
    former.lost();
    this.outlet = new Outlet(client, this, RECEIPTS);
    this.outlet.restore(kept.map(({ key, value }) => revive(Number(key[3]), value as KeptWrite)));
    for (const w of this.outlet.queue) this.effects.add((w as BoardWrite).effect);
    void this.forgetClient(former.client);
    this.events.reseat();
    this.events.shown();
  }

  /** Another user has taken over the page: what the old one wrote waits for them on disk, or is lost. */
  changeUser(user: string): void {
    this.abandon(new ParlorError(Code.FORBIDDEN, `the edit is kept until user ${this.user} is back, if it is kept`));
    this.user = user;
    this.outlet = new Outlet(newID(), this, RECEIPTS);
    this.claim(this.outlet.client);
  }

  /** The page leaves the board. */
  close(): void {
    this.abandon(new ParlorError(Code.LEFT, 'the board was left: the edit was not answered'));
  }

  private abandon(why: ParlorError): void {
    this.outlet.lost();
    for (const w of this.outlet.queue) {
      clearTimeout(w.timer);
      this.effects.delete((w as BoardWrite).effect);
      if (!w.void) w.reject(why);
    }
    for (const client of [...this.claims.keys()]) this.release(client);
  }

  async keep(outlet: Outlet, writes: readonly Write[], sent: boolean): Promise<void> {
    if (this.home === undefined) return;
    await this.claims.get(outlet.client); // first, else another page could take this one for dead
    await this.home.disk.write(this.puts(outlet.client, writes, sent)).catch(() => {}); // a full disk keeps less
  }

  receipt(outlet: Outlet, write: Write, r: Receipt): void {
    this.end(outlet, write as BoardWrite);
    if (r.code === 0) write.resolve(r.result);
    else this.reject(write as BoardWrite, new MutationError(r.code, r.message, r.field));
    this.events.shown();
    if (outlet.queue.length === 0) void this.adopt().catch(() => {});
  }

  gaveUp(write: Write): void {
    this.effects.delete((write as BoardWrite).effect);
    this.events.shown();
  }

  unkept(): void {} // keep never fails

  /** The server has forgotten this client: what it may have had is given up, the rest goes on under another ID. */
  unknown(outlet: Outlet): void {
    const error = new MutationError(Code.CLIENT_UNKNOWN, 'the server no longer knows whether it happened');
    const queue = outlet.queue.filter((w) => !w.void) as BoardWrite[];
    const fresh = queue.filter((w) => w.kept !== 'sent');
    const before = outlet.client;
    for (const w of queue) {
      this.forget(before, w);
      if (w.kept !== 'sent') continue;
      this.effects.delete(w.effect);
      this.reject(w, error);
    }
    const client = newID();
    const renewed = this.claim(client);
    for (const w of fresh) w.kept = 'unsent';
    outlet.renew(client, fresh);
    void this.forgetClient(before);
    this.events.shown();
    void renewed.then(() => this.keep(outlet, fresh, false)).then(() => this.events.reseat());
  }

  private end(outlet: Outlet, write: BoardWrite): void {
    this.effects.delete(write.effect);
    this.forget(outlet.client, write);
  }

  private reject(write: BoardWrite, error: MutationError): void {
    write.reject(error);
    this.events.rejected(write, error);
  }

  private puts(client: string, writes: readonly Write[], sent: boolean): Put[] {
    const kept = writes.map(({ id, content, epoch }): Put => ({ key: this.key(client, id), value: { content, sent, epoch } satisfies KeptWrite }));
    return [{ key: ['board client', this.home!.scope, this.user, client], value: true }, ...kept];
  }

  private forget(client: string, { id, delivery }: Write): void {
    if (delivery === 'durable') void this.home?.disk.write([{ key: this.key(client, id) }]).catch(() => {});
  }

  /** Nothing is left of a client. */
  private async forgetClient(client: string): Promise<void> {
    await this.home?.disk.write([{ key: ['board client', this.home.scope, this.user, client] }]).catch(() => {});
    this.release(client);
  }

  private key(client: string, id: number): Put['key'] {
    return ['board write', this.home!.scope, client, id];
  }

  private claim(client: string): Promise<Release | undefined> {
    const claim = this.home?.tabs.claim(client).catch(() => undefined) ?? Promise.resolve(undefined);
    this.claims.set(client, claim);
    return claim;
  }

  private async claimed(client: string): Promise<Release | undefined> {
    const release = await this.claim(client);
    if (release === undefined) this.claims.delete(client);
    return release;
  }

  private release(client: string): void {
    void this.claims.get(client)?.then((release) => release?.());
    this.claims.delete(client);
  }
}

function revive(id: number, { content, sent, epoch }: KeptWrite): BoardWrite {
  const write = new BoardWrite('durable', content);
  write.id = id;
  write.kept = sent ? 'sent' : 'unsent';
  write.epoch = epoch;
  return write;
}
