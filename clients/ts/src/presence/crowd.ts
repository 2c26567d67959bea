import { DecodeError } from '../bits';
import { ByteReader } from '../records/bytes';
import type { Field } from '../records/descriptor';
import { type Fields, readPatch, readRow } from '../records/row';

/** What happened to one member, or to one of this connection's groups. */
export type CrowdEntry =
  | { readonly op: 'enter'; readonly member: number; readonly user: string; readonly group: string; readonly state: Fields }
  | { readonly op: 'change'; readonly member: number; readonly patch: Fields }
  | { readonly op: 'leave'; readonly member: number }
  | { readonly op: 'group'; readonly group: string; readonly inside: boolean };

/** Reads a Crowd's payload. Throws a DecodeError for one that no server writes. */
export function readCrowdEntries(payload: Uint8Array, fields: readonly Field[]): CrowdEntry[] {
  const r = new ByteReader(payload);
  const entries: CrowdEntry[] = [];
  while (!r.done) {
    const op = r.byte();
    switch (op) {
      case 1:
        entries.push({ op: 'enter', member: r.uvarint(), user: r.text(), group: r.text(), state: whole(r, (inner) => readRow(inner, fields)) });
        break;
      case 2:
        entries.push({ op: 'change', member: r.uvarint(), patch: whole(r, (inner) => readPatch(inner, fields)) });
        break;
      case 3:
        entries.push({ op: 'leave', member: r.uvarint() });
        break;
      case 4:
      case 5:
        entries.push({ op: 'group', group: r.text(), inside: op === 4 });
        break;
      default:
        throw new DecodeError(`a crowd with an entry of kind ${op}`);
    }
  }
  return entries;
}

function whole(r: ByteReader, read: (inner: ByteReader) => Fields): Fields {
  const inner = new ByteReader(r.take());
  const fields = read(inner);
  if (!inner.done) throw new DecodeError('bytes after a state');
  return fields;
}
