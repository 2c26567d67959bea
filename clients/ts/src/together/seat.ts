import { Backoff } from '../backoff';
import type { PatientRoom } from '../client';
import { buildLeave, readLeft, type Refusal } from '../messages';
import { Code, type Header, isPassing, Kind, ParlorError } from '../protocol';
import { type OpenBody, type Opened, readOpened } from '../records/messages';
import type { Member, Session } from '../session';
import { Signal } from '../signal';

/** opening: not heard from yet; offline: without a connection, and tries to come back. */
export type SeatStatus = 'opening' | 'online' | 'offline' | 'closed';

/** What an Open says beside the room's name. */
export type OpenWords = Omit<OpenBody, 'request' | 'room'>;

/** The room that sits on a seat. */
export interface Tenant {
  /** What to ask for the seat with; called for each connection. */
  words(user: string): OpenWords;
  /** The seat is granted; all that was sent on earlier seats may be lost. */
  opened(opened: Opened): void;
  /** The room has news about the seat: its role. */
  renewed(opened: Opened): void;
  /** Takes a message; throws a DecodeError for one that no server writes. */
  receive(head: Header, body: Uint8Array): void;
  refused(refusal: Refusal): void;
  /** The seat is gone, for now or for good. */
  lost(): void;
}

const NOTHING: OpenWords = { client: '', epoch: 0n, cursor: 0n, schemaHash: 0n, version: 0 };

/** An Open without any words. */
export function openWords(words: Partial<OpenWords> = {}): OpenWords {
  return { ...NOTHING, ...words };
}

/**
 * A room's place on whatever session is open. It asks for the seat on each, and
 * asks again when the refusal is one that passes.
 */
export class Seat implements PatientRoom {
  status: SeatStatus = 'opening';
  /** Why it is closed, or offline by the room's own word. */
  error: ParlorError | undefined;
  readonly statuses = new Signal<[status: SeatStatus, error: ParlorError | undefined]>();

  private session: Session | undefined;
  private entering: Promise<void> = Promise.resolve();
  private user = '';
  private handle = 0;
  private seated = false; // has been, at least once
  private retry: ReturnType<typeof setTimeout> | undefined;
  private readonly backoff = new Backoff(250, 30_000);

  constructor(
    readonly name: string,
    private readonly tenant: Tenant,
  ) {}

  get online(): boolean {
    return this.status === 'online';
  }

  /** The page has what it needs to go on without a server. */
  startOffline(): void {
    this.setStatus('offline');
  }

  enter(session: Session, user: string): Promise<void> {
    if (this.status === 'closed') return Promise.resolve();
    if (this.session === session) return this.entering;
    this.session = session;
    this.user = user;
    this.entering = this.ask(session);
    return this.entering;
  }

  detach(): void {
    this.session = undefined;
    this.unseat();
    if (this.online) this.setStatus('offline');
  }

  end(error?: ParlorError): void {
    if (this.status === 'closed') return;
    this.giveUp();
    this.session = undefined;
    this.setStatus('closed', error);
  }

  /** Sends a message, if there is a seat. */
  send(kind: number, body: Uint8Array): void {
    if (this.handle !== 0) this.session?.send(kind, this.handle, 0, body);
  }

  /** Gives the seat back and asks for another. */
  reopen(): void {
    const { session } = this;
    if (session === undefined || this.handle === 0) return;
    this.giveUp();
    this.setStatus('offline');
    this.ask(session).catch(() => {});
  }

  private async ask(session: Session): Promise<void> {
    try {
      await session.open({ ...this.tenant.words(this.user), room: this.name }, (handle, body) => this.take(session, handle, body));
    } catch (error) {
      if (this.session !== session) throw error; // lost meanwhile: the next session tries
      const reason = error instanceof ParlorError ? error : new ParlorError(Code.INTERNAL, String(error));
      if (this.passes(reason.code)) this.later(session);
      else this.end(reason);
      throw error;
    }
  }

  private take(session: Session, handle: number, body: Uint8Array): Member {
    if (this.session !== session || this.handle !== 0) return turnedDown(session, handle);
    this.handle = handle;
    this.seated = true;
    this.backoff.reset();
    this.setStatus('online', undefined, () => this.tenant.opened(readOpened(body)));
    return {
      applied: undefined,
      receive: (head: Header, message: Uint8Array) => this.receive(session, head, message),
      refused: (refusal: Refusal) => this.tenant.refused(refusal),
    };
  }

  private receive(session: Session, head: Header, body: Uint8Array): void {
    if (head.kind === Kind.Opened) return this.tenant.renewed(readOpened(body));
    if (head.kind !== Kind.Left) return this.tenant.receive(head, body);
    const { code, message } = readLeft(body);
    const error = new ParlorError(code, message);
    session.forget(head.handle);
    if (!this.passes(code)) return this.end(error);
    this.unseat();
    this.setStatus('offline', error);
    this.later(session);
  }

  /** A room that has been entered is only full of those who were lost with this connection. */
  private passes(code: number): boolean {
    return isPassing(code) || (code === Code.ROOM_FULL && this.seated);
  }

  private giveUp(): void {
    const { session, handle } = this;
    if (handle !== 0) {
      session?.send(Kind.Leave, handle, 0, buildLeave());
      session?.forget(handle);
    }
    this.unseat();
  }

  private unseat(): void {
    clearTimeout(this.retry);
    if (this.handle !== 0) {
      this.handle = 0;
      this.tenant.lost();
    }
  }

  private later(session: Session): void {
    clearTimeout(this.retry);
    this.retry = setTimeout(() => {
      if (this.session === session) this.ask(session).catch(() => {});
    }, this.backoff.next());
  }

  /** Listeners hear it when the room has done what goes with it. */
  private setStatus(status: SeatStatus, error?: ParlorError, first: () => void = () => {}): void {
    if (this.status === status) return;
    this.status = status;
    this.error = error;
    first();
    if (this.status !== status) return; // the room has ended it
    this.statuses.emit(status, error);
  }
}

/** A seat that comes when it is no longer wanted is given back. */
function turnedDown(session: Session, handle: number): Member {
  session.send(Kind.Leave, handle, 0, buildLeave());
  return { applied: undefined, receive: (head) => head.kind === Kind.Left && session.forget(handle), refused: () => {} };
}
