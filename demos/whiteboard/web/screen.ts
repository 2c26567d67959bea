import { type Box, grown } from './box';
import type { Camera } from './camera';
import type { Painter, Projection } from './paint';
import { surfaceOf } from './palette';
import type { Scene } from './scene';

const TILE = 512; // pixels of a part that is painted at once
const BUDGET_MS = 7; // for tiles, in one frame
const QUICK_MS = 9; // a whole picture that takes no longer is painted in each frame of a zoom
const SPACING = 24; // of the dots, on the plane
const DOTS_PX = 14; // dots are never closer than this on the screen

/** Pixels of the canvas, counted from the plane's origin at the present zoom. */
interface Region {
  left: number;
  top: number;
  right: number;
  bottom: number;
}

/**
 * The picture of the board. It paints only what changed: moved paper is copied
 * and its edges painted; after a zoom the old picture is shown stretched and
 * painted anew tile by tile, as much as a frame has time for.
 */
export class Screen {
  private readonly ctx: CanvasRenderingContext2D;
  private readonly old = document.createElement('canvas');
  private ratio = 1;
  private shown = { x: 0, y: 0, scale: 0 }; // what the canvas has
  private before = { x: 0, y: 0, scale: 0 }; // what old has: the last whole picture
  private damaged: Region[] = [];
  private tiles: Region[] = [];
  private cost = 0; // of the last whole picture, in milliseconds
  private spent = 0; // on the present one

  constructor(
    private readonly canvas: HTMLCanvasElement,
    private readonly camera: Camera,
    private readonly scene: Scene,
    private readonly painter: Painter,
  ) {
    this.ctx = canvas.getContext('2d', { alpha: false })!;
  }

  /** Follows the size of the window. */
  resize(width: number, height: number, ratio: number): void {
    this.ratio = ratio;
    this.canvas.width = Math.round(width * ratio);
    this.canvas.height = Math.round(height * ratio);
    this.shown.scale = 0;
  }

  /** Paints everything anew, as for another theme. */
  repaint(): void {
    this.shown.scale = 0;
  }

  /** Says that a part of the plane looks different. */
  damage(box: Box): void {
    if (this.shown.scale === 0) return;
    const b = grown(box, 1);
    const s = this.camera.zoom * this.ratio;
    add(this.damaged, { left: Math.floor(b.left * s), top: Math.floor(b.top * s), right: Math.ceil(b.right * s), bottom: Math.ceil(b.bottom * s) });
  }

  /** Brings the canvas up to date; tells whether there is more to do in the next frame. */
  paint(): boolean {
    const scale = this.camera.zoom * this.ratio;
    const at = { x: Math.round(this.camera.x * scale), y: Math.round(this.camera.y * scale), scale };
    const zooms = this.shown.scale !== scale;
    if (zooms) this.zoom(at);
    else if (this.shown.x !== at.x || this.shown.y !== at.y) this.scroll(at);
    this.shown = at;
    for (const region of this.damaged) this.paintRegion(region);
    this.damaged = [];
    if (this.tiles.length > 0 && !(zooms && this.cost > QUICK_MS)) this.paintTiles();
    return this.tiles.length > 0;
  }

  private paintTiles(): void {
    const began = performance.now();
    while (this.tiles.length > 0 && performance.now() - began < BUDGET_MS) this.paintRegion(this.tiles.pop()!);
    this.spent += performance.now() - began;
    if (this.tiles.length === 0) this.cost = this.spent;
  }

  private get seen(): Region {
    const { x, y } = this.shown;
    return { left: x, top: y, right: x + this.canvas.width, bottom: y + this.canvas.height };
  }

  /** Shows the old picture at the new zoom, and lists what to paint. */
  private zoom(at: { x: number; y: number; scale: number }): void {
    const { width, height } = this.canvas;
    const { ctx } = this;
    if (this.shown.scale === 0) this.before = this.shown;
    else if (this.tiles.length === 0) {
      this.before = this.shown;
      if (this.old.width !== width || this.old.height !== height) [this.old.width, this.old.height] = [width, height];
      this.old.getContext('2d', { alpha: false })!.drawImage(this.canvas, 0, 0);
    }
    const was = this.before;
    this.spent = 0;
    ctx.setTransform(1, 0, 0, 1, 0, 0);
    ctx.fillStyle = surfaceOf(this.painter.theme).paper;
    ctx.fillRect(0, 0, width, height);
    const by = at.scale / was.scale;
    if (was.scale > 0) ctx.drawImage(this.old, was.x * by - at.x, was.y * by - at.y, this.old.width * by, this.old.height * by);
    this.damaged = [];
    this.tiles = [];
    for (let y = at.y; y < at.y + height; y += TILE) {
      for (let x = at.x; x < at.x + width; x += TILE) {
        this.tiles.push({ left: x, top: y, right: Math.min(x + TILE, at.x + width), bottom: Math.min(y + TILE, at.y + height) });
      }
    }
    const [mx, my] = [at.x + width / 2 - TILE / 2, at.y + height / 2 - TILE / 2];
    this.tiles.sort((a, b) => Math.hypot(b.left - mx, b.top - my) - Math.hypot(a.left - mx, a.top - my)); // the middle last, to be painted first
  }

