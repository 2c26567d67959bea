import { Client, type RecordRoom } from '../../../clients/ts/src/records';
import type { bank } from '../../rooms';
import { element, money } from './dom';
import { type Account, Ledger } from './ledger';
import { Transfers } from './transfer';

const ROOM = 'bank/main';
const AGAIN_MS = 2000; // between attempts to open the bank for the first time

/** A handle for debugging and browser tests. */
declare global {
  interface Window {
    __bank?: { client: Client; room: RecordRoom<bank.Schema> };
  }
}

const client = new Client(new URL('/ws', location.href), { client: 'bank' });

/** Opens the bank; one who was here before sees it without a connection too. */
async function enter(): Promise<RecordRoom<bank.Schema>> {
  for (;;) {
    try {
      return await client.open<bank.Schema>(ROOM, { offline: true });
    } catch (error) {
      showLink('offline', error instanceof Error ? error.message : String(error));
      await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
    }
  }
}

function showLink(style: string, text: string): void {
  element('link').className = `chip ${style}`;
  element('link').querySelector('span')!.textContent = text;
}

function showStatus(room: RecordRoom<bank.Schema>): void {
  const { status } = room;
  const texts = { opening: 'connecting', online: 'live', offline: 'offline: these are the balances of before', closed: 'closed' };
  showLink(status, texts[status]);
}

/** Shows one's own account, or the form that opens one. */
function showMine(mine: Account | undefined, known: boolean): void {
  element('open').hidden = mine !== undefined || !known;
  element('mine').hidden = mine === undefined;
  if (mine === undefined) return;
  element('mine-name').textContent = mine.Name;
  element('mine-balance').textContent = money(mine.Balance);
}

function openAccount(room: RecordRoom<bank.Schema>): void {
  const name = element<HTMLInputElement>('open-name');
  element('open').addEventListener('submit', async (e) => {
    e.preventDefault();
    element('open-trouble').textContent = '';
    try {
      await room.call('Open', { Name: name.value });
    } catch (error) {
      element('open-trouble').textContent = error instanceof Error ? error.message : String(error);
    }
  });
}

const room = await enter();
const accounts = room.collection('Accounts').subscribe({ orderBy: [['ID']] });
const transfers = new Transfers(room);
const ledger = new Ledger((id) => transfers.pick(id));
const draw = () => {
  asked = false;
  const whole = accounts.status === 'live' || accounts.status === 'stale';
  const mine = accounts.rows.filter(({ Owner }) => Owner === room.user);
  const rows = [...mine, ...accounts.rows.filter(({ Owner }) => Owner !== room.user)];
  ledger.show(rows, room.user, whole);
  transfers.show(rows);
  showMine(mine[0], whole);
};
openAccount(room);
let asked = false; // a picture shows all that came since the last one
accounts.onChange(() => {
  if (!asked) requestAnimationFrame(draw);
  asked = true;
});
room.onStatus(() => {
  showStatus(room);
  draw();
});
showStatus(room);
draw();
window.__bank = { client, room };
