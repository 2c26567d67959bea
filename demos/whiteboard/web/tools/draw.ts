import { newID } from '../../../../clients/ts/src/together';
import type { Desk } from '../desk';
import { packed, Stroke } from '../stroke';
import type { Tool, Touch } from './tool';

/** Freehand lines. */
export class PenTool implements Tool {
  readonly name = 'pen';
  private stroke: Stroke | undefined;

  cursor(): string {
    return 'crosshair';
  }

  down(desk: Desk, at: Touch): void {
    this.stroke = new Stroke(at.plane);
    desk.selection.clear();
    desk.overlay.draft = { points: this.stroke.points, style: desk.style };
    desk.people?.show({ Tool: `pen+${desk.style.color}.${desk.style.size}` });
  }

  move(desk: Desk, at: Touch): void {
    if (this.stroke?.add(at.plane, desk.camera.zoom)) desk.wake();
  }

  up(desk: Desk): void {
    const { stroke } = this;
    this.cancel(desk);
    if (stroke === undefined) return;
    const { geo, points } = packed(stroke.finish(desk.camera.zoom));
    const { color, size, dash } = desk.style;
    const parent = desk.scene.frameAt(stroke.points[0], new Set())?.shape.id ?? '';
    desk.edit([{ add: { id: newID(), kind: 'pen', geo, style: { color, size, dash }, props: { points }, parent } }]);
  }

  cancel(desk: Desk): void {
    this.stroke = undefined;
    desk.overlay.draft = undefined;
    desk.people?.show({ Tool: 'pen' });
    desk.wake();
  }
}

/** Takes away what it touches. */
export class EraserTool implements Tool {
  readonly name = 'eraser';
  private gesture = 0;

  cursor(): string {
    return 'cell';
  }

  down(desk: Desk, at: Touch): void {
    this.gesture = desk.board.newGesture();
    this.move(desk, at);
  }

  move(desk: Desk, at: Touch): void {
    const item = desk.scene.at(at.plane, 4 / desk.camera.zoom);
    if (item === undefined || item.shape.locked || item.shape.kind === 'frame') return;
    desk.edit([{ remove: [desk.scene.groupOf(item, '').shape.id] }], this.gesture);
  }

  up(): void {}

  cancel(): void {}
}

/** Shows the others where to look. */
export class LaserTool implements Tool {
  readonly name = 'laser';

  cursor(): string {
    return 'crosshair';
  }

  down(desk: Desk, at: Touch): void {
    desk.people?.show({ Laser: true });
    this.move(desk, at);
  }

  move(desk: Desk, at: Touch): void {
    desk.people?.point(at.plane);
  }

  up(desk: Desk): void {
    desk.people?.show({ Laser: false });
  }

  cancel(desk: Desk): void {
    this.up(desk);
  }
}

/** Moves the paper. */
export class HandTool implements Tool {
  readonly name = 'hand';
  private last: Touch | undefined;

  cursor(): string {
    return this.last ? 'grabbing' : 'grab';
  }

  down(desk: Desk, at: Touch): void {
    this.last = at;
    desk.people?.unfollow();
  }

  move(desk: Desk, at: Touch): void {
    if (this.last) desk.camera.pan(at.screen.x - this.last.screen.x, at.screen.y - this.last.screen.y);
    this.last = at;
  }

  up(): void {
    this.last = undefined;
  }

  cancel(): void {
    this.last = undefined;
  }
}
