import { icon } from './icons';

export function element<E extends HTMLElement = HTMLElement>(id: string): E {
  return document.getElementById(id) as E;
}

/** Sets a text if it is another one. */
export function say(e: Element, text: string): void {
  if (e.textContent !== text) e.textContent = text;
}

/** A button with an icon. */
export function iconButton(name: string, title: string, on: () => void, key = ''): HTMLButtonElement {
  const button = document.createElement('button');
  button.type = 'button';
  button.title = key === '' ? title : `${title} (${key})`;
  button.setAttribute('aria-label', title);
  if (key !== '') button.setAttribute('aria-keyshortcuts', key);
  button.append(icon(name));
  button.addEventListener('click', on);
  return button;
}

/** Tells something for some seconds. */
export function tell(message: string): void {
  const toast = document.createElement('div');
  toast.className = 'toast';
  toast.setAttribute('role', 'status');
  toast.textContent = message;
  const all = element('toasts');
  all.append(toast);
  while (all.children.length > 3) all.firstElementChild!.remove();
  setTimeout(() => toast.remove(), 4500);
}
