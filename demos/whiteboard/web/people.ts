import type { Board } from '../../../clients/ts/src/together';
import { boxAt, type Point } from './box';
import type { Desk } from './desk';
import { type Draft, LASER_MS, type Trail } from './overlay';
import { COLORS, PEOPLE } from './palette';
import type { Size } from './shape';

/** What one shows of oneself; the names are the room's. */
export interface Shown {
  Name: string;
  Color: string;
  X: number;
  Y: number;
  Selection: readonly string[];
  /** "pen+red.m": a red pen of size m is on the paper. */
  Tool: string;
  Editing: string;
  Laser: boolean;
  ViewX: number;
  ViewY: number;
  ViewW: number;
  ViewH: number;
}

/** Somebody else, as this page draws them. */
interface Guest {
  readonly number: number;
  state: Readonly<Shown>;
  x: number;
  y: number;
  readonly cursor: HTMLElement;
  trail: (Point & { at: number })[];
  stroke: Point[];
  strokeEnds: number; // when it is forgotten; 0: it is being drawn
  moved: boolean;
}

const PER_MS = 0.03; // of the way that remains
const STROKE_MS = 700; // a draft waits so long for the shape that it becomes
const VIEW_MS = 100; // between what is told of one's own view

/** Everyone on the board: cursors, what they have chosen, where they point, and whom one follows. */
export class People {
  followed = 0;
  private readonly guests = new Map<number, Guest>();
  private readonly me: Partial<Shown> = {};
  private trail: (Point & { at: number })[] = []; // of one's own laser pointer
  private viewAt = 0;
  private viewSent = '';

  constructor(
    private readonly desk: Desk,
    private readonly board: Board,
    private readonly layer: HTMLElement,
    private readonly onCrowd: () => void,
  ) {
    Object.assign(this.me, board.presence.shown);
    board.presence.onChange((changed) => this.take(changed));
  }

  /** Lets those in who are there already. */
  begin(): void {
    this.take(this.board.presence.members.keys());
  }

  /** Changes what one shows of oneself. */
  show(partial: Partial<Shown>): void {
    const news = Object.entries(partial).filter(([key, value]) => JSON.stringify(this.me[key as keyof Shown]) !== JSON.stringify(value));
    if (news.length === 0) return;
    Object.assign(this.me, partial);
    this.board.presence.show(Object.fromEntries(news));
    if (news.some(([key]) => key === 'Name' || key === 'Color')) this.onCrowd();
  }

  /** Says where one's own pointer is. */
  point(p: Point): void {
    this.show({ X: p.x, Y: p.y });
    if (!this.me.Laser) return;
    this.trail.push({ ...p, at: performance.now() });
    this.desk.wake();
  }

  get own(): Partial<Shown> {
    return this.me;
  }

  get others(): { number: number; state: Readonly<Shown> }[] {
    return [...this.guests.values()].sort((a, b) => a.number - b.number);
  }

  get selections(): { ids: string[]; color: string }[] {
    return [...this.guests.values()].map(({ state }) => ({ ids: idsOf(state.Selection), color: colorOf(state) }));
  }

  get drafts(): Draft[] {
    return [...this.guests.values()].filter((g) => g.stroke.length > 1).map((g) => ({ points: g.stroke, style: penOf(g.state.Tool) ?? {} }));
  }

  get trails(): Trail[] {
    const own = { color: colorOf({ Color: this.me.Color ?? '' }), points: this.trail };
    return [own, ...[...this.guests.values()].map((g) => ({ color: colorOf(g.state), points: g.trail }))];
  }

  /** Sees what somebody else sees, until one moves; 0: nobody. */
  follow(number: number): void {
    this.followed = this.followed === number ? 0 : number;
    this.board.presence.follow(this.followed || null);
    this.onCrowd();
    this.desk.wake();
  }

  unfollow(): void {
    if (this.followed !== 0) this.follow(this.followed);
  }

  /** Moves the cursors on by a frame; tells whether any is on its way. */
  step(elapsed: number, now: number): boolean {
    const part = 1 - Math.exp(-elapsed * PER_MS);
    this.trail = this.trail.filter((p) => now - p.at < LASER_MS);
    let busy = false;
    for (const g of this.guests.values()) busy = this.stepGuest(g, part, now) || busy;
    const view = this.guests.get(this.followed)?.state;
    if (view) this.desk.camera.followView(boxAt({ x: view.ViewX, y: view.ViewY }, { x: view.ViewX + view.ViewW, y: view.ViewY + view.ViewH }));
    this.tellView(now);
    return busy || this.viewSent === '';
  }

