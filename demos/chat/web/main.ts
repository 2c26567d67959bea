import { Client, dialWebSocket, type RecordRoom } from '../../../clients/ts/src/together';
import { element, make, named, say, tell } from '../../people/dom';
import { Line, plugInto } from '../../people/line';
import { Me } from '../../people/person';
import type { chat } from '../../rooms';
import { type Chatter, Chatters } from './chatters';
import { History } from './history';
import { Log } from './log';

const AGAIN_MS = 2000; // between attempts to open a room for the first time
const REFRESH_MS = 250; // of what has no event: how many messages wait

/** A handle for debugging and browser tests. */
interface Handle {
  client: Client;
  history: History;
}

declare global {
  interface Window {
    __chat?: Handle;
  }
}

const name = named('room');
const line = new Line((plugged) => plugInto(client)(plugged));
const client = new Client(new URL('/ws', location.href), { client: 'chat', dial: line.through(dialWebSocket) });
const me = new Me((person) => chatters?.introduce(person));
let chatters: Chatters | undefined;

/** Opens what stays; a page that was here before has it without a server, too. */
async function openHistory(): Promise<void> {
  let room: RecordRoom<chat.Schema>;
  try {
    room = await client.open<chat.Schema>(`chat/${name}`, { offline: true });
  } catch {
    line.draw('lost', 'Offline');
    setTimeout(() => void openHistory(), AGAIN_MS);
    return;
  }
  const history = new History(room, () => {
    log.draw();
    drawRefused(room);
  });
  const log = new Log(history);
  compose(history, log);
  setInterval(() => drawLine(room), REFRESH_MS);
  room.onStatus((status, error) => status === 'closed' && tell(error?.message ?? 'The room is closed'));
  window.__chat = { client, history };
  log.draw();
  drawRefused(room);
}

/** Opens what does not stay. */
async function openPresence(): Promise<void> {
  try {
    const { name: Name, color: Color } = me.person;
    chatters = new Chatters(await client.presence<Chatter>(`chatters/${name}`, { state: { Name, Color, Typing: false } }));
    chatters.introduce(me.person);
  } catch {
    setTimeout(() => void openPresence(), AGAIN_MS);
  }
}

/** Takes what one writes. */
function compose(history: History, log: Log): void {
  const text = element<HTMLTextAreaElement>('text');
  const fit = () => {
    text.style.height = 'auto';
    text.style.height = `${text.scrollHeight + 2}px`;
  };
  const send = () => {
    const words = text.value.trim();
    if (words === '') return;
    history.say(words, me.person);
    text.value = '';
    fit();
    chatters?.typing(false);
    log.toEnd();
  };
  text.addEventListener('input', () => {
    fit();
    chatters?.typing(text.value.trim() !== '');
  });
  text.addEventListener('keydown', (e) => {
    if (e.key === 'ArrowUp' && text.value === '') {
      e.preventDefault();
      log.edit();
    }
    if (e.key !== 'Enter' || e.shiftKey || e.isComposing) return;
    e.preventDefault();
    send();
  });
  element('composer').addEventListener('submit', (e) => {
    e.preventDefault();
    send();
    text.focus();
  });
  if (matchMedia('(pointer: fine)').matches) text.focus();
}

function drawLine({ status, unconfirmed }: RecordRoom<chat.Schema>): void {
  if (status === 'closed') line.draw('lost', 'The room is closed');
  else if (status !== 'online') line.draw('lost', unconfirmed > 0 ? `Offline, ${unconfirmed} waiting` : 'Offline');
  else if (unconfirmed > 0) line.draw('busy', 'Sending');
  else line.draw('fine', 'Online');
}

/** What the server refused, until it is dismissed. */
function drawRefused(room: RecordRoom<chat.Schema>): void {
  const list = element('refused');
  list.hidden = room.rejected.length === 0;
  list.replaceChildren(
    ...room.rejected.map((write) => {
      const dismiss = make('button', 'quiet', 'Dismiss');
      dismiss.addEventListener('click', () => {
        write.dismiss();
        drawRefused(room);
      });
      return make('li', '', make('span', '', `Not sent: ${write.error.message}`), dismiss);
    }),
  );
}

function showHere(): void {
  const button = element('show-here');
  button.addEventListener('click', () => {
    const shown = document.body.classList.toggle('here');
    button.setAttribute('aria-expanded', String(shown));
  });
}

say(element('begin'), '');
showHere();
void openHistory();
void openPresence();
navigator.serviceWorker?.register('sw.js').catch(() => {}); // without it the page only opens online
