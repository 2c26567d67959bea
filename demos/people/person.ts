import { element, make } from './dom';

/** How somebody is called, and in which colour they are drawn. */
export interface Person {
  name: string;
  color: string;
}

const NAME = 'parlor.people.name';
const COLOR = 'parlor.people.color';
const HOW = ['Quiet', 'Swift', 'Bright', 'Gentle', 'Bold', 'Curious', 'Merry', 'Patient', 'Clever', 'Sunny'];
const WHO = ['Otter', 'Heron', 'Lynx', 'Robin', 'Badger', 'Fox', 'Owl', 'Hare', 'Finch', 'Seal'];
export const COLORS = ['#5ce1c6', '#8fb4ff', '#ffb454', '#ff7c88', '#c79bff', '#6ee787', '#f78fd0', '#ffd24a'];

const any = <T>(all: readonly T[]): T => all[Math.floor(Math.random() * all.length)];

/** Who one is, as this browser remembers it; at first somebody with a made-up name. */
export function introduction(): Person {
  const name = localStorage.getItem(NAME) || `${any(HOW)} ${any(WHO)}`;
  const color = colorOf(localStorage.getItem(COLOR) || any(COLORS));
  return remember({ name, color });
}

function remember(person: Person): Person {
  localStorage.setItem(NAME, person.name);
  localStorage.setItem(COLOR, person.color);
  return person;
}

/** A colour that somebody chose, if it is one. */
export function colorOf(color: unknown): string {
  return typeof color === 'string' && /^#[0-9a-f]{6}$/i.test(color) ? color : COLORS[0];
}

/** The first letters of a name's words. */
export function initials(name: string): string {
  const words = name.trim().split(/\s+/);
  return words.slice(0, 2).map((w) => [...w][0] ?? '').join('').toUpperCase() || '?';
}

/** A round picture of somebody: initials on their colour. */
export function avatar({ name, color }: Person): HTMLElement {
  const picture = make('span', 'avatar', initials(name));
  picture.style.setProperty('--of', color);
  picture.setAttribute('aria-hidden', 'true');
  return picture;
}

/** The button #me, which shows who one is and asks for another name and colour. */
export class Me {
  person = introduction();
  private readonly button = element<HTMLButtonElement>('me');
  private readonly dialog = element<HTMLDialogElement>('you');
  private readonly input = element<HTMLInputElement>('your-name');

  constructor(private readonly onChange: (person: Person) => void) {
    this.button.addEventListener('click', () => this.ask());
    this.dialog.addEventListener('click', (e) => e.target === this.dialog && this.dialog.close());
    this.dialog.addEventListener('close', () => this.answered());
    this.draw();
  }

  private ask(): void {
    this.input.value = this.person.name;
    const swatches = COLORS.map((color) => {
      const radio = make('input');
      radio.type = 'radio';
      radio.name = 'color';
      radio.value = color;
      radio.checked = color === this.person.color;
      radio.style.setProperty('--of', color);
      radio.setAttribute('aria-label', `Colour ${color}`);
      return radio;
    });
    element('your-colors').replaceChildren(...swatches);
    this.dialog.returnValue = '';
    this.dialog.showModal();
    this.input.select();
  }

  private answered(): void {
    const name = this.input.value.replace(/\s+/g, ' ').trim().slice(0, 40);
    if (this.dialog.returnValue !== 'ok' || name === '') return;
    const chosen = this.dialog.querySelector<HTMLInputElement>('input[name=color]:checked');
    this.person = remember({ name, color: chosen?.value ?? this.person.color });
    this.draw();
    this.onChange(this.person);
  }

  private draw(): void {
    this.button.replaceChildren(avatar(this.person), make('span', 'name', this.person.name));
    this.button.title = `You are ${this.person.name}: change your name or colour`;
  }
}
