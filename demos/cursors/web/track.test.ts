import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Track } from './track';

test('a cursor is drawn a little late, on the way between two places', () => {
  const track = new Track();
  track.jump(0, { x: 0, y: 0 });
  track.push(40, { x: 0.4, y: 0.8 });
  assert.deepEqual(track.at(75), { x: 0, y: 0 });
  assert.deepEqual(track.at(95), { x: 0.2, y: 0.4 });
  assert.equal(track.moving, true);
  assert.deepEqual(track.at(115), { x: 0.4, y: 0.8 });
  assert.equal(track.moving, false);
  assert.deepEqual(track.at(10_000), { x: 0.4, y: 0.8 });
});

test('after a rest it does not crawl from where it was', () => {
  const track = new Track();
  track.jump(0, { x: 0, y: 0 });
  track.push(1_000, { x: 1, y: 1 });
  assert.deepEqual(track.at(1_042), { x: 0, y: 0 });
  assert.ok(track.at(1_060).x > 0);
  assert.deepEqual(track.at(1_075), { x: 1, y: 1 });
});

test('a jump has no way, and several places at one time are no trouble', () => {
  const track = new Track();
  track.jump(0, { x: 0, y: 0 });
  track.jump(50, { x: 1, y: 0 });
  assert.deepEqual(track.at(51), { x: 1, y: 0 });
  track.push(60, { x: 0.5, y: 0 });
  track.push(60, { x: 0.25, y: 0 });
  assert.deepEqual(track.at(200), { x: 0.25, y: 0 });
});
