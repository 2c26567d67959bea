import { type BitReader, DecodeError } from './bits';
import { cellKey, cellValue, laneA, laneB, laneWide, rowKey, textHash, type Scalar } from './cell';
import type { Fields } from './record';
import { readRowSet } from './rowset';
import { type Column, ColumnKind, isFloat, isPublic, isQuantised, isWide, type TableDef } from './schema';

const GENERATION_BITS = 12;
const MAX_SLOT = (1 << 20) - 1;
const decoder = new TextDecoder();

/** One row: its public cells in wire form, low and high words alternating. */
export class Row {
  readonly id: number;
  readonly key: number;
  readonly words: Int32Array;
  /** Texts by public column. */
  readonly texts: string[] = [];
  /** The row as user code sees it, made when first asked for and dropped when the row changes. */
  object: Fields | undefined;

  constructor(readonly slot: number, generation: number, table: number, columns: number) {
    this.id = ((generation << 20) | slot) >>> 0;
    this.key = rowKey(this.id, table);
    this.words = new Int32Array(2 * columns);
  }
}

/**
 * The rows of one table in slot order, with the sum of their cells' hashes.
 * It knows wire forms only; MirrorTable shows them to users.
 */
export class RowStore {
  readonly columns: readonly Column[];
  rows: Row[] = [];
  readonly byID = new Map<number, Row>();
  hashA = 0;
  hashB = 0;
  private readonly wide: readonly boolean[];

  constructor(def: TableDef, private readonly table: number) {
    this.columns = def.columns.filter(isPublic);
    this.wide = this.columns.map((c) => isWide(c) || c.kind === ColumnKind.String);
  }

  /** Forgets all rows. */
  clear(): void {
    this.rows = [];
    this.byID.clear();
    this.hashA = this.hashB = 0;
  }

  /** The user's value of one cell. */
  value(row: Row, column: number): Scalar {
    const c = this.columns[column];
    if (c.kind === ColumnKind.String) return row.texts[column] ?? '';
    return cellValue(c, row.words[2 * column], row.words[2 * column + 1]);
  }

  /** Applies a table's part of a frame, reporting what it touched. */
  apply(r: BitReader, on: RowChanges): void {
    if (r.bool()) this.delete(readRowSet(r, this.rows.length), on);
    const created = r.bool() ? this.create(r) : [];
    if (r.bool()) this.update(r, on);
    if (created.length > 0) this.merge(created, on);
  }

  private blank(slot: number, generation: number): Row {
    return new Row(slot, generation, this.table, this.columns.length);
  }

  private delete(positions: Int32Array, on: RowChanges): void {
    let next = 0;
    this.rows = this.rows.filter((row, i) => {
      if (i !== positions[next]) return true;
      next++;
      this.byID.delete(row.id);
      this.sum(row, -1);
      on.removed(row);
      return false;
    });
  }

  private create(r: BitReader): Row[] {
    const count = r.uvar();
    if (count * (5 + GENERATION_BITS) > r.remaining) throw new DecodeError('unexpected end of data');
    const created: Row[] = [];
    let slot = -1;
    for (let i = 0; i < count; i++) {
      slot += r.uvar() + 1;
      if (slot > MAX_SLOT) throw new DecodeError(`slot ${slot}`);
      const generation = r.bits(GENERATION_BITS);
      if (generation === 0) throw new DecodeError('generation 0');
      created.push(this.blank(slot, generation));
    }
    this.columns.forEach((_, column) => this.block(r, column, created, false));
    return created;
  }

  /** Only rows that were there before this frame are updated, so this comes before merge. */
  private update(r: BitReader, on: RowChanges): void {
    const rows = this.pick(readRowSet(r, this.rows.length), this.rows);
    for (let column = 0; column < this.columns.length; column++) {
      if (!r.bool()) continue;
      this.block(r, column, this.pick(readRowSet(r, rows.length), rows), true);
    }
    for (const row of rows) {
      row.object = undefined;
      on.changed(row);
    }
  }

