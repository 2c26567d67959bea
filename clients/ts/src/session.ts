import { DecodeError } from './bits';
import { RoundTrip } from './clock';
import {
  type Applied, buildClose, buildHello, buildJoin, buildPing, buildPong, type Ending, type Joined, type JoinBody,
  readClose, readError, readJoined, readPing, readPong, readWelcome, type Refusal, type Welcome,
} from './messages';
import { Code, codeOfCloseStatus, type Header, joinMessage, Kind, ParlorError, PROTOCOL_VERSION, splitMessage } from './protocol';
import { buildOpen, type OpenBody, readOpened } from './records/messages';
import type { Transport } from './transport';

/** A room as its session sees it. */
export interface Member {
  /** The last tick applied; 0: a keyframe is needed; undefined: the room has no ticks. */
  readonly applied: number | undefined;
  /** Takes a message of the room; throws a DecodeError for one that breaks the rules. */
  receive(head: Header, body: Uint8Array): void;
  /** The session refused one of the room's messages. */
  refused(refusal: Refusal): void;
}

/** Accepts a join: called at once when Joined arrives, before the room's next message. */
export type Accept = (handle: number, joined: Joined) => Member;

/** Accepts an open: called at once with the body of Opened. */
export type AcceptOpen = (handle: number, opened: Uint8Array) => Member;

interface PendingJoin {
  accept: AcceptOpen;
  reject: (error: Error) => void;
}

/** What a session needs to know. */
export interface SessionConfig {
  /** A signed token, a guest token, or nothing. */
  token: string;
  /** Names the program for the server's log. */
  client: string;
  roundTrip: RoundTrip;
  /** Local clock in milliseconds, never set back. */
  now: () => number;
  onWelcome: (welcome: Welcome) => void;
  /** The session is over; called once. local: this side closed it. */
  onEnd: (ending: Ending, local: boolean) => void;
}

const PING_MS = 1000;

/**
 * One connection: handshake, pings, and the way of messages to and from its
 * rooms. It ends when the transport does and is never used again.
 */
export class Session {
  private readonly members = new Map<number, Member>();
  private readonly joins = new Map<number, PendingJoin>();
  private readonly pings = new Map<number, number>();
  private request = 0;
  private pingID = 0;
  private silence = 10_000; // milliseconds without a message after which the connection counts as dead
  private heard: number;
  private timer: ReturnType<typeof setInterval> | undefined;
  private ending: Ending | undefined;
  private local = false; // this side closed it
  private ended = false;

  constructor(
    private readonly transport: Transport,
    private readonly config: SessionConfig,
  ) {
    this.heard = config.now();
    transport.onOpen = () => this.send(Kind.Hello, 0, 0, buildHello(config.token, config.client));
    transport.onMessage = (message) => this.onMessage(message);
    transport.onClose = (status, reason) => this.onClose(status, reason);
    this.timer = setInterval(() => this.beat(), PING_MS);
  }

  /** Asks for a room; rejects with a ParlorError. */
  join(body: Omit<JoinBody, 'request'>, accept: Accept): Promise<void> {
    return this.ask(Kind.Join, (request) => buildJoin({ ...body, request }), (handle, joined) => accept(handle, readJoined(joined)));
  }

  /** Asks for a record room; rejects with a ParlorError. */
  open(body: Omit<OpenBody, 'request'>, accept: AcceptOpen): Promise<void> {
    return this.ask(Kind.Open, (request) => buildOpen({ ...body, request }), accept);
  }

  private ask(kind: number, build: (request: number) => Uint8Array, accept: AcceptOpen): Promise<void> {
    const request = ++this.request;
    return new Promise((resolve, reject) => {
      if (this.ended) return reject(new ParlorError(Code.GOING_AWAY, 'the connection is closed'));
      const accepted: AcceptOpen = (handle, body) => {
        try {
          const member = accept(handle, body);
          resolve();
          return member;
        } catch (error) {
          reject(error as Error); // an answer that no server writes
          throw error;
        }
      };
      this.joins.set(request, { accept: accepted, reject });
      this.send(kind, 0, 0, build(request));
    });
  }

  /** Sends a message. Nothing happens when the connection is closed. */
  send(kind: number, handle: number, ack: number, body: Uint8Array): void {
    if (!this.ended) this.transport.send(joinMessage(kind, handle, ack, body));
  }

