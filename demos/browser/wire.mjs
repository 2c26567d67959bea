import { once } from 'node:events';
import { connect, createServer } from 'node:net';

/** The network between one page and the server: TCP connections that can be cut or held. */
export class Wire {
  #pairs = new Set();
  #isCut = false;
  #server;
  #port;

  async open(port) {
    this.#port = port;
    this.#server = createServer((page) => this.#accept(page)).listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    return `http://127.0.0.1:${this.#server.address().port}`;
  }

  /** Leads new connections to the server's new port; pages keep their address. */
  lead(port) {
    this.#port = port;
  }

  /** Breaks all connections, and each new one until mend is called. */
  cut() {
    this.#isCut = true;
    for (const pair of this.#pairs) for (const socket of pair) socket.resetAndDestroy();
  }

  mend() {
    this.#isCut = false;
  }

  /** Lets nothing pass, either way, until release is called. */
  hold() {
    for (const pair of this.#pairs) for (const socket of pair) socket.pause();
  }

  release() {
    for (const pair of this.#pairs) for (const socket of pair) socket.resume();
  }

  close() {
    this.cut();
    this.#server?.close();
  }

  #accept(page) {
    if (this.#isCut) return page.resetAndDestroy();
    const server = connect({ port: this.#port, host: '127.0.0.1' });
    const pair = [page, server];
    this.#pairs.add(pair);
    pair.forEach((socket, i) => {
      const other = pair[1 - i];
      socket.setNoDelay();
      socket.on('data', (bytes) => other.write(bytes));
      socket.on('end', () => other.end());
      socket.on('error', () => other.destroy());
      socket.on('close', () => {
        other.destroySoon();
        this.#pairs.delete(pair);
      });
    });
  }
}
