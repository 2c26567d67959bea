import { Draft } from './draft';
import { compareSiblings, type Geo, type Move, type Op, sameShape, type Shape } from './shape';

const PLACES = ['x', 'y', 'w', 'h', 'r'] as const;

/** Operations that show before the server has confirmed them. */
export interface Effect {
  readonly ops: readonly Op[];
}

/**
 * The board as the page sees it: the shapes that the server has confirmed, over
 * them what pending edits make of these, over that where shapes are dragged. A
 * shape that looks as before stays the same object.
 */
export class Layers {
  readonly confirmed = new Map<string, Shape>();
  readonly shapes = new Map<string, Shape>();
  /** In the order in which they were made. Who changes it calls refresh. */
  readonly effects = new Set<Effect>();
  /** The user of this page. */
  by = '';

  private draft = new Draft(this.confirmed, '');
  private order: readonly string[] | undefined;
  private list: readonly Shape[] | undefined;

  constructor(
    /** Where a shape is being dragged, if it is. */
    private readonly dragged: (id: string) => Readonly<Geo> | undefined,
  ) {}

  /** Lays an effect over all others; returns the shapes that changed. */
  lay(effect: Effect): Set<string> {
    this.effects.add(effect);
    this.draft.touched.clear();
    for (const op of effect.ops) this.draft.do(op);
    return this.update(this.draft.touched);
  }

  /** Whether the server has a shape, as far as float32 goes, where a drag has it. */
  has(m: Move): boolean {
    const geo = this.confirmed.get(m.id)?.geo;
    return geo !== undefined && PLACES.every((k) => Math.fround(geo[k]) === Math.fround(m[k]));
  }

  /** An index in front of all that is in parent now. */
  front(parent: string): string {
    return this.draft.front(parent);
  }

  /** Makes everything anew of which the confirmed shapes, or effects, changed; returns what looks otherwise. */
  refresh(confirmed: Iterable<string> = []): Set<string> {
    const ids = new Set([...confirmed, ...this.draft.changed.keys()]);
    this.draft = new Draft(this.confirmed, this.by);
    for (const { ops } of this.effects) for (const op of ops) this.draft.do(op);
    for (const id of this.draft.changed.keys()) ids.add(id);
    return this.update(ids);
  }

  /** Looks at some shapes anew: their drags have changed. */
  update(ids: Iterable<string>): Set<string> {
    const changed = new Set<string>();
    for (const id of ids) if (this.show(id)) changed.add(id);
    if (changed.size > 0) this.list = undefined;
    return changed;
  }

  /** All shapes from the back to the front: what is in a group or frame follows it. */
  sorted(): readonly Shape[] {
    this.order ??= arrange(this.shapes);
    return (this.list ??= this.order.map((id) => this.shapes.get(id)!));
  }

  private show(id: string): boolean {
    const before = this.shapes.get(id);
    let after = this.draft.get(id);
    const geo = after === undefined ? undefined : this.dragged(id);
    if (after !== undefined && geo !== undefined) after = { ...after, geo };
    if (before === after || (before !== undefined && after !== undefined && sameShape(before, after))) return false;
    if (before?.index !== after?.index || before?.parent !== after?.parent) this.order = undefined;
    if (after === undefined) this.shapes.delete(id);
    else this.shapes.set(id, after);
    return true;
  }
}

/** The IDs of all shapes in the order of drawing. */
function arrange(shapes: ReadonlyMap<string, Shape>): string[] {
  const inside = new Map<string, Shape[]>();
  for (const s of shapes.values()) {
    const parent = shapes.has(s.parent) ? s.parent : '';
    const siblings = inside.get(parent);
    if (siblings === undefined) inside.set(parent, [s]);
    else siblings.push(s);
  }
  for (const siblings of inside.values()) siblings.sort(compareSiblings);
  const order: string[] = [];
  const stack = [...(inside.get('') ?? [])].reverse();
  for (let s = stack.pop(); s !== undefined; s = stack.pop()) {
    order.push(s.id);
    const children = inside.get(s.id) ?? [];
    for (let i = children.length - 1; i >= 0; i--) stack.push(children[i]);
  }
  if (order.length < shapes.size) order.push(...missing(shapes, order)); // in a circle, until the server has broken it
  return order;
}

function missing(shapes: ReadonlyMap<string, Shape>, order: readonly string[]): string[] {
  const there = new Set(order);
  return [...shapes.keys()].filter((id) => !there.has(id)).sort();
}
