import { fit, font } from './scene';

type Point = [x: number, y: number];

const PASS_S = 9; // until the sheet is drawn anew
const INK = ['#8fb4ff', '#ffb454', '#5ce1c6', '#c79bff'];

/** Sketch is the picture on the whiteboard's card: shapes that two hands draw. */
export class Sketch {
  private time = 0;

  constructor(private readonly canvas: HTMLCanvasElement) {}

  draw(elapsed: number): void {
    const { ctx, w, h } = fit(this.canvas);
    this.time = (this.time + elapsed) % PASS_S;
    const strokes = this.strokes(w / 2, h / 2);
    ctx.lineWidth = 3.5;
    ctx.lineCap = ctx.lineJoin = 'round';
    strokes.forEach((points, i) => {
      const done = Math.max(0, Math.min((this.time - i * 1.5) / 1.2, 1));
      if (done === 0) return;
      const shown = points.slice(0, Math.max(2, Math.ceil(points.length * done)));
      ctx.globalAlpha = Math.min(1, (PASS_S - this.time) / 0.6);
      ctx.strokeStyle = INK[i % INK.length];
      ctx.beginPath();
      for (const [x, y] of shown) ctx.lineTo(x, y);
      ctx.stroke();
      if (done < 1) this.hand(ctx, shown.at(-1)!, i);
    });
    ctx.globalAlpha = 1;
  }

  /** Shapes around the middle. */
  private strokes(x: number, y: number): Point[][] {
    const line = (...corners: Point[]): Point[] => corners.slice(1).flatMap(([bx, by], i) => {
      const [ax, ay] = corners[i];
      return Array.from({ length: 24 }, (_, n): Point => [x + ax + ((bx - ax) * n) / 23, y + ay + ((by - ay) * n) / 23]);
    });
    const round = (cx: number, cy: number, rx: number, ry: number): Point[] => Array.from({ length: 65 }, (_, n): Point => {
      const a = (n / 64) * Math.PI * 2.04 - 1.6;
      return [x + cx + rx * Math.cos(a), y + cy + ry * Math.sin(a)];
    });
    return [
      line([-150, -62], [-30, -64], [-28, 10], [-151, 8], [-150, -62]),
      round(98, -30, 58, 44),
      line([-24, -28], [34, -30], [22, -40], [34, -30], [23, -19]),
      line([-130, 62], [-104, 44], [-78, 66], [-52, 44], [-26, 66], [0, 44], [26, 64], [130, 50]),
    ];
  }

  private hand(ctx: CanvasRenderingContext2D, [x, y]: Point, i: number): void {
    ctx.fillStyle = INK[i % INK.length];
    ctx.beginPath();
    ctx.arc(x, y, 5.5, 0, Math.PI * 2);
    ctx.fill();
    ctx.font = font(700, 12);
    ctx.textAlign = 'left';
    ctx.textBaseline = 'middle';
    ctx.fillText(i % 2 === 0 ? 'Ada' : 'Bob', x + 11, y + 12);
  }
}
