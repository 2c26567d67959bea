import { Backoff } from './backoff';
import { RoundTrip } from './clock';
import { JoinMode } from './fb';
import { buildAuth, type Ending, type JoinBody, type Joined, type Welcome } from './messages';
import { Code, isFinal, Kind, ParlorError } from './protocol';
import { type AnyWorld, Room, type Seat, type World } from './room';
import type { Schema } from './schema';
import { Session } from './session';
import { Signal, type Unsubscribe } from './signal';
import { type Dial, dialWebSocket } from './transport';

export interface ClientOptions {
  /** A signed token, or what fetches a fresh one for each connection. None: a guest. */
  token?: string | (() => string | Promise<string>);
  /** The guest token of an earlier client, to stay the same user. */
  guestToken?: string;
  /** Names the program for the server's log. */
  client?: string;
  /** Connects anew when the connection breaks; true unless set. */
  reconnect?: boolean;
  /** Opens connections; the platform's WebSocket unless set. */
  dial?: Dial;
  /** Local clock in milliseconds, never set back. */
  now?: () => number;
}

/** A room that waits for sessions and goes on without them: a record room. */
export interface PatientRoom {
  /** Enters by a session; rejects when the server refuses it. */
  enter(session: Session, user: string): Promise<void>;
  /** The connection is lost; the client tries to come back. */
  detach(): void;
  end(error?: ParlorError): void;
}

/** What a join may ask for beside the room. */
export interface JoinOptions {
  /** For joinOrCreate: metadata that the room must have. */
  filter?: Record<string, unknown>;
  /** For create: joinable by ID only, never listed. */
  private?: boolean;
}

export type ClientStatus = 'idle' | 'connecting' | 'connected' | 'reconnecting' | 'closed';

/** What a room needs to be joined again when its seat is gone. */
interface Membership {
  room: Room<World>;
  body: Omit<JoinBody, 'request'>;
}

/** Codes that say that a seat is gone, so that a new one may be asked for. */
const SEAT_GONE: readonly number[] = [Code.BAD_TOKEN, Code.NO_SUCH_ROOM, Code.ROOM_CLOSED, Code.ROOM_FAULTED, Code.NOT_IN_ROOM, Code.LEFT];

/**
 * A client of one server. It keeps one connection, which carries all its
 * rooms, and opens it with the first join. When the connection breaks, it
 * connects anew and brings each room back into its seat.
 */
export class Client {
  /** The round trip, measured once a second. */
  readonly roundTrip = new RoundTrip();
  status: ClientStatus = 'idle';
  /** The server's greeting; undefined before the first connection. */
  welcome: Welcome | undefined;

  protected readonly url: string;
  private readonly dial: Dial;
  protected readonly now: () => number;
  private readonly statuses = new Signal<[status: ClientStatus, ending: ParlorError | undefined]>();
  private readonly memberships = new Set<Membership>();
  private readonly schemas = new Map<bigint, Schema>();
  private readonly hashes = new Map<string, bigint>(); // by room kind
  private readonly backoff = new Backoff();
  protected guestToken: string;
  private session: Session | undefined;
  private connecting: Promise<Session> | undefined;
  private retry: ReturnType<typeof setTimeout> | undefined;
  /** Record rooms; RecordClient opens them. */
  protected readonly patient = new Set<PatientRoom>();
  private readonly asleep: Unsubscribe;

  /** url is the server's address: ws:, wss:, http: or https:, with or without the path /ws. */
  constructor(
    url: string | URL,
    protected readonly options: ClientOptions = {},
  ) {
    this.url = socketURL(url);
    this.dial = options.dial ?? dialWebSocket;
    this.now = options.now ?? (() => performance.now());
    this.guestToken = options.guestToken ?? '';
    this.asleep = onWake(() => this.wake());
  }

  /** To be kept, so that a guest stays the same user; '' with a signed token. */
  get guest(): string {
    return this.guestToken;
  }

  /** Joins a room of the kind that has a free seat, or a new one. options go to the game's Load hook. */
  joinOrCreate<W extends World = AnyWorld>(kind: string, options?: unknown, more: JoinOptions = {}): Promise<Room<W>> {
    return this.join({ mode: JoinMode.JoinOrCreate, kind, options: json(options), filter: json(more.filter) });
  }

  /** Joins a new room of the kind. */
  create<W extends World = AnyWorld>(kind: string, options?: unknown, more: JoinOptions = {}): Promise<Room<W>> {
    return this.join({ mode: JoinMode.Create, kind, options: json(options), private: more.private });
  }

  /** Joins the room with the ID. */
  joinByID<W extends World = AnyWorld>(room: string, options?: unknown): Promise<Room<W>> {
    return this.join({ mode: JoinMode.JoinByID, room, options: json(options) });
  }

