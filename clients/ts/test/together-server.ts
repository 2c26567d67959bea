import type * as flatbuffers from 'flatbuffers';
import * as fb from '../src/fb';
import { Kind } from '../src/protocol';
import { ByteReader, ByteWriter } from '../src/records/bytes';
import { KINDS } from '../src/records/describe';
import { CellKind, type Field } from '../src/records/descriptor';
import { type Fields, readPatch, readRow, writePatch, writeRow } from '../src/records/row';
import { DeltaFlag } from '../src/records/wire';
import { Client, type ClientOptions, type Disk, MemoryDisk, type Move, type Tabs } from '../src/together';
import { WHOLE } from '../src/together/messages';
import { FakeTabs, settle } from './records-server';
import { type Connection, FakeServer } from './server';

export const field = (name: string, kind: number, optional = false): Field => ({
  name, kind, optional, required: false, immutable: false, user: false, server: false, auto: false, retired: false, default: undefined,
});

/** What members of the test's presence room show. */
export const cursor = [field('Name', CellKind.String), field('X', CellKind.Float32), field('Y', CellKind.Float32), field('Typing', CellKind.Bool)];

export interface Cursor {
  Name: string;
  X: number;
  Y: number;
  Typing: boolean;
}

const wave = [field('At', CellKind.Float32)];

function describe(fields: readonly Field[]): object[] {
  return fields.map((f) => ({ name: f.name, kind: KINDS[f.kind], optional: f.optional || undefined }));
}

export const cursorSchema = { state: describe(cursor), casts: [{ name: 'Wave', fields: describe(wave) }], timeout: 30_000, sample: 128, position: true, groups: true };

/** What members of a board show, as far as the tests need it. */
export const pointer = [field('Name', CellKind.String), field('X', CellKind.Float32), field('Y', CellKind.Float32), field('Selection', CellKind.JSON)];

export const boardSchema = {
  kinds: { rect: { props: {}, frame: false } },
  presence: { state: describe(pointer), casts: [], timeout: 30_000, sample: 128, position: true },
  limits: {},
};

/** One member as a Crowd has it. */
export type CrowdItem =
  | { enter: number; user?: string; group?: string; state: Fields }
  | { change: number; to: Fields }
  | { leave: number }
  | { inside: string }
  | { outside: string };

export function crowdPayload(items: readonly CrowdItem[], fields: readonly Field[]): Uint8Array {
  const w = new ByteWriter();
  const inner = (write: (i: ByteWriter) => void) => {
    const i = new ByteWriter();
    write(i);
    w.put(i.finish());
  };
  for (const item of items) {
    if ('enter' in item) {
      w.byte(1);
      w.uvarint(item.enter);
      w.text(item.user ?? 'u');
      w.text(item.group ?? '');
      inner((i) => writeRow(i, fields, item.state));
    } else if ('change' in item) {
      w.byte(2);
      w.uvarint(item.change);
      inner((i) => writePatch(i, fields, item.to));
    } else if ('leave' in item) {
      w.byte(3);
      w.uvarint(item.leave);
    } else {
      w.byte('inside' in item ? 4 : 5);
      w.text('inside' in item ? item.inside : item.outside);
    }
  }
  return w.finish();
}

/** What a Drags says of one shape. */
export type DragItem = { member: number; move: Move } | { ended: string };

export interface OpenedWith {
  schema?: object | string | null;
  member?: number;
  hz?: number;
  role?: string;
  epoch?: bigint;
  seq?: number;
  known?: boolean;
  last?: number;
  hash?: bigint;
}

/** One connection, as a server of presence rooms, boards and Yjs rooms sees it. */
export class TogetherConnection {
  constructor(
    readonly c: Connection,
    private readonly state: readonly Field[] = cursor,
  ) {}

  opens() {
    return this.c.of(Kind.Open).map(({ body }) => {
      const o = fb.Open.getRootAsOpen(body);
      return { request: o.request(), room: o.room() ?? '', client: o.client() ?? '', epoch: o.epoch(), cursor: o.cursor(), hash: o.schemaHash() };
    });
  }

