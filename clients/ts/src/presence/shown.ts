import { ByteWriter } from '../records/bytes';
import type { Field } from '../records/descriptor';
import { type Fields, toCells, writePatch } from '../records/row';

/** What this connection shows of itself, and how much of it is not sent. */
export class Shown {
  readonly state: Fields = {};
  /** Who sees it: a group, or '' for everyone. */
  group = '';
  private readonly unsent = new Set<string>();
  /** Others are to see it, who were not told yet. */
  moved = false;

  /** Changes fields, and who sees them. Throws a TypeError that names a field. */
  change(fields: readonly Field[] | undefined, partial: Fields, group: string | undefined): void {
    const cells = fields === undefined ? partial : toCells(fields, partial);
    for (const [name, cell] of Object.entries(cells)) {
      const same = typeof cell !== 'object' && Object.is(this.state[name], cell);
      if (cell === undefined || (same && !this.moved)) continue;
      this.state[name] = cell;
      this.unsent.add(name);
    }
    if (group === undefined || group === this.group) return;
    this.group = group;
    this.moved = true;
    this.again();
  }

  /** There is something to send. */
  get due(): boolean {
    return this.unsent.size > 0;
  }

  /** All of it must be sent anew. */
  again(): void {
    for (const name of Object.keys(this.state)) this.unsent.add(name);
  }

  /** The patch of what is unsent, which then counts as sent. What does not fit the fields is dropped, and thrown. */
  patch(fields: readonly Field[]): Uint8Array {
    const partial: Fields = {};
    for (const name of this.unsent) partial[name] = this.state[name];
    this.unsent.clear();
    this.moved = false;
    const w = new ByteWriter();
    try {
      writePatch(w, fields, partial);
    } catch (error) {
      for (const name of Object.keys(partial)) delete this.state[name];
      throw error;
    }
    return w.finish();
  }
}
