import type { Box } from './box';
import { isImageAddress } from './images';
import { surfaceOf, type Theme, toneOf } from './palette';
import { headOf, type Item } from './scene';
import { strokeWidth } from './shape';
import { trace, unpacked } from './stroke';
import { FAMILY, LEADING, type Typesetter } from './words';

type Attributes = Record<string, string | number | undefined>;

/** Writes shapes as SVG. What people wrote is escaped: it cannot become markup. */
export class SVGWriter {
  private parts: string[] = [];
  private clips = new Map<Item, string>();

  constructor(
    private readonly type: Typesetter,
    private readonly theme: Theme,
  ) {}

  write(items: readonly Item[], box: Box): string {
    const [w, h] = [box.right - box.left, box.bottom - box.top];
    this.parts = [];
    this.clips = new Map();
    for (const item of items) if (item.shape.kind !== 'group') this.shape(item);
    const clips = [...this.clips].map(([{ geo }, id]) => `<clipPath id="${id}">${tag('rect', { x: geo.x, y: geo.y, width: geo.w, height: geo.h })}</clipPath>`);
    const paper = tag('rect', { x: box.left, y: box.top, width: w, height: h, fill: surfaceOf(this.theme).paper });
    const view = [box.left, box.top, w, h].map(round).join(' ');
    return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="${view}" width="${round(w)}" height="${round(h)}">${clips.length ? `<defs>${clips.join('')}</defs>` : ''}${paper}${this.parts.join('')}</svg>\n`;
  }

  private shape(item: Item): void {
    const { geo, frame } = item;
    const turn = geo.r === 0 ? '' : ` rotate(${round((geo.r * 180) / Math.PI)} ${round(geo.w / 2)} ${round(geo.h / 2)})`;
    const inner = `<g transform="translate(${round(geo.x)} ${round(geo.y)})${turn}">${this.body(item)}</g>`;
    if (frame === undefined) return void this.parts.push(inner);
    const clip = this.clips.get(frame) ?? `frame-${this.clips.size + 1}`;
    this.clips.set(frame, clip);
    this.parts.push(`<g clip-path="url(#${clip})">${inner}</g>`);
  }

  private body(item: Item): string {
    const { geo, shape } = item;
    const tone = toneOf(shape.style, this.theme);
    switch (shape.kind) {
      case 'pen':
        return tag('path', { d: pathData(shape.props.points ?? [], geo.w, geo.h), fill: 'none', ...this.line(item) });
      case 'rect':
        return tag('rect', { width: geo.w, height: geo.h, rx: Math.min(8, geo.w / 2, geo.h / 2), fill: this.fill(item), ...this.line(item) }) + this.words(item, tone.line);
      case 'ellipse':
        return tag('ellipse', { cx: geo.w / 2, cy: geo.h / 2, rx: geo.w / 2, ry: geo.h / 2, fill: this.fill(item), ...this.line(item) }) + this.words(item, tone.line);
      case 'arrow': {
        const head = Math.min(headOf(shape.style), geo.w * 0.6);
        const [x, y] = [round(geo.w - head), round(head * 0.55)];
        const line = tag('path', { d: `M0 0H${round(geo.w)}`, fill: 'none', ...this.line(item) });
        return line + tag('path', { d: `M${x} ${-y}L${round(geo.w)} 0L${x} ${y}`, fill: 'none', ...this.line(item), 'stroke-dasharray': undefined });
      }
      case 'text':
        return this.words(item, tone.line);
      case 'note':
        return tag('rect', { width: geo.w, height: geo.h, rx: 6, fill: tone.note }) + this.words(item, surfaceOf(this.theme).ink);
      case 'image':
        return isImageAddress(shape.props.src ?? '') ? tag('image', { href: shape.props.src, width: geo.w, height: geo.h, preserveAspectRatio: 'none' }) : '';
      case 'frame': {
        const surface = surfaceOf(this.theme);
        const label = `<text x="1" y="-6" font-family="${escaped(FAMILY)}" font-size="13" font-weight="600" fill="${surface.label}">${escaped(shape.text || 'Frame')}</text>`;
        return tag('rect', { width: geo.w, height: geo.h, fill: surface.frame, stroke: surface.edge }) + label;
      }
    }
    return '';
  }

  private fill({ shape }: Item): string {
    const tone = toneOf(shape.style, this.theme);
    return { none: 'none', soft: tone.soft, solid: tone.solid }[shape.style.fill ?? 'none'];
  }

  private line({ shape: { style } }: Item): Attributes {
    const width = strokeWidth(style);
    const dash = style.dash === 'dashed' ? `${round(width * 2.2)} ${round(width * 2.4)}` : undefined;
    return { stroke: toneOf(style, this.theme).line, 'stroke-width': width, 'stroke-linecap': 'round', 'stroke-linejoin': 'round', 'stroke-dasharray': dash };
  }

  private words(item: Item, color: string): string {
    const { shape, geo } = item;
    if (shape.text === '') return '';
    const { size, lines } = this.type.set(item);
    const left = shape.kind === 'text';
    const fill = shape.style.fill === 'solid' && shape.kind !== 'text' && shape.kind !== 'note' ? toneOf(shape.style, this.theme).on : color;
    const top = (geo.h - lines.length * size * LEADING) / 2 + (size * LEADING) / 2;
    const spans = lines.map((text, i) => `<tspan x="${left ? 0 : round(geo.w / 2)}" y="${round(top + i * size * LEADING)}">${escaped(text)}</tspan>`);
    const anchor = left ? '' : ' text-anchor="middle"';
    return `<text font-family="${escaped(FAMILY)}" font-size="${round(size)}" font-weight="500" fill="${fill}" dominant-baseline="central"${anchor} xml:space="preserve">${spans.join('')}</text>`;
  }
}

function pathData(points: readonly number[], w: number, h: number): string {
  let d = '';
  trace(unpacked(points, w, h), {
    moveTo: (x, y) => (d += `M${round(x)} ${round(y)}`),
    lineTo: (x, y) => (d += `L${round(x)} ${round(y)}`),
    quadraticCurveTo: (cx, cy, x, y) => (d += `Q${round(cx)} ${round(cy)} ${round(x)} ${round(y)}`),
  });
  return d;
}

function tag(name: string, attributes: Attributes): string {
  const all = Object.entries(attributes).filter(([, value]) => value !== undefined);
  return `<${name}${all.map(([key, value]) => ` ${key}="${typeof value === 'number' ? round(value) : escaped(value!)}"`).join('')}/>`;
}

function round(n: number): number {
  return Math.round(n * 100) / 100;
}

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`).replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f]/g, '');
}