  shows() {
    return this.c.of(Kind.Show).map(({ body }) => {
      const s = fb.Show.getRootAsShow(body);
      const state = s.stateArray() ?? new Uint8Array();
      return { state: state.length === 0 ? {} : readPatch(new ByteReader(state), this.state), group: s.group() ?? '' };
    });
  }

  casts() {
    return this.c.of(Kind.Cast).map(({ body }) => {
      const s = fb.Cast.getRootAsCast(body);
      return { request: s.request(), name: s.name(), data: readRow(new ByteReader(s.dataArray()!), wave), group: s.group() ?? '', to: s.to() };
    });
  }

  looks() {
    return this.c.of(Kind.Look).map(({ body }) => {
      const l = fb.Look.getRootAsLook(body);
      return { x: l.x(), y: l.y(), width: l.width(), height: l.height(), follow: l.follow() };
    });
  }

  groups() {
    return this.c.of(Kind.Group).map(({ body }) => {
      const g = fb.Group.getRootAsGroup(body);
      return { request: g.request(), name: g.name(), leave: g.leave() };
    });
  }

  mutates() {
    return this.c.of(Kind.Mutate).map(({ body }) => {
      const m = fb.Mutate.getRootAsMutate(body);
      return { id: Number(m.id()), name: m.name() ?? '', void: m.void_(), args: m.void_() ? undefined : JSON.parse(new TextDecoder().decode(m.argsArray()!)) };
    });
  }

  drags() {
    return this.c.of(Kind.Drag).map(({ body }) => {
      const d = fb.Drag.getRootAsDrag(body);
      const r = new ByteReader(d.payloadArray() ?? new Uint8Array());
      const moves: Move[] = [];
      while (!r.done) moves.push({ id: r.text(), x: r.float32(), y: r.float32(), w: r.float32(), h: r.float32(), r: r.float32() });
      return { gesture: d.gesture(), phase: d.phase(), moves };
    });
  }

  syncs(): Uint8Array[] {
    return this.c.of(Kind.Sync).map(({ body }) => fb.Sync.getRootAsSync(body).payloadArray()!.slice());
  }

  leaves(): number[] {
    return this.c.of(Kind.Leave).map(({ head }) => head.handle);
  }

  /** Answers the newest Open. */
  opened(handle: number, more: OpenedWith = {}): void {
    this.push(Kind.Opened, handle, 0, (b) => {
      const text = typeof more.schema === 'string' ? more.schema : JSON.stringify(more.schema ?? cursorSchema);
      const [room, role] = [b.createString(this.opens().at(-1)!.room), b.createString(more.role ?? '')];
      const schema = more.schema === null ? 0 : b.createByteVector(new TextEncoder().encode(text));
      fb.Opened.startOpened(b);
      fb.Opened.addRequest(b, this.opens().at(-1)!.request);
      fb.Opened.addRoom(b, room);
      fb.Opened.addRole(b, role);
      fb.Opened.addEpoch(b, more.epoch ?? 7n);
      fb.Opened.addSeq(b, BigInt(more.seq ?? 1));
      fb.Opened.addKnown(b, more.known ?? (more.last ?? 0) > 0);
      fb.Opened.addLast(b, BigInt(more.last ?? 0));
      fb.Opened.addSchemaHash(b, more.hash ?? 99n);
      if (schema !== 0) fb.Opened.addSchema(b, schema);
      fb.Opened.addMember(b, more.member ?? 1);
      fb.Opened.addHz(b, more.hz ?? 30);
      return fb.Opened.endOpened(b);
    });
  }

  crowd(handle: number, items: readonly CrowdItem[], whole = false): void {
    this.payload(Kind.Crowd, handle, crowdPayload(items, this.state), whole ? WHOLE : 0);
  }

  casted(handle: number, from: number, name: string, data: Fields, group = ''): void {
    const w = new ByteWriter();
    writeRow(w, wave, data);
    this.push(Kind.Casted, handle, 0, (b) => fb.Casted.createCasted(b, from, b.createString(name), b.createByteVector(w.finish()), b.createString(group)));
  }

