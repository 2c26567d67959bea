import { BitReader, BitWriter, DecodeError } from './bits';
import { type Scalar, cellValue, quantise, utf8 } from './cell';
import { type Column, ColumnFlag, ColumnKind, isQuantised, isUnsigned } from './schema';

// A plain value is a cell that stands alone: in owner payloads, events and
// inputs, where there is no older value to differ from. An input that the
// server would refuse is refused here first.

const decoder = new TextDecoder();
const BIG_EXACT = 2 ** 53;

/** The range of a column that is written as an offset from its lower bound. */
interface Bounds {
  readonly low: bigint;
  readonly span: bigint;
  readonly width: number;
}

const boundsOf = new WeakMap<Column, Bounds | null>();

/** The bounds of a whole-number column with both min and max, else null. */
function bounds(c: Column): Bounds | null {
  const known = boundsOf.get(c);
  if (known !== undefined) return known;
  const both = ColumnFlag.HasMin | ColumnFlag.HasMax;
  const whole = isQuantised(c) || (c.kind >= ColumnKind.Int8 && c.kind <= ColumnKind.Uint64);
  let made: Bounds | null = null;
  if (whole && (c.flags & both) === both) {
    const low = wholeBound(c, c.min);
    const high = wholeBound(c, c.max);
    const span = high < low ? 0n : high - low;
    made = { low, span, width: span === 0n ? 0 : span.toString(2).length };
  }
  boundsOf.set(c, made);
  return made;
}

function wholeBound(c: Column, bound: number): bigint {
  if (isQuantised(c)) return BigInt(quantise(bound, c.quant));
  return BigInt(Math.trunc(Math.max(-BIG_EXACT, Math.min(BIG_EXACT, bound))));
}

function isBig(c: Column): boolean {
  return c.kind === ColumnKind.Int64 || c.kind === ColumnKind.Uint64;
}

/** Bits of an integer column; a quantised float has 32. */
function integerBits(c: Column): number {
  switch (c.kind) {
    case ColumnKind.Int8:
    case ColumnKind.Uint8:
      return 8;
    case ColumnKind.Int16:
    case ColumnKind.Uint16:
      return 16;
    case ColumnKind.Int64:
    case ColumnKind.Uint64:
      return 64;
  }
  return 32;
}

/** Reads a plain value. */
export function readPlain(r: BitReader, c: Column): Scalar {
  if (c.kind === ColumnKind.String) return decoder.decode(r.take());
  if (c.kind === ColumnKind.Bool) return r.bool();
  const b = bounds(c);
  if (b !== null) {
    const offset = r.big(b.width);
    if (offset > b.span) throw new DecodeError(`${c.name} is out of range`);
    return fromWhole(c, b.low + offset);
  }
  if (isQuantised(c)) return fromWhole(c, signed(r, c));
  if (c.kind === ColumnKind.Float32) return cellValue(c, r.bits(32), 0);
  if (c.kind === ColumnKind.Float64) {
    const low = r.bits(32);
    return cellValue(c, low, r.bits(32));
  }
  if (!isUnsigned(c)) return fromWhole(c, signed(r, c));
  const v = r.uvarBig();
  if (v >> BigInt(integerBits(c)) !== 0n) throw new DecodeError(`${c.name} is out of range`);
  return fromWhole(c, v);
}

function signed(r: BitReader, c: Column): bigint {
  const v = r.svarBig();
  if (BigInt.asIntN(integerBits(c), v) !== v) throw new DecodeError(`${c.name} is out of range`);
  return v;
}

/** The user's value of a whole number on the wire. */
function fromWhole(c: Column, v: bigint): number | bigint {
  if (isBig(c)) return v;
  if (isQuantised(c)) return cellValue(c, Number(v), 0) as number;
  return Number(v);
}

/**
 * Writes a plain value; throws a RangeError for what the column cannot hold,
 * and a TypeError for a value of another type. A missing value counts as zero.
 */
export function writePlain(w: BitWriter, c: Column, v: Scalar | undefined): void {
  switch (c.kind) {
    case ColumnKind.String:
      w.put(checkedText(c, v));
      return;
    case ColumnKind.Bool:
      w.bool(v === true);
      return;
  }
  if (!isQuantised(c) && (c.kind === ColumnKind.Float32 || c.kind === ColumnKind.Float64)) {
    writeFloat(w, c, checkedFloat(c, v));
    return;
  }
  const whole = checkedWhole(c, v);
  const b = bounds(c);
  if (b !== null) w.big(whole - b.low, b.width);
  else if (isUnsigned(c)) w.uvarBig(whole);
  else w.svarBig(whole);
}

function writeFloat(w: BitWriter, c: Column, v: number): void {
  const view = new DataView(new ArrayBuffer(8));
  if (c.kind === ColumnKind.Float32) {
    view.setFloat32(0, v + 0, true); // -0 + 0 is 0
    w.bits(view.getUint32(0, true), 32);
    return;
  }
  view.setFloat64(0, v + 0, true);
  w.bits(view.getUint32(0, true), 32);
  w.bits(view.getUint32(4, true), 32);
}

function checkedFloat(c: Column, v: Scalar | undefined): number {
  const n = v ?? 0;
  if (typeof n !== 'number') throw new TypeError(`${c.name} must be a number`);
  if (!Number.isFinite(n)) throw new RangeError(`${c.name} must be finite`);
  checkRange(c, c.kind === ColumnKind.Float32 ? Math.fround(n) : n);
  return n;
}

function checkedText(c: Column, v: Scalar | undefined): Uint8Array {
  if (v !== undefined && typeof v !== 'string') throw new TypeError(`${c.name} must be a string`);
  const bytes = utf8(v ?? '');
  checkRange(c, bytes.length);
  return bytes;
}

function checkedWhole(c: Column, v: Scalar | undefined): bigint {
  let whole: bigint;
  if (isQuantised(c)) whole = BigInt(quantise(checkedNumber(c, v), c.quant));
  else if (typeof v === 'bigint') whole = v;
  else whole = BigInt(Math.trunc(checkedNumber(c, v)));
  const width = integerBits(c);
  const fits = isUnsigned(c) ? BigInt.asUintN(width, whole) : BigInt.asIntN(width, whole);
  if (fits !== whole) throw new RangeError(`${c.name} is ${v}, more than ${width} bits hold`);
  const min = (c.flags & ColumnFlag.HasMin) !== 0 && whole < wholeBound(c, c.min);
  const max = (c.flags & ColumnFlag.HasMax) !== 0 && whole > wholeBound(c, c.max);
  if (min || max) throw new RangeError(`${c.name} is ${v}, not in ${c.min}…${c.max}`);
  return whole;
}

function checkedNumber(c: Column, v: Scalar | undefined): number {
  const n = v ?? 0;
  if (typeof n !== 'number') throw new TypeError(`${c.name} must be a number`);
  if (!Number.isFinite(n)) throw new RangeError(`${c.name} must be finite`);
  return n;
}

function checkRange(c: Column, v: number): void {
  const below = (c.flags & ColumnFlag.HasMin) !== 0 && v < c.min;
  const above = (c.flags & ColumnFlag.HasMax) !== 0 && v > c.max;
  if (below || above) throw new RangeError(`${c.name} is ${v}, not in ${c.min}…${c.max}`);
}
