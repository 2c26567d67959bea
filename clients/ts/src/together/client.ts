import { type Board, type BoardState, makeBoard } from '../board/board';
import type { PatientRoom } from '../client';
import { makePresenceRoom, type PresenceRoom } from '../presence/room';
import { Code, ParlorError } from '../protocol';
import { RecordClient, type RecordClientOptions } from '../records/client';
import type { Seat } from './seat';

export type TogetherClientOptions = RecordClientOptions;

export interface PresenceOptions<S> {
  /** What is shown from the beginning. */
  state?: Partial<S>;
  /** Private groups to be in from the beginning. */
  groups?: readonly string[];
}

export interface BoardOptions {
  /** Keeps the board and its pending edits over reloads, so that the page works without a connection. */
  offline?: boolean;
  /** What is shown of oneself from the beginning. */
  presence?: Partial<BoardState>;
}

/**
 * A client that opens presence rooms, boards and Yjs rooms too, on the same
 * connection.
 */
export class TogetherClient extends RecordClient {
  /** Enters a presence room, "kind/name". */
  async presence<S extends object = Record<string, any>, C extends object = Record<string, any>>(name: string, { state, groups = [] }: PresenceOptions<S> = {}): Promise<PresenceRoom<S, C>> {
    const room = makePresenceRoom<S, C>(name, this.now, (seat) => this.release(seat));
    for (const group of groups) room.enterGroup(group);
    await this.seat(room.seat);
    if (state !== undefined) room.show(state);
    return room;
  }

  /**
   * Opens a board, "kind/name". With options.offline a page that was here before
   * gets its board at once, connected or not.
   */
  async board<C extends object = Record<string, any>>(name: string, { offline = false, presence }: BoardOptions = {}): Promise<Board<C>> {
    this.refuseClosed();
    const home = await this.recordsHome();
    const { board, usable } = await makeBoard<C>(home, { server: this.url, name, offline, now: this.now, forgotten: (seat) => this.release(seat) });
    if (presence !== undefined) board.presence.show(presence);
    if (usable) this.attend(board.seat);
    else await this.seat(board.seat);
    return board;
  }

  /** Brings a room onto the connection, now and whenever there is a new one. For rooms that are made outside of the client. */
  attend(room: PatientRoom): void {
    this.refuseClosed();
    this.patient.add(room);
    void this.recordsHome().finally(() => this.wake());
  }

  /** Ends what attend began. */
  release(room: PatientRoom): void {
    this.patient.delete(room);
  }

  /** Waits until a room is entered; one that is refused is over. */
  private async seat(seat: Seat): Promise<void> {
    this.refuseClosed();
    this.patient.add(seat);
    try {
      await this.recordsHome(); // a guest stays the same user
      await seat.enter(await this.connect(), this.welcome!.user);
    } catch (error) {
      this.release(seat);
      seat.end();
      throw error;
    }
  }

  private refuseClosed(): void {
    if (this.status === 'closed') throw new ParlorError(Code.GOING_AWAY, 'the client is closed');
  }
}
