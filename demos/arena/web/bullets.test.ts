import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Bullets } from './bullets';
import { FIELD } from './field';

const ME = 1;
const METRES = FIELD.bulletSpeed / FIELD.hz;

function bullets() {
  const log: string[] = [];
  const b = new Bullets({ fired: (by) => log.push(`fired by ${by}`), struck: () => log.push('struck') });
  return { b, log };
}

test("one's own bullet leaves at once and ends in the drawn past", () => {
  const { b } = bullets();
  const delay = 6; // ticks between the drawn past and the predicted future
  b.shoot(ME, 4, 16, 0, 100);
  b.added(7, { By: ME, X: 4, Y: 16, Aim: 0, Fired: 100 }, ME);
  let flown = 0;
  for (let ahead = 101.5; ahead < 116; ahead += 0.5) {
    const [shot] = b.shots(ahead - delay, ahead);
    if (!shot) continue;
    assert.ok(shot.mine);
    assert.ok(shot.flown > flown, 'it never flies back');
    assert.ok(shot.flown <= (ahead - 100) * METRES);
    flown = shot.flown;
  }
  assert.ok(Math.abs(flown - (115.5 - delay - 100) * METRES) < METRES, `${flown} metres is where the drawn past has it`);
});

test("the server's bullet is not drawn beside one's own", () => {
  const { b, log } = bullets();
  b.shoot(ME, 4, 16, 0, 100);
  b.added(7, { By: ME, X: 4, Y: 16, Aim: 0, Fired: 101 }, ME);
  assert.equal(b.shots(103, 106).length, 1);
  b.removed(7, 104);
  assert.equal(b.shots(104, 107).length, 0);
  assert.deepEqual(log, []);
});

test('a shot that the server did not fire is forgotten', () => {
  const { b } = bullets();
  b.shoot(ME, 4, 16, 0, 100);
  assert.equal(b.pending(99), 1);
  assert.equal(b.shots(104, 108).length, 1);
  assert.equal(b.shots(107, 111).length, 0);
  assert.equal(b.pending(99), 0);
});

test("others' bullets appear when their tick is drawn, and strike walls", () => {
  const { b, log } = bullets();
  b.added(7, { By: 2, X: 25, Y: 20, Aim: 0, Fired: 100 }, ME);
  assert.equal(b.shots(98, 104).length, 0);
  assert.deepEqual(log, []);
  assert.equal(b.shots(101, 107).length, 1);
  assert.deepEqual(log, ['fired by 2']);
  assert.equal(b.shots(103, 109).length, 0); // 4 metres to the block
  assert.deepEqual(log, ['fired by 2', 'struck']);
});

test('the gun cools down', () => {
  const { b } = bullets();
  assert.ok(b.ready(100));
  b.shoot(ME, 4, 16, 0, 100);
  assert.ok(!b.ready(100 + FIELD.coolTicks - 1));
  assert.ok(b.ready(100 + FIELD.coolTicks));
});
