/** Where a shape is on the page, whatever its parent: the corner of its box before it is turned, its size, and radians clockwise about its centre. */
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
  /** Its place among its siblings: a fractional index, ties go by id. */
  readonly index: string;
  /** The group or frame that it is in, or ''. */
  readonly parent: string;
  readonly props: Readonly<Record<string, any>>;
  readonly text: string;
  /** The user who made it. */
  readonly by: string;
  readonly locked: boolean;
}

/** A shape to add. Without id it gets a new one, without index it is the front one of its siblings. */
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

/** What changes of a shape. Of geo, style and props the members that are there; null removes one of style or props. */
export interface ShapePatch {
  id: string;
  geo?: Partial<Geo>;
  style?: Record<string, any>;
  props?: Record<string, any>;
  index?: string;
  parent?: string;
  text?: string;
  locked?: boolean;
}

/** Where an order goes. */
export type OrderTo = 'front' | 'back' | 'forward' | 'backward';

/** One operation of an edit (W8). */
export type Op =
  | { add: NewShape }
  | { patch: ShapePatch }
  | { remove: readonly string[] }
  | { order: { ids: readonly string[]; to: OrderTo } }
  | { group: { id: string; ids: readonly string[] } }
  | { ungroup: readonly string[] }
  | { board: Record<string, any> };

/** Where a drag has a shape. */
export interface Move extends Geo {
  id: string;
}

const NOWHERE: Geo = { x: 0, y: 0, w: 0, h: 0, r: 0 };

/** The shape that an add makes. */
export function shapeOf(n: NewShape & { id: string }, index: string, by: string): Shape {
  const { id, kind, geo, style = {}, parent = '', props = {}, text = '', locked = false } = n;
  return { id, kind, geo: { ...NOWHERE, ...geo }, style, index, parent, props, text, by, locked };
}

/** The shape that a patch makes of another. */
export function patched(s: Shape, p: ShapePatch): Shape {
  return {
    ...s,
    geo: p.geo === undefined ? s.geo : { ...s.geo, ...p.geo },
    style: merged(s.style, p.style),
    props: merged(s.props, p.props),
    index: p.index ?? s.index,
    parent: p.parent ?? s.parent,
    text: p.text ?? s.text,
    locked: p.locked ?? s.locked,
  };
}

function merged(before: Readonly<Record<string, any>>, patch: Record<string, any> | undefined): Readonly<Record<string, any>> {
  if (patch === undefined) return before;
  return Object.fromEntries(Object.entries({ ...before, ...patch }).filter(([, v]) => v !== null && v !== undefined));
}

/** Whether two shapes look the same. Nested values are compared as the same objects. */
export function sameShape(a: Shape, b: Shape): boolean {
  return (
    a.kind === b.kind && a.index === b.index && a.parent === b.parent && a.text === b.text && a.by === b.by && a.locked === b.locked &&
    flat(a.geo, b.geo) && flat(a.style, b.style) && flat(a.props, b.props)
  );
}

function flat(a: object, b: object): boolean {
  if (a === b) return true;
  const entries = Object.entries(a);
  return entries.length === Object.keys(b).length && entries.every(([k, v]) => (b as Record<string, unknown>)[k] === v);
}

/** The order of siblings: by index, byte by byte, and equal ones by id. */
export function compareSiblings(a: Shape, b: Shape): number {
  if (a.index !== b.index) return a.index < b.index ? -1 : 1;
  return a.id < b.id ? -1 : a.id > b.id ? 1 : 0;
}
