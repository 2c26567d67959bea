import type { Cond, Live, RecordRoom } from '../../../clients/ts/src/records';
import type { tasks } from '../../rooms';

export type Task = tasks.Tasks;

const STEP = 50; // tasks that a window grows by
const KEPT_MS = 3000; // after which the client has certainly kept a window's rows

/** What the last growth of a window brought. */
export interface Growth {
  rows: number;
  bytes: number;
}

/**
 * The most voted tasks that match a condition: a live query that grows as one
 * scrolls. The server sends the tasks that come in, and none a second time.
 */
export class Window {
  growth: Growth | undefined;
  private limit: number;
  private readonly live: Live<Task, string>;
  private asked: Growth | undefined; // rows and bytes when it was last grown

  /**
   * received counts the bytes that have come over all connections. A window
   * with a name is as large as it was on the last visit: that is how its rows
   * were kept.
   */
  constructor(
    private readonly room: RecordRoom<tasks.Schema>,
    where: Cond<Task>,
    private readonly received: () => number,
    onChange: () => void,
    private readonly name?: string,
  ) {
    this.limit = Number(name && localStorage.getItem(this.key)) || STEP;
    this.live = room.collection('Tasks').subscribe({ where, orderBy: [['Votes', 'desc']], limit: this.limit });
    this.live.onChange(() => {
      this.measure();
      onChange();
    });
  }

  get rows(): readonly Task[] {
    return this.live.rows;
  }

  /** Its rows are on their way. */
  get loading(): boolean {
    return this.live.status === 'loading' || this.asked !== undefined;
  }

  /** There may be tasks after the last one. */
  get more(): boolean {
    return this.live.rows.length >= this.limit;
  }

  /** Asks for more tasks, unless some are on their way already. */
  grow(): void {
    if (!this.more || this.asked || this.room.status !== 'online' || this.live.status !== 'live') return;
    this.asked = { rows: this.rows.length, bytes: this.received() };
    this.limit += STEP;
    this.live.update({ limit: this.limit });
  }

  close(): void {
    this.live.close();
  }

  private measure(): void {
    if (this.room.status !== 'online') this.asked = undefined;
    if (!this.asked || this.live.status !== 'live') return;
    this.growth = { rows: this.rows.length - this.asked.rows, bytes: this.received() - this.asked.bytes };
    this.asked = undefined;
    if (this.name !== undefined) setTimeout((limit: number) => localStorage.setItem(this.key, String(limit)), KEPT_MS, this.limit);
  }

  private get key(): string {
    return `parlor.tasks.${this.name}`;
  }
}
