import { FIELD, WALLS, type Wall } from './field';
import type { MoveInput, PlayerRow } from './rows';

/**
 * The rules' step: it moves one's own row ahead of the server. It reckons as
 * field.go does, in doubles, and rounds to single precision once.
 */
export function step(p: Pick<PlayerRow, 'X' | 'Y' | 'Aim' | 'HP'>, m: MoveInput, dt: number): void {
  if (p.HP === 0) return;
  p.Aim = m.Aim;
  const stick = Math.sqrt(m.X * m.X + m.Y * m.Y);
  if (stick === 0) return;
  const metres = (FIELD.speed * dt) / Math.max(stick, FIELD.stick);
  [p.X, p.Y] = slide(p.X + m.X * metres, p.Y + m.Y * metres);
}

function slide(x: number, y: number): [number, number] {
  const r = FIELD.radius;
  for (let i = 0; i < 2; i++) {
    for (const w of WALLS) [x, y] = pushOut(w, x, y);
    x = Math.min(Math.max(x, r), FIELD.width - r);
    y = Math.min(Math.max(y, r), FIELD.height - r);
  }
  return [Math.fround(x), Math.fround(y)];
}

function pushOut([wx, wy, ww, wh]: Wall, x: number, y: number): [number, number] {
  const nearX = Math.min(Math.max(x, wx), wx + ww);
  const nearY = Math.min(Math.max(y, wy), wy + wh);
  const dx = x - nearX;
  const dy = y - nearY;
  const square = dx * dx + dy * dy;
  if (square >= FIELD.radius * FIELD.radius || square === 0) return [x, y];
  const scale = FIELD.radius / Math.sqrt(square);
  return [nearX + dx * scale, nearY + dy * scale];
}

/** The part of the way from (x, y) by (dx, dy), 0 to 1, that is free of walls. */
export function trace(x: number, y: number, dx: number, dy: number): number {
  let free = 1;
  for (const [wx, wy, ww, wh] of WALLS) {
    const first = slab(x, dx, wx, wx + ww, 0, free);
    const [enter, leave] = slab(y, dy, wy, wy + wh, first[0], first[1]);
    if (enter < leave) free = enter;
  }
  free = slab(x, dx, 0, FIELD.width, 0, free)[1];
  free = slab(y, dy, 0, FIELD.height, 0, free)[1];
  return Math.max(free, 0);
}

function slab(at: number, by: number, lo: number, hi: number, enter: number, leave: number): [number, number] {
  if (by === 0) return at <= lo || at >= hi ? [1, 0] : [enter, leave];
  const a = (lo - at) / by;
  const b = (hi - at) / by;
  return [Math.max(enter, Math.min(a, b)), Math.min(leave, Math.max(a, b))];
}
