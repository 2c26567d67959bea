import { drawMap } from './draw';
import { FIELD, WALLS } from './field';
import { colourOf, INK } from './palette';
import type { RoundRow } from './rows';
import type { Fighter, Scene } from './scene';

const FEED_LINES = 5;
const FEED_SECONDS = 6;
const SVG = 'http://www.w3.org/2000/svg';
const GUN = 'M0 4h15V2h2v2h3v3h-9l-1 4H6l1-4H4l-2 3H0z';

/** Says how well the connection is. */
export interface LinkState {
  state: 'fine' | 'lag' | 'lost';
  text: string;
}

/** Hud is everything on the screen that is text: DOM above the canvas. */
export class Hud {
  private readonly root = element('hud');
  private readonly feed = element('feed');
  private readonly sheet = element('scores');
  private readonly map = (element('map') as HTMLCanvasElement).getContext('2d')!;
  private readonly shown = new Map<string, string>(); // what each element says, to touch the DOM only on change
  private drawn = ''; // what the score sheet was built from
  private wanted = false; // Tab is held
  private hurtAt = -Infinity; // milliseconds

  constructor() {
    const pixels = Math.min(devicePixelRatio || 1, 2);
    this.map.canvas.width = 176 * pixels;
    this.map.canvas.height = 110 * pixels;
    this.map.scale(pixels, pixels);
  }

  open(room: string): void {
    this.root.hidden = false;
    element('room').textContent = `room ${room.slice(0, 6)}`;
    element('room').title = room;
    setTimeout(() => element('help').classList.add('read'), 30_000);
  }

  close(): void {
    this.root.hidden = true;
  }

  /** Tab is held down or let go. */
  wantScores(wanted: boolean): void {
    this.wanted = wanted;
  }

  /** Brings text and map up to date; left is the round's time in seconds. */
  show(scene: Scene, round: RoundRow | undefined, left: number, link: LinkState): void {
    this.say('link-text', link.text);
    element('link').className = link.state === 'fine' ? 'chip' : `chip ${link.state}`;
    this.showClock(scene, round, left);
    this.showVitals(scene.me);
    this.showScores(scene, round, left);
    this.showPain(scene.me);
    drawMap(this.map, 176, scene, WALLS, (f) => colourOf(f.id, f.drone, f.me));
  }

  /** One is hurt: the screen's edge turns red. */
  hurt(now: number): void {
    this.hurtAt = now;
  }

  /** Shows a line in the middle of the screen; without text it goes away. */
  notice(title: string, text = ''): void {
    const box = element('notice');
    box.hidden = title === '';
    const key = `${title}\n${text}`;
    if (this.shown.get('notice') === key) return;
    this.shown.set('notice', key);
    box.replaceChildren(made('b', title), made('span', text));
  }

  /** Says something that is over in a moment, in a metal's colour. */
  toast(text: string, metal: number): void {
    const line = made('li', text, 'mine');
    line.style.color = INK.metals[metal] ?? INK.text;
    this.addLine(line);
  }

  /** Adds a kill to the feed. */
  kill(by: Fighter | undefined, of: Fighter | undefined): void {
    const line = document.createElement('li');
    line.append(nameOf(by), gun(), nameOf(of));
    line.classList.toggle('mine', by?.me === true);
    line.classList.toggle('against', of?.me === true);
    this.addLine(line);
  }

  private addLine(line: HTMLElement): void {
    this.feed.append(line);
    while (this.feed.children.length > FEED_LINES) this.feed.firstElementChild!.remove();
    setTimeout(() => line.classList.add('old'), (FEED_SECONDS - 0.5) * 1000);
    setTimeout(() => line.remove(), FEED_SECONDS * 1000);
  }

  private showClock(scene: Scene, round: RoundRow | undefined, left: number): void {
    const seconds = Math.max(0, Math.ceil(left));
    this.say('time', `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`);
    element('time').classList.toggle('soon', !round?.Podium && seconds <= 10);
    const first = ranked(scene.fighters)[0];
    const text = round?.Podium ? 'next round' : first && first.kills > 0 ? `${first.me ? 'You lead' : `${first.name} leads`}, ${first.kills} of ${FIELD.goal}` : `first to ${FIELD.goal}`;
    this.say('leader', text);
  }