  private pick(positions: Int32Array, from: readonly Row[]): Row[] {
    return Array.from(positions, (i) => from[i]);
  }

  private merge(created: Row[], on: RowChanges): void {
    const merged: Row[] = [];
    let i = 0;
    for (const row of created) {
      while (i < this.rows.length && this.rows[i].slot < row.slot) merged.push(this.rows[i++]);
      if (this.rows[i]?.slot === row.slot) throw new DecodeError(`slot ${row.slot} is taken`);
      merged.push(row);
      this.byID.set(row.id, row);
      this.sum(row, 1);
      on.added(row);
    }
    while (i < this.rows.length) merged.push(this.rows[i++]);
    this.rows = merged;
  }

  /** Reads a column block into the rows; summed rows keep the table's hash right. */
  private block(r: BitReader, column: number, rows: readonly Row[], summed: boolean): void {
    const c = this.columns[column];
    if (c.kind === ColumnKind.String) return this.textBlock(r, column, rows, summed);
    const wide = this.wide[column];
    const width = r.bits(wide ? 7 : 6);
    if (width > (wide ? 64 : 32)) throw new DecodeError(`column of ${width} bits`);
    if (width * rows.length > r.remaining) throw new DecodeError('unexpected end of data');
    const xor = c.kind === ColumnKind.Bool || (isFloat(c) && !isQuantised(c));
    const at = 2 * column;
    for (const row of rows) {
      const low = r.bits(Math.min(width, 32));
      const high = width > 32 ? r.bits(width - 32) : 0;
      if (summed) this.sumCell(row, column, -1);
      if (xor) {
        row.words[at] ^= low;
        row.words[at + 1] ^= high;
      } else if (wide) {
        addWide(row.words, at, low, high);
      } else {
        row.words[at] += (low >>> 1) ^ -(low & 1);
      }
      if (summed) this.sumCell(row, column, 1);
    }
  }

  private textBlock(r: BitReader, column: number, rows: readonly Row[], summed: boolean): void {
    for (const row of rows) {
      const bytes = r.take();
      if (summed) this.sumCell(row, column, -1);
      row.texts[column] = decoder.decode(bytes);
      row.words[2 * column] = textHash(bytes);
      row.words[2 * column + 1] = bytes.length;
      if (summed) this.sumCell(row, column, 1);
    }
  }

  /** Adds (sign 1) or takes away (−1) a row's cells and its presence. */
  private sum(row: Row, sign: number): void {
    const key = cellKey(row.key, -1);
    const a = laneA(key, 1);
    this.hashA = (this.hashA + sign * a) | 0;
    this.hashB = (this.hashB + sign * laneB(key, a)) | 0;
    for (let column = 0; column < this.columns.length; column++) this.sumCell(row, column, sign);
  }

  private sumCell(row: Row, column: number, sign: number): void {
    const key = cellKey(row.key, column);
    const low = row.words[2 * column];
    const a = this.wide[column] ? laneWide(key, low, row.words[2 * column + 1]) : laneA(key, low);
    this.hashA = (this.hashA + sign * a) | 0;
    this.hashB = (this.hashB + sign * laneB(key, a)) | 0;
  }
}

/** Hears of every row that a frame touched. */
export interface RowChanges {
  added(row: Row): void;
  changed(row: Row): void;
  removed(row: Row): void;
}

/** Adds a 64-bit delta in zigzag form to the cell at words[at]. */
function addWide(words: Int32Array, at: number, low: number, high: number): void {
  const delta = (BigInt(high) << 32n) | BigInt(low);
  const old = (BigInt(words[at + 1] >>> 0) << 32n) | BigInt(words[at] >>> 0);
  const sum = BigInt.asUintN(64, old + ((delta >> 1n) ^ -(delta & 1n)));
  words[at] = Number(sum & 0xffffffffn);
  words[at + 1] = Number(sum >> 32n);
}
