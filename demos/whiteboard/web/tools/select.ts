import type { Op } from '../../../../clients/ts/src/together';
import { copies } from '../actions';
import { between, boxAt, center, ends } from '../box';
import type { Desk } from '../desk';
import type { Grip } from '../overlay';
import type { Item } from '../scene';
import { fontSize, type Geo, hasLabel, keepsProportion } from '../shape';
import { fitted, inSteps, resized, shifted, straight, turnedGeo } from '../transform';
import { LEADING } from '../words';
import { slipped, type Tool, type Touch } from './tool';
import { newID } from '../../../../clients/ts/src/together';

/** Something that is moved: its shape, and where it was. */
interface Moved {
  readonly item: Item;
  readonly geo: Geo;
}

/** What the pointer does since it is down. */
type Doing =
  | { what: 'press'; on: Item | undefined; wasChosen: boolean }
  | { what: 'marquee'; before: readonly string[] }
  | { what: 'move' | 'grip'; grip?: Grip; gesture: number; moved: readonly Moved[]; frame: Geo; copied: boolean };

/** Chooses, moves, resizes and turns. */
export class SelectTool implements Tool {
  readonly name = 'select';
  private start: Touch | undefined;
  private doing: Doing | undefined;

  cursor(desk: Desk, at: Touch): string {
    const grip = desk.overlay.gripAt(at.screen, at.pointer);
    if (grip && 'resize' in grip) return cursorOf(grip.resize.hx, grip.resize.hy, desk.selection.frame?.r ?? 0);
    if (grip) return 'turn' in grip ? 'grab' : 'move';
    return desk.overlay.hover ? 'move' : 'default';
  }

  hover(desk: Desk, at: Touch): void {
    const item = this.target(desk, at);
    if (item !== desk.overlay.hover) desk.wake();
    desk.overlay.hover = item;
  }

  down(desk: Desk, at: Touch): void {
    this.start = at;
    desk.overlay.hover = undefined;
    const grip = desk.overlay.gripAt(at.screen, at.pointer);
    if (grip) return this.take(desk, grip);
    const on = this.target(desk, at);
    const wasChosen = on !== undefined && desk.selection.has(on.shape.id);
    if (on === undefined && !at.shift) desk.selection.clear();
    else if (on !== undefined && at.shift) desk.selection.toggle(on.shape.id);
    else if (on !== undefined && !wasChosen) {
      if (desk.scene.groupOf(on, '').shape.id === on.shape.id) desk.selection.entered = '';
      desk.selection.set([on.shape.id]);
    }
    this.doing = { what: 'press', on, wasChosen };
  }

  move(desk: Desk, at: Touch): void {
    const { doing, start } = this;
    if (doing === undefined || start === undefined) return;
    if (doing.what === 'press') {
      if (!slipped(start, at)) return;
      if (doing.on === undefined) this.doing = { what: 'marquee', before: at.shift ? desk.selection.items.map((i) => i.shape.id) : [] };
      else if (desk.selection.has(doing.on.shape.id) && desk.selection.isFree && desk.canEdit) this.carry(desk, at.alt);
      else return;
      return this.move(desk, at);
    }
    if (doing.what === 'marquee') {
      const box = boxAt(start.plane, at.plane);
      desk.overlay.marquee = box;
      const found = desk.scene.within(box).map((i) => desk.scene.groupOf(i, desk.selection.entered).shape.id);
      desk.selection.set([...doing.before, ...found]);
      return desk.wake();
    }
    const geos = doing.moved.map((m) => ({ id: m.item.shape.id, ...this.moved(desk, doing, m, at) }));
    desk.board.drag(doing.gesture, geos);
    desk.wake();
  }

  up(desk: Desk, at: Touch): void {
    const { doing } = this;
    if (doing?.what === 'press' && doing.wasChosen && doing.on && !at.shift) desk.selection.set([doing.on.shape.id]);
    if (doing?.what === 'move' || doing?.what === 'grip') {
      desk.board.endDrag(doing.gesture);
      if (doing.what === 'move') desk.edit(intoFrames(desk, doing.moved.map((m) => m.item)), doing.gesture);
    }
    this.forget(desk);
  }

  cancel(desk: Desk): void {
    const { doing } = this;
    if (doing?.what === 'move' || doing?.what === 'grip') {
      desk.board.cancelDrag(doing.gesture);
      if (doing.copied) desk.edit([{ remove: desk.selection.items.map((i) => i.shape.id) }], doing.gesture);
    }
    this.forget(desk);
  }

  /** Goes into a group, edits words, or begins some on the empty paper. */
  twice(desk: Desk, at: Touch): void {
    const on = desk.scene.at(at.plane, slack(desk));
    if (on === undefined) return writeAt(desk, at);
    const target = this.target(desk, at)!;
    if (target.shape.kind === 'group') {
      desk.selection.entered = target.shape.id;
      desk.selection.set([desk.scene.groupOf(on, target.shape.id).shape.id]);
    } else if (hasLabel(target.shape.kind)) {
      desk.selection.set([target.shape.id]);
      desk.editor.open(target.shape.id);
    }
  }

