/** A walker as it is drawn; places are CSS pixels. */
export interface Dot {
  id: number;
  x: number;
  y: number;
  vx: number;
  vy: number;
  me: boolean;
}

const HUES = ['#5ce1c6', '#6aa8ff', '#ffb84d', '#b78bff', '#ff7fc0', '#7bd86a'];

/** Draws walkers with a trail each against the way they go. */
export function drawDots(ctx: CanvasRenderingContext2D, w: number, h: number, dots: readonly Dot[]): void {
  ctx.fillStyle = '#10151f';
  ctx.fillRect(0, 0, w, h);
  ctx.strokeStyle = 'rgba(148, 170, 220, 0.06)';
  ctx.lineWidth = 1;
  ctx.beginPath();
  for (let x = 0.5; x < w; x += 40) ctx.rect(x, -1, 40, h + 2);
  for (let y = 0.5; y < h; y += 40) ctx.rect(-1, y, w + 2, 40);
  ctx.stroke();
  ctx.lineCap = 'round';
  for (const d of dots) {
    const speed = Math.hypot(d.vx, d.vy);
    const colour = HUES[d.id % HUES.length];
    if (speed > 0) {
      ctx.globalAlpha = 0.35;
      ctx.strokeStyle = colour;
      ctx.lineWidth = 2;
      ctx.beginPath();
      ctx.moveTo(d.x, d.y);
      ctx.lineTo(d.x - (d.vx / speed) * 10, d.y - (d.vy / speed) * 10);
      ctx.stroke();
    }
    ctx.globalAlpha = 1;
    ctx.fillStyle = d.me ? '#ffffff' : colour;
    ctx.beginPath();
    ctx.arc(d.x, d.y, d.me ? 5 : 2.6, 0, Math.PI * 2);
    ctx.fill();
  }
}
