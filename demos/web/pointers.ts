import { box, fit, font } from './scene';

const WHO = [
  { name: 'Ada', color: '#5ce1c6', pace: 0.52, turn: 0 },
  { name: 'Quiet Otter', color: '#ffb454', pace: 0.37, turn: 2.1 },
  { name: 'Bob', color: '#8fb4ff', pace: 0.44, turn: 4.2 },
];
const GAP = 26;
const REACH = 110;

/** Pointers is the picture on the cursors' card: cursors that light the floor. */
export class Pointers {
  private time = 3;

  constructor(private readonly canvas: HTMLCanvasElement) {}

  draw(elapsed: number): void {
    const { ctx, w, h } = fit(this.canvas);
    this.time += elapsed;
    const at = WHO.map(({ pace, turn }) => {
      const t = this.time * pace + turn;
      return { x: w * (0.46 + 0.36 * Math.sin(t * 1.3)), y: h * (0.46 + 0.32 * Math.sin(t * 1.9 + turn)) };
    });
    for (let y = GAP / 2; y < h; y += GAP) {
      for (let x = GAP / 2; x < w; x += GAP) {
        ctx.fillStyle = 'rgba(170, 190, 235, 0.16)';
        ctx.fillRect(x - 1, y - 1, 2, 2);
        WHO.forEach(({ color }, i) => {
          const near = 1 - Math.hypot(x - at[i].x, y - at[i].y) / REACH;
          if (near <= 0) return;
          ctx.globalAlpha = near;
          ctx.fillStyle = color;
          ctx.beginPath();
          ctx.arc(x, y, 1 + 2.2 * near * near, 0, Math.PI * 2);
          ctx.fill();
          ctx.globalAlpha = 1;
        });
      }
    }
    WHO.forEach(({ name, color }, i) => this.pointer(ctx, at[i], name, color));
  }

  private pointer(ctx: CanvasRenderingContext2D, { x, y }: { x: number; y: number }, name: string, color: string): void {
    ctx.fillStyle = color;
    ctx.strokeStyle = '#10151f';
    ctx.lineWidth = 1.6;
    ctx.beginPath();
    for (const [dx, dy] of [[0, 0], [6.2, 18.2], [9.2, 10.6], [17, 8]]) ctx.lineTo(x + dx, y + dy);
    ctx.closePath();
    ctx.fill();
    ctx.stroke();
    ctx.font = font(700, 12.5);
    ctx.textAlign = 'left';
    ctx.textBaseline = 'middle';
    box(ctx, x + 13, y + 17, ctx.measureText(name).width + 20, 24, 12, color);
    ctx.fillStyle = '#0b0e15';
    ctx.fillText(name, x + 23, y + 29.5);
  }
}
