import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { DecodeError, ParlorError } from '../src/index';
import { ByteReader, ByteWriter } from '../src/records/bytes';
import { cell, KINDS, parseDescriptor } from '../src/records/describe';
import { CellKind, type CollectionDef, type Field } from '../src/records/descriptor';
import { keyFromBytes, keyOf, keyToBytes } from '../src/records/key';
import { like } from '../src/records/like';
import { BoundQuery, compareCells, queryJSON } from '../src/records/query';
import { type Fields, readPatch, readRow, writePatch, writeRow } from '../src/records/row';
import { same } from '../src/records/subscription';
import { readChanges, writeHeld, writeOperations } from '../src/records/wire';
import { random } from './random';

const vectors = JSON.parse(readFileSync(join(process.env.PARLOR_ROOT!, 'schema/vectors/records.json'), 'utf8'));
const descriptor = parseDescriptor(vectors.Schema.Descriptor);
const collection = (name: string): CollectionDef => descriptor.collections.find((c) => c.name === name)!;

const bytes = (hex: string) => Uint8Array.from(hex.match(/../g) ?? [], (b) => parseInt(b, 16));
const hex = (p: Uint8Array) => Buffer.from(p).toString('hex');

/** JSON with 64-bit numbers, as cells of one field. */
function cellOf(kind: number, json: string): unknown {
  if (json !== 'null' && (kind === CellKind.Int64 || kind === CellKind.Uint64)) return BigInt(json);
  return cell(kind, JSON.parse(json));
}

const plain = (kind: number, optional = false): Field => ({
  name: 'F', kind, optional, required: false, immutable: false, user: false, server: false, auto: false, retired: false, default: undefined,
});

function written(write: (w: ByteWriter) => void): Uint8Array {
  const w = new ByteWriter();
  write(w);
  return w.finish();
}

test('cells read and write as the vectors say', () => {
  for (const v of vectors.Values) {
    const f = plain(KINDS.indexOf(v.Kind), v.Optional);
    const want = cellOf(f.kind, v.JSON);
    const row = bytes(`01${v.Hex}`);
    const got = readRow(new ByteReader(row), [f]);
    if (f.kind === CellKind.Float32 && typeof want === 'number') assert.equal(got.F, Math.fround(want));
    else assert.deepEqual(got, { F: want }, `${v.Kind} ${v.JSON}`);
    const optionalNull = f.kind === CellKind.JSON && v.Optional && v.Hex !== '00'; // JSON's null, which reads as none
    if (!optionalNull) assert.equal(hex(written((w) => writeRow(w, [f], { F: want }))), hex(row), `${v.Kind} ${v.JSON}`);
  }
});

test('keys are those of the vectors', () => {
  for (const v of vectors.Keys) {
    const f = plain(KINDS.indexOf(v.Kind), true);
    for (const k of v.Keys) assert.equal(hex(keyToBytes(keyOf(f, cellOf(f.kind, k.JSON)))), k.Hex, `${v.Kind} ${k.JSON}`);
  }
});

test('keys order as their cells do', () => {
  for (const v of vectors.Keys) {
    const f = plain(KINDS.indexOf(v.Kind), true);
    const cells = v.Keys.map((k: { JSON: string }) => cellOf(f.kind, k.JSON)).filter((c: unknown) => c !== null);
    for (const a of cells) for (const b of cells) assert.equal(Math.sign(compareCells(a, b)), Math.sign(keyOf(f, a) < keyOf(f, b) ? -1 : keyOf(f, a) > keyOf(f, b) ? 1 : 0));
  }
});

test('rows read and write as the vectors say', () => {
  for (const v of vectors.Rows) {
    const c = collection(v.Collection);
    const row = readRow(new ByteReader(bytes(v.Hex)), c.fields);
    const want = JSON.parse(v.JSON);
    assert.deepEqual(Object.keys(row), Object.keys(want), v.Name);
    for (const f of c.fields) {
      if (f.retired || f.kind === CellKind.Int64 || f.kind === CellKind.Uint64) continue; // whose JSON digits JSON.parse would round
      const expected = cell(f.kind, want[f.name]);
      assert.deepEqual(row[f.name], f.kind === CellKind.Float32 && expected !== null ? Math.fround(expected as number) : expected, `${v.Name} ${f.name}`);
    }
    const again = readRow(new ByteReader(written((w) => writeRow(w, c.fields, row))), c.fields);
    assert.deepEqual(again, row, v.Name);
    assert.ok(same(row, again), v.Name);
  }
});

