import { onHide } from '../hide';
import type { Presence } from '../presence/presence';
import { Code, ParlorError } from '../protocol';
import type { RecordsHome } from '../records/open';
import { newID } from '../records/ulid';
import { type Delivery, MOST_BYTES, MutationError, NOT_CONNECTED } from '../records/write';
import type { Unsubscribe } from '../signal';
import { DragPhase } from '../together/messages';
import type { Seat, SeatStatus } from '../together/seat';
import type { DraggedShape } from './drags';
import { Kept } from './kept';
import type { Move, NewShape, Op, OrderTo, Shape, ShapePatch } from './shape';
import { BoardSync } from './sync';
import { BoardWrite, type EditArgs } from './writes';

/** What a board's members show of themselves: at most 1 KiB in all. */
export interface BoardState {
  Name: string;
  Color: string;
  /** The cursor, on the page. */
  X: number;
  Y: number;
  /** IDs of shapes, about 20 at most. */
  Selection: string[] | null;
  Tool: string;
  /** The ID of the shape whose text is being typed. */
  Editing: string;
  Laser: boolean;
  /** The part of the page that is on the screen. */
  ViewX: number;
  ViewY: number;
  ViewW: number;
  ViewH: number;
}

/** An edit that the server refused: it is shown no more. */
export interface RejectedEdit {
  /** "edit", "undo", … */
  readonly name: string;
  readonly args: EditArgs;
  readonly error: MutationError;
}

/** A version that a board keeps. */
export interface Version {
  readonly name: string;
  /** Milliseconds since 1970. */
  readonly time: number;
  readonly by: string;
  /** How many shapes it has. */
  readonly shapes: number;
}

export interface EditOptions {
  /** Edits of one gesture are one step to undo; see newGesture. */
  gesture?: number;
}

const encoder = new TextEncoder();

/**
 * A board: shapes as the server has them, with this page's own edits and
 * everyone's drags laid over. It is the same object over reconnections;
 * client.board makes it.
 */
export class Board<C extends object = Record<string, any>> {
  /** Resolves when all shapes are here. */
  readonly ready: Promise<void>;
  private gesture = 0;
  private steps = { undo: 1, redo: 1 }; // that are left, as far as is known
  private readonly stopHiding: Unsubscribe;

  constructor(
    private readonly sync: BoardSync,
    private readonly forgotten: (seat: Seat) => void,
  ) {
    this.ready = new Promise((resolve) => (sync.loaded ? resolve() : (sync.onLoaded = resolve)));
    this.stopHiding = onHide(() => sync.kept?.flush());
    sync.onLost = () => this.keepEnds();
  }

  get seat(): Seat {
    return this.sync.seat;
  }

  /** "kind/name". */
  get name(): string {
    return this.seat.name;
  }

  get status(): SeatStatus {
    return this.seat.status;
  }

  /** The user's ID; '' before it is known. */
  get user(): string {
    return this.sync.user;
  }

  /** reader, writer or owner. */
  get role(): string {
    return this.sync.role;
  }

  /** All shapes have come at least once. */
  get loaded(): boolean {
    return this.sync.loaded;
  }

  /** All shapes by ID. A shape that did not change is the same object. */
  get shapes(): ReadonlyMap<string, Shape> {
    return this.sync.layers.shapes;
  }

  /** Shapes that others drag now, which shapes has where they are dragged. */
  get drags(): ReadonlyMap<string, DraggedShape> {
    return this.sync.others.held;
  }

  /** Settings of the board as a whole, as the server has them. */
  get settings(): ReadonlyMap<string, unknown> {
    return this.sync.settings;
  }

  /** The board's members: cursors, selections, casts. */
  get presence(): Presence<BoardState, C> {
    return this.sync.presence as Presence<BoardState, C>;
  }

  /** Edits that the server has not answered. */
  get pending(): number {
    return this.sync.writes.pending;
  }

  /** False when the server has said that there is nothing to undo. */
  get canUndo(): boolean {
    return this.steps.undo > 0;
  }

  get canRedo(): boolean {
    return this.steps.redo > 0;
  }

  /** All shapes from the back to the front, what is in a group or frame behind it; the same array until something changes. */
  sorted(): readonly Shape[] {
    return this.sync.layers.sorted();
  }

  /** The number of a new gesture: of a drag, or of edits that are one step to undo. */
  newGesture(): number {
    return ++this.gesture;
  }

