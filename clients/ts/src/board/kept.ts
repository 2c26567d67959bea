import type { Disk } from '../records/disk';
import type { Shape } from './shape';

/** A board as it was confirmed at a sequence, and for whom. */
export interface KeptBoard {
  user: string;
  epoch: bigint;
  cursor: bigint;
  schemaHash: bigint;
  /** The descriptor as the wire has it. */
  schema: string;
  role: string;
  shapes: Shape[];
  settings: Record<string, unknown>;
}

const SAVE_MS = 3000;

/** Keeps a board, so that it opens without a connection. */
export class Kept {
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly disk: Disk,
    private readonly scope: string,
    private readonly board: () => KeptBoard | undefined,
  ) {}

  static async board(disk: Disk, scope: string): Promise<KeptBoard | undefined> {
    return (await disk.get(['board', scope]).catch(() => undefined)) as KeptBoard | undefined;
  }

  /** Saves the board soon. */
  save(): void {
    this.timer ??= setTimeout(() => this.flush(), SAVE_MS);
  }

  /** Saves it now, if it has changed: the page may end. */
  flush(): void {
    if (this.timer === undefined) return;
    this.stop();
    const value = this.board();
    if (value !== undefined) void this.disk.write([{ key: ['board', this.scope], value }]).catch(() => {}); // a full disk keeps less
  }

  stop(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
  }
}
