import { newID, type Op, type OrderTo, type ShapePatch } from '../../../clients/ts/src/together';
import type { Point } from './box';
import type { Desk } from './desk';
import { isImageAddress } from './images';
import type { Item } from './scene';
import { fontSize, isContainer, type Shape, type Style } from './shape';
import { styleFor } from './tools/box';
import { shifted } from './transform';
import { LEADING } from './words';

const BESIDE = 20; // of a copy and its original
const MOST_OPS = 900; // in one edit; the room takes 1,000
const LARGEST_IMAGE = 420; // when it comes onto the board
const CLIP = 'parlor-whiteboard'; // what a copy begins with on the clipboard

export function removeChosen(desk: Desk): void {
  const ids = desk.selection.items.filter((i) => !i.shape.locked).map((i) => i.shape.id);
  desk.selection.clear();
  if (ids.length > 0) desk.edit([{ remove: ids }]);
}

export function order(desk: Desk, to: OrderTo): void {
  const ids = desk.selection.items.map((i) => i.shape.id);
  if (ids.length > 0) desk.edit([{ order: { ids, to } }]);
}

/** Groups what is chosen; parts of different groups or frames come to where the first one is. */
export function group(desk: Desk): void {
  const { items } = desk.selection;
  if (items.length < 2) return;
  const { parent } = items[0].shape;
  const id = newID();
  const moves: Op[] = items.filter((i) => i.shape.parent !== parent).map((i) => ({ patch: { id: i.shape.id, parent } }));
  desk.edit([...moves, { group: { id, ids: items.map((i) => i.shape.id) } }]);
  desk.selection.entered = '';
  desk.selection.set([id]);
}

export function ungroup(desk: Desk): void {
  const groups = desk.selection.items.filter((i) => i.shape.kind === 'group');
  if (groups.length === 0) return;
  const parts = groups.flatMap((g) => g.children.map((c) => c.shape.id));
  desk.edit([{ ungroup: groups.map((g) => g.shape.id) }]);
  desk.selection.set(parts);
}

export function toggleLock(desk: Desk): void {
  const { items } = desk.selection;
  const locked = !items.every((i) => i.shape.locked);
  desk.edit(items.map((i) => ({ patch: { id: i.shape.id, locked } })));
}

export function nudge(desk: Desk, dx: number, dy: number): void {
  if (!desk.selection.isFree) return;
  desk.edit(desk.selection.solid.map(({ shape }) => ({ patch: { id: shape.id, geo: shifted(shape.geo, dx, dy) } })));
}

/** Sets a part of the style, of what is chosen and of what will be drawn. */
export function restyle(desk: Desk, part: Style): void {
  desk.style = { ...desk.style, ...part };
  const ops: Op[] = [];
  for (const { shape } of desk.selection.solid) {
    const style = styleFor(shape.kind, { ...shape.style, ...part } as Style);
    if (shape.locked || !Object.keys(part).some((key) => key in style)) continue;
    const patch: { id: string } & Partial<ShapePatch> = { id: shape.id, style };
    if (shape.kind === 'text' && part.size) patch.geo = resizedText(desk, shape as Shape, part);
    ops.push({ patch });
  }
  desk.edit(ops);
  desk.changed();
}

function resizedText(desk: Desk, shape: Shape, style: Style) {
  const lines = shape.text.split('\n').length;
  const size = fontSize(style);
  return { ...shape.geo, ...desk.type.measure(shape.text, size), h: lines * size * LEADING };
}

export function chooseAll(desk: Desk): void {
  const all = desk.scene.order.filter((i) => i.shape.parent === '' && !i.shape.locked);
  desk.selection.entered = '';
  desk.selection.set(all.map((i) => i.shape.id));
}

export function duplicate(desk: Desk): void {
  const { ops, chosen } = copies(desk, desk.selection.items, BESIDE, BESIDE);
  put(desk, ops, chosen);
}

/** What makes copies of shapes, and the IDs of the new ones that take the old ones' place in the selection. */
export function copies(desk: Desk, items: readonly Item[], dx: number, dy: number): { ops: Op[]; chosen: string[] } {
  const shapes = items.flatMap((i) => tree(i)).map((i) => i.shape as Shape);
  const chosen = new Set(items.map((i) => i.shape.id));
  return fresh(shapes, chosen, (parent) => (desk.scene.items.has(parent) ? parent : ''), dx, dy);
}

function tree(item: Item): Item[] {
  return [item, ...item.children.flatMap((c) => tree(c))];
}

