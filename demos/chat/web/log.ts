import { element, make, say } from '../../people/dom';
import { avatar, colorOf } from '../../people/person';
import type { History, Message } from './history';

const PAUSE_MS = 5 * 60_000; // after which the same author is named again
const NEAR_PX = 80; // from the end: new messages scroll by themselves
const day = new Intl.DateTimeFormat('en', { weekday: 'long', day: 'numeric', month: 'long' });
const clock = new Intl.DateTimeFormat('en', { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });

/** The messages on the page. An element stays as long as its message is as it was. */
export class Log {
  private readonly scroll = element('scroll');
  private readonly list = element('messages');
  private readonly down = element('down');
  private readonly items = new Map<string, { key: string; element: HTMLElement }>();
  private editing: string | undefined;
  private last: string | undefined; // the newest message that was drawn
  private atEnd = true;

  constructor(private readonly history: History) {
    this.scroll.addEventListener('scroll', () => this.scrolled());
    element('older').addEventListener('click', () => history.older());
    this.down.addEventListener('click', () => this.toEnd());
    new ResizeObserver(() => this.atEnd && this.toEnd()).observe(this.scroll);
  }

  draw(): void {
    const { history } = this;
    const messages = history.messages;
    const above = this.scroll.scrollHeight - this.scroll.scrollTop; // older ones come in above what one reads
    const first = this.list.firstElementChild;
    const gone = new Set(this.items.keys());
    const elements = messages.map((m, i) => {
      gone.delete(m.ID);
      return this.item(m, messages[i - 1]);
    });
    for (const id of gone) this.items.delete(id);
    this.place(elements);
    element('older').hidden = !history.more;
    element('begin').hidden = !history.loaded || history.more;
    say(element('begin'), messages.length === 0 ? 'Nothing has been said yet.' : 'This is where it began.');

    const newest = messages.at(-1);
    const came = newest !== undefined && newest.ID !== this.last;
    const mine = came && history.isOwn(newest);
    this.last = newest?.ID;
    if (this.atEnd || mine) this.toEnd();
    else if (first !== this.list.firstElementChild) this.scroll.scrollTop = this.scroll.scrollHeight - above;
    if (came && !this.atEnd) this.down.hidden = false;
  }

  toEnd(): void {
    this.atEnd = true;
    this.scroll.scrollTop = this.scroll.scrollHeight;
    this.down.hidden = true;
  }

  /** Puts the elements in order, touching as few as possible: one that is edited keeps its focus. */
  private place(elements: readonly HTMLElement[]): void {
    const wanted = new Set<Element>(elements);
    for (const old of [...this.list.children]) if (!wanted.has(old)) old.remove();
    elements.forEach((e, i) => {
      if (this.list.children[i] !== e) this.list.insertBefore(e, this.list.children[i] ?? null);
    });
  }

  private scrolled(): void {
    const { scrollTop, scrollHeight, clientHeight } = this.scroll;
    this.atEnd = scrollHeight - scrollTop - clientHeight < NEAR_PX;
    if (this.atEnd) this.down.hidden = true;
    if (scrollTop < NEAR_PX && this.history.loaded && scrollHeight > clientHeight) this.history.older();
  }

  private item(m: Message, before: Message | undefined): HTMLElement {
    const newDay = before === undefined || day.format(before.At) !== day.format(m.At);
    const named = newDay || before.Author !== m.Author || before.Name !== m.Name || m.At - before.At > PAUSE_MS;
    const editing = this.editing === m.ID;
    const key = JSON.stringify([m.Text, m.Edited, m.Name, m.Color, newDay && day.format(m.At), named && clock.format(m.At), this.history.waits(m), editing]);
    const known = this.items.get(m.ID);
    if (known?.key === key) return known.element;
    const made = this.make(m, newDay, named, editing);
    this.items.set(m.ID, { key, element: made });
    return made;
  }

  private make(m: Message, newDay: boolean, named: boolean, editing: boolean): HTMLElement {
    const li = make('li', `message${named ? ' named' : ''}${this.history.waits(m) ? ' waits' : ''}`);
    li.dataset.id = m.ID;
    if (newDay) li.append(make('h3', 'day', day.format(m.At)));
    const body = make('div', 'body');
    const time = make('time', '', clock.format(m.At));
    time.dateTime = new Date(m.At).toISOString();
    if (named) {
      const name = make('b', '', m.Name);
      name.style.color = colorOf(m.Color);
      li.append(avatar({ name: m.Name, color: colorOf(m.Color) }));
      body.append(make('div', 'by', name, time));
    } else {
      li.append(time);
    }
    body.append(editing ? this.editor(m) : this.text(m));
    li.append(body);
    if (this.history.isOwn(m) && !editing) li.append(this.deeds(m));
    return li;
  }

  private text(m: Message): HTMLElement {
    const text = make('p', '', m.Text);
    if (this.history.waits(m)) text.append(make('i', '', ' waiting'));
    else if (m.Edited) text.append(make('i', '', ' edited'));
    return text;
  }

  private deeds(m: Message): HTMLElement {
    const edit = make('button', 'quiet edit', 'Edit');
    edit.addEventListener('click', () => this.edit(m.ID));
    const remove = make('button', 'quiet remove', 'Delete');
    remove.addEventListener('click', () => this.history.unsay(m));
    return make('div', 'deeds', edit, remove);
  }

  /** Begins to edit a message; the last own one unless told. */
  edit(id = this.history.lastOwn?.ID): void {
    this.editing = id;
    this.draw();
    const area = this.list.querySelector('textarea');
    area?.focus();
    area?.setSelectionRange(area.value.length, area.value.length);
  }

  private editor(m: Message): HTMLElement {
    const area = make('textarea');
    area.value = m.Text;
    area.maxLength = 2000;
    area.rows = Math.min(8, m.Text.split('\n').length);
    area.setAttribute('aria-label', 'Edit the message');
    const end = (keep: boolean) => {
      if (this.editing !== m.ID) return;
      this.editing = undefined;
      if (keep) this.history.edit(m, area.value.trim());
      this.draw();
      element('text').focus();
    };
    area.addEventListener('keydown', (e) => {
      if (e.key === 'Escape') end(false);
      if (e.key !== 'Enter' || e.shiftKey || e.isComposing) return;
      e.preventDefault();
      end(true);
    });
    const save = make('button', 'quiet', 'Save');
    save.addEventListener('click', () => end(true));
    const cancel = make('button', 'quiet', 'Cancel');
    cancel.addEventListener('click', () => end(false));
    return make('div', 'editor', area, make('div', '', save, cancel));
  }
}
