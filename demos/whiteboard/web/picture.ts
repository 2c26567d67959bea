import { type Box, grown, unitedAll } from './box';
import type { Desk } from './desk';
import { surfaceOf } from './palette';
import type { Item } from './scene';
import { SVGWriter } from './svg';

const MARGIN = 32;
const MOST_PX = 8_000; // of a picture's side
const SCALE = 2;

/** What is exported: the selection if there is one, else everything. */
function chosen(desk: Desk): { items: readonly Item[]; box: Box } {
  const some = new Set(desk.selection.solid);
  const items = some.size > 0 ? desk.scene.order.filter((i) => some.has(i)) : desk.scene.order;
  const box = unitedAll(items.filter((i) => i.shape.kind !== 'group').map((i) => i.box));
  if (box === undefined) throw new Error('The board is empty: there is nothing to export yet');
  return { items, box: grown(box, MARGIN) };
}

/** The board, or what is chosen of it, as a PNG. Images whose servers do not allow it are left out. */
export async function png(desk: Desk): Promise<Blob> {
  const { items, box } = chosen(desk);
  const [w, h] = [box.right - box.left, box.bottom - box.top];
  const scale = Math.min(SCALE, MOST_PX / w, MOST_PX / h);
  const canvas = document.createElement('canvas');
  canvas.width = Math.ceil(w * scale);
  canvas.height = Math.ceil(h * scale);
  const ctx = canvas.getContext('2d')!;
  ctx.fillStyle = surfaceOf(desk.painter.theme).paper;
  ctx.fillRect(0, 0, canvas.width, canvas.height);
  const to = { scale, x: box.left * scale, y: box.top * scale, ratio: scale };
  for (const item of items) {
    const closed = item.shape.kind === 'image' && !desk.images.isOpen(item.shape.props.src ?? '');
    desk.painter.draw(ctx, closed ? { ...item, shape: { ...item.shape, props: {} } } : item, to);
  }
  return new Promise((resolve, reject) => {
    canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error('The browser cannot make a picture of this size'))), 'image/png');
  });
}

/** The board, or what is chosen of it, as SVG. */
export function svg(desk: Desk): Blob {
  const { items, box } = chosen(desk);
  const writer = new SVGWriter(desk.type, desk.painter.theme);
  return new Blob([writer.write(items, box)], { type: 'image/svg+xml' });
}

/** Offers a file for saving. */
export function download(blob: Blob, name: string): void {
  const a = document.createElement('a');
  a.href = URL.createObjectURL(blob);
  a.download = name;
  a.click();
  setTimeout(() => URL.revokeObjectURL(a.href), 10_000);
}
