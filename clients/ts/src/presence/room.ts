import type { ParlorError } from '../protocol';
import type { Unsubscribe } from '../signal';
import type { SeatStatus } from '../together/seat';
import { Presence } from './presence';

/** A presence room. It is the same object over reconnections. */
export class PresenceRoom<S extends object = Record<string, any>, C extends object = Record<string, any>> extends Presence<S, C> {
  /** "kind/name". */
  readonly name: string = '';
  readonly status: SeatStatus = 'opening';

  onStatus(_on: (status: SeatStatus, error: ParlorError | undefined) => void): Unsubscribe {
    return () => {};
  }

  /** Leaves the room for good. */
  leave(): void {}
}
