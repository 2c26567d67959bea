import { element, say, tell } from '../../people/dom';
import type { Room } from './room';

/** A private circle: who names the same word sees the cursors in it, and nobody else does. */
export class Circle {
  private word = '';

  constructor(private readonly room: Room) {
    const dialog = element<HTMLDialogElement>('circle-dialog');
    const input = element<HTMLInputElement>('circle-input');
    element('circle-open').addEventListener('click', () => {
      if (this.word !== '') return this.leave();
      dialog.returnValue = '';
      dialog.showModal();
      input.select();
    });
    dialog.addEventListener('click', (e) => e.target === dialog && dialog.close());
    dialog.addEventListener('close', () => dialog.returnValue === 'ok' && this.enter(input.value.trim().toLowerCase()));
    element('circle-leave').addEventListener('click', () => this.leave());
  }

  /** From now on only the circle sees this cursor. */
  private enter(word: string): void {
    this.word = word;
    this.room.enterGroup(word);
    this.room.show({}, { group: word });
    this.draw();
  }

  /** Everybody sees this cursor again. */
  leave(): void {
    if (this.word === '') return;
    this.room.show({}, { group: '' });
    this.room.leaveGroup(this.word);
    this.word = '';
    this.draw();
  }

  /** The server refused something: if there is a circle, it is not to be. */
  refused(message: string): void {
    this.leave();
    tell(message);
  }

  private draw(): void {
    element('circle').hidden = this.word === '';
    say(element('circle-word'), `Only the circle “${this.word}” sees you`);
    say(element('circle-open'), this.word === '' ? 'Circle' : 'Leave circle');
  }
}
