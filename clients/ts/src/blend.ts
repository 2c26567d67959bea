import { quantise, type Scalar } from './cell';
import type { Fields, Shape } from './record';
import { type Column, ColumnFlag, ColumnKind, isFloat } from './schema';

const TURN = 2 * Math.PI;

/** Brings an angle into [−π, π]. */
export function wrapAngle(a: number): number {
  const wrapped = a - TURN * Math.round(a / TURN);
  return Math.max(-Math.PI, Math.min(Math.PI, wrapped));
}

/** The short way from one angle to another. */
export function turn(from: number, to: number): number {
  return wrapAngle(to - from);
}

/** True for columns that have values between two others. */
export function isBlended(c: Column): boolean {
  return isFloat(c);
}

/** What lies between a (at 0) and b (at 1). Only floats have a between, angles the short way. */
export function blendScalar(c: Column, a: number, b: number, at: number): number {
  if ((c.flags & ColumnFlag.Angle) !== 0) return wrapAngle(a + turn(a, b) * at);
  return a + (b - a) * at;
}

/** A new row between a and b; what has no between is a's. */
export function blendRows(shape: Shape, a: Fields, b: Fields, at: number): Fields {
  return shape.make((i) => {
    const from = shape.get(a, i);
    const to = shape.get(b, i);
    if (!isBlended(shape.columns[i]) || typeof from !== 'number' || typeof to !== 'number') return from;
    return blendScalar(shape.columns[i], from, to, at);
  });
}

/** The way from one value of a column to another. */
function distance(c: Column, from: number, to: number): number {
  return (c.flags & ColumnFlag.Angle) !== 0 ? turn(from, to) : to - from;
}

/** Whether two cells differ by no more than half the step to which the wire rounds them. */
export function isNear(c: Column, mine: Scalar | undefined, theirs: Scalar | undefined): boolean {
  if (mine === theirs) return true;
  if (!isFloat(c) || typeof mine !== 'number' || typeof theirs !== 'number') return false;
  return Math.abs(distance(c, mine, theirs)) <= tolerance(c, theirs);
}

/**
 * What to go on with when theirs is the wire's rounded value and mine is not
 * near it. The exact value lies within half a step of theirs. When mine is no
 * more than a step away, the nearest value of that range is the best guess:
 * taking theirs would leave an error of up to half a step, and the next frames
 * would differ again; so the error shrinks each time instead.
 */
export function settled(c: Column, mine: Scalar | undefined, theirs: Scalar): Scalar {
  if (c.quant === 0 || isSnapped(c) || typeof mine !== 'number' || typeof theirs !== 'number') return theirs;
  const off = distance(c, mine, theirs);
  const near = Math.abs(off) <= 2 * tolerance(c, theirs); // false for NaN
  if (!near) return theirs;
  const edge = theirs - (Math.sign(off) * c.quant) / 2;
  return c.kind === ColumnKind.Float32 ? Math.fround(edge) : edge;
}

/** A cell as the server rounds it at the end of a tick. */
export function snapped(c: Column, v: Scalar | undefined): Scalar | undefined {
  if (!isSnapped(c) || typeof v !== 'number') return v;
  const exact = quantise(v, c.quant) * c.quant;
  return c.kind === ColumnKind.Float32 ? Math.fround(exact) : exact;
}

/** True for columns that the server rounds, not only the wire. */
function isSnapped(c: Column): boolean {
  return (c.flags & ColumnFlag.Snap) !== 0 && c.quant > 0;
}

/** Half a quantisation step, and what a float32 may add to it by rounding near v. */
function tolerance(c: Column, v: number): number {
  if (c.quant === 0) return 0;
  return c.quant / 2 + (c.kind === ColumnKind.Float32 ? Math.abs(v) / 2 ** 22 : 0);
}
