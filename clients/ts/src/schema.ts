import type { Column as ColumnTable, Schema as SchemaTable } from './fb';
import { DecodeError } from './bits';

/** The type of a column's cells. */
export const ColumnKind = {
  Bool: 1, Int8: 2, Int16: 3, Int32: 4, Int64: 5, Uint8: 6, Uint16: 7, Uint32: 8, Uint64: 9,
  Float32: 10, Float64: 11, String: 12, ID: 13,
} as const;

/** A column's yes-or-no properties. */
export const ColumnFlag = { Owner: 1, Angle: 2, Snap: 4, HasMin: 8, HasMax: 16 } as const;

/** One leaf of a row: nested structs and arrays are flattened ("Pos.X", "Items.2.Count"). */
export interface Column {
  readonly name: string;
  readonly kind: number;
  readonly flags: number;
  /** The step of a quantised float; 0: not quantised. */
  readonly quant: number;
  readonly min: number;
  readonly max: number;
}

export interface TableDef {
  readonly name: string;
  /** One row that is always there. */
  readonly single: boolean;
  /** Its changes travel on the reliable lane, where there are two. */
  readonly reliable?: boolean;
  readonly columns: readonly Column[];
}

export interface EventDef {
  readonly name: string;
  readonly columns: readonly Column[];
}

export interface InputDef {
  readonly name: string;
  /** One per player and tick; otherwise an event. */
  readonly command: boolean;
  /** Of a command: the index of the table whose row it steps. */
  readonly table: number;
  readonly columns: readonly Column[];
}

/** Describes a room: all that is needed to decode it. */
export interface Schema {
  readonly tables: readonly TableDef[];
  readonly events: readonly EventDef[];
  readonly inputs: readonly InputDef[];
}

/** True where the wire carries a 32-bit count of steps instead of the float. */
export function isQuantised(c: Column): boolean {
  return isFloat(c) && c.quant > 0;
}

/** True where a cell has 64 bits on the wire. */
export function isWide(c: Column): boolean {
  return c.kind === ColumnKind.Int64 || c.kind === ColumnKind.Uint64 || (c.kind === ColumnKind.Float64 && c.quant === 0);
}

export function isFloat(c: Column): boolean {
  return c.kind === ColumnKind.Float32 || c.kind === ColumnKind.Float64;
}

export function isUnsigned(c: Column): boolean {
  return (c.kind >= ColumnKind.Uint8 && c.kind <= ColumnKind.Uint64) || c.kind === ColumnKind.ID;
}

/** True for the columns that everyone gets; they are numbered apart from owner columns. */
export function isPublic(c: Column): boolean {
  return (c.flags & ColumnFlag.Owner) === 0;
}

const MAX_DEFINITIONS = 1024;
const MAX_COLUMNS = 256;

/** Copies a descriptor out of a message; throws a DecodeError on what no server writes. */
export function readSchema(t: SchemaTable): Schema {
  const tables = list(t.tablesLength(), MAX_DEFINITIONS, (i) => {
    const d = t.tables(i)!;
    return { name: d.name() ?? '', single: d.single(), reliable: d.reliable(), columns: readColumns(d) };
  });
  const events = list(t.eventsLength(), MAX_DEFINITIONS, (i) => {
    const d = t.events(i)!;
    return { name: d.name() ?? '', columns: readColumns(d) };
  });
  const inputs = list(t.inputsLength(), MAX_COLUMNS, (i) => {
    const d = t.inputs(i)!;
    const input = { name: d.name() ?? '', command: d.command(), table: d.steps(), columns: readColumns(d) };
    if (input.command && input.table >= tables.length) throw new DecodeError(`command ${input.name} steps table ${input.table}`);
    return input;
  });
  return { tables, events, inputs };
}

function readColumns(d: { columnsLength(): number; columns(i: number): ColumnTable | null }): Column[] {
  return list(d.columnsLength(), MAX_COLUMNS, (i) => {
    const c = d.columns(i)!;
    const column = { name: c.name() ?? '', kind: c.kind(), flags: c.flags(), quant: c.quant(), min: c.min(), max: c.max() };
    if (!isValid(column)) throw new DecodeError(`column ${column.name} is invalid`);
    return column;
  });
}

function isValid(c: Column): boolean {
  if (c.kind < ColumnKind.Bool || c.kind > ColumnKind.ID) return false;
  if (!Number.isFinite(c.quant) || !Number.isFinite(c.min) || !Number.isFinite(c.max)) return false;
  return c.quant === 0 || (c.quant > 0 && isFloat(c));
}

function list<T>(n: number, max: number, at: (i: number) => T): T[] {
  if (n > max) throw new DecodeError(`${n} definitions`);
  return Array.from({ length: n }, (_, i) => at(i));
}

/** Identifies the descriptor: FNV-1a 64 over its canonical bytes. */
export function schemaHash(s: Schema): bigint {
  let hash = 0xcbf29ce484222325n;
  for (const b of canonicalBytes(s)) hash = BigInt.asUintN(64, (hash ^ BigInt(b)) * 0x100000001b3n);
  return hash;
}

function canonicalBytes(s: Schema): number[] {
  const out: number[] = [];
  const view = new DataView(new ArrayBuffer(8));
  const put = (size: number) => {
    for (let i = 0; i < size; i++) out.push(view.getUint8(i));
  };
  const u16 = (v: number) => (view.setUint16(0, v, true), put(2));
  const u32 = (v: number) => (view.setUint32(0, v, true), put(4));
  const f64 = (v: number, set: boolean) => (view.setFloat64(0, set ? v + 0 : 0, true), put(8));
  const text = (v: string) => {
    const bytes = new TextEncoder().encode(v);
    u32(bytes.length);
    out.push(...bytes);
  };
  const columns = (cs: readonly Column[]) => {
    u32(cs.length);
    for (const c of cs) {
      text(c.name);
      out.push(c.kind, c.flags);
      f64(c.quant, true);
      f64(c.min, (c.flags & ColumnFlag.HasMin) !== 0);
      f64(c.max, (c.flags & ColumnFlag.HasMax) !== 0);
    }
  };
  u32(s.tables.length);
  for (const t of s.tables) (text(t.name), out.push((t.single ? 1 : 0) | (t.reliable ? 2 : 0)), columns(t.columns));
  u32(s.events.length);
  for (const e of s.events) (text(e.name), columns(e.columns));
  u32(s.inputs.length);
  for (const i of s.inputs) (text(i.name), out.push(i.command ? 1 : 0), u16(i.table), columns(i.columns));
  return out;
}
