import { bounds, type Box, boxOf, contains, distanceToLine, ends, grown, inside, type Point, touches, unitedAll } from './box';
import { type Geo, isContainer, type Shape, strokeWidth, type Style } from './shape';
import { unpacked } from './stroke';
import type { Words } from './words';

/** A shape as it is shown, and what was computed for it. */
export interface Item {
  shape: Shape;
  /** Where it is shown: on its way while somebody else drags it. */
  geo: Geo;
  /** All that is painted of it. */
  box: Box;
  /** The frame that cuts it off. */
  frame: Item | undefined;
  children: readonly Item[];
  words?: { text: string; style: Style; w: number; h: number; words: Words };
  path?: { points: readonly number[]; w: number; h: number; path: Path2D };
}

const LABEL_HEIGHT = 26; // above a frame
const NONE: readonly Item[] = [];

/** All shapes in the order in which they are painted, and who is where. */
export class Scene {
  readonly items = new Map<string, Item>();
  private sorted: Item[] | undefined;

  /** onDamage is called with each part of the plane that looks different. */
  constructor(private readonly onDamage: (box: Box) => void) {}

  /** Takes a shape as it is now; undefined: it is gone. geo says where it is shown. */
  put(id: string, shape: Shape | undefined, geo: Geo | undefined = shape?.geo): void {
    const item = this.items.get(id);
    if (shape === undefined || geo === undefined) {
      if (item === undefined) return;
      this.items.delete(id);
      this.sorted = undefined;
      return this.onDamage(item.box);
    }
    const box = painted(shape, geo);
    if (item === undefined) {
      this.items.set(id, { shape, geo, box, frame: undefined, children: NONE });
      this.sorted = undefined;
      return this.onDamage(box);
    }
    if (item.shape.index !== shape.index || item.shape.parent !== shape.parent) {
      if (isContainer(shape.kind)) this.damageInside(item);
      this.sorted = undefined;
    }
    this.onDamage(item.box);
    item.shape = shape;
    item.geo = geo;
    item.box = box;
    this.onDamage(box);
  }

  /** From the back to the front: groups and frames before what is in them. */
  get order(): readonly Item[] {
    return (this.sorted ??= this.sort());
  }

  /** The box around all shapes; undefined for an empty board. */
  get extent(): Box | undefined {
    return unitedAll(this.order.filter((i) => i.shape.kind !== 'group').map((i) => i.box));
  }

  /** A shape and all that is in it, except groups, which are nothing by themselves. */
  solid(item: Item): Item[] {
    const below = item.children.flatMap((c) => this.solid(c));
    return item.shape.kind === 'group' ? below : [item, ...below];
  }

  /** The box of a shape without the width of its line; of a group, that of what is in it. */
  outline(item: Item): Box {
    if (item.shape.kind !== 'group') return bounds(item.geo);
    return unitedAll(item.children.map((c) => this.outline(c))) ?? boxOf(item.geo);
  }

  /** The shape at a point that is in front of all others; hollow ones only where their line is, unless nothing else is there. */
  at(p: Point, slack: number): Item | undefined {
    const all = this.order;
    let hollow: Item | undefined;
    for (let i = all.length - 1; i >= 0; i--) {
      const item = all[i];
      if (!inBox(p, item.box, slack) || (item.frame && !inBox(p, boxOf(item.frame.geo), 0))) continue;
      if (hits(item, p, slack)) return hollow && smaller(hollow, item) ? hollow : item;
      if (isHollow(item.shape) && covers(item, p) && (hollow === undefined || smaller(item, hollow))) hollow = item;
    }
    return hollow;
  }

  /** Shapes that a box contains; those that cannot be moved are left out. */
  within(box: Box): Item[] {
    return this.order.filter((i) => i.shape.kind !== 'group' && !i.shape.locked && contains(box, bounds(i.geo)));
  }

  /** Shapes that show in a box. */
  *touching(box: Box): Iterable<Item> {
    for (const item of this.order) if (touches(item.box, box)) yield item;
  }

  /** The frame in front of all others at a point, leaving out some. */
  frameAt(p: Point, without: ReadonlySet<Item>): Item | undefined {
    return this.order.filter((i) => i.shape.kind === 'frame' && !without.has(i) && covers(i, p)).at(-1);
  }

  parentOf(item: Item): Item | undefined {
    return item.shape.parent === '' ? undefined : this.items.get(item.shape.parent);
  }

  /** The outermost group around a shape, up to the one that was entered. */
  groupOf(item: Item, entered: string): Item {
    let top = item;
    for (let p = this.parentOf(item); p !== undefined && p.shape.id !== entered; p = this.parentOf(p)) {
      if (p.shape.kind === 'group') top = p;
    }
    return top;
  }

  private damageInside(item: Item): void {
    for (const child of item.children) {
      this.onDamage(child.box);
      this.damageInside(child);
    }
  }

