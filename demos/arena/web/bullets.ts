import { FIELD } from './field';
import type { BulletRow } from './rows';
import type { Shot } from './scene';
import { trace } from './step';

const METRES = FIELD.bulletSpeed / FIELD.hz; // a tick
const BARREL = 1.45; // metres from a fighter's middle, where a shot becomes visible
const MATCH = 3; // ticks that one's own shot may come later than predicted
const WAIT = 6; // ticks after which a shot that the server did not fire is forgotten

/** One bullet on its way. */
interface Flight {
  by: number;
  x: number;
  y: number;
  aim: number;
  fired: number; // tick
  free: number; // metres until a wall or the end of its range
  blocked: boolean; // a wall is at the end
  row: number; // the server's bullet; 0: not seen yet
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
 * Bullets reckons where bullets are from where they were fired. Others' fly in
 * the past that is drawn; one's own leave the barrel at once, in the future
 * that is predicted, and glide into the drawn past on their way, so that they
 * are seen to hit what they hit.
 */
export class Bullets {
  private flights: Flight[] = [];
  private last = -99; // tick of one's own last shot

  constructor(private readonly events: BulletEvents) {}

  /** True when one's own gun is ready at a tick. */
  ready(tick: number): boolean {
    return tick - this.last >= FIELD.coolTicks || tick < this.last - FIELD.hz;
  }

  /** One's own shot, predicted for a tick. */
  shoot(by: number, x: number, y: number, aim: number, tick: number): void {
    this.last = tick;
    this.flights.push(flight(by, x, y, aim, tick, true));
  }

  /** The server's bullet is there. */
  added(id: number, row: BulletRow, me: number): void {
    const own = row.By === me ? this.flights.find((f) => f.mine && f.row === 0 && Math.abs(row.Fired - f.fired) <= MATCH) : undefined;
    if (own) {
      own.row = id;
      own.fired = row.Fired;
      return;
    }
    const f = flight(row.By, row.X, row.Y, row.Aim, row.Fired, false);
    f.row = id;
    this.flights.push(f);
  }

  /** The server's bullet ended in a tick. */
  removed(id: number, tick: number): void {
    const f = this.flights.find((one) => one.row === id);
    if (f) f.removed = tick;
  }

  /** One's own shots that the server has not counted off the magazine by a tick. */
  pending(tick: number): number {
    return this.flights.filter((f) => f.mine && f.row === 0 && f.fired > tick).length;
  }

  clear(): void {
    this.flights = [];
    this.last = -99;
  }

  /** The bullets when past is the tick that is drawn and ahead the tick that is predicted. */
  shots(past: number, ahead: number): Shot[] {
    const shown: Shot[] = [];
    this.flights = this.flights.filter((f) => {
      const age = f.mine ? glide(past, ahead, f.fired) : past - f.fired + 1;
      if (age < 0) return true;
      if (f.row === 0 && past > f.fired + WAIT) return false;
      const flown = age * METRES;
      if (flown >= f.free) {
        if (f.blocked) this.events.struck(f.x + Math.cos(f.aim) * f.free, f.y + Math.sin(f.aim) * f.free, f.aim);
        return false;
      }
      if (past >= f.removed) return false;
      if (!f.flashed && !f.mine) this.events.fired(f.by, f.x, f.y, f.aim);
      f.flashed = true;
      if (flown > BARREL) shown.push({ x: f.x + Math.cos(f.aim) * flown, y: f.y + Math.sin(f.aim) * flown, aim: f.aim, flown, mine: f.mine });
      return true;
    });
    return shown;
  }
}

/** Ticks that one's own bullet has flown: it starts in the future and ends in the past. */
function glide(past: number, ahead: number, fired: number): number {
  const delay = ahead - past;
  const age = ahead - fired;
  const time = Math.max(14, 2.5 * delay); // ticks in which it gets there
  return age - delay * Math.min(1, age / time);
}

function flight(by: number, x: number, y: number, aim: number, fired: number, mine: boolean): Flight {
  const part = trace(x, y, Math.cos(aim) * FIELD.bulletRange, Math.sin(aim) * FIELD.bulletRange);
  return { by, x, y, aim, fired, free: part * FIELD.bulletRange, blocked: part < 1, row: 0, removed: Infinity, mine, flashed: mine };
}
