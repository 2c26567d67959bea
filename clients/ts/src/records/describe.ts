import { broken, CellKind, type CollectionDef, type Descriptor, type Field, isWide, type MutationDef } from './descriptor';

const MAX = 4096; // definitions of a kind

/** Reads a descriptor as the wire has it: JSON. Throws a DecodeError for what no server writes. */
export function parseDescriptor(text: string): Descriptor {
  const d = object(JSON.parse(text), 'no object');
  return {
    version: number(d.version),
    collections: list(d.collections).map(collection),
    mutations: list(d.mutations).map(mutation),
  };
}

function collection(v: unknown): CollectionDef {
  const c = object(v, 'a collection that is none');
  const fields = parseFields(c.fields);
  const key = c.key === undefined ? -1 : number(c.key);
  if (key >= fields.length || key < -1) throw broken('a key that is no field');
  return { name: string(c.name), fields, key, event: c.event === true };
}

function mutation(v: unknown): MutationDef {
  const m = object(v, 'a mutation that is none');
  return { name: string(m.name), args: parseFields(m.args) };
}

/** Reads a list of fields. */
export function parseFields(v: unknown): Field[] {
  return list(v).map(field);
}

function field(v: unknown): Field {
  const f = object(v, 'a field that is none');
  const kind = KINDS.indexOf(string(f.kind));
  if (kind < CellKind.Bool) throw broken(`kind ${f.kind}`);
  return {
    name: string(f.name), kind, optional: f.optional === true, required: f.required === true, immutable: f.immutable === true,
    user: f.user === true, server: f.server === true, auto: f.auto === true, retired: f.retired === true,
    default: f.default === undefined ? undefined : cell(kind, f.default),
  };
}

/** The names of kinds, by number. */
export const KINDS: readonly string[] = [
  '', 'bool', 'int8', 'int16', 'int32', 'int64', 'uint8', 'uint16', 'uint32', 'uint64', 'float32', 'float64', 'string', 'bytes', 'time', 'json',
];

/** A cell out of its JSON form: bytes are in base64, times in RFC 3339. */
export function cell(kind: number, json: unknown): unknown {
  if (json === null || kind === CellKind.JSON) return json;
  if (isWide(kind)) return BigInt(json as number);
  if (kind === CellKind.Bytes) return Uint8Array.from(atob(string(json)), (c) => c.charCodeAt(0));
  return kind === CellKind.Time ? parseTime(string(json)) : json;
}

/** Milliseconds since 1970, with microseconds as their fraction. */
function parseTime(text: string): number {
  const micros = /\.\d{3}(\d{1,3})/.exec(text)?.[1].padEnd(3, '0') ?? '0';
  const time = Date.parse(text.replace(/(\.\d{3})\d+/, '$1'));
  if (Number.isNaN(time)) throw broken('a time that is none');
  return (time * 1000 + Number(micros)) / 1000;
}

export function object(v: unknown, what: string): Record<string, unknown> {
  if (typeof v !== 'object' || v === null || Array.isArray(v)) throw broken(what);
  return v as Record<string, unknown>;
}

export function list(v: unknown): unknown[] {
  if (v === undefined || v === null) return [];
  if (!Array.isArray(v) || v.length > MAX) throw broken('a list that is none');
  return v;
}

export function string(v: unknown): string {
  if (typeof v !== 'string') throw broken('a name that is none');
  return v;
}

function number(v: unknown): number {
  if (typeof v !== 'number' || !Number.isSafeInteger(v)) throw broken('a number that is none');
  return v;
}
