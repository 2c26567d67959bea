import type { Geo } from './shape';

/** A point of the plane, or of the screen. */
export interface Point {
  readonly x: number;
  readonly y: number;
}

/** A box with sides along the axes, by its edges. */
export interface Box {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

export function boxAt(a: Point, b: Point): Box {
  return { left: Math.min(a.x, b.x), top: Math.min(a.y, b.y), right: Math.max(a.x, b.x), bottom: Math.max(a.y, b.y) };
}

export function boxOf(g: Geo): Box {
  return { left: g.x, top: g.y, right: g.x + g.w, bottom: g.y + g.h };
}

export function grown(b: Box, by: number): Box {
  return { left: b.left - by, top: b.top - by, right: b.right + by, bottom: b.bottom + by };
}

export function united(a: Box, b: Box): Box {
  return { left: Math.min(a.left, b.left), top: Math.min(a.top, b.top), right: Math.max(a.right, b.right), bottom: Math.max(a.bottom, b.bottom) };
}

export function unitedAll(boxes: Iterable<Box>): Box | undefined {
  let all: Box | undefined;
  for (const b of boxes) all = all === undefined ? b : united(all, b);
  return all;
}

export function touches(a: Box, b: Box): boolean {
  return a.left <= b.right && b.left <= a.right && a.top <= b.bottom && b.top <= a.bottom;
}

export function contains(outer: Box, inner: Box): boolean {
  return outer.left <= inner.left && outer.top <= inner.top && outer.right >= inner.right && outer.bottom >= inner.bottom;
}

export function area(b: Box): number {
  return Math.max(0, b.right - b.left) * Math.max(0, b.bottom - b.top);
}

export function middleOf(b: Box): Point {
  return { x: (b.left + b.right) / 2, y: (b.top + b.bottom) / 2 };
}

export function turned(p: Point, about: Point, r: number): Point {
  if (r === 0) return p;
  const [sin, cos] = [Math.sin(r), Math.cos(r)];
  const [dx, dy] = [p.x - about.x, p.y - about.y];
  return { x: about.x + dx * cos - dy * sin, y: about.y + dx * sin + dy * cos };
}

export function center(g: Geo): Point {
  return { x: g.x + g.w / 2, y: g.y + g.h / 2 };
}

/** The four corners of a turned box, clockwise from the top left. */
export function corners(g: Geo): Point[] {
  const c = center(g);
  return [
    { x: g.x, y: g.y },
    { x: g.x + g.w, y: g.y },
    { x: g.x + g.w, y: g.y + g.h },
    { x: g.x, y: g.y + g.h },
  ].map((p) => turned(p, c, g.r));
}

/** The box around a turned box. */
export function bounds(g: Geo): Box {
  if (g.r === 0) return boxOf(g);
  const c = center(g);
  const [sin, cos] = [Math.abs(Math.sin(g.r)), Math.abs(Math.cos(g.r))];
  const [w, h] = [(g.w * cos + g.h * sin) / 2, (g.w * sin + g.h * cos) / 2];
  return { left: c.x - w, top: c.y - h, right: c.x + w, bottom: c.y + h };
}

/** A point as the box sees it that is turned: its own axes, from its top left corner. */
export function inside(p: Point, g: Geo): Point {
  const q = turned(p, center(g), -g.r);
  return { x: q.x - g.x, y: q.y - g.y };
}

/** The box of an arrow: flat, from its left end to its right one. */
export function between(from: Point, to: Point): Geo {
  const [dx, dy] = [to.x - from.x, to.y - from.y];
  const w = Math.hypot(dx, dy);
  return { x: (from.x + to.x) / 2 - w / 2, y: (from.y + to.y) / 2, w, h: 0, r: Math.atan2(dy, dx) };
}

/** The two ends of an arrow's box. */
export function ends(g: Geo): [from: Point, to: Point] {
  const c = center(g);
  const [dx, dy] = [(Math.cos(g.r) * g.w) / 2, (Math.sin(g.r) * g.w) / 2];
  return [
    { x: c.x - dx, y: c.y - dy },
    { x: c.x + dx, y: c.y + dy },
  ];
}

export function distance(a: Point, b: Point): number {
  return Math.hypot(a.x - b.x, a.y - b.y);
}

export function distanceToLine(p: Point, a: Point, b: Point): number {
  const [dx, dy] = [b.x - a.x, b.y - a.y];
  const length = dx * dx + dy * dy;
  const t = length === 0 ? 0 : Math.min(1, Math.max(0, ((p.x - a.x) * dx + (p.y - a.y) * dy) / length));
  return Math.hypot(p.x - a.x - t * dx, p.y - a.y - t * dy);
}

export function sameGeo(a: Geo, b: Geo): boolean {
  return a.x === b.x && a.y === b.y && a.w === b.w && a.h === b.h && a.r === b.r;
}
