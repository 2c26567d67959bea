import { Code, ParlorError } from '../protocol';
import { cell } from './describe';
import { CellKind, type CollectionDef, type Field, isFloat, isSigned, isUnsigned } from './descriptor';
import { like } from './like';
import { type Fields, toCell } from './row';

type Name<R> = keyof R & string;
type Value<V> = NonNullable<V> extends bigint ? number | bigint : NonNullable<V> extends number ? NonNullable<V> | Date : NonNullable<V>;
type Pair<R> = { [K in Name<R>]: [field: K, value: Value<R[K]>] }[Name<R>];

/** A condition on a row. What compares with null is neither true nor false, as in SQL. */
export type Cond<R = Fields> =
  | { and: readonly Cond<R>[] }
  | { or: readonly Cond<R>[] }
  | { not: Cond<R> }
  | { eq: Pair<R> }
  | { ne: Pair<R> }
  | { gt: Pair<R> }
  | { gte: Pair<R> }
  | { lt: Pair<R> }
  | { lte: Pair<R> }
  | { in: { [K in Name<R>]: [field: K, values: readonly Value<R[K]>[]] }[Name<R>] }
  | { like: [field: Name<R>, pattern: string] }
  | { ilike: [field: Name<R>, pattern: string] }
  | { isNull: [field: Name<R>] };

/** A field, its direction (asc unless given), and where nulls go (last unless given). */
export type Order<R = Fields> = readonly [field: Name<R>, direction?: 'asc' | 'desc', nulls?: 'first' | 'last'] | readonly [field: Name<R>, nulls: 'first' | 'last'];

/** Which rows, in which order. */
export interface Query<R = Fields> {
  where?: Cond<R>;
  orderBy?: readonly Order<R>[];
  /** At most so many; all unless given. */
  limit?: number;
  /** How many of the first are left out. */
  offset?: number;
}

const PARTS: readonly string[] = ['where', 'orderBy', 'limit', 'offset'];

type Truth = boolean | null;
type Test = (row: Fields) => Truth;

/** A query made ready for one collection's rows. */
export class BoundQuery {
  readonly limit: number;
  readonly offset: number;
  private readonly test: Test;
  private readonly orders: readonly { name: string; sign: number; nulls: number }[];

  /** Throws a ParlorError BAD_QUERY that names the operator or field. */
  constructor(query: Query<any>, c: CollectionDef) {
    for (const part of Object.keys(query)) if (!PARTS.includes(part)) throw bad(`there is no ${part} in a query`);
    this.limit = count('limit', query.limit, Infinity);
    this.offset = count('offset', query.offset, 0);
    this.test = query.where === undefined ? () => true : bindCondition(query.where, c, 0);
    this.orders = (query.orderBy ?? []).map((o) => bindOrder(o, c));
    const sign = this.orders.at(-1)?.sign ?? 1; // records that tie follow their key, in the direction of the last level
    if (c.key >= 0) this.orders = [...this.orders, { name: c.fields[c.key].name, sign, nulls: 1 }];
  }

  /** Whether the row is one of the query's, limit and offset aside. */
  matches(row: Fields): boolean {
    return this.test(row) === true;
  }

  /** Below 0 when a comes before b. */
  readonly compare = (a: Fields, b: Fields): number => {
    for (const { name, sign, nulls } of this.orders) {
      const [x, y] = [a[name], b[name]];
      if (x === null || y === null) {
        if (x !== y) return x === null ? nulls : -nulls;
        continue;
      }
      const order = compareCells(x, y);
      if (order !== 0) return sign * order;
    }
    return 0;
  };
}

function bad(message: string): ParlorError {
  return new ParlorError(Code.BAD_QUERY, message);
}

function count(name: string, v: unknown, otherwise: number): number {
  if (v === undefined) return otherwise;
  if (typeof v !== 'number' || !Number.isSafeInteger(v) || v < 0) throw bad(`${name} is not a whole number from 0`);
  return v;
}

function fieldOf(c: CollectionDef, name: unknown): Field {
  const f = c.fields.find((d) => d.name === name && !d.retired);
  if (f === undefined) throw bad(`${c.name} has no field ${String(name)}`);
  return f;
}

function bindOrder(order: Order<any>, c: CollectionDef): { name: string; sign: number; nulls: number } {
  if (!Array.isArray(order)) throw bad('orderBy is a list of lists: [field, direction, nulls]');
  const [name, ...words] = order as readonly unknown[];
  const f = fieldOf(c, name);
  if (f.kind === CellKind.JSON) throw bad(`field ${f.name} is JSON and has no order`);
  for (const word of words) if (!WORDS.includes(word)) throw bad(`${String(word)} of ${f.name} is not asc, desc, first or last`);
  return { name: f.name, sign: words.includes('desc') ? -1 : 1, nulls: words.includes('first') ? -1 : 1 };
}

const WORDS: readonly unknown[] = ['asc', 'desc', 'first', 'last'];

const DEEPEST = 64;

function bindCondition(cond: unknown, c: CollectionDef, depth: number): Test {
  const entries = typeof cond === 'object' && cond !== null ? Object.entries(cond) : [];
  if (entries.length !== 1) throw bad('a condition is an object with one operator');
  if (depth > DEEPEST) throw bad('conditions are nested too deeply');
  const [operator, operand] = entries[0];
  switch (operator) {
    case 'and':
    case 'or': {
      if (!Array.isArray(operand)) throw bad(`${operator} takes a list of conditions`);
      return all(operand.map((o) => bindCondition(o, c, depth + 1)), operator === 'or');
    }
    case 'not': {
      const test = bindCondition(operand, c, depth + 1);
      return (row) => negate(test(row));
    }
  }
  if (!Array.isArray(operand)) throw bad(`${operator} takes a list: [field, value]`);
  return bindComparison(operator, fieldOf(c, operand[0]), operand);
}

