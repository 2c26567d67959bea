import * as flatbuffers from 'flatbuffers';
import * as fb from '../src/fb';
import { Client, type ClientOptions, type Disk, MemoryDisk, type OpenOptions, type RecordRoom, type Tabs } from '../src/records';
import { Kind } from '../src/protocol';
import { ByteReader, ByteWriter } from '../src/records/bytes';
import { KINDS } from '../src/records/describe';
import { CellKind, type CollectionDef, type Descriptor, type Field } from '../src/records/descriptor';
import { keyOf, keyToBytes } from '../src/records/key';
import { type Fields, readPatch, readRow, writePatch, writeRow } from '../src/records/row';
import { DeltaFlag } from '../src/records/wire';
import { type Connection, FakeServer } from './server';

const field = (name: string, kind: number, more: Partial<Field> = {}): Field => ({
  name, kind, optional: false, required: false, immutable: false, user: false, server: false, auto: false, retired: false, default: undefined, ...more,
});

const envelope = [field('createdBy', CellKind.String), field('createdAt', CellKind.Time), field('updatedAt', CellKind.Time)];

/** A task board. */
export const board: Descriptor = {
  version: 1,
  collections: [
    {
      name: 'Tasks', key: 3, event: false,
      fields: [...envelope, field('ID', CellKind.String), field('Title', CellKind.String), field('Votes', CellKind.Int32), field('Due', CellKind.Time, { optional: true })],
    },
    { name: 'Notes', key: 3, event: false, fields: [...envelope, field('ID', CellKind.Int64, { auto: true }), field('Text', CellKind.String)] },
    { name: 'Pings', key: -1, event: true, fields: [...envelope, field('Text', CellKind.String)] },
  ],
  mutations: [
    { name: 'Vote', args: [field('Task', CellKind.String), field('By', CellKind.Int32)] },
    { name: 'Add', args: [field('Task', CellKind.String)] },
  ],
};

export interface BoardSchema {
  collections: {
    Tasks: {
      row: { ID: string; Title: string; Votes: number; Due: number | null; createdBy: string; createdAt: number; updatedAt: number };
      create: { ID: string; Title?: string; Votes?: number; Due?: number | Date | null };
      key: string;
    };
    Notes: { row: { ID: bigint; Text: string; createdBy: string; createdAt: number; updatedAt: number }; create: { ID?: bigint; Text?: string }; key: bigint };
  };
  events: { Pings: { Text: string } };
  mutations: { Vote: { Task: string; By?: number }; Add: { Task: string } };
}

export const tasks = board.collections[0];

/** The descriptor as Go writes it. */
export function descriptorJSON(d: Descriptor): string {
  const fields = (list: readonly Field[]) => list.map((f) => ({ ...f, kind: KINDS[f.kind] }));
  return JSON.stringify({
    version: d.version,
    collections: d.collections.map((c) => ({ ...c, key: c.key < 0 ? undefined : c.key, fields: fields(c.fields) })),
    mutations: d.mutations.map((m) => ({ ...m, args: fields(m.args) })),
  });
}

/** Changes for a Delta's payload. */
export type Change = { enter: Fields } | { change: string; to: Fields } | { leave: string };

export function task(ID: string, Votes = 0, more: Fields = {}): Fields {
  return { createdBy: 'u', createdAt: 1, updatedAt: 1, ID, Title: ID, Votes, Due: null, ...more };
}

export function payload(changes: readonly Change[], c: CollectionDef = tasks): Uint8Array {
  const w = new ByteWriter();
  const key = (v: unknown) => w.put(c.key < 0 ? new Uint8Array() : keyToBytes(keyOf(c.fields[c.key], v)));
  const row = (write: (inner: ByteWriter) => void) => {
    const inner = new ByteWriter();
    write(inner);
    w.put(inner.finish());
  };
  for (const change of changes) {
    if ('enter' in change) {
      w.byte(1);
      key(c.key < 0 ? undefined : change.enter[c.fields[c.key].name]);
      row((inner) => writeRow(inner, c.fields, change.enter));
    } else if ('change' in change) {
      w.byte(2);
      key(change.change);
      row((inner) => writePatch(inner, c.fields, change.to));
    } else {
      w.byte(3);
      key(change.leave);
    }
  }
  return w.finish();
}

/** What a client asked to have written. */
export interface Mutation {
  id: number;
  name: string;
  void: boolean;
  version: number;
  args: unknown;
}

/** One connection, as a server of record rooms sees it. */
export class RecordConnection {
  constructor(private readonly c: Connection) {}

  opens() {
    return this.c.of(Kind.Open).map(({ body }) => {
      const o = fb.Open.getRootAsOpen(body);
      return { request: o.request(), room: o.room() ?? '', client: o.client() ?? '', epoch: o.epoch(), cursor: o.cursor(), version: o.version() };
    });
  }

  subscribes() {
    return this.c.of(Kind.Subscribe).map(({ body }) => {
      const s = fb.Subscribe.getRootAsSubscribe(body);
      const held: string[] = [];
      const r = new ByteReader(s.heldArray() ?? new Uint8Array());
      while (!r.done) held.push(new TextDecoder().decode(r.take().slice(1, -2)));
      return { id: s.id(), collection: s.collection(), query: new TextDecoder().decode(s.queryArray()!), since: s.since(), held };
    });
  }

  unsubscribes(): number[] {
    return this.c.of(Kind.Unsubscribe).map(({ body }) => fb.Unsubscribe.getRootAsUnsubscribe(body).id());
  }

  leaves(): number[] {
    return this.c.of(Kind.Leave).map(({ head }) => head.handle);
  }

