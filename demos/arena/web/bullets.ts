import { FIELD } from './field';
import type { BulletRow } from './rows';
import type { Shot } from './scene';
import { trace } from './step';

const METRES = FIELD.bulletSpeed / FIELD.hz; // a tick
const BARREL = 1.45; // metres from a fighter's middle, where a shot becomes visible
const MATCH = 3; // ticks that one's own shot may come later than predicted
const NEAR = 1.5; // ticks that a shot may be off without being put right
const UNSEEN = -1; // instead of a row: the bullet ended in the tick in which it was fired
const WAIT = 6; // ticks after which a shot that the server did not fire is forgotten

/** One bullet on its way. */
interface Flight {
  by: number;
  x: number;
  y: number;
  aim: number;
  fired: number; // the tick that was drawn when it was fired
  made: number; // of one's own: the tick that it was predicted for
  free: number; // metres until a wall or the end of its range
  blocked: boolean; // a wall is at the end
  row: number; // the server's bullet; 0: not seen yet, or UNSEEN
  removed: number; // the tick at which the server ended it
  mine: boolean;
  flashed: boolean;
}

/** What bullets tell while they are drawn. */
export interface BulletEvents {
  /** Somebody else's shot leaves the barrel. */
  fired(by: number, x: number, y: number, aim: number): void;
  /** A bullet meets a wall. */
  struck(x: number, y: number, aim: number): void;
}

/**
 * Bullets reckons where bullets are from where they were fired. All fly in the
 * past that is drawn, one's own as well: the server puts them back to what one
 * saw when one fired, so they leave the barrel at once and hit what they are
 * seen to hit.
 */
export class Bullets {
  private flights: Flight[] = [];
  private last = -99; // tick of one's own last shot

  constructor(private readonly events: BulletEvents) {}

  /** True when one's own gun is ready at a tick. */
  ready(tick: number): boolean {
    return tick - this.last >= FIELD.coolTicks || tick < this.last - FIELD.hz;
  }

  /** One's own shot, predicted for a tick, while another one is drawn. */
  shoot(by: number, x: number, y: number, aim: number, tick: number, drawn: number): void {
    this.last = tick;
    const f = flight(by, x, y, aim, drawn);
    f.mine = f.flashed = true;
    f.made = tick;
    this.flights.push(f);
  }

  /** The server's bullet is there. */
  added(id: number, row: BulletRow, me: number): void {
    const own = row.By === me ? this.nearest((f) => Math.abs(row.Fired - f.fired), row.Fired) : undefined;
    if (own) {
      own.row = id;
      if (Math.abs(row.Fired - own.fired) > NEAR) own.fired = row.Fired;
      return;
    }
    const f = flight(row.By, row.X, row.Y, row.Aim, row.Fired);
    f.row = id;
    this.flights.push(f);
  }

  /** The server's bullet ended in a tick. */
  removed(id: number, tick: number): void {
    const f = this.flights.find((one) => one.row === id);
    if (f) f.removed = tick;
  }

  /**
   * A bullet hit at (x, y) in a tick. One that did so in the tick in which the
   * server fired it was never a row: one's own ends here, another's is drawn on
   * its way from the fighter who fired.
   */
  hit(by: number, x: number, y: number, tick: number, from: { x: number; y: number } | undefined): void {
    if (this.flights.some((f) => f.by === by && f.row > 0 && f.removed === tick)) return;
    let f = this.nearest((one) => (one.by === by ? Math.abs(tick - one.made) : Infinity), tick);
    const start = f ?? from;
    if (!start) return;
    const metres = Math.hypot(x - start.x, y - start.y);
    if (!f) {
      f = flight(by, start.x, start.y, Math.atan2(y - start.y, x - start.x), tick - metres / METRES);
      this.flights.push(f);
    }
    f.row = UNSEEN;
    f.free = metres;
    f.blocked = false;
  }

  /** One's own shots that the server has not counted off the magazine by a tick. */
  pending(tick: number): number {
    return this.flights.filter((f) => f.mine && f.row === 0 && f.made > tick).length;
  }

  /** One's own shot that the server has not answered, with the least distance. */
  private nearest(distance: (f: Flight) => number, tick: number): Flight | undefined {
    let best: Flight | undefined;
    for (const f of this.flights) {
      if (!f.mine || f.row !== 0 || tick < f.fired - MATCH || tick > f.made + MATCH) continue;
      if (distance(f) < (best ? distance(best) : Infinity)) best = f;
    }
    return best;
  }

  clear(): void {
    this.flights = [];
    this.last = -99;
  }

  /** The bullets when past is the tick that is drawn. */
  shots(past: number): Shot[] {
    const shown: Shot[] = [];
    this.flights = this.flights.filter((f) => {
      const age = past - f.fired + 1;
      if (age < 0) return true;
      if (f.row === 0 && past > f.made + WAIT) return false;
      const flown = age * METRES;
      if (flown >= f.free) {
        if (f.blocked) this.events.struck(f.x + Math.cos(f.aim) * f.free, f.y + Math.sin(f.aim) * f.free, f.aim);
        return false;
      }
      if (past >= f.removed) return false;
      if (!f.flashed) this.events.fired(f.by, f.x, f.y, f.aim);
      f.flashed = true;
      if (flown > BARREL) shown.push({ x: f.x + Math.cos(f.aim) * flown, y: f.y + Math.sin(f.aim) * flown, aim: f.aim, flown, mine: f.mine });
      return true;
    });
    return shown;
  }
}

function flight(by: number, x: number, y: number, aim: number, fired: number): Flight {
  const part = trace(x, y, Math.cos(aim) * FIELD.bulletRange, Math.sin(aim) * FIELD.bulletRange);
  const free = part * FIELD.bulletRange;
  return { by, x, y, aim, fired, made: 0, free, blocked: part < 1, row: 0, removed: Infinity, mine: false, flashed: false };
}
