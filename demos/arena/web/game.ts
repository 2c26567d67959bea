import { Interpolation, type ParlorError, Prediction, type Room } from '../../../clients/ts/src';
import { Bullets } from './bullets';
import type { Picture } from './draw';
import { FIELD } from './field';
import type { Hud } from './hud';
import type { Input } from './input';
import { colourOf } from './palette';
import { type BulletRow, type HitEvent, type KillEvent, LINES, type LootedEvent, METALS, type MoveInput, type PickupRow, type PlayerRow, type RoundRow, type SaidEvent, type TrophyRow } from './rows';
import type { Cup, Fighter, Scene, Supply } from './scene';
import type { Sound } from './sound';
import { step } from './step';

/** What the room of this game holds, for clients/ts. */
export interface ArenaWorld {
  tables: { Players: PlayerRow; Bullets: BulletRow; Pickups: PickupRow; Round: RoundRow; Trophies: TrophyRow };
  events: { Kills: KillEvent; Hits: HitEvent; Talk: SaidEvent; Looted: LootedEvent };
  inputs: { Move: MoveInput; Say: { Line: number } };
}

/** Game turns the room's state into scenes, and one's hands into commands. */
export class Game {
  readonly prediction: Prediction<PlayerRow, MoveInput>;
  private readonly others: Interpolation<PlayerRow>;
  private readonly bullets: Bullets;
  private readonly known = new Map<number, Fighter>(); // as last drawn, for the names of those who left
  private waiting: { tick: number; show: () => void }[] = []; // events of ticks that are not drawn yet
  private diedAt = 0; // milliseconds; 0: alive
  private killer = '';
  private scene: Scene = { fighters: [], shots: [], pickups: [], trophies: [], me: undefined, pointer: undefined, sticks: [] };

  constructor(
    readonly room: Room<ArenaWorld>,
    private readonly picture: Picture,
    private readonly hud: Hud,
    private readonly input: Input,
    private readonly sound: Sound,
  ) {
    const { Players, Bullets: table, Pickups } = room.tables;
    this.others = new Interpolation<PlayerRow>(room as never, Players);
    this.prediction = new Prediction<PlayerRow, MoveInput>(room as never, { command: 'Move', table: Players, step });
    this.bullets = new Bullets({
      fired: (by, x, y, aim) => this.fired(by, x, y, aim),
      struck: (x, y, aim) => picture.effects.wallHit(x, y, aim),
    });
    for (const [id, row] of table) this.bullets.added(id, row, room.player);
    table.onAdd((id, row) => this.bullets.added(id, row, room.player));
    table.onRemove((id) => this.bullets.removed(id, room.tick));
    Pickups.onChange((_, row) => this.pickedUp(row));
    room.onEvent('Hits', (e, tick) => {
      this.bullets.hit(e.By, e.X, e.Y, tick, this.known.get(e.By));
      this.later(tick, () => this.hit(e));
    });
    room.onEvent('Kills', (e, tick) => this.later(tick, () => this.kill(e)));
    room.onEvent('Looted', (e) => this.looted(e));
    room.onEvent('Talk', (e) => picture.effects.say(e.By, LINES[e.Line] ?? ''));
    room.onStatus(() => {
      this.bullets.clear();
      this.waiting = [];
    });
    room.onError((e: ParlorError) => console.warn(e.message));
  }

  say(line: number): void {
    if (this.room.status === 'joined') this.room.send('Say', { Line: line });
  }

  /** Sends what is due and gives the picture of this moment; while the connection is lost, the last one. */
  next(now: number): Scene {
    if (this.room.status !== 'joined') return (this.scene = { ...this.scene, shots: [], pointer: this.pointer() });
    this.prediction.update((tick) => this.command(tick), now);
    const past = this.others.tickAt(now);
    this.tell(past);
    const fighters = this.fighters(now);
    const me = fighters.find((f) => f.me);
    this.watchMe(me, now);
    const shots = this.bullets.shots(past);
    return (this.scene = { fighters, shots, pickups: this.pickups(), trophies: this.trophies(), me, pointer: this.pointer(), sticks: this.input.sticks });
  }

  /** Seconds until the round, or the podium, is over. */
  left(now: number): number {
    const round = this.room.tables.Round.value;
    return round ? (round.Ends - this.room.clock.arrivingAt(now)) / FIELD.hz : 0;
  }

  /** Shows what has happened to one in the middle of the screen. */
  showNotice(now: number): void {
    if (this.room.status === 'reconnecting') return this.hud.notice('Connection lost', 'coming back to your seat');
    if (this.diedAt === 0 || this.room.tables.Round.value?.Podium) return this.hud.notice('');
    const wait = Math.max(0, FIELD.respawnSeconds - (now - this.diedAt) / 1000);
    this.hud.notice(this.killer ? `${this.killer} got you` : 'You are out', `back in ${wait.toFixed(1)} s`);
  }

  private command(tick: number): MoveInput {
    const me = this.prediction.row;
    const move = this.input.move(...this.onScreen(me));
    const podium = this.room.tables.Round.value?.Podium ?? false;
    if (me && move.Fire && me.HP > 0 && !podium && this.bullets.ready(tick)) {
      if (this.ammo() > 0) this.shoot(me, move.Aim, tick);
      else this.sound.empty();
    }
    return move;
  }

