import * as fb from '../fb';
import { body, buffer, bytes, text } from '../messages';

// Bodies of presence rooms', boards' and Yjs rooms' messages, as in ../messages.ts.

/** The flag of a Crowd or Drags that says all there is. */
export const WHOLE = 1;

/** Phases of a Drag. */
export const DragPhase = { On: 0, End: 1, Cancel: 2 } as const;

export function buildShow(state: Uint8Array, group: string): Uint8Array {
  return body((b) => fb.Show.createShow(b, bytes(b, state), text(b, group)));
}

export interface CastBody {
  /** Echoed in an Error. */
  request: number;
  name: string;
  data: Uint8Array;
  group: string;
  /** One member; 0: all of the group. */
  to: number;
}

export function buildCast(c: CastBody): Uint8Array {
  return body((b) => fb.Cast.createCast(b, c.request, text(b, c.name), bytes(b, c.data), text(b, c.group), c.to));
}

export interface LookBody {
  x: number;
  y: number;
  /** 0: all of the plane. */
  width: number;
  height: number;
  /** A member to be seen wherever it is; 0: nobody. */
  follow: number;
}

export function buildLook(l: LookBody): Uint8Array {
  return body((b) => fb.Look.createLook(b, l.x, l.y, l.width, l.height, l.follow));
}

export function buildGroup(request: number, name: string, leave: boolean): Uint8Array {
  return body((b) => fb.Group.createGroup(b, request, text(b, name), leave));
}

export function buildDrag(gesture: number, phase: number, payload: Uint8Array): Uint8Array {
  return body((b) => fb.Drag.createDrag(b, gesture, bytes(b, payload), phase));
}

export function buildSync(message: Uint8Array): Uint8Array {
  return body((b) => fb.Sync.createSync(b, bytes(b, message)));
}

export function readCrowd(p: Uint8Array): Uint8Array {
  return fb.Crowd.getRootAsCrowd(buffer(p)).payloadArray() ?? new Uint8Array();
}

export function readDrags(p: Uint8Array): Uint8Array {
  return fb.Drags.getRootAsDrags(buffer(p)).payloadArray() ?? new Uint8Array();
}

export function readSync(p: Uint8Array): Uint8Array {
  return fb.Sync.getRootAsSync(buffer(p)).payloadArray() ?? new Uint8Array();
}

/** A cast as it arrives; data is a row of the cast's fields. */
export interface CastedBody {
  from: number;
  name: string;
  data: Uint8Array;
  group: string;
}

export function readCasted(p: Uint8Array): CastedBody {
  const c = fb.Casted.getRootAsCasted(buffer(p));
  return { from: c.from(), name: c.name() ?? '', data: c.dataArray() ?? new Uint8Array(), group: c.group() ?? '' };
}
