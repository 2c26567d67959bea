import { Client, dialWebSocket } from '../../../clients/ts/src/together';
import { element, named } from '../../people/dom';
import { Line, plugInto } from '../../people/line';
import { Me, type Person } from '../../people/person';
import { Circle } from './circle';
import { Emotes } from './emotes';
import { Floor } from './floor';
import { drawHere } from './here';
import { Pointers } from './pointers';
import type { Casts, Cursor, Room } from './room';

const AGAIN_MS = 2000; // between attempts to open the room for the first time
const SAID_MS = 6000; // for which what was said stays beside the cursor

/** A handle for debugging and browser tests. */
interface Handle {
  client: Client;
  room: Room;
  pointers: Pointers;
}

declare global {
  interface Window {
    __cursors?: Handle;
  }
}

const line = new Line((plugged) => plugInto(client)(plugged));
const client = new Client(new URL('/ws', location.href), { client: 'cursors', dial: line.through(dialWebSocket) });
const me = new Me(({ name, color }) => show({ Name: name, Color: color }));
const mine: Cursor = { ...look(me.person), X: 0.5, Y: 0.5, Away: true, Saying: '' };
let show: (change: Partial<Cursor>) => void = (change) => void Object.assign(mine, change);

function look({ name, color }: Person): { Name: string; Color: string } {
  return { Name: name, Color: color };
}

async function open(): Promise<void> {
  let room: Room;
  try {
    room = await client.presence<Cursor, Casts>(`cursors/${named('room')}`, { state: mine });
  } catch {
    line.draw('lost', 'Offline');
    setTimeout(() => void open(), AGAIN_MS);
    return;
  }
  begin(room);
}

/** The room is open: draws what others show, and shows what is done here. */
function begin(room: Room): void {
  const stage = element('stage');
  const layer = element('cursors');
  const floor = new Floor(element<HTMLCanvasElement>('floor'));
  const pointers = new Pointers(room, layer);
  const circle = new Circle(room);
  const place = (x: number, y: number): [number, number] => [x * layer.clientWidth, y * layer.clientHeight];
  const emotes = new Emotes(layer, (kind) => room.cast('Emote', { Kind: kind, ...here(mine) }));

  let asked = false;
  const frame = (now: number) => {
    asked = false;
    const { lights, busy } = pointers.step(now);
    if (floor.draw(lights, now) || busy) wake();
  };
  const wake = () => {
    if (!asked) requestAnimationFrame(frame);
    asked = true;
  };
  show = (change) => {
    Object.assign(mine, change);
    room.show(change);
    pointers.show(mine);
    wake();
  };

  room.onChange((changed) => {
    pointers.take(changed);
    drawHere(room);
    wake();
  });
  room.onCast('Emote', ({ data: { Kind, X, Y } }) => emotes.fly(Kind, ...place(X, Y)));
  room.onCast('Ripple', ({ from, data: { X, Y } }) => {
    floor.ring(...place(X, Y), pointers.colorOf(from));
    wake();
  });
  room.onError(({ message }) => circle.refused(message));
  const status = () => {
    if (room.status === 'online') line.draw('fine', 'Online');
    else line.draw('lost', room.status === 'closed' ? 'The room is closed' : 'Offline');
    document.body.classList.toggle('offline', room.status !== 'online');
    drawHere(room);
  };
  room.onStatus(status);
  status();
  follow(stage, room);
  listen();
  addEventListener('resize', wake);
  show({});
  window.__cursors = { client, room, pointers };
}

/** Shows where the pointer is. */
function follow(stage: HTMLElement, room: Room): void {
  const at = (e: PointerEvent) => {
    const { left, top, width, height } = stage.getBoundingClientRect();
    const part = (v: number) => Math.round(Math.max(0, Math.min(v, 1)) * 1e4) / 1e4;
    return { X: part((e.clientX - left) / width), Y: part((e.clientY - top) / height), Away: false };
  };
  stage.addEventListener('pointermove', (e) => show(at(e)));
  stage.addEventListener('pointerdown', (e) => {
    document.body.classList.toggle('touch', e.pointerType !== 'mouse');
    if ((e.target as HTMLElement).closest('button')) return;
    show(at(e));
    room.cast('Ripple', here(mine));
  });
  stage.addEventListener('pointerleave', (e) => e.pointerType === 'mouse' && mine.Saying === '' && show({ Away: true }));
}

/** Shows what one says, for a while after it was written. */
function listen(): void {
  const saying = element<HTMLInputElement>('saying');
  let timer: ReturnType<typeof setTimeout> | undefined;
  const hush = () => show({ Saying: '' });
  saying.addEventListener('input', () => {
    clearTimeout(timer);
    show({ Saying: saying.value.trimStart(), Away: false });
    timer = setTimeout(hush, SAID_MS);
  });
  element('dock').addEventListener('submit', (e) => {
    e.preventDefault();
    saying.value = '';
    clearTimeout(timer);
    timer = setTimeout(hush, SAID_MS);
  });
  saying.addEventListener('keydown', (e) => {
    if (e.key !== 'Escape') return;
    saying.value = '';
    hush();
    saying.blur();
  });
  addEventListener('keydown', (e) => {
    if (e.key !== '/' || e.target instanceof HTMLInputElement) return;
    e.preventDefault();
    saying.focus();
  });
}

function here({ X, Y }: Cursor): { X: number; Y: number } {
  return { X, Y };
}

void open();
