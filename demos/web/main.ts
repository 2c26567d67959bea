import { Attract } from '../arena/web/attract';
import { Picture } from '../arena/web/draw';
import { FIELD } from '../arena/web/field';
import { Crowd } from './crowd';
import { Page } from './page';
import { Pointers } from './pointers';
import { Sketch } from './sketch';
import { Talk } from './talk';
import { Tiles } from './tiles';
import { Votes } from './votes';

/** A room as GET /v1/rooms lists it. */
interface RoomInfo {
  id: string;
  kind: string;
  players: number;
  max_players: number;
  locked: boolean;
}

/** A room as GET /v1/presence lists it. */
interface Occupancy {
  members: number;
  users: number;
}

const REFRESH_MS = 2000;

/** Brings the counts and the list of rooms up to date. */
async function refresh(): Promise<void> {
  let rooms: RoomInfo[];
  try {
    const answer = await fetch('/v1/rooms');
    if (!answer.ok) return;
    rooms = (await answer.json()).rooms ?? [];
  } catch {
    return; // the server is away; the next time may work
  }
  for (const live of document.querySelectorAll<HTMLElement>('.live[data-kind]')) {
    const mine = rooms.filter((r) => r.kind === live.dataset.kind);
    const players = mine.reduce((sum, r) => sum + r.players, 0);
    live.textContent = players === 0 ? 'Nobody is there yet' : `${count(players, 'player')} in ${count(mine.length, 'room')}`;
    live.classList.toggle('some', players > 0);
  }
  const section = document.getElementById('rooms')!;
  section.hidden = rooms.length === 0;
  section.querySelector('ul')!.replaceChildren(...rooms.slice(0, 20).map(line));
}

/** Says on a card how many are in its presence rooms. */
async function refreshPresence(): Promise<void> {
  for (const live of document.querySelectorAll<HTMLElement>('.live[data-presence]')) {
    let rooms: Occupancy[];
    try {
      const answer = await fetch(`/v1/presence?kind=${live.dataset.presence}`);
      if (!answer.ok) return;
      rooms = (await answer.json()).rooms ?? [];
    } catch {
      return;
    }
    const users = rooms.reduce((sum, r) => sum + r.users, 0);
    live.textContent = users === 0 ? 'Nobody is there yet' : `${users === 1 ? 'One person' : `${users} people`} in ${count(rooms.length, 'room')}`;
    live.classList.toggle('some', users > 0);
  }
}

function line(room: RoomInfo): HTMLElement {
  const li = document.createElement('li');
  const kind = document.createElement('b');
  kind.textContent = room.kind;
  const id = document.createElement('code');
  id.textContent = room.id;
  const players = document.createElement('span');
  players.textContent = `${room.players} of ${room.max_players}`;
  const join = document.createElement('a');
  join.href = `${room.kind}/?room=${encodeURIComponent(room.id)}`;
  join.textContent = 'Join';
  const full = room.locked || room.players >= room.max_players;
  li.append(kind, id, players, full ? 'full' : join);
  return li;
}

function count(n: number, word: string): string {
  return `${n} ${word}${n === 1 ? '' : 's'}`;
}

/** Plays the small scenes of the cards. */
function play(): void {
  const picture = new Picture(document.querySelector('canvas[data-scene=arena]')!);
  const attract = new Attract(picture.effects);
  const small = [
    new Crowd(document.querySelector('canvas[data-scene=walkers]')!),
    new Votes(document.querySelector('canvas[data-scene=tasks]')!),
    new Tiles(document.querySelector('canvas[data-scene=bank]')!),
    new Sketch(document.querySelector('canvas[data-scene=whiteboard]')!),
    new Page(document.querySelector('canvas[data-scene=notes]')!),
    new Pointers(document.querySelector('canvas[data-scene=cursors]')!),
    new Talk(document.querySelector('canvas[data-scene=chat]')!),
  ];
  let drawn = performance.now();
  const still = matchMedia('(prefers-reduced-motion: reduce)').matches;
  const draw = (now: number) => {
    const elapsed = Math.min((now - drawn) / 1000, 0.1);
    drawn = now;
    picture.camera.follow(FIELD.width / 2, FIELD.height / 2, elapsed);
    picture.draw(attract.next(elapsed), elapsed);
    for (const scene of small) scene.draw(elapsed);
    if (!still) requestAnimationFrame(draw);
  };
  requestAnimationFrame(draw);
}

play();
for (const ask of [refresh, refreshPresence]) {
  void ask();
  setInterval(() => void ask(), REFRESH_MS);
}
