import type { Board } from './board';
import { Details } from './details';
import { element, make, say } from './dom';
import { Grid } from './grid';
import type { Line } from './line';
import { People } from './people';
import { Refused } from './refused';
import { bytes, count } from './text';
import type { Task, Window } from './window';

const TYPING_MS = 150;

/** The page over a board: one list or a search, the selected task, the panels around. */
export class Page {
  readonly people: People;
  readonly details: Details;
  private readonly grid: Grid;
  private readonly refused: Refused;
  private readonly search = element<HTMLInputElement>('search');
  private readonly title = element<HTMLInputElement>('new-title');
  private list = location.hash.slice(1);
  private found: Window | undefined; // the search's
  private searched = '';
  private selected: string | undefined;
  private typing: ReturnType<typeof setTimeout> | undefined;
  private drawing = false;

  constructor(
    private readonly board: Board,
    private readonly line: Line,
  ) {
    const draw = () => this.draw();
    this.people = new People(board);
    this.refused = new Refused(board, draw);
    this.details = new Details(board, () => this.select(undefined));
    this.grid = new Grid(board, element('grid'), {
      select: (task, open) => this.select(task, open),
      edited: (task, title) => this.edited(task, title),
    });
    this.search.addEventListener('input', () => {
      clearTimeout(this.typing);
      this.typing = setTimeout(() => this.lookFor(this.search.value.trim()), TYPING_MS);
    });
    element('add').addEventListener('submit', (e) => {
      e.preventDefault();
      this.add();
    });
    element('team').addEventListener('click', () => document.body.classList.toggle('team'));
    addEventListener('scroll', () => this.scrolled(), { passive: true });
    addEventListener('resize', draw);
    addEventListener('hashchange', () => this.open(location.hash.slice(1)));
  }

  /** Draws the page with the next picture. */
  draw(): void {
    if (this.drawing) return;
    this.drawing = true;
    requestAnimationFrame(() => {
      this.drawing = false;
      this.drawNow();
    });
  }

  /** What is listed now. */
  get tasks(): readonly Task[] {
    const { board, list, found, searched } = this;
    if (searched !== '') return board.room.status === 'online' && !found?.loading ? found!.rows : board.searchHere(searched);
    return board.windows.has(list) ? [...board.fresh(list), ...board.windows.get(list)!.rows] : [];
  }

  /** The selected task, if it is still there. */
  get task(): Task | undefined {
    return this.tasks.find((t) => t.ID === this.selected) ?? (this.selected === undefined ? undefined : this.board.find(this.selected));
  }

  /** Opens a list by its name. */
  open(list: string): void {
    if (!this.board.windows.has(list)) return;
    this.list = list;
    this.selected = undefined;
    this.endSearch();
    history.replaceState(null, '', `#${list}`);
    scrollTo(0, 0);
    this.draw();
  }

  /** Opens the list at a place, from 0. */
  openAt(place: number): void {
    const list = this.board.lists[place];
    if (list) this.open(list.Name);
  }

  select(task: string | undefined, open = true): void {
    this.selected = task;
    if (open) document.body.classList.toggle('about', task !== undefined);
    this.draw();
  }

  /** Selects the task that many rows further. */
  step(rows: number): void {
    const { tasks } = this;
    if (tasks.length === 0) return;
    const at = tasks.findIndex((t) => t.ID === this.selected);
    const to = at < 0 ? 0 : Math.min(Math.max(at + rows, 0), tasks.length - 1);
    this.select(tasks[to].ID, document.body.classList.contains('about'));
    this.grid.reveal(tasks[to].ID);
  }

  edit(): void {
    if (this.task) this.grid.edit(this.task.ID);
  }

  /** Puts the cursor where a new task is typed. */
  compose(): void {
    this.title.focus();
  }

  lookUp(): void {
    this.search.focus();
    this.search.select();
  }

  /** Back from a search to the list. */
  endSearch(): void {
    this.search.value = '';
    this.search.blur();
    this.lookFor('');
  }

  private add(): void {
    const title = this.title.value.trim();
    if (title === '') return;
    this.title.value = '';
    if (this.searched !== '') this.open(this.list);
    this.select(this.board.add(this.list, title), false);
    this.drawNow();
    this.grid.reveal(this.selected!);
  }

  private edited(task: string, title: string | undefined): void {
    const row = this.board.find(task) ?? this.tasks.find((t) => t.ID === task);
    if (title !== undefined && row) this.board.rename(row, title);
    element('grid').focus({ preventScroll: true });
    this.draw();
  }

  private lookFor(text: string): void {
    clearTimeout(this.typing);
    if (text === this.searched) return;
    this.searched = text;
    this.found?.close();
    this.found = text === '' ? undefined : this.board.search(text);
    scrollTo(0, 0);
    this.draw();
  }

  private scrolled(): void {
    if (this.grid.scrolled()) (this.found ?? this.board.windows.get(this.list))?.grow();
  }

  private drawNow(): void {
    const { board } = this;
    if (!board.windows.has(this.list) && board.lists.length > 0) this.list = board.lists[0].Name;
    document.body.classList.toggle('viewer', !board.mayEdit);
    this.line.draw(board.room);
    this.people.draw();
    this.refused.draw();
    this.drawLists();
    const { tasks, searched } = this;
    this.title.placeholder = `Add a task to ${this.list}`;
    this.grid.draw({ tasks, fresh: searched === '' ? tasks.length - (board.windows.get(this.list)?.rows.length ?? 0) : 0, selected: this.selected, lists: searched !== '' });
    element('grid').setAttribute('aria-activedescendant', this.selected ? `task-${this.selected}` : '');
    const { task } = this;
    this.details.show(task);
    if (!task) document.body.classList.remove('about');
    say(element('foot'), this.foot(tasks.length));
    this.scrolled();
  }

  private drawLists(): void {
    const tabs = element('lists');
    const { lists } = this.board;
    while (tabs.children.length < lists.length) {
      const tab = make('button', 'list', make('span'), make('b'));
      tab.type = 'button';
      tab.addEventListener('click', () => this.open(tab.dataset.list!));
      tabs.append(tab);
    }
    lists.forEach(({ Name, Tasks }, i) => {
      const tab = tabs.children[i] as HTMLElement;
      tab.dataset.list = Name;
      say(tab.children[0] as HTMLElement, Name);
      say(tab.children[1] as HTMLElement, Tasks.toLocaleString('en'));
      tab.setAttribute('aria-current', String(Name === this.list && this.searched === ''));
    });
  }

  /** The words below the list: how much of it is here, and what the last of it cost. */
  private foot(here: number): string {
    const online = this.board.room.status === 'online';
    const window = this.found ?? this.board.windows.get(this.list);
    if (!window) return online ? 'Loading' : '';
    if (this.searched !== '' && !online) return `Offline: found ${count(here, 'task')} among those that are here`;
    if (window.loading && window.rows.length === 0) return 'Loading';
    const { growth } = window;
    const cost = growth ? `. The last ${growth.rows} came as ${bytes(growth.bytes)}; nothing was sent twice` : '';
    if (this.searched !== '') return here === 0 ? 'No task has that in its title' : `${count(here, 'task')}${window.more ? ' so far' : ''}${cost}`;
    const all = this.board.lists.find(({ Name }) => Name === this.list)?.Tasks ?? here;
    return here === 0 ? 'Nothing here yet' : `${Math.min(here, all).toLocaleString('en')} of ${count(all, 'task')} here${cost}`;
  }
}