  private target(desk: Desk, at: Touch): Item | undefined {
    const on = desk.scene.at(at.plane, slack(desk, at.pointer));
    return on && desk.scene.groupOf(on, desk.selection.entered);
  }

  private take(desk: Desk, grip: Grip): void {
    this.doing = { what: 'grip', grip, gesture: desk.board.newGesture(), moved: movedBy(desk), frame: desk.selection.frame!, copied: false };
    desk.overlay.busy = !('end' in grip);
  }

  /** Begins to move the selection, or copies of it. */
  private carry(desk: Desk, copy: boolean): void {
    const gesture = desk.board.newGesture();
    if (copy) {
      const { ops, chosen } = copies(desk, desk.selection.items, 0, 0);
      desk.edit(ops, gesture);
      desk.selection.set(chosen);
    }
    this.doing = { what: 'move', gesture, moved: movedBy(desk), frame: desk.selection.frame!, copied: copy };
    desk.overlay.busy = true;
  }

  private moved(desk: Desk, doing: Doing & { what: 'move' | 'grip' }, { item, geo }: Moved, at: Touch): Geo {
    const start = this.start!;
    let [dx, dy] = [at.plane.x - start.plane.x, at.plane.y - start.plane.y];
    const { grip, frame } = doing;
    if (grip === undefined) {
      if (at.shift) [dx, dy] = Math.abs(dx) > Math.abs(dy) ? [dx, 0] : [0, dy];
      return shifted(geo, dx, dy);
    }
    if ('end' in grip) {
      const all = ends(geo);
      const stays = all[1 - grip.end];
      const to = at.shift ? straight(stays, at.plane) : at.plane;
      return grip.end === 0 ? between(to, stays) : between(stays, to);
    }
    if ('turn' in grip) {
      const c = center(frame);
      const angle = (p: Touch) => Math.atan2(p.plane.y - c.y, p.plane.x - c.x);
      const by = angle(at) - angle(start);
      const single = doing.moved.length === 1;
      return turnedGeo(geo, c, at.shift ? inSteps(by + (single ? frame.r : 0)) - (single ? frame.r : 0) : by);
    }
    const keep = at.shift || doing.moved.some((m) => keepsProportion(m.item.shape.kind) || (m.geo.r !== 0 && m.item.shape.kind !== 'arrow' && doing.moved.length > 1));
    const to = resized(frame, grip.resize, at.plane, keep, at.alt);
    return doing.moved.length === 1 && item === desk.selection.single ? to : fitted(item.shape, geo, frame, to);
  }

  private forget(desk: Desk): void {
    this.start = undefined;
    this.doing = undefined;
    desk.overlay.marquee = undefined;
    desk.overlay.busy = false;
    desk.changed();
  }
}

function movedBy(desk: Desk): Moved[] {
  return desk.selection.solid.map((item) => ({ item, geo: item.shape.geo }));
}

function slack(desk: Desk, pointer = 'mouse'): number {
  return (pointer === 'touch' ? 12 : 6) / desk.camera.zoom;
}

/** Puts what was moved into the frame that it lies on, or out of the one that it left. */
function intoFrames(desk: Desk, moved: readonly Item[]): Op[] {
  const all = new Set(moved);
  const ops: Op[] = [];
  for (const item of desk.selection.items) {
    if (item.shape.kind === 'frame' || desk.scene.parentOf(item)?.shape.kind === 'group') continue;
    const shape = desk.shapeOf(item.shape.id);
    if (shape === undefined) continue;
    const box = desk.scene.outline(item);
    const parent = desk.scene.frameAt({ x: (box.left + box.right) / 2, y: (box.top + box.bottom) / 2 }, all)?.shape.id ?? '';
    if (parent === shape.parent) continue;
    ops.push({ patch: { id: shape.id, parent } }, { order: { ids: [shape.id], to: 'front' } });
  }
  return ops;
}

/** Begins a text at a place. */
function writeAt(desk: Desk, at: Touch): void {
  if (!desk.canEdit) return;
  const id = newID();
  const gesture = desk.board.newGesture();
  const h = fontSize(desk.style) * LEADING;
  const { color, size } = desk.style;
  desk.edit([{ add: { id, kind: 'text', geo: { x: at.plane.x, y: at.plane.y - h / 2, w: 10, h, r: 0 }, style: { color, size } } }], gesture);
  desk.selection.set([id]);
  desk.editor.open(id, gesture, true);
}

const CURSORS = ['ew-resize', 'nwse-resize', 'ns-resize', 'nesw-resize'];

function cursorOf(hx: number, hy: number, r: number): string {
  const eighth = Math.round((Math.atan2(hy, hx) + r) / (Math.PI / 4));
  return CURSORS[((eighth % 4) + 4) % 4];
}
