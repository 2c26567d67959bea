import { blendRows, blendScalar, isBlended, isNear, settled, snapped, turn } from './blend';
import { type Fields, Shape } from './record';
import type { Room, World } from './room';
import { type Column, ColumnFlag, isPublic } from './schema';
import type { Table } from './table';

/**
 * The game's own step: changes the row by one command. It depends on nothing
 * but its arguments and computes as the server does, in float32
 * (Math.fround) where the server has float32.
 */
export type Step<T, C> = (row: T, command: C, dt: number) => void;

/** A command on its way, and the row after it. */
interface Pending<T, C> {
  tick: number;
  command: C;
  after: T | undefined;
}

const MAX_PENDING = 256;

/**
 * Runs one row ahead of the server: the part of a Prediction that knows no
 * time and no network. A command's result is kept until the server's row
 * includes the command. Within half a quantisation step the two agree, and the
 * prediction, which is exact where the server's row is rounded, stays; the
 * columns that differ by more are taken from the server, and the pending
 * commands run on top of them.
 */
export class Predictor<T extends object, C> {
  /** The row after all commands; undefined while the player has none. */
  row: T | undefined;
  /** The row before the last command. */
  previous: T | undefined;
  /**
   * How often the server's row differed from the predicted one, by more than
   * rounding, in a column that steps change. What the rules alone change, such
   * as a loss of health, does not count; nor does a column other than a float
   * that the steps have left as the server last sent it.
   */
  corrections = 0;
  private base: T | undefined; // predicted for the last acknowledged command
  private server: T | undefined; // the server's last row
  private pending: Pending<T, C>[] = [];
  private shape = new Shape([]);
  private stepped: boolean[] = []; // by column: a step has changed it

  constructor(
    private readonly step: Step<T, C>,
    private readonly dt: number,
  ) {}

  /** Sets the row's columns, which say what the wire rounds. */
  describe(columns: readonly Column[]): void {
    if (columns === this.shape.columns) return;
    this.shape = new Shape(columns);
    this.stepped = columns.map(() => false);
  }

  /** The number of commands that are not acknowledged. */
  get waiting(): number {
    return this.pending.length;
  }

  /** True while predicting on would be guessing: the server acknowledges nothing. */
  get full(): boolean {
    return this.pending.length >= MAX_PENDING;
  }

  /** Predicts one command. */
  run(tick: number, command: C): void {
    this.previous = this.row;
    if (this.row !== undefined) this.row = this.after(this.row, command);
    this.pending.push({ tick, command, after: this.row });
  }

  /**
   * Takes the server's row, which includes the commands up to ack. Returns
   * the row predicted until now when it was wrong.
   */
  reconcile(ack: number, server: T | undefined): T | undefined {
    let done = 0;
    for (; done < this.pending.length && this.pending[done].tick <= ack; done++) this.base = this.pending[done].after;
    this.pending.splice(0, done);
    if (server === undefined) {
      this.base = this.row = this.previous = undefined;
      return undefined;
    }
    if (this.base === undefined || this.row === undefined) {
      this.server = server;
      this.replay(structuredClone(server));
      return undefined;
    }
    return this.compare(server, isPublic);
  }

  /** Takes the columns that only the owner gets, which come behind the frame of their tick. */
  reconcileOwner(server: T): T | undefined {
    return this.base === undefined ? undefined : this.compare(server, (c) => !isPublic(c));
  }

  /** Forgets the row and what is on its way. */
  reset(): void {
    this.base = this.row = this.previous = undefined;
    this.pending = [];
  }

  /** The row after a command, as after one tick of the server. */
  private after(row: T, command: C): T {
    const { shape } = this;
    const next = structuredClone(row);
    this.step(next, command, this.dt);
    shape.columns.forEach((c, i) => {
      const stepped = shape.get(next, i);
      const v = snapped(c, stepped);
      if (v !== undefined && v !== stepped) shape.set(next, i, v);
      this.stepped[i] ||= v !== shape.get(row, i);
    });
    return next;
  }

  /** Starts again with the columns in which base is not as the server says. */
  private compare(server: T, which: (c: Column) => boolean): T | undefined {
    const { shape, base, row, server: last } = this;
    this.server = server;
    const wrong = shape.columns.flatMap((c, i) => (which(c) && !isNear(c, shape.get(base, i), shape.get(server, i)) ? [i] : []));
    if (wrong.length === 0) return undefined;
    const before = this.row;
    const mended = structuredClone(base!);
    let mistaken = false;
    for (const i of wrong) {
      const [c, mine, theirs] = [shape.columns[i], shape.get(base, i), shape.get(server, i)];
      if (theirs === undefined) continue;
      const v = settled(c, mine, theirs);
      shape.set(mended, i, v);
      const left = !isBlended(c) && mine === shape.get(last, i) && shape.get(row, i) === mine;
      mistaken ||= v === theirs && this.stepped[i] && !left;
    }
    if (mistaken) this.corrections++;
    this.replay(mended);
    return before;
  }

  /** Runs the pending commands on a row. */
  private replay(base: T): void {
    this.base = base;
    let row = base;
    this.previous = row;
    for (const p of this.pending) {
      this.previous = row;
      row = p.after = this.after(row, p.command);
    }
    this.row = row;
  }
}

