import type { Desk } from './desk';
import { toneOf } from './palette';
import { rebased } from './rebase';
import { fontSize } from './shape';
import { FAMILY, LEADING } from './words';

const SEND_MS = 150; // while one types
export const MOST_TEXT = 4_000; // characters

/** Where words are typed: a text field that lies over the shape and looks like its words. */
export class Editor {
  private id = '';
  private gesture = 0;
  private base = ''; // what the board had when this page and it last agreed
  private isNew = false;
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly area: HTMLTextAreaElement,
    private readonly desk: Desk,
  ) {
    area.maxLength = MOST_TEXT;
    area.addEventListener('input', () => this.typed());
    area.addEventListener('blur', () => this.close());
    area.addEventListener('keydown', (e) => {
      e.stopPropagation();
      const ends = e.key === 'Escape' || (e.key === 'Enter' && (e.ctrlKey || e.metaKey || this.kind === 'frame'));
      if (ends && !e.isComposing) {
        e.preventDefault();
        area.blur();
      }
    });
    for (const name of ['pointerdown', 'wheel', 'copy', 'cut', 'paste']) area.addEventListener(name, (e) => e.stopPropagation());
  }

  get isOpen(): boolean {
    return this.id !== '';
  }

  /** Edits a shape's words; isNew: it goes again if there are none at the end. */
  open(id: string, gesture = this.desk.board.newGesture(), isNew = false): void {
    this.close();
    const shape = this.desk.shapeOf(id);
    if (shape === undefined || shape.locked || !this.desk.canEdit) return;
    this.id = id;
    this.gesture = gesture;
    this.isNew = isNew;
    this.base = shape.text;
    this.desk.painter.editing = id;
    this.desk.people?.show({ Editing: id });
    this.area.value = shape.text;
    this.area.hidden = false;
    this.place();
    this.area.focus({ preventScroll: true });
    this.area.select();
    this.desk.touch(id);
    this.desk.changed();
  }

  close(): void {
    const { id, desk } = this;
    if (id === '') return;
    this.send();
    this.id = '';
    this.area.hidden = true;
    desk.painter.editing = '';
    desk.people?.show({ Editing: '' });
    const shape = desk.shapeOf(id);
    if (shape?.kind === 'text' && shape.text.trim() === '') desk.edit([{ remove: [id] }], this.gesture);
    else desk.touch(id);
    desk.changed();
    desk.stage.focus({ preventScroll: true });
  }

  /** Takes in what others have typed meanwhile. */
  follow(): void {
    if (this.id === '') return;
    const shape = this.desk.shapeOf(this.id);
    if (shape === undefined) {
      this.base = this.area.value; // it is gone, with these words
      return this.close();
    }
    if (shape.text === this.base) return;
    const { text, caret } = rebased(this.base, this.area.value, shape.text, this.area.selectionStart);
    this.base = shape.text;
    if (text === this.area.value) return;
    this.area.value = text;
    this.area.setSelectionRange(caret, caret);
  }

  /** Keeps the field over its shape. */
  place(): void {
    const item = this.desk.scene.items.get(this.id);
    if (item === undefined) return;
    const { area, desk } = this;
    const { shape, geo } = item;
    const { zoom } = desk.camera;
    const { style } = area;
    const frame = shape.kind === 'frame';
    const text = shape.kind === 'text';
    const shown = { ...item, shape: { ...shape, text: area.value }, words: undefined };
    const size = text ? geo.h / (shape.text || ' ').split('\n').length / LEADING : frame ? 13 / zoom : area.value === '' ? fontSize(shape.style) : desk.type.set(shown).size;
    const natural = desk.type.measure(area.value || ' ', size);
    const w = text || frame ? Math.max(natural.w, geo.w, size) + size : geo.w;
    const h = text || frame ? natural.h : Math.min(geo.h, Math.max(1, this.lines(shown)) * size * LEADING);
    const middle = desk.camera.toScreen({ x: geo.x + geo.w / 2, y: geo.y + geo.h / 2 });
    style.width = `${w}px`;
    style.height = `${h}px`;
    style.font = `${frame ? 600 : shape.kind === 'rect' || shape.kind === 'ellipse' ? 550 : 500} ${size}px/${LEADING} ${FAMILY}`;
    style.textAlign = text || frame ? 'left' : 'center';
    style.whiteSpace = text || frame ? 'pre' : 'pre-wrap';
    style.padding = text || frame ? '0' : `0 ${shape.kind === 'ellipse' ? geo.w * 0.15 + 8 : shape.kind === 'note' ? 14 : 8}px`;
    style.color = frame ? toneOf({ color: 'grey' }, desk.painter.theme).line : desk.painter.wordColor(item);
    const [dx, dy] = [-geo.w / 2, frame ? -geo.h / 2 - h - 4 / zoom : text ? -geo.h / 2 : -h / 2];
    style.transform = `translate(${middle.x}px, ${middle.y}px) scale(${zoom}) rotate(${geo.r}rad) translate(${dx}px, ${dy}px)`;
  }

  private get kind(): string {
    return this.desk.shapeOf(this.id)?.kind ?? '';
  }

  private lines(item: Parameters<Desk['type']['set']>[0]): number {
    return this.desk.type.set(item).lines.length;
  }

  private typed(): void {
    this.place();
    this.timer ??= setTimeout(() => this.send(), SEND_MS);
  }

  private send(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    const shape = this.desk.shapeOf(this.id);
    const text = this.area.value;
    if (shape === undefined || (text === shape.text && !(this.isNew && text === ''))) return;
    this.base = text;
    const patch = { id: this.id, text };
    if (shape.kind !== 'text') return this.desk.edit([{ patch }], this.gesture);
    const size = shape.geo.h / (shape.text || ' ').split('\n').length / LEADING;
    this.desk.edit([{ patch: { ...patch, geo: { ...shape.geo, ...this.desk.type.measure(text || ' ', size) } } }], this.gesture);
  }
}
