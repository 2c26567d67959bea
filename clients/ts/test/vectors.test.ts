import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cellValue, quantise, type Scalar } from '../src/cell';
import { type Column, ColumnKind, DecodeError, decodeRecord, encodeRecord, Mirror, type MirrorTable, schemaHash, Shape } from '../src/index';
import { isPublic, isQuantised, isWide } from '../src/schema';
import type { Fields } from '../src/record';
import { random } from './random';
import { readVectors, type VectorStep } from './vectors';

const { scenarios, inputs } = readVectors();

/** The user's value of a cell that the vectors give in wire form. */
function scalar(c: Column, cell: number | string): Scalar {
  if (c.kind === ColumnKind.String) return cell as string;
  const wire = BigInt(cell);
  return cellValue(c, Number(wire & 0xffffffffn) | 0, Number(wire >> 32n) | 0);
}

/** A row's columns as objects show them, in the columns' order. */
function values(shape: Shape, row: Fields | undefined, which: (c: Column) => boolean): (Scalar | undefined)[] {
  return shape.columns.flatMap((c, i) => (which(c) ? [shape.get(row, i)] : []));
}

function checkTable(t: MirrorTable, want: NonNullable<VectorStep['tables']>[number], note: string): void {
  const columns = t.def.columns.filter(isPublic);
  assert.deepEqual(t.ids(), want.rows.map((r) => r.id), `${note}: rows of ${want.name}`);
  for (const row of want.rows) {
    assert.deepEqual(values(t.shape, t.get(row.id), isPublic), row.cells.map((cell, i) => scalar(columns[i], cell)), `${note}: ${want.name} ${row.id}`);
  }
}

function apply(mirror: Mirror, step: VectorStep): void {
  if (step.kind === 'frame') mirror.applyFrame(step.payload, step.keyframe);
  else if (step.kind === 'owner') mirror.applyOwner(step.payload);
  else mirror.decodeEvents(step.payload, () => {});
}

for (const scenario of scenarios) {
  test(`decodes what the server writes: ${scenario.name}`, () => {
    assert.equal(schemaHash(scenario.schema).toString(16).padStart(16, '0'), scenario.schemaHash);
    const mirror = new Mirror(scenario.schema);
    for (const step of scenario.steps) {
      const events: { event: number; cells: (Scalar | undefined)[] }[] = [];
      if (step.kind === 'events') {
        mirror.decodeEvents(step.payload, (event, value) => {
          const shape = new Shape(scenario.schema.events[event].columns);
          events.push({ event, cells: values(shape, value, () => true) });
        });
      } else {
        apply(mirror, step);
      }
      if (step.kind === 'frame') {
        const { a, b } = mirror.hash();
        assert.deepEqual([a, b], step.hash, `${step.note}: hash`);
        assert.equal(mirror.frameHash !== undefined, step.hasHash);
        assert.ok(mirror.matches(), step.note);
        step.tables!.forEach((want, i) => checkTable(mirror.tables[i], want, step.note));
        if (!step.keyframe) step.tables!.forEach((want, i) => checkChanges(mirror.tables[i], want, step.note));
      }
      for (const want of step.owner ?? []) {
        const t = mirror.tables.find((x) => x.def.name === want.name)!;
        const columns = t.def.columns.filter((c) => !isPublic(c));
        for (const row of want.rows) {
          const got = values(t.shape, t.get(row.id), (c) => !isPublic(c));
          assert.deepEqual(got, row.cells.map((cell, i) => scalar(columns[i], cell)), `${step.note}: ${want.name} ${row.id}`);
        }
      }
      if (step.events !== undefined) {
        const want = step.events.map(({ event, cells }) => ({
          event,
          cells: cells.map((cell, i) => scalar(scenario.schema.events[event].columns[i], cell)),
        }));
        assert.deepEqual(events, want, step.note);
      }
    }
  });
}