  /** Moves the picture, and lists the edges that come into sight. */
  private scroll(at: { x: number; y: number }): void {
    const { width, height } = this.canvas;
    const [dx, dy] = [this.shown.x - at.x, this.shown.y - at.y];
    if (Math.abs(dx) >= width || Math.abs(dy) >= height) {
      this.tiles = [];
      this.damaged = [{ left: at.x, top: at.y, right: at.x + width, bottom: at.y + height }];
      return;
    }
    const { ctx } = this;
    ctx.setTransform(1, 0, 0, 1, 0, 0);
    ctx.globalCompositeOperation = 'copy';
    ctx.drawImage(this.canvas, dx, dy);
    ctx.globalCompositeOperation = 'source-over';
    const [right, bottom] = [at.x + width, at.y + height];
    if (dx > 0) this.damaged.push({ left: at.x, top: at.y, right: at.x + dx, bottom });
    if (dx < 0) this.damaged.push({ left: right + dx, top: at.y, right, bottom });
    if (dy > 0) this.damaged.push({ left: at.x, top: at.y, right, bottom: at.y + dy });
    if (dy < 0) this.damaged.push({ left: at.x, top: bottom + dy, right, bottom });
  }

  private paintRegion(region: Region): void {
    const seen = this.seen;
    const left = Math.max(region.left, seen.left);
    const top = Math.max(region.top, seen.top);
    const right = Math.min(region.right, seen.right);
    const bottom = Math.min(region.bottom, seen.bottom);
    if (left >= right || top >= bottom) return;
    const { ctx, painter } = this;
    const { x, y, scale } = this.shown;
    ctx.save();
    ctx.setTransform(1, 0, 0, 1, 0, 0);
    ctx.beginPath();
    ctx.rect(left - x, top - y, right - left, bottom - top);
    ctx.clip();
    ctx.fillStyle = surfaceOf(painter.theme).paper;
    ctx.fillRect(left - x, top - y, right - left, bottom - top);
    this.dots({ left, top, right, bottom });
    const to: Projection = { scale, x, y, ratio: this.ratio };
    const box = { left: left / scale, top: top / scale, right: right / scale, bottom: bottom / scale };
    for (const item of this.scene.touching(box)) painter.draw(ctx, item, to);
    ctx.restore();
  }

  private dots({ left, top, right, bottom }: Region): void {
    const { ctx, ratio } = this;
    const { x, y, scale } = this.shown;
    let step = SPACING * scale;
    while (step < DOTS_PX * ratio) step *= 2;
    const size = Math.max(1, Math.round(ratio * Math.min(1.6, Math.max(1, scale / ratio))));
    ctx.fillStyle = surfaceOf(this.painter.theme).dots;
    for (let v = Math.floor(top / step) * step; v < bottom; v += step) {
      for (let u = Math.floor(left / step) * step; u < right; u += step) ctx.fillRect(Math.round(u) - x, Math.round(v) - y, size, size);
    }
  }
}

const FEW = 12; // separate regions; more of them become one

/** Adds a region to a list, as a part of one that it touches. */
function add(regions: Region[], region: Region): void {
  for (let i = 0; i < regions.length; i++) {
    const other = regions[i];
    const touch = other.left <= region.right && region.left <= other.right && other.top <= region.bottom && region.top <= other.bottom;
    if (!touch && regions.length < FEW) continue;
    regions.splice(i, 1);
    const { left, top, right, bottom } = region;
    return add(regions, {
      left: Math.min(left, other.left),
      top: Math.min(top, other.top),
      right: Math.max(right, other.right),
      bottom: Math.max(bottom, other.bottom),
    });
  }
  regions.push(region);
}
