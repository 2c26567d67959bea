import { DecodeError } from '../bits';
import { ByteReader, ByteWriter } from '../records/bytes';
import type { Geo, Move } from './shape';

/** What happened to the drag of one shape (W12). */
export type DragEntry = { readonly op: 'move'; readonly member: number; readonly id: string; readonly geo: Geo } | { readonly op: 'end'; readonly id: string };

/** Reads the payload of Drags. Throws a DecodeError for one that no server writes. */
export function readDragEntries(payload: Uint8Array): DragEntry[] {
  const r = new ByteReader(payload);
  const entries: DragEntry[] = [];
  while (!r.done) {
    const op = r.byte();
    if (op === 1) entries.push({ op: 'move', member: r.uvarint(), id: r.text(), geo: readGeo(r) });
    else if (op === 2) entries.push({ op: 'end', id: r.text() });
    else throw new DecodeError(`drags with an entry of kind ${op}`);
  }
  return entries;
}

function readGeo(r: ByteReader): Geo {
  const geo = { x: r.float32(), y: r.float32(), w: r.float32(), h: r.float32(), r: r.float32() };
  for (const n of Object.values(geo)) if (!Number.isFinite(n)) throw new DecodeError('a drag to nowhere');
  return geo;
}

const PART_BYTES = 32 * 1024; // of one Drag, at most about so many

/** Payloads of Drags with all the moves. */
export function writeMoves(moves: Iterable<Move>): Uint8Array[] {
  const parts: Uint8Array[] = [];
  let w = new ByteWriter();
  let size = 0;
  for (const { id, x, y, w: width, h, r } of moves) {
    if (size > PART_BYTES) {
      parts.push(w.finish());
      w = new ByteWriter();
      size = 0;
    }
    w.text(id);
    for (const n of [x, y, width, h, r]) w.float32(n);
    size += id.length + 21;
  }
  if (size > 0) parts.push(w.finish());
  return parts;
}

/** Where a member drags a shape. */
export interface DraggedShape {
  readonly member: number;
  readonly geo: Readonly<Geo>;
}

/** The drags of others, as the server has told of them. */
export class OthersDrags {
  readonly held = new Map<string, DraggedShape>();

  /** Takes entries; whole: there are no others. Returns the shapes whose drag changed. */
  take(entries: readonly DragEntry[], whole: boolean, me: number): Set<string> {
    const changed = new Set<string>();
    if (whole) this.clear(changed);
    for (const e of entries) {
      if (e.op === 'end') this.held.delete(e.id);
      else if (e.member !== me) this.held.set(e.id, { member: e.member, geo: e.geo });
      changed.add(e.id);
    }
    return changed;
  }

  /** Forgets all; adds them to changed. */
  clear(changed: Set<string>): void {
    for (const id of this.held.keys()) changed.add(id);
    this.held.clear();
  }
}