test('patches change rows as the vectors say', () => {
  for (const v of vectors.Patches) {
    const { fields } = collection(v.Collection);
    const patch = readPatch(new ByteReader(bytes(v.Patch)), fields);
    assert.equal(hex(written((w) => writePatch(w, fields, patch))), v.Patch, v.Name);
    const [old, next] = [v.Old, v.New].map((h) => readRow(new ByteReader(bytes(h)), fields));
    assert.deepEqual({ ...old, ...patch }, next, v.Name);
  }
});

test('R9.1 queries match, order and cut as the vectors say', () => {
  const c = collection('Tasks');
  const rows: Fields[] = vectors.Data.map((d: { Hex: string }) => readRow(new ByteReader(bytes(d.Hex)), c.fields));
  for (const v of vectors.Queries) {
    const query = JSON.parse(v.Query);
    for (const q of [query, JSON.parse(queryJSON(query, c))]) {
      const bound = new BoundQuery(q, c);
      const matches = rows.filter((row) => bound.matches(row)).sort(bound.compare);
      const at = (list: Fields[]) => list.map((row) => rows.indexOf(row));
      assert.deepEqual(at(matches), v.Matches, v.Query);
      assert.deepEqual(at(matches.slice(bound.offset, bound.offset + bound.limit)), v.Window, v.Query);
    }
  }
});

test('R9.1 queries that the server refuses are refused here', () => {
  for (const v of vectors.Bad) {
    let query: unknown;
    try {
      query = JSON.parse(v.Query);
    } catch {
      continue;
    }
    if (Array.isArray(query)) continue;
    assert.throws(() => new BoundQuery(query as {}, collection('Tasks')), (e) => e instanceof ParlorError && e.message.startsWith('BAD_QUERY'), v.Query);
  }
});

test('ilike folds as the vectors say', () => {
  for (const { Text, Folded } of vectors.Fold) {
    assert.equal(like(Folded, true)!(Text), true, Text);
    assert.equal(like(Text, true)!(Folded), true, Text);
  }
  assert.equal(like('ς', true)!('σ'), false);
});

test('deltas, held keys and operations are those of the vectors', () => {
  for (const v of vectors.Deltas) {
    const changes = readChanges(bytes(v.Hex), collection('Tasks'));
    assert.deepEqual(changes.map((c) => [c.op, hex(keyToBytes(c.key))]), v.Ops.map((o: { Op: string; Key: string }) => [o.Op, o.Key]));
    changes.forEach((c, i) => {
      const r = new ByteReader(bytes(v.Ops[i].Body));
      if (c.op === 'enter') assert.deepEqual(c.row, readRow(r, collection('Tasks').fields));
      if (c.op === 'change') assert.deepEqual(c.patch, readPatch(r, collection('Tasks').fields));
    });
  }
  assert.equal(hex(writeHeld(vectors.Held.Keys.map((k: string) => keyFromBytes(bytes(k))))), vectors.Held.Hex);
  for (const v of vectors.Ops) {
    const operations = v.Ops.map((o: { Op: string; Collection: number; Key: string; Patch: string }) => {
      const c = descriptor.collections[o.Collection];
      if (o.Op === 'remove') return { op: o.Op, collection: c.name, key: keyFromBytes(bytes(o.Key)) };
      return { op: o.Op, collection: c.name, values: readPatch(new ByteReader(bytes(o.Patch)), c.fields) };
    });
    assert.equal(hex(writeOperations(descriptor, operations)), v.Hex, v.Name);
  }
});

test('a condition that is not and one that is not not agree: unknown stays unknown (R9.1)', () => {
  const c = collection('Tasks');
  const rows: Fields[] = vectors.Data.map((d: { Hex: string }) => readRow(new ByteReader(bytes(d.Hex)), c.fields));
  for (const v of vectors.Queries) {
    const { where } = JSON.parse(v.Query);
    if (where === undefined) continue;
    const [yes, no, twice] = [where, { not: where }, { not: { not: where } }].map((w) => new BoundQuery({ where: w }, c));
    for (const row of rows) {
      assert.ok(!(yes.matches(row) && no.matches(row)));
      assert.equal(yes.matches(row), twice.matches(row));
    }
  }
});

test('damaged rows and deltas throw DecodeErrors and nothing else', () => {
  const next = random(5);
  const whole = vectors.Deltas.map((d: { Hex: string }) => bytes(d.Hex));
  for (let round = 0; round < 2000; round++) {
    const damaged: Uint8Array = whole[round % whole.length].slice(0, 1 + Math.floor(next() * whole[0].length));
    for (let i = 0; i < 3; i++) damaged[Math.floor(next() * damaged.length)] = Math.floor(next() * 256);
    try {
      readChanges(damaged, collection('Tasks'));
    } catch (error) {
      assert.ok(error instanceof DecodeError || error instanceof SyntaxError, String(error));
    }
  }
});