function fresh(shapes: readonly Shape[], roots: ReadonlySet<string>, parentOf: (id: string) => string, dx: number, dy: number): { ops: Op[]; chosen: string[] } {
  const ids = new Map(shapes.map((s) => [s.id, newID()]));
  const ops = shapes.map(({ id, kind, geo, style, props, text, parent }): Op => {
    return { add: { id: ids.get(id)!, kind, geo: shifted(geo, dx, dy), style, props, text, parent: ids.get(parent) ?? parentOf(parent) } };
  });
  return { ops, chosen: shapes.filter((s) => roots.has(s.id)).map((s) => ids.get(s.id)!) };
}

function put(desk: Desk, ops: readonly Op[], chosen: readonly string[]): void {
  const gesture = desk.board.newGesture();
  for (let i = 0; i < ops.length; i += MOST_OPS) desk.edit(ops.slice(i, i + MOST_OPS), gesture);
  desk.selection.entered = '';
  desk.selection.set(chosen);
}

/** The selection as text for the clipboard; '' for none. */
export function copied(desk: Desk): string {
  const { items } = desk.selection;
  if (items.length === 0) return '';
  const shapes = items.flatMap((i) => tree(i)).map((i) => i.shape);
  return JSON.stringify({ [CLIP]: 1, chosen: items.map((i) => i.shape.id), shapes });
}

/** Puts what is on the clipboard onto the board: shapes, an image's address, or words. */
export async function paste(desk: Desk, text: string, at: Point): Promise<void> {
  const clip = parsed(text);
  if (clip === undefined) {
    const address = text.trim();
    if (isImageAddress(address) && (/\.(png|jpe?g|gif|webp|avif|svg)([?#]|$)/i.test(address) || address.startsWith('data:'))) return addImage(desk, address, at);
    return address === '' ? undefined : addText(desk, text, at);
  }
  const boxes = clip.shapes.filter((s) => s.kind !== 'group').map((s) => s.geo);
  const left = Math.min(...boxes.map((g) => g.x));
  const top = Math.min(...boxes.map((g) => g.y));
  const [right, bottom] = [Math.max(...boxes.map((g) => g.x + g.w)), Math.max(...boxes.map((g) => g.y + g.h))];
  const { ops, chosen } = fresh(clip.shapes, new Set(clip.chosen), () => '', at.x - (left + right) / 2, at.y - (top + bottom) / 2);
  put(desk, ops, chosen);
}

function parsed(text: string): { shapes: Shape[]; chosen: string[] } | undefined {
  if (!text.startsWith(`{"${CLIP}"`)) return undefined;
  try {
    const { shapes, chosen } = JSON.parse(text);
    return Array.isArray(shapes) && shapes.length > 0 && Array.isArray(chosen) ? { shapes, chosen } : undefined;
  } catch {
    return undefined; // words that only look like shapes
  }
}

function addText(desk: Desk, text: string, at: Point): void {
  const id = newID();
  const size = fontSize(desk.style);
  const words = text.replace(/\r/g, '').slice(0, 4000);
  const { w, h } = desk.type.measure(words, size);
  const { color } = desk.style;
  desk.edit([{ add: { id, kind: 'text', geo: { x: at.x - w / 2, y: at.y - h / 2, w, h, r: 0 }, style: { color, size: desk.style.size }, text: words } }]);
  desk.selection.set([id]);
}

/** Shows the image that is at an address; rejects if there is none. */
export async function addImage(desk: Desk, src: string, at: Point): Promise<void> {
  const { w, h } = await desk.images.measure(src);
  const scale = Math.min(1, LARGEST_IMAGE / Math.max(w, h));
  const id = newID();
  const geo = { x: at.x - (w * scale) / 2, y: at.y - (h * scale) / 2, w: w * scale, h: h * scale, r: 0 };
  desk.edit([{ add: { id, kind: 'image', geo, props: { src } } }]);
  desk.selection.set([id]);
}

const MOST_IMAGE = 40_000; // characters of an image that lies on the board itself

/** A file as an address that holds it, made smaller until it is short enough. */
export async function addressOf(file: Blob): Promise<string> {
  const bitmap = await createImageBitmap(file).catch(() => {
    throw new Error('This file is no image that the browser can read');
  });
  const canvas = document.createElement('canvas');
  for (let side = 900; side >= 100; side *= 0.8) {
    const scale = Math.min(1, side / Math.max(bitmap.width, bitmap.height));
    canvas.width = Math.max(1, Math.round(bitmap.width * scale));
    canvas.height = Math.max(1, Math.round(bitmap.height * scale));
    canvas.getContext('2d')!.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
    const src = canvas.toDataURL('image/webp', 0.8);
    if (src.length <= MOST_IMAGE) return src;
  }
  throw new Error('The image is too large for the board: put it on the web and paste its address');
}

/** Whether anything of the selection can be grouped, or taken apart. */
export function hasGroup(desk: Desk): boolean {
  return desk.selection.items.some((i) => i.shape.kind === 'group' && isContainer(i.shape.kind));
}
