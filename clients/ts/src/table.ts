import type { Mirror, MirrorTable } from './mirror';
import type { Row } from './rows';
import type { Column } from './schema';
import { Signal, type Unsubscribe } from './signal';

/**
 * A table of the room's world. It stays the same object over reconnections,
 * so listeners are added once. Rows are not to be written.
 */
export class Table<T = Record<string, unknown>> {
  private mirror: MirrorTable | undefined;
  private readonly add = new Signal<[id: number, row: Readonly<T>]>();
  private readonly change = new Signal<[id: number, row: Readonly<T>]>();
  private readonly remove = new Signal<[id: number, row: Readonly<T>]>();

  constructor(readonly name: string) {}

  /** The columns that the server describes. */
  get columns(): readonly Column[] {
    return this.mirror?.def.columns ?? [];
  }

  /** The number of rows. */
  get size(): number {
    return this.mirror?.size ?? 0;
  }

  /** A row, or undefined. The object is replaced when the row changes. */
  get(id: number): Readonly<T> | undefined {
    return this.mirror?.get(id) as T | undefined;
  }

  has(id: number): boolean {
    return this.mirror?.store.byID.has(id) ?? false;
  }

  /** The only row of a state.Value, or the first one of a table. */
  get value(): Readonly<T> | undefined {
    const first = this.mirror?.store.rows[0];
    return first && (this.mirror!.object(first) as T);
  }

  /** IDs and rows in the order of slots. */
  *[Symbol.iterator](): IterableIterator<[id: number, row: Readonly<T>]> {
    for (const id of this.mirror?.ids() ?? []) {
      const row = this.get(id);
      if (row !== undefined) yield [id, row];
    }
  }

  /** Calls on for each row that is there already, at once, and later for each new one. */
  onAdd(on: (id: number, row: Readonly<T>) => void): Unsubscribe {
    for (const [id, row] of this) on(id, row);
    return this.add.on(on);
  }

  /** Calls on for each row that changed, once all tables are up to date. */
  onChange(on: (id: number, row: Readonly<T>) => void): Unsubscribe {
    return this.change.on(on);
  }

  /** Calls on with each row that is gone. */
  onRemove(on: (id: number, row: Readonly<T>) => void): Unsubscribe {
    return this.remove.on(on);
  }

  /** Shows another mirror from now on; rows of the old one count as removed. */
  bind(mirror: MirrorTable | undefined): void {
    const old = this.mirror;
    this.mirror = mirror;
    if (old !== undefined) for (const row of old.store.rows) this.remove.emit(row.id, old.object(row) as T);
  }

  /** Tells the listeners what the last frame or owner section touched. */
  emit(): void {
    const { mirror } = this;
    if (mirror === undefined) return;
    const tell = (rows: readonly Row[], signal: Signal<[id: number, row: Readonly<T>]>) => {
      if (signal.heard) for (const row of rows) signal.emit(row.id, mirror.object(row) as T);
    };
    tell(mirror.removedRows, this.remove);
    tell(mirror.addedRows, this.add);
    tell(mirror.changedRows, this.change);
  }
}

/** The tables of a world by name; one that the server does not have is empty. */
export class Tables {
  private readonly byName = new Map<string, Table>();

  /** The table of that name, which may only be filled later. */
  get(name: string): Table {
    let table = this.byName.get(name);
    if (table === undefined) {
      table = new Table(name);
      this.byName.set(name, table);
    }
    return table;
  }

  bind(mirror: Mirror): void {
    for (const t of mirror.tables) this.get(t.def.name);
    for (const table of this.byName.values()) table.bind(mirror.tables.find((t) => t.def.name === table.name));
  }

  emit(): void {
    for (const table of this.byName.values()) table.emit();
  }

  /** A view on which each table is a property. */
  view<W>(): W {
    return new Proxy({}, { get: (_, name) => (typeof name === 'string' ? this.get(name) : undefined) }) as W;
  }
}
