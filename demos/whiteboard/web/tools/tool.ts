import type { Point } from '../box';
import type { Desk } from '../desk';

export const TOOLS = ['select', 'hand', 'pen', 'rect', 'ellipse', 'arrow', 'text', 'note', 'frame', 'eraser', 'laser'] as const;
export type ToolName = (typeof TOOLS)[number];

/** Where a pointer is, on the screen and on the plane, and which keys are held. */
export interface Touch {
  readonly screen: Point;
  readonly plane: Point;
  readonly shift: boolean;
  readonly alt: boolean;
  readonly pointer: string; // mouse, pen, touch
}

/** What a pointer does on the board. Between down and up, or cancel, it is one gesture. */
export interface Tool {
  readonly name: ToolName;
  /** What the pointer looks like, at a place when it is up. */
  cursor(desk: Desk, at: Touch): string;
  down(desk: Desk, at: Touch): void;
  move(desk: Desk, at: Touch): void;
  up(desk: Desk, at: Touch): void;
  /** The gesture is given up: nothing of it stays. */
  cancel(desk: Desk): void;
  /** The pointer moves without being down. */
  hover?(desk: Desk, at: Touch): void;
  twice?(desk: Desk, at: Touch): void;
}

/** How far a pointer goes before a press becomes a drag, in pixels. */
export const SLIP_PX = 4;

export function slipped(a: Touch, b: Touch): boolean {
  return Math.hypot(a.screen.x - b.screen.x, a.screen.y - b.screen.y) > (b.pointer === 'touch' ? 2 * SLIP_PX : SLIP_PX);
}