/** Joins tests: with stop false all must hold (and), with stop true one (or). */
function all(tests: readonly Test[], stop: boolean): Test {
  return (row) => {
    let result: Truth = !stop;
    for (const test of tests) {
      const truth = test(row);
      if (truth === stop) return stop;
      if (truth === null) result = null;
    }
    return result;
  };
}

function negate(t: Truth): Truth {
  return t === null ? null : !t;
}

function bindComparison(operator: string, f: Field, operand: readonly unknown[]): Test {
  const { name } = f;
  if (operator === 'isNull') {
    if (operand.length !== 1) throw bad('isNull takes a list: [field]');
    return (row) => row[name] === null;
  }
  if (operand.length !== 2) throw bad(`${operator} takes a list: [field, value]`);
  if (operator === 'like' || operator === 'ilike') {
    if (f.kind !== CellKind.String || typeof operand[1] !== 'string') throw bad(`${operator} compares texts; ${name} is not one`);
    const matches = like(operand[1], operator === 'ilike');
    if (matches === undefined) throw bad(`the pattern ${operand[1]} ends in a \\ that escapes nothing`);
    return (row) => (row[name] === null ? null : matches(row[name] as string));
  }
  if (operator === 'in') {
    if (!Array.isArray(operand[1])) throw bad('in takes a list: [field, [values]]');
    return all(operand[1].map((v) => comparison('eq', name, literal(f, v))), true);
  }
  return comparison(operator, name, literal(f, operand[1]));
}

const HOLDS: Readonly<Record<string, (order: number) => boolean>> = {
  eq: (o) => o === 0, ne: (o) => o !== 0, gt: (o) => o > 0, gte: (o) => o >= 0, lt: (o) => o < 0, lte: (o) => o <= 0,
};

function comparison(operator: string, name: string, value: unknown): Test {
  const holds = Object.hasOwn(HOLDS, operator) ? HOLDS[operator] : undefined;
  if (holds === undefined) throw bad(`there is no operator ${operator}`);
  return (row) => (row[name] === null || value === null ? null : holds(compareCells(row[name], value)));
}

/** A constant of a query as a cell that compares with the field's. */
function literal(f: Field, v: unknown): unknown {
  if (v === null) return null;
  if (typeof v === 'string' && (f.kind === CellKind.Time || f.kind === CellKind.Bytes)) return fromText(f, v);
  if (f.kind === CellKind.JSON) throw bad(`field ${f.name} is JSON and cannot be compared`);
  const numeric = isSigned(f.kind) || isUnsigned(f.kind) || isFloat(f.kind);
  if (numeric && (typeof v === 'bigint' || (typeof v === 'number' && Number.isFinite(v)))) return v;
  try {
    return toCell(f, v);
  } catch (error) {
    throw bad((error as Error).message);
  }
}

function fromText(f: Field, v: string): unknown {
  try {
    return cell(f.kind, v);
  } catch {
    throw bad(`field ${f.name} cannot be compared with ${v}`);
  }
}

/** The order of two cells that are not null; numbers compare exactly, strings by UTF-16 code units. */
export function compareCells(a: unknown, b: unknown): number {
  if (a instanceof Uint8Array && b instanceof Uint8Array) return compareBytes(a, b);
  const [x, y] = [a as number, b as number]; // or both strings, booleans, or a bigint and a number
  return x < y ? -1 : x > y ? 1 : 0;
}

function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const n = Math.min(a.length, b.length);
  for (let i = 0; i < n; i++) if (a[i] !== b[i]) return a[i] - b[i];
  return a.length - b.length;
}

/** A query as the wire has it: 64-bit integers in digits, bytes in base64, times in RFC 3339. */
export function queryJSON(q: Query<any>, c: CollectionDef): string {
  const parts: string[] = [];
  if (q.where !== undefined) parts.push(`"where":${conditionJSON(q.where, c)}`);
  if (q.orderBy?.length) parts.push(`"orderBy":${JSON.stringify(q.orderBy)}`);
  if (q.limit !== undefined) parts.push(`"limit":${q.limit}`);
  if (q.offset) parts.push(`"offset":${q.offset}`);
  return `{${parts.join()}}`;
}

function conditionJSON(cond: Cond<any>, c: CollectionDef): string {
  const [operator, operand] = Object.entries(cond)[0] as [string, any];
  return `{"${operator}":${operandJSON(operator, operand, c)}}`;
}

function operandJSON(operator: string, operand: any, c: CollectionDef): string {
  if (operator === 'not') return conditionJSON(operand, c);
  if (operator === 'and' || operator === 'or') return `[${operand.map((o: Cond<any>) => conditionJSON(o, c)).join()}]`;
  const f = fieldOf(c, operand[0]);
  const rest = operand.slice(1).map((v: unknown) => (Array.isArray(v) ? `[${v.map((e) => valueJSON(f, e)).join()}]` : valueJSON(f, v)));
  return `[${[JSON.stringify(f.name), ...rest].join()}]`;
}

function valueJSON(f: Field, v: unknown): string {
  if (typeof v === 'bigint') return String(v);
  if (v instanceof Uint8Array) return JSON.stringify(btoa(Array.from(v, (b) => String.fromCharCode(b)).join('')));
  if (f.kind === CellKind.Time && (typeof v === 'number' || v instanceof Date)) return JSON.stringify(timeText(toCell(f, v) as number));
  return JSON.stringify(v);
}

/** RFC 3339, with microseconds. */
function timeText(ms: number): string {
  const micro = Math.round((ms - Math.floor(ms)) * 1000);
  return new Date(Math.floor(ms)).toISOString().replace('Z', `${String(micro).padStart(3, '0')}Z`);
}
