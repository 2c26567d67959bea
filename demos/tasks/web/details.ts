import type { Board } from './board';
import { element, make, say } from './dom';
import { ago, count } from './text';
import type { Task } from './window';

const PAUSE_MS = 700; // in typing, after which a note is kept

/** The panel about the selected task: where it is, one's private note, its end. */
export class Details {
  private readonly panel = element('details');
  private readonly title = element<HTMLTextAreaElement>('about-title');
  private readonly meta = element('about-meta');
  private readonly list = element<HTMLSelectElement>('about-list');
  private readonly note = element<HTMLTextAreaElement>('note');
  private readonly remove = element<HTMLButtonElement>('remove');
  private task: Task | undefined;
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly board: Board,
    close: () => void,
  ) {
    this.list.addEventListener('change', () => this.task && board.move(this.task, this.list.value));
    this.title.addEventListener('blur', () => this.rename());
    this.title.addEventListener('keydown', (e) => {
      if (e.key === 'Escape') this.title.value = this.task?.Title ?? '';
      if (e.key !== 'Enter' && e.key !== 'Escape') return;
      e.preventDefault();
      e.stopPropagation();
      this.title.blur();
    });
    this.remove.addEventListener('click', () => this.task && board.remove(this.task));
    element('close').addEventListener('click', close);
    this.note.addEventListener('input', () => {
      clearTimeout(this.timer);
      this.timer = setTimeout(() => this.keep(), PAUSE_MS);
    });
    this.note.addEventListener('blur', () => this.keep());
    addEventListener('pagehide', () => this.keep());
  }

  show(task: Task | undefined): void {
    const { board } = this;
    if (task?.ID !== this.task?.ID) {
      if (document.activeElement === this.title) this.title.blur();
      this.keep();
      this.note.value = '';
    }
    this.task = task;
    this.panel.hidden = task === undefined;
    if (task === undefined) return;
    if (document.activeElement !== this.title) this.title.value = task.Title;
    this.title.disabled = !board.mayEdit;
    const author = board.nameOf(task.createdBy);
    say(this.meta, `${count(task.Votes, 'vote')}, ${author === '' ? 'an example, added' : `added by ${author}`} ${ago(task.createdAt)}`);
    this.showLists(task.List);
    if (this.timer === undefined && this.note.value !== board.noteOn(task.ID)) this.note.value = board.noteOn(task.ID);
    this.remove.hidden = !board.mayRemove(task);
  }

  focusNote(): void {
    this.note.focus();
  }

  focusList(): void {
    this.list.focus();
  }

  private showLists(list: string): void {
    const names = this.board.lists.map(({ Name }) => Name);
    if (this.list.length !== names.length) this.list.replaceChildren(...names.map((n) => make('option', '', n)));
    this.list.value = list;
    this.list.disabled = !this.board.mayEdit;
  }

  private rename(): void {
    if (this.task) this.board.rename(this.task, this.title.value.replace(/\s+/g, ' ').trim());
  }

  /** Writes the note, if it was changed. */
  private keep(): void {
    if (this.timer === undefined) return;
    clearTimeout(this.timer);
    this.timer = undefined;
    if (this.task) this.board.note(this.task, this.note.value.trim());
  }
}