  delta(handle: number, from: number, seq: number, payload: object | string, flags = 0): void {
    const text = typeof payload === 'string' ? payload : JSON.stringify(payload);
    this.push(Kind.Delta, handle, flags, (b) => fb.Delta.createDelta(b, 1, BigInt(from), BigInt(seq), b.createByteVector(new TextEncoder().encode(text))));
  }

  snapshot(handle: number, seq: number, set: readonly object[], part = false): void {
    this.delta(handle, 0, seq, { set }, DeltaFlag.Snapshot | (part ? DeltaFlag.Part : 0));
  }

  receipt(handle: number, mutation: number, seq: number, more: { code?: number; message?: string; field?: string; result?: unknown } = {}): void {
    this.push(Kind.Receipt, handle, 0, (b) => {
      const [message, name] = [b.createString(more.message ?? ''), b.createString(more.field ?? '')];
      const result = more.result === undefined ? 0 : b.createByteVector(new TextEncoder().encode(JSON.stringify(more.result)));
      return fb.Receipt.createReceipt(b, BigInt(mutation), BigInt(seq), more.code ?? 0, message, name, result);
    });
  }

  dragged(handle: number, items: readonly DragItem[], whole = false): void {
    const w = new ByteWriter();
    for (const item of items) {
      if ('ended' in item) {
        w.byte(2);
        w.text(item.ended);
        continue;
      }
      const { id, x, y, w: width, h, r } = item.move;
      w.byte(1);
      w.uvarint(item.member);
      w.text(id);
      for (const n of [x, y, width, h, r]) w.float32(n);
    }
    this.payload(Kind.Drags, handle, w.finish(), whole ? WHOLE : 0);
  }

  sync(handle: number, message: Uint8Array): void {
    this.payload(Kind.Sync, handle, message);
  }

  reset(handle: number, epoch: bigint): void {
    this.push(Kind.Reset, handle, 0, (b) => fb.Reset.createReset(b, epoch, 0, 0));
  }

  refuse(handle: number, code: number, request: number, message = 'no'): void {
    this.push(Kind.Error, handle, 0, (b) => fb.Error.createError(b, code, request, b.createString(message)));
  }

  /** Sends a table whose only field is a payload. */
  payload(kind: number, handle: number, payload: Uint8Array, flags = 0): void {
    this.push(kind, handle, flags, (b) => {
      const p = b.createByteVector(payload);
      b.startObject(1);
      b.addFieldOffset(0, p, 0);
      return b.endObject();
    });
  }

  private push(kind: number, handle: number, flags: number, build: (b: flatbuffers.Builder) => number): void {
    this.c.push(kind, handle, 0, build, flags);
  }
}

/** One page: a client of a made-up server, with a disk that the next page may share. */
export class TogetherPage {
  readonly server = new FakeServer();
  readonly client: Client;
  time = 0;
  /** What members show. */
  state: readonly Field[] = cursor;

  constructor(disk: Disk = new MemoryDisk(), tabs: Tabs = new FakeTabs(), options: Partial<ClientOptions> = {}) {
    this.client = new Client('http://localhost:7777', { dial: this.server.dial, now: () => this.time, records: { disk, tabs }, ...options });
  }

  get connection(): TogetherConnection {
    return new TogetherConnection(this.server.last, this.state);
  }

  /** Opens a room while the server answers. */
  async open<R>(opening: Promise<R>, more: OpenedWith = {}): Promise<R> {
    await settle();
    if (this.client.status !== 'connected') this.server.last.welcome();
    await settle();
    this.connection.opened(1, more);
    const room = await opening;
    await settle();
    return room;
  }

  /** Breaks the connection. */
  async lose(): Promise<void> {
    this.server.last.drop();
    await settle();
  }

  /** Answers the next connection's Hello, whose time has come. */
  async welcome(): Promise<TogetherConnection> {
    await settle();
    this.server.last.welcome();
    await settle();
    return this.connection;
  }
}
