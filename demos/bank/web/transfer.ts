import { MutationError, type RecordRoom } from '../../../clients/ts/src/records';
import type { bank } from '../../rooms';
import { element, make, money } from './dom';
import type { Account } from './ledger';

const SLIPS = 5;
const RUSH = 100;
const FIELDS = ['From', 'To', 'Amount'] as const;

/** The form that moves money, and the slips of what was confirmed. */
export class Transfers {
  private readonly form = element<HTMLFormElement>('transfer');
  private readonly from = element<HTMLSelectElement>('From');
  private readonly to = element<HTMLSelectElement>('To');
  private readonly amount = element<HTMLInputElement>('Amount');
  private readonly rush = element<HTMLButtonElement>('rush');
  private accounts: readonly Account[] = [];
  private choices = ''; // what the lists were built from
  private touched = false; // somebody has chosen where from

  constructor(private readonly room: RecordRoom<bank.Schema>) {
    this.from.addEventListener('change', () => (this.touched = true));
    this.form.addEventListener('submit', (e) => {
      e.preventDefault();
      void this.send();
    });
    this.rush.addEventListener('click', () => void this.hurry());
  }

  /** Offers the accounts to choose from. */
  show(accounts: readonly Account[]): void {
    this.accounts = accounts;
    const { user } = this.room;
    const choices = JSON.stringify([user, accounts.map(({ ID, Name }) => [ID, Name])]);
    if (choices === this.choices) return;
    this.choices = choices;
    const mine = accounts.filter(({ Owner }) => Owner === user);
    const houses = accounts.filter(({ Owner }) => Owner === '');
    const others = accounts.filter(({ Owner }) => Owner !== '' && Owner !== user);
    const [from, to] = [this.from.value, this.to.value];
    this.from.replaceChildren(...group('Mine', mine), ...group('The house, anybody’s to move', houses), ...group('Somebody else’s: try it', others));
    this.to.replaceChildren(...group('Mine', mine), ...group('People', others), ...group('The house', houses));
    this.from.value = this.touched && from ? from : String((mine[0] ?? houses[0])?.ID ?? '');
    this.to.value = to || String(houses.find(({ ID }) => String(ID) !== this.from.value)?.ID ?? '');
  }

  /** Chooses where the money goes. */
  pick(id: number): void {
    this.to.value = String(id);
    this.amount.focus();
  }

  private async send(): Promise<void> {
    for (const name of [...FIELDS, 'transfer']) element(`${name}-trouble`).textContent = '';
    const Amount = whole(this.amount.value);
    if (Amount === undefined) return complain('Amount', 'a whole number, please');
    const args = { From: Number(this.from.value), To: Number(this.to.value), Amount };
    const began = performance.now();
    try {
      await this.room.call('Transfer', args);
    } catch (error) {
      const field = error instanceof MutationError ? FIELDS.find((name) => name === error.field) : undefined;
      return complain(field ?? 'transfer', error instanceof Error ? error.message : String(error));
    }
    const took = performance.now() - began;
    this.slip(`${this.name(args.From)} → ${this.name(args.To)}`, money(Amount), `durable in ${milliseconds(took)}`);
  }

  /** Many transfers between the houses, all of them on their way at once. */
  private async hurry(): Promise<void> {
    const houses = this.accounts.filter(({ Owner }) => Owner === '').map(({ ID }) => ID);
    element('transfer-trouble').textContent = '';
    this.rush.disabled = true;
    const began = performance.now();
    const calls = Array.from({ length: RUSH }, () => {
      const [From, To] = two(houses);
      return this.room.call('Transfer', { From, To, Amount: 1 + Math.floor(Math.random() * 99) });
    });
    const ends = await Promise.allSettled(calls);
    const took = performance.now() - began;
    this.rush.disabled = false;
    const failed = ends.find((end) => end.status === 'rejected');
    if (failed) complain('transfer', failed.reason instanceof Error ? failed.reason.message : String(failed.reason));
    const done = ends.filter((end) => end.status === 'fulfilled').length;
    if (done > 0) this.slip(`${done} transfers between houses`, '', `all durable in ${milliseconds(took)}`);
  }

  private slip(what: string, amount: string, how: string): void {
    const item = make('li');
    const now = new Date();
    const time = make('time', '', `${now.toLocaleTimeString('en-GB')}.${String(now.getMilliseconds()).padStart(3, '0')}`);
    item.append(make('span', 'what', what), make('b', '', amount), make('span', 'how', how), time);
    const list = element('slips').querySelector('ol')!;
    list.prepend(item);
    while (list.children.length > SLIPS) list.lastElementChild!.remove();
    element('slips').hidden = false;
  }

  private name(id: number): string {
    return this.accounts.find(({ ID }) => ID === id)?.Name ?? `account ${id}`;
  }
}

function group(label: string, accounts: readonly Account[]): HTMLElement[] {
  if (accounts.length === 0) return [];
  const made = make('optgroup');
  made.label = label;
  for (const { ID, Name } of accounts) made.append(new Option(Name, String(ID)));
  return [made];
}

function complain(field: string, text: string): void {
  element(`${field}-trouble`).textContent = text;
}

/** What was typed as a whole number; thousands may have commas. */
function whole(typed: string): bigint | undefined {
  const digits = typed.replaceAll(/[\s,]/g, '').replace('−', '-');
  return /^-?\d{1,18}$/.test(digits) ? BigInt(digits) : undefined;
}

function two(ids: readonly number[]): [number, number] {
  const first = Math.floor(Math.random() * ids.length);
  const second = (first + 1 + Math.floor(Math.random() * (ids.length - 1))) % ids.length;
  return [ids[first], ids[second]];
}

function milliseconds(ms: number): string {
  return ms < 10 ? `${ms.toFixed(1)} ms` : `${Math.round(ms)} ms`;
}
