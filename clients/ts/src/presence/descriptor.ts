import { broken, type Field } from '../records/descriptor';
import { list, object, parseFields, string } from '../records/describe';

/** What the members of a room show, and what they can cast. */
export interface PresenceDescriptor {
  readonly state: readonly Field[];
  /** The fields of each cast, by its name. */
  readonly casts: ReadonlyMap<string, readonly Field[]>;
  /** Milliseconds without a sign of life after which a state is no longer shown. */
  readonly timeout: number;
}

const TIMEOUT_MS = 30_000; // unless the room says another

/** Reads the descriptor of a presence room, or that of a board's presence. */
export function parsePresence(v: unknown): PresenceDescriptor {
  const d = object(v, 'no object');
  const casts = new Map<string, readonly Field[]>();
  for (const c of list(d.casts)) {
    const { name, fields } = object(c, 'a cast that is none');
    casts.set(string(name), parseFields(fields));
  }
  const timeout = d.timeout === undefined || d.timeout === 0 ? TIMEOUT_MS : d.timeout;
  if (typeof timeout !== 'number' || !(timeout > 0)) throw broken('a time-out that is none');
  return { state: parseFields(d.state), casts, timeout };
}
