import type { Board } from './board';
import { make, say } from './dom';
import type { Task } from './window';

/** What can be done in a row. */
export interface RowDeeds {
  select(task: string, open: boolean): void;
  edited(task: string, title: string | undefined): void;
}

/** One task as the grid shows it. */
export class TaskRow {
  readonly element = make('div', 'task');
  editing = false;
  private readonly vote = make('button', 'vote');
  private readonly votes = make('b');
  private readonly done = make('button', 'done');
  private readonly title = make('span', 'title');
  private readonly field = make('input', 'title');
  private readonly marks = make('span', 'marks');
  private task!: Task;

  constructor(
    private readonly board: Board,
    private readonly deeds: RowDeeds,
  ) {
    const { element, vote, done, title, field, marks } = this;
    element.setAttribute('role', 'row');
    vote.append(this.votes);
    done.setAttribute('role', 'checkbox');
    for (const button of [vote, done]) {
      button.type = 'button';
      button.tabIndex = -1; // the keyboard goes by rows
    }
    field.maxLength = 200;
    field.setAttribute('aria-label', 'Title');
    const cells = [vote, done, title, marks].map((e) => {
      const cell = make('div', `cell of-${e.classList[0]}`, e);
      cell.setAttribute('role', 'gridcell');
      return cell;
    });
    element.append(...cells);
    vote.addEventListener('click', () => this.board.mayEdit && this.board.vote(this.task));
    done.addEventListener('click', () => this.board.mayEdit && this.board.finish(this.task));
    element.addEventListener('click', (e) => this.deeds.select(this.task.ID, !(e.target as Element).closest('button, input')));
    title.addEventListener('dblclick', () => this.edit());
    field.addEventListener('blur', () => this.endEdit(true));
    field.addEventListener('keydown', (e) => {
      e.stopPropagation();
      if (e.key === 'Enter' || e.key === 'Escape') this.endEdit(e.key === 'Enter');
    });
  }

  /** Shows a task; list names where it is, if that needs to be said. */
  show(task: Task, { selected, fresh, list }: { selected: boolean; fresh: boolean; list: boolean }): void {
    this.task = task;
    const { board, element, vote, done } = this;
    const voted = board.votedFor(task.ID);
    element.id = `task-${task.ID}`;
    element.dataset.task = task.ID;
    element.classList.toggle('is-done', task.Done);
    element.classList.toggle('selected', selected);
    element.classList.toggle('waits', board.waits(task.ID));
    element.setAttribute('aria-selected', String(selected));
    say(this.votes, task.Votes.toLocaleString('en'));
    vote.classList.toggle('mine', voted);
    vote.setAttribute('aria-pressed', String(voted));
    vote.setAttribute('aria-label', `${task.Votes} votes; ${voted ? 'take mine back' : 'vote'}`);
    vote.disabled = done.disabled = !board.mayEdit;
    done.setAttribute('aria-checked', String(task.Done));
    done.setAttribute('aria-label', 'Done');
    say(this.title, task.Title);
    this.title.title = task.Title;
    this.mark(task, fresh, list);
  }

  /** Lets the title be changed in place. */
  edit(): void {
    if (this.editing || !this.board.mayEdit) return;
    this.editing = true;
    this.field.value = this.task.Title;
    this.title.replaceWith(this.field);
    this.field.focus();
    this.field.select();
  }

  private endEdit(keep: boolean): void {
    if (!this.editing) return;
    this.editing = false;
    this.field.replaceWith(this.title);
    this.deeds.edited(this.task.ID, keep ? this.field.value.trim() : undefined);
  }

  private mark(task: Task, fresh: boolean, list: boolean): void {
    const author = this.board.nameOf(task.createdBy);
    const marks: [className: string, text: string][] = [];
    if (fresh) marks.push(['new', 'just added']);
    if (this.board.noteOn(task.ID) !== '') marks.push(['note', 'note']);
    if (list) marks.push(['in', task.List]);
    if (author !== '') marks.push(['by', author]);
    const text = marks.join();
    if (this.marks.dataset.text === text) return;
    this.marks.dataset.text = text;
    this.marks.replaceChildren(...marks.map(([className, text]) => make('i', className, text)));
  }
}
