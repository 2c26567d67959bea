/** All colours of the arena, in one place. */
export const INK = {
  night: '#090b11',
  floor: '#121722',
  floorLight: '#1a202e',
  line: 'rgba(148, 170, 220, 0.075)',
  lineStrong: 'rgba(148, 170, 220, 0.15)',
  wallTop: '#46536d',
  wallTopLow: '#394459',
  wallSide: '#222a3b',
  wallEdge: 'rgba(200, 215, 255, 0.2)',
  me: '#5ce1c6',
  bullet: '#ffd27a',
  hurt: '#ff5d6c',
  heal: '#6ee787',
  ammo: '#ffc861',
  metals: ['#c98a5a', '#c3cede', '#ffd24a'],
  text: '#e8ecf6',
  faint: '#8b95ab',
};

const DRONES = ['#c9926f', '#86a3cf', '#a9b27a', '#a792c9', '#7fb3ad', '#c98f9e'];
const PEOPLE = ['#ff7a6b', '#6aa8ff', '#ffb84d', '#b78bff', '#ff7fc0', '#7bd86a', '#4fc8e8', '#f2e15c'];

/** The colour of a fighter; one's own is always the same. */
export function colourOf(id: number, drone: boolean, me: boolean): string {
  if (me) return INK.me;
  const colours = drone ? DRONES : PEOPLE;
  return colours[(id & 0xfffff) % colours.length];
}

/** A colour with another opacity; takes #rrggbb. */
export function fade(colour: string, alpha: number): string {
  const n = parseInt(colour.slice(1), 16);
  return `rgba(${n >> 16}, ${(n >> 8) & 255}, ${n & 255}, ${alpha})`;
}