  private showVitals(me: Fighter | undefined): void {
    const hp = me?.hp ?? 0;
    const ammo = me?.ammo ?? 0;
    this.say('hp', String(hp));
    this.say('ammo', String(ammo));
    this.say('trophies', String(me?.trophies ?? 0));
    bar('hp-bar', hp / FIELD.health, hp <= 30);
    bar('ammo-bar', ammo / FIELD.magazine, ammo <= 5);
  }

  private showPain(me: Fighter | undefined): void {
    const fresh = Math.exp(-(performance.now() - this.hurtAt) / 300);
    const weak = me && me.hp > 0 && me.hp <= 30 ? 0.4 : 0;
    const red = Math.max(fresh, weak).toFixed(2);
    if (this.shown.get('pain') === red) return;
    this.shown.set('pain', red);
    element('pain').style.opacity = red;
  }

  private showScores(scene: Scene, round: RoundRow | undefined, left: number): void {
    const podium = round?.Podium === true;
    this.sheet.hidden = !this.wanted && !podium;
    if (this.sheet.hidden) return;
    const rows = ranked(scene.fighters);
    const title = podium ? `Round ${round.Number} is over` : `Round ${round?.Number ?? 1}`;
    const sub = podium ? `The next one starts in ${Math.max(0, Math.ceil(left))} s` : `First to ${FIELD.goal} kills, or the most when the time is up`;
    const key = JSON.stringify([title, sub, rows.map((f) => [f.id, f.name, f.kills, f.deaths, f.streak, f.trophies, f.away])]);
    if (key === this.drawn) return;
    this.drawn = key;
    this.sheet.replaceChildren(made('h2', title), made('p', sub, 'sub'));
    if (podium && rows[0]?.kills > 0) this.sheet.append(podiumOf(rows));
    this.sheet.append(tableOf(rows));
  }

  private say(id: string, text: string): void {
    if (this.shown.get(id) === text) return;
    this.shown.set(id, text);
    element(id).textContent = text;
  }
}

/** Fighters, the best one first. */
export function ranked(fighters: readonly Fighter[]): Fighter[] {
  return [...fighters].sort((a, b) => b.kills - a.kills || a.deaths - b.deaths || a.id - b.id);
}

function podiumOf(rows: Fighter[]): HTMLElement {
  const box = made('div', '', 'podium');
  for (const [at, style] of [[1, 'second'], [0, 'first'], [2, 'third']] as const) {
    const f = rows[at];
    const place = made('div', '', style);
    if (f) place.append(made('b', String(at + 1)), made('em', f.name), made('span', `${f.kills} kills`));
    box.append(place);
  }
  return box;
}

function tableOf(rows: Fighter[]): HTMLElement {
  const table = document.createElement('table');
  const head = document.createElement('tr');
  for (const text of ['', 'Fighter', 'Kills', 'Deaths', 'Streak', 'Trophies']) head.append(made('th', text));
  table.append(head);
  rows.forEach((f, i) => {
    const row = document.createElement('tr');
    if (f.me) row.className = 'me';
    const name = document.createElement('td');
    const dot = made('i', '', f.drone ? 'dot drone' : 'dot');
    dot.style.background = colourOf(f.id, f.drone, f.me);
    name.append(dot, f.name);
    if (f.away || f.drone) name.append(made('span', f.away ? 'away' : 'drone', 'tag'));
    row.append(made('td', String(i + 1)), name);
    for (const n of [f.kills, f.deaths, f.streak, f.trophies]) row.append(made('td', String(n)));
    table.append(row);
  });
  return table;
}

function nameOf(f: Fighter | undefined): HTMLElement {
  const name = made('span', f ? (f.me ? 'You' : f.name) : 'someone');
  if (f) name.style.color = colourOf(f.id, f.drone, f.me);
  return name;
}

function gun(): SVGElement {
  const svg = document.createElementNS(SVG, 'svg');
  svg.setAttribute('viewBox', '0 0 20 12');
  const path = document.createElementNS(SVG, 'path');
  path.setAttribute('d', GUN);
  svg.append(path);
  return svg;
}

function bar(id: string, part: number, low: boolean): void {
  const el = element(id);
  el.style.transform = `scaleX(${Math.min(Math.max(part, 0), 1)})`;
  el.closest('.vital')!.classList.toggle('low', low);
}

/** An element of the page, which must be there. */
export function element(id: string): HTMLElement {
  return document.getElementById(id)!;
}

/** A new element with text. */
export function made(tag: string, text = '', style = ''): HTMLElement {
  const el = document.createElement(tag);
  el.textContent = text;
  if (style) el.className = style;
  return el;
}
