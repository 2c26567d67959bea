import type { PresenceRoom } from '../../../clients/ts/src/together';

/** What a connection shows: Cursor of rules.go. */
export interface Cursor {
  Name: string;
  Color: string;
  X: number;
  Y: number;
  Away: boolean;
  Saying: string;
}

/** The messages that are no state. */
export interface Casts {
  Emote: { Kind: string; X: number; Y: number };
  Ripple: { X: number; Y: number };
}

export type Room = PresenceRoom<Cursor, Casts>;
