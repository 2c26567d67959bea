/** The page's element with the ID. */
export function element<E extends HTMLElement = HTMLElement>(id: string): E {
  return document.getElementById(id) as E;
}

/** A new element with a class and children. */
export function make<K extends keyof HTMLElementTagNameMap>(tag: K, className = '', ...children: (Node | string)[]): HTMLElementTagNameMap[K] {
  const made = document.createElement(tag);
  made.className = className;
  made.append(...children);
  return made;
}

/** Sets an element's text where it is another. */
export function say(on: Element, text: string): void {
  if (on.textContent !== text) on.textContent = text;
}

/** "1 message", "1,000 messages". */
export function count(n: number, word: string): string {
  return `${n.toLocaleString('en')} ${word}${n === 1 ? '' : 's'}`;
}

/** Tells something for some seconds. */
export function tell(message: string): void {
  const toast = make('div', 'toast', message);
  toast.setAttribute('role', 'status');
  const all = element('toasts');
  all.append(toast);
  while (all.children.length > 3) all.firstElementChild!.remove();
  setTimeout(() => toast.remove(), 4500);
}

/** The room that the address names, which leads others here too: "main" unless it names one. */
export function named(parameter: string): string {
  const address = new URL(location.href);
  const name = (address.searchParams.get(parameter) ?? '').toLowerCase().replace(/[^a-z0-9_-]/g, '').slice(0, 40) || 'main';
  return name;
}
