import { Client, dialWebSocket, type RecordRoom } from '../../../clients/ts/src/records';
import { Meter } from '../../arena/web/meter';
import type { tasks } from '../../rooms';
import { Board } from './board';
import { element, say } from './dom';
import { listen } from './keys';
import { Line } from './line';
import { Page } from './page';

const AGAIN_MS = 2000; // between attempts to open the board for the first time
const REFRESH_MS = 250; // of what has no event: how many changes wait

/** A handle for debugging and browser tests: the board as this page knows it. */
interface Handle {
  client: Client;
  room: RecordRoom<tasks.Schema>;
  board: Board;
  page: Page;
  meter: Meter;
}

declare global {
  interface Window {
    __tasks?: Handle;
  }
}

const meter = new Meter();
const line = new Line();
const client = new Client(new URL('/ws', location.href), { client: 'tasks', dial: line.through(meter.through(dialWebSocket)) });
line.client = client;

/** Opens the board; the first time that takes a server. */
async function open(): Promise<void> {
  let room: RecordRoom<tasks.Schema>;
  try {
    room = await client.open<tasks.Schema>('tasks/main', { offline: true });
  } catch (error) {
    element('line').className = 'chip lost';
    say(element('line-text'), 'Offline');
    say(element('foot'), `The board opens as soon as its server answers: ${(error as Error).message}`);
    setTimeout(() => void open(), AGAIN_MS);
    return;
  }
  const board = new Board(room, () => meter.received, () => page.draw());
  const page = new Page(board, line);
  listen(page, board);
  welcome(board, page);
  setInterval(() => line.draw(room), REFRESH_MS);
  room.onStatus((status, error) => status === 'closed' && say(element('foot'), error?.message ?? ''));
  window.__tasks = { client, room, board, page, meter };
  page.draw();
}

/** Asks newcomers for their name. */
function welcome(board: Board, page: Page): void {
  const door = element<HTMLFormElement>('door');
  const name = element<HTMLInputElement>('door-name');
  const look = () => {
    const wasHidden = door.hidden;
    door.hidden = !board.knowsMembers || board.me !== undefined;
    if (wasHidden && !door.hidden) name.focus({ preventScroll: true });
  };
  door.addEventListener('submit', (e) => {
    e.preventDefault();
    if (name.value.trim() !== '') board.hello(name.value.trim());
  });
  name.addEventListener('keydown', (e) => e.stopPropagation());
  board.onMembers(look);
  look();
  page.draw();
}

void open();
navigator.serviceWorker?.register('sw.js').catch(() => {}); // without it the page only opens online
