import { TickClock, type RoundTrip } from './clock';
import { DecodeError } from './bits';
import { buildCommand, buildEvent, buildLeave, type Ending, type Frame, type Joined, readEvents, readLeft, readMessage, readOwner, readState, type Refusal } from './messages';
import { Mirror } from './mirror';
import { CommandPacer } from './pacer';
import { Code, type Header, Kind, ParlorError } from './protocol';
import { decodeRecord, encodeRecord, type Fields, Shape } from './record';
import type { InputDef, Schema } from './schema';
import type { Member, Session } from './session';
import { Signal, type Unsubscribe } from './signal';
import { type Table, Tables } from './table';

/**
 * What a game's world holds, to type a Room: rows by table, values by event,
 * values by input. Names are those of the server's Go types and fields.
 */
export interface World {
  tables: object;
  events?: object;
  inputs?: object;
}

/** A world of which nothing is known at compile time. */
export interface AnyWorld {
  tables: Record<string, Record<string, unknown>>;
  events: Record<string, Record<string, unknown>>;
  inputs: Record<string, Record<string, unknown>>;
}

type TablesOf<W extends World> = { readonly [K in keyof W['tables']]: Table<W['tables'][K]> };
type Named<T> = T extends object ? T : Record<string, never>;

/** joining: no frame yet; reconnecting: the connection is lost and the seat held. */
export type RoomStatus = 'joining' | 'joined' | 'reconnecting' | 'left';

/** Draws rows of the room as they were a little ago. */
export interface Drawing {
  /** The tick that is drawn, with its fraction. */
  readonly drawn: number;
}

/** Holds the seat of a lost player. */
export interface Seat {
  room: string;
  token: string;
}

const RESYNC_MS = 2000; // a keyframe that does not come within this time: connect anew

/**
 * A place in a room. It is the same object over reconnections. Listeners run
 * after all tables are up to date.
 */
export class Room<W extends World = AnyWorld> {
  /** The tables, each as a property. */
  readonly tables: TablesOf<W>;
  id = '';
  kind = '';
  /** This player's ID: the key of its rows. */
  player = 0;
  /** For client.reconnect after a reload of the page; changes with each join. */
  seat: Seat = { room: '', token: '' };
  /** Ticks a second. */
  hz = 0;
  /** The tick of the last frame. */
  tick = 0;
  /** The last tick applied; 0 while a keyframe is awaited. */
  applied = 0;
  status: RoomStatus = 'joining';
  clock = new TickClock(1);
  pacer: CommandPacer;
  schema: Schema = { tables: [], events: [], inputs: [] };
  /** Frames that could not be applied or had another hash. */
  desyncs = 0;

