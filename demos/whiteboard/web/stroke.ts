import { type Box, boxAt, distance, distanceToLine, type Point, united } from './box';
import { type Geo, GRAIN } from './shape';

const STEADY = 0.45; // how much of the way to the pointer the pen goes with each event
const TOLERANCE_PX = 0.45; // how far a left out point may lie from the line
export const MOST_POINTS = 2_000;

/** A stroke while it is drawn: follows the pointer a little behind, which takes out its trembling. */
export class Stroke {
  readonly points: Point[];
  private pen: Point;
  private pointer: Point;

  constructor(start: Point) {
    this.points = [start];
    this.pen = start;
    this.pointer = start;
  }

  /** Goes on to where the pointer is; false if that is too near to count. */
  add(p: Point, zoom: number): boolean {
    this.pointer = p;
    const next = { x: this.pen.x + (p.x - this.pen.x) * STEADY, y: this.pen.y + (p.y - this.pen.y) * STEADY };
    if (distance(next, this.pen) * zoom < 0.8) return false;
    this.pen = next;
    this.points.push(next);
    return true;
  }

  /** The whole stroke up to the pointer, without points that make no difference. */
  finish(zoom: number): Point[] {
    if (distance(this.pointer, this.pen) > 0) this.points.push(this.pointer);
    for (let tolerance = TOLERANCE_PX / zoom; ; tolerance *= 1.5) {
      const fewer = simplified(this.points, tolerance);
      if (fewer.length <= MOST_POINTS) return fewer;
    }
  }
}

/** Leaves out what lies within tolerance of the line through the rest (Ramer, Douglas, Peucker). */
export function simplified(points: readonly Point[], tolerance: number): Point[] {
  if (points.length < 3) return [...points];
  const keep = new Uint8Array(points.length);
  keep[0] = keep[points.length - 1] = 1;
  const spans: [number, number][] = [[0, points.length - 1]];
  for (let span = spans.pop(); span !== undefined; span = spans.pop()) {
    const [from, to] = span;
    let [far, at] = [tolerance, -1];
    for (let i = from + 1; i < to; i++) {
      const d = distanceToLine(points[i], points[from], points[to]);
      if (d > far) [far, at] = [d, i];
    }
    if (at < 0) continue;
    keep[at] = 1;
    spans.push([from, at], [at, to]);
  }
  return points.filter((_, i) => keep[i] === 1);
}

/** A stroke's box and its points as a shape holds them. */
export function packed(points: readonly Point[]): { geo: Geo; points: number[] } {
  let box: Box = boxAt(points[0], points[0]);
  for (const p of points) box = united(box, boxAt(p, p));
  const [w, h] = [box.right - box.left, box.bottom - box.top];
  const part = (value: number, from: number, size: number) => (size === 0 ? 0 : Math.round(((value - from) / size) * GRAIN));
  return {
    geo: { x: box.left, y: box.top, w, h, r: 0 },
    points: points.flatMap((p) => [part(p.x, box.left, w), part(p.y, box.top, h)]),
  };
}

/** The points of a stroke in its box, from its top left corner. */
export function unpacked(points: readonly number[], w: number, h: number): Point[] {
  const all: Point[] = [];
  for (let i = 0; i + 1 < points.length; i += 2) all.push({ x: (points[i] / GRAIN) * w, y: (points[i + 1] / GRAIN) * h });
  return all;
}

/** Takes the commands of a path: a canvas' Path2D, or what writes SVG. */
export interface Pen {
  moveTo(x: number, y: number): void;
  lineTo(x: number, y: number): void;
  quadraticCurveTo(cx: number, cy: number, x: number, y: number): void;
}

/** A smooth line: through the middles between points, bent by the points. */
export function trace(points: readonly Point[], pen: Pen): void {
  const [first] = points;
  if (first === undefined) return;
  pen.moveTo(first.x, first.y);
  if (points.length === 1) return pen.lineTo(first.x + 0.01, first.y);
  for (let i = 1; i < points.length - 1; i++) {
    const [p, next] = [points[i], points[i + 1]];
    pen.quadraticCurveTo(p.x, p.y, (p.x + next.x) / 2, (p.y + next.y) / 2);
  }
  const last = points[points.length - 1];
  pen.lineTo(last.x, last.y);
}
