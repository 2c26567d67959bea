import * as flatbuffers from 'flatbuffers';
import * as fb from './fb';
import { PROTOCOL_VERSION } from './protocol';
import { readSchema, type Schema } from './schema';

// Bodies that a client sends, and readers of what a server sends. The readers
// copy what they keep, apart from payloads, which share the message's memory.

type Build = (b: flatbuffers.Builder) => number;

export function body(build: Build): Uint8Array {
  const b = new flatbuffers.Builder(128);
  b.finish(build(b));
  return b.asUint8Array();
}

/** Stores a string; an empty one is left out of its table. */
export function text(b: flatbuffers.Builder, s: string): number {
  return s === '' ? 0 : b.createString(s);
}

/** Stores a byte vector; an empty one is left out of its table. */
export function bytes(b: flatbuffers.Builder, p: Uint8Array | undefined): number {
  if (p === undefined || p.length === 0) return 0;
  return b.createByteVector(p);
}

export function buildHello(token: string, client: string): Uint8Array {
  return body((b) => {
    const [t, c] = [text(b, token), text(b, client)];
    fb.Hello.startHello(b);
    fb.Hello.addToken(b, t);
    fb.Hello.addClient(b, c);
    fb.Hello.addProtocol(b, PROTOCOL_VERSION);
    return fb.Hello.endHello(b);
  });
}

export function buildAuth(token: string): Uint8Array {
  return body((b) => fb.Auth.createAuth(b, text(b, token)));
}

/** What a join asks for. */
export interface JoinBody {
  request: number;
  mode: fb.JoinMode;
  kind?: string;
  room?: string;
  options?: Uint8Array;
  filter?: Uint8Array;
  token?: string;
  schemaHash?: bigint;
  private?: boolean;
}

export function buildJoin(j: JoinBody): Uint8Array {
  return body((b) => {
    const [options, filter] = [bytes(b, j.options), bytes(b, j.filter)];
    const [kind, room, token] = [text(b, j.kind ?? ''), text(b, j.room ?? ''), text(b, j.token ?? '')];
    fb.Join.startJoin(b);
    fb.Join.addSchemaHash(b, j.schemaHash ?? 0n);
    fb.Join.addRequest(b, j.request);
    fb.Join.addKind(b, kind);
    fb.Join.addRoom(b, room);
    fb.Join.addOptions(b, options);
    fb.Join.addFilter(b, filter);
    fb.Join.addToken(b, token);
    fb.Join.addMode(b, j.mode);
    fb.Join.addPrivate(b, j.private ?? false);
    return fb.Join.endJoin(b);
  });
}

export function buildLeave(): Uint8Array {
  return body((b) => fb.Leave.createLeave(b));
}

/** seen: the tick that was drawn when the command was made, in 1/256 ticks; 0: not said. */
export function buildCommand(tick: number, input: number, payload: Uint8Array, seen = 0): Uint8Array {
  return body((b) => fb.Command.createCommand(b, tick, input, bytes(b, payload), seen));
}

export function buildEvent(input: number, seq: number, payload: Uint8Array): Uint8Array {
  return body((b) => fb.Event.createEvent(b, input, seq, bytes(b, payload)));
}

export function buildPing(id: number, time: bigint): Uint8Array {
  return body((b) => fb.Ping.createPing(b, id, time));
}

/** The last tick applied in a room; 0: a keyframe is needed. */
export interface Applied {
  handle: number;
  tick: number;
}

export function buildPong(id: number, time: bigint, applied: readonly Applied[]): Uint8Array {
  return body((b) => {
    fb.Pong.startAppliedVector(b, applied.length);
    for (let i = applied.length - 1; i >= 0; i--) fb.Applied.createApplied(b, applied[i].handle, applied[i].tick);
    return fb.Pong.createPong(b, id, time, 0n, b.endVector());
  });
}

export function buildClose(code: number, message: string): Uint8Array {
  return body((b) => fb.Close.createClose(b, code, text(b, message)));
}

export function buffer(p: Uint8Array): flatbuffers.ByteBuffer {
  return new flatbuffers.ByteBuffer(p);
}

