/** "1 task", "1,000 tasks". */
export function count(n: number, word: string): string {
  return `${n.toLocaleString('en')} ${word}${n === 1 ? '' : 's'}`;
}

/** "4.1 KB". */
export function bytes(n: number): string {
  return n < 1000 ? `${n} B` : `${(n / 1000).toFixed(1)} KB`;
}

const MINUTE = 60_000;

/** How long ago something was. */
export function ago(time: number, now = Date.now()): string {
  const minutes = Math.floor((now - time) / MINUTE);
  if (minutes < 1) return 'just now';
  if (minutes < 60) return `${count(minutes, 'minute')} ago`;
  if (minutes < 24 * 60) return `${count(Math.floor(minutes / 60), 'hour')} ago`;
  return `on ${new Date(time).toLocaleDateString('en', { day: 'numeric', month: 'long', year: 'numeric' })}`;
}
