import { make, say } from '../../people/dom';
import { colorOf } from '../../people/person';
import type { Light } from './floor';
import type { Cursor, Room } from './room';
import { type Place, Track } from './track';

const ARROW = '<svg width="22" height="24" viewBox="0 0 22 24"><path d="M2 2l6.2 18.2 3-7.6 7.8-2.6z" stroke="#0b0e15" stroke-width="1.6" stroke-linejoin="round"/></svg>';

/** The cursors of others as they are drawn, and what one says oneself. */
export class Pointers {
  private readonly pointers = new Map<number, Pointer>();
  private readonly own: Pointer;

  constructor(
    private readonly room: Room,
    private readonly layer: HTMLElement,
  ) {
    this.own = new Pointer(layer);
    this.own.element.classList.add('own');
    this.take(room.members.keys());
  }

  /** Members came, changed or left. */
  take(changed: Iterable<number>): void {
    const now = performance.now();
    for (const number of changed) {
      const member = number === this.room.me ? undefined : this.room.members.get(number);
      let pointer = this.pointers.get(number);
      if (member === undefined) {
        pointer?.element.remove();
        this.pointers.delete(number);
        continue;
      }
      if (pointer === undefined) this.pointers.set(number, (pointer = new Pointer(this.layer)));
      pointer.take(member.state, now);
    }
  }

  /** What one shows oneself has changed. */
  show(shown: Cursor): void {
    this.own.take(shown, performance.now(), true);
  }

  /** Moves all on; returns what they light, and whether any is on its way. */
  step(now: number): { lights: Light[]; busy: boolean } {
    const { clientWidth: w, clientHeight: h } = this.layer;
    const all = [...this.pointers.values(), this.own];
    let busy = false;
    for (const p of all) busy = p.step(now, w, h) || busy;
    return { lights: all.filter((p) => !p.away).map((p) => p.light), busy };
  }

  /** Where a member's cursor is drawn, as parts of the page. */
  drawn(number: number): Place | undefined {
    return this.pointers.get(number)?.place;
  }

  /** Whose colour and name a message is drawn with. */
  colorOf(number: number): string {
    return number === this.room.me ? colorOf(this.room.shown.Color) : colorOf(this.room.members.get(number)?.state.Color);
  }
}

/** One cursor on the page. */
class Pointer {
  readonly element = make('div', 'cursor');
  away = true;
  place: Place = { x: 0.5, y: 0.5 };
  light: Light = { x: 0, y: 0, color: '' };
  private readonly label = make('b');
  private readonly saying = make('span');
  private readonly track = new Track();
  private color = '';

  constructor(layer: HTMLElement) {
    this.element.innerHTML = ARROW;
    this.element.append(make('div', 'tag', this.label, this.saying));
    layer.append(this.element);
    this.track.jump(0, this.place);
  }

  /** Takes a state; one's own cursor is where it is, without a way there. */
  take(state: Cursor, now: number, own = false): void {
    const place = { x: state.X, y: state.Y };
    if (own || (this.away && !state.Away)) this.track.jump(now, place);
    else if (place.x !== this.place.x || place.y !== this.place.y || this.track.moving) this.track.push(now, place);
    this.away = state.Away;
    this.color = colorOf(state.Color);
    this.element.style.setProperty('--of', this.color);
    this.element.classList.toggle('away', state.Away);
    this.element.classList.toggle('says', state.Saying !== '');
    say(this.label, state.Name);
    say(this.saying, state.Saying);
  }

  step(now: number, w: number, h: number): boolean {
    this.place = this.track.at(now);
    const [x, y] = [this.place.x * w, this.place.y * h];
    this.light = { x, y, color: this.color };
    this.element.style.transform = `translate(${x.toFixed(1)}px, ${y.toFixed(1)}px)`;
    this.element.classList.toggle('right', x > w - 180);
    return this.track.moving;
  }
}
