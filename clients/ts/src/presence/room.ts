import { DecodeError } from '../bits';
import type { Refusal } from '../messages';
import type { Header, ParlorError } from '../protocol';
import type { Opened } from '../records/messages';
import type { Unsubscribe } from '../signal';
import { openWords, Seat, type SeatStatus, type Tenant } from '../together/seat';
import { parsePresence, type PresenceDescriptor } from './descriptor';
import { Presence } from './presence';

/** A presence room. It is the same object over reconnections; client.presence makes it. */
export class PresenceRoom<S extends object = Record<string, any>, C extends object = Record<string, any>> extends Presence<S, C> {
  constructor(
    readonly seat: Seat,
    now: () => number,
    private readonly forgotten: (seat: Seat) => void,
  ) {
    super({
      get online() {
        return seat.online;
      },
      send: (kind, body) => seat.send(kind, body),
      now,
    });
  }

  /** "kind/name". */
  get name(): string {
    return this.seat.name;
  }

  get status(): SeatStatus {
    return this.seat.status;
  }

  onStatus(on: (status: SeatStatus, error: ParlorError | undefined) => void): Unsubscribe {
    return this.seat.statuses.on(on);
  }

  /** Leaves the room for good. */
  leave(): void {
    this.seat.end();
    this.forgotten(this.seat);
  }
}

/** Makes a presence room that is not entered yet. */
export function makePresenceRoom<S extends object, C extends object>(name: string, now: () => number, forgotten: (seat: Seat) => void): PresenceRoom<S, C> {
  let descriptor: PresenceDescriptor | undefined;
  let hash = 0n;
  const tenant: Tenant = {
    words: () => openWords({ schemaHash: hash }),
    opened: (o: Opened) => {
      if (o.schema !== undefined) descriptor = parsePresence(JSON.parse(o.schema));
      if (descriptor === undefined) throw new DecodeError('the server sent no descriptor');
      hash = o.schemaHash;
      room.opened(descriptor, o.member, o.hz);
    },
    renewed: () => {},
    receive: (head: Header, body: Uint8Array) => void room.receive(head, body),
    refused: (refusal: Refusal) => room.refused(refusal),
    lost: () => room.lost(),
  };
  const room = new PresenceRoom<S, C>(new Seat(name, tenant), now, forgotten);
  return room;
}
