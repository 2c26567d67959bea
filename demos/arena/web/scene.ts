/** What one picture shows. Places are metres, angles radians, times seconds. */
export interface Scene {
  fighters: Fighter[];
  shots: Shot[];
  pickups: readonly Supply[];
  /** The fighter whose eyes we have, if it is in the room. */
  me: Fighter | undefined;
  /** Where the mouse points, in metres; undefined without one. */
  pointer: readonly [number, number] | undefined;
}

export interface Fighter {
  id: number;
  name: string;
  me: boolean;
  drone: boolean;
  away: boolean;
  safe: boolean;
  x: number;
  y: number;
  aim: number;
  hp: number;
  ammo: number;
  kills: number;
  deaths: number;
  streak: number;
}

/** A bullet's place on its straight way. */
export interface Shot {
  x: number;
  y: number;
  aim: number;
  /** Metres since it was fired. */
  flown: number;
  mine: boolean;
}

export interface Supply {
  x: number;
  y: number;
  ammo: boolean;
  here: boolean;
}
