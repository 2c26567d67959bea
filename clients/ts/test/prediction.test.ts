import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Column, ColumnFlag, ColumnKind, Predictor, wrapAngle } from '../src/index';
import { random } from './random';

interface Walker { X: number; Aim: number; HP: number; Speed: number }
interface Walk { X: number }

const DT = Math.fround(1 / 30);
const columns: Column[] = [
  { name: 'X', kind: ColumnKind.Float32, flags: 0, quant: 0.01, min: 0, max: 0 },
  { name: 'Aim', kind: ColumnKind.Float32, flags: ColumnFlag.Angle, quant: 0.01, min: 0, max: 0 },
  { name: 'HP', kind: ColumnKind.Uint8, flags: 0, quant: 0, min: 0, max: 0 },
  { name: 'Speed', kind: ColumnKind.Float32, flags: 0, quant: 0, min: 0, max: 0 },
];

function step(w: Walker, m: Walk, dt: number): void {
  w.Speed = Math.fround(w.Speed + Math.fround(m.X * dt));
  w.X = Math.fround(w.X + Math.fround(w.Speed * dt));
  w.Aim = Math.fround(wrapAngle(w.Aim + m.X * 0.3));
}

const round = (v: number) => Math.fround(Math.floor(v / 0.01 + 0.5) * 0.01);

/** The row as a frame carries it. */
const sent = (w: Walker): Walker => ({ X: round(w.X), Aim: round(w.Aim), HP: w.HP, Speed: w.Speed });

function predictor(): Predictor<Walker, Walk> {
  const p = new Predictor<Walker, Walk>(step, DT);
  p.describe(columns);
  return p;
}

test('an agreed prediction is kept exact', () => {
  const server: Walker = { X: 5, Aim: 3, HP: 100, Speed: 0 };
  const p = predictor();
  p.reconcile(0, sent(server));
  for (let tick = 1; tick <= 200; tick++) {
    const move = { X: (tick % 3) - 1 };
    p.run(tick + 3, move);
    step(server, move, DT);
    assert.equal(p.reconcile(tick + 3, sent(server)), undefined);
    assert.equal(p.row!.X, server.X); // not the rounded value
  }
  assert.equal(p.corrections, 0);
  assert.equal(p.waiting, 0);
});

test('a wrong prediction starts again from the server and replays', () => {
  const p = predictor();
  p.reconcile(0, { X: 5, Aim: 0, HP: 100, Speed: 0 });
  p.run(1, { X: 1 });
  p.run(2, { X: 1 });
  const before = p.row!;
  assert.equal(p.reconcile(1, { X: 50, Aim: 0.3, HP: 90, Speed: 0.1 }), before);
  assert.equal(p.corrections, 1);
  assert.equal(p.waiting, 1);
  assert.equal(p.row!.HP, 90);
  assert.ok(p.row!.X > 50 && p.row!.X < 50.01);
});

test('a rounded start settles without corrections', () => {
  const next = random(11);
  const server: Walker = { X: 5.0043, Aim: 1, HP: 100, Speed: 0 };
  const p = predictor();
  p.reconcile(0, sent(server));
  const off = () => Math.abs(p.row!.X - server.X);
  const first = off();
  for (let tick = 1; tick <= 300; tick++) {
    const move = { X: Math.floor(next() * 3) - 1 };
    p.run(tick, move);
    step(server, move, DT);
    p.reconcile(tick, sent(server));
  }
  assert.equal(p.corrections, 0);
  assert.ok(first > 0.004 && off() < 0.001, `off by ${first}, then by ${off()}`);
});

test('what the server alone changes is no correction, and leaves the rest exact', () => {
  const p = predictor();
  p.reconcile(0, { X: 5, Aim: 0, HP: 100, Speed: 0 });
  p.run(1, { X: 1 });
  p.run(2, { X: 1 });
  const exact = p.row!.X;
  p.reconcile(1, { X: round(5 + 1 / 900), Aim: round(0.3), HP: 90, Speed: Math.fround(1 / 30) });
  assert.deepEqual([p.corrections, p.row!.HP, p.row!.X], [0, 90, exact]);
});

test('an angle near the turn is no correction', () => {
  const p = predictor();
  p.reconcile(0, { X: 0, Aim: 3.1415, HP: 1, Speed: 0 });
  assert.equal(p.reconcile(0, { X: 0, Aim: -3.14, HP: 1, Speed: 0 }), undefined);
});

test('without a row commands wait', () => {
  const p = predictor();
  p.run(1, { X: 1 });
  assert.equal(p.row, undefined);
  p.reconcile(0, { X: 1, Aim: 0, HP: 1, Speed: 0 });
  assert.ok(p.row!.X > 1, 'the waiting command runs on the first row');
  p.reconcile(1, undefined);
  assert.equal(p.row, undefined);
});

// Whatever happened on the way, once commands get through again the predicted
// row is the server's to within half a step.
test('prediction meets the server after trouble', () => {
  for (let seed = 1; seed <= 50; seed++) {
    const next = random(seed);
    const p = predictor();
    const server: Walker = { X: 5, Aim: 0, HP: 100, Speed: 0 };
    let named = 0;
    p.reconcile(0, sent(server));
    const trouble = Math.floor(next() * 60);
    for (let tick = 1; tick <= trouble + 40; tick++) {
      const move = { X: Math.floor(next() * 3) - 1 };
      p.run(tick, move);
      const lost = tick <= trouble && next() < 0.3;
      step(server, lost ? { X: 0 } : move, DT);
      if (!lost) named = tick;
      if (tick <= trouble && next() < 0.1) server.X = Math.fround(server.X + 3); // pushed
      if (tick > trouble || next() < 0.7) p.reconcile(named, sent(server));
    }
    p.reconcile(named, sent(server));
    assert.equal(p.waiting, 0, `seed ${seed}`);
    assert.ok(Math.abs(p.row!.X - server.X) <= 0.0051, `seed ${seed}: ${p.row!.X} and ${server.X}`);
    assert.ok(Math.abs(wrapAngle(p.row!.Aim - server.Aim)) <= 0.0051, `seed ${seed}: ${p.row!.Aim} and ${server.Aim}`);
  }
});
