import { element, say, tell } from './dom';
import { PEOPLE } from './palette';
import { colorOf, type People } from './people';

const NAME = 'parlor.whiteboard.name';
const COLOR = 'parlor.whiteboard.color';
const HOW = ['Quiet', 'Swift', 'Bright', 'Gentle', 'Bold', 'Curious', 'Merry', 'Patient', 'Clever', 'Sunny'];
const WHO = ['Otter', 'Heron', 'Lynx', 'Robin', 'Badger', 'Fox', 'Owl', 'Hare', 'Finch', 'Seal'];

const any = <T>(all: readonly T[]): T => all[Math.floor(Math.random() * all.length)];

/** Who one is, as this browser remembers it. */
export function introduction(): { Name: string; Color: string } {
  const name = localStorage.getItem(NAME) || `${any(HOW)} ${any(WHO)}`;
  const color = localStorage.getItem(COLOR) || any(PEOPLE);
  localStorage.setItem(NAME, name);
  localStorage.setItem(COLOR, color);
  return { Name: name, Color: color };
}

/** The avatars: one's own, which changes the name, and the others', which are followed by a click. */
export function drawCrowd(people: People): void {
  const me = avatar(people.own.Name ?? '', people.own.Color ?? '');
  me.id = 'me';
  me.title = `${people.own.Name} (you): change your name`;
  me.addEventListener('click', () => rename(people));
  const others = people.others.map(({ number, state }) => {
    const a = avatar(state.Name, state.Color);
    const followed = people.followed === number;
    a.dataset.member = String(number);
    a.title = followed ? `Stop following ${state.Name}` : `Follow ${state.Name}`;
    a.setAttribute('aria-pressed', String(followed));
    a.addEventListener('click', () => people.follow(number));
    return a;
  });
  const most = innerWidth <= 640 ? 2 : 8;
  element('people').replaceChildren(...others.slice(0, most), ...(others.length > most ? [more(others.length - most)] : []), me);
  const whom = people.others.find((o) => o.number === people.followed);
  const band = element('following');
  band.hidden = whom === undefined;
  if (whom) {
    band.style.setProperty('--of', colorOf(whom.state));
    say(band.firstElementChild!, `Following ${whom.state.Name}`);
  }
}

function avatar(name: string, color: string): HTMLButtonElement {
  const button = document.createElement('button');
  button.type = 'button';
  button.className = 'avatar';
  button.style.setProperty('--of', colorOf({ Color: color }));
  button.textContent = initials(name);
  return button;
}

function more(n: number): HTMLElement {
  const span = document.createElement('span');
  span.className = 'more';
  span.textContent = `+${n}`;
  return span;
}

function initials(name: string): string {
  const words = name.trim().split(/\s+/);
  return words.slice(0, 2).map((w) => [...w][0] ?? '').join('').toUpperCase() || '?';
}

/** Asks for one's name and colour. */
function rename(people: People): void {
  const dialog = element<HTMLDialogElement>('you');
  const name = element<HTMLInputElement>('your-name');
  name.value = people.own.Name ?? '';
  let color = people.own.Color ?? PEOPLE[0];
  const colors = PEOPLE.map((c) => {
    const button = document.createElement('button');
    button.type = 'button';
    button.className = 'swatch';
    button.style.setProperty('--tone', c);
    button.setAttribute('aria-label', c);
    button.setAttribute('aria-pressed', String(c === color));
    button.addEventListener('click', () => {
      color = c;
      for (const other of colors) other.setAttribute('aria-pressed', String(other === button));
    });
    return button;
  });
  element('your-colors').replaceChildren(...colors);
  dialog.onclose = () => {
    const chosen = name.value.trim().slice(0, 40);
    if (dialog.returnValue !== 'ok' || chosen === '') return;
    localStorage.setItem(NAME, chosen);
    localStorage.setItem(COLOR, color);
    people.show({ Name: chosen, Color: color });
  };
  dialog.returnValue = '';
  dialog.showModal();
  name.select();
}

/** Copies the address that leads others here. */
export async function share(): Promise<void> {
  try {
    await navigator.clipboard.writeText(location.href);
    tell('The link is copied: whoever opens it is on this board');
  } catch {
    tell(`Others come with ${location.href}`);
  }
}