  /** Joins with a ticket of the HTTP matchmaking. */
  joinByTicket<W extends World = AnyWorld>(ticket: string, options?: unknown): Promise<Room<W>> {
    return this.join({ mode: JoinMode.Ticket, token: ticket, options: json(options) });
  }

  /** Returns into a seat that an earlier client of the same user held. */
  reconnect<W extends World = AnyWorld>(seat: Seat): Promise<Room<W>> {
    return this.join({ mode: JoinMode.Reconnect, room: seat.room, token: seat.token });
  }

  /** Replaces the token of the live connection before the old one expires. */
  refreshToken(token: string): void {
    this.session?.send(Kind.Auth, 0, 0, buildAuth(token));
  }

  /** Breaks the connection as a lost network would: the client connects anew. */
  drop(): void {
    this.session?.close(0, 'dropped');
  }

  /** Leaves all rooms and closes the connection for good. */
  close(): void {
    clearTimeout(this.retry);
    this.asleep();
    for (const { room } of [...this.memberships]) room.leave();
    for (const room of this.patient) room.end();
    this.patient.clear();
    this.setStatus('closed');
    this.session?.close(0, '');
    this.session = undefined;
  }

  /** Calls on with each change; ending tells why a connection ended. */
  onStatus(on: (status: ClientStatus, ending: ParlorError | undefined) => void): Unsubscribe {
    return this.statuses.on(on);
  }

  private async join<W extends World>(body: Omit<JoinBody, 'request'>): Promise<Room<W>> {
    const session = await this.connect();
    const room = new Room<W>(this.roundTrip, this.now);
    const member: Membership = { room: room as unknown as Room<World>, body };
    await this.enter(session, member, body);
    this.memberships.add(member);
    room.onLeave(() => this.memberships.delete(member));
    await entered(room);
    return room;
  }

  /** Sends a Join and attaches the room to the seat. */
  private enter(session: Session, { room }: Membership, body: Omit<JoinBody, 'request'>): Promise<void> {
    const schemaHash = this.hashes.get(body.kind || room.kind) ?? 0n;
    return session.join({ ...body, schemaHash }, (handle, joined) => room.attach(session, handle, joined, this.schemaOf(joined)));
  }

  private schemaOf(joined: Joined): Schema {
    const schema = joined.schema ?? this.schemas.get(joined.schemaHash);
    if (schema === undefined) throw new ParlorError(Code.BAD_MESSAGE, 'the server sent no schema');
    this.schemas.set(joined.schemaHash, schema);
    this.hashes.set(joined.kind, joined.schemaHash);
    return schema;
  }

  /** The live session, or a new one. */
  protected connect(): Promise<Session> {
    if (this.status === 'closed') return Promise.reject(new ParlorError(Code.GOING_AWAY, 'the client is closed'));
    if (this.session !== undefined && this.status === 'connected') return Promise.resolve(this.session);
    if (this.status === 'idle') this.setStatus('connecting');
    this.connecting ??= this.dialSession().finally(() => {
      this.connecting = undefined;
    });
    return this.connecting;
  }

  /** Connects for rooms that can wait for it: at once, and again until it works. */
  protected wake(): void {
    if (this.status === 'idle' && this.patient.size > 0) this.setStatus('reconnecting');
    if (this.status === 'connected') for (const room of this.patient) this.bring(room);
    if (this.status !== 'reconnecting' || this.connecting !== undefined) return;
    clearTimeout(this.retry);
    void this.comeBack();
  }

  private bring(room: PatientRoom): void {
    room.enter(this.session!, this.welcome!.user).catch(() => {}); // the room itself tells
  }

  /** The server has named the guest; '': there is none. */
  protected onGuest(_token: string): void {}

  private async dialSession(): Promise<Session> {
    const { token } = this.options;
    const signed = typeof token === 'function' ? await token() : token;
    const session = await new Promise<Session>((resolve, reject) => {
      const opened: Session = new Session(this.dial(this.url), {
        token: signed || this.guestToken,
        client: this.options.client ?? 'parlor-ts/1',
        roundTrip: this.roundTrip,
        now: this.now,
        onWelcome: (welcome) => {
          this.welcome = welcome;
          if (welcome.guestToken !== '') this.guestToken = welcome.guestToken;
          resolve(opened);
        },
        onEnd: (ending, local) => {
          reject(new ParlorError(ending.code || Code.GOING_AWAY, ending.message || 'the connection failed'));
          this.lost(opened, ending, local);
        },
      });
    }).catch((error) => {
      if (this.status === 'connecting') this.setStatus('idle');
      throw this.forgetGuest(error);
    });
    if ((this.status as ClientStatus) === 'closed') {
      session.close(0, '');
      throw new ParlorError(Code.GOING_AWAY, 'the client is closed');
    }
    this.session = session;
    this.backoff.reset();
    this.onGuest(this.guestToken);
    this.setStatus('connected');
    for (const room of this.patient) this.bring(room);
    return session;
  }