  /** Adds a shape, in front of its siblings unless it has an index; returns its ID. */
  add(shape: NewShape, options: EditOptions = {}): string {
    const id = shape.id ?? newID();
    void this.edit([{ add: { ...shape, id } }], options).catch(() => {});
    return id;
  }

  /** Changes shapes: of geo, style and props the members that are given. */
  patch(patches: ShapePatch | readonly ShapePatch[], options: EditOptions = {}): Promise<unknown> {
    const list = Array.isArray(patches) ? (patches as readonly ShapePatch[]) : [patches as ShapePatch];
    return this.edit(list.map((patch) => ({ patch })), options);
  }

  /** Removes shapes with all that is in them. */
  remove(ids: string | readonly string[], options: EditOptions = {}): Promise<unknown> {
    return this.edit([{ remove: listOf(ids) }], options);
  }

  /** Moves shapes to the front or the back of their siblings, or one step there. */
  order(ids: string | readonly string[], to: OrderTo, options: EditOptions = {}): Promise<unknown> {
    return this.edit([{ order: { ids: listOf(ids), to } }], options);
  }

  /** Puts siblings into a new group; returns its ID. */
  group(ids: readonly string[], options: EditOptions = {}): string {
    const id = newID();
    void this.edit([{ group: { id, ids } }], options).catch(() => {});
    return id;
  }

  ungroup(ids: string | readonly string[], options: EditOptions = {}): Promise<unknown> {
    return this.edit([{ ungroup: listOf(ids) }], options);
  }

  /** Changes settings of the board as a whole; null removes one. */
  set(settings: Record<string, any>): Promise<unknown> {
    return this.edit([{ board: settings }]);
  }

  /**
   * Does all operations or none. It shows at once; the promise settles with the
   * server's word, on this connection or a later one.
   */
  edit(ops: readonly Op[], { gesture = 0 }: EditOptions = {}): Promise<unknown> {
    const named = ops.map((op) => ('add' in op ? { add: { ...op.add, id: op.add.id ?? newID() } } : op));
    const write = this.make('durable', 'edit', { gesture, ops: named }, named.map((op) => this.placed(op)));
    this.steps = { undo: 1, redo: 0 };
    return this.begin(write);
  }

  /** Shows shapes where they are dragged, here at once and to others at the board's rate. Nothing is kept before endDrag. */
  drag(gesture: number, moves: Iterable<Move>): void {
    const { gestures, layers } = this.sync;
    this.sync.tell(layers.update(gestures.move(gesture, moves)));
  }

  /** Keeps the shapes where the gesture has them, as one step to undo. */
  endDrag(gesture: number): void {
    const { gestures, ends, seat } = this.sync;
    const moves = gestures.finish(gesture, DragPhase.End).filter((m) => !this.sync.layers.has(m)); // what rested is kept already
    if (moves.length === 0) return;
    this.steps = { undo: 1, redo: 0 };
    if (!seat.online) return this.keep(gesture, moves);
    ends.add(gesture, moves);
    this.sync.show(moves.map(({ id }) => id));
  }

  /** Gives the gesture up: the shapes are where they were. */
  cancelDrag(gesture: number): void {
    const moves = this.sync.gestures.finish(gesture, DragPhase.Cancel);
    this.sync.tell(this.sync.layers.update(moves.map(({ id }) => id)));
  }

  /** Takes back this user's last step, where others have not changed it since. Needs a connection. */
  undo(): Promise<unknown> {
    return this.step('undo');
  }

  redo(): Promise<unknown> {
    return this.step('redo');
  }

  /** Removes all shapes that this user may remove, as one step to undo. */
  clear(): Promise<unknown> {
    const { role, user, sync } = this;
    const mine = [...sync.layers.shapes.values()].filter((s) => !s.locked || role === 'owner' || s.by === user);
    return this.begin(this.make('durable', 'clear', {}, [{ remove: mine.map(({ id }) => id) }]));
  }

  /** Keeps the board as it is under a name. Needs a connection. */
  async save(name: string): Promise<void> {
    await this.ask('save', { name });
  }

  /** The versions that are kept, newest last. Needs a connection. */
  async versions(): Promise<readonly Version[]> {
    const result = (await this.ask('versions', {})) as { versions?: Version[] } | undefined;
    return result?.versions ?? [];
  }

