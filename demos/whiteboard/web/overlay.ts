import { type Box, corners, ends, type Point } from './box';
import type { Desk } from './desk';
import { toneOf } from './palette';
import type { Item } from './scene';
import { type Geo, keepsProportion, strokeWidth, type Style } from './shape';
import { trace } from './stroke';
import { type Handle, HANDLES, handleAt } from './transform';

const ACCENT = '#2f7bf6';
const GRIP_PX = 9;
const REACH_PX = { mouse: 9, touch: 20 };
export const TURN_PX = 26; // from the box to the handle that turns it
const TRAIL_MS = 900;

/** What a pointer can take hold of. */
export type Grip = { resize: Handle } | { end: 0 | 1 } | { turn: true };

/** A stroke that is not on the board yet. */
export interface Draft {
  readonly points: readonly Point[];
  readonly style: Style;
}

/** Where a laser pointer was, and when. */
export interface Trail {
  readonly color: string;
  readonly points: readonly (Point & { readonly at: number })[];
}

/** What lies over the board and belongs to nobody else: the selection and its handles, a marquee; also what others point at. */
export class Overlay {
  marquee: Box | undefined;
  draft: Draft | undefined;
  /** A shape that would be chosen by a click. */
  hover: Item | undefined;
  /** No handles while something is moved. */
  busy = false;
  private readonly ctx: CanvasRenderingContext2D;
  private ratio = 1;

  constructor(
    private readonly canvas: HTMLCanvasElement,
    private readonly desk: Desk,
  ) {
    this.ctx = canvas.getContext('2d')!;
  }

  resize(width: number, height: number, ratio: number): void {
    this.ratio = ratio;
    this.canvas.width = Math.round(width * ratio);
    this.canvas.height = Math.round(height * ratio);
  }

  /** Paints all of it; tells whether something fades, so that it is to be painted again. */
  draw(now: number): boolean {
    const { ctx, desk, ratio } = this;
    ctx.setTransform(1, 0, 0, 1, 0, 0);
    ctx.clearRect(0, 0, this.canvas.width, this.canvas.height);
    ctx.setTransform(ratio, 0, 0, ratio, 0, 0);
    ctx.lineCap = ctx.lineJoin = 'round';
    for (const { ids, color } of desk.people?.selections ?? []) {
      for (const id of ids) {
        const item = desk.scene.items.get(id);
        if (item) this.outline(item, color, 2);
      }
    }
    for (const draft of desk.people?.drafts ?? []) this.stroke(draft);
    if (this.draft) this.stroke(this.draft);
    if (this.hover && !desk.selection.has(this.hover.shape.id)) this.outline(this.hover, ACCENT, 1.5);
    this.selection();
    if (this.marquee) this.box(this.marquee);
    let fades = false;
    for (const trail of desk.people?.trails ?? []) fades = this.laser(trail, now) || fades;
    return fades;
  }

  /** What is at a place of the screen to take hold of. */
  gripAt(p: Point, pointer: string): Grip | undefined {
    const { desk } = this;
    if (!desk.canEdit || desk.selection.size === 0 || !desk.selection.isFree) return undefined;
    const reach = pointer === 'touch' ? REACH_PX.touch : REACH_PX.mouse;
    const near = (q: Point) => Math.hypot(q.x - p.x, q.y - p.y) <= reach;
    const arrow = this.singleArrow;
    if (arrow !== undefined) {
      const at = ends(arrow.geo).findIndex((e) => near(desk.camera.toScreen(e)));
      return at < 0 ? undefined : { end: at as 0 | 1 };
    }
    const frame = this.desk.selection.frame!;
    const turn = this.turnAt(frame);
    if (turn && near(turn)) return { turn: true };
    const handle = this.handles(frame).find((h) => near(desk.camera.toScreen(handleAt(h, frame))));
    return handle && { resize: handle };
  }

  private get singleArrow(): Item | undefined {
    const { single } = this.desk.selection;
    return single?.shape.kind === 'arrow' ? single : undefined;
  }

  /** The handles for which there is room. */
  private handles(frame: Geo): readonly Handle[] {
    const { zoom } = this.desk.camera;
    const kinds = this.desk.selection.items.map((i) => i.shape.kind);
    const corners = kinds.every(keepsProportion) || Math.min(frame.w, frame.h) * zoom < 50;
    return corners ? HANDLES.slice(0, 4) : HANDLES;
  }

  private turnAt(frame: Geo): Point | undefined {
    const { camera, selection } = this.desk;
    if (selection.items.every((i) => i.shape.kind === 'frame')) return undefined;
    const top = camera.toScreen(handleAt({ hx: 0, hy: -1 }, frame));
    return { x: top.x + Math.sin(frame.r) * TURN_PX, y: top.y - Math.cos(frame.r) * TURN_PX };
  }

