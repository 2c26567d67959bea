const DIGITS = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';

/**
 * A new key for a record: a ULID, 26 characters that sort by the time at which
 * they were made. Two of them are never equal.
 */
export function newID(now: number = Date.now()): string {
  let id = '';
  for (let t = now, i = 0; i < 10; i++, t = Math.floor(t / 32)) id = DIGITS[t % 32] + id;
  for (const b of crypto.getRandomValues(new Uint8Array(16))) id += DIGITS[b & 31];
  return id;
}
