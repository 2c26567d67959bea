import type { Board, Op, Shape } from '../../../clients/ts/src/together';
import { Camera } from './camera';
import { Editor } from './editor';
import { Glide } from './glide';
import { Images } from './images';
import { Overlay } from './overlay';
import { Painter } from './paint';
import type { Theme } from './palette';
import type { People } from './people';
import { Scene } from './scene';
import { Screen } from './screen';
import { Selection } from './selection';
import type { Style } from './shape';
import type { Tool } from './tools/tool';
import { Typesetter } from './words';

const MOST_SHOWN = 30; // chosen shapes that others see

/** Where one works: the board, what is seen of it, what is chosen, and with which tool. */
export class Desk {
  readonly camera = new Camera(() => this.wake());
  readonly scene: Scene = new Scene((box) => {
    this.screen.damage(box);
    this.wake();
  });
  readonly images = new Images((shapes) => {
    for (const id of shapes) this.touch(id);
  });
  readonly type = new Typesetter(document.createElement('canvas').getContext('2d')!);
  readonly painter = new Painter(this.type, this.images);
  readonly screen: Screen;
  readonly overlay: Overlay;
  readonly editor: Editor;
  readonly selection = new Selection(this.scene, () => this.changed());
  readonly glide: Glide;
  /** How new shapes look. */
  style: Style = { color: 'ink', size: 'm', fill: 'none', dash: 'solid' };
  tool!: Tool;
  people: People | undefined;
  /** How long painting took in the last frames, in milliseconds; for measurements. */
  readonly frames: number[] = [];

  private readonly watchers: (() => void)[] = [];
  private readonly framed: (() => void)[] = [];
  private requested = 0;
  private last = 0;

  constructor(
    readonly board: Board,
    readonly stage: HTMLElement,
  ) {
    const layer = (name: string) => stage.querySelector<HTMLCanvasElement>(`#${name}`)!;
    this.screen = new Screen(layer('picture'), this.camera, this.scene, this.painter);
    this.overlay = new Overlay(layer('overlay'), this);
    this.editor = new Editor(stage.querySelector('#editor')!, this);
    this.glide = new Glide(board, this.scene);
    board.onChange((ids) => {
      for (const id of ids) {
        const shape = board.shapes.get(id);
        if (shape?.kind === 'pen' && !this.scene.items.has(id)) this.people?.arrived(shape.by);
      }
      this.glide.take(ids);
      this.selection.prune();
      this.editor.follow();
      this.changed();
    });
    new ResizeObserver(() => this.resize()).observe(stage);
    this.resize();
  }

  get canEdit(): boolean {
    return this.board.role !== 'reader';
  }

  /** Calls on when the selection, the tool, the style or the shapes may have changed. */
  watch(on: () => void): void {
    this.watchers.push(on);
  }

  /** Calls on with each frame that is painted. */
  onFrame(on: () => void): void {
    this.framed.push(on);
  }

  changed(): void {
    this.people?.show({ Selection: this.selection.items.slice(0, MOST_SHOWN).map((i) => i.shape.id) });
    for (const on of this.watchers) on();
    this.wake();
  }

  setTheme(theme: Theme): void {
    document.documentElement.dataset.theme = theme;
    this.painter.theme = theme;
    this.screen.repaint();
    this.changed();
  }

  /** Does all operations as one step to undo, or as a part of a gesture. */
  edit(ops: readonly Op[], gesture = this.board.newGesture()): void {
    if (ops.length > 0 && this.canEdit) this.board.edit(ops, { gesture }).catch(() => {}); // a refusal is told by onRejected
  }

  /** Paints a shape anew that did not change by itself. */
  touch(id: string): void {
    const item = this.scene.items.get(id);
    if (item !== undefined) this.scene.put(id, item.shape, item.geo);
  }

  shapeOf(id: string): Shape | undefined {
    return this.board.shapes.get(id);
  }

  /** Asks for a frame. */
  wake(): void {
    this.requested ||= requestAnimationFrame((now) => this.frame(now));
  }

  private frame(now: number): void {
    const began = performance.now();
    this.requested = 0;
    const elapsed = Math.min(now - this.last, 50);
    this.last = now;
    const glides = this.camera.step(elapsed);
    const moves = this.glide.step(elapsed);
    const people = this.people?.step(elapsed, now) ?? false;
    const paints = this.screen.paint();
    const fades = this.overlay.draw(now);
    this.editor.place();
    for (const on of this.framed) on();
    this.frames.push(performance.now() - began);
    if (this.frames.length > 600) this.frames.splice(0, 300);
    if (glides || moves || people || paints || fades) this.wake();
  }

  private resize(): void {
    const { clientWidth: width, clientHeight: height } = this.stage;
    const ratio = Math.min(devicePixelRatio || 1, 2);
    this.screen.resize(width, height, ratio);
    this.overlay.resize(width, height, ratio);
    this.camera.resize(width, height);
  }
}
