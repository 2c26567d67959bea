import { between } from './between';
import { compareSiblings, type NewShape, type Op, type OrderTo, patched, type Shape, shapeOf } from './shape';

const GROUP = 'group';

/**
 * Shapes with operations done to them that the server has not confirmed. It
 * does what the server will do, as far as a client can tell; what the server
 * would refuse does nothing.
 */
export class Draft {
  /** By ID, all that differs from the base; null: removed. */
  readonly changed = new Map<string, Shape | null>();
  /** What operations have been done to since this was last cleared. */
  readonly touched = new Set<string>();
  private readonly fronts = new Map<string, string>(); // by parent

  constructor(
    private readonly base: ReadonlyMap<string, Shape>,
    /** Who does it. */
    private readonly by: string,
  ) {}

  get(id: string): Shape | undefined {
    const changed = this.changed.get(id);
    return changed === undefined ? this.base.get(id) : (changed ?? undefined);
  }

  do(op: Op): void {
    if ('add' in op) this.add(op.add);
    else if ('patch' in op) this.with(op.patch.id, (s) => patched(s, op.patch));
    else if ('remove' in op) this.remove(op.remove);
    else if ('order' in op) this.order(op.order.ids, op.order.to);
    else if ('group' in op) this.group(op.group.id, op.group.ids);
    else if ('ungroup' in op) for (const id of op.ungroup) this.ungroup(id);
  }

  /** An index in front of all that is in parent. */
  front(parent: string): string {
    let front = this.fronts.get(parent);
    if (front === undefined) front = this.children(parent).at(-1)?.index ?? '';
    return between(front, undefined);
  }

  private add(n: NewShape): void {
    const { id } = n;
    if (id === undefined || this.get(id) !== undefined) return;
    const index = n.index ?? this.front(n.parent ?? '');
    this.put(id, shapeOf({ ...n, id }, index, this.by));
  }

  private with(id: string, change: (s: Shape) => Shape): void {
    const shape = this.get(id);
    if (shape !== undefined) this.put(id, change(shape));
  }

  private put(id: string, s: Shape | null): void {
    this.touched.add(id);
    this.changed.set(id, s);
    if (s === null) return;
    const front = this.fronts.get(s.parent);
    if (front !== undefined && front < s.index) this.fronts.set(s.parent, s.index);
  }

  /** With all that is in them. */
  private remove(ids: readonly string[]): void {
    const gone = new Set(ids.filter((id) => this.get(id) !== undefined));
    for (let before = 0; gone.size > before; ) {
      before = gone.size;
      for (const s of this.all()) if (gone.has(s.parent)) gone.add(s.id);
    }
    for (const id of gone) this.put(id, null);
    this.fronts.clear();
  }

  private order(ids: readonly string[], to: OrderTo): void {
    const moving = new Set(ids);
    const parents = new Set(ids.flatMap((id) => this.get(id)?.parent ?? []));
    for (const parent of parents) {
      const before = this.children(parent);
      this.lay(reordered(before, moving, to), moving);
    }
  }

  private group(id: string, ids: readonly string[]): void {
    const wanted = new Set(ids);
    const parent = this.get(ids[0] ?? '')?.parent;
    if (parent === undefined || this.get(id) !== undefined) return;
    const inside = this.children(parent).filter((s) => wanted.has(s.id));
    this.put(id, shapeOf({ id, kind: GROUP, geo: {}, parent }, inside[inside.length - 1].index, this.by));
    for (const s of inside) this.put(s.id, { ...s, parent: id });
  }

  private ungroup(id: string): void {
    const group = this.get(id);
    if (group?.kind !== GROUP) return;
    const inside = this.children(id).map((s) => ({ ...s, parent: group.parent }));
    const list = this.children(group.parent).flatMap((s) => (s === group ? inside : [s]));
    this.put(id, null);
    this.lay(list, new Set(inside.map((s) => s.id)));
  }

  /** Gives those of the list that moved indexes that put them where they are in it. */
  private lay(list: readonly Shape[], moved: ReadonlySet<string>): void {
    let before = '';
    list.forEach((s, i) => {
      if (moved.has(s.id)) {
        const next = list.slice(i + 1).find((other) => !moved.has(other.id));
        this.put(s.id, { ...s, index: between(before, next?.index) });
      }
      before = this.get(s.id)?.index ?? before;
    });
  }

  private children(parent: string): Shape[] {
    const found: Shape[] = [];
    for (const s of this.all()) if (s.parent === parent) found.push(s);
    found.sort(compareSiblings);
    const last = found.at(-1);
    if (last !== undefined) this.fronts.set(parent, last.index);
    return found;
  }

  private *all(): Generator<Shape> {
    for (const [id, s] of this.base) if (!this.changed.has(id)) yield s;
    for (const s of this.changed.values()) if (s !== null) yield s;
  }
}

/** Siblings in their new order. */
function reordered(list: readonly Shape[], moving: ReadonlySet<string>, to: OrderTo): Shape[] {
  const [moved, rest] = [list.filter((s) => moving.has(s.id)), list.filter((s) => !moving.has(s.id))];
  if (to === 'front') return [...rest, ...moved];
  if (to === 'back') return [...moved, ...rest];
  const out = to === 'forward' ? [...list].reverse() : [...list];
  for (let i = 1; i < out.length; i++) {
    if (moving.has(out[i].id) && !moving.has(out[i - 1].id)) [out[i - 1], out[i]] = [out[i], out[i - 1]];
  }
  return to === 'forward' ? out.reverse() : out;
}
