import { box, fit, font } from './scene';

const TITLES = ['Paint the menu', 'Repair the doorbell', 'Learn the piano piece', 'Water the lemon tree', 'Write to Aunt Flo', 'Sharpen the knives'];
const EVERY_S = 0.8; // between two votes
const ROW = 42;
const PAD = 22;

/** Votes is the picture on the task board's card: tasks that change places. */
export class Votes {
  private readonly rows = TITLES.map((title, i) => ({ title, votes: 24 - 3 * i, at: i, glow: 0 }));
  private wait = EVERY_S;

  constructor(private readonly canvas: HTMLCanvasElement) {}

  draw(elapsed: number): void {
    const { ctx, w } = fit(this.canvas);
    this.advance(elapsed);
    ctx.textBaseline = 'middle';
    for (const row of [...this.rows].sort((a, b) => a.glow - b.glow)) {
      const y = PAD - 6 + row.at * ROW;
      box(ctx, PAD, y, w - 2 * PAD, ROW - 7, 9, '#1b2333');
      box(ctx, PAD, y, w - 2 * PAD, ROW - 7, 9, `rgba(92, 225, 198, ${(0.2 * row.glow).toFixed(3)})`);
      box(ctx, PAD + 7, y + 6, 44, ROW - 19, 7, `rgba(92, 225, 198, ${(0.14 + 0.5 * row.glow).toFixed(3)})`);
      ctx.textAlign = 'center';
      ctx.font = font(700, 13);
      ctx.fillStyle = '#e8ecf6';
      ctx.fillText(String(row.votes), PAD + 29, y + ROW / 2 - 3);
      ctx.textAlign = 'left';
      ctx.font = font(550, 14);
      ctx.fillStyle = '#b9c2d6';
      ctx.fillText(row.title, PAD + 64, y + ROW / 2 - 3);
    }
  }

  private advance(elapsed: number): void {
    this.wait -= elapsed;
    if (this.wait < 0) {
      this.wait = EVERY_S;
      const row = this.rows[Math.floor(Math.random() * this.rows.length)];
      row.votes += 1 + Math.floor(Math.random() * 4);
      row.glow = 1;
    }
    const ranked = [...this.rows].sort((a, b) => b.votes - a.votes);
    ranked.forEach((row, i) => {
      row.at += (i - row.at) * (1 - Math.exp(-7 * elapsed));
      row.glow = Math.max(0, row.glow - elapsed / 1.2);
    });
  }
}
