import assert from 'node:assert/strict';
import { test } from 'node:test';
import vectors from '../testdata/step_vectors.json';
import { FIELD } from './field';
import { step, trace } from './step';

test('step moves as the rules do', () => {
  const dt = Math.fround(1 / FIELD.hz);
  const f = Math.fround; // the file has the shortest decimals of single precision
  for (const [i, v] of vectors.entries()) {
    const row = { X: f(v.from.x), Y: f(v.from.y), Aim: f(v.from.aim), HP: v.from.hp };
    step(row, { X: v.move.x, Y: v.move.y, Aim: f(v.move.aim), Fire: v.move.fire }, dt);
    assert.deepEqual(row, { X: f(v.to.x), Y: f(v.to.y), Aim: f(v.to.aim), HP: v.to.hp }, `case ${i}`);
  }
  assert.ok(vectors.length > 300);
});

test('trace ends at the first wall', () => {
  assert.equal(trace(25, 20, 8, 0), 0.5); // the block in the middle begins at 29
  assert.equal(trace(25, 23, 8, 0), 1);
  assert.equal(trace(62, 10, 4, 0), 0.5); // the border
});
