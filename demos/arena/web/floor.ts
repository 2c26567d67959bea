import { FIELD, WALLS } from './field';
import { INK } from './palette';

const SIDE = 0.42; // metres of a wall's front that one sees

/** Floor is the map, painted once for each size of the screen. */
export class Floor {
  private picture: HTMLCanvasElement | undefined;
  private painted = 0;

  /** Draws the map; ctx is in metres, scale is its device pixels a metre. */
  draw(ctx: CanvasRenderingContext2D, scale: number): void {
    if (!this.picture || Math.abs(scale - this.painted) > 0.5) {
      this.picture = paint(scale);
      this.painted = scale;
    }
    ctx.drawImage(this.picture, 0, 0, FIELD.width, FIELD.height);
  }
}

function paint(scale: number): HTMLCanvasElement {
  const picture = document.createElement('canvas');
  picture.width = Math.round(FIELD.width * scale);
  picture.height = Math.round(FIELD.height * scale);
  const ctx = picture.getContext('2d')!;
  ctx.scale(scale, scale);
  paintGround(ctx);
  paintMarkings(ctx);
  paintShadows(ctx, scale);
  for (const [x, y, w, h] of WALLS) paintWall(ctx, x, y, w, h);
  paintBorder(ctx);
  return picture;
}

function paintGround(ctx: CanvasRenderingContext2D): void {
  const { width, height } = FIELD;
  const light = ctx.createRadialGradient(width / 2, height / 2, 4, width / 2, height / 2, width * 0.6);
  light.addColorStop(0, '#222a3b');
  light.addColorStop(0.55, INK.floorLight);
  light.addColorStop(1, INK.floor);
  ctx.fillStyle = light;
  ctx.fillRect(0, 0, width, height);
  for (let x = 0; x <= width; x += 2) stripe(ctx, x, 0, x, height, x % 8 === 0);
  for (let y = 0; y <= height; y += 2) stripe(ctx, 0, y, width, y, y % 8 === 0);
}

function stripe(ctx: CanvasRenderingContext2D, x: number, y: number, toX: number, toY: number, strong: boolean): void {
  ctx.strokeStyle = strong ? INK.lineStrong : INK.line;
  ctx.lineWidth = 0.035;
  ctx.beginPath();
  ctx.moveTo(x, y);
  ctx.lineTo(toX, toY);
  ctx.stroke();
}

/** Paints what is only there to be looked at. */
function paintMarkings(ctx: CanvasRenderingContext2D): void {
  const { width, height } = FIELD;
  ctx.strokeStyle = 'rgba(92, 225, 198, 0.2)';
  ctx.lineWidth = 0.12;
  ring(ctx, width / 2, height / 2, 7);
  ctx.setLineDash([0.9, 0.9]);
  ring(ctx, width / 2, height / 2, 10.5);
  ctx.setLineDash([]);
  ctx.fillStyle = 'rgba(150, 170, 220, 0.075)';
  ctx.font = '800 5.2px system-ui, sans-serif';
  ctx.textAlign = 'center';
  ctx.textBaseline = 'middle';
  for (const [text, x, y] of [['A', 12.4, 19.9], ['B', 52.4, 19.9], ['C', 32, 10.9], ['D', 32, 28.7]] as const) ctx.fillText(text, x, y);
  for (const x of [2.2, width - 2.2]) hatch(ctx, x, 6.5, 1.6, 5.5);
  for (const x of [2.2, width - 2.2]) hatch(ctx, x, height - 12, 1.6, 5.5);
}

function ring(ctx: CanvasRenderingContext2D, x: number, y: number, r: number): void {
  ctx.beginPath();
  ctx.arc(x, y, r, 0, Math.PI * 2);
  ctx.stroke();
}

function hatch(ctx: CanvasRenderingContext2D, x: number, y: number, w: number, h: number): void {
  ctx.save();
  ctx.beginPath();
  ctx.rect(x - w / 2, y, w, h);
  ctx.clip();
  ctx.strokeStyle = 'rgba(255, 200, 97, 0.12)';
  ctx.lineWidth = 0.32;
  for (let at = -w; at < h + w; at += 0.9) {
    ctx.beginPath();
    ctx.moveTo(x - w / 2, y + at + w);
    ctx.lineTo(x + w / 2, y + at);
    ctx.stroke();
  }
  ctx.restore();
}

function paintShadows(ctx: CanvasRenderingContext2D, scale: number): void {
  ctx.save();
  ctx.shadowColor = 'rgba(0, 0, 0, 0.75)';
  ctx.shadowBlur = 1.1 * scale;
  ctx.shadowOffsetX = 0.18 * scale;
  ctx.shadowOffsetY = 0.35 * scale;
  ctx.fillStyle = INK.wallSide;
  for (const [x, y, w, h] of WALLS) ctx.fillRect(x, y, w, h);
  ctx.restore();
}

function paintWall(ctx: CanvasRenderingContext2D, x: number, y: number, w: number, h: number): void {
  ctx.fillStyle = INK.wallSide;
  box(ctx, x, y, w, h, 0.22);
  ctx.fill();
  const top = ctx.createLinearGradient(0, y, 0, y + h);
  top.addColorStop(0, INK.wallTop);
  top.addColorStop(1, INK.wallTopLow);
  ctx.fillStyle = top;
  box(ctx, x, y, w, h - SIDE, 0.22);
  ctx.fill();
  ctx.strokeStyle = INK.wallEdge;
  ctx.lineWidth = 0.05;
  box(ctx, x + 0.03, y + 0.03, w - 0.06, h - SIDE - 0.06, 0.2);
  ctx.stroke();
  if (w < 3 && h < 3) paintCrate(ctx, x, y, w, h - SIDE);
}

function paintCrate(ctx: CanvasRenderingContext2D, x: number, y: number, w: number, h: number): void {
  ctx.strokeStyle = 'rgba(200, 215, 255, 0.09)';
  ctx.lineWidth = 0.09;
  box(ctx, x + 0.35, y + 0.35, w - 0.7, h - 0.7, 0.12);
  ctx.stroke();
  ctx.beginPath();
  ctx.moveTo(x + 0.35, y + 0.35);
  ctx.lineTo(x + w - 0.35, y + h - 0.35);
  ctx.moveTo(x + w - 0.35, y + 0.35);
  ctx.lineTo(x + 0.35, y + h - 0.35);
  ctx.stroke();
}

function paintBorder(ctx: CanvasRenderingContext2D): void {
  ctx.strokeStyle = 'rgba(92, 225, 198, 0.35)';
  ctx.lineWidth = 0.14;
  ctx.strokeRect(0.07, 0.07, FIELD.width - 0.14, FIELD.height - 0.14);
}

function box(ctx: CanvasRenderingContext2D, x: number, y: number, w: number, h: number, r: number): void {
  ctx.beginPath();
  ctx.roundRect(x, y, w, h, r);
}
