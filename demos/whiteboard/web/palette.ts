import type { Style } from './shape';

export type Theme = 'light' | 'dark';

/** One colour as it looks in a theme. */
export interface Tone {
  readonly line: string;
  readonly soft: string; // a light filling
  readonly solid: string; // a full one
  readonly note: string; // the paper of a sticky note
  readonly on: string; // words on a full filling
}

/** What is not coloured by its author. */
export interface Surface {
  readonly paper: string;
  readonly dots: string;
  readonly frame: string;
  readonly edge: string;
  readonly label: string;
  readonly ink: string; // words on a note
  readonly missing: string; // in place of an image
}

/** The colours' names, as the room knows them. */
export const COLORS = ['ink', 'grey', 'red', 'orange', 'yellow', 'green', 'teal', 'blue', 'violet', 'pink'] as const;

const tone = (line: string, soft: string, solid: string, note: string, on: string): Tone => ({ line, soft, solid, note, on });

const TONES: Record<Theme, Record<string, Tone>> = {
  light: {
    ink: tone('#1d2433', '#e7eaf0', '#3b4457', '#dfe3ea', '#ffffff'),
    grey: tone('#747e92', '#eff1f5', '#98a2b4', '#e9ebf0', '#ffffff'),
    red: tone('#d83a42', '#fde3e2', '#e8595f', '#ffb9b3', '#ffffff'),
    orange: tone('#dc6b14', '#fde8d3', '#f08a3a', '#ffcf9b', '#ffffff'),
    yellow: tone('#c08a00', '#fdf3cb', '#f2bd2c', '#ffe484', '#33290a'),
    green: tone('#2a9150', '#dcf3e2', '#47ad69', '#bcebc1', '#ffffff'),
    teal: tone('#0c8c83', '#d5f2ef', '#2fb0a4', '#aeebe2', '#ffffff'),
    blue: tone('#2d6adb', '#e0eafd', '#5089ee', '#bcd7fc', '#ffffff'),
    violet: tone('#7b4fd3', '#eae2fb', '#9571e4', '#dbcafb', '#ffffff'),
    pink: tone('#cc3c8a', '#fce2f0', '#e063a6', '#fcc7e1', '#ffffff'),
  },
  dark: {
    ink: tone('#eef1f8', '#272e3d', '#c9d0de', '#cfd5e0', '#10141d'),
    grey: tone('#98a2b6', '#232936', '#7c869a', '#b4bbc9', '#10141d'),
    red: tone('#ff7a7d', '#3d2026', '#e0575d', '#ef9c97', '#1d0a0b'),
    orange: tone('#ff9d52', '#3b281b', '#e48538', '#efb57c', '#1f1004'),
    yellow: tone('#f5c945', '#36301a', '#e2b432', '#ecd06c', '#221a02'),
    green: tone('#62d288', '#1b3325', '#44a968', '#9ad8a3', '#04170b'),
    teal: tone('#4ed3c4', '#173433', '#2da79b', '#8fd8cf', '#031816'),
    blue: tone('#76a9ff', '#1e2c49', '#4d84e6', '#9fc3f3', '#050f22'),
    violet: tone('#b294ff', '#2b2547', '#8d69dd', '#c4b0ee', '#10072a'),
    pink: tone('#ff80bd', '#3a1f31', '#d8599c', '#eeabce', '#230615'),
  },
};

const SURFACES: Record<Theme, Surface> = {
  light: { paper: '#fafbfd', dots: '#d5dae4', frame: '#ffffff', edge: '#c3cad8', label: '#6b7589', ink: '#262218', missing: '#e6e9f0' },
  dark: { paper: '#10141d', dots: '#29303f', frame: '#161b27', edge: '#3b4457', label: '#8f99ae', ink: '#1c1910', missing: '#232a38' },
};

export function toneOf(style: Style, theme: Theme): Tone {
  const tones = TONES[theme];
  return tones[style.color ?? 'ink'] ?? tones.ink;
}

export function surfaceOf(theme: Theme): Surface {
  return SURFACES[theme];
}

/** Colours of people: seen on light and on dark paper, with white words on them. */
export const PEOPLE = ['#e5484d', '#d9480f', '#b7791f', '#2f9e44', '#0c8599', '#1c7ed6', '#5f3dc4', '#9c36b5', '#c2255c', '#364fc7'] as const;