  /** Mutations on a handle, or on all. */
  mutates(handle?: number): Mutation[] {
    const of = this.c.of(Kind.Mutate).filter(({ head }) => handle === undefined || head.handle === handle);
    return of.map(({ body }) => {
      const m = fb.Mutate.getRootAsMutate(body);
      const name = m.name() ?? '';
      return { id: Number(m.id()), name, void: m.void_(), version: m.version(), args: m.void_() ? undefined : this.args(name, m.argsArray()!) };
    });
  }

  private args(name: string, bytes: Uint8Array): unknown {
    const r = new ByteReader(bytes);
    if (name !== '') return readRow(r, board.mutations.find((m) => m.name === name)!.args);
    return Array.from({ length: r.uvarint() }, () => {
      const op = ['', 'create', 'put', 'remove'][r.byte()];
      const c = board.collections[r.uvarint()];
      const rest = r.take();
      return [op, c.name, op === 'remove' ? new TextDecoder().decode(rest.slice(1, -2)) : readPatch(new ByteReader(rest), c.fields)];
    });
  }

  /** Answers the newest Open, or that with the request. */
  opened(handle: number, more: { seq?: number; epoch?: bigint; known?: boolean; last?: number; request?: number; hash?: bigint; schema?: Descriptor | null; role?: string } = {}): void {
    this.push(Kind.Opened, handle, 0, (b) => {
      const room = b.createString('tasks/main');
      const role = b.createString(more.role ?? 'editor');
      const schema = more.schema === null ? 0 : b.createByteVector(new TextEncoder().encode(descriptorJSON(more.schema ?? board)));
      fb.Opened.startOpened(b);
      fb.Opened.addEpoch(b, more.epoch ?? 7n);
      fb.Opened.addSeq(b, BigInt(more.seq ?? 0));
      fb.Opened.addLast(b, BigInt(more.last ?? 0));
      fb.Opened.addSchemaHash(b, more.hash ?? 99n);
      fb.Opened.addRequest(b, more.request ?? this.opens().at(-1)!.request);
      fb.Opened.addRoom(b, room);
      fb.Opened.addRole(b, role);
      fb.Opened.addVersion(b, 1);
      if (schema !== 0) fb.Opened.addSchema(b, schema);
      fb.Opened.addKnown(b, more.known ?? (more.last ?? 0) > 0);
      return fb.Opened.endOpened(b);
    });
  }

  delta(handle: number, id: number, from: number, seq: number, changes: readonly Change[], flags = 0, c?: CollectionDef): void {
    this.push(Kind.Delta, handle, flags, (b) => fb.Delta.createDelta(b, id, BigInt(from), BigInt(seq), b.createByteVector(payload(changes, c))));
  }

  snapshot(handle: number, id: number, seq: number, rows: readonly Fields[], part = false): void {
    this.delta(handle, id, 0, seq, rows.map((enter) => ({ enter })), DeltaFlag.Snapshot | (part ? DeltaFlag.Part : 0));
  }

  receipt(handle: number, mutation: number, seq: number, more: { code?: number; message?: string; field?: string; result?: unknown } = {}): void {
    this.push(Kind.Receipt, handle, 0, (b) => {
      const [message, fieldName] = [b.createString(more.message ?? ''), b.createString(more.field ?? '')];
      const result = more.result === undefined ? 0 : b.createByteVector(new TextEncoder().encode(JSON.stringify(more.result)));
      return fb.Receipt.createReceipt(b, BigInt(mutation), BigInt(seq), more.code ?? 0, message, fieldName, result);
    });
  }

  reset(handle: number, epoch: bigint): void {
    this.push(Kind.Reset, handle, 0, (b) => fb.Reset.createReset(b, epoch, 0, 0));
  }

  refuse(handle: number, code: number, request: number, message = 'no'): void {
    this.push(Kind.Error, handle, 0, (b) => fb.Error.createError(b, code, request, b.createString(message)));
  }

  left(handle: number, code: number): void {
    this.c.left(handle, code);
  }

  drop(status?: number): void {
    this.c.drop(status);
  }

  private push(kind: number, handle: number, flags: number, build: (b: flatbuffers.Builder) => number): void {
    this.c.push(kind, handle, 0, build, flags);
  }
}

/** Claims within one process: two pages of a test share it. */
export class FakeTabs implements Tabs {
  constructor(readonly held = new Set<string>()) {}

  async claim(name: string): Promise<(() => void) | undefined> {
    if (this.held.has(name)) return undefined;
    this.held.add(name);
    return () => this.held.delete(name);
  }
}

/** Lets promises settle; timers stand still unless the test moves them. */
export async function settle(): Promise<void> {
  for (let i = 0; i < 40; i++) await new Promise<void>((resolve) => setImmediate(resolve));
}

/** One page: a client of a made-up server, with a disk that the next page may share. */
export class Page {
  readonly server = new FakeServer();
  readonly client: Client;
  time = 0;

  constructor(
    readonly disk: Disk = new MemoryDisk(),
    readonly tabs: Tabs = new FakeTabs(),
    options: Partial<ClientOptions> = {},
  ) {
    this.client = new Client('http://localhost:7777', { dial: this.server.dial, now: () => this.time, records: { disk, tabs }, ...options });
  }

  get connection(): RecordConnection {
    return new RecordConnection(this.server.last);
  }

  /** Opens tasks/main while the server answers. */
  async open(more: Parameters<RecordConnection['opened']>[1] = {}, options: OpenOptions = {}): Promise<RecordRoom<BoardSchema>> {
    const opening = this.client.open<BoardSchema>('tasks/main', options);
    await settle();
    this.server.last.welcome();
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
  async welcome(): Promise<RecordConnection> {
    await settle();
    this.server.last.welcome();
    await settle();
    return this.connection;
  }
}
