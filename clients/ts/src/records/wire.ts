import { DecodeError } from '../bits';
import { ByteReader, ByteWriter } from './bytes';
import type { CollectionDef, Descriptor } from './descriptor';
import { keyFromBytes, keyToBytes } from './key';
import { type Fields, readPatch, readRow, writePatch } from './row';

/** Flags of a Delta's header. */
export const DeltaFlag = {
  /** More deltas of the same step follow. */
  More: 1,
  /** The payload is a part of all rows of the subscription. */
  Snapshot: 2,
  /** Another part follows. */
  Part: 4,
  /** The query ended at its scan limit. */
  Capped: 8,
} as const;

/** What happened to one row of a subscription. */
export type RowChange =
  | { readonly op: 'enter'; readonly key: string; readonly row: Fields }
  | { readonly op: 'change'; readonly key: string; readonly patch: Fields }
  | { readonly op: 'leave'; readonly key: string };

/** Reads a Delta's payload. Throws a DecodeError for one that no server writes. */
export function readChanges(payload: Uint8Array, c: CollectionDef): RowChange[] {
  const r = new ByteReader(payload);
  const changes: RowChange[] = [];
  while (!r.done) {
    const op = r.byte();
    const key = keyFromBytes(r.take());
    if (op === 1) changes.push({ op: 'enter', key, row: readRow(new ByteReader(r.take()), c.fields) });
    else if (op === 2) changes.push({ op: 'change', key, patch: readPatch(new ByteReader(r.take()), c.fields) });
    else if (op === 3) changes.push({ op: 'leave', key });
    else throw new DecodeError(`a delta has operation ${op}`);
  }
  return changes;
}

/** The keys of the rows that a client holds, for Subscribe. */
export function writeHeld(keys: Iterable<string>): Uint8Array {
  const w = new ByteWriter();
  for (const key of keys) w.put(keyToBytes(key));
  return w.finish();
}

/** One built-in operation. */
export type Operation =
  | { readonly op: 'create' | 'put'; readonly collection: string; readonly values: Fields }
  | { readonly op: 'remove'; readonly collection: string; readonly key: string };

/** Writes the arguments of a Mutate without a name. */
export function writeOperations(d: Descriptor, operations: readonly Operation[]): Uint8Array {
  const w = new ByteWriter();
  w.uvarint(operations.length);
  for (const o of operations) {
    const index = d.collections.findIndex((c) => c.name === o.collection);
    w.byte(o.op === 'create' ? 1 : o.op === 'put' ? 2 : 3);
    w.uvarint(index);
    if (o.op === 'remove') w.put(keyToBytes(o.key));
    else w.put(patchBytes(d.collections[index], o.values));
  }
  return w.finish();
}

function patchBytes(c: CollectionDef, values: Fields): Uint8Array {
  const w = new ByteWriter();
  writePatch(w, c.fields, values);
  return w.finish();
}
