import { box, fit, font } from './scene';

const LINES = ['Before the lunch', 'Ask Bob for the long table', 'Two cakes, one without nuts', 'Flowers: whatever the market has'];
const PACE = 11; // letters a second
const REST_S = 3;
const PAD = 26;

/** Page is the picture on the notes' card: a text that two people write. */
export class Page {
  private time = 3;

  constructor(private readonly canvas: HTMLCanvasElement) {}

  draw(elapsed: number): void {
    const { ctx, w } = fit(this.canvas);
    const all = LINES.slice(1).reduce((n, l) => n + l.length, 0);
    this.time += elapsed;
    if (this.time > all / 2 / PACE + REST_S + 3) this.time = 0;
    ctx.textAlign = 'left';
    ctx.textBaseline = 'middle';
    ctx.fillStyle = '#e8ecf6';
    ctx.font = font(780, 24);
    ctx.fillText(LINES[0], PAD, 46);
    const letters = this.time * PACE;
    // Ada writes the first and the third line of the list, Bob the second.
    const first = Math.min(letters, LINES[1].length);
    const third = Math.min(Math.max(letters - LINES[1].length, 0), LINES[3].length);
    const second = Math.min(Math.max(letters - 6, 0), LINES[2].length);
    this.line(ctx, 1, first);
    this.line(ctx, 2, second);
    this.line(ctx, 3, third);
    this.caret(ctx, w, third > 0 ? 3 : 1, third > 0 ? third : first, 'Ada', '#5ce1c6');
    this.caret(ctx, w, 2, second, 'Bob', '#ffb454');
  }

  private line(ctx: CanvasRenderingContext2D, i: number, letters: number): void {
    if (letters <= 0) return;
    ctx.font = font(450, 16);
    ctx.fillStyle = '#5ce1c6';
    ctx.fillText('•', PAD + 2, 50 + 42 * i);
    ctx.fillStyle = '#b9c2d6';
    ctx.fillText(LINES[i].slice(0, Math.floor(letters)), PAD + 20, 50 + 42 * i);
  }

  private caret(ctx: CanvasRenderingContext2D, w: number, i: number, letters: number, name: string, color: string): void {
    ctx.font = font(450, 16);
    const x = Math.min(PAD + 21 + ctx.measureText(LINES[i].slice(0, Math.floor(letters))).width, w - 60);
    const y = 50 + 42 * i;
    box(ctx, x, y - 11, 2, 22, 1, color);
    ctx.font = font(700, 11.5);
    box(ctx, x, y - 26, ctx.measureText(name).width + 14, 17, 5, color);
    ctx.fillStyle = '#0b0e15';
    ctx.fillText(name, x + 7, y - 17);
  }
}
