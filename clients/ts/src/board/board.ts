import type { ParlorError } from '../protocol';
import type { MutationError } from '../records/write';
import type { Unsubscribe } from '../signal';
import { Presence } from '../presence/presence';
import type { SeatStatus } from '../together/seat';
import type { Geo, Move, NewShape, Op, OrderTo, Shape, ShapePatch } from './shape';

/** What a board's members show, as the server's program has it. */
export interface BoardState {
  Name: string;
  Color: string;
  X: number;
  Y: number;
  [field: string]: any;
}

/** An edit that the server refused: it is shown no more. */
export interface RejectedEdit {
  /** "edit", "undo", … */
  readonly name: string;
  readonly args: unknown;
  readonly error: MutationError;
}

/** A version that a board keeps. */
export interface Version {
  readonly name: string;
  [field: string]: any;
}

/** Where somebody drags a shape. */
export interface DraggedShape {
  /** The member who drags; 0: somebody unknown. */
  readonly member: number;
  readonly geo: Readonly<Geo>;
}

export interface EditOptions {
  /** Edits of one gesture are one step to undo; see newGesture. */
  gesture?: number;
}

/**
 * A board: shapes as the server has them, with this page's own edits and
 * everyone's drags laid over. It is the same object over reconnections.
 */
export class Board<C extends object = Record<string, any>> {
  /** "kind/name". */
  readonly name: string = '';
  readonly status: SeatStatus = 'opening';
  /** The user's role, as the room names it. */
  readonly role: string = '';
  /** The whole board has come at least once. */
  readonly loaded: boolean = false;
  /** Cursors and casts of the board's members. */
  readonly presence: Presence<BoardState, C> = new Presence<BoardState, C>();
  /** All shapes. */
  readonly shapes: ReadonlyMap<string, Shape> = new Map();
  /** Shapes that others drag now; shapes has their geo already. */
  readonly drags: ReadonlyMap<string, DraggedShape> = new Map();
  /** Edits that the server has not answered. */
  readonly pending: number = 0;

  /** All shapes from the back to the front; the same array until it changes. */
  sorted(): readonly Shape[] {
    return [];
  }

  /** The number of a new gesture. */
  newGesture(): number {
    return 1;
  }

  /** Adds a shape, in front of all others unless it has an index; returns its ID. */
  add(_shape: NewShape, _options: EditOptions = {}): string {
    return '';
  }

  /** Changes keys of shapes, each whole. */
  patch(_patches: ShapePatch | readonly ShapePatch[], _options: EditOptions = {}): Promise<unknown> {
    return Promise.resolve();
  }

  remove(_ids: string | readonly string[], _options: EditOptions = {}): Promise<unknown> {
    return Promise.resolve();
  }

  order(_ids: string | readonly string[], _to: OrderTo, _options: EditOptions = {}): Promise<unknown> {
    return Promise.resolve();
  }

  /** Puts shapes into a new group; returns its ID. */
  group(_ids: readonly string[], _options: EditOptions = {}): string {
    return '';
  }

  ungroup(_ids: string | readonly string[], _options: EditOptions = {}): Promise<unknown> {
    return Promise.resolve();
  }

  /** Does all operations or none. It shows at once; the promise settles with the server's word. */
  edit(_ops: readonly Op[], _options: EditOptions = {}): Promise<unknown> {
    return Promise.resolve();
  }

  /** Shows shapes where they are dragged, here at once and to others at the board's rate. Nothing is kept before endDrag. */
  drag(_gesture: number, _moves: Iterable<Move>): void {}

  /** Keeps the shapes where the gesture has them. */
  endDrag(_gesture: number): void {}

  /** Gives the gesture up: the shapes are where they were. */
  cancelDrag(_gesture: number): void {}

  undo(): Promise<unknown> {
    return Promise.resolve();
  }

  redo(): Promise<unknown> {
    return Promise.resolve();
  }

  /** Removes all shapes, as one step to undo. */
  clear(): Promise<unknown> {
    return Promise.resolve();
  }

  /** Keeps the board as it is under a name. */
  save(_name: string): Promise<unknown> {
    return Promise.resolve();
  }

  versions(): Promise<readonly Version[]> {
    return Promise.resolve([]);
  }

  /** Makes the board what it was in a version, as a new edit. */
  restore(_name: string): Promise<unknown> {
    return Promise.resolve();
  }

  /** Calls on with the IDs of shapes that came, changed or went. */
  onChange(_on: (ids: ReadonlySet<string>) => void): Unsubscribe {
    return () => {};
  }

  onStatus(_on: (status: SeatStatus, error: ParlorError | undefined) => void): Unsubscribe {
    return () => {};
  }

  /** Calls on with each edit that the server refused. */
  onRejected(_on: (edit: RejectedEdit) => void): Unsubscribe {
    return () => {};
  }

  /** Leaves the room; edits that are not sent are kept only with the option offline. */
  leave(): void {}
}
