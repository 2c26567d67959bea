import * as flatbuffers from 'flatbuffers';
import { BitWriter } from '../src/bits';
import * as fb from '../src/fb';
import type { Dial, Hash, Schema, Transport } from '../src/index';
import { type Header, isFinal, joinMessage, Kind, splitMessage } from '../src/protocol';
import { Mirror } from '../src/mirror';
import { ColumnFlag, ColumnKind, type Column } from '../src/schema';

/** A server that a test plays by hand: it sees what clients send and answers as told. */
export class FakeServer {
  readonly connections: Connection[] = [];
  /** Answers dials; false: they fail. */
  up = true;

  readonly dial: Dial = () => {
    const c = new Connection();
    this.connections.push(c);
    queueMicrotask(() => (this.up ? c.onOpen() : c.drop()));
    return c;
  };

  get last(): Connection {
    return this.connections[this.connections.length - 1];
  }
}

interface Received {
  head: Header;
  body: flatbuffers.ByteBuffer;
}

/** One connection as the server sees it. */
export class Connection implements Transport {
  onOpen = () => {};
  onMessage: (message: Uint8Array) => void = () => {};
  onClose: (status: number, reason: string) => void = () => {};
  readonly received: Received[] = [];
  closedWith: number | undefined;

  send(message: Uint8Array): void {
    const { head, body } = splitMessage(message)!;
    this.received.push({ head, body: new flatbuffers.ByteBuffer(body) });
  }

  close(status = 1000): void {
    if (this.closedWith !== undefined) return;
    this.closedWith = status;
    queueMicrotask(() => this.onClose(status, ''));
  }

  /** Breaks the connection. */
  drop(status = 1006): void {
    this.closedWith ??= status;
    this.onClose(status, '');
  }

  /** The messages of a kind that came so far. */
  of(kind: number): Received[] {
    return this.received.filter((r) => r.head.kind === kind);
  }

  push(kind: number, handle: number, ack: number, build: (b: flatbuffers.Builder) => number, flags = 0): void {
    const b = new flatbuffers.Builder(64);
    b.finish(build(b));
    const message = joinMessage(kind, handle, ack, b.asUint8Array());
    message[1] = flags;
    this.onMessage(message);
  }

  welcome(guest = 'guest-1', user = 'u'): void {
    this.push(Kind.Welcome, 0, 0, (b) =>
      fb.Welcome.createWelcome(b, 1, b.createString('s'), b.createString(user), b.createString(guest), 1n, 5000, b.createString('test'), true),
    );
  }

  /** Answers the newest Join. */
  joined(handle: number, schema: Schema | undefined, more: { room?: string; token?: string; reconnected?: boolean; hash?: bigint } = {}): void {
    const join = fb.Join.getRootAsJoin(this.of(Kind.Join).at(-1)!.body);
    this.push(Kind.Joined, handle, 0, (b) => {
      const [room, kind, token] = [b.createString(more.room ?? 'room-1'), b.createString('arena'), b.createString(more.token ?? 'seat-1')];
      const described = schema === undefined ? 0 : buildSchema(b, schema);
      fb.Joined.startJoined(b);
      fb.Joined.addSchemaHash(b, more.hash ?? 77n);
      fb.Joined.addRequest(b, join.request());
      fb.Joined.addRoom(b, room);
      fb.Joined.addKind(b, kind);
      fb.Joined.addPlayer(b, 1 << 20);
      fb.Joined.addToken(b, token);
      fb.Joined.addHz(b, 20);
      fb.Joined.addTick(b, 100);
      fb.Joined.addReconnected(b, more.reconnected ?? false);
      if (described !== 0) fb.Joined.addSchema(b, described);
      return fb.Joined.endJoined(b);
    });
  }

  refuse(handle: number, code: number, request: number): void {
    this.push(Kind.Error, handle, 0, (b) => fb.Error.createError(b, code, request, b.createString('no')));
  }

  state(handle: number, tick: number, age: number, payload: Uint8Array, ack = 0): void {
    this.push(Kind.State, handle, ack, (b) => {
      const p = b.createByteVector(payload);
      fb.State.startState(b);
      fb.State.addTick(b, tick);
      fb.State.addPayload(b, p);
      fb.State.addAge(b, age);
      return fb.State.endState(b);
    });
  }

  events(handle: number, tick: number, payload: Uint8Array): void {
    this.push(Kind.Events, handle, 0, (b) => fb.Events.createEvents(b, tick, b.createByteVector(payload)));
  }

  owner(handle: number, tick: number, payload: Uint8Array): void {
    this.push(Kind.Owner, handle, 0, (b) => fb.Owner.createOwner(b, tick, b.createByteVector(payload)));
  }

