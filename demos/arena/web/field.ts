import data from './field.json';

/** The map and the rules' numbers; field.json is written by the rules' test. */
export const FIELD = data;

/** An upright rectangle: x, y, width, height in metres. */
export type Wall = readonly [number, number, number, number];

export const WALLS = data.walls as unknown as readonly Wall[];
