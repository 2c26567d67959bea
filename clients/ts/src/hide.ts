import type { Unsubscribe } from './signal';

/** Calls on when the page may end: nothing tells more surely. */
export function onHide(on: () => void): Unsubscribe {
  if (typeof document === 'undefined') return () => {};
  const hidden = () => document.visibilityState === 'hidden' && on();
  document.addEventListener('visibilitychange', hidden);
  return () => document.removeEventListener('visibilitychange', hidden);
}
