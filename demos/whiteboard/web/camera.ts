import { area, type Box, type Point } from './box';

const NEAREST = 8;
const FARTHEST = 0.05;
const MARGIN_PX = 80; // around what is fitted
const GLIDE_PER_MS = 0.012; // of what remains, when it moves by itself

/** Which part of the plane the screen shows. All lengths on the screen are in CSS pixels. */
export class Camera {
  /** The point of the plane at the screen's top left. */
  x = 0;
  y = 0;
  zoom = 1;
  width = 1;
  height = 1;

  private goal: { x: number; y: number; zoom: number } | undefined;

  /** onMove is called after each change. */
  constructor(private readonly onMove: () => void) {}

  resize(width: number, height: number): void {
    const [cx, cy] = [this.x + this.width / 2 / this.zoom, this.y + this.height / 2 / this.zoom];
    const first = this.width === 1;
    this.width = width;
    this.height = height;
    if (!first) this.set(cx - width / 2 / this.zoom, cy - height / 2 / this.zoom, this.zoom);
    else this.onMove();
  }

  /** What is on the screen, on the plane. */
  get view(): Box {
    return { left: this.x, top: this.y, right: this.x + this.width / this.zoom, bottom: this.y + this.height / this.zoom };
  }

  toPlane(p: Point): Point {
    return { x: this.x + p.x / this.zoom, y: this.y + p.y / this.zoom };
  }

  toScreen(p: Point): Point {
    return { x: (p.x - this.x) * this.zoom, y: (p.y - this.y) * this.zoom };
  }

  /** Moves the paper by pixels of the screen. */
  pan(dx: number, dy: number): void {
    this.goal = undefined;
    this.set(this.x - dx / this.zoom, this.y - dy / this.zoom, this.zoom);
  }

  /** Zooms so that the point of the plane at a place of the screen stays there. */
  zoomAt(p: Point, zoom: number): void {
    this.goal = undefined;
    const z = Math.min(NEAREST, Math.max(FARTHEST, zoom));
    const at = this.toPlane(p);
    this.set(at.x - p.x / z, at.y - p.y / z, z);
  }

  /** Zooms about the screen's middle, gently. */
  zoomTo(zoom: number): void {
    const z = Math.min(NEAREST, Math.max(FARTHEST, zoom));
    const [cx, cy] = [this.x + this.width / 2 / this.zoom, this.y + this.height / 2 / this.zoom];
    this.glideTo({ x: cx - this.width / 2 / z, y: cy - this.height / 2 / z, zoom: z });
  }

  /** Shows a box whole, at most at the size it has. */
  fit(box: Box, most = 1): void {
    this.glideTo(this.around(box, most, MARGIN_PX));
  }

  /** Shows what somebody else sees, as they move. */
  followView(box: Box): void {
    if (area(box) > 0) this.glideTo(this.around(box, NEAREST, 0));
  }

  /** Moves on towards where it is going; tells whether there is more to come. */
  step(elapsed: number): boolean {
    if (this.goal === undefined) return false;
    const { x, y, zoom } = this.goal;
    const part = 1 - Math.exp(-elapsed * GLIDE_PER_MS);
    const px = Math.hypot(x - this.x, y - this.y) * this.zoom;
    if (px < 0.5 && Math.abs(zoom / this.zoom - 1) < 0.002) {
      this.goal = undefined;
      this.set(x, y, zoom);
      return false;
    }
    const z = this.zoom * (zoom / this.zoom) ** part;
    // The middle moves with the zoom, so that both arrive together.
    const mid = (from: number, to: number, size: number) => {
      const [a, b] = [from + size / 2 / this.zoom, to + size / 2 / zoom];
      return a + (b - a) * part - size / 2 / z;
    };
    this.set(mid(this.x, x, this.width), mid(this.y, y, this.height), z);
    return true;
  }

  get isGliding(): boolean {
    return this.goal !== undefined;
  }

  private glideTo(goal: { x: number; y: number; zoom: number }): void {
    this.goal = goal;
    this.onMove();
  }

  private around(b: Box, most: number, margin: number) {
    const [w, h] = [Math.max(b.right - b.left, 1), Math.max(b.bottom - b.top, 1)];
    const room = (size: number) => size - 2 * Math.min(margin, size / 12);
    const zoom = Math.min(most, Math.max(FARTHEST, Math.min(room(this.width) / w, room(this.height) / h)));
    return { x: (b.left + b.right) / 2 - this.width / 2 / zoom, y: (b.top + b.bottom) / 2 - this.height / 2 / zoom, zoom };
  }

  private set(x: number, y: number, zoom: number): void {
    // Whole pixels, so that the picture can be moved instead of painted anew.
    const px = zoom * (globalThis.devicePixelRatio || 1);
    this.x = Math.round(x * px) / px;
    this.y = Math.round(y * px) / px;
    this.zoom = zoom;
    this.onMove();
  }
}
