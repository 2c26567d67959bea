import { drawDots } from '../walkers/web/dots';
import { fit } from './scene';

const WALKERS = 150;
const PACE = 26; // CSS pixels a second

/** Crowd is the picture on the walkers' card: dots that walk and wrap. */
export class Crowd {
  private readonly dots = Array.from({ length: WALKERS }, (_, id) => ({
    id, x: Math.random(), y: Math.random(), vx: Math.random() < 0.5 ? 1 : -1, vy: Math.random() < 0.5 ? 1 : -1, me: false,
  }));

  constructor(private readonly canvas: HTMLCanvasElement) {}

  draw(elapsed: number): void {
    const { ctx, w, h } = fit(this.canvas);
    for (const d of this.dots) {
      d.x = (d.x + (d.vx * PACE * elapsed) / w + 1) % 1;
      d.y = (d.y + (d.vy * PACE * elapsed) / h + 1) % 1;
    }
    drawDots(ctx, w, h, this.dots.map((d) => ({ ...d, x: d.x * w, y: d.y * h })));
  }
}
