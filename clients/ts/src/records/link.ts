import { Backoff } from '../backoff';
import { buildLeave, type Ending, readLeft, type Refusal } from '../messages';
import { Code, type Header, isPassing, Kind, ParlorError } from '../protocol';
import type { Member, Session } from '../session';
import { Signal } from '../signal';
import { type Descriptor, find } from './descriptor';
import { parseDescriptor } from './describe';
import { buildMutate, buildSubscribe, buildUnsubscribe, type MutateBody, type Opened, readDelta, readOpened, readReceipt, readReset } from './messages';
import type { Outlet } from './outlet';
import { BoundQuery, queryJSON } from './query';
import type { Store } from './store';
import type { Subscription } from './subscription';
import { DeltaFlag, writeHeld } from './wire';
import type { Write } from './write';
import type { Writes } from './writes';

/** opening: not heard from yet; offline: shows what is kept, and tries to come back. */
export type RecordStatus = 'opening' | 'online' | 'offline' | 'closed';

/** The room's descriptor with what names it. */
export interface Described {
  epoch: bigint;
  schemaHash: bigint;
  /** The descriptor as the wire has it. */
  schema: string;
  version: number;
  role: string;
}

const PARTS_MS = 100; // between pictures of a snapshot that is still coming
const ADOPT_MS = 30_000; // between looks for the queues of dead pages
const HELD_BYTES = 512 * 1024; // keys said to be held; with more a snapshot is cheaper

/**
 * The way between one room's store and writes, and whatever session is open:
 * its main seat, one seat for each dead page's queue, subscriptions and their
 * resumption by cursor.
 */
export class RoomLink {
  status: RecordStatus = 'opening';
  described: Described = { epoch: 0n, schemaHash: 0n, schema: '', version: 0, role: '' };
  readonly statuses = new Signal<[status: RecordStatus, error: ParlorError | undefined]>();
  readonly errors = new Signal<[error: ParlorError]>();
  /** Called with each Opened. */
  onOpened: () => void = () => {};

  private session: Session | undefined;
  private entering: Promise<void> = Promise.resolve();
  private handle = 0;
  private caught = 0n; // the sequence at which the seat was opened
  private timer: ReturnType<typeof setTimeout> | undefined;
  private retry: ReturnType<typeof setTimeout> | undefined;
  private adopting: ReturnType<typeof setInterval> | undefined;
  private shownAt = -Infinity;
  private readonly backoff = new Backoff(250, 30_000);
  private readonly seats = new Map<Outlet, { session: Session; handle: number }>();

  constructor(
    readonly name: string,
    private readonly version: number,
    readonly store: Store,
    readonly writes: Writes,
    private readonly now: () => number,
  ) {
    writes.onSeat = (outlet, needed) => this.onSeat(outlet, needed);
  }

  get online(): boolean {
    return this.status === 'online';
  }

  /** The page has what it needs to go on without a server. */
  startOffline(): void {
    this.setStatus('offline');
  }

  /** Opens the room on a session; rejects when the server refuses it. */
  enter(session: Session, user: string): Promise<void> {
    if (this.status === 'closed') return Promise.resolve();
    if (this.session === session) return this.entering;
    this.session = session;
    const { writes } = this;
    if (writes.home.user !== '' && writes.home.user !== user) this.changeUser(user);
    writes.home.user = user;
    this.entering = this.openMain(session);
    return this.entering;
  }

  private async openMain(session: Session): Promise<void> {
    const { epoch, schemaHash } = this.described;
    const body = { room: this.name, client: this.writes.own.client, epoch, cursor: this.store.cursor, schemaHash, version: this.version };
    try {
      await session.open(body, (handle, payload) => this.attach(session, handle, readOpened(payload)));
    } catch (error) {
      if (this.session !== session) throw error; // lost meanwhile: the next session tries
      const passing = error instanceof ParlorError && isPassing(error.code);
      if (!passing) this.end(error instanceof ParlorError ? error : new ParlorError(Code.INTERNAL, String(error)));
      else this.later(session);
      throw error;
    }
  }

  /** The connection is lost; the client tries to come back. */
  detach(): void {
    this.session = undefined;
    this.seats.clear();
    this.unseat();
  }

  /** The room is over for this client. */
  end(error?: ParlorError): void {
    if (this.status === 'closed') return;
    this.leave();
    for (const sub of this.store.subscriptions.values()) {
      sub.error = error;
      this.store.tell(sub);
    }
    this.setStatus('closed', error);
    this.store.publish();
  }

  /** Gives up the seats. */
  leave(): void {
    const { session } = this;
    for (const { handle } of [{ handle: this.handle }, ...this.seats.values()]) {
      if (handle === 0) continue;
      session?.send(Kind.Leave, handle, 0, buildLeave());
      session?.forget(handle);
    }
    this.detach();
    this.writes.close();
  }

  /** Sends a write without an ID, if there is somebody to send it to. */
  fire(m: Omit<MutateBody, 'id' | 'void'>): void {
    if (this.online) this.send(Kind.Mutate, buildMutate({ ...m, id: 0, void: false }));
  }

