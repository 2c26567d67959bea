import * as Y from 'yjs';
import { element, make } from '../../people/dom';
import type { Document } from './document';

/** What the document notes/contents says about another. */
interface Entry {
  title: string;
  edited: number; // ms since 1970
}

const MOST = 200; // that are listed

/** The list of the notes: a map in a document of its own, so that it is live and merges as they do. */
export class Shelf {
  private readonly entries: Y.Map<Entry>;

  /** open shows another note. */
  constructor(
    contents: Document,
    private readonly current: string,
    open: (name: string) => void,
  ) {
    this.entries = contents.doc.getMap<Entry>('documents');
    this.entries.observe(() => this.draw());
    element('new').addEventListener('click', () => open(crypto.randomUUID().slice(0, 8)));
    this.draw();
  }

  /** One has written in the note that is open. */
  wrote(title: string): void {
    const known = this.entries.get(this.current);
    if (title === '' && known === undefined) return;
    if (known?.title === title && Date.now() - known.edited < 60_000) return;
    this.entries.set(this.current, { title, edited: Date.now() });
  }

  private draw(): void {
    const known = [...this.entries].filter(([, e]) => typeof e?.title === 'string').sort(([, a], [, b]) => b.edited - a.edited);
    if (!this.entries.has(this.current)) known.unshift([this.current, { title: '', edited: 0 }]);
    element('list').replaceChildren(
      ...known.slice(0, MOST).map(([name, { title, edited }]) => {
        const link = make('a', '', make('b', '', title || 'Untitled'), make('span', '', edited > 0 ? when(edited) : 'new'));
        link.href = `?doc=${encodeURIComponent(name)}`;
        if (name === this.current) link.setAttribute('aria-current', 'page');
        return make('li', '', link);
      }),
    );
  }
}

/** "14:05" today, else "3 May". */
function when(time: number): string {
  const date = new Date(time);
  const today = new Date().toDateString() === date.toDateString();
  return date.toLocaleString('en', today ? { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' } : { day: 'numeric', month: 'short' });
}