/** What a Prediction needs to know. */
export interface PredictionOptions<T, C> {
  /** The name of the command input. */
  command: string;
  /** The table that the command steps. */
  table: Table<T>;
  step: Step<T, C>;
  /** Milliseconds in which a correction's jump fades to a half; 0 shows it at once. Default 60. */
  smoothing?: number;
  /** Jumps further than this in any float column are shown at once, as a respawn is. Default 5. */
  snap?: number;
}

/**
 * Predicts this player's row of a table: sends the commands that are due and
 * shows their effect at once.
 */
export class Prediction<T extends object, C extends object> {
  private predictor: Predictor<T, C>;
  private readonly stops: (() => void)[];
  private readonly smoothing: number;
  private readonly snap: number;
  private shape = new Shape([]);
  private offset = new Map<number, number>(); // by column: what is shown less what is predicted
  private faded = 0; // when offset was right
  private hz: number;

  constructor(
    private readonly room: Room<World>,
    private readonly options: PredictionOptions<T, C>,
  ) {
    this.smoothing = options.smoothing ?? 60;
    this.snap = options.snap ?? 5;
    this.hz = room.hz;
    this.predictor = this.fresh();
    this.framed(0);
    this.stops = [
      room.onFrame((_, ack) => this.framed(ack)),
      room.onOwner(() => this.owned()),
      room.onStatus((status) => {
        if (status === 'reconnecting') this.predictor.reset();
      }),
    ];
  }

  /** How often the server's row was not the predicted one, apart from what the server alone changes. */
  get corrections(): number {
    return this.predictor.corrections;
  }

  /** Commands that the server has not acknowledged. */
  get waiting(): number {
    return this.predictor.waiting;
  }

  /** The row after all commands that were sent, exactly as predicted. */
  get row(): Readonly<T> | undefined {
    return this.predictor.row;
  }

  /**
   * Sends and predicts the command for each tick that is due, which is one or
   * none when it is called about as often as the room ticks. Returns how many
   * there were.
   */
  update(command: (tick: number) => C, now: number = performance.now()): number {
    if (this.room.status !== 'joined' || this.predictor.full) return 0;
    const ticks = this.room.pacer.due(now);
    for (const tick of ticks) {
      // The server reads the command from its payload, where it is rounded.
      const read = this.room.command(this.options.command as never, tick, command(tick) as never) as C;
      this.predictor.run(tick, read);
    }
    return ticks.length;
  }

  /**
   * The row to draw now: between the last two commands' rows, with
   * corrections fading in. Undefined while the player has no row.
   */
  sample(now: number = performance.now()): Readonly<T> | undefined {
    const { row, previous } = this.predictor;
    if (row === undefined || previous === undefined) return undefined;
    const drawn = blendRows(this.shape, previous as Fields, row as Fields, this.room.pacer.fraction(now));
    this.fade(now);
    for (const [i, offset] of this.offset) {
      const v = this.shape.get(drawn, i);
      if (typeof v === 'number') this.shape.set(drawn, i, blendScalar(this.shape.columns[i], v, v + offset, 1));
    }
    return drawn as T;
  }

  /** Stops listening. */
  close(): void {
    for (const stop of this.stops) stop();
  }

  private fresh(): Predictor<T, C> {
    return new Predictor<T, C>(this.options.step, Math.fround(1 / this.room.hz));
  }

  private framed(ack: number): void {
    if (this.hz !== this.room.hz) {
      this.hz = this.room.hz;
      this.predictor = this.fresh();
    }
    const { columns } = this.options.table;
    if (this.shape.columns !== columns) this.shape = new Shape(columns);
    this.predictor.describe(columns);
    this.correct(this.predictor.reconcile(ack, this.options.table.get(this.room.player) as T | undefined));
  }

  private owned(): void {
    const row = this.options.table.get(this.room.player);
    if (row !== undefined) this.correct(this.predictor.reconcileOwner(row as T));
  }

  /** Keeps what is shown in place while the prediction jumps. */
  private correct(before: T | undefined): void {
    const after = this.predictor.row;
    if (before === undefined || after === undefined || this.smoothing === 0) return;
    this.shape.columns.forEach((c, i) => {
      const [from, to] = [this.shape.get(before, i), this.shape.get(after, i)];
      if (!isBlended(c) || typeof from !== 'number' || typeof to !== 'number') return;
      const angle = (c.flags & ColumnFlag.Angle) !== 0;
      const offset = (this.offset.get(i) ?? 0) + (angle ? turn(to, from) : from - to);
      this.offset.set(i, offset);
    });
    const far = [...this.offset].some(([i, offset]) => (this.shape.columns[i].flags & ColumnFlag.Angle) === 0 && Math.abs(offset) > this.snap);
    if (far) this.offset.clear();
  }

  private fade(now: number): void {
    if (this.faded === 0) this.faded = now;
    const keep = this.smoothing === 0 ? 0 : 0.5 ** ((now - this.faded) / this.smoothing);
    this.faded = now;
    for (const [i, offset] of this.offset) {
      if (Math.abs(offset * keep) < 1e-4) this.offset.delete(i);
      else this.offset.set(i, offset * keep);
    }
  }
}
