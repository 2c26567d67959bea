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

test("one's own bullet leaves at once and flies in the drawn past", () => {
  const { b } = bullets();
  b.shoot(ME, 4, 16, 0, 106, 100.5);
  let flown = 0;
  for (let past = 101; past < 111; past += 0.5) {
    if (past === 107) b.added(7, { By: ME, X: 4, Y: 16, Aim: 0, Fired: 100 }, ME);
    const [shot] = b.shots(past);
    assert.ok(shot?.mine);
    assert.ok(Math.abs(shot.flown - (past - 99.5) * METRES) < 1e-9, 'at an even pace');
    flown = shot.flown;
  }
  assert.ok(flown > 12);
});

test('a shot that the server did not put back as far is put right', () => {
  const { b } = bullets();
  b.shoot(ME, 4, 16, 0, 112, 100);
  b.added(7, { By: ME, X: 4, Y: 16, Aim: 0, Fired: 104 }, ME);
  assert.equal(b.shots(110)[0]?.flown, 7 * METRES);
});

test("the server's bullet is not drawn beside one's own", () => {
  const { b, log } = bullets();
  b.shoot(ME, 4, 16, 0, 106, 100);
  b.added(7, { By: ME, X: 4, Y: 16, Aim: 0, Fired: 101 }, ME);
  assert.equal(b.shots(103).length, 1);
  b.removed(7, 108);
  assert.equal(b.shots(107).length, 1);
  assert.equal(b.shots(108).length, 0);
  assert.deepEqual(log, []);
});

test('a shot that the server did not fire is forgotten', () => {
  const { b } = bullets();
  b.shoot(ME, 4, 16, 0, 104, 100);
  assert.equal(b.pending(103), 1);
  assert.equal(b.shots(108).length, 1);
  assert.equal(b.shots(111).length, 0);
  assert.equal(b.pending(103), 0);
});

test("one's own bullet that hit before it was a row ends where it hit", () => {
  const { b, log } = bullets();
  b.shoot(ME, 4, 16, 0, 106, 100);
  b.shoot(ME, 4, 16, 0, 111, 105);
  b.hit(ME, 4 + 4.5 * METRES, 16, 106, { x: 4, y: 16 });
  b.added(7, { By: ME, X: 4, Y: 16, Aim: 0, Fired: 105 }, ME);
  assert.equal(b.shots(103).length, 1);
  assert.equal(b.shots(104).length, 0);
  assert.equal(b.shots(107)[0]?.flown, 3 * METRES);
  assert.deepEqual(log, []);
});

test("another's bullet that hit before it was a row is drawn on its last ticks", () => {
  const { b, log } = bullets();
  b.hit(2, 25, 16 + 3 * METRES, 106, { x: 25, y: 16 });
  assert.equal(b.shots(101.5).length, 0);
  assert.equal(b.shots(104).length, 1);
  assert.equal(b.shots(105.5).length, 0);
  assert.deepEqual(log, ['fired by 2']);
});

test('a hit of a bullet that has a row is not drawn twice', () => {
  const { b } = bullets();
  b.added(7, { By: 2, X: 4, Y: 16, Aim: 0, Fired: 100 }, ME);
  b.removed(7, 106);
  b.hit(2, 9, 16, 106, { x: 4, y: 16 });
  assert.equal(b.shots(104).length, 1);
});

test("others' bullets appear when their tick is drawn, and strike walls", () => {
  const { b, log } = bullets();
  b.added(7, { By: 2, X: 25, Y: 20, Aim: 0, Fired: 100 }, ME);
  assert.equal(b.shots(98).length, 0);
  assert.deepEqual(log, []);
  assert.equal(b.shots(101).length, 1);
  assert.deepEqual(log, ['fired by 2']);
  assert.equal(b.shots(103).length, 0); // 4 metres to the block
  assert.deepEqual(log, ['fired by 2', 'struck']);
});

test('the gun cools down', () => {
  const { b } = bullets();
  assert.ok(b.ready(100));
  b.shoot(ME, 4, 16, 0, 100, 96);
  assert.ok(!b.ready(100 + FIELD.coolTicks - 1));
  assert.ok(b.ready(100 + FIELD.coolTicks));
});
