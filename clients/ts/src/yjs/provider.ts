import { DecodeError } from '../bits';
import type { Refusal } from '../messages';
import { Code, type Header, Kind, ParlorError } from '../protocol';
import { ByteReader, ByteWriter } from '../records/bytes';
import { type Opened, readReset } from '../records/messages';
import { MOST_BYTES } from '../records/write';
import { Signal } from '../signal';
import type { TogetherClient } from '../together/client';
import { buildSync, readSync } from '../together/messages';
import { openWords, type OpenWords, Seat, type SeatStatus, type Tenant } from '../together/seat';

/** What the provider does to a Y.Doc. */
export interface YDoc {
  readonly clientID: number;
  on(event: 'update', on: (update: Uint8Array, origin: any) => void): void;
  off(event: 'update', on: (update: Uint8Array, origin: any) => void): void;
}

/** What it needs of yjs: `import * as Y from 'yjs'`. */
export interface YjsModule {
  applyUpdate(doc: any, update: Uint8Array, origin?: any): void;
  encodeStateAsUpdate(doc: any, stateVector?: Uint8Array): Uint8Array;
  encodeStateVector(doc: any): Uint8Array;
}

/** An Awareness of y-protocols. */
export interface Awareness {
  getLocalState(): Record<string, any> | null;
  getStates(): Map<number, any>;
  on(event: 'update', on: (change: AwarenessChange, origin: any) => void): void;
  off(event: 'update', on: (change: AwarenessChange, origin: any) => void): void;
  destroy(): void;
  [more: string]: any;
}

interface AwarenessChange {
  added: number[];
  updated: number[];
  removed: number[];
}

/** What it needs for awareness: `import * as awarenessProtocol from 'y-protocols/awareness'`. */
export interface AwarenessModule {
  Awareness: new (doc: any) => any;
  encodeAwarenessUpdate(awareness: any, clients: number[]): Uint8Array;
  applyAwarenessUpdate(awareness: any, update: Uint8Array, origin: any): void;
  removeAwarenessStates(awareness: any, clients: number[], origin: any): void;
}

export interface YjsProviderOptions {
  Y: YjsModule;
  /** Without it there is no awareness. */
  awarenessProtocol?: AwarenessModule;
  /** An awareness of the document; a new one unless given. */
  awareness?: any;
}

/** Events, the first three as y-websocket has them. */
export interface YjsProviderEvents {
  status: [event: { status: 'connecting' | 'connected' | 'disconnected' }];
  sync: [synced: boolean];
  synced: [synced: boolean];
  /** The room is over for this document, or a message did not fit it. */
  error: [error: Error];
  /** The room's document was begun anew: this one is no longer kept the same. Make a new Y.Doc and a provider for it. */
  reset: [];
}

const Message = { Sync: 0, Awareness: 1, QueryAwareness: 3 } as const;
const AGAIN_MS = 1000;
const Step = { One: 0, Two: 1, Update: 2 } as const;

/**
 * Keeps a Y.Doc, and an Awareness, the same as a Yjs room's, over the client's
 * connection: what y-websocket's WebsocketProvider is for a connection of its
 * own. It brings no yjs; the page gives it its own.
 *
 *     new YjsProvider(client, 'notes/x', doc, { Y, awarenessProtocol });
 */
