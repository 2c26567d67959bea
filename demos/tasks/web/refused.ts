import type { FailedWrite } from '../../../clients/ts/src/records';
import type { Board } from './board';
import { element, make, say } from './dom';
import { count } from './text';

const VERBS: Readonly<Record<string, string>> = {
  Add: 'Add', Rename: 'Rename', Finish: 'Tick off', Move: 'Move', Remove: 'Delete', Vote: 'Vote for', Hello: 'Your name', SetRole: 'Change a role', '': 'Your note on',
};

/** Changes that the server refused, and why, until they are dismissed. */
export class Refused {
  private readonly panel = element('refused');
  private readonly items = new Map<FailedWrite, HTMLLIElement>();

  constructor(
    private readonly board: Board,
    private readonly onDismiss: () => void,
  ) {
    element('dismiss-all').addEventListener('click', () => this.dismiss([...this.items.keys()]));
  }

  draw(): void {
    const { rejected, unresolved } = this.board.room;
    const failed = [...rejected, ...unresolved];
    for (const [write, item] of this.items) {
      if (failed.includes(write)) continue;
      item.remove();
      this.items.delete(write);
    }
    for (const write of failed) {
      if (this.items.has(write)) continue;
      const item = this.item(write);
      this.items.set(write, item);
      this.panel.querySelector('ul')!.append(item);
    }
    this.panel.hidden = failed.length === 0;
    element('dismiss-all').hidden = failed.length < 2;
    say(element('refused-count'), `${count(failed.length, 'change')} did not go through`);
  }

  private item(write: FailedWrite): HTMLLIElement {
    const dismiss = make('button', 'quiet', 'Dismiss');
    dismiss.type = 'button';
    dismiss.addEventListener('click', () => this.dismiss([write]));
    return make('li', '', make('span', '', make('b', '', this.what(write)), make('span', 'why', write.error.message)), dismiss);
  }

  /** The change in words: what, and of which task. */
  private what({ mutation, args }: FailedWrite): string {
    const { Task, Title, Name, List } = (Array.isArray(args) ? (args[0]?.values ?? {}) : args) as Record<string, string | undefined>;
    const verb = VERBS[mutation] ?? mutation;
    const task = Task === undefined ? Title : (this.board.find(Task)?.Title ?? (mutation === 'Rename' ? undefined : 'a task'));
    const quoted = (text: string | undefined) => (text === undefined ? '' : ` “${text}”`);
    if (mutation === 'Rename') return task === undefined ? `Rename a task to${quoted(Title)}` : `Rename${quoted(task)} to${quoted(Title)}`;
    if (mutation === 'Move') return `Move${quoted(task)} to ${List}`;
    return `${verb}${quoted(task ?? Name)}`;
  }

  private dismiss(writes: readonly FailedWrite[]): void {
    for (const write of writes) write.dismiss();
    this.onDismiss();
  }
}
