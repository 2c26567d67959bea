import type { Board } from './board';
import { type RowDeeds, TaskRow } from './row';
import type { Task } from './window';

export const ROW_PX = 46; // as in the style sheet
const BEYOND = 10; // rows that are kept above and below what is in sight
const GLIDE_MS = 600; // after which a row has reached its place

/** What the grid shows. */
export interface Picture {
  tasks: readonly Task[];
  /** How many of the first are there because they are new, whatever their votes. */
  fresh: number;
  selected: string | undefined;
  /** Say which list each task is in. */
  lists: boolean;
}

/**
 * Any number of tasks, of which only those in sight have elements. Each row
 * stands at the place of its task, and glides there when the order changes.
 */
export class Grid {
  private readonly rows = new Map<string, TaskRow>();
  private tidying: ReturnType<typeof setTimeout> | undefined;
  private picture: Picture = { tasks: [], fresh: 0, selected: undefined, lists: false };

  constructor(
    private readonly board: Board,
    private readonly element: HTMLElement,
    private readonly deeds: RowDeeds,
  ) {}

  draw(picture: Picture): void {
    this.picture = picture;
    const { tasks, fresh, selected, lists } = picture;
    this.element.style.height = `${tasks.length * ROW_PX}px`;
    this.element.setAttribute('aria-rowcount', String(tasks.length));
    const [first, last] = this.sight();
    const gone = new Set(this.rows.keys());
    tasks.forEach((task, i) => {
      let row = this.rows.get(task.ID);
      if (!row && (i < first || i > last)) return;
      gone.delete(task.ID);
      row ??= this.add(task.ID);
      row.show(task, { selected: task.ID === selected, fresh: i < fresh, list: lists });
      row.element.style.transform = `translateY(${i * ROW_PX}px)`;
      row.element.setAttribute('aria-rowindex', String(i + 1));
    });
    for (const id of gone) this.drop(id);
    this.tidying ??= setTimeout(() => this.tidy(), GLIDE_MS);
  }

  /** Draws the rows that scrolling has brought into sight; true near the end. */
  scrolled(): boolean {
    this.draw(this.picture);
    return this.sight()[1] + BEYOND >= this.picture.tasks.length;
  }

  edit(task: string): void {
    this.rows.get(task)?.edit();
  }

  /** Scrolls as little as shows the task. */
  reveal(task: string): void {
    const i = this.picture.tasks.findIndex((t) => t.ID === task);
    if (i < 0) return;
    const top = this.element.getBoundingClientRect().top + i * ROW_PX;
    const [above, below] = [4 * ROW_PX, innerHeight - 2 * ROW_PX];
    if (top < above) scrollBy(0, top - above);
    else if (top + ROW_PX > below) scrollBy(0, top + ROW_PX - below);
    this.draw(this.picture);
  }

  /** The first and the last row that should have an element. */
  private sight(): [number, number] {
    const { top } = this.element.getBoundingClientRect();
    return [Math.floor(-top / ROW_PX) - BEYOND, Math.ceil((innerHeight - top) / ROW_PX) + BEYOND];
  }

  private add(task: string): TaskRow {
    const row = new TaskRow(this.board, this.deeds);
    this.rows.set(task, row);
    this.element.append(row.element);
    return row;
  }

  private drop(task: string): void {
    const row = this.rows.get(task)!;
    this.rows.delete(task);
    row.editing = false;
    row.element.remove();
  }

  /** Takes away rows that have glided out of sight. */
  private tidy(): void {
    this.tidying = undefined;
    const [first, last] = this.sight();
    this.picture.tasks.forEach(({ ID }, i) => {
      const row = this.rows.get(ID);
      if (row && !row.editing && (i < first || i > last)) this.drop(ID);
    });
  }
}
