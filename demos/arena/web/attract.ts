import type { Effects } from './effects';
import { FIELD } from './field';
import type { Fighter, Scene, Shot } from './scene';

/** A loop around the middle that touches no wall. */
const LOOP = [[22, 11], [42, 11], [42, 29], [22, 29]] as const;
const ACTORS = [
  { id: 0, drone: false, me: true, ahead: 0 },
  { id: 17, drone: true, me: false, ahead: 17 },
  { id: 2, drone: false, me: false, ahead: 38 },
  { id: 18, drone: true, me: false, ahead: 59 },
];
const PACE = 4.5; // metres a second
const SHOT_EVERY = 0.9; // seconds
const SHOT_METRES = 12;

/** Attract plays a scene behind the entry form, in which nothing is at stake. */
export class Attract {
  private seconds = 0;
  private shots: Shot[] = [];
  private fired = 0;

  constructor(private readonly effects: Effects) {}

  next(elapsed: number): Scene {
    this.seconds += elapsed;
    const fighters = ACTORS.map((a) => this.place(a));
    if (this.seconds > this.fired + SHOT_EVERY) {
      this.fired = this.seconds;
      const f = fighters[Math.floor(Math.random() * fighters.length)];
      this.effects.muzzle(f.id, f.x, f.y, f.aim);
      this.shots.push({ x: f.x, y: f.y, aim: f.aim, flown: 0.8, mine: f.me });
    }
    this.fly(elapsed);
    return { fighters, shots: this.shots, pickups: [], trophies: [], me: undefined, pointer: undefined, sticks: [] };
  }

  private place(a: (typeof ACTORS)[number]): Fighter {
    const [x, y] = along(this.seconds * PACE + a.ahead);
    const [toX, toY] = along(this.seconds * PACE + a.ahead + 6 + 2 * Math.sin(this.seconds + a.ahead));
    return {
      id: a.id, name: '', me: a.me, drone: a.drone, away: false, safe: false, x, y, aim: Math.atan2(toY - y, toX - x),
      hp: FIELD.health, ammo: 0, kills: 0, deaths: 0, streak: 0, trophies: 0,
    };
  }

  private fly(elapsed: number): void {
    const metres = FIELD.bulletSpeed * elapsed;
    for (const s of this.shots) {
      s.x += Math.cos(s.aim) * metres;
      s.y += Math.sin(s.aim) * metres;
      s.flown += metres;
    }
    for (const s of this.shots) if (s.flown > SHOT_METRES) this.effects.wallHit(s.x, s.y, s.aim);
    this.shots = this.shots.filter((s) => s.flown <= SHOT_METRES);
  }
}

/** The place that many metres along the loop. */
function along(metres: number): [number, number] {
  let left = metres % 76;
  for (let i = 0; i < 4; i++) {
    const [x, y] = LOOP[i];
    const [toX, toY] = LOOP[(i + 1) % 4];
    const length = Math.abs(toX - x) + Math.abs(toY - y);
    if (left < length) return [x + ((toX - x) * left) / length, y + ((toY - y) * left) / length];
    left -= length;
  }
  return [LOOP[0][0], LOOP[0][1]];
}