  private selection(): void {
    const { desk, ctx } = this;
    const { items } = desk.selection;
    if (items.length === 0) return;
    for (const item of items.slice(0, 500)) this.outline(item, ACCENT, items.length === 1 ? 1.5 : 1);
    const frame = desk.selection.frame;
    if (frame === undefined || this.busy || desk.editor.isOpen) return;
    const arrow = this.singleArrow;
    if (arrow !== undefined) return desk.selection.isFree ? ends(arrow.geo).forEach((e) => this.knob(desk.camera.toScreen(e))) : undefined;
    if (items.length > 1) this.polygon(corners(frame), ACCENT, 1.5);
    if (!desk.selection.isFree || !desk.canEdit) return;
    const turn = this.turnAt(frame);
    if (turn) {
      const top = desk.camera.toScreen(handleAt({ hx: 0, hy: -1 }, frame));
      ctx.strokeStyle = ACCENT;
      ctx.lineWidth = 1;
      ctx.beginPath();
      ctx.moveTo(top.x, top.y);
      ctx.lineTo(turn.x, turn.y);
      ctx.stroke();
      this.knob(turn);
    }
    for (const handle of this.handles(frame)) this.square(desk.camera.toScreen(handleAt(handle, frame)), frame.r);
  }

  private outline(item: Item, color: string, width: number): void {
    if (item.shape.kind === 'group') {
      const b = this.desk.scene.outline(item);
      const [w, h] = [b.right - b.left, b.bottom - b.top];
      return this.polygon(corners({ x: b.left, y: b.top, w, h, r: 0 }), color, width, [5, 4]);
    }
    this.polygon(item.shape.kind === 'arrow' ? ends(item.geo) : corners(item.geo), color, width);
  }

  private polygon(points: readonly Point[], color: string, width: number, dash: number[] = []): void {
    const { ctx } = this;
    ctx.beginPath();
    for (const p of points) {
      const q = this.desk.camera.toScreen(p);
      ctx.lineTo(q.x, q.y);
    }
    ctx.closePath();
    ctx.setLineDash(dash);
    ctx.strokeStyle = color;
    ctx.lineWidth = width;
    ctx.stroke();
    ctx.setLineDash([]);
  }

  private square(p: Point, r: number): void {
    const { ctx } = this;
    ctx.save();
    ctx.translate(p.x, p.y);
    ctx.rotate(r);
    ctx.beginPath();
    ctx.roundRect(-GRIP_PX / 2, -GRIP_PX / 2, GRIP_PX, GRIP_PX, 2);
    this.fillGrip();
    ctx.restore();
  }

  private knob(p: Point): void {
    this.ctx.beginPath();
    this.ctx.arc(p.x, p.y, GRIP_PX / 2 + 0.5, 0, 2 * Math.PI);
    this.fillGrip();
  }

  private fillGrip(): void {
    this.ctx.fillStyle = '#ffffff';
    this.ctx.fill();
    this.ctx.strokeStyle = ACCENT;
    this.ctx.lineWidth = 1.5;
    this.ctx.stroke();
  }

  private box({ left, top, right, bottom }: Box): void {
    const { ctx, desk } = this;
    const [a, b] = [desk.camera.toScreen({ x: left, y: top }), desk.camera.toScreen({ x: right, y: bottom })];
    ctx.fillStyle = 'rgba(47, 123, 246, 0.1)';
    ctx.strokeStyle = ACCENT;
    ctx.lineWidth = 1;
    ctx.beginPath();
    ctx.rect(a.x, a.y, b.x - a.x, b.y - a.y);
    ctx.fill();
    ctx.stroke();
  }

  private stroke({ points, style }: Draft): void {
    const { ctx, desk } = this;
    ctx.strokeStyle = toneOf(style, desk.painter.theme).line;
    ctx.lineWidth = strokeWidth(style) * desk.camera.zoom;
    if (style.dash === 'dashed') ctx.setLineDash([ctx.lineWidth * 2.2, ctx.lineWidth * 2.4]);
    ctx.beginPath();
    trace(points.map((p) => desk.camera.toScreen(p)), ctx);
    ctx.stroke();
    ctx.setLineDash([]);
  }

  /** A line that gets thinner and fainter towards its end; tells whether there is anything left of it. */
  private laser({ color, points }: Trail, now: number): boolean {
    const { ctx, desk } = this;
    ctx.strokeStyle = color;
    ctx.shadowColor = color;
    ctx.shadowBlur = 8 * this.ratio;
    let left = false;
    for (let i = 1; i < points.length; i++) {
      const life = 1 - (now - points[i].at) / TRAIL_MS;
      if (life <= 0) continue;
      left = true;
      const [a, b] = [desk.camera.toScreen(points[i - 1]), desk.camera.toScreen(points[i])];
      ctx.globalAlpha = Math.min(1, life * 1.4);
      ctx.lineWidth = 1 + life * 5;
      ctx.beginPath();
      ctx.moveTo(a.x, a.y);
      ctx.lineTo(b.x, b.y);
      ctx.stroke();
    }
    ctx.globalAlpha = 1;
    ctx.shadowBlur = 0;
    return left;
  }
}

/** How long a laser pointer's line is seen. */
export const LASER_MS = TRAIL_MS;
