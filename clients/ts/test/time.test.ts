import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Backoff } from '../src/backoff';
import { CommandPacer, RoundTrip, TickClock, turn, wrapAngle } from '../src/index';
import { History } from '../src/interpolation';
import { Shape } from '../src/record';
import { ColumnFlag, ColumnKind } from '../src/schema';
import { random } from './random';

test('the tick clock follows regular frames', () => {
  const clock = new TickClock(20);
  for (let tick = 100; tick < 200; tick++) clock.arrived(tick, tick * 50 + 7);
  assert.ok(Math.abs(clock.arrivingAt(200 * 50 + 7) - 200) < 0.01);
  assert.ok(clock.jitter < 0.1);
});

test('the tick clock keeps to the early frames among late ones', () => {
  const next = random(7);
  const clock = new TickClock(20);
  for (let tick = 1; tick < 600; tick++) clock.arrived(tick, tick * 50 + (next() < 0.5 ? 0 : next() * 60));
  const off = clock.arrivingAt(600 * 50) - 600;
  assert.ok(off > -0.7 && off < 0.1, `off by ${off} ticks`);
});

test('the tick clock follows a room whose time dilates', () => {
  const clock = new TickClock(20);
  for (let tick = 1; tick < 400; tick++) clock.arrived(tick, tick * 100);
  assert.ok(Math.abs(clock.period - 100) < 5, `${clock.period} ms`);
  assert.ok(Math.abs(clock.arrivingAt(40_000) - 400) < 1);
});

test('the tick clock starts anew after a pause', () => {
  const clock = new TickClock(20);
  for (let tick = 1; tick < 50; tick++) clock.arrived(tick, tick * 50);
  clock.arrived(50, 100_000);
  assert.equal(clock.arrivingAt(100_000), 50);
});

test('commands name each tick once, in time', () => {
  const clock = new TickClock(20);
  const trip = new RoundTrip();
  for (let n = 0; n < 20; n++) trip.add(100);
  const pacer = new CommandPacer(clock, trip);
  assert.deepEqual(pacer.due(0), [], 'none before the first frame');
  const named: number[] = [];
  for (let now = 0; now < 5000; now += 10) {
    if (now % 50 === 0) clock.arrived(now / 50 + 1, now);
    for (const tick of pacer.due(now)) {
      named.push(tick);
      // The state arrives 50 ms after its tick; the command needs 50 ms more.
      const reached = now + 50;
      const begins = (tick - 1) * 50 - 50;
      if (now > 1000) assert.ok(reached <= begins, `tick ${tick} sent at ${now}`);
    }
  }
  for (let i = 1; i < named.length; i++) assert.equal(named[i], named[i - 1] + 1);
  assert.ok(named.length >= 95);
});

test('commands that come late raise the lead', () => {
  const clock = new TickClock(20);
  const pacer = new CommandPacer(clock, new RoundTrip());
  clock.arrived(100, 0);
  pacer.due(0);
  const before = pacer.target(0);
  for (let tick = 100; tick < 130; tick++) {
    clock.arrived(tick, (tick - 100) * 50);
    pacer.due((tick - 100) * 50);
    pacer.acknowledged(tick, tick - 2);
  }
  assert.ok(pacer.target(29 * 50) - clock.arrivingAt(29 * 50) > before - 100 + 2);
});

test('after a pause commands go on with the present tick', () => {
  const clock = new TickClock(20);
  const pacer = new CommandPacer(clock, new RoundTrip());
  clock.arrived(1, 0);
  pacer.due(0);
  clock.arrived(1001, 50_000);
  assert.equal(pacer.due(50_000).length, 1);
});

test('the backoff grows to its limit, with full jitter', () => {
  let next = 1;
  const backoff = new Backoff(250, 8000, () => next);
  assert.deepEqual([0, 1, 2, 3, 4, 5, 6].map(() => backoff.next()), [250, 500, 1000, 2000, 4000, 8000, 8000]);
  next = 0;
  assert.equal(backoff.next(), 0);
  backoff.reset();
  next = 0.5;
  assert.equal(backoff.next(), 125);
});

test('angles turn the short way', () => {
  assert.ok(Math.abs(turn(3, -3) - (2 * Math.PI - 6)) < 1e-12);
  assert.ok(Math.abs(wrapAngle(7) - (7 - 2 * Math.PI)) < 1e-12);
});

const shape = new Shape([
  { name: 'X', kind: ColumnKind.Float32, flags: 0, quant: 0.01, min: 0, max: 0 },
  { name: 'Aim', kind: ColumnKind.Float32, flags: ColumnFlag.Angle, quant: 0.01, min: 0, max: 0 },
  { name: 'HP', kind: ColumnKind.Uint8, flags: 0, quant: 0, min: 0, max: 0 },
]);

test('rows are blended between frames', () => {
  const h = new History();
  h.shape = shape;
  h.saw(1, { X: 0, Aim: 3, HP: 100 }, 10);
  h.frameDone(10, 0);
  h.saw(1, { X: 1, Aim: -3, HP: 50 }, 11);
  h.frameDone(11, 0);
  const mid = h.sample(1, 10.5)!;
  assert.equal(mid.X, 0.5);
  assert.equal(mid.HP, 100, 'whole numbers keep the older value');
  assert.ok(Math.abs(Math.abs(mid.Aim as number) - Math.PI) < 1e-9, 'over the turn, not through zero');
  assert.equal(h.sample(1, 9), undefined, 'not there yet');
  assert.equal(h.sample(1, 12)!.X, 1);
});

test('a row that stood still does not creep', () => {
  const h = new History();
  h.shape = shape;
  h.saw(1, { X: 0, Aim: 0, HP: 1 }, 10);
  h.frameDone(10, 0);
  h.frameDone(39, 0); // frames of other rows, or none for a long time
  h.saw(1, { X: 1, Aim: 0, HP: 1 }, 40);
  h.frameDone(40, 0);
  assert.equal(h.sample(1, 30)!.X, 0);
  assert.equal(h.sample(1, 39)!.X, 0);
  assert.equal(h.sample(1, 39.5)!.X, 0.5);
});

test('a removed row is drawn until its end', () => {
  const h = new History();
  h.shape = shape;
  h.saw(1, { X: 4, Aim: 0, HP: 1 }, 10);
  h.lost(1, 12);
  h.frameDone(12, 9);
  assert.equal(h.sample(1, 11.9)!.X, 4);
  assert.equal(h.sample(1, 12), undefined);
  h.frameDone(20, 18);
  assert.deepEqual([...h.ids()], []);
});
