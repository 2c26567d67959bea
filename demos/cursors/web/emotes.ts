import { element, make } from '../../people/dom';

/** The emotes of rules.go: drawings, so that they look the same everywhere. */
const DRAWINGS: Record<string, string> = {
  heart: '<path d="M16 27S4 19.5 4 11.5A6.2 6.2 0 0 1 16 9a6.2 6.2 0 0 1 12 2.5C28 19.5 16 27 16 27z" fill="#ff5d6c"/>',
  star: '<path d="M16 3.5l3.8 8 8.7 1.1-6.4 6 1.7 8.7L16 23l-7.8 4.3 1.7-8.7-6.4-6 8.7-1.1z" fill="#ffd24a"/>',
  laugh: '<circle cx="16" cy="16" r="12.5" fill="#ffd24a"/><path d="M8.5 13.5l3-2 3 2M17.5 13.5l3-2 3 2" fill="none" stroke="#3b2a00" stroke-width="2" stroke-linecap="round" stroke-linejoin="round"/><path d="M8.5 17.5h15a7.5 7.5 0 0 1-15 0z" fill="#3b2a00"/>',
  spark: '<path d="M18.5 3L7 18h7l-1.5 11L25 13h-8z" fill="#8fb4ff"/>',
  yes: '<circle cx="16" cy="16" r="12.5" fill="#6ee787"/><path d="M10 16.5l4.5 4.5 8-9.5" fill="none" stroke="#06231d" stroke-width="3.4" stroke-linecap="round" stroke-linejoin="round"/>',
  what: '<circle cx="16" cy="16" r="12.5" fill="#c79bff"/><path d="M12 12.5a4 4 0 1 1 5.5 3.7c-1.2.5-1.5 1.3-1.5 2.6" fill="none" stroke="#21093f" stroke-width="2.8" stroke-linecap="round"/><circle cx="16" cy="23" r="1.8" fill="#21093f"/>',
};
const FLIGHT_MS = 1800;

/** The emotes' buttons, and the emotes that fly. */
export class Emotes {
  /** choose is called with the kind of the emote that one calls out, by a button or the keys 1 to 6. */
  constructor(
    private readonly layer: HTMLElement,
    choose: (kind: string) => void,
  ) {
    const buttons = Object.keys(DRAWINGS).map((kind, i) => {
      const button = make('button');
      button.type = 'button';
      button.title = `${kind} (${i + 1})`;
      button.setAttribute('aria-label', kind);
      button.append(drawing(kind));
      button.addEventListener('click', () => choose(kind));
      return button;
    });
    element('emotes').replaceChildren(...buttons);
    addEventListener('keydown', (e) => {
      const typing = e.target instanceof HTMLInputElement || document.querySelector('dialog[open]');
      if (!typing && !e.ctrlKey && !e.metaKey && !e.altKey) buttons[Number(e.key) - 1]?.click();
    });
  }

  /** Lets one fly up from a place, in CSS pixels. */
  fly(kind: string, x: number, y: number): void {
    if (!(kind in DRAWINGS)) return;
    const emote = make('div', 'emote', drawing(kind));
    emote.style.left = `${x}px`;
    emote.style.top = `${y}px`;
    emote.style.setProperty('--sway', `${Math.round(Math.random() * 80 - 40)}px`);
    this.layer.append(emote);
    setTimeout(() => emote.remove(), FLIGHT_MS);
  }
}

function drawing(kind: string): SVGElement {
  const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
  svg.setAttribute('viewBox', '0 0 32 32');
  svg.innerHTML = DRAWINGS[kind];
  return svg;
}
