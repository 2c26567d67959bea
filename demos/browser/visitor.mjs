import { Wire } from './wire.mjs';

const DEADLINE_MS = 20_000; // for each condition that is waited for

/** One person: a browser window with a wire of its own to the server. */
export class Visitor {
  /** What should never appear on a page: errors, warnings, refusals. */
  faults = [];
  wire = new Wire();
  /** The player's ID in the arena. */
  id = 0;

  constructor(name, viewport = { width: 880, height: 560 }) {
    this.name = name;
    this.viewport = viewport;
  }

  /** Opens a page of the server that listens on port. */
  async arrive(browser, port, path) {
    const origin = await this.wire.open(port);
    const context = await browser.newContext({ viewport: this.viewport });
    this.page = await context.newPage();
    this.page.setDefaultTimeout(DEADLINE_MS);
    await this.#watch();
    await this.page.goto(origin + path);
  }

  /** Types the name at the arena's door and waits for the first frame. */
  async enter() {
    await this.page.fill('#name', this.name);
    await this.page.press('#name', 'Enter');
    await this.until(() => window.__parlor?.room.status === 'joined');
    this.id = await this.page.evaluate(() => window.__parlor.me);
  }

  /** Waits until a condition holds in the page. */
  async until(condition, arg) {
    try {
      await this.page.waitForFunction(condition, arg);
    } catch (error) {
      throw new Error(`${this.name} waited in vain for ${condition}`, { cause: error });
    }
  }

  /** Waits until the page's browser keeps a value of which a condition holds in a store of a database. */
  async keeps(condition, { database = 'parlor', store = 'kept' } = {}) {
    const end = Date.now() + DEADLINE_MS;
    for (;;) {
      const values = await this.page.evaluate(readAll, [database, store]);
      if (values.some((value) => condition(value))) return;
      if (Date.now() > end) throw new Error(`${this.name}'s browser never kept what ${condition} holds of`);
    }
  }

  /** A fighter as this page knows it: the row of the server's last frame, and where it is drawn. */
  sees(id) {
    return this.page.evaluate((id) => {
      const drawn = window.__parlor.players().find((f) => f.id === id);
      return { row: { ...window.__parlor.state.Players.get(id) }, x: drawn?.x };
    }, id);
  }

  /** How often the page's state was not the server's, since it was loaded. */
  desyncs() {
    return this.page.evaluate(() => window.__parlor?.stats.desyncs ?? 0);
  }

  /** The score sheet's texts, by row. */
  async scores() {
    await this.page.keyboard.down('Tab');
    await this.page.waitForSelector('#scores tr.me');
    const rows = await this.page.$$eval('#scores tr', (rows) => rows.slice(1).map((r) => Array.from(r.cells, (c) => c.textContent)));
    await this.page.keyboard.up('Tab');
    return rows;
  }

  async #watch() {
    const { page, faults } = this;
    page.on('pageerror', (error) => faults.push(`uncaught ${error.stack}`));
    page.on('response', (r) => r.status() >= 400 && faults.push(`${r.status()} ${r.url()}`));
    page.on('console', (message) => {
      const ofCut = /WebSocket connection to .* failed/.test(message.text()); // the browser says so by itself
      if (['error', 'warning'].includes(message.type()) && !ofCut) faults.push(`${message.type()}: ${message.text()}`);
    });
    await page.addInitScript(() => {
      document.addEventListener('securitypolicyviolation', (e) => console.error(`policy ${e.violatedDirective} blocks ${e.blockedURI}`));
    });
  }
}

/** Reads all values of a store in the page, none if it is not there. */
function readAll([database, store]) {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(database);
    request.onupgradeneeded = () => request.transaction.abort();
    request.onerror = () => resolve([]);
    request.onsuccess = () => {
      const all = request.result.transaction(store).objectStore(store).getAll();
      all.onerror = () => reject(all.error);
      all.onsuccess = () => {
        request.result.close();
        requestAnimationFrame(() => resolve(all.result));
      };
    };
  });
}
