/** One place where a text differs from another: length letters from start became text. */
interface Change {
  readonly start: number;
  readonly length: number;
  readonly text: string;
}

function difference(from: string, to: string): Change {
  let start = 0;
  while (start < from.length && start < to.length && from[start] === to[start]) start++;
  let end = 0;
  while (end < from.length - start && end < to.length - start && from[from.length - 1 - end] === to[to.length - 1 - end]) end++;
  return { start, length: from.length - end - start, text: to.slice(start, to.length - end) };
}

/**
 * What is being typed, after others have changed what it was typed into: their
 * change is made to it, unless it is in the same words. caret moves along.
 */
export function rebased(base: string, mine: string, theirs: string, caret: number): { text: string; caret: number } {
  if (mine === base || mine === theirs) {
    const d = difference(mine, theirs);
    return { text: theirs, caret: moved(caret, d) };
  }
  const [own, other] = [difference(base, mine), difference(base, theirs)];
  const grows = own.text.length - own.length;
  let start = other.start;
  if (other.start >= own.start + own.length) start += grows;
  else if (other.start + other.length > own.start) return { text: mine, caret }; // the same words: one's own count
  const change = { ...other, start };
  return { text: mine.slice(0, start) + change.text + mine.slice(start + change.length), caret: moved(caret, change) };
}

function moved(caret: number, { start, length, text }: Change): number {
  if (caret <= start) return caret;
  return caret >= start + length ? caret + text.length - length : start + text.length;
}
