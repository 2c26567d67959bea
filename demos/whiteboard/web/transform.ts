import { between, center, ends, inside, type Point, turned } from './box';
import { type Geo, type Shape } from './shape';

/** A place on a box: -1 is its left or top edge, 1 its right or bottom one, 0 between. */
export interface Handle {
  readonly hx: number;
  readonly hy: number;
}

export const HANDLES: readonly Handle[] = [
  { hx: -1, hy: -1 },
  { hx: 1, hy: -1 },
  { hx: 1, hy: 1 },
  { hx: -1, hy: 1 },
  { hx: 0, hy: -1 },
  { hx: 1, hy: 0 },
  { hx: 0, hy: 1 },
  { hx: -1, hy: 0 },
];

const LEAST = 2; // of a side
const TURN_STEP = Math.PI / 12;

export function handleAt({ hx, hy }: Handle, g: Geo): Point {
  return turned({ x: g.x + ((hx + 1) / 2) * g.w, y: g.y + ((hy + 1) / 2) * g.h }, center(g), g.r);
}

/** The box after one of its handles was pulled to a point. */
export function resized(g: Geo, { hx, hy }: Handle, to: Point, keep: boolean, fromMiddle: boolean): Geo {
  const q = inside(to, g);
  let w = hx === 0 ? g.w : Math.abs(hx < 0 ? g.w - q.x : q.x);
  let h = hy === 0 ? g.h : Math.abs(hy < 0 ? g.h - q.y : q.y);
  if (fromMiddle) {
    if (hx !== 0) w = Math.abs(q.x - g.w / 2) * 2;
    if (hy !== 0) h = Math.abs(q.y - g.h / 2) * 2;
  }
  if (keep && g.w > 0 && g.h > 0) {
    const [sx, sy] = [w / g.w, h / g.h];
    const s = Math.max(hx === 0 ? sy : hy === 0 ? sx : Math.max(sx, sy), LEAST / g.w, LEAST / g.h);
    [w, h] = [g.w * s, g.h * s];
  }
  w = Math.max(w, g.w === 0 ? 0 : LEAST);
  h = Math.max(h, g.h === 0 ? 0 : LEAST);
  // Which way it grows from the edge that stays; across it when the pointer has passed it.
  const passedX = hx < 0 ? q.x > g.w : q.x < 0;
  const passedY = hy < 0 ? q.y > g.h : q.y < 0;
  const along = (handle: number, size: number, next: number, passed: boolean) => {
    if (handle === 0 || fromMiddle) return size / 2;
    const stays = handle < 0 ? size : 0;
    return stays + ((handle < 0) !== passed ? -next / 2 : next / 2);
  };
  const middle = turned({ x: g.x + along(hx, g.w, w, passedX), y: g.y + along(hy, g.h, h, passedY) }, center(g), g.r);
  return { x: middle.x - w / 2, y: middle.y - h / 2, w, h, r: g.r };
}

/** Where a shape comes to when the box around it becomes another one that is turned alike. */
export function fitted({ kind }: Shape, g: Geo, from: Geo, to: Geo): Geo {
  const [sx, sy] = [from.w < 0.5 ? 1 : to.w / from.w, from.h < 0.5 ? 1 : to.h / from.h];
  const moved = (p: Point) => ({ x: to.x + (p.x - from.x) * sx, y: to.y + (p.y - from.y) * sy });
  if (kind === 'arrow') {
    const [a, b] = ends(g);
    return between(moved(a), moved(b));
  }
  const c = moved(center(g));
  // Of a turned box the sides are no longer along the axes: it grows as a whole.
  const s = Math.sqrt(sx * sy);
  const [w, h] = g.r === 0 ? [g.w * sx, g.h * sy] : [g.w * s, g.h * s];
  return { x: c.x - w / 2, y: c.y - h / 2, w, h, r: g.r };
}

/** A box turned about a point. */
export function turnedGeo(g: Geo, about: Point, by: number): Geo {
  const c = turned(center(g), about, by);
  const r = Math.atan2(Math.sin(g.r + by), Math.cos(g.r + by));
  return { x: c.x - g.w / 2, y: c.y - g.h / 2, w: g.w, h: g.h, r: Math.abs(r) < 1e-6 ? 0 : r };
}

/** A turn in steps of 15 degrees. */
export function inSteps(angle: number): number {
  return Math.round(angle / TURN_STEP) * TURN_STEP;
}

/** A point in a direction from another that is a multiple of 15 degrees. */
export function straight(from: Point, to: Point): Point {
  const angle = inSteps(Math.atan2(to.y - from.y, to.x - from.x));
  const length = Math.hypot(to.x - from.x, to.y - from.y);
  return { x: from.x + Math.cos(angle) * length, y: from.y + Math.sin(angle) * length };
}

export function shifted(g: Geo, dx: number, dy: number): Geo {
  return { ...g, x: g.x + dx, y: g.y + dy };
}
