import { ByteWriter } from './bytes';
import { CellKind, type Field, isFloat, isSigned, isUnsigned } from './descriptor';
import { micros, toCell } from './row';

// A key is the order-preserving encoding of a primary key. In this client it
// is a string with one character for each byte, so that a Map can hold it.

const encoder = new TextEncoder();

/** A primary key's value as a key. Throws a TypeError for what the field cannot hold. */
export function keyOf(f: Field, v: unknown): string {
  if (v === undefined) throw new TypeError(`the key ${f.name} is missing`);
  return keyFromBytes(encodeKey(f, toCell(f, v)));
}

export function keyFromBytes(p: Uint8Array): string {
  let key = '';
  for (let i = 0; i < p.length; i++) key += String.fromCharCode(p[i]);
  return key;
}

export function keyToBytes(key: string): Uint8Array {
  return Uint8Array.from(key, (c) => c.charCodeAt(0));
}

function encodeKey(f: Field, v: unknown): Uint8Array {
  const w = new ByteWriter();
  if (v === null) {
    w.byte(0);
    return w.finish();
  }
  w.byte(1);
  const { kind } = f;
  if (isSigned(kind)) fixed(w, BigInt(v as number | bigint) ^ (1n << 63n));
  else if (isUnsigned(kind)) fixed(w, BigInt(v as number | bigint));
  else if (isFloat(kind)) fixed(w, orderedFloat(v as number));
  else if (kind === CellKind.Time) fixed(w, micros(v as number) ^ (1n << 63n));
  else if (kind === CellKind.Bool) w.byte(v ? 1 : 0);
  else if (kind === CellKind.String) escaped(w, encoder.encode(v as string), remapped);
  else if (kind === CellKind.Bytes) escaped(w, v as Uint8Array, (b) => b);
  else throw new TypeError(`${f.name} cannot be a key`);
  return w.finish();
}

function fixed(w: ByteWriter, v: bigint): void {
  const p = new Uint8Array(8);
  new DataView(p.buffer).setBigUint64(0, BigInt.asUintN(64, v));
  w.raw(p);
}

/** A float's bits, so that they order as unsigned numbers. */
function orderedFloat(v: number): bigint {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, v);
  const bits = view.getBigUint64(0);
  return bits >> 63n === 1n ? ~bits : bits | (1n << 63n);
}

/** Moves lead bytes of UTF-8 so that bytes order as UTF-16 code units do. */
function remapped(b: number): number {
  if (b === 0xee || b === 0xef) return b + 5;
  return b >= 0xf0 && b <= 0xf4 ? b - 2 : b;
}

function escaped(w: ByteWriter, p: Uint8Array, map: (b: number) => number): void {
  for (const b of p) {
    w.byte(map(b));
    if (b === 0) w.byte(0xff);
  }
  w.byte(0);
  w.byte(1);
}
