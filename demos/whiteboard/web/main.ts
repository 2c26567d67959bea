import { type Board, Client, dialWebSocket } from '../../../clients/ts/src/together';
import { introduction } from './crowd';
import { Desk } from './desk';
import { element, say, tell } from './dom';
import { fit } from './keys';
import { Line } from './line';
import { Page } from './page';

const AGAIN_MS = 2000; // between attempts to open the board for the first time
const REFRESH_MS = 200; // of what has no event: how many changes wait

/** A handle for debugging and browser tests: the board as this page knows it. */
interface Handle {
  client: Client;
  board: Board;
  desk: Desk;
  page: Page;
}

declare global {
  interface Window {
    __board?: Handle;
  }
}

/** The board that the address names: what leads others here too. */
function roomName(): string {
  const address = new URL(location.href);
  const name = (address.searchParams.get('room') ?? '').toLowerCase().replace(/[^a-z0-9_-]/g, '').slice(0, 40) || 'main';
  address.searchParams.set('room', name);
  history.replaceState(null, '', address);
  return name;
}

const room = roomName();
const line = new Line();
const client = new Client(new URL('/ws', location.href), { client: 'whiteboard', dial: line.through(dialWebSocket) });
line.client = client;
say(element('room'), room);

/** Opens the board; the first time that takes a server. */
async function open(): Promise<void> {
  const me = introduction();
  let board: Board;
  try {
    board = await client.board(`board/${room}`, { offline: true, presence: { ...me, Tool: 'select' } });
  } catch (error) {
    element('line').className = 'chip lost';
    say(element('line-text'), 'Offline');
    tell(`The board opens as soon as its server answers: ${(error as Error).message}`);
    setTimeout(() => void open(), AGAIN_MS);
    return;
  }
  const desk = new Desk(board, element('stage'));
  const page = new Page(desk);
  page.people.show({ ...me, Tool: 'select' });
  board.onStatus((status, error) => {
    if (status === 'closed') tell(error?.message ?? 'The board is closed');
    desk.changed();
  });
  setInterval(() => line.draw(board), REFRESH_MS);
  void board.ready.then(() => {
    fit(desk);
    desk.changed();
  });
  window.__board = { client, board, desk, page };
}

void open();
navigator.serviceWorker?.register('sw.js').catch(() => {}); // without it the page only opens online