  private shoot(me: PlayerRow, aim: number, tick: number): void {
    this.bullets.shoot(this.room.player, me.X, me.Y, aim, tick, this.others.drawn);
    this.picture.effects.muzzle(this.room.player, me.X, me.Y, aim);
    this.picture.camera.jolt(0.06);
    this.sound.shot(0);
  }

  /** One's bullets, less those that are fired but not yet counted. */
  private ammo(): number {
    const row = this.room.tables.Players.get(this.room.player);
    return Math.max(0, (row?.Ammo ?? 0) - this.bullets.pending(this.room.tick));
  }

  private fighters(now: number): Fighter[] {
    const list: Fighter[] = [];
    for (const [id, row] of this.others.rows(now)) {
      if (id === this.room.player) continue;
      list.push(fighter(id, row));
    }
    const mine = this.prediction.sample(now);
    if (mine) {
      const aim = mine.HP > 0 ? this.input.move(...this.onScreen(mine)).Aim : mine.Aim;
      list.push({ ...fighter(this.room.player, mine), me: true, aim, ammo: this.ammo() });
    }
    for (const f of list) {
      const before = this.known.get(f.id);
      if (before && before.hp === 0 && f.hp > 0) this.picture.effects.spawn(f.x, f.y, colour(f));
      this.known.set(f.id, f);
    }
    return list;
  }

  private pickups(): Supply[] {
    return Array.from(this.room.tables.Pickups, ([, p]) => ({ x: p.X, y: p.Y, ammo: p.Ammo, here: p.Here }));
  }

  private trophies(): Cup[] {
    return Array.from(this.room.tables.Trophies, ([, t]) => ({ x: t.X, y: t.Y, metal: t.Metal }));
  }

  /** The server says so when the trophy is on its disk. */
  private looted(e: LootedEvent): void {
    const metal = METALS[e.Metal] ?? '';
    this.hud.toast(e.Kept ? `A ${metal} trophy is on your shelf` : `The ${metal} trophy could not be kept`, e.Metal);
    if (e.Kept) this.sound.pickup();
  }

  private pointer(): readonly [number, number] | undefined {
    return this.input.mouse && this.picture.camera.toField(...this.input.mouse);
  }

  private onScreen(at: { X: number; Y: number } | undefined): [number, number] {
    return at ? this.picture.camera.toScreen(at.X, at.Y) : [0, 0];
  }

  private watchMe(me: Fighter | undefined, now: number): void {
    if (!me || me.hp > 0) {
      this.diedAt = 0;
      this.killer = '';
    } else if (this.diedAt === 0) this.diedAt = now;
  }

  /** Keeps an event until its tick is drawn, so that it fits what is seen. */
  private later(tick: number, show: () => void): void {
    this.waiting.push({ tick, show });
  }

  private tell(past: number): void {
    const due = this.waiting.filter((e) => e.tick <= past || e.tick > past + 10 * FIELD.hz);
    if (due.length === 0) return;
    this.waiting = this.waiting.filter((e) => !due.includes(e));
    for (const e of due) e.show();
  }

  private fired(by: number, x: number, y: number, aim: number): void {
    this.picture.effects.muzzle(by, x, y, aim);
    this.sound.shot(this.metresTo(x, y));
  }

  private hit(e: HitEvent): void {
    const of = this.known.get(e.Of);
    const by = this.known.get(e.By);
    const aim = by ? Math.atan2(e.Y - by.y, e.X - by.x) : 0;
    if (of) this.picture.effects.bodyHit(e.Of, e.X, e.Y, aim, colour(of));
    if (e.By === this.room.player) {
      this.picture.confirm(false);
      this.sound.hit();
    }
    if (e.Of === this.room.player) {
      this.hud.hurt(performance.now());
      this.picture.camera.jolt(0.35);
      this.sound.hurt();
    }
  }

  private kill(e: KillEvent): void {
    const by = this.known.get(e.By);
    const of = this.known.get(e.Of);
    this.hud.kill(by, of);
    if (of) this.picture.effects.death(of.x, of.y, colour(of));
    if (e.By === this.room.player) {
      this.picture.confirm(true);
      this.sound.kill();
    }
    if (e.Of === this.room.player) {
      this.killer = by?.name ?? '';
      this.picture.camera.jolt(0.8);
      this.sound.death();
    }
  }

  private pickedUp(row: Readonly<PickupRow>): void {
    if (row.Here) return;
    this.picture.effects.pickup(row.X, row.Y, row.Ammo);
    if (this.metresTo(row.X, row.Y) < 3) this.sound.pickup();
  }

  private metresTo(x: number, y: number): number {
    const me = this.prediction.row;
    return me ? Math.hypot(me.X - x, me.Y - y) : 30;
  }
}

function fighter(id: number, r: Readonly<PlayerRow>): Fighter {
  return {
    id, name: r.Name, me: false, drone: r.Drone, away: r.Away, safe: r.Safe, x: r.X, y: r.Y, aim: r.Aim,
    hp: r.HP, ammo: r.Ammo, kills: r.Kills, deaths: r.Deaths, streak: r.Streak, trophies: r.Trophies,
  };
}

function colour(f: Fighter): string {
  return colourOf(f.id, f.drone, f.me);
}
