import { FIELD } from './field';

const SEEN_WIDTH = 42; // metres; nobody sees more, whatever the screen
const SEEN_HEIGHT = 24;
const MARGIN_X = 1.5; // metres shown beyond the field
const MARGIN_Y = 3.4; // more, for what is written above and below
const FOLLOW = 9; // a second

/** Camera says which part of the field the canvas shows. Sizes are CSS pixels. */
export class Camera {
  x = FIELD.width / 2;
  y = FIELD.height / 2;
  scale = 30; // pixels a metre
  width = 1280;
  height = 720;
  private shake = 0;
  private offsetX = 0;
  private offsetY = 0;

  resize(width: number, height: number): void {
    this.width = width;
    this.height = height;
    this.scale = Math.max(width / SEEN_WIDTH, height / SEEN_HEIGHT);
  }

  /** Goes after a point; jumps when it is far. */
  follow(x: number, y: number, seconds: number): void {
    const halfX = this.width / this.scale / 2;
    const halfY = this.height / this.scale / 2;
    const toX = bounded(x, halfX - MARGIN_X, FIELD.width - halfX + MARGIN_X);
    const toY = bounded(y, halfY - MARGIN_Y, FIELD.height - halfY + MARGIN_Y);
    const far = Math.hypot(toX - this.x, toY - this.y) > 20;
    const part = far ? 1 : 1 - Math.exp(-seconds * FOLLOW);
    this.x += (toX - this.x) * part;
    this.y += (toY - this.y) * part;
    this.shake *= Math.exp(-seconds * 9);
    this.offsetX = (Math.random() - 0.5) * this.shake;
    this.offsetY = (Math.random() - 0.5) * this.shake;
  }

  /** Shakes the picture; strength in metres. */
  jolt(strength: number): void {
    this.shake = Math.min(this.shake + strength, 1);
  }

  /** Makes ctx draw in metres; pixels is the device's pixels per CSS pixel. */
  apply(ctx: CanvasRenderingContext2D, pixels: number): void {
    const s = this.scale * pixels;
    const x = this.x + this.offsetX;
    const y = this.y + this.offsetY;
    ctx.setTransform(s, 0, 0, s, (this.width * pixels) / 2 - x * s, (this.height * pixels) / 2 - y * s);
  }

  toScreen(x: number, y: number): [number, number] {
    return [(x - this.x) * this.scale + this.width / 2, (y - this.y) * this.scale + this.height / 2];
  }

  toField(px: number, py: number): [number, number] {
    return [(px - this.width / 2) / this.scale + this.x, (py - this.height / 2) / this.scale + this.y];
  }
}

function bounded(v: number, lo: number, hi: number): number {
  return lo > hi ? (lo + hi) / 2 : Math.min(Math.max(v, lo), hi);
}
