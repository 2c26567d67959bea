import type { Board, Client, Dial, Transport } from '../../../clients/ts/src/together';
import { element, say } from './dom';

/** How the page stands with the server, in a few words; and a plug to pull. */
export class Line {
  private plugged = true;
  client: Client | undefined;

  constructor() {
    element('plug').addEventListener('click', () => this.toggle());
  }

  /** Dials unless the plug is pulled. */
  through(dial: Dial): Dial {
    return (url) => (this.plugged ? dial(url) : unplugged());
  }

  draw(board: Board): void {
    const { state, text } = stateOf(board);
    element('line').className = `chip ${state}`;
    say(element('line-text'), text);
  }

  /** Pulls the plug, or puts it in again: to see what the page can do alone. */
  private toggle(): void {
    this.plugged = !this.plugged;
    say(element('plug'), this.plugged ? 'Work offline' : 'Go online');
    if (this.plugged) dispatchEvent(new Event('online'));
    else this.client?.drop();
  }
}

function stateOf({ status, pending, role }: Board): { state: string; text: string } {
  const changes = `${pending.toLocaleString('en')} change${pending === 1 ? '' : 's'}`;
  if (status === 'closed') return { state: 'lost', text: 'The board is closed' };
  if (status !== 'online') return { state: 'lost', text: pending > 0 ? `Offline, ${changes} waiting` : 'Offline' };
  if (pending > 0) return { state: 'busy', text: 'Saving' };
  return { state: 'fine', text: role === 'reader' ? 'Online, read only' : 'Saved' };
}

/** A connection that fails at once. */
function unplugged(): Transport {
  const transport: Transport = { onOpen: () => {}, onMessage: () => {}, onClose: () => {}, send: () => {}, close: () => {} };
  queueMicrotask(() => transport.onClose(0, 'the plug is pulled'));
  return transport;
}