  private sort(): Item[] {
    const below = new Map<string, Item[]>();
    for (const item of this.items.values()) {
      const parent = this.items.has(item.shape.parent) ? item.shape.parent : '';
      const siblings = below.get(parent);
      if (siblings) siblings.push(item);
      else below.set(parent, [item]);
    }
    const order: Item[] = [];
    const walk = (parent: string, frame: Item | undefined): readonly Item[] => {
      const children = below.get(parent);
      if (children === undefined) return NONE;
      for (const item of children.sort(inOrder)) {
        item.frame = frame;
        order.push(item);
        item.children = walk(item.shape.id, item.shape.kind === 'frame' ? item : frame);
      }
      return children;
    };
    walk('', undefined);
    return order;
  }
}

function inOrder({ shape: a }: Item, { shape: b }: Item): number {
  if (a.index !== b.index) return a.index < b.index ? -1 : 1;
  return a.id < b.id ? -1 : 1;
}

/** The box of all that is painted. */
function painted({ kind, style, text }: Shape, geo: Geo): Box {
  const box = bounds(geo);
  switch (kind) {
    case 'pen':
    case 'rect':
    case 'ellipse':
      return grown(box, strokeWidth(style) / 2 + 1);
    case 'arrow':
      return grown(box, headOf(style) + strokeWidth(style));
    case 'note':
      return grown(box, 14); // its shadow
    case 'frame':
      return { ...grown(box, 1), top: box.top - LABEL_HEIGHT };
    case 'text':
      return grown(box, text === '' ? 0 : geo.h / 2); // letters reach out, by the browser's font
    default:
      return grown(box, 1);
  }
}

/** How long an arrow's head is. */
export function headOf(style: Style): number {
  return 8 + strokeWidth(style) * 3;
}

function inBox(p: Point, b: Box, slack: number): boolean {
  return p.x >= b.left - slack && p.x <= b.right + slack && p.y >= b.top - slack && p.y <= b.bottom + slack;
}

function smaller(a: Item, b: Item): boolean {
  return a.geo.w * a.geo.h < b.geo.w * b.geo.h;
}

function isHollow({ kind, style }: Shape): boolean {
  return (kind === 'rect' || kind === 'ellipse') && (style.fill ?? 'none') === 'none';
}

function covers({ shape, geo }: Item, p: Point): boolean {
  const q = inside(p, geo);
  if (shape.kind !== 'ellipse') return q.x >= 0 && q.y >= 0 && q.x <= geo.w && q.y <= geo.h;
  return ((q.x / geo.w) * 2 - 1) ** 2 + ((q.y / geo.h) * 2 - 1) ** 2 <= 1;
}

function hits(item: Item, p: Point, slack: number): boolean {
  const { shape, geo } = item;
  const reach = slack + strokeWidth(shape.style) / 2;
  switch (shape.kind) {
    case 'group':
      return false;
    case 'arrow':
      return distanceToLine(p, ...ends(geo)) <= reach;
    case 'pen':
      return nearPath(unpacked(shape.props.points ?? [], geo.w, geo.h), inside(p, geo), reach);
    case 'frame': {
      const q = inside(p, geo);
      return (covers(item, p) && onEdge(q, geo, slack)) || (q.y < 0 && q.x >= 0 && q.x <= Math.min(geo.w, 220));
    }
    case 'rect':
    case 'ellipse':
      return isHollow(shape) ? nearOutline(item, p, reach) : covers(item, p) || nearOutline(item, p, reach);
    default:
      return covers(item, p);
  }
}

function onEdge(q: Point, { w, h }: Geo, reach: number): boolean {
  return Math.min(q.x, q.y, w - q.x, h - q.y) <= reach;
}

function nearOutline({ shape, geo }: Item, p: Point, reach: number): boolean {
  const q = inside(p, geo);
  if (shape.kind === 'rect') {
    const [dx, dy] = [Math.max(-q.x, q.x - geo.w), Math.max(-q.y, q.y - geo.h)];
    return Math.max(dx, dy) > 0 ? Math.max(dx, dy) <= reach : onEdge(q, geo, reach);
  }
  const [a, b] = [Math.max(geo.w / 2, 1), Math.max(geo.h / 2, 1)];
  const [u, v] = [q.x - geo.w / 2, q.y - geo.h / 2];
  const angle = Math.atan2(v / b, u / a);
  return Math.hypot(u - a * Math.cos(angle), v - b * Math.sin(angle)) <= reach;
}

function nearPath(points: readonly Point[], p: Point, reach: number): boolean {
  if (points.length === 1) return Math.hypot(points[0].x - p.x, points[0].y - p.y) <= reach;
  for (let i = 1; i < points.length; i++) if (distanceToLine(p, points[i - 1], points[i]) <= reach) return true;
  return false;
}
