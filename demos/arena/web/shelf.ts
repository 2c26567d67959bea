import type { Client } from '../../../clients/ts/src/records';
import type { inventory } from '../../rooms';
import { element, made } from './hud';
import { METALS } from './rows';

const OWNER = 'parlor.arena.owner'; // of this browser's shelf, to be the same guest next time

/** Whose shelf it is: a guest, and what proves it. */
interface Owner {
  user: string;
  guest: string;
}

/** Who played in this browser before. */
export function keptOwner(): Owner | undefined {
  const stored = localStorage.getItem(OWNER);
  return stored ? JSON.parse(stored) : undefined;
}

/**
 * Shelf shows at the door which trophies one has, live from the record room
 * inventory/USER. Nothing waits for it: where that room cannot be opened the
 * door shows no shelf, and one plays as ever.
 */
export class Shelf {
  private user = ''; // whose shelf is shown, or being opened

  constructor(private readonly client: Client) {
    client.onStatus((status) => status === 'connected' && this.connected());
    const owner = keptOwner();
    if (owner) void this.open(owner.user);
  }

  private connected(): void {
    const user = this.client.welcome!.user;
    localStorage.setItem(OWNER, JSON.stringify({ user, guest: this.client.guest }));
    if (user !== this.user) void this.open(user); // the first visit, or the server has forgotten the guest
  }

  private async open(user: string): Promise<void> {
    this.user = user;
    try {
      const room = await this.client.open<inventory.Schema>(`inventory/${user}`);
      const loot = room.collection('Loot').subscribe({ orderBy: [['createdAt', 'desc']] });
      loot.onChange(() => user === this.user && loot.status === 'live' && show(loot.rows));
    } catch {
      if (user === this.user) this.user = ''; // the next connection tries again
    }
  }
}

/** Puts trophies on the shelf, the newest first. */
function show(loot: readonly inventory.Loot[]): void {
  METALS.forEach((metal, i) => {
    const held = loot.filter((item) => item.Metal === i).length;
    const place = element(`shelf-${metal}`);
    place.querySelector('b')!.textContent = String(held);
    place.classList.toggle('none', held === 0);
  });
  const last = element('shelf-last');
  const [newest] = loot;
  if (newest) last.replaceChildren('The last one, ', made('em', METALS[newest.Metal], METALS[newest.Metal]), `, was ${newest.Of}’s.`);
  else last.textContent = 'Your shelf is empty. Take what the fallen leave behind.';
  element('shelf').hidden = false;
}
