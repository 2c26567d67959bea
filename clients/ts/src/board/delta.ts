import { DecodeError } from '../bits';
import type { Geo, Shape } from './shape';

/** What a Delta's payload says (W2 to W5). */
export interface BoardDelta {
  set: Entry[];
  remove: string[];
  /** Changed settings of the board as a whole; null: removed. */
  settings: Record<string, unknown>;
}

/** A whole shape, if it has a kind; else keys of one that change. */
type Entry = Partial<Shape> & { id: string };

const decoder = new TextDecoder();

/** Reads a Delta's payload. Throws a DecodeError for one that no server writes. */
export function readBoardDelta(payload: Uint8Array): BoardDelta {
  const d = record(payload.length === 0 ? {} : parse(payload), 'a delta');
  return {
    set: array(d.set, 'set').map(entry),
    remove: array(d.remove, 'remove').map((id) => text(id, 'id')),
    settings: d.board === undefined ? {} : record(d.board, 'board'),
  };
}

function parse(payload: Uint8Array): unknown {
  try {
    return JSON.parse(decoder.decode(payload));
  } catch {
    throw new DecodeError('a delta that is not JSON');
  }
}

/** The shape that an entry makes of the one that was held. */
export function taken(before: Shape | undefined, e: Entry): Shape | undefined {
  if (e.kind !== undefined) return { ...EMPTY, ...(e as Shape) };
  return before === undefined ? undefined : { ...before, ...e };
}

const EMPTY = { geo: { x: 0, y: 0, w: 0, h: 0, r: 0 }, style: {}, index: '', parent: '', props: {}, text: '', by: '', locked: false };

function entry(v: unknown): Entry {
  const e = record(v, 'a shape');
  const out: Record<string, unknown> & { id: string } = { id: text(e.id, 'id') };
  for (const key of ['kind', 'index', 'parent', 'text', 'by']) if (e[key] !== undefined) out[key] = text(e[key], key);
  for (const key of ['style', 'props']) if (e[key] !== undefined) out[key] = record(e[key], key);
  if (e.geo !== undefined) out.geo = geo(e.geo);
  if (e.locked !== undefined) out.locked = e.locked === true;
  return out;
}

function geo(v: unknown): Geo {
  const { x, y, w, h, r } = record(v, 'geo');
  for (const n of [x, y, w, h, r]) if (typeof n !== 'number' || !Number.isFinite(n)) throw broken('geo');
  return { x, y, w, h, r } as Geo;
}

function record(v: unknown, what: string): Record<string, unknown> {
  if (typeof v !== 'object' || v === null || Array.isArray(v)) throw broken(what);
  return v as Record<string, unknown>;
}

function array(v: unknown, what: string): unknown[] {
  if (v === undefined || v === null) return [];
  if (!Array.isArray(v)) throw broken(what);
  return v;
}

function text(v: unknown, what: string): string {
  if (typeof v !== 'string') throw broken(what);
  return v;
}

function broken(what: string): DecodeError {
  return new DecodeError(`a delta whose ${what} is none`);
}
