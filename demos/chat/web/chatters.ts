import type { PresenceRoom } from '../../../clients/ts/src/together';
import { count, element, make, say } from '../../people/dom';
import { avatar, colorOf, type Person } from '../../people/person';

/** What a connection shows: Chatter of rules.go. */
export interface Chatter {
  Name: string;
  Color: string;
  Typing: boolean;
}

interface Present extends Person {
  user: string;
  tabs: number;
  typing: boolean;
  me: boolean;
}

const PAUSE_MS = 3000; // after the last key, when one is no longer typing

/** Who is here, and who is typing. */
export class Chatters {
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly room: PresenceRoom<Chatter>) {
    room.onChange(() => this.draw());
    room.onStatus(() => this.draw());
    this.draw();
  }

  get online(): boolean {
    return this.room.status === 'online';
  }

  introduce({ name, color }: Person): void {
    this.room.show({ Name: name, Color: color });
  }

  /** A key was pressed in the composer, or there is nothing in it any more. */
  typing(typing: boolean): void {
    clearTimeout(this.timer);
    this.room.show({ Typing: typing });
    if (typing) this.timer = setTimeout(() => this.room.show({ Typing: false }), PAUSE_MS);
  }

  /** Everyone who is here: a user with two tabs is one. */
  private get present(): Present[] {
    const users = new Map<string, Present>();
    for (const { number, user, state } of this.room.members.values()) {
      const known = users.get(user);
      const me = number === this.room.me || known?.me === true;
      users.set(user, { user, name: state.Name, color: colorOf(state.Color), tabs: (known?.tabs ?? 0) + 1, typing: state.Typing || known?.typing === true, me });
    }
    return [...users.values()].sort((a, b) => Number(b.me) - Number(a.me) || a.name.localeCompare(b.name));
  }

  private draw(): void {
    const present = this.online ? this.present : [];
    say(element('here-count'), this.online ? `${count(present.length, 'person').replace('persons', 'people')} here` : 'Offline: who is here is not known');
    say(element('show-here'), this.online ? `${present.length} here` : 'Who');
    element('here-list').replaceChildren(
      ...present.map((p) => {
        const notes = [p.me ? 'you' : '', p.tabs > 1 ? `${p.tabs} tabs` : '', p.typing && !p.me ? 'typing' : ''].filter((n) => n !== '');
        return make('li', '', avatar(p), make('span', 'name', p.name), make('i', '', notes.join(', ')));
      }),
    );
    const names = present.filter((p) => p.typing && !p.me).map(({ name }) => name);
    element('typing').classList.toggle('some', names.length > 0);
    say(element('typing'), typingText(names));
  }
}

function typingText(names: readonly string[]): string {
  if (names.length === 0) return '';
  if (names.length === 1) return `${names[0]} is typing`;
  if (names.length === 2) return `${names[0]} and ${names[1]} are typing`;
  return `${names.length} people are typing`;
}