  /** Asks for a query: on a new connection from what the client holds, later for the difference. */
  subscribe(sub: Subscription): void {
    if (!this.online || sub.reading || sub.closed || sub.error !== undefined) return;
    if (sub.asked) return this.ask(sub, 0n, new Uint8Array());
    sub.asked = true;
    this.resume(sub);
  }

  /**
   * A delta is missing: asks for all since the last that came (R8.3). The server
   * forgets the query first, else it would go by what it has sent.
   */
  pull(sub: Subscription): void {
    sub.settled = sub.current = false;
    this.unsubscribe(sub);
    if (this.online) this.resume(sub);
  }

  /** A query was closed: perhaps the last one that was waited for. */
  closed(): void {
    if (this.store.held) this.settled();
  }

  private resume(sub: Subscription): void {
    let held = sub.applied === 0n ? new Uint8Array() : writeHeld(sub.result.members);
    if (held.length > HELD_BYTES) {
      held = new Uint8Array();
      sub.applied = 0n;
    }
    this.ask(sub, sub.applied, held);
  }

  private ask(sub: Subscription, since: bigint, held: Uint8Array): void {
    this.send(Kind.Subscribe, buildSubscribe({ id: sub.id, collection: sub.collection.name, query: queryJSON(sub.query, sub.collection), since, held }));
  }

  unsubscribe(sub: Subscription): void {
    if (this.online) this.send(Kind.Unsubscribe, buildUnsubscribe(sub.id));
  }

  /** Takes a descriptor that is kept or has come. */
  describe(d: Described): void {
    const descriptor = parseDescriptor(d.schema);
    this.described = d;
    this.store.descriptor = descriptor;
    for (const sub of this.store.subscriptions.values()) this.rebind(sub, descriptor);
  }

  private rebind(sub: Subscription, d: Descriptor): void {
    try {
      sub.collection = find('collection', d.collections, sub.collection.name);
      sub.result.query = new BoundQuery(sub.query, sub.collection);
    } catch (error) {
      sub.error = error instanceof ParlorError ? error : new ParlorError(Code.NO_SUCH_COLLECTION, String(error));
      this.store.tell(sub);
    }
  }

  private send(kind: number, body: Uint8Array): void {
    this.session?.send(kind, this.handle, 0, body);
  }

  private attach(session: Session, handle: number, o: Opened): Member {
    this.handle = handle;
    this.backoff.reset();
    const { described } = this;
    const [other, changed] = [described.epoch !== o.epoch, described.schemaHash !== o.schemaHash]; // rows of another schema lack fields
    if (described.epoch !== 0n && (other || changed)) this.store.reset();
    else this.store.interrupt();
    const schema = o.schema ?? described.schema;
    if (changed || described.schema === '') this.describe({ ...o, schema });
    else this.described = { ...o, schema };
    this.caught = o.seq;
    this.setStatus('online');
    const { own, adopted } = this.writes;
    const seen = this.writes.seen(own, o.last, o.seq);
    this.store.held = seen;
    for (const sub of this.store.subscriptions.values()) this.subscribe(sub);
    this.settled();
    own.opened((w) => this.sendWrite(session, handle, w), o);
    for (const outlet of adopted.values()) this.onSeat(outlet, true);
    this.adopting ??= setInterval(() => void this.writes.adopt().catch(() => {}), ADOPT_MS);
    this.onOpened();
    return this.member(session, own);
  }

  /** Receives for a seat: the main one, or that of a dead page's queue. */
  private member(session: Session, outlet: Outlet): Member {
    const main = outlet === this.writes.own;
    return {
      applied: undefined,
      receive: (head, body) => {
        if (head.kind === Kind.Receipt) this.onReceipt(outlet, body);
        else if (head.kind === Kind.Left && !main) this.leftSeat(session, outlet);
        else if (main) this.receive(session, head, body);
      },
      refused: (refusal) => this.refused(refusal),
    };
  }

  private receive(session: Session, head: Header, body: Uint8Array): void {
    switch (head.kind) {
      case Kind.Delta: {
        if (!this.store.take({ ...readDelta(body), flags: head.flags })) return;
        this.writes.passed();
        if (this.store.held) return this.settled();
        return this.show((head.flags & DeltaFlag.Part) !== 0);
      }
      case Kind.Opened: {
        const { role } = readOpened(body); // it has changed
        this.described = { ...this.described, role };
        return this.statuses.emit(this.status, undefined);
      }
      case Kind.Reset: {
        const { epoch } = readReset(body);
        this.described = { ...this.described, epoch };
        this.store.reset();
        return this.show(false);
      }
      case Kind.Left:
        return this.left(session, readLeft(body));
    }
  }

  private onReceipt(outlet: Outlet, body: Uint8Array): void {
    if (outlet === this.writes.own) this.store.finish();
    outlet.receipt(readReceipt(body));
    this.writes.passed();
    this.show(false);
  }

