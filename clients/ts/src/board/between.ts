const DIGITS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

/**
 * An index between two others, until the server says the one that counts: read
 * as the digits behind a point, it is about in the middle. '' as before: there
 * is nothing before; undefined as after: nothing after.
 */
export function between(before: string, after: string | undefined): string {
  const middle = after !== undefined && after <= before ? before : divide(before, after);
  if (middle > before && (after === undefined || middle < after)) return middle;
  return after === undefined ? `${before}V` : before; // there is nothing between: the server will part them
}

function divide(before: string, after: string | undefined): string {
  let out = '';
  for (let i = 0; ; i++) {
    const low = i < before.length ? digit(before, i) : 0;
    const high = after === undefined || i >= after.length ? DIGITS.length : digit(after, i);
    const middle = (low + high) >> 1;
    if (low < high && middle > low) return out + DIGITS[middle];
    out += DIGITS[low];
    if (low < high) after = undefined; // whatever follows is below it
  }
}

function digit(index: string, i: number): number {
  return Math.max(0, DIGITS.indexOf(index[i]));
}
