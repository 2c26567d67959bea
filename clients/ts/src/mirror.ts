import { BitReader, DecodeError } from './bits';
import type { Hash, Scalar } from './cell';
import { readPlain } from './plain';
import { type Fields, readRecord, Shape } from './record';
import { type Row, type RowChanges, RowStore } from './rows';
import { isPublic, type Schema, type TableDef } from './schema';

/**
 * What this client holds of a room's world: the tables as of the last frame.
 * It throws a DecodeError on a payload that breaks the rules; then its content
 * is undefined until a keyframe.
 */
export class Mirror {
  readonly tables: readonly MirrorTable[];
  /** The hash that the last frame carried, if it did. */
  frameHash: Hash | undefined;
  private readonly events: readonly Shape[];

  constructor(readonly schema: Schema) {
    this.tables = schema.tables.map((def, i) => new MirrorTable(def, i));
    this.events = schema.events.map((e) => new Shape(e.columns));
  }

  /** The hash of what the mirror holds. */
  hash(): Hash {
    let a = 0;
    let b = 0;
    for (const t of this.tables) {
      a = (a + t.store.hashA) | 0;
      b = (b + t.store.hashB) | 0;
    }
    return { a: a >>> 0, b: b >>> 0 };
  }

  /** True when the last frame carried no hash, or the hash of what the mirror holds. */
  matches(): boolean {
    if (this.frameHash === undefined) return true;
    const { a, b } = this.hash();
    return a === this.frameHash.a && b === this.frameHash.b;
  }

  /** Applies a State's payload. A keyframe replaces all that was held. */
  applyFrame(payload: Uint8Array, keyframe: boolean): void {
    const r = new BitReader(payload);
    this.frameHash = r.bool() ? { a: r.bits(32), b: r.bits(32) } : undefined;
    for (const t of this.tables) t.begin(keyframe);
    for (const t of this.tables) if (r.bool()) t.store.apply(r, t);
    r.finish();
    for (const t of this.tables) t.end();
  }

  /** Applies an Owner's payload. */
  applyOwner(payload: Uint8Array): void {
    const r = new BitReader(payload);
    const full = r.bool();
    for (const t of this.tables) t.beginOwner(full);
    for (const t of this.tables) if (t.hasOwner) t.applyOwner(r);
    r.finish();
  }

  /** Calls on for each event of an Events' payload, in order. */
  decodeEvents(payload: Uint8Array, on: (event: number, value: Fields) => void): void {
    const r = new BitReader(payload);
    for (let n = r.uvar(); n > 0; n--) {
      const event = r.uvar();
      if (event >= this.events.length) throw new DecodeError(`event ${event} of ${this.events.length}`);
      on(event, readRecord(r, this.events[event]));
    }
    r.finish();
  }
}

/** One table of a Mirror, with the rows that the last frame or owner section touched. */
export class MirrorTable implements RowChanges {
  readonly store: RowStore;
  readonly shape: Shape;
  readonly addedRows: Row[] = [];
  readonly changedRows: Row[] = [];
  readonly removedRows: Row[] = [];
  readonly hasOwner: boolean;
  private readonly publicIndex: readonly number[];
  private readonly ownerIndex: readonly number[];
  private readonly owner = new Map<number, (Scalar | undefined)[]>();
  private before: ReadonlyMap<number, Row> | undefined;

  constructor(readonly def: TableDef, index: number) {
    this.store = new RowStore(def, index);
    this.shape = new Shape(def.columns);
    let publics = 0;
    let owners = 0;
    this.publicIndex = def.columns.map((c) => (isPublic(c) ? publics++ : -1));
    this.ownerIndex = def.columns.map((c) => (isPublic(c) ? -1 : owners++));
    this.hasOwner = owners > 0;
  }

  get size(): number {
    return this.store.rows.length;
  }

  /** The row as an object, the same one until the row changes. Not to be written. */
  get(id: number): Fields | undefined {
    const row = this.store.byID.get(id);
    return row === undefined ? undefined : this.object(row);
  }

  /** The rows' IDs in slot order. */
  ids(): number[] {
    return this.store.rows.map((row) => row.id);
  }

  /** The row as an object; also for a row that was removed by the last frame. */
  object(row: Row): Fields {
    const owner = this.owner.get(row.id);
    row.object ??= this.shape.make((i) =>
      this.publicIndex[i] >= 0 ? this.store.value(row, this.publicIndex[i]) : owner?.[this.ownerIndex[i]],
    );
    return row.object;
  }

  added(row: Row): void {
    this.addedRows.push(row);
  }

  changed(row: Row): void {
    this.changedRows.push(row);
  }

  removed(row: Row): void {
    this.removedRows.push(row);
    this.object(row); // while its owner columns are known
    this.owner.delete(row.id);
  }

  /** Starts a frame. */
  begin(keyframe: boolean): void {
    this.addedRows.length = this.changedRows.length = this.removedRows.length = 0;
    this.before = undefined;
    if (!keyframe) return;
    this.before = new Map(this.store.byID);
    this.store.clear();
  }

  /** Ends a frame. After a keyframe the lists tell what differs from before it. */
  end(): void {
    if (this.before === undefined) return;
    const { before } = this;
    this.before = undefined;
    this.addedRows.length = 0;
    for (const row of this.store.rows) {
      const old = before.get(row.id);
      if (old === undefined) this.addedRows.push(row);
      else if (!sameCells(old, row)) this.changedRows.push(row);
    }
    for (const [id, row] of before) if (!this.store.byID.has(id)) this.removed(row);
  }

  /** Starts an owner section; a full one forgets what was held. */
  beginOwner(full: boolean): void {
    this.addedRows.length = this.changedRows.length = this.removedRows.length = 0;
    if (!full) return;
    for (const id of this.owner.keys()) this.touch(id);
    this.owner.clear();
  }

  /** Reads this table's part of an owner section. */
  applyOwner(r: BitReader): void {
    const columns = this.def.columns.filter((c) => !isPublic(c));
    const count = r.uvar();
    if (count * (32 + columns.length) > r.remaining) throw new DecodeError('unexpected end of data');
    for (let i = 0; i < count; i++) {
      const id = r.bits(32);
      const held = this.owner.get(id)?.slice() ?? [];
      columns.forEach((c, j) => {
        if (r.bool()) held[j] = readPlain(r, c);
      });
      this.owner.set(id, held);
      this.touch(id);
    }
  }

  /** Notes that a row's owner columns changed. */
  private touch(id: number): void {
    const row = this.store.byID.get(id);
    if (row === undefined) return;
    row.object = undefined;
    if (!this.changedRows.includes(row)) this.changedRows.push(row);
  }
}

function sameCells(a: Row, b: Row): boolean {
  return a.words.every((w, i) => w === b.words[i]) && b.texts.every((t, i) => t === a.texts[i]);
}
