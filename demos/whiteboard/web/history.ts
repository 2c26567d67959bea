import type { Board, Version } from '../../../clients/ts/src/together';
import { element, tell } from './dom';

/** The dialog of a board's versions: saving one, and bringing one back. */
export class History {
  private readonly dialog = element<HTMLDialogElement>('history');
  private readonly list = element('versions');

  constructor(private readonly board: Board) {
    const form = element<HTMLFormElement>('save-version');
    const name = element<HTMLInputElement>('version-name');
    form.addEventListener('submit', (e) => {
      e.preventDefault();
      if (name.value.trim() === '') return;
      void this.does(board.save(name.value.trim()), 'The version is saved').then(() => this.refresh());
      name.value = '';
    });
  }

  open(): void {
    this.dialog.showModal();
    void this.refresh();
  }

  private async refresh(): Promise<void> {
    this.say('Loading');
    try {
      const versions = await this.board.versions();
      if (versions.length === 0) return this.say('There is no version yet. A version keeps the board as it is now.');
      this.list.replaceChildren(...[...versions].reverse().map((v) => this.line(v)));
    } catch (error) {
      this.say((error as Error).message);
    }
  }

  private say(message: string): void {
    const li = document.createElement('li');
    li.className = 'none';
    li.textContent = message;
    this.list.replaceChildren(li);
  }

  private line(version: Version): HTMLElement {
    const li = document.createElement('li');
    const name = document.createElement('b');
    name.textContent = version.name;
    const about = document.createElement('span');
    about.textContent = `${new Date(version.time).toLocaleString()} · ${version.shapes} shapes`;
    const back = document.createElement('button');
    back.type = 'button';
    back.textContent = 'Restore';
    back.addEventListener('click', () => {
      this.dialog.close();
      void this.does(this.board.restore(version.name), `The board is as it was in “${version.name}”`);
    });
    li.append(name, about, back);
    return li;
  }

  private async does(what: Promise<unknown>, done: string): Promise<void> {
    try {
      await what;
      tell(done);
    } catch (error) {
      tell((error as Error).message);
    }
  }
}
