/** What one picture shows. Places are metres, angles radians, times seconds. */
export interface Scene {
  fighters: Fighter[];
  shots: Shot[];
  pickups: readonly Supply[];
  trophies: readonly Cup[];
  /** The fighter whose eyes we have, if it is in the room. */
  me: Fighter | undefined;
  /** Where the mouse points, in metres; undefined without one. */
  pointer: readonly [number, number] | undefined;
  /** Fingers on the glass. */
  sticks: readonly Stick[];
}

/** A finger: where it came down in CSS pixels, and how far it is pushed, -1 to 1. */
export interface Stick {
  fromX: number;
  fromY: number;
  x: number;
  y: number;
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
  trophies: number;
}

/** A trophy that lies around. */
export interface Cup {
  x: number;
  y: number;
  metal: number;
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
