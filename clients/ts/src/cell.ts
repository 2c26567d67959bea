import { type Column, ColumnKind, isQuantised } from './schema';

/** What a cell holds in user code: 64-bit integers are bigints. */
export type Scalar = boolean | number | bigint | string;

/** The hash of everything public in a room, in two lanes of 32 bits. */
export interface Hash {
  readonly a: number;
  readonly b: number;
}

const scratch = new DataView(new ArrayBuffer(8));
const encoder = new TextEncoder();

/** The count of steps nearest to v, as the server rounds it. */
export function quantise(v: number, step: number): number {
  const q = Math.floor(v / step + 0.5);
  if (Number.isNaN(q)) return 0;
  return Math.max(-0x80000000, Math.min(0x7fffffff, q));
}

/** The user's value of a cell whose wire value is lo, or hi:lo for wide columns. */
export function cellValue(c: Column, lo: number, hi: number): boolean | number | bigint {
  switch (c.kind) {
    case ColumnKind.Bool:
      return lo !== 0;
    case ColumnKind.Int8:
    case ColumnKind.Int16:
    case ColumnKind.Int32:
      return lo | 0;
    case ColumnKind.Int64:
      return (BigInt(hi | 0) << 32n) | BigInt(lo >>> 0);
    case ColumnKind.Uint64:
      return (BigInt(hi >>> 0) << 32n) | BigInt(lo >>> 0);
    case ColumnKind.Float32:
      if (isQuantised(c)) return Math.fround((lo | 0) * c.quant);
      scratch.setUint32(0, lo >>> 0, true);
      return scratch.getFloat32(0, true);
    case ColumnKind.Float64:
      if (isQuantised(c)) return (lo | 0) * c.quant;
      scratch.setUint32(0, lo >>> 0, true);
      scratch.setUint32(4, hi >>> 0, true);
      return scratch.getFloat64(0, true);
  }
  return lo >>> 0;
}

/** Mixes 32 bits so that each of them changes about half of the result. */
export function mix(a: number): number {
  a ^= a >>> 16;
  a = Math.imul(a, 0x7feb352d);
  a ^= a >>> 15;
  a = Math.imul(a, 0x846ca68b);
  return a ^ (a >>> 16);
}

/** The key of a row, from which its cells are hashed. */
export function rowKey(id: number, table: number): number {
  return mix(id ^ Math.imul(table + 1, 0x9e3779b1));
}

/** The key of one cell; column −1 is the row's presence. */
export function cellKey(row: number, column: number): number {
  return mix(row ^ Math.imul(column + 1, 0x85ebca77));
}

/** Lane A of a cell of 32 bits. */
export function laneA(key: number, lo: number): number {
  return mix(key ^ lo);
}

/** Lane A of a cell of 64 bits. */
export function laneWide(key: number, lo: number, hi: number): number {
  return mix(mix(key ^ lo) ^ hi);
}

/** Lane B of the cell whose lane A is a. */
export function laneB(key: number, a: number): number {
  return mix(a ^ key ^ 0x2c1b3c6d);
}

/** The 32 bits that stand for a string's bytes in the hash: FNV-1a. */
export function textHash(bytes: Uint8Array): number {
  let h = 0x811c9dc5;
  for (const b of bytes) h = Math.imul(h ^ b, 0x01000193);
  return h;
}

/** UTF-8 bytes of a string. */
export function utf8(s: string): Uint8Array {
  return encoder.encode(s);
}
