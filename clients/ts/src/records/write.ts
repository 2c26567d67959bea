import { ParlorError, codeName } from '../protocol';
import type { Author, LocalCollection, Overlay } from './overlay';
import type { Fields } from './row';
import type { Effect } from './store';
import type { Operation } from './wire';

/**
 * How sure a write is (R5.1). fire: nobody tells whether it arrived, and it is
 * dropped while offline. confirmed: a promise; it fails when the connection
 * does. durable: kept until the server has taken it, over reloads too.
 */
export type Delivery = 'fire' | 'confirmed' | 'durable';

/** What R5.1 says, word for word. */
export const DISCONNECTED = 'WebSocket disconnected';
export const NOT_CONNECTED = 'WebSocket not connected';
export const TIMED_OUT = 'Mutation confirmation timed out';

/** The most bytes of a mutation's arguments. */
export const MOST_BYTES = (1 << 20) - 1024;

/** The server refused a write. The message is the server's, word for word. */
export class MutationError extends ParlorError {
  override name = 'MutationError';

  constructor(
    code: number,
    reason: string,
    /** The field that a VALIDATION or DUPLICATE is about, or ''. */
    readonly field = '',
  ) {
    super(code, reason);
    this.message = reason === '' ? codeName(code) : reason;
  }
}

/** Does to the local rows what a mutation will do on the server. */
export type Mutator = (local: Record<string, LocalCollection>, args: Fields, author: Author) => void;

/** What is written: a mutation and its arguments, or built-in operations. */
export interface Content {
  /** '' for built-in operations. */
  readonly name: string;
  readonly args: Fields | readonly Operation[];
  /** args as the wire has them. */
  readonly bytes: Uint8Array;
  /** The schema's version when they were made. */
  readonly version: number;
  readonly author: Author;
}

/** One write with an ID, from its call to its receipt. */
export class Write implements Effect {
  id = 0;
  /** Given up by the caller: its ID is sent as void, should the server not have seen it. */
  void = false;
  /**
   * How far the disk is: a write is sent once it is there as one that may have
   * been sent. Writes that are not durable are sent at once.
   */
  kept: 'no' | 'unsent' | 'sent';
  /** The room's epoch when it may have been sent; 0: never. */
  epoch = 0n;
  /** Its effect shows in the overlay. */
  showing = true;
  /** The server has done it by this sequence, as it said; undefined before. */
  seq: bigint | undefined;
  timer: ReturnType<typeof setTimeout> | undefined;
  resolve: (result: unknown) => void = () => {};
  reject: (error: Error) => void = () => {};

  constructor(
    readonly delivery: Delivery,
    readonly content: Content,
    private readonly mutators: ReadonlyMap<string, Mutator>,
  ) {
    this.kept = delivery === 'durable' ? 'no' : 'sent';
  }

  show(overlay: Overlay): void {
    const { name, args, author } = this.content;
    if (name === '') return overlay.replay(author, args as readonly Operation[]);
    const mutator = this.mutators.get(name);
    if (mutator !== undefined) overlay.run(author, (local) => mutator(local, args as Fields, author));
  }
}