function checkChanges(t: MirrorTable, want: NonNullable<VectorStep['tables']>[number], note: string): void {
  const ids = (rows: readonly { id: number }[]) => rows.map((r) => r.id);
  assert.deepEqual(ids(t.addedRows), want.added ?? [], `${note}: added to ${want.name}`);
  assert.deepEqual(ids(t.changedRows), want.changed ?? [], `${note}: changed in ${want.name}`);
  assert.deepEqual(ids(t.removedRows), want.removed ?? [], `${note}: removed from ${want.name}`);
}

for (const input of inputs) {
  const shape = new Shape(input.columns);
  test(`encodes and decodes the input ${input.name}`, () => {
    for (const c of input.cases) {
      const wire = c.cells.map((cell, i) => scalar(input.columns[i], cell));
      const value = shape.make((i) => wire[i]);
      assert.deepEqual(values(shape, decodeRecord(shape, c.payload), () => true), wire);
      assert.equal(Buffer.from(encodeRecord(shape, value)).toString('hex'), Buffer.from(c.payload).toString('hex'));
    }
  });
  test(`refuses what the server refuses: ${input.name}`, () => {
    for (const { why, payload } of input.refused) {
      if (why === 'no UTF-8') continue; // no JavaScript string encodes to that
      assert.throws(() => encodeRecord(shape, decodeRecord(shape, payload)), (e) => e instanceof DecodeError || e instanceof RangeError, why);
    }
  });
}

test('rounds as the server does', () => {
  assert.equal(quantise(0.005, 0.01), 1);
  assert.equal(quantise(-0.005, 0.01), 0);
  assert.equal(quantise(NaN, 0.01), 0);
  assert.equal(quantise(Infinity, 0.01), 0x7fffffff);
  assert.equal(quantise(-1e300, 0.01), -0x80000000);
});

// A payload is damaged at random: it is taken, or refused with a DecodeError,
// in time that its size bounds.
test('survives damaged payloads', () => {
  const next = random(1);
  let refused = 0;
  for (const scenario of scenarios) {
    scenario.steps.forEach((step, at) => {
      for (let n = 0; n < 60; n++) {
        const mirror = new Mirror(scenario.schema);
        for (const before of scenario.steps.slice(0, at)) apply(mirror, before);
        const payload = damage(step.payload, next);
        try {
          apply(mirror, { ...step, payload });
          for (const t of mirror.tables) for (const id of t.ids()) t.get(id);
        } catch (error) {
          if (!(error instanceof DecodeError)) throw error;
          refused++;
        }
        const keyframe = scenario.steps.find((s) => s.keyframe)!; // and a keyframe mends it
        mirror.applyFrame(keyframe.payload, true);
        assert.deepEqual(Object.values(mirror.hash()), keyframe.hash);
      }
    });
  }
  assert.ok(refused > 100, `only ${refused} were refused`);
});

function damage(payload: Uint8Array, next: () => number): Uint8Array {
  const kind = next();
  if (kind < 0.25) return payload.slice(0, Math.floor(next() * payload.length));
  if (kind < 0.4) return Uint8Array.from({ length: Math.floor(next() * 200) }, () => next() * 256);
  const out = payload.slice();
  for (let n = 1 + Math.floor(next() * 3); n > 0; n--) out[Math.floor(next() * out.length)] ^= 1 << Math.floor(next() * 8);
  return out;
}

test('wide columns are bigints', () => {
  const shape = new Shape([{ name: 'V', kind: ColumnKind.Int64, flags: 0, quant: 0, min: 0, max: 0 }]);
  assert.ok(isWide(shape.columns[0]) && !isQuantised(shape.columns[0]));
  assert.deepEqual(decodeRecord(shape, encodeRecord(shape, { V: -5n })), { V: -5n });
  assert.deepEqual(decodeRecord(shape, encodeRecord(shape, { V: 7 })), { V: 7n });
});
