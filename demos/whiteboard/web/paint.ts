import type { Images } from './images';
import { surfaceOf, type Theme, toneOf } from './palette';
import { headOf, type Item } from './scene';
import { strokeWidth } from './shape';
import { trace, unpacked } from './stroke';
import { FAMILY, LEADING, type Typesetter } from './words';

const LEGIBLE_PX = 3.5; // smaller letters are drawn as bars
const CORNER = 8; // of a rectangle, a note, an image
const LABEL_PX = 13; // above a frame, whatever the zoom

/** The canvas' units: the plane times scale, from x and y. */
export interface Projection {
  readonly scale: number;
  readonly x: number;
  readonly y: number;
  /** Pixels of the canvas for one of the screen. */
  readonly ratio: number;
}

/** Paints shapes onto a canvas. */
export class Painter {
  theme: Theme = 'light';
  /** The shape whose words are being edited: somebody else shows them. */
  editing = '';

  constructor(
    private readonly type: Typesetter,
    private readonly images: Images,
  ) {}

  /** Paints a shape; what a frame cuts off is left out. */
  draw(ctx: CanvasRenderingContext2D, item: Item, to: Projection): void {
    const { geo, frame } = item;
    if (item.shape.kind === 'group') return;
    ctx.save();
    ctx.setTransform(to.scale, 0, 0, to.scale, -to.x, -to.y);
    if (frame !== undefined) {
      ctx.beginPath();
      ctx.rect(frame.geo.x, frame.geo.y, frame.geo.w, frame.geo.h);
      ctx.clip();
    }
    ctx.translate(geo.x + geo.w / 2, geo.y + geo.h / 2);
    if (geo.r !== 0) ctx.rotate(geo.r);
    ctx.translate(-geo.w / 2, -geo.h / 2);
    this.body(ctx, item, to);
    ctx.restore();
  }

  private body(ctx: CanvasRenderingContext2D, item: Item, to: Projection): void {
    switch (item.shape.kind) {
      case 'pen':
        return this.pen(ctx, item);
      case 'rect':
      case 'ellipse':
        this.closed(ctx, item);
        return this.words(ctx, item, to);
      case 'arrow':
        return this.arrow(ctx, item);
      case 'text':
        return this.words(ctx, item, to);
      case 'note':
        this.note(ctx, item, to);
        return this.words(ctx, item, to);
      case 'image':
        return this.image(ctx, item);
      case 'frame':
        return this.frame(ctx, item, to);
    }
  }

  private pen(ctx: CanvasRenderingContext2D, item: Item): void {
    this.line(ctx, item);
    ctx.stroke(pathOf(item));
  }

  private closed(ctx: CanvasRenderingContext2D, item: Item): void {
    const { geo, shape } = item;
    const tone = toneOf(shape.style, this.theme);
    ctx.beginPath();
    if (shape.kind === 'rect') ctx.roundRect(0, 0, geo.w, geo.h, Math.min(CORNER, geo.w / 2, geo.h / 2));
    else ctx.ellipse(geo.w / 2, geo.h / 2, geo.w / 2, geo.h / 2, 0, 0, 2 * Math.PI);
    const fill = shape.style.fill ?? 'none';
    if (fill !== 'none') {
      ctx.fillStyle = fill === 'soft' ? tone.soft : tone.solid;
      ctx.fill();
    }
    this.line(ctx, item);
    ctx.stroke();
  }

  private arrow(ctx: CanvasRenderingContext2D, item: Item): void {
    const { geo, shape } = item;
    this.line(ctx, item);
    ctx.beginPath();
    ctx.moveTo(0, 0);
    ctx.lineTo(geo.w, 0);
    ctx.stroke();
    const head = Math.min(headOf(shape.style), geo.w * 0.6);
    ctx.setLineDash([]);
    ctx.beginPath();
    ctx.moveTo(geo.w - head, -head * 0.55);
    ctx.lineTo(geo.w, 0);
    ctx.lineTo(geo.w - head, head * 0.55);
    ctx.stroke();
  }

  private note(ctx: CanvasRenderingContext2D, { geo, shape }: Item, to: Projection): void {
    const tone = toneOf(shape.style, this.theme);
    if (to.scale / to.ratio > 0.2) {
      // Two thin slabs look like a shadow and cost less than a blurred one.
      ctx.fillStyle = 'rgba(20, 24, 40, 0.06)';
      rounded(ctx, -1.5, 3, geo.w + 3, geo.h + 1, 9);
      ctx.fillStyle = 'rgba(20, 24, 40, 0.08)';
      rounded(ctx, 1, 4, geo.w - 2, geo.h - 0.5, 8);
    }
    ctx.fillStyle = tone.note;
    rounded(ctx, 0, 0, geo.w, geo.h, Math.min(6, geo.w / 2, geo.h / 2));
  }

