import { BitReader, BitWriter } from './bits';
import type { Scalar } from './cell';
import { readPlain, writePlain } from './plain';
import type { Column } from './schema';

/** A row or input as user code sees it: nested where the server's struct is. */
export type Fields = { [name: string]: unknown };

/**
 * The place of each column in an object: "Pos.X" is X in Pos, "Items.2.Count"
 * is Count in the third element of Items.
 */
export class Shape {
  private readonly paths: readonly (readonly (string | number)[])[];

  constructor(readonly columns: readonly Column[]) {
    this.paths = columns.map((c) => c.name.split('.').map((part) => (/^\d{1,9}$/.test(part) ? Number(part) : part)));
  }

  /** Makes an object; value gives each column's value, undefined leaves it out. */
  make(value: (column: number) => Scalar | undefined): Fields {
    const root: Fields = {};
    for (let i = 0; i < this.paths.length; i++) {
      const v = value(i);
      if (v !== undefined) place(root, this.paths[i], v);
    }
    return root;
  }

  /** The value of one column in an object, or undefined. */
  get(from: unknown, column: number): Scalar | undefined {
    let at: unknown = from;
    for (const part of this.paths[column]) {
      if (at === null || typeof at !== 'object') return undefined;
      at = (at as Record<string | number, unknown>)[part];
    }
    return at as Scalar | undefined;
  }

  /** Sets the value of one column in an object. */
  set(to: object, column: number, v: Scalar): void {
    place(to as Fields, this.paths[column], v);
  }
}

function place(root: Fields, path: readonly (string | number)[], v: Scalar): void {
  let at = root as Record<string | number, unknown>;
  for (let i = 0; i < path.length - 1; i++) {
    const own = Object.hasOwn(at, path[i]) ? at[path[i]] : undefined;
    const next = own ?? (typeof path[i + 1] === 'number' ? [] : {});
    define(at, path[i], next);
    at = next as Record<string | number, unknown>;
  }
  define(at, path[path.length - 1], v);
}

/** Assigns, also to names such as "__proto__" that a plain assignment treats otherwise. */
function define(at: Record<string | number, unknown>, name: string | number, v: unknown): void {
  if (name === '__proto__') Object.defineProperty(at, name, { value: v, enumerable: true, configurable: true, writable: true });
  else at[name] = v;
}

/** Writes an input's payload; throws a RangeError or TypeError for what the server would refuse. */
export function encodeRecord(shape: Shape, v: unknown): Uint8Array {
  const w = new BitWriter();
  shape.columns.forEach((c, i) => writePlain(w, c, shape.get(v, i)));
  return w.finish();
}

/** Reads a payload that encodeRecord wrote. */
export function decodeRecord(shape: Shape, payload: Uint8Array): Fields {
  const r = new BitReader(payload);
  const v = readRecord(r, shape);
  r.finish();
  return v;
}

/** Reads a record that stands in a longer payload. */
export function readRecord(r: BitReader, shape: Shape): Fields {
  return shape.make((i) => readPlain(r, shape.columns[i]));
}
