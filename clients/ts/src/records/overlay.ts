import { Code, ParlorError } from '../protocol';
import type { Confirmed } from './confirmed';
import { type CollectionDef, type Descriptor, ENVELOPE, emptyCell, find } from './descriptor';
import { keyOf } from './key';
import { type Fields, toCells } from './row';
import type { Operation } from './wire';

/** Who writes, and when: for the envelope of optimistic rows. */
export interface Author {
  user: string;
  /** Milliseconds since 1970. */
  time: number;
}

/** The rows of a collection as a mutator sees and changes them. */
export interface LocalCollection<R = Fields, N = Partial<R>, K = unknown> {
  /** The row, if this client holds it. */
  get(key: K): Readonly<R> | undefined;
  /** All rows that this client holds. */
  all(): Readonly<R>[];
  create(row: N): void;
  /** Sets some fields of a row; makes it if there is none. */
  put(values: Partial<R>): void;
  remove(key: K): void;
}

type Rows = Map<string, Fields | null>;

/**
 * What writes that are not confirmed yet make of the confirmed rows. It is made
 * anew from the pending writes after every change of the confirmed rows: that
 * is how it follows them (R8.1).
 */
export class Overlay {
  /** By collection and key; null: removed. */
  readonly changed = new Map<string, Rows>();

  constructor(
    private readonly descriptor: Descriptor,
    private readonly confirmed: (collection: string) => Confirmed,
    /** A create of a row that is there is left to the server to refuse. */
    private readonly lenient = false,
  ) {}

  /** A copy to try a new write on: what it does here does not show. */
  copy(): Overlay {
    const copy = new Overlay(this.descriptor, this.confirmed, true);
    for (const [name, rows] of this.changed) copy.changed.set(name, new Map(rows));
    return copy;
  }

  /** The row as it will be, or undefined when there is none. */
  get(collection: string, key: string): Fields | undefined {
    const changed = this.changed.get(collection)?.get(key);
    return changed === undefined ? this.confirmed(collection).get(key) : (changed ?? undefined);
  }

  /**
   * Runs what one write does; when it throws nothing of it stays, and the error
   * is thrown on. The operations that it made are returned.
   */
  run(author: Author, write: (local: Record<string, LocalCollection>, author: Author) => void): Operation[] {
    const undo: [rows: Rows, key: string, before: Fields | null | undefined][] = [];
    const made: Operation[] = [];
    const set = (collection: string, key: string, row: Fields | null) => {
      let rows = this.changed.get(collection);
      if (rows === undefined) this.changed.set(collection, (rows = new Map()));
      undo.push([rows, key, rows.get(key)]);
      rows.set(key, row);
    };
    const local: Record<string, LocalCollection> = {};
    for (const c of this.descriptor.collections) if (!c.event) local[c.name] = this.collection(c, author, set, made);
    try {
      write(local, author);
    } catch (error) {
      for (const [rows, key, before] of undo.reverse()) before === undefined ? rows.delete(key) : rows.set(key, before);
      throw error;
    }
    return made;
  }

  /** Does operations that a write made before. */
  replay(author: Author, operations: readonly Operation[]): void {
    this.run(author, (local) => {
      for (const o of operations) {
        if (o.op === 'remove') (local[o.collection] as unknown as Removes).removeKey(o.key);
        else if (o.op === 'create') local[o.collection].create(o.values);
        else local[o.collection].put(o.values);
      }
    });
  }

  private collection(
    c: CollectionDef,
    author: Author,
    set: (collection: string, key: string, row: Fields | null) => void,
    made: Operation[],
  ): LocalCollection & Removes {
    const field = c.fields[c.key];
    const removeKey = (key: string) => {
      if (this.get(c.name, key) !== undefined) set(c.name, key, null);
      made.push({ op: 'remove', collection: c.name, key });
    };
    return {
      get: (key) => this.get(c.name, keyOf(field, key)),
      all: () => this.all(c.name),
      create: (given) => {
        const values = toCells(c.fields, given);
        made.push({ op: 'create', collection: c.name, values });
        if (values[field.name] === undefined && field.auto) return; // the server makes the key, and only then there is a row
        const key = keyOf(field, values[field.name]);
        if (this.get(c.name, key) !== undefined) {
          if (this.lenient) return;
          throw new ParlorError(Code.DUPLICATE, `${c.name} has ${String(values[field.name])} already`);
        }
        set(c.name, key, born(c, values, author));
      },
      put: (given) => {
        const values = toCells(c.fields, given);
        const key = keyOf(field, values[field.name]);
        const old = this.get(c.name, key);
        made.push({ op: 'put', collection: c.name, values });
        set(c.name, key, old === undefined ? born(c, values, author) : { ...old, ...values, updatedAt: author.time });
      },
      remove: (key) => removeKey(keyOf(field, key)),
      removeKey,
    };
  }

  private all(collection: string): Fields[] {
    const changed = this.changed.get(collection);
    const rows: Fields[] = [];
    for (const [key, { row }] of this.confirmed(collection).entries()) if (changed?.get(key) === undefined) rows.push(row);
    for (const row of changed?.values() ?? []) if (row !== null) rows.push(row);
    return rows;
  }
}

interface Removes {
  removeKey(key: string): void;
}

/** A row as the server will make it, as far as a client can tell. */
function born(c: CollectionDef, values: Fields, author: Author): Fields {
  const row: Fields = { createdBy: author.user, createdAt: author.time, updatedAt: author.time };
  for (const f of c.fields.slice(ENVELOPE)) {
    if (f.retired) continue;
    row[f.name] = f.user ? author.user : values[f.name] === undefined ? emptyCell(f) : values[f.name];
  }
  return row;
}

/** The collections of a descriptor that keep rows, checked by name. */
export function collectionOf(d: Descriptor, name: string): CollectionDef {
  return find('collection', d.collections, name);
}
