import { DecodeError } from '../bits';
import { ByteReader, ByteWriter } from './bytes';
import { CellKind, emptyCell, type Field, isSigned, isUnsigned, isWide } from './descriptor';

// Rows are plain objects with the Go field names. Cells are: boolean; number
// for integers of up to 32 bits and floats; bigint for 64-bit integers; string;
// Uint8Array; number for times (milliseconds since 1970, with the microseconds
// as its fraction); what JSON.parse gives for JSON; null where optional.

/** A row, a patch, or a mutation's arguments: cells by field name. */
export type Fields = Record<string, unknown>;

const decoder = new TextDecoder();
const encoder = new TextEncoder();

/** Reads a row: a count and as many cells in the order of fields. */
export function readRow(r: ByteReader, fields: readonly Field[]): Fields {
  const n = r.uvarint();
  if (n > fields.length) throw new DecodeError(`a row of ${n} fields where ${fields.length} are known`);
  const row: Fields = {};
  fields.forEach((f, i) => {
    const cell = i < n ? readCell(r, f) : emptyCell(f);
    if (!f.retired) row[f.name] = cell;
  });
  return row;
}

/** Reads the changed cells of a row. */
export function readPatch(r: ByteReader, fields: readonly Field[]): Fields {
  const patch: Fields = {};
  for (let n = r.uvarint(); n > 0; n--) {
    const f = fields[r.uvarint()];
    if (f === undefined) throw new DecodeError('a patch of a field that is not known');
    const cell = readCell(r, f);
    if (!f.retired) patch[f.name] = cell;
  }
  return patch;
}

function readCell(r: ByteReader, f: Field): unknown {
  if (f.optional && r.byte() === 0) return null;
  const { kind } = f;
  if (isWide(kind)) return kind === CellKind.Int64 ? r.varintBig() : r.uvarintBig();
  if (isUnsigned(kind)) return r.uvarint();
  if (isSigned(kind)) {
    const u = r.uvarint();
    return u % 2 === 0 ? u / 2 : -(u + 1) / 2;
  }
  switch (kind) {
    case CellKind.Bool:
      return r.byte() !== 0;
    case CellKind.Float32:
      return r.float32();
    case CellKind.Float64:
      return r.float64();
    case CellKind.String:
      return r.text();
    case CellKind.Bytes:
      return r.take().slice();
    case CellKind.Time:
      return Number(r.varintBig()) / 1000;
    case CellKind.JSON:
      return parse(r.take());
  }
  throw new DecodeError(`field ${f.name} has unknown kind ${kind}`);
}

function parse(json: Uint8Array): unknown {
  return json.length === 0 ? null : JSON.parse(decoder.decode(json));
}

/** Writes all of fields; those that values lacks are empty. Throws a TypeError that names a field. */
export function writeRow(w: ByteWriter, fields: readonly Field[], values: Fields): void {
  known(fields, values);
  w.uvarint(fields.length);
  for (const f of fields) writeCell(w, f, values[f.name] === undefined ? emptyCell(f) : values[f.name]);
}

/** Writes the fields that values has. */
export function writePatch(w: ByteWriter, fields: readonly Field[], values: Fields): void {
  known(fields, values);
  const given = fields.flatMap((f, i) => (values[f.name] === undefined ? [] : [i]));
  w.uvarint(given.length);
  for (const i of given) {
    w.uvarint(i);
    writeCell(w, fields[i], values[fields[i].name]);
  }
}

function known(fields: readonly Field[], values: Fields): void {
  for (const name of Object.keys(values)) {
    if (!fields.some((f) => f.name === name && !f.retired)) throw new TypeError(`there is no field ${name}; there are ${fields.map((f) => f.name).join(', ')}`);
  }
}

/** The cell that a field keeps when it is given v. Throws a TypeError that names the field. */
export function toCell(f: Field, v: unknown): unknown {
  const wrong = (want: string) => new TypeError(`field ${f.name} takes ${want}, not ${v === null ? 'null' : typeof v === 'number' || typeof v === 'bigint' ? v : typeof v}`);
  if (v === null && f.optional) return null;
  const { kind } = f;
  if (kind === CellKind.JSON) {
    if (v === undefined || JSON.stringify(v) === undefined) throw wrong('what JSON can carry');
    return v;
  }
  if (isSigned(kind) || isUnsigned(kind)) return toInteger(f, v, wrong);
  switch (kind) {
    case CellKind.Bool:
      if (typeof v !== 'boolean') throw wrong('true or false');
      return v;
    case CellKind.Float32:
    case CellKind.Float64:
      if (typeof v !== 'number' || !Number.isFinite(v)) throw wrong('a finite number');
      return (kind === CellKind.Float32 ? Math.fround(v) : v) + 0;
    case CellKind.String:
      if (typeof v !== 'string') throw wrong('a string');
      return v;
    case CellKind.Bytes:
      if (!(v instanceof Uint8Array)) throw wrong('a Uint8Array');
      return v;
    case CellKind.Time:
      return toTime(v, wrong);
  }
  throw wrong(`a cell of kind ${kind}`);
}

function toInteger(f: Field, v: unknown, wrong: (want: string) => TypeError): number | bigint {
  const signed = isSigned(f.kind);
  const bits = 8 * 2 ** (f.kind - (signed ? CellKind.Int8 : CellKind.Uint8));
  const want = `a whole number of ${bits} bits${signed ? '' : ' that is not negative'}`;
  if (typeof v !== 'bigint' && !(typeof v === 'number' && Number.isSafeInteger(v))) throw wrong(want);
  const big = BigInt(v);
  if ((signed ? BigInt.asIntN(bits, big) : BigInt.asUintN(bits, big)) !== big) throw wrong(want);
  return bits === 64 ? big : Number(big);
}

function toTime(v: unknown, wrong: (want: string) => TypeError): number {
  const ms = v instanceof Date ? v.getTime() : v;
  if (typeof ms !== 'number' || !Number.isFinite(ms)) throw wrong('a time: a Date, or milliseconds since 1970');
  return Math.round(ms * 1000) / 1000;
}

/** Microseconds since 1970. */
export function micros(ms: number): bigint {
  return BigInt(Math.round(ms * 1000));
}

function writeCell(w: ByteWriter, f: Field, given: unknown): void {
  const empty = given === null && f.kind === CellKind.JSON; // JSON's own null, or none
  const v = empty ? null : toCell(f, given);
  if (f.optional) {
    w.byte(v === null ? 0 : 1);
    if (v === null) return;
  }
  switch (f.kind) {
    case CellKind.Bool:
      return w.byte(v ? 1 : 0);
    case CellKind.Float32:
      return w.float32(v as number);
    case CellKind.Float64:
      return w.float64(v as number);
    case CellKind.String:
      return w.text(v as string);
    case CellKind.Bytes:
      return w.put(v as Uint8Array);
    case CellKind.Time:
      return w.varintBig(micros(v as number));
    case CellKind.JSON:
      return w.put(encoder.encode(JSON.stringify(v)));
  }
  if (isSigned(f.kind)) return w.varintBig(BigInt(v as number | bigint));
  return w.uvarintBig(BigInt(v as number | bigint));
}

/** Checks and copies values into cells, without the fields that are not given. */
export function toCells(fields: readonly Field[], values: Fields): Fields {
  known(fields, values);
  const cells: Fields = {};
  for (const f of fields) if (values[f.name] !== undefined) cells[f.name] = toCell(f, values[f.name]);
  return cells;
}
