import { DecodeError } from '../bits';

/** The type of a field's cells; 1 to 9 as in games' columns. */
export const CellKind = {
  Bool: 1, Int8: 2, Int16: 3, Int32: 4, Int64: 5, Uint8: 6, Uint16: 7, Uint32: 8, Uint64: 9,
  Float32: 10, Float64: 11, String: 12, Bytes: 13, Time: 14, JSON: 15,
} as const;

export interface Field {
  readonly name: string;
  readonly kind: number;
  /** null is a value of it. */
  readonly optional: boolean;
  readonly required: boolean;
  readonly immutable: boolean;
  /** Set to the user who creates the record. */
  readonly user: boolean;
  /** Only the server sets it. */
  readonly server: boolean;
  /** The server counts it up. */
  readonly auto: boolean;
  /** A cell, or undefined: the kind's zero, or null. */
  readonly default: unknown;
  /** No longer in the program; kept in the data. */
  readonly retired: boolean;
}

export interface CollectionDef {
  readonly name: string;
  /** The first three are createdBy, createdAt and updatedAt. */
  readonly fields: readonly Field[];
  /** The primary key's index in fields. */
  readonly key: number;
  /** Its records are sent once and never kept. */
  readonly event: boolean;
}

export interface MutationDef {
  readonly name: string;
  readonly args: readonly Field[];
}

/** Describes a record room: all that is needed to read and write it. */
export interface Descriptor {
  readonly version: number;
  readonly collections: readonly CollectionDef[];
  readonly mutations: readonly MutationDef[];
}

/** Go's zero time, the beginning of the year 1, in milliseconds since 1970. */
const ZERO_TIME = -62_135_596_800_000;

/** Fields in front of a record's own. */
export const ENVELOPE = 3;

export function isWide(kind: number): boolean {
  return kind === CellKind.Int64 || kind === CellKind.Uint64;
}

export function isSigned(kind: number): boolean {
  return kind >= CellKind.Int8 && kind <= CellKind.Int64;
}

export function isUnsigned(kind: number): boolean {
  return kind >= CellKind.Uint8 && kind <= CellKind.Uint64;
}

export function isFloat(kind: number): boolean {
  return kind === CellKind.Float32 || kind === CellKind.Float64;
}

/** The cell that a field has when nothing was given for it. */
export function emptyCell(f: Field): unknown {
  if (f.default !== undefined) return f.default;
  if (f.optional) return null;
  if (isWide(f.kind)) return 0n;
  switch (f.kind) {
    case CellKind.Bool:
      return false;
    case CellKind.String:
      return '';
    case CellKind.Bytes:
      return new Uint8Array();
    case CellKind.JSON:
      return null;
    case CellKind.Time:
      return ZERO_TIME;
  }
  return 0;
}

/** Names a definition that the room does not have. */
export function find<T extends { readonly name: string }>(what: string, list: readonly T[], name: string): T {
  const found = list.find((d) => d.name === name);
  if (found === undefined) throw new TypeError(`the room has no ${what} ${name}; it has ${list.map((d) => d.name).join(', ') || 'none'}`);
  return found;
}

export function broken(what: string): DecodeError {
  return new DecodeError(`the room's descriptor has ${what}`);
}