  /** Tells the server at once what a room has applied. */
  report(applied: readonly Applied[]): void {
    this.send(Kind.Pong, 0, 0, buildPong(0, 0n, applied));
  }

  /** Forgets a room. */
  forget(handle: number): void {
    this.members.delete(handle);
  }

  /** Closes the connection; the reason is told to onEnd. */
  close(code: number, message: string): void {
    if (this.ended) return;
    this.local = this.ending === undefined;
    this.ending ??= { code, message };
    this.send(Kind.Close, 0, 0, buildClose(code, message));
    this.transport.close(code === 0 ? 1000 : 4000 + code);
    this.end(this.ending);
  }

  private onMessage(message: Uint8Array): void {
    if (this.ended) return;
    this.heard = this.config.now();
    try {
      const split = splitMessage(message);
      if (split === undefined) throw new DecodeError('message is shorter than its header');
      this.dispatch(split.head, split.body);
    } catch (error) {
      // A body that no server writes: RangeError and SyntaxError come from
      // offsets outside of it and from broken JSON.
      this.close(Code.BAD_MESSAGE, error instanceof Error ? error.message : String(error));
    }
  }

  private dispatch(head: Header, body: Uint8Array): void {
    switch (head.kind) {
      case Kind.Welcome:
        return this.onWelcome(readWelcome(body));
      case Kind.Joined:
        return this.onJoined(head.handle, readJoined(body).request, body);
      case Kind.Opened:
        if (this.members.has(head.handle)) break; // the room has news
        return this.onJoined(head.handle, readOpened(body).request, body);
      case Kind.Ping:
        return this.onPing(body);
      case Kind.Pong:
        return this.onPong(readPong(body).id);
      case Kind.Close:
        this.ending = readClose(body);
        return;
      case Kind.Error:
        return this.onError(head.handle, readError(body));
    }
    this.members.get(head.handle)?.receive(head, body);
  }

  private onWelcome(welcome: Welcome): void {
    if (welcome.protocol !== PROTOCOL_VERSION) throw new DecodeError(`the server speaks protocol ${welcome.protocol}`);
    if (welcome.pingInterval > 0) this.silence = Math.max(6000, 3 * welcome.pingInterval);
    this.config.onWelcome(welcome);
    this.beat();
  }

  private onJoined(handle: number, request: number, body: Uint8Array): void {
    const pending = this.joins.get(request);
    this.joins.delete(request);
    if (pending !== undefined) this.members.set(handle, pending.accept(handle, body));
  }

  private onError(handle: number, refusal: Refusal): void {
    const pending = this.members.has(handle) ? undefined : this.joins.get(refusal.request);
    if (pending !== undefined) {
      this.joins.delete(refusal.request);
      pending.reject(new ParlorError(refusal.code, refusal.message, refusal.request));
      return;
    }
    this.members.get(handle)?.refused(refusal);
  }

  private onPing(body: Uint8Array): void {
    const { id, time } = readPing(body);
    const applied = Array.from(this.members).flatMap(([handle, { applied: tick }]) => (tick === undefined ? [] : [{ handle, tick }]));
    this.send(Kind.Pong, 0, 0, buildPong(id, time, applied));
  }

  private onPong(id: number): void {
    const sent = this.pings.get(id);
    if (sent === undefined) return;
    this.pings.delete(id);
    this.config.roundTrip.add(this.config.now() - sent);
  }

  /** Once a second: asks for a pong and notices a dead connection. */
  private beat(): void {
    const now = this.config.now();
    if (now - this.heard > this.silence) {
      this.close(Code.IDLE_TIMEOUT, 'the server is silent');
      return;
    }
    const id = ++this.pingID;
    this.pings.set(id, now);
    this.pings.delete(id - 16);
    this.send(Kind.Ping, 0, 0, buildPing(id, BigInt(Math.round(now * 1000))));
  }

  private onClose(status: number, reason: string): void {
    this.end(this.ending ?? { code: codeOfCloseStatus(status), message: reason });
  }

  private end(ending: Ending): void {
    if (this.ended) return;
    this.ended = true;
    clearInterval(this.timer);
    const error = new ParlorError(ending.code || Code.GOING_AWAY, ending.message || 'the connection is closed');
    for (const pending of this.joins.values()) pending.reject(error);
    this.joins.clear();
    this.members.clear();
    this.config.onEnd(ending, this.local);
  }
}