/** The server's answer to a Hello. */
export interface Welcome {
  protocol: number;
  session: string;
  user: string;
  guestToken: string;
  /** Microseconds since the Unix epoch. */
  serverTime: bigint;
  /** Milliseconds. */
  pingInterval: number;
  server: string;
  development: boolean;
}

export function readWelcome(p: Uint8Array): Welcome {
  const w = fb.Welcome.getRootAsWelcome(buffer(p));
  return {
    protocol: w.protocol(), session: w.session() ?? '', user: w.user() ?? '', guestToken: w.guestToken() ?? '',
    serverTime: w.serverTime(), pingInterval: w.pingInterval(), server: w.server() ?? '', development: w.development(),
  };
}

/** The server's answer to a Join. */
export interface Joined {
  request: number;
  room: string;
  kind: string;
  player: number;
  token: string;
  hz: number;
  tick: number;
  /** Milliseconds. */
  grace: number;
  reconnected: boolean;
  schemaHash: bigint;
  /** Undefined when the client named the schema in its Join. */
  schema: Schema | undefined;
}

export function readJoined(p: Uint8Array): Joined {
  const j = fb.Joined.getRootAsJoined(buffer(p));
  const schema = j.schema();
  return {
    request: j.request(), room: j.room() ?? '', kind: j.kind() ?? '', player: j.player(), token: j.token() ?? '',
    hz: j.hz(), tick: j.tick(), grace: j.grace(), reconnected: j.reconnected(), schemaHash: j.schemaHash(),
    schema: schema === null ? undefined : readSchema(schema),
  };
}

/** A Left or a Close. */
export interface Ending {
  code: number;
  message: string;
}

export function readLeft(p: Uint8Array): Ending {
  const l = fb.Left.getRootAsLeft(buffer(p));
  return { code: l.code(), message: l.message() ?? '' };
}

export function readClose(p: Uint8Array): Ending {
  const c = fb.Close.getRootAsClose(buffer(p));
  return { code: c.code(), message: c.message() ?? '' };
}

/** A state frame: the change from tick − age to tick; age 0: a keyframe. */
export interface Frame {
  tick: number;
  age: number;
  payload: Uint8Array;
}

export function readState(p: Uint8Array): Frame {
  const s = fb.State.getRootAsState(buffer(p));
  return { tick: s.tick(), age: s.age(), payload: s.payloadArray() ?? new Uint8Array() };
}

/** An Owner or Events section. */
export interface Section {
  tick: number;
  payload: Uint8Array;
}

export function readOwner(p: Uint8Array): Section {
  const o = fb.Owner.getRootAsOwner(buffer(p));
  return { tick: o.tick(), payload: o.payloadArray() ?? new Uint8Array() };
}

export function readEvents(p: Uint8Array): Section {
  const e = fb.Events.getRootAsEvents(buffer(p));
  return { tick: e.tick(), payload: e.payloadArray() ?? new Uint8Array() };
}

/** A room message; data is what JSON.parse made of it. */
export interface RoomMessage {
  tick: number;
  name: string;
  data: unknown;
}

export function readMessage(p: Uint8Array): RoomMessage {
  const m = fb.Message.getRootAsMessage(buffer(p));
  const data = m.dataArray();
  return { tick: m.tick(), name: m.name() ?? '', data: data === null ? undefined : JSON.parse(new TextDecoder().decode(data)) };
}

/** A refusal of one message. */
export interface Refusal {
  code: number;
  request: number;
  message: string;
}

export function readError(p: Uint8Array): Refusal {
  const e = fb.Error.getRootAsError(buffer(p));
  return { code: e.code(), request: e.request(), message: e.message() ?? '' };
}

export function readPing(p: Uint8Array): { id: number; time: bigint } {
  const q = fb.Ping.getRootAsPing(buffer(p));
  return { id: q.id(), time: q.time() };
}

export function readPong(p: Uint8Array): { id: number; time: bigint; serverTime: bigint } {
  const q = fb.Pong.getRootAsPong(buffer(p));
  return { id: q.id(), time: q.time(), serverTime: q.serverTime() };
}