  message(handle: number, name: string, json: string): void {
    this.push(Kind.Message, handle, 0, (b) =>
      fb.Message.createMessage(b, 1, b.createString(name), b.createByteVector(new TextEncoder().encode(json))),
    );
  }

  left(handle: number, code: number): void {
    this.push(Kind.Left, handle, 0, (b) => fb.Left.createLeft(b, code, b.createString('bye')));
  }

  /** Says goodbye and closes, as a server does. */
  end(code: number): void {
    this.push(Kind.Close, 0, 0, (b) => fb.Close.createClose(b, code, b.createString('the end')));
    this.drop((isFinal(code) ? 4400 : 4000) + code);
  }
}

function buildColumns(b: flatbuffers.Builder, columns: readonly Column[]): number[] {
  return columns.map((c) => fb.Column.createColumn(b, b.createString(c.name), c.kind, c.flags, c.quant, c.min, c.max));
}

function buildSchema(b: flatbuffers.Builder, s: Schema): number {
  const tables = s.tables.map((t) => {
    const columns = fb.TableDef.createColumnsVector(b, buildColumns(b, t.columns));
    return fb.TableDef.createTableDef(b, b.createString(t.name), t.single, columns, false);
  });
  const events = s.events.map((e) => {
    const columns = fb.EventDef.createColumnsVector(b, buildColumns(b, e.columns));
    return fb.EventDef.createEventDef(b, b.createString(e.name), columns);
  });
  const inputs = s.inputs.map((i) => {
    const columns = fb.InputDef.createColumnsVector(b, buildColumns(b, i.columns));
    return fb.InputDef.createInputDef(b, b.createString(i.name), i.command, i.table, columns);
  });
  const [t, e, i] = [fb.Schema.createTablesVector(b, tables), fb.Schema.createEventsVector(b, events), fb.Schema.createInputsVector(b, inputs)];
  return fb.Schema.createSchema(b, 77n, t, e, i);
}

const column = (name: string, kind: number, flags = 0): Column => ({ name, kind, flags, quant: 0, min: 0, max: 0 });

/** A world of one table, one event and two inputs. */
export const testSchema: Schema = {
  tables: [{ name: 'Players', single: false, columns: [column('X', ColumnKind.Int32), column('Ammo', ColumnKind.Uint8, ColumnFlag.Owner)] }],
  events: [{ name: 'Kills', columns: [column('Of', ColumnKind.ID)] }],
  inputs: [
    { name: 'Move', command: true, table: 0, columns: [column('X', ColumnKind.Int8)] },
    { name: 'Shoot', command: false, table: 0, columns: [] },
  ],
};

export interface TestWorld {
  tables: { Players: { X: number; Ammo?: number } };
  events: { Kills: { Of: number } };
  inputs: { Move: { X: number }; Shoot: object };
}

function zigzag(v: number): number {
  return ((v << 1) ^ (v >> 31)) >>> 0;
}

/** A frame whose row in slot 0 has moved by dx, and which carries the hash if there is one. */
export function moved(dx: number, hash?: Hash): Uint8Array {
  const w = new BitWriter();
  putHash(w, hash);
  w.bits(0b1001, 4); // changed; no deletes; no creates; updates
  w.bits(0, 2); // all rows
  w.bits(1, 1);
  w.bits(0, 2);
  w.bits(32, 6);
  w.bits(zigzag(dx), 32);
  return w.finish();
}

/** A keyframe of one row in slot 0. */
export function keyframe(x: number, withHash = false): Uint8Array {
  const plain = keyframeWith(x, undefined);
  if (!withHash) return plain;
  const mirror = new Mirror(testSchema);
  mirror.applyFrame(plain, true);
  return keyframeWith(x, mirror.hash());
}

function keyframeWith(x: number, hash: Hash | undefined): Uint8Array {
  const w = new BitWriter();
  putHash(w, hash);
  w.bits(0b101, 3); // changed; no deletes; creates
  w.uvar(1);
  w.uvar(0);
  w.bits(1, 12);
  w.bits(32, 6);
  w.bits(zigzag(x), 32);
  w.bits(0, 1);
  return w.finish();
}

function putHash(w: BitWriter, hash: Hash | undefined): void {
  w.bool(hash !== undefined);
  if (hash === undefined) return;
  w.bits(hash.a, 32);
  w.bits(hash.b, 32);
}

/** An owner section with the Ammo of slot 0's row. */
export function ammo(n: number, full: boolean): Uint8Array {
  const w = new BitWriter();
  w.bool(full);
  w.uvar(1);
  w.bits(1 << 20, 32);
  w.bool(true);
  w.uvar(n);
  return w.finish();
}

/** An Events payload with one kill. */
export function kill(of: number): Uint8Array {
  const w = new BitWriter();
  w.uvar(1);
  w.uvar(0);
  w.uvar(of);
  return w.finish();
}
