import { bounds, type Box, boxOf, unitedAll } from './box';
import type { Item, Scene } from './scene';
import type { Geo } from './shape';

/** What is chosen on this page. */
export class Selection {
  private ids: ReadonlySet<string> = new Set();
  /** The group whose parts are chosen one by one; '' is none. */
  entered = '';

  constructor(
    private readonly scene: Scene,
    private readonly onChange: () => void,
  ) {}

  get size(): number {
    return this.items.length;
  }

  /** In the order of painting; what is gone is left out. */
  get items(): Item[] {
    if (this.ids.size === 0) return [];
    if (this.ids.size === 1) return [...this.ids].flatMap((id) => this.scene.items.get(id) ?? []);
    return this.scene.order.filter((i) => this.ids.has(i.shape.id));
  }

  /** What moves with the selection: the shapes and what is in them, each once. */
  get solid(): Item[] {
    return [...new Set(this.items.flatMap((i) => this.scene.solid(i)))];
  }

  /** The only chosen shape. */
  get single(): Item | undefined {
    return this.ids.size === 1 ? this.items[0] : undefined;
  }

  /** Whether all of it may be changed. */
  get isFree(): boolean {
    return this.solid.every((i) => !i.shape.locked);
  }

  has(id: string): boolean {
    return this.ids.has(id);
  }

  set(ids: Iterable<string>): void {
    const next = new Set(ids);
    if (next.size === this.ids.size && [...next].every((id) => this.ids.has(id))) return;
    this.ids = next;
    this.onChange();
  }

  toggle(id: string): void {
    const next = new Set(this.ids);
    if (!next.delete(id)) next.add(id);
    this.set(next);
  }

  clear(): void {
    this.entered = '';
    this.set([]);
  }

  /** Forgets shapes that are gone. */
  prune(): void {
    if ([...this.ids].some((id) => !this.scene.items.has(id))) this.set([...this.ids].filter((id) => this.scene.items.has(id)));
    if (this.entered !== '' && !this.scene.items.has(this.entered)) this.entered = '';
  }

  /** The box with the handles: turned as the shape is if there is one only. */
  get frame(): Geo | undefined {
    const { single } = this;
    if (single !== undefined && single.shape.kind !== 'group') return single.geo;
    const box = this.box;
    return box && { x: box.left, y: box.top, w: box.right - box.left, h: box.bottom - box.top, r: 0 };
  }

  get box(): Box | undefined {
    return unitedAll(this.items.map((i) => this.scene.outline(i)));
  }
}

/** Whether a shape's own handles turn with it. */
export function isFlat(g: Geo): boolean {
  const [a, b] = [bounds(g), boxOf(g)];
  return Math.abs(a.left - b.left) < 0.01 && Math.abs(a.top - b.top) < 0.01;
}