  /** Once all queries are caught up, writes that had been done before no longer show twice. */
  private settled(): void {
    for (const sub of this.store.subscriptions.values()) if (!sub.settled && !sub.closed && sub.error === undefined) return;
    this.store.pass(this.caught);
    this.writes.passed();
    this.store.held = false;
    this.store.publish();
  }

  /** Shows what is applied; rows of a snapshot that is still coming, now and then. */
  private show(part: boolean): void {
    const wait = part ? this.shownAt + PARTS_MS - this.now() : 0;
    if (wait > 0) this.timer ??= setTimeout(() => this.picture(), wait);
    else this.picture();
  }

  private picture(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.shownAt = this.now();
    this.store.show();
  }

  private refused({ code, request, message }: Refusal): void {
    const error = new ParlorError(code, message, request);
    const sub = this.store.subscriptions.get(request);
    if (sub === undefined) return this.errors.emit(error);
    sub.error = error;
    if (code === Code.FORBIDDEN) this.clear(sub);
    this.store.tell(sub);
    if (this.store.held) this.settled();
    else this.store.publish();
  }

  private left(session: Session, { code, message }: Ending): void {
    const error = new ParlorError(code, message);
    session.forget(this.handle);
    if (!isPassing(code)) return this.end(error);
    this.unseat(error);
    this.later(session);
  }

  /** There is no main seat for now. */
  private unseat(error?: ParlorError): void {
    this.handle = 0;
    clearTimeout(this.timer);
    clearTimeout(this.retry);
    clearInterval(this.adopting);
    this.timer = this.adopting = undefined;
    for (const outlet of [this.writes.own, ...this.writes.adopted.values()]) outlet.lost();
    this.store.held = false;
    this.store.interrupt();
    if (this.status === 'online') this.setStatus('offline', error);
    this.store.publish();
  }

  private later(session: Session): void {
    clearTimeout(this.retry);
    this.retry = setTimeout(() => {
      if (this.session === session) this.openMain(session).catch(() => {});
    }, this.backoff.next());
  }

  private onSeat(outlet: Outlet, needed: boolean): void {
    const { session } = this;
    if (session === undefined || !this.online) return;
    if (outlet === this.writes.own) {
      if (needed) this.reopen(session); // under its new client ID
      return;
    }
    const seat = this.seats.get(outlet);
    if (seat !== undefined) {
      this.seats.delete(outlet);
      session.send(Kind.Leave, seat.handle, 0, buildLeave());
      session.forget(seat.handle);
    }
    if (!needed) return;
    const { schemaHash } = this.described;
    const body = { room: this.name, client: outlet.client, epoch: 0n, cursor: 0n, schemaHash, version: 0 };
    const accept = (handle: number, payload: Uint8Array): Member => {
      const o = readOpened(payload);
      this.seats.set(outlet, { session, handle });
      this.writes.seen(outlet, o.last, o.seq);
      this.writes.passed();
      outlet.opened((w) => this.sendWrite(session, handle, w), o);
      return this.member(session, outlet);
    };
    session.open(body, accept).catch(() => this.seatLater(session, outlet));
  }

  /** A dead page's queue was refused: it is tried again, and stays for a later visit. */
  private seatLater(session: Session, outlet: Outlet): void {
    setTimeout(() => {
      if (this.session === session && !outlet.open && this.writes.adopted.get(outlet.client) === outlet) this.onSeat(outlet, true);
    }, ADOPT_MS);
  }

  private leftSeat(session: Session, outlet: Outlet): void {
    const seat = this.seats.get(outlet);
    if (seat !== undefined) session.forget(seat.handle);
    this.seats.delete(outlet);
    outlet.lost();
    this.seatLater(session, outlet);
  }

  private reopen(session: Session): void {
    session.send(Kind.Leave, this.handle, 0, buildLeave());
    session.forget(this.handle);
    this.unseat();
    this.openMain(session).catch(() => {});
  }

  private sendWrite(session: Session, handle: number, { id, content, void: gone }: Write): void {
    const { name, bytes, version } = content;
    const body = gone ? { id, name: '', args: new Uint8Array(), version: 0, void: true } : { id, name, args: bytes, version, void: false };
    session.send(Kind.Mutate, handle, 0, buildMutate(body));
  }

  /** What the old user could read must not stay, and what they wrote must not be sent. */
  private changeUser(user: string): void {
    this.writes.changeUser(user);
    this.store.reset();
    for (const sub of this.store.subscriptions.values()) {
      this.clear(sub);
      sub.loaded = false;
    }
    this.store.publish();
  }

  /** Takes away rows that this user may not, or no longer, read. */
  private clear(sub: Subscription): void {
    this.store.touch(sub.collection.name, [...sub.result.members]);
    sub.drop();
    sub.applied = 0n;
  }

  private setStatus(status: RecordStatus, error?: ParlorError): void {
    if (this.status === status) return;
    this.status = status;
    this.statuses.emit(status, error);
  }
}
