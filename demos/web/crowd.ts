import { drawDots } from '../walkers/web/dots';

const WALKERS = 150;
const PACE = 26; // CSS pixels a second

/** Crowd is the picture on the walkers' card: dots that walk and wrap. */
export class Crowd {
  private readonly ctx: CanvasRenderingContext2D;
  private readonly dots = Array.from({ length: WALKERS }, (_, id) => ({
    id, x: Math.random(), y: Math.random(), vx: Math.random() < 0.5 ? 1 : -1, vy: Math.random() < 0.5 ? 1 : -1, me: false,
  }));

  constructor(private readonly canvas: HTMLCanvasElement) {
    this.ctx = canvas.getContext('2d')!;
  }

  draw(elapsed: number): void {
    const { canvas, ctx } = this;
    const pixels = Math.min(devicePixelRatio || 1, 2);
    const [w, h] = [canvas.clientWidth, canvas.clientHeight];
    if (canvas.width !== Math.round(w * pixels)) {
      canvas.width = Math.round(w * pixels);
      canvas.height = Math.round(h * pixels);
    }
    for (const d of this.dots) {
      d.x = (d.x + (d.vx * PACE * elapsed) / w + 1) % 1;
      d.y = (d.y + (d.vy * PACE * elapsed) / h + 1) % 1;
    }
    ctx.setTransform(pixels, 0, 0, pixels, 0, 0);
    drawDots(ctx, w, h, this.dots.map((d) => ({ ...d, x: d.x * w, y: d.y * h })));
  }
}