  private image(ctx: CanvasRenderingContext2D, { geo, shape }: Item): void {
    const picture = this.images.get(shape.props.src ?? '', shape.id);
    if (picture === undefined) {
      const surface = surfaceOf(this.theme);
      ctx.fillStyle = surface.missing;
      rounded(ctx, 0, 0, geo.w, geo.h, CORNER);
      ctx.strokeStyle = surface.label;
      ctx.lineWidth = Math.max(1, Math.min(geo.w, geo.h) / 60);
      const [x, y, s] = [geo.w / 2, geo.h / 2, Math.min(geo.w, geo.h) / 8];
      ctx.beginPath();
      ctx.rect(x - s, y - s * 0.8, s * 2, s * 1.6);
      ctx.moveTo(x - s, y + s * 0.5);
      ctx.lineTo(x - s * 0.3, y - s * 0.1);
      ctx.lineTo(x + s * 0.2, y + s * 0.3);
      ctx.lineTo(x + s * 0.5, y);
      ctx.lineTo(x + s, y + s * 0.5);
      ctx.stroke();
      return;
    }
    ctx.beginPath();
    ctx.roundRect(0, 0, geo.w, geo.h, Math.min(CORNER, geo.w / 2, geo.h / 2));
    ctx.clip();
    ctx.drawImage(picture, 0, 0, geo.w, geo.h);
  }

  private frame(ctx: CanvasRenderingContext2D, { geo, shape }: Item, to: Projection): void {
    const surface = surfaceOf(this.theme);
    ctx.fillStyle = surface.frame;
    ctx.strokeStyle = surface.edge;
    ctx.lineWidth = Math.max(1, to.ratio / to.scale);
    ctx.beginPath();
    ctx.rect(0, 0, geo.w, geo.h);
    ctx.fill();
    ctx.stroke();
    if (shape.id === this.editing || to.scale / to.ratio < 0.2) return;
    const px = Math.min(to.ratio / to.scale, 1.4);
    ctx.fillStyle = surface.label;
    ctx.font = `600 ${LABEL_PX * px}px ${FAMILY}`;
    ctx.textAlign = 'left';
    ctx.textBaseline = 'alphabetic';
    ctx.fillText(shape.text || 'Frame', 1, -6 * px, Math.max(geo.w, 60));
  }

  private words(ctx: CanvasRenderingContext2D, item: Item, to: Projection): void {
    const { shape, geo } = item;
    if (shape.text === '' || shape.id === this.editing) return;
    const { size, lines } = this.type.set(item);
    ctx.fillStyle = this.wordColor(item);
    const left = shape.kind === 'text';
    const [x, line] = [left ? 0 : geo.w / 2, size * LEADING];
    let y = (geo.h - lines.length * line) / 2 + line / 2;
    if ((size * to.scale) / to.ratio < LEGIBLE_PX) {
      ctx.globalAlpha = 0.45;
      for (const text of lines) {
        const w = Math.min(text.length * size * 0.5, geo.w);
        ctx.fillRect(left ? 0 : x - w / 2, y - size * 0.25, w, size * 0.5);
        y += line;
      }
      ctx.globalAlpha = 1;
      return;
    }
    ctx.font = `${shape.kind === 'note' || left ? 500 : 550} ${size}px ${FAMILY}`;
    ctx.textAlign = left ? 'left' : 'center';
    ctx.textBaseline = 'middle';
    for (const text of lines) {
      ctx.fillText(text, x, y);
      y += line;
    }
  }

  wordColor({ shape }: Item): string {
    const tone = toneOf(shape.style, this.theme);
    if (shape.kind === 'note') return surfaceOf(this.theme).ink;
    return shape.kind !== 'text' && shape.style.fill === 'solid' ? tone.on : tone.line;
  }

  private line(ctx: CanvasRenderingContext2D, { shape: { style } }: Item): void {
    const width = strokeWidth(style);
    ctx.strokeStyle = toneOf(style, this.theme).line;
    ctx.lineWidth = width;
    ctx.lineCap = ctx.lineJoin = 'round';
    if (style.dash === 'dashed') ctx.setLineDash([width * 2.2, width * 2.4]);
  }
}

/** The path of a pen's stroke; the same until its points or its box change. */
export function pathOf(item: Item): Path2D {
  const points = item.shape.props.points ?? [];
  const { w, h } = item.geo;
  const kept = item.path;
  if (kept?.points === points && kept.w === w && kept.h === h) return kept.path;
  const path = new Path2D();
  trace(unpacked(points, w, h), path);
  item.path = { points, w, h, path };
  return path;
}

function rounded(ctx: CanvasRenderingContext2D, x: number, y: number, w: number, h: number, r: number): void {
  ctx.beginPath();
  ctx.roundRect(x, y, Math.max(w, 0), Math.max(h, 0), Math.max(r, 0));
  ctx.fill();
}
