import type { Fields } from '../records/row';
import type { CrowdEntry } from './crowd';

/** What is shown by one connection: a user with two tabs is two members. */
export interface Member<S> {
  /** Of the connection, for as long as it lasts. */
  readonly number: number;
  readonly user: string;
  /** Who sees the state: a group, or '' for everyone. */
  readonly group: string;
  /** Another object whenever it changes. */
  readonly state: Readonly<S>;
}

/** The members of a room as the server has told of them. */
export class Members<S> {
  readonly held = new Map<number, Member<S>>();
  /** The private groups that this connection is in. */
  readonly groups = new Set<string>();
  /** Called when the server says that this connection is, or is not, in a group. */
  onGroup: (group: string, inside: boolean) => void = () => {};
  private list: readonly Member<S>[] | undefined;
  private listed = 0;

  /** Takes the entries of a Crowd; whole: there is nothing else. Returns the members that came, changed or went. */
  take(entries: readonly CrowdEntry[], whole: boolean): Set<number> {
    const changed = new Set<number>();
    const gone = new Set(whole ? this.held.keys() : []);
    if (whole) this.groups.clear();
    for (const e of entries) {
      if (e.op === 'group') {
        if (e.inside) this.groups.add(e.group);
        else this.groups.delete(e.group);
        this.onGroup(e.group, e.inside);
        continue;
      }
      gone.delete(e.member);
      if (this.apply(e)) changed.add(e.member);
    }
    for (const member of gone) {
      this.held.delete(member);
      changed.add(member);
    }
    if (changed.size > 0) this.list = undefined;
    return changed;
  }

  /** All members but one; the same array until something changes. */
  except(me: number): readonly Member<S>[] {
    if (this.list === undefined || this.listed !== me) this.list = [...this.held.values()].filter(({ number }) => number !== me);
    this.listed = me;
    return this.list;
  }

  private apply(e: Exclude<CrowdEntry, { op: 'group' }>): boolean {
    if (e.op === 'leave') return this.held.delete(e.member);
    if (e.op === 'enter') {
      this.held.set(e.member, { number: e.member, user: e.user, group: e.group, state: e.state as S });
      return true;
    }
    const before = this.held.get(e.member);
    if (before === undefined) return false; // it is not shown to this client
    this.held.set(e.member, { ...before, state: { ...before.state, ...(e.patch as Fields) } as S });
    return true;
  }
}
