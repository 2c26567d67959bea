import { WebsocketProvider } from 'y-websocket';
import * as Y from 'yjs';
import { keep } from './keep';

const SERVER = new URL('/yjs', location.href).href.replace(/^http/, 'ws');
const MOST_WAIT_MS = 5000; // between two attempts to connect

export type Status = 'connecting' | 'connected' | 'disconnected';

/** One document and its connection: stock yjs and y-websocket, beside what this browser keeps of it. */
export class Document {
  readonly doc = new Y.Doc();
  readonly provider: WebsocketProvider;
  /** What this browser kept of it is in it. */
  readonly kept: Promise<void>;
  status: Status = 'connecting';

  constructor(
    readonly name: string,
    online: boolean,
  ) {
    this.provider = new WebsocketProvider(SERVER, `notes/${name}`, this.doc, { connect: online, maxBackoffTime: MOST_WAIT_MS });
    this.kept = keep(name, this.doc);
    if (!online) this.status = 'disconnected';
    this.provider.on('status', ({ status }: { status: Status }) => (this.status = status));
    addEventListener('online', () => this.provider.shouldConnect && this.provider.connect());
  }

  /** What the server has is here, and the server has been sent what is here. */
  get synced(): boolean {
    return this.provider.synced;
  }

  plug(plugged: boolean): void {
    if (plugged) this.provider.connect();
    else this.provider.disconnect();
  }
}
