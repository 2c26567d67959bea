import type { ParlorError } from '../protocol';
import type { Unsubscribe } from '../signal';

/** What is shown by one connection: a user with two tabs is two members. */
export interface Member<S> {
  /** Of the connection, for as long as it lasts. */
  readonly number: number;
  readonly user: string;
  /** Who sees the state: a group, or '' for everyone. */
  readonly group: string;
  /** Another object whenever it changes. */
  readonly state: Readonly<S>;
}

/** A part of the plane. */
export interface Rect {
  x: number;
  y: number;
  width: number;
  height: number;
}

/** Who gets a cast. */
export interface CastTo {
  /** A group that this connection is in; everyone unless set. */
  group?: string;
  /** One member only. */
  to?: number;
}

/** A cast that arrived. */
export interface Casted<D> {
  /** The member it is from. */
  readonly from: number;
  readonly group: string;
  readonly data: D;
}

/**
 * Who is in a room and what they show: S is the state's Go struct, C its casts
 * by name. What is shown here is sent at the room's rate, the newest only.
 */
export class Presence<S extends object = Record<string, any>, C extends object = Record<string, any>> {
  /** The number of this connection's own member; 0 while there is none. */
  me = 0;
  /** Everyone who is shown, this connection too. */
  readonly members: ReadonlyMap<number, Member<S>> = new Map();

  /** This connection's own member, as the server has it. */
  get self(): Member<S> | undefined {
    return this.members.get(this.me);
  }

  /** Everyone but this connection; the same array until something changes. */
  get others(): readonly Member<S>[] {
    return [];
  }

  /** What this connection shows, sent or not. */
  get shown(): Readonly<Partial<S>> {
    return {} as Partial<S>;
  }

  /** Changes what this connection shows. group: who sees it from now on; '' everyone. */
  show(_partial: Partial<S>, _options: { group?: string } = {}): void {}

  /** Sends a message that is no state; dropped while there is no connection. */
  cast<N extends keyof C & string>(_name: N, _data: Partial<C[N]>, _to: CastTo = {}): void {}

  onCast<N extends keyof C & string>(_name: N, _on: (cast: Casted<C[N]>) => void): Unsubscribe {
    return () => {};
  }

  /** Says what part of the plane is drawn; null: all of it. */
  look(_rect: Rect | null): void {}

  /** Goes on seeing a member wherever it is; null: nobody. */
  follow(_member: number | null): void {}

  enterGroup(_name: string): void {}

  leaveGroup(_name: string): void {}

  /** Calls on after each frame with the numbers of members that came, changed or left. */
  onChange(_on: (changed: ReadonlySet<number>) => void): Unsubscribe {
    return () => {};
  }

  /** Refusals of shows, casts and groups. */
  onError(_on: (error: ParlorError) => void): Unsubscribe {
    return () => {};
  }
}
