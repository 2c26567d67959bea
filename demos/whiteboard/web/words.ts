import type { Item } from './scene';
import { fontSize, type Shape } from './shape';

export const FAMILY = 'system-ui, -apple-system, "Segoe UI", Roboto, "Liberation Sans", sans-serif';
export const LEADING = 1.25; // of a line, in letters
const SMALLEST = 6;
const SHRINK = 0.9;
const WHOLE = 0.55; // letters become so much smaller before words are divided
const PADDING: Record<string, number> = { note: 14, rect: 8, ellipse: 8 };

/** Words in lines, and how large they are. */
export interface Words {
  readonly size: number;
  readonly lines: readonly string[];
}

const NOTHING: Words = { size: 16, lines: [] };

/** Breaks words into lines. It needs a canvas to measure them. */
export class Typesetter {
  private readonly widths = new Map<string, number>(); // of words, in letters' size

  constructor(private readonly ctx: CanvasRenderingContext2D) {}

  /** The words of a shape in its box; the same object until text, style or size change. */
  set(item: Item): Words {
    const { shape, geo } = item;
    if (shape.text === '') return NOTHING;
    const kept = item.words;
    if (kept?.text === shape.text && kept.style === shape.style && kept.w === geo.w && kept.h === geo.h) return kept.words;
    const words = this.fit(shape, geo.w, geo.h);
    item.words = { text: shape.text, style: shape.style, w: geo.w, h: geo.h, words };
    return words;
  }

  /** How large a text is that breaks only where its author breaks it. */
  measure(text: string, size: number): { w: number; h: number } {
    const lines = text.split('\n');
    return { w: Math.ceil(Math.max(...lines.map((l) => this.width(l) * size))) + 2, h: lines.length * size * LEADING };
  }

  private fit(shape: Shape, w: number, h: number): Words {
    if (shape.kind === 'text') {
      const lines = shape.text.split('\n'); // its box says how large it is
      return { lines, size: h / lines.length / LEADING };
    }
    const room = PADDING[shape.kind] ?? 0;
    const round = shape.kind === 'ellipse' ? Math.SQRT1_2 : 1;
    const [width, height] = [Math.max(w * round - 2 * room, 8), Math.max(h * round - 2 * room, 8)];
    const least = Math.max(SMALLEST, fontSize(shape.style) * WHOLE);
    for (let size = fontSize(shape.style); ; size = Math.max(SMALLEST, size * SHRINK)) {
      const lines = this.broken(shape.text, width / size, size <= least);
      const fits = lines.length * size * LEADING <= height && lines.every((l) => this.width(l) * size <= width);
      if (fits) return { size, lines };
      if (size <= SMALLEST) return { size, lines: lines.slice(0, Math.max(1, Math.floor(height / size / LEADING))) };
    }
  }

  /** Lines no wider than width, where that is possible between words; or else between letters. */
  private broken(text: string, width: number, divides: boolean): string[] {
    const lines: string[] = [];
    const space = this.width(' ');
    for (const paragraph of text.split('\n')) {
      let [line, used] = ['', 0];
      for (const word of divides ? this.divided(paragraph, width) : paragraph.split(' ')) {
        const wide = this.width(word);
        if (line !== '' && used + space + wide > width) {
          lines.push(line);
          [line, used] = [word, wide];
        } else {
          used += (line === '' ? 0 : space) + wide;
          line = line === '' ? word : `${line} ${word}`;
        }
      }
      lines.push(line);
    }
    return lines;
  }

  /** The words of a paragraph, in pieces no wider than width. */
  private divided(paragraph: string, width: number): string[] {
    return paragraph.split(' ').flatMap((word) => {
      if (this.width(word) <= width) return [word];
      const pieces = [''];
      for (const letter of word) {
        if (this.width(pieces[pieces.length - 1] + letter) > width && pieces[pieces.length - 1] !== '') pieces.push('');
        pieces[pieces.length - 1] += letter;
      }
      return pieces;
    });
  }

  /** In units of the letters' size. */
  private width(text: string): number {
    let width = this.widths.get(text);
    if (width === undefined) {
      if (this.widths.size > 20_000) this.widths.clear();
      this.ctx.font = `100px ${FAMILY}`;
      width = this.ctx.measureText(text).width / 100;
      this.widths.set(text, width);
    }
    return width;
  }
}
