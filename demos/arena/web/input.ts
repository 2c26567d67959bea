import { FIELD } from './field';
import type { MoveInput } from './rows';
import type { Stick } from './scene';

/** What the keys ask for beside moving. */
export interface Keys {
  /** A key that does something once, by its KeyboardEvent.code. */
  press(code: string): void;
  /** Tab is held down or let go. */
  scores(shown: boolean): void;
}

interface Finger extends Stick {
  pointer: number;
}

/** CSS pixels from a stick's rest to its end. */
export const STICK = 56;

/** Input turns keyboard, mouse and touch into a Move. */
export class Input {
  /** The mouse in CSS pixels; undefined before it first moved, and with touch. */
  mouse: readonly [number, number] | undefined;
  private walk: Finger | undefined;
  private shoot: Finger | undefined;
  private readonly down = new Set<string>();
  private trigger = false;
  private aim = 0;

  constructor(private readonly surface: HTMLElement, private readonly keys: Keys) {
    addEventListener('keydown', (e) => this.keyDown(e));
    addEventListener('keyup', (e) => this.keyUp(e));
    addEventListener('blur', () => this.release());
    surface.addEventListener('pointerdown', (e) => this.pointerDown(e));
    addEventListener('pointermove', (e) => this.pointerMove(e));
    addEventListener('pointerup', (e) => this.pointerUp(e));
    addEventListener('pointercancel', (e) => this.pointerUp(e));
    surface.addEventListener('contextmenu', (e) => e.preventDefault());
  }

  /** Fingers on the glass, to be drawn. */
  get sticks(): Stick[] {
    return [this.walk, this.shoot].filter((s) => s !== undefined);
  }

  /** The move for a fighter whose middle is at (x, y) on the screen. */
  move(x: number, y: number): MoveInput {
    let dx = 0;
    let dy = 0;
    if (this.walk) [dx, dy] = [this.walk.x, this.walk.y];
    else {
      dx = this.axis('KeyD', 'ArrowRight') - this.axis('KeyA', 'ArrowLeft');
      dy = this.axis('KeyS', 'ArrowDown') - this.axis('KeyW', 'ArrowUp');
    }
    let fire = this.trigger || this.down.has('Space');
    if (this.shoot) {
      const push = Math.hypot(this.shoot.x, this.shoot.y);
      if (push > 0.2) this.aim = Math.atan2(this.shoot.y, this.shoot.x);
      fire = push > 0.5;
    } else if (this.mouse) this.aim = Math.atan2(this.mouse[1] - y, this.mouse[0] - x);
    else if (dx !== 0 || dy !== 0) this.aim = Math.atan2(dy, dx);
    const full = FIELD.stick;
    return { X: Math.round(dx * full), Y: Math.round(dy * full), Aim: this.aim, Fire: fire };
  }

  /** Lets everything go, as when the window loses the keyboard. */
  release(): void {
    this.down.clear();
    this.trigger = false;
    this.walk = this.shoot = undefined;
    this.keys.scores(false);
  }

  private axis(a: string, b: string): number {
    return this.down.has(a) || this.down.has(b) ? 1 : 0;
  }

  private keyDown(e: KeyboardEvent): void {
    if (e.target instanceof HTMLInputElement && e.target.type === 'text') return;
    if (e.ctrlKey || e.metaKey || e.altKey) return;
    if (e.code === 'Tab') this.keys.scores(true);
    if (['Tab', 'Space', 'ArrowUp', 'ArrowDown', 'ArrowLeft', 'ArrowRight'].includes(e.code)) e.preventDefault();
    if (!this.down.has(e.code) && !e.repeat) this.keys.press(e.code);
    this.down.add(e.code);
  }

  private keyUp(e: KeyboardEvent): void {
    this.down.delete(e.code);
    if (e.code === 'Tab') this.keys.scores(false);
  }

  private pointerDown(e: PointerEvent): void {
    (document.activeElement as HTMLElement | null)?.blur();
    if (e.pointerType !== 'touch') {
      this.mouse = [e.clientX, e.clientY];
      if (e.button === 0) this.trigger = true;
      return;
    }
    e.preventDefault();
    this.mouse = undefined;
    const stick = { pointer: e.pointerId, fromX: e.clientX, fromY: e.clientY, x: 0, y: 0 };
    if (e.clientX < this.surface.clientWidth / 2) this.walk ??= stick;
    else this.shoot ??= stick;
  }

  private pointerMove(e: PointerEvent): void {
    if (e.pointerType !== 'touch') {
      this.mouse = [e.clientX, e.clientY];
      return;
    }
    for (const stick of [this.walk, this.shoot]) {
      if (stick?.pointer !== e.pointerId) continue;
      const x = (e.clientX - stick.fromX) / STICK;
      const y = (e.clientY - stick.fromY) / STICK;
      const push = Math.max(1, Math.hypot(x, y));
      stick.x = x / push;
      stick.y = y / push;
    }
  }

  private pointerUp(e: PointerEvent): void {
    if (e.pointerType !== 'touch') this.trigger = e.button === 0 ? false : this.trigger;
    if (this.walk?.pointer === e.pointerId) this.walk = undefined;
    if (this.shoot?.pointer === e.pointerId) this.shoot = undefined;
  }
}