  private stepGuest(g: Guest, part: number, now: number): boolean {
    const { state } = g;
    const [dx, dy] = [state.X - g.x, state.Y - g.y];
    const moving = Math.hypot(dx, dy) * this.desk.camera.zoom > 0.3;
    g.x = moving ? g.x + dx * part : state.X;
    g.y = moving ? g.y + dy * part : state.Y;
    const at = this.desk.camera.toScreen(g);
    g.cursor.style.transform = `translate(${at.x.toFixed(1)}px, ${at.y.toFixed(1)}px)`;
    g.cursor.hidden = !g.moved;
    if (state.Laser) g.trail.push({ x: g.x, y: g.y, at: now });
    g.trail = g.trail.filter((p) => now - p.at < LASER_MS);
    if (penOf(state.Tool)) {
      if (g.strokeEnds !== 0) g.stroke = [];
      g.strokeEnds = 0;
      g.stroke.push({ x: g.x, y: g.y });
      return true;
    }
    if (g.stroke.length > 0 && g.strokeEnds === 0) g.strokeEnds = now + STROKE_MS;
    if (g.strokeEnds !== 0 && now > g.strokeEnds) g.stroke = [];
    return moving || state.Laser || g.stroke.length > 0 || g.trail.length > 0;
  }

  /** A stroke of somebody has arrived: its draft is no longer needed. */
  arrived(user: string): void {
    for (const g of this.guests.values()) {
      if (g.strokeEnds !== 0 && this.board.presence.members.get(g.number)?.user === user) g.stroke = [];
    }
  }

  private take(changed: Iterable<number>): void {
    const { presence } = this.board;
    const before = this.guests.size;
    let renamed = false;
    for (const number of changed) {
      const member = number === presence.me ? undefined : presence.members.get(number);
      const guest = this.guests.get(number);
      if (member === undefined) {
        guest?.cursor.remove();
        this.guests.delete(number);
        if (number === this.followed) this.unfollow();
      } else {
        const state = member.state as unknown as Shown;
        renamed = this.update(guest ?? this.enter(number, state), state) || renamed;
      }
    }
    if (renamed || this.guests.size !== before) this.onCrowd();
    this.desk.wake();
  }

  private enter(number: number, state: Shown): Guest {
    const cursor = document.createElement('div');
    cursor.className = 'cursor';
    cursor.innerHTML = '<svg width="22" height="24" viewBox="0 0 22 24" aria-hidden="true"><path d="M2 2l6.2 18.2 3-7.6 7.8-2.6z" stroke="#fff" stroke-width="1.6" stroke-linejoin="round"/></svg><span></span>';
    this.layer.append(cursor);
    const guest: Guest = { number, state, x: state.X, y: state.Y, cursor, trail: [], stroke: [], strokeEnds: 0, moved: state.X !== 0 || state.Y !== 0 };
    this.guests.set(number, guest);
    this.name(guest);
    return guest;
  }

  /** Takes a guest's new state; tells whether name, colour or anything else of the list of people changed. */
  private update(guest: Guest, state: Shown): boolean {
    const was = guest.state;
    guest.state = state;
    if (!guest.moved && (state.X !== 0 || state.Y !== 0)) {
      [guest.x, guest.y, guest.moved] = [state.X, state.Y, true];
    }
    if (was.Name === state.Name && was.Color === state.Color) return was === state;
    this.name(guest);
    return true;
  }

  private name({ cursor, state }: Guest): void {
    cursor.style.setProperty('--of', colorOf(state));
    cursor.lastElementChild!.textContent = state.Name || 'Somebody';
  }

  /** Tells the others what this page shows of the board, now and then. */
  private tellView(now: number): void {
    const { left, top, right, bottom } = this.desk.camera.view;
    const view = { ViewX: left, ViewY: top, ViewW: right - left, ViewH: bottom - top };
    const key = Object.values(view).join();
    if (key === this.viewSent) return;
    if (now - this.viewAt < VIEW_MS) {
      this.viewSent = '';
      return;
    }
    this.viewAt = now;
    this.viewSent = key;
    this.show(view);
    const margin = Math.max(view.ViewW, view.ViewH) * 0.25;
    this.board.presence.look({ x: left - margin, y: top - margin, width: view.ViewW + 2 * margin, height: view.ViewH + 2 * margin });
  }
}

/** A colour that somebody chose, if it is one. */
export function colorOf({ Color }: Pick<Shown, 'Color'>): string {
  return /^#[0-9a-f]{6}$/i.test(Color) ? Color : PEOPLE[0];
}

function idsOf(selection: unknown): string[] {
  return Array.isArray(selection) ? selection.filter((id) => typeof id === 'string') : [];
}

/** The pen that somebody has on the paper. */
function penOf(tool: string) {
  const [, color, size] = /^pen\+([a-z]+)\.(s|m|l|xl)$/.exec(tool ?? '') ?? [];
  if (!(COLORS as readonly string[]).includes(color)) return undefined;
  return { color, size: size as Size };
}