  /** A server that has another key does not know the guest: the next attempt is a new one. */
  private forgetGuest(error: unknown): unknown {
    if (error instanceof ParlorError && (error.code === Code.UNAUTHENTICATED || error.code === Code.TOKEN_EXPIRED)) this.guestToken = '';
    return error;
  }

  /** An open session ended. */
  private lost(session: Session, ending: Ending, local: boolean): void {
    if (this.session !== session) return; // it never opened, or was closed here
    this.session = undefined;
    const final = this.options.reconnect === false || (!local && isFinal(ending.code));
    const reason = new ParlorError(ending.code, ending.message);
    for (const { room } of [...this.memberships]) {
      if (final) room.end(ending);
      else room.detach();
    }
    for (const room of this.patient) {
      if (final) room.end(reason);
      else room.detach();
    }
    if (final) this.patient.clear();
    if (this.status === 'closed') return;
    this.setStatus(final ? 'idle' : 'reconnecting', reason);
    if (!final) this.schedule();
  }

  private schedule(): void {
    clearTimeout(this.retry);
    this.retry = setTimeout(() => void this.comeBack(), this.backoff.next());
  }

  /** Connects anew and brings the rooms back; tries again later when that fails. */
  private async comeBack(): Promise<void> {
    let session: Session;
    try {
      session = await this.connect();
    } catch (error) {
      const code = error instanceof ParlorError ? error.code : 0;
      if (this.status !== 'reconnecting') return;
      if (isFinal(code) && this.backoff.attempts > 2) this.giveUp(error as ParlorError);
      else this.schedule();
      return;
    }
    await Promise.all([...this.memberships].map((m) => this.rejoin(session, m)));
  }

  private giveUp(error: ParlorError): void {
    for (const { room } of [...this.memberships]) room.end({ code: error.code, message: error.message });
    for (const room of this.patient) room.end(error);
    this.patient.clear();
    this.setStatus('idle', error);
  }

  /** Brings a room back into its seat, or into another when the seat is gone. */
  private async rejoin(session: Session, m: Membership): Promise<void> {
    const { room } = m;
    try {
      await this.enter(session, m, { mode: JoinMode.Reconnect, room: room.seat.room, token: room.seat.token });
      return;
    } catch (error) {
      if (this.session !== session) return; // lost again: the next session tries
      if (!(error instanceof ParlorError) || !SEAT_GONE.includes(error.code)) return room.end(endingOf(error));
    }
    try {
      await this.enter(session, m, again(m));
    } catch (error) {
      if (this.session === session) room.end(endingOf(error));
    }
  }

  private setStatus(status: ClientStatus, ending?: ParlorError): void {
    if (this.status === status) return;
    this.status = status;
    this.statuses.emit(status, ending);
  }
}

/** The join that replaces a lost seat. */
function again({ room, body }: Membership): Omit<JoinBody, 'request'> {
  if (body.mode === JoinMode.JoinByID || body.private) return { ...body, mode: JoinMode.JoinByID, room: room.id };
  return { mode: JoinMode.JoinOrCreate, kind: room.kind, options: body.options, filter: body.filter };
}

function endingOf(error: unknown): Ending {
  if (error instanceof ParlorError) return { code: error.code, message: error.message };
  return { code: Code.INTERNAL, message: String(error) };
}

/** Resolves with the room's first frame, rejects when it ends before. */
function entered(room: Pick<Room, 'status' | 'onStatus' | 'onLeave'>): Promise<void> {
  return new Promise((resolve, reject) => {
    if (room.status === 'joined') return resolve();
    const stops = [
      room.onStatus((status) => {
        if (status === 'joined') settle(resolve);
      }),
      room.onLeave((reason) => settle(() => reject(reason))),
    ];
    const settle = (done: () => void) => {
      for (const stop of stops) stop();
      done();
    };
  });
}

/** Calls on when the page is looked at again, or the network is back. */
function onWake(on: () => void): Unsubscribe {
  if (typeof window === 'undefined') return () => {};
  const visible = () => document.visibilityState === 'visible' && on();
  window.addEventListener('online', on);
  window.addEventListener('focus', on);
  document.addEventListener('visibilitychange', visible);
  return () => {
    window.removeEventListener('online', on);
    window.removeEventListener('focus', on);
    document.removeEventListener('visibilitychange', visible);
  };
}

function json(v: unknown): Uint8Array | undefined {
  return v === undefined ? undefined : new TextEncoder().encode(JSON.stringify(v));
}

function socketURL(url: string | URL): string {
  const u = new URL(url);
  u.protocol = u.protocol === 'https:' || u.protocol === 'wss:' ? 'wss:' : 'ws:';
  if (u.pathname === '/' || u.pathname === '') u.pathname = '/ws';
  return u.href;
}
