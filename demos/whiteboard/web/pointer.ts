import type { Point } from './box';
import type { Desk } from './desk';
import type { Tool, Touch } from './tools/tool';

const TWICE_MS = 350;
const TWICE_PX = 6;
const NOTCH = 80; // pixels: a wheel that goes by notches, no touchpad
const ZOOM_PER_PX = 0.0022;
const PINCH_PER_PX = 0.011;

/** Brings pointers, touches and wheels to the tool and the camera. */
export class Pointers {
  private readonly touches = new Map<number, Point>(); // that are down, on the screen
  private active: { id: number; tool: Tool } | undefined;
  private panning: { id: number; last: Point } | undefined;
  private pinch: { span: number; middle: Point } | undefined;
  private lastDown: { at: number; screen: Point } = { at: 0, screen: { x: 0, y: 0 } };
  /** The space bar is down: the next press moves the paper. */
  private isSpace = false;
  /** Where the pointer was seen last; for pasting. */
  last: Touch | undefined;

  constructor(private readonly desk: Desk) {
    const { stage } = desk;
    stage.addEventListener('pointerdown', (e) => this.down(e));
    stage.addEventListener('pointermove', (e) => this.move(e));
    stage.addEventListener('pointerup', (e) => this.up(e));
    stage.addEventListener('pointercancel', (e) => this.lost(e));
    stage.addEventListener('wheel', (e) => this.wheel(e), { passive: false });
    stage.addEventListener('contextmenu', (e) => e.preventDefault());
    stage.addEventListener('pointerleave', () => {
      desk.overlay.hover = undefined;
      desk.wake();
    });
  }

  /** The space bar went down or up. */
  space(down: boolean): void {
    this.isSpace = down;
    if (this.active === undefined) this.desk.stage.style.cursor = down ? 'grab' : '';
  }

  /** Gives up what is being done; tells whether anything was. */
  cancel(): boolean {
    const { active } = this;
    this.active = undefined;
    active?.tool.cancel(this.desk);
    return active !== undefined;
  }

  private down(e: PointerEvent): void {
    const at = this.touch(e);
    this.desk.editor.close();
    this.desk.stage.focus({ preventScroll: true });
    if (e.pointerType === 'touch') {
      this.touches.set(e.pointerId, at.screen);
      if (this.touches.size === 2) return this.beginPinch();
      if (this.touches.size > 2) return;
    } else if (this.active !== undefined || this.panning !== undefined) return;
    this.desk.stage.setPointerCapture(e.pointerId);
    e.preventDefault();
    if (e.button === 1 || this.isSpace) {
      this.panning = { id: e.pointerId, last: at.screen };
      this.desk.stage.style.cursor = 'grabbing';
      this.desk.people?.unfollow();
      return;
    }
    if (e.button !== 0 || !this.mayUse(this.desk.tool)) return;
    this.active = { id: e.pointerId, tool: this.desk.tool };
    this.desk.tool.down(this.desk, at);
  }

  private mayUse(tool: Tool): boolean {
    return this.desk.canEdit || ['select', 'hand', 'laser'].includes(tool.name);
  }

  private move(e: PointerEvent): void {
    const at = this.touch(e);
    this.last = at;
    this.desk.people?.point(at.plane);
    if (this.touches.has(e.pointerId)) this.touches.set(e.pointerId, at.screen);
    if (this.pinch) return this.movePinch();
    if (this.panning?.id === e.pointerId) {
      const { last } = this.panning;
      this.desk.camera.pan(at.screen.x - last.x, at.screen.y - last.y);
      this.panning.last = at.screen;
      return;
    }
    const { active, desk } = this;
    if (active?.id === e.pointerId) {
      // A pen's way between two frames counts too.
      const between = desk.tool.name === 'pen' ? (e.getCoalescedEvents?.() ?? []) : [];
      for (const step of between.length > 0 ? between : [e]) active.tool.move(desk, this.touch(step));
      return;
    }
    if (active === undefined && e.buttons === 0) {
      desk.tool.hover?.(desk, at);
      desk.stage.style.cursor = this.isSpace ? 'grab' : desk.tool.cursor(desk, at);
    }
  }

  private up(e: PointerEvent): void {
    const at = this.touch(e);
    const pinched = this.endTouch(e.pointerId);
    if (this.panning?.id === e.pointerId) {
      this.panning = undefined;
      this.desk.stage.style.cursor = this.isSpace ? 'grab' : '';
      return;
    }
    if (pinched || this.active?.id !== e.pointerId) return;
    const { tool } = this.active;
    this.active = undefined;
    tool.up(this.desk, at);
    const { at: when, screen } = this.lastDown;
    const twice = e.timeStamp - when < TWICE_MS && Math.hypot(screen.x - at.screen.x, screen.y - at.screen.y) < TWICE_PX;
    this.lastDown = { at: twice ? 0 : e.timeStamp, screen: at.screen };
    if (twice) tool.twice?.(this.desk, at);
  }

  private lost(e: PointerEvent): void {
    this.endTouch(e.pointerId);
    if (this.panning?.id === e.pointerId) this.panning = undefined;
    if (this.active?.id === e.pointerId) this.cancel();
  }

  private endTouch(id: number): boolean {
    const pinched = this.pinch !== undefined;
    this.touches.delete(id);
    if (this.touches.size < 2) this.pinch = undefined;
    return pinched;
  }

  private beginPinch(): void {
    this.cancel();
    this.panning = undefined;
    this.pinch = this.spread();
    this.desk.people?.unfollow();
  }

  private movePinch(): void {
    const { camera } = this.desk;
    const [was, is] = [this.pinch!, this.spread()];
    if (this.touches.size < 2) return;
    camera.pan(is.middle.x - was.middle.x, is.middle.y - was.middle.y);
    camera.zoomAt(is.middle, (camera.zoom * is.span) / was.span);
    this.pinch = is;
  }

  private spread(): { span: number; middle: Point } {
    const [a, b] = [...this.touches.values()];
    return { span: Math.max(1, Math.hypot(a.x - b.x, a.y - b.y)), middle: { x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 } };
  }

  /** A wheel zooms; a touchpad moves the paper, and zooms with two fingers. */
  private wheel(e: WheelEvent): void {
    e.preventDefault();
    const { camera, people } = this.desk;
    people?.unfollow();
    const unit = e.deltaMode === 1 ? 30 : 1;
    const [dx, dy] = [e.deltaX * unit, e.deltaY * unit];
    const isPinch = e.ctrlKey || e.metaKey;
    const isWheel = dx === 0 && Math.abs(dy) >= NOTCH && !e.shiftKey;
    if (isPinch || isWheel) {
      const step = isPinch && Math.abs(dy) < NOTCH ? PINCH_PER_PX : ZOOM_PER_PX;
      return camera.zoomAt(this.touch(e).screen, camera.zoom * Math.exp(-Math.max(-120, Math.min(120, dy)) * step));
    }
    if (e.shiftKey && dx === 0) camera.pan(-dy, 0);
    else camera.pan(-dx, -dy);
  }

  private touch(e: PointerEvent | WheelEvent): Touch {
    const { left, top } = this.desk.stage.getBoundingClientRect();
    const screen = { x: e.clientX - left, y: e.clientY - top };
    return { screen, plane: this.desk.camera.toPlane(screen), shift: e.shiftKey, alt: e.altKey, pointer: e instanceof PointerEvent ? e.pointerType : 'mouse' };
  }
}