export class YjsProvider implements Tenant {
  readonly awareness: Awareness | undefined;
  /** user's role in the room: reader, writer or owner. */
  role = '';
  private readonly seat: Seat;
  private readonly signals = { status: new Signal(), sync: new Signal(), synced: new Signal(), error: new Signal(), reset: new Signal() };
  private readonly listeners = new Map<unknown, () => void>();
  private same = false;
  private connected = false;
  private epoch: bigint | undefined;
  private destroyed = false;
  private again: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly client: TogetherClient,
    readonly room: string,
    readonly doc: YDoc,
    private readonly options: YjsProviderOptions,
  ) {
    const { awarenessProtocol, awareness } = options;
    if (awareness !== undefined && awarenessProtocol === undefined) throw new TypeError('an awareness needs awarenessProtocol: import * as awarenessProtocol from "y-protocols/awareness"');
    this.awareness = awarenessProtocol === undefined ? undefined : (awareness ?? new awarenessProtocol.Awareness(doc));
    this.seat = new Seat(room, this);
    this.seat.statuses.on((status, error) => this.onStatus(status, error));
    doc.on('update', this.onUpdate);
    this.awareness?.on('update', this.onAwareness);
    client.attend(this.seat);
  }

  /** What the server held when the connection opened is here. */
  get synced(): boolean {
    return this.same;
  }

  get status(): SeatStatus {
    return this.seat.status;
  }

  on<E extends keyof YjsProviderEvents>(event: E, on: (...args: YjsProviderEvents[E]) => void): void {
    this.listeners.set(on, this.signals[event].on(on as (...args: unknown[]) => void));
  }

  off<E extends keyof YjsProviderEvents>(_event: E, on: (...args: YjsProviderEvents[E]) => void): void {
    this.listeners.get(on)?.();
    this.listeners.delete(on);
  }

  /** Ends it: others no longer see this document's awareness. */
  destroy(): void {
    if (this.destroyed) return;
    this.destroyed = true;
    const { awareness, doc, options } = this;
    if (awareness !== undefined) {
      options.awarenessProtocol!.removeAwarenessStates(awareness, [doc.clientID], 'destroyed');
      awareness.off('update', this.onAwareness);
      if (options.awareness === undefined) awareness.destroy();
    }
    doc.off('update', this.onUpdate);
    this.seat.end();
    this.client.release(this.seat);
  }

  words(): OpenWords {
    return openWords({ epoch: this.epoch ?? 0n });
  }

  opened({ epoch, role }: Opened): void {
    if (this.epoch !== undefined && this.epoch !== epoch) return this.reset();
    this.epoch = epoch;
    this.role = role;
    this.connected = true;
    this.emit('status', { status: 'connected' });
    this.sync(Step.One, this.options.Y.encodeStateVector(this.doc));
    if (this.awareness?.getLocalState()) this.tell([this.doc.clientID]);
  }

  renewed({ role }: Opened): void {
    this.role = role;
  }

  receive(head: Header, body: Uint8Array): void {
    if (head.kind === Kind.Sync) this.onMessage(readSync(body));
    else if (head.kind === Kind.Reset && readReset(body).epoch !== this.epoch) this.reset();
  }

  refused({ code, message }: Refusal): void {
    if (code === Code.RATE_LIMITED && !this.same) this.beginAgain(); // edits that were refused the server asks for itself
    else this.emit('error', new ParlorError(code, message));
  }

  lost(): void {
    clearTimeout(this.again);
    this.setSynced(false);
    const { awareness, doc, options } = this;
    if (awareness === undefined || this.destroyed) return;
    const others = [...awareness.getStates().keys()].filter((client) => client !== doc.clientID);
    options.awarenessProtocol!.removeAwarenessStates(awareness, others, this);
  }

  private onMessage(message: Uint8Array): void {
    const r = new ByteReader(message);
    const kind = r.uvarint();
    if (kind === Message.QueryAwareness) return this.tell([...(this.awareness?.getStates().keys() ?? [])]);
    if (kind === Message.Awareness) return this.take('awareness', r.take());
    if (kind !== Message.Sync) return; // of a later version
    const step = r.uvarint();
    const bytes = r.take();
    if (step === Step.One) return this.answer(bytes);
    if (step !== Step.Two && step !== Step.Update) throw new DecodeError(`a sync message of kind ${step}`);
    this.take('document', bytes);
    if (step === Step.Two) this.setSynced(true);
  }

  /** The room had no time for the first step. */
  private beginAgain(): void {
    clearTimeout(this.again);
    this.again = setTimeout(() => {
      if (!this.same) this.sync(Step.One, this.options.Y.encodeStateVector(this.doc));
    }, AGAIN_MS);
  }

  /** Sends what the server lacks. */
  private answer(stateVector: Uint8Array): void {
    let update: Uint8Array;
    try {
      update = this.options.Y.encodeStateAsUpdate(this.doc, stateVector);
    } catch {
      throw new DecodeError('a state vector that is none');
    }
    this.sync(Step.Two, update);
  }

  /** Applies what came. Errors are those of the update, or of the page's observers: neither ends the connection. */
  private take(what: 'document' | 'awareness', update: Uint8Array): void {
    const { Y, awarenessProtocol } = this.options;
    try {
      if (what === 'document') Y.applyUpdate(this.doc, update, this);
      else if (this.awareness !== undefined) awarenessProtocol!.applyAwarenessUpdate(this.awareness, update, this);
    } catch (error) {
      this.emit('error', error instanceof Error ? error : new Error(String(error)));
    }
  }

  private readonly onUpdate = (update: Uint8Array, origin: unknown): void => {
    if (origin !== this) this.sync(Step.Update, update);
  };

  private readonly onAwareness = ({ added, updated, removed }: AwarenessChange, origin: unknown): void => {
    if (origin !== this) this.tell([...added, ...updated, ...removed]);
  };

  private sync(step: number, bytes: Uint8Array): void {
    this.send(Message.Sync, step, bytes);
  }

  /** Sends the awareness of clients. */
  private tell(clients: number[]): void {
    if (this.awareness === undefined || clients.length === 0) return;
    this.send(Message.Awareness, undefined, this.options.awarenessProtocol!.encodeAwarenessUpdate(this.awareness, clients));
  }

  private send(kind: number, step: number | undefined, bytes: Uint8Array): void {
    if (!this.seat.online) return; // the next connection's first steps make up for it
    if (bytes.length > MOST_BYTES) return this.emit('error', new ParlorError(Code.TOO_LARGE, `an update of ${bytes.length} bytes; a message takes 1 MiB`));
    const w = new ByteWriter();
    w.uvarint(kind);
    if (step !== undefined) w.uvarint(step);
    w.put(bytes);
    this.seat.send(Kind.Sync, buildSync(w.finish()));
  }

  /** The room has another document: merging this one into it would bring back what it has forgotten. */
  private reset(): void {
    this.seat.end();
    this.destroy();
    this.emit('reset');
  }

  private setSynced(synced: boolean): void {
    if (this.same === synced) return;
    this.same = synced;
    this.emit('synced', synced);
    this.emit('sync', synced);
  }

  private onStatus(status: SeatStatus, error: ParlorError | undefined): void {
    if (this.connected && status !== 'online') {
      this.connected = false;
      this.emit('status', { status: 'disconnected' });
    }
    if (status === 'closed' && error !== undefined) this.emit('error', error);
  }

  private emit<E extends keyof YjsProviderEvents>(event: E, ...args: YjsProviderEvents[E]): void {
    this.signals[event].emit(...(args as never[]));
  }
}
