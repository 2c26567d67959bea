/** Where a shape is: its corner, size and turn in radians. */
export interface Geo {
  x: number;
  y: number;
  w: number;
  h: number;
  r: number;
}

/** A shape; another object whenever it changes. */
export interface Shape {
  readonly id: string;
  readonly kind: string;
  readonly geo: Readonly<Geo>;
  readonly style: Readonly<Record<string, any>>;
  /** Its place in the order: a fractional index, ties go by id. */
  readonly index: string;
  /** The group or frame that it is in, or ''. */
  readonly parent: string;
  readonly props: Readonly<Record<string, any>>;
  readonly text: string;
  /** The user who made it. */
  readonly by: string;
  readonly locked: boolean;
}

/** A shape to add: id, index and what is left out are made up. */
export interface NewShape {
  id?: string;
  kind: string;
  geo: Partial<Geo>;
  style?: Record<string, any>;
  index?: string;
  parent?: string;
  props?: Record<string, any>;
  text?: string;
  locked?: boolean;
}

/** Keys of a shape that change; each is given whole. */
export type ShapePatch = { id: string } & Partial<Omit<Shape, 'id' | 'kind' | 'by'>>;

/** Where an order goes. */
export type OrderTo = 'front' | 'back' | 'forward' | 'backward';

/** One operation of an edit. */
export type Op =
  | { add: NewShape }
  | { patch: ShapePatch }
  | { remove: string[] }
  | { order: { ids: string[]; to: OrderTo } }
  | { group: { id: string; ids: string[] } }
  | { ungroup: string[] };

/** Where a drag has a shape. */
export interface Move extends Geo {
  id: string;
}
