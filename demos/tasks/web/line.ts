import type { Client, Dial, RecordRoom, Transport } from '../../../clients/ts/src/records';
import type { tasks } from '../../rooms';
import { element, say } from './dom';
import { count } from './text';

/** How the page stands with the server, in a few words; and a plug to pull. */
export class Line {
  private plugged = true;
  private readonly plug = element<HTMLButtonElement>('plug');

  constructor() {
    this.plug.addEventListener('click', () => this.toggle());
  }

  client: Client | undefined;

  /** Dials unless the plug is pulled. */
  through(dial: Dial): Dial {
    return (url) => (this.plugged ? dial(url) : unplugged());
  }

  draw(room: RecordRoom<tasks.Schema>): void {
    const { state, text } = this.state(room);
    element('line').className = `chip ${state}`;
    say(element('line-text'), text);
  }

  private state({ status, unconfirmed }: RecordRoom<tasks.Schema>): { state: string; text: string } {
    const changes = count(unconfirmed, 'change');
    if (status === 'closed') return { state: 'lost', text: 'The board is closed' };
    if (status !== 'online') return { state: 'lost', text: unconfirmed > 0 ? `Offline, ${unconfirmed.toLocaleString('en')} waiting` : 'Offline' };
    if (unconfirmed > 0) return { state: 'busy', text: `Syncing ${changes}` };
    return { state: 'fine', text: 'Online, all saved' };
  }

  /** Pulls the plug, or puts it in again: to see what the page can do alone. */
  private toggle(): void {
    this.plugged = !this.plugged;
    say(this.plug, this.plugged ? 'Go offline' : 'Go online');
    if (this.plugged) dispatchEvent(new Event('online'));
    else this.client?.drop();
  }
}

/** A connection that fails at once. */
function unplugged(): Transport {
  const transport: Transport = { onOpen: () => {}, onMessage: () => {}, onClose: () => {}, send: () => {}, close: () => {} };
  queueMicrotask(() => transport.onClose(0, 'the plug is pulled'));
  return transport;
}
