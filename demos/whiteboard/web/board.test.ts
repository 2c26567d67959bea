import assert from 'node:assert/strict';
import { test } from 'node:test';
import { between, bounds, center, distance, ends, turned } from './box';
import { isImageAddress } from './images';
import { rebased } from './rebase';
import { GRAIN } from './shape';
import { MOST_POINTS, packed, simplified, Stroke, unpacked } from './stroke';
import { fitted, HANDLES, handleAt, resized, turnedGeo } from './transform';

const near = (a: number, b: number, what: string) => assert.ok(Math.abs(a - b) < 1e-6, `${what}: ${a}, not ${b}`);

test('an arrow is a flat box between its ends', () => {
  for (const [from, to] of [[{ x: 1, y: 2 }, { x: 30, y: -40 }], [{ x: 5, y: 5 }, { x: -5, y: 5 }], [{ x: 0, y: 0 }, { x: 0, y: 9 }]]) {
    const geo = between(from, to);
    assert.equal(geo.h, 0);
    const [a, b] = ends(geo);
    near(distance(a, from), 0, 'the beginning');
    near(distance(b, to), 0, 'the end');
  }
});

test('a handle goes where it is pulled, and the opposite one stays', () => {
  for (const r of [0, 0.7, -2]) {
    const geo = { x: 10, y: 20, w: 100, h: 60, r };
    for (const handle of HANDLES) {
      const opposite = { hx: -handle.hx, hy: -handle.hy };
      const at = handleAt(handle, geo);
      const to = turned({ x: at.x + handle.hx * 15, y: at.y + handle.hy * 25 }, at, r);
      const next = resized(geo, handle, to, false, false);
      near(distance(handleAt(handle, next), to), 0, `handle ${handle.hx}, ${handle.hy} at ${r}`);
      near(distance(handleAt(opposite, next), handleAt(opposite, geo)), 0, `its opposite at ${r}`);
      const kept = resized(geo, handle, to, true, false);
      near(kept.w / kept.h, geo.w / geo.h, 'the proportion');
    }
  }
});

test('a box that is pulled through itself grows on the other side', () => {
  const next = resized({ x: 0, y: 0, w: 100, h: 100, r: 0 }, { hx: 1, hy: 1 }, { x: -40, y: -30 }, false, false);
  assert.deepEqual(next, { x: -40, y: -30, w: 40, h: 30, r: 0 });
});

test('what is in a box grows with it', () => {
  const shape = { kind: 'rect' } as never;
  const from = { x: 0, y: 0, w: 100, h: 100, r: 0 };
  const to = { x: 50, y: 0, w: 200, h: 50, r: 0 };
  assert.deepEqual(fitted(shape, { x: 10, y: 20, w: 30, h: 40, r: 0 }, from, to), { x: 70, y: 10, w: 60, h: 20, r: 0 });
  const arrow = fitted({ kind: 'arrow' } as never, between({ x: 0, y: 0 }, { x: 100, y: 100 }), from, to);
  near(distance(ends(arrow)[1], { x: 250, y: 50 }), 0, 'the arrow’s end');
});

test('a turn goes about a point', () => {
  const geo = turnedGeo({ x: 10, y: 0, w: 10, h: 10, r: 0 }, { x: 0, y: 0 }, Math.PI / 2);
  near(center(geo).x, -5, 'x');
  near(center(geo).y, 15, 'y');
  near(bounds(geo).left, -10, 'left');
});

test('a stroke follows the pointer, and keeps few points', () => {
  const stroke = new Stroke({ x: 0, y: 0 });
  for (let i = 1; i <= 5000; i++) stroke.add({ x: i, y: Math.sin(i / 40) * 80 }, 1);
  const points = stroke.finish(1);
  assert.ok(points.length > 100 && points.length <= MOST_POINTS, `${points.length} points`);
  assert.equal(points.at(-1)!.x, 5000);
  const flat = packed(points);
  assert.ok(flat.points.every((v) => Number.isInteger(v) && v >= 0 && v <= GRAIN));
  unpacked(flat.points, flat.geo.w, flat.geo.h).forEach((p, i) => {
    assert.ok(Math.hypot(p.x + flat.geo.x - points[i].x, p.y + flat.geo.y - points[i].y) < 0.5);
  });
  assert.equal(simplified([{ x: 0, y: 0 }, { x: 1, y: 0.01 }, { x: 2, y: 0 }], 0.1).length, 2);
  assert.deepEqual(packed([{ x: 3, y: 4 }]), { geo: { x: 3, y: 4, w: 0, h: 0, r: 0 }, points: [0, 0] });
});

test('what is typed survives what others type', () => {
  const cases: [base: string, mine: string, theirs: string, text: string][] = [
    ['Ask', 'Ask', 'Today: Ask', 'Today: Ask'],
    ['Ask Bob', 'Ask Bob now', 'Today: Ask Bob', 'Today: Ask Bob now'],
    ['Ask Bob', 'Go. Ask Bob', 'Ask Bob now', 'Go. Ask Bob now'],
    ['one two three', 'one 2 three', 'one two 3', 'one 2 3'],
    ['one two', 'one 2', 'one zwei', 'one 2'], // the same word: one's own counts
    ['', 'mine', 'mine', 'mine'],
    ['abc', '', 'abc', ''],
  ];
  for (const [base, mine, theirs, text] of cases) assert.equal(rebased(base, mine, theirs, 0).text, text, `${base} → ${mine} and ${theirs}`);
  assert.equal(rebased('Ask', 'Ask', 'Today: Ask', 3).caret, 10);
  assert.equal(rebased('Ask', 'Ask', 'Ask Bob', 1).caret, 1);
});

test('only images are images', () => {
  for (const src of ['https://example.com/a.png', 'http://x/y', 'data:image/png;base64,AA==']) assert.ok(isImageAddress(src), src);
  for (const src of ['javascript:alert(1)', 'data:text/html,x', 'file:///a.png', 'a.png', '', 'blob:https://x/y']) assert.ok(!isImageAddress(src), src);
});
