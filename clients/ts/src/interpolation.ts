import { blendRows } from './blend';
import type { TickClock } from './clock';
import { type Fields, Shape } from './record';
import type { Room, World } from './room';
import type { Table } from './table';

/** A row's value at a tick. */
interface Moment {
  tick: number;
  row: Fields;
}

/** What is known of one row's recent past: its value at some ticks, in order. */
interface Track {
  moments: Moment[];
  /** The tick that removed the row. */
  removed: number;
}

const MIN_DELAY = 2; // ticks between what is drawn and what is known
const MAX_MOMENTS = 32; // of a row; older ones are forgotten
const SLOW = 0.9; // how far the play speed may leave real time
const FAST = 1.1;
const JUMP_MS = 1000; // off by more than this: play jumps

/**
 * The recent past of a table's rows, in frames' ticks: the part of an
 * Interpolation that knows no time and no network.
 */
export class History {
  private readonly tracks = new Map<number, Track>();
  private frame = 0;

  /** Blends rows of this shape. */
  shape = new Shape([]);

  /** Notes a row that is new or has changed. */
  saw(id: number, row: Fields, tick: number): void {
    let track = this.tracks.get(id);
    if (track === undefined) this.tracks.set(id, (track = { moments: [], removed: Infinity }));
    track.removed = Infinity;
    const last = track.moments.at(-1);
    // A frame names only rows that change: this one was what it had been until
    // the frame before, and until shortly before this one.
    const still = Math.max(this.frame, tick - MIN_DELAY);
    if (last !== undefined && still > last.tick && still < tick) put(track, { tick: still, row: last.row });
    put(track, { tick, row });
  }

  /** Notes that a row is gone. It is there until that tick. */
  lost(id: number, tick: number): void {
    const track = this.tracks.get(id);
    if (track !== undefined) track.removed = tick;
  }

  /** Ends a frame; forgets rows that were removed before the tick that is drawn. */
  frameDone(tick: number, drawn: number): void {
    this.frame = tick;
    for (const [id, track] of this.tracks) if (track.removed < drawn - 1) this.tracks.delete(id);
  }

  /** A row as it was at a tick with its fraction; undefined where it was not there. */
  sample(id: number, at: number): Fields | undefined {
    const track = this.tracks.get(id);
    if (track === undefined || at >= track.removed) return undefined;
    const { moments } = track;
    let n = moments.length;
    while (n > 0 && moments[n - 1].tick > at) n--;
    if (n === 0) return undefined;
    const a = moments[n - 1];
    if (n === moments.length) return a.row;
    const b = moments[n];
    return blendRows(this.shape, a.row, b.row, (at - a.tick) / (b.tick - a.tick));
  }

  /** The IDs of all rows that may be there at some tick. */
  ids(): IterableIterator<number> {
    return this.tracks.keys();
  }

  clear(): void {
    this.tracks.clear();
    this.frame = 0;
  }
}

function put(track: Track, moment: Moment): void {
  const last = track.moments.at(-1);
  if (last !== undefined && last.tick >= moment.tick) last.row = moment.row;
  else track.moments.push(moment);
  if (track.moments.length > MAX_MOMENTS) track.moments.shift();
}

/**
 * Draws a table's rows between two frames that are both known. It lives a
 * little in the past, two ticks and more when frames arrive unevenly, and
 * changes the distance by playing a tenth faster or slower. Floats are
 * blended, angles the short way round; other columns keep the older value.
 */
export class Interpolation<T extends object> {
  private readonly history = new History();
  private readonly stops: (() => void)[];
  private play = 0; // the tick that is drawn
  private played = 0; // when play was right
  private clock: TickClock;

  constructor(
    private readonly room: Room<World>,
    private readonly table: Table<T>,
  ) {
    this.clock = room.clock;
    // The room's tick is that of the frame whose changes are told.
    const saw = (id: number, row: Readonly<T>) => this.history.saw(id, row as Fields, room.tick);
    this.restart();
    this.stops = [
      room.draws(this),
      table.onAdd(saw),
      table.onChange(saw),
      table.onRemove((id) => this.history.lost(id, room.tick)),
      room.onFrame((tick) => this.framed(tick)),
      room.onStatus((status) => {
        if (status === 'reconnecting') this.restart();
      }),
    ];
  }

  /** A row as it is drawn now; undefined where it is not there. */
  sample(id: number, now: number = performance.now()): Readonly<T> | undefined {
    return this.history.sample(id, this.tickAt(now)) as T | undefined;
  }

  /** All rows as they are drawn now. */
  *rows(now: number = performance.now()): IterableIterator<[id: number, row: Readonly<T>]> {
    const at = this.tickAt(now);
    for (const id of this.history.ids()) {
      const row = this.history.sample(id, at);
      if (row !== undefined) yield [id, row as T];
    }
  }

  /** The tick that was drawn last, with its fraction; 0: none yet. */
  get drawn(): number {
    return this.play;
  }

  /** The tick that is drawn now, with its fraction. */
  tickAt(now: number): number {
    const clock = this.room.clock;
    if (clock !== this.clock || this.play === 0) this.jump(now);
    const target = this.target(now);
    const passed = (now - this.played) / clock.period;
    if (Math.abs(target - this.play - passed) * clock.period > JUMP_MS) return this.jump(now);
    if (passed > 0) {
      this.play = Math.min(Math.max(target, this.play + passed * SLOW), this.play + passed * FAST);
      this.played = now;
    }
    return this.play;
  }

  /** Stops listening. */
  close(): void {
    for (const stop of this.stops) stop();
  }

  private target(now: number): number {
    const { clock } = this.room;
    const delay = Math.max(MIN_DELAY, 1 + (4 * clock.jitter) / clock.period);
    return clock.arrivingAt(now) - delay;
  }

  private jump(now: number): number {
    this.clock = this.room.clock;
    this.play = Math.max(0, this.target(now));
    this.played = now;
    return this.play;
  }

  private framed(tick: number): void {
    if (this.history.shape.columns !== this.table.columns) this.history.shape = new Shape(this.table.columns);
    this.history.frameDone(tick, this.play);
  }

  /** Begins anew with what the table holds: ticks before a reconnection may be another room's. */
  private restart(): void {
    this.history.clear();
    this.history.shape = new Shape(this.table.columns);
    this.play = 0;
    for (const [id, row] of this.table) this.history.saw(id, row as Fields, 0);
  }
}
