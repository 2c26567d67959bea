/** The rows and messages of the arena, named as in rules.go. */

export interface PlayerRow {
  X: number;
  Y: number;
  Aim: number;
  HP: number;
  Safe: boolean;
  Away: boolean;
  Drone: boolean;
  Kills: number;
  Deaths: number;
  Streak: number;
  Name: string;
  /** Known of oneself only. */
  Ammo: number;
  /** On its shelf, from all games. */
  Trophies: number;
}

export interface TrophyRow {
  X: number;
  Y: number;
  /** 0 bronze, 1 silver, 2 gold. */
  Metal: number;
}

/** A trophy is on one's shelf, on disk; or it could not be put there. */
export interface LootedEvent {
  Metal: number;
  Kept: boolean;
}

export interface BulletRow {
  By: number;
  X: number;
  Y: number;
  Aim: number;
  Fired: number;
}

export interface PickupRow {
  X: number;
  Y: number;
  Ammo: boolean;
  Here: boolean;
}

export interface RoundRow {
  Number: number;
  Podium: boolean;
  Ends: number;
  Winner: number;
}

export interface KillEvent {
  By: number;
  Of: number;
}

export interface HitEvent extends KillEvent {
  X: number;
  Y: number;
}

export interface SaidEvent {
  By: number;
  Line: number;
}

export interface MoveInput {
  X: number;
  Y: number;
  Aim: number;
  Fire: boolean;
}

/** The metals of trophies, by number. */
export const METALS = ['bronze', 'silver', 'gold'];

/** What one can say with the keys 1 to 4; Say.Line counts from 0. */
export const LINES = ['Hello!', 'Nice shot', 'Oops', 'Good game'];
