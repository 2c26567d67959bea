import { Board } from '../board/board';
import { PresenceRoom } from '../presence/room';
import { RecordClient, type RecordClientOptions } from '../records/client';

export type TogetherClientOptions = RecordClientOptions;

export interface PresenceOptions<S> {
  /** What is shown from the beginning. */
  state?: Partial<S>;
}

export interface BoardOptions {
  /** Keeps the board and its pending edits over reloads, so that the page works without a connection. */
  offline?: boolean;
  /** What is shown of oneself from the beginning. */
  presence?: Record<string, any>;
}

/** A client that opens presence rooms, boards and Yjs rooms too, on the same connection. */
export class TogetherClient extends RecordClient {
  /** Enters a presence room, "kind/name". */
  async presence<S extends object = Record<string, any>, C extends object = Record<string, any>>(_name: string, _options: PresenceOptions<S> = {}): Promise<PresenceRoom<S, C>> {
    return new PresenceRoom<S, C>();
  }

  /** Opens a board, "kind/name". */
  async board<C extends object = Record<string, any>>(_name: string, _options: BoardOptions = {}): Promise<Board<C>> {
    return new Board<C>();
  }
}