  /** Makes the board what it was in a version, as a new edit. Needs a connection. */
  async restore(name: string): Promise<void> {
    await this.ask('restore', { name });
  }

  /** Deletes a version. Needs a connection. */
  async forget(name: string): Promise<void> {
    await this.ask('forget', { name });
  }

  /** Calls on with the IDs of shapes that came, changed or went: others' drags too. */
  onChange(on: (ids: ReadonlySet<string>) => void): Unsubscribe {
    return this.sync.changes.on(on);
  }

  /** Calls on when the connection, or the role, changes. */
  onStatus(on: (status: SeatStatus, error: ParlorError | undefined) => void): Unsubscribe {
    return this.seat.statuses.on(on);
  }

  /** Calls on with each edit that the server refused. */
  onRejected(on: (edit: RejectedEdit) => void): Unsubscribe {
    return this.sync.refusals.on((name, args, error) => on({ name, args: args as EditArgs, error: error as MutationError }));
  }

  /** Calls on with refused drags, shows and casts. */
  onError(on: (error: ParlorError) => void): Unsubscribe {
    return this.presence.onError(on);
  }

  /** Leaves the board. Edits that are not answered are kept with the option offline, else lost. */
  leave(): void {
    this.stopHiding();
    this.sync.close();
    this.forgotten(this.seat);
  }

  /** Makes a mutation; ops are what it shows here. */
  private make(delivery: Delivery, name: string, args: EditArgs, ops: readonly Op[] = []): BoardWrite {
    if (this.status === 'closed') throw new ParlorError(Code.LEFT, `${this.name} is closed`);
    const bytes = encoder.encode(JSON.stringify(args));
    if (bytes.length > MOST_BYTES) throw new MutationError(Code.TOO_LARGE, `an edit of ${bytes.length} bytes; a message takes 1 MiB: make several of one gesture`);
    return new BoardWrite(delivery, { name, args: { ...args, ops }, bytes, version: 0, author: { user: this.user, time: Date.now() } });
  }

  private begin(write: BoardWrite): Promise<unknown> {
    const settled = this.sync.writes.add(write);
    this.sync.tell(this.sync.layers.lay(write.effect));
    return settled;
  }

  /** An add as it shows here: in front of what is there now. */
  private placed(op: Op): Op {
    if (!('add' in op) || op.add.index !== undefined) return op;
    return { add: { ...op.add, index: this.sync.layers.front(op.add.parent ?? '') } };
  }

  private async step(name: 'undo' | 'redo'): Promise<unknown> {
    const left = (await this.ask(name, {})) as { undo?: number; redo?: number } | undefined;
    this.steps = { undo: left?.undo ?? 1, redo: left?.redo ?? 1 };
    return left;
  }

  private async ask(name: string, args: EditArgs): Promise<unknown> {
    if (!this.seat.online) throw new Error(NOT_CONNECTED);
    return this.sync.writes.add(this.make('confirmed', name, args));
  }

  /** Keeps where a drag ended as an edit, which arrives exactly once whatever becomes of the connection. */
  private keep(gesture: number, moves: readonly Move[]): void {
    void this.edit(moves.map(({ id, x, y, w, h, r }) => ({ patch: { id, geo: { x, y, w, h, r } } })), { gesture }).catch(() => {});
  }

  private keepEnds(): void {
    for (const { gesture, moves } of this.sync.ends.take()) this.keep(gesture, moves);
  }
}

function listOf(ids: string | readonly string[]): readonly string[] {
  return typeof ids === 'string' ? [ids] : [...ids];
}

/** What a board needs of the client that opens it. */
export interface BoardRequest {
  server: string;
  name: string;
  offline: boolean;
  now: () => number;
  forgotten: (seat: Seat) => void;
}

/** Makes a board from what is kept of it, if anything is. */
export async function makeBoard<C extends object>(home: RecordsHome, r: BoardRequest): Promise<{ board: Board<C>; usable: boolean }> {
  const { name, now, forgotten } = r;
  const scope = `${r.server} ${name}`;
  const writes = r.offline ? { ...home, scope } : undefined;
  const before = writes === undefined ? undefined : await Kept.board(writes.disk, scope);
  const sync = new BoardSync({ name, now, writes, before });
  const board = new Board<C>(sync, forgotten);
  if (before !== undefined) {
    sync.seat.startOffline();
    await sync.writes.adopt().catch(() => {});
  }
  return { board, usable: before !== undefined };
}
