import * as fb from '../fb';
import { body, buffer, bytes, text } from '../messages';

// Bodies of record rooms' messages, as in ../messages.ts.

/** Asks for a record room. */
export interface OpenBody {
  request: number;
  room: string;
  client: string;
  epoch: bigint;
  cursor: bigint;
  schemaHash: bigint;
  version: number;
}

export function buildOpen(o: OpenBody): Uint8Array {
  return body((b) => {
    const [room, client] = [text(b, o.room), text(b, o.client)];
    fb.Open.startOpen(b);
    fb.Open.addEpoch(b, o.epoch);
    fb.Open.addCursor(b, o.cursor);
    fb.Open.addSchemaHash(b, o.schemaHash);
    fb.Open.addRequest(b, o.request);
    fb.Open.addRoom(b, room);
    fb.Open.addClient(b, client);
    fb.Open.addVersion(b, o.version);
    return fb.Open.endOpen(b);
  });
}

export interface SubscribeBody {
  id: number;
  collection: string;
  query: string;
  since: bigint;
  held: Uint8Array;
}

export function buildSubscribe(s: SubscribeBody): Uint8Array {
  return body((b) => {
    const [collection, query, held] = [text(b, s.collection), bytes(b, new TextEncoder().encode(s.query)), bytes(b, s.held)];
    fb.Subscribe.startSubscribe(b);
    fb.Subscribe.addSince(b, s.since);
    fb.Subscribe.addId(b, s.id);
    fb.Subscribe.addCollection(b, collection);
    fb.Subscribe.addQuery(b, query);
    fb.Subscribe.addHeld(b, held);
    return fb.Subscribe.endSubscribe(b);
  });
}

export function buildUnsubscribe(id: number): Uint8Array {
  return body((b) => fb.Unsubscribe.createUnsubscribe(b, id));
}

export interface MutateBody {
  /** 0: no receipt. */
  id: number;
  name: string;
  args: Uint8Array;
  version: number;
  void: boolean;
}

export function buildMutate(m: MutateBody): Uint8Array {
  return body((b) => {
    const [args, name] = [bytes(b, m.args), text(b, m.name)];
    fb.Mutate.startMutate(b);
    fb.Mutate.addId(b, BigInt(m.id));
    fb.Mutate.addName(b, name);
    fb.Mutate.addArgs(b, args);
    fb.Mutate.addVersion(b, m.version);
    fb.Mutate.addVoid(b, m.void);
    return fb.Mutate.endMutate(b);
  });
}

/** The server's answer to an Open. */
export interface Opened {
  request: number;
  room: string;
  epoch: bigint;
  seq: bigint;
  /** The client ID has written here before; last is its last mutation. */
  known: boolean;
  last: number;
  role: string;
  version: number;
  schemaHash: bigint;
  /** JSON; undefined when the client named the schema in its Open. */
  schema: string | undefined;
  /** The connection's own, in rooms with presence; else 0. */
  member: number;
  /** Of presence and drags; 0: the room has none. */
  hz: number;
}

export function readOpened(p: Uint8Array): Opened {
  const o = fb.Opened.getRootAsOpened(buffer(p));
  const schema = o.schemaArray();
  return {
    request: o.request(), room: o.room() ?? '', epoch: o.epoch(), seq: o.seq(), known: o.known(), last: Number(o.last()),
    role: o.role() ?? '', version: o.version(), schemaHash: o.schemaHash(),
    schema: schema === null || schema.length === 0 ? undefined : new TextDecoder().decode(schema),
    member: o.member(), hz: o.hz(),
  };
}

export function readDelta(p: Uint8Array): { id: number; from: bigint; seq: bigint; payload: Uint8Array } {
  const d = fb.Delta.getRootAsDelta(buffer(p));
  return { id: d.id(), from: d.from(), seq: d.seq(), payload: d.payloadArray() ?? new Uint8Array() };
}

/** The server's answer to a Mutate. */
export interface Receipt {
  mutation: number;
  seq: bigint;
  /** 0: done. */
  code: number;
  message: string;
  field: string;
  /** What JSON.parse made of it. */
  result: unknown;
}

export function readReceipt(p: Uint8Array): Receipt {
  const r = fb.Receipt.getRootAsReceipt(buffer(p));
  const result = r.resultArray();
  return {
    mutation: Number(r.mutation()), seq: r.seq(), code: r.code(), message: r.message() ?? '', field: r.field() ?? '',
    result: result === null || result.length === 0 ? undefined : JSON.parse(new TextDecoder().decode(result)),
  };
}

export function readReset(p: Uint8Array): { epoch: bigint; code: number; message: string } {
  const r = fb.Reset.getRootAsReset(buffer(p));
  return { epoch: r.epoch(), code: r.code(), message: r.message() ?? '' };
}

