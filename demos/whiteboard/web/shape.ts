/** Shapes as the board's room holds them; rules.go says what they may contain. */

/** A box on the plane: x and y are its top left corner before it is turned by r radians about its middle. */
export interface Geo {
  readonly x: number;
  readonly y: number;
  readonly w: number;
  readonly h: number;
  readonly r: number;
}

export type Kind = 'pen' | 'rect' | 'ellipse' | 'arrow' | 'text' | 'note' | 'image' | 'frame' | 'group';
export type Size = 's' | 'm' | 'l' | 'xl';
export type Fill = 'none' | 'soft' | 'solid';
export type Dash = 'solid' | 'dashed';

export interface Style {
  readonly color?: string;
  readonly size?: Size;
  readonly fill?: Fill;
  readonly dash?: Dash;
}

/** An unchanged shape stays the same object: what is computed of one can be kept under it. */
export interface Shape {
  readonly id: string;
  readonly kind: string;
  readonly geo: Geo;
  readonly style: Style;
  readonly props: Props;
  readonly text: string;
  readonly index: string;
  readonly parent: string;
  readonly by: string;
  readonly locked: boolean;
}

export interface Props {
  /** Of a pen: x and y in turn, in ten-thousandths of the box. */
  readonly points?: readonly number[];
  /** Of an image: its address. */
  readonly src?: string;
}

/** A pen's points are whole numbers from 0 to here. */
export const GRAIN = 10_000;

const STROKE: Record<Size, number> = { s: 2, m: 3.5, l: 6, xl: 11 };
const FONT: Record<Size, number> = { s: 16, m: 22, l: 32, xl: 52 };

export function strokeWidth(style: Style): number {
  return STROKE[style.size ?? 'm'] ?? STROKE.m;
}

/** The size of letters, in units of the plane. */
export function fontSize(style: Style): number {
  return FONT[style.size ?? 'm'] ?? FONT.m;
}

/** Kinds that carry words in their middle. */
export function hasLabel(kind: string): boolean {
  return kind === 'rect' || kind === 'ellipse' || kind === 'note' || kind === 'text' || kind === 'frame';
}

/** Kinds that hold others. */
export function isContainer(kind: string): boolean {
  return kind === 'group' || kind === 'frame';
}

/** Kinds whose sides keep their proportion when they are resized. */
export function keepsProportion(kind: string): boolean {
  return kind === 'image' || kind === 'text';
}
