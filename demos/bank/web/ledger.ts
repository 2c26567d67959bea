import type { bank } from '../../rooms';
import { element, make, money } from './dom';

export type Account = bank.Accounts;

/** What accounts begin with, as in rules.go. */
const WELCOME = 1_000n;
const CAPITAL = 1_000_000n;

/** One account on the page. */
interface Line {
  account: Account; // as it is drawn
  item: HTMLLIElement;
  name: HTMLElement;
  balance: HTMLElement;
  change: HTMLElement;
}

/**
 * Ledger draws all accounts, and their sum. A row whose account did not change
 * is the same object, so only what did is drawn again, with a flash.
 */
export class Ledger {
  private readonly list = element('accounts');
  private readonly lines = new Map<number, Line>();

  /** pick is called with the account that is clicked. */
  constructor(private readonly pick: (id: number) => void) {}

  /** Brings the page up to date. whole: all accounts are here, so that the sum can be proved. */
  show(accounts: readonly Account[], user: string, whole: boolean): void {
    accounts.forEach((account, at) => {
      const line = this.lines.get(account.ID) ?? this.add(account);
      if (line.account !== account) this.change(line, account);
      line.item.classList.toggle('me', account.Owner === user && user !== '');
      if (this.list.children[at] !== line.item) this.list.insertBefore(line.item, this.list.children[at] ?? null);
    });
    const here = new Set(accounts.map(({ ID }) => ID));
    for (const [id, { item }] of this.lines) {
      if (here.has(id)) continue;
      item.remove();
      this.lines.delete(id);
    }
    prove(accounts, whole);
  }

  private add(account: Account): Line {
    const item = make('li', account.Owner === '' ? 'house' : '');
    const button = make('button');
    button.type = 'button';
    const name = make('span', 'name', account.Name);
    const change = make('span', 'change');
    const balance = make('b', '', money(account.Balance));
    button.append(make('code', '', String(account.ID)), name, change, balance);
    button.addEventListener('click', () => this.pick(account.ID));
    item.append(button);
    const line = { account, item, name, balance, change };
    this.lines.set(account.ID, line);
    return line;
  }

  private change(line: Line, account: Account): void {
    const by = account.Balance - line.account.Balance;
    line.account = account;
    line.name.textContent = account.Name;
    if (by === 0n) return;
    line.balance.textContent = money(account.Balance);
    line.change.textContent = by > 0n ? `+${money(by)}` : `−${money(-by)}`;
    const style = by > 0n ? 'up' : 'down';
    line.item.classList.remove('up', 'down');
    void line.item.offsetWidth; // so that the animation begins anew
    line.item.classList.add(style);
  }
}

/** Money is neither made nor lost: the sum is what all accounts began with. */
function prove(accounts: readonly Account[], whole: boolean): void {
  const houses = accounts.filter(({ Owner }) => Owner === '').length;
  const people = accounts.length - houses;
  const sum = accounts.reduce((total, { Balance }) => total + Balance, 0n);
  const begun = BigInt(houses) * CAPITAL + BigInt(people) * WELCOME;
  element('count').textContent = `${houses} of the house, ${people} of people`;
  element('sum').textContent = whole ? money(sum) : '–';
  const verdict = element('verdict');
  verdict.classList.toggle('wrong', whole && sum !== begun);
  if (!whole) verdict.textContent = 'waiting for the accounts';
  else if (sum !== begun) verdict.textContent = `It should be ${money(begun)}.`;
  else verdict.textContent = `Exactly what they began with: ${houses} × ${money(CAPITAL)}${people > 0 ? ` + ${people} × ${money(WELCOME)}` : ''}. Nothing is lost.`;
}
