const ANY = 0; // %
const ONE = 1; // _

/**
 * Makes a test of SQL's LIKE: % stands for any text, _ for one character, and
 * \ takes the next one as it is. Case is ignored with fold. The time is at most
 * the product of both lengths. Undefined: the pattern ends in a \.
 */
export function like(pattern: string, fold: boolean): ((text: string) => boolean) | undefined {
  const parts = parse(fold ? folded(pattern) : pattern);
  if (parts === undefined) return undefined;
  return (text) => match(parts, Array.from(fold ? folded(text) : text));
}

/** Each character in its lower case, alone and without a locale, as the server does it. */
function folded(s: string): string {
  let out = '';
  for (const c of s) {
    const lower = c.toLowerCase();
    out += Array.from(lower).length === 1 ? lower : c;
  }
  return out;
}

function parse(pattern: string): (string | number)[] | undefined {
  const parts: (string | number)[] = [];
  let escaped = false;
  for (const c of pattern) {
    if (escaped || (c !== '\\' && c !== '%' && c !== '_')) parts.push(c);
    else if (c === '%') parts.push(ANY);
    else if (c === '_') parts.push(ONE);
    escaped = c === '\\' && !escaped;
  }
  return escaped ? undefined : parts;
}

/** Greedy matching that goes back to the last % only. */
function match(parts: readonly (string | number)[], text: readonly string[]): boolean {
  let [p, t, star, from] = [0, 0, -1, 0];
  while (t < text.length) {
    if (p < parts.length && parts[p] === ANY) {
      star = p++;
      from = t;
    } else if (p < parts.length && (parts[p] === ONE || parts[p] === text[t])) {
      p++;
      t++;
    } else if (star >= 0) {
      p = star + 1;
      t = ++from;
    } else {
      return false;
    }
  }
  while (p < parts.length && parts[p] === ANY) p++;
  return p === parts.length;
}
