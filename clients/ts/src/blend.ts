import type { Scalar } from './cell';
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

/** Whether two cells differ by no more than half the step to which the wire rounds them. */
export function isNear(c: Column, mine: Scalar | undefined, theirs: Scalar | undefined): boolean {
  if (mine === theirs) return true;
  if (!isFloat(c) || typeof mine !== 'number' || typeof theirs !== 'number') return false;
  const off = (c.flags & ColumnFlag.Angle) !== 0 ? turn(mine, theirs) : theirs - mine;
  return Math.abs(off) <= tolerance(c, theirs);
}

/**
 * What to go on with when theirs is the wire's rounded value and mine is not
 * near it. The exact value lies within half a step of theirs. When mine is less
 * than a step away, the nearest value of that range is the best guess: taking
 * theirs would leave an error of up to half a step, and the next frames would
 * differ again; so the error shrinks each time instead.
 */
export function settled(c: Column, mine: Scalar | undefined, theirs: Scalar): Scalar {
  if (c.quant === 0 || typeof mine !== 'number' || typeof theirs !== 'number') return theirs;
  const off = (c.flags & ColumnFlag.Angle) !== 0 ? turn(mine, theirs) : theirs - mine;
  if (Math.abs(off) > c.quant) return theirs;
  const edge = theirs - (Math.sign(off) * c.quant) / 2;
  return c.kind === ColumnKind.Float32 ? Math.fround(edge) : edge;
}

/** Half a quantisation step, and what a float32 may add to it by rounding near v. */
function tolerance(c: Column, v: number): number {
  if (c.quant === 0) return 0;
  return c.quant / 2 + (c.kind === ColumnKind.Float32 ? Math.abs(v) / 2 ** 22 : 0);
}
