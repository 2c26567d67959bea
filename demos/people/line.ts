import type { Client, Dial, Transport } from '../../clients/ts/src/together';
import { element, say } from './dom';

/** How the page stands with the server, in a few words; and a plug to pull, to see what the page can do alone. */
export class Line {
  plugged = true;
  private readonly plug = element<HTMLButtonElement>('plug');

  /** onPlug is called when the plug is pulled or put in again. */
  constructor(private readonly onPlug: (plugged: boolean) => void) {
    this.plug.addEventListener('click', () => this.toggle());
  }

  /** Dials unless the plug is pulled. */
  through(dial: Dial): Dial {
    return (url) => (this.plugged ? dial(url) : unplugged());
  }

  draw(state: 'fine' | 'busy' | 'lost', text: string): void {
    element('line').className = `chip ${state}`;
    say(element('line-text'), text);
  }

  private toggle(): void {
    this.plugged = !this.plugged;
    say(this.plug, this.plugged ? 'Go offline' : 'Go online');
    this.onPlug(this.plugged);
  }
}

/** What a plug does to a client's connection. */
export function plugInto(client: Client): (plugged: boolean) => void {
  return (plugged) => {
    if (plugged) dispatchEvent(new Event('online'));
    else client.drop();
  };
}

/** A connection that fails at once. */
function unplugged(): Transport {
  const transport: Transport = { onOpen: () => {}, onMessage: () => {}, onClose: () => {}, send: () => {}, close: () => {} };
  queueMicrotask(() => transport.onClose(0, 'the plug is pulled'));
  return transport;
}