  private readonly allTables = new Tables();
  private readonly frames = new Signal<[tick: number, ack: number]>();
  private readonly owners = new Signal<[]>();
  private readonly messages = new Map<string, Signal<[data: unknown, tick: number]>>();
  private readonly events = new Map<string, Signal<[value: Fields, tick: number]>>();
  private readonly leaves = new Signal<[reason: ParlorError]>();
  private readonly statuses = new Signal<[status: RoomStatus]>();
  private readonly errors = new Signal<[error: ParlorError]>();
  private inputs = new Map<string, { index: number; def: InputDef; shape: Shape }>();
  private mirror: Mirror | undefined;
  private session: Session | undefined;
  private readonly drawing = new Set<Drawing>();
  private handle = 0;
  private schemaHash = 0n;
  private seq = 0;
  private resync: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly roundTrip: RoundTrip,
    private readonly now: () => number,
  ) {
    this.tables = this.allTables.view();
    this.pacer = new CommandPacer(this.clock, roundTrip);
  }

  /** Sends an event input, such as a shot; returns its number, which an error about it names. */
  send<K extends keyof Named<W['inputs']> & string>(name: K, value?: Named<W['inputs']>[K]): number {
    const input = this.input(name, false);
    this.session?.send(Kind.Event, this.handle, this.applied, buildEvent(input.index, ++this.seq, encodeRecord(input.shape, value)));
    return this.seq;
  }

  /**
   * Sends the command for a tick, as CommandPacer.due gives them, and returns
   * the value as the server reads it, for the prediction.
   */
  command<K extends keyof Named<W['inputs']> & string>(name: K, tick: number, value: Named<W['inputs']>[K]): Named<W['inputs']>[K] {
    const input = this.input(name, true);
    const payload = encodeRecord(input.shape, value);
    this.session?.send(Kind.Command, this.handle, this.applied, buildCommand(tick, input.index, payload, this.seen()));
    return decodeRecord(input.shape, payload) as Named<W['inputs']>[K];
  }

  /** Commands name what the drawing shows when they are made, until it is taken back. For Interpolation. */
  draws(drawing: Drawing): Unsubscribe {
    this.drawing.add(drawing);
    return () => this.drawing.delete(drawing);
  }

  /** Gives up the seat. */
  leave(): void {
    this.session?.send(Kind.Leave, this.handle, this.applied, buildLeave());
    this.end({ code: Code.LEFT, message: '' });
  }

  /** Calls on after each frame, with its tick and the highest command tick that it includes. */
  onFrame(on: (tick: number, ack: number) => void): Unsubscribe {
    return this.frames.on(on);
  }

  /** Calls on after each owner section: it follows the frame of its tick when owner columns changed. */
  onOwner(on: () => void): Unsubscribe {
    return this.owners.on(on);
  }

  /** Calls on for each room message of that name. */
  onMessage<T = unknown>(name: string, on: (data: T, tick: number) => void): Unsubscribe {
    return named(this.messages, name).on(on as (data: unknown, tick: number) => void);
  }

  /** Calls on for each event of that name. */
  onEvent<K extends keyof Named<W['events']> & string>(name: K, on: (value: Named<W['events']>[K], tick: number) => void): Unsubscribe {
    return named(this.events, name).on(on as (value: Fields, tick: number) => void);
  }

  /** Calls on when the membership ends for good. */
  onLeave(on: (reason: ParlorError) => void): Unsubscribe {
    return this.leaves.on(on);
  }

  onStatus(on: (status: RoomStatus) => void): Unsubscribe {
    return this.statuses.on(on);
  }

  /** Calls on when the server refuses an input. */
  onError(on: (error: ParlorError) => void): Unsubscribe {
    return this.errors.on(on);
  }

  /** Takes a seat that a session has got. For Client. */
  attach(session: Session, handle: number, joined: Joined, schema: Schema): Member {
    if (joined.hz < 1) throw new DecodeError('a rate of 0');
    this.session = session;
    this.handle = handle;
    this.id = joined.room;
    this.kind = joined.kind;
    this.player = joined.player;
    this.seat = { room: joined.room, token: joined.token };
    this.applied = this.seq = 0;
    if (this.mirror === undefined || !joined.reconnected || this.schemaHash !== joined.schemaHash) this.adopt(schema, joined.schemaHash);
    if (this.hz !== joined.hz) {
      this.hz = joined.hz;
      this.clock = new TickClock(joined.hz);
      this.pacer = new CommandPacer(this.clock, this.roundTrip);
    }
    this.clock.restart(joined.tick, this.now());
    this.pacer.reset();
    const room = this;
    return {
      get applied() {
        return room.applied;
      },
      receive: (head, body) => this.receive(head, body),
      refused: (refusal) => this.refused(refusal),
    };
  }

  /** The connection is lost; the client tries to come back. For Client. */
  detach(): void {
    this.session = undefined;
    this.applied = 0;
    clearTimeout(this.resync);
    this.resync = undefined;
    if (this.status !== 'left') this.setStatus('reconnecting');
  }

  /** Ends the membership for good. For Client. */
  end(ending: Ending): void {
    if (this.status === 'left') return;
    clearTimeout(this.resync);
    this.session?.forget(this.handle);
    this.session = undefined;
    this.setStatus('left');
    this.leaves.emit(new ParlorError(ending.code, ending.message));
  }

  private adopt(schema: Schema, hash: bigint): void {
    this.schema = schema;
    this.schemaHash = hash;
    this.mirror = new Mirror(schema);
    this.allTables.bind(this.mirror);
    this.inputs = new Map(schema.inputs.map((def, index) => [def.name, { index, def, shape: new Shape(def.columns) }]));
  }

  private input(name: string, command: boolean): { index: number; shape: Shape } {
    const input = this.inputs.get(name);
    if (input === undefined || input.def.command !== command) {
      throw new TypeError(`room ${this.kind} has no ${command ? 'command' : 'event'} ${name}`);
    }
    return input;
  }

  /** The latest tick that is drawn, in 1/256 ticks; 0: nothing is drawn. */
  private seen(): number {
    let latest = 0;
    for (const { drawn } of this.drawing) latest = Math.max(latest, drawn);
    return Math.floor(latest * 256) >>> 0;
  }

  private receive(head: Header, body: Uint8Array): void {
    switch (head.kind) {
      case Kind.State:
        return this.onState(readState(body), head.ack);
      case Kind.Owner:
        return this.onSection(readOwner(body).payload);
      case Kind.Events:
        return this.onEvents(body);
      case Kind.Message: {
        const { name, data, tick } = readMessage(body);
        this.messages.get(name)?.emit(data, tick);
        return;
      }
      case Kind.Left:
        return this.end(readLeft(body));
    }
  }

  private onState(frame: Frame, ack: number): void {
    this.clock.arrived(frame.tick, this.now());
    const keyframe = frame.age === 0;
    if (!keyframe && this.applied === 0) return; // waiting for a keyframe
    if (!keyframe && frame.tick - frame.age !== this.applied) return this.desync();
    const mirror = this.mirror!;
    try {
      mirror.applyFrame(frame.payload, keyframe);
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      return this.desync();
    }
    if (!mirror.matches()) return this.desync();
    this.tick = this.applied = frame.tick;
    clearTimeout(this.resync);
    this.resync = undefined;
    this.pacer.acknowledged(frame.tick, ack);
    this.allTables.emit();
    this.frames.emit(frame.tick, ack);
    if (this.status !== 'joined') this.setStatus('joined');
  }

  private onSection(payload: Uint8Array): void {
    this.mirror!.applyOwner(payload);
    this.allTables.emit();
    this.owners.emit();
  }

  private onEvents(body: Uint8Array): void {
    const { tick, payload } = readEvents(body);
    const list: [string, Fields][] = [];
    this.mirror!.decodeEvents(payload, (event, value) => list.push([this.schema.events[event].name, value]));
    for (const [name, value] of list) this.events.get(name)?.emit(value, tick);
  }

  /** Asks for a keyframe, and connects anew if none comes. */
  private desync(): void {
    this.desyncs++;
    this.applied = 0;
    this.session?.report([{ handle: this.handle, tick: 0 }]);
    this.resync ??= setTimeout(() => this.session?.close(0, 'no keyframe came'), RESYNC_MS);
  }

  private refused(refusal: Refusal): void {
    this.errors.emit(new ParlorError(refusal.code, refusal.message, refusal.request));
  }

  private setStatus(status: RoomStatus): void {
    this.status = status;
    this.statuses.emit(status);
  }
}

function named<A extends unknown[]>(signals: Map<string, Signal<A>>, name: string): Signal<A> {
  let signal = signals.get(name);
  if (signal === undefined) signals.set(name, (signal = new Signal()));
  return signal;
}
