/** The protocol's version, in Hello and Welcome. */
export const PROTOCOL_VERSION = 1;

/** Says which table a message's body holds. */
export const Kind = {
  Hello: 1, Auth: 2, Join: 3, Leave: 4, Command: 5, Event: 6, Open: 8, Subscribe: 9, Unsubscribe: 10, Mutate: 11,
  Show: 12, Cast: 13, Look: 14, Group: 15,
  Welcome: 16, Joined: 17, Left: 18, State: 19, Owner: 20, Events: 21, Message: 22, Error: 23, Timing: 24,
  Opened: 25, Delta: 26, Receipt: 27, Reset: 28, Crowd: 29, Casted: 30, Drags: 31,
  Ping: 32, Pong: 33, Close: 34, Sync: 35, Drag: 36,
} as const;

/** Size in bytes of every message's header. */
export const HEADER_SIZE = 8;

/** The header in front of every message. */
export interface Header {
  kind: number;
  flags: number;
  /** The session's number for a room; 0: the session itself. */
  handle: number;
  /** Client: the last tick applied. Server: the highest named tick of a command that was consumed. */
  ack: number;
}

/** Joins a header and a body. */
export function joinMessage(kind: number, handle: number, ack: number, body: Uint8Array): Uint8Array {
  const out = new Uint8Array(HEADER_SIZE + body.length);
  const view = new DataView(out.buffer);
  view.setUint8(0, kind);
  view.setUint16(2, handle, true);
  view.setUint32(4, ack, true);
  out.set(body, HEADER_SIZE);
  return out;
}

/** Splits a message, or returns undefined when it is shorter than a header. */
export function splitMessage(message: Uint8Array): { head: Header; body: Uint8Array } | undefined {
  if (message.length < HEADER_SIZE) return undefined;
  const view = new DataView(message.buffer, message.byteOffset, message.length);
  const head = { kind: view.getUint8(0), flags: view.getUint8(1), handle: view.getUint16(2, true), ack: view.getUint32(4, true) };
  return { head, body: message.subarray(HEADER_SIZE) };
}

/** Error and close codes by name. */
export const Code = {
  BAD_MESSAGE: 1, BAD_PROTOCOL: 2, UNAUTHENTICATED: 3, TOKEN_EXPIRED: 4, HELLO_TIMEOUT: 5, IDLE_TIMEOUT: 6,
  RATE_LIMITED: 7, TOO_LARGE: 8, SLOW_CLIENT: 9, STALE_CLIENT: 10, GOING_AWAY: 11, INTERNAL: 12, REPLACED: 13, FORBIDDEN: 14,
  NO_SUCH_KIND: 20, NO_SUCH_ROOM: 21, ROOM_FULL: 22, ROOM_LOCKED: 23, BAD_OPTIONS: 24, REFUSED: 25, BAD_TOKEN: 26,
  NOT_IN_ROOM: 27, BAD_INPUT: 28, ALREADY_JOINED: 29, KICKED: 30, ROOM_CLOSED: 31, ROOM_FAULTED: 32, TOO_MANY_ROOMS: 33, LEFT: 34,
  DUPLICATE: 50, VALIDATION: 51, EXECUTE_FAILED: 52, SCHEMA_MISMATCH: 53, OUT_OF_ORDER: 54, CLIENT_UNKNOWN: 55, RESULT_EXPIRED: 56,
  NO_SUCH_MUTATION: 57, NO_SUCH_COLLECTION: 58, BAD_QUERY: 59, TOO_MANY_OPERATIONS: 60, TOO_MANY_SUBSCRIPTIONS: 61, QUARANTINED: 62,
  STORE_FAILED: 63, ROOM_TOO_LARGE: 64, MIGRATION_FAILED: 65, SCAN_LIMIT: 66, VOIDED: 67,
  NO_SUCH_CAST: 70, NO_SUCH_SHAPE: 71, NO_SUCH_SHAPE_KIND: 72, SHAPE_LOCKED: 73, CYCLE: 74, NOTHING_TO_UNDO: 75, NO_SUCH_VERSION: 76,
} as const;

/** The name of a code, such as "ROOM_FULL". */
export function codeName(code: number): string {
  for (const [name, value] of Object.entries(Code)) if (value === code) return name;
  return `CODE_${code}`;
}

/** Codes after which connecting anew would only fail again, or fight with another tab. */
const FINAL: readonly number[] = [
  Code.BAD_MESSAGE, Code.BAD_PROTOCOL, Code.UNAUTHENTICATED, Code.TOKEN_EXPIRED, Code.TOO_LARGE, Code.REPLACED, Code.FORBIDDEN, Code.KICKED,
];

/** Whether a server that ended the session with the code would do so again. */
export function isFinal(code: number): boolean {
  return FINAL.includes(code);
}

/** Refusals of a seat that pass: the room is asked for again. */
const PASSING: readonly number[] = [
  Code.GOING_AWAY, Code.ROOM_CLOSED, Code.STORE_FAILED, Code.RATE_LIMITED, Code.INTERNAL, Code.ROOM_FAULTED,
  Code.TOO_MANY_ROOMS, Code.ROOM_TOO_LARGE, Code.SLOW_CLIENT,
];

/** Whether a room that refused a seat with the code may grant it later. */
export function isPassing(code: number): boolean {
  return PASSING.includes(code);
}

/** The code that a WebSocket close status carries, 4400 + code when it is final, else 4000 + code; 0 when it is none of Parlor's. */
export function codeOfCloseStatus(status: number): number {
  if (status <= 4000 || status >= 5000) return 0;
  return status > 4400 && status < 4500 ? status - 4400 : status - 4000;
}

/** An error or close code with a sentence for a human. */
export class ParlorError extends Error {
  override name = 'ParlorError';

  constructor(
    readonly code: number,
    message = '',
    /** The number of the join or event that was refused, or 0. */
    readonly request = 0,
  ) {
    super(message === '' ? codeName(code) : `${codeName(code)}: ${message}`);
  }
}
