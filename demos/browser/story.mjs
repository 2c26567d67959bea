import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { chromium } from 'playwright-core';
import { Server } from './server.mjs';

const CHROMIUM = process.env.CHROMIUM || '/usr/bin/chromium';
const QUIET = ['--no-sandbox', '--disable-quic', '--disable-background-networking', '--disable-component-update', '--disable-sync', '--no-first-run'];

/**
 * A story that some visitors play, scene after scene, with a server of their
 * own. After a scene has failed the rest are skipped.
 */
export class Story {
  server;
  browser;
  #visitors;
  #folder;
  #failed = false;

  constructor(visitors) {
    this.#visitors = visitors;
    before(() => this.#begin());
    after(() => this.#end());
  }

  /** A test after which no page may have complained. When it fails it leaves pictures of all pages. */
  scene(title, play) {
    test(title, { timeout: 60_000 }, async (t) => {
      if (this.#failed) return t.skip('the story ended before');
      try {
        await play(t);
        for (const visitor of this.#visitors) await calm(visitor);
      } catch (error) {
        this.#failed = true;
        await this.#leavePictures(t);
        throw error;
      }
    });
  }

  async #begin() {
    this.#folder = mkdtempSync(join(tmpdir(), 'parlor-browser-'));
    this.server = new Server(this.#folder);
    await this.server.start();
    this.browser = await chromium.launch({ executablePath: CHROMIUM, args: QUIET });
  }

  async #end() {
    for (const { wire } of this.#visitors) wire.close();
    await Promise.all([this.browser?.close(), this.server?.stop()]);
    for (const name of this.#failed ? ['parlor', 'data'] : ['']) rmSync(join(this.#folder, name), { recursive: true, force: true });
  }

  async #leavePictures(t) {
    for (const { name, page } of this.#visitors) {
      const path = join(this.#folder, `${name}.png`);
      await page?.screenshot({ path, timeout: 5000 }).then(() => t.diagnostic(`picture: ${path}`), () => {});
    }
    t.diagnostic(`server: ${this.server.log.trim()}`);
  }
}

/** Checks that a visitor's page has not complained. */
async function calm(visitor) {
  const { name, page, faults } = visitor;
  assert.deepEqual(faults, [], `${name}'s page complained`);
  if (page && !page.isClosed()) assert.equal(await visitor.desyncs(), 0, `${name}'s page lost the state`);
}
