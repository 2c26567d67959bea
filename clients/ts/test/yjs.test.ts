import assert from 'node:assert/strict';
import { afterEach, beforeEach, mock, test } from 'node:test';
import * as awarenessProtocol from 'y-protocols/awareness';
import * as Y from 'yjs';
import { Code, YjsProvider, type YjsProviderOptions } from '../src/together';
import { ByteReader, ByteWriter } from '../src/records/bytes';
import { settle } from './records-server';
import { type OpenedWith, TogetherPage } from './together-server';

const pages: TogetherPage[] = [];

beforeEach(() => mock.timers.enable({ apis: ['setTimeout', 'setInterval'] }));

afterEach(() => {
  for (const p of pages.splice(0)) p.client.close();
  mock.timers.reset();
});

/** A message of y-websocket's. */
function message(kind: number, step: number | undefined, bytes: Uint8Array): Uint8Array {
  const w = new ByteWriter();
  w.uvarint(kind);
  if (step !== undefined) w.uvarint(step);
  w.put(bytes);
  return w.finish();
}

/** The messages that a page has sent: kind, step and bytes. */
function sent(page: TogetherPage): [kind: number, step: number, bytes: Uint8Array][] {
  return page.connection.syncs().map((m) => {
    const r = new ByteReader(m);
    const kind = r.uvarint();
    return [kind, kind === 0 ? r.uvarint() : -1, r.take()];
  });
}

/** A page with a document, and what its provider has raised. */
class Editor extends TogetherPage {
  readonly doc = new Y.Doc();
  readonly provider: YjsProvider;
  readonly events: unknown[] = [];

  constructor(options: Partial<YjsProviderOptions> = {}) {
    super();
    pages.push(this);
    this.doc.getText('t').insert(0, 'mine');
    this.provider = new YjsProvider(this.client, 'notes/x', this.doc, { Y, awarenessProtocol, ...options });
    this.provider.on('status', ({ status }) => this.events.push(status));
    this.provider.on('synced', (synced) => this.events.push(synced));
    this.provider.on('error', (error) => this.events.push(error.message));
    this.provider.on('reset', () => this.events.push('reset'));
  }

  async enter(more: OpenedWith = {}): Promise<void> {
    await settle();
    this.server.last.welcome();
    await settle();
    this.connection.opened(1, { schema: '{}', role: 'writer', ...more });
    await settle();
  }

  async comeBack(more: OpenedWith = {}): Promise<void> {
    mock.timers.tick(1000);
    await this.enter({ schema: null, ...more });
  }

  get text(): string {
    return this.doc.getText('t').toString();
  }
}

test('the first steps bring both up to date, then updates go both ways', async () => {
  const page = new Editor();
  await page.enter();
  const server = new Y.Doc();
  server.getText('t').insert(0, 'theirs ');
  const [[kind, step, vector]] = sent(page);
  assert.deepEqual([kind, step], [0, 0]);
  assert.equal(page.provider.synced, false);
  page.connection.sync(1, message(0, 1, Y.encodeStateAsUpdate(server, vector)));
  page.connection.sync(1, message(0, 0, Y.encodeStateVector(server)));
  const answer = sent(page).at(-1)!;
  assert.deepEqual(answer.slice(0, 2), [0, 1]);
  Y.applyUpdate(server, answer[2]);
  assert.equal(server.getText('t').toString(), page.text);
  assert.deepEqual([page.provider.synced, page.provider.role, page.events], [true, 'writer', ['connected', true]]);

  const before = sent(page).length;
  page.doc.getText('t').insert(0, 'A');
  const update = sent(page).at(-1)!;
  assert.deepEqual([sent(page).length, ...update.slice(0, 2)], [before + 1, 0, 2]);
  Y.applyUpdate(server, update[2]);
  server.on('update', (u: Uint8Array) => page.connection.sync(1, message(0, 2, u)));
  server.getText('t').insert(0, 'B');
  assert.deepEqual([page.text, sent(page).length], [server.getText('t').toString(), before + 1]); // what came is not sent back
});

test('what is written offline arrives with the first steps of the next connection', async () => {
  const page = new Editor();
  await page.enter();
  page.connection.sync(1, message(0, 1, Y.encodeStateAsUpdate(new Y.Doc())));
  await page.lose();
  assert.deepEqual([page.provider.synced, page.events], [false, ['connected', true, false, 'disconnected']]);
  page.doc.getText('t').insert(0, 'offline ');
  await page.comeBack();
  page.connection.sync(1, message(0, 0, Y.encodeStateVector(new Y.Doc())));
  const server = new Y.Doc();
  Y.applyUpdate(server, sent(page).at(-1)![2]);
  assert.equal(server.getText('t').toString(), 'offline mine');
});

test('awareness is told, renewed, and forgotten with the connection', async () => {
  const page = new Editor();
  page.provider.awareness!.setLocalStateField('user', 'Ada');
  await page.enter();
  const other = new awarenessProtocol.Awareness(new Y.Doc());
  const seen = () => awarenessProtocol.applyAwarenessUpdate(other, sent(page).filter(([kind]) => kind === 1).at(-1)![2], 'test');
  seen();
  assert.deepEqual(other.getStates().get(page.doc.clientID), { user: 'Ada' });
  page.provider.awareness!.setLocalStateField('user', 'Ada L.');
  seen();
  assert.deepEqual(other.getStates().get(page.doc.clientID), { user: 'Ada L.' });

  other.setLocalState({ user: 'Bob' });
  const before = sent(page).length;
  page.connection.sync(1, message(1, undefined, awarenessProtocol.encodeAwarenessUpdate(other, [other.clientID])));
  assert.deepEqual(page.provider.awareness!.getStates().get(other.clientID), { user: 'Bob' });
  assert.equal(sent(page).length, before);
  page.connection.sync(1, Uint8Array.of(3)); // who is there?
  assert.equal(sent(page).length, before + 1);
  page.provider.awareness!.setLocalState(page.provider.awareness!.getLocalState()); // as it renews itself
  assert.equal(sent(page).length, before + 2);
  await page.lose();
  assert.deepEqual([...page.provider.awareness!.getStates().keys()], [page.doc.clientID]);
  await page.comeBack();
  assert.deepEqual(sent(page).map(([kind, step]) => [kind, step]), [[0, 0], [1, -1]]);
  const removed = page.connection;
  page.provider.destroy();
  page.provider.destroy();
  const last = removed.syncs().at(-1)!;
  assert.equal(last[0], 1);
  assert.deepEqual(removed.leaves(), [1]);
  page.doc.getText('t').insert(0, 'after');
  assert.equal(removed.syncs().length, 3);
  other.destroy();
});

test('without awarenessProtocol there is no awareness', async () => {
  const page = new Editor({ awarenessProtocol: undefined });
  await page.enter();
  page.connection.sync(1, message(1, undefined, Uint8Array.of(0)));
  page.connection.sync(1, Uint8Array.of(3));
  assert.equal(page.provider.awareness, undefined);
  assert.throws(() => new Editor({ awarenessProtocol: undefined, awareness: {} }), /needs awarenessProtocol/);
});

test('a document that was begun anew is not merged with this one', async () => {
  const page = new Editor();
  await page.enter();
  await page.lose();
  await page.comeBack({ epoch: 8n });
  assert.deepEqual([page.events, page.provider.status, sent(page)], [['connected', 'disconnected', 'reset'], 'closed', []]);
  const other = new Editor();
  await other.enter();
  other.connection.reset(1, 9n);
  assert.deepEqual(other.events.at(-1), 'reset');
});

test('a refusal ends the provider with its reason', async () => {
  const page = new Editor();
  await settle();
  page.server.last.welcome();
  await settle();
  page.connection.refuse(0, Code.FORBIDDEN, page.connection.opens()[0].request, 'not you');
  await settle();
  assert.equal(page.provider.status, 'closed');
  assert.match(String(page.events.at(-1)), /not you/);
});

test('a first step that the room had no time for is sent again', async () => {
  const page = new Editor();
  await page.enter();
  page.connection.refuse(1, Code.RATE_LIMITED, 0);
  assert.equal(sent(page).length, 2);
  mock.timers.tick(1000);
  assert.deepEqual(sent(page).map(([kind, step]) => [kind, step]), [[0, 0], [1, -1], [0, 0]]);
  page.connection.sync(1, message(0, 1, Y.encodeStateAsUpdate(new Y.Doc())));
  page.connection.refuse(1, Code.RATE_LIMITED, 0, 'slower');
  mock.timers.tick(1000);
  assert.deepEqual([sent(page).length, String(page.events.at(-1)).includes('slower')], [3, true]);
});

test('broken messages are told, or close the connection; nothing is lost', async () => {
  const page = new Editor();
  await page.enter();
  for (const bytes of [Uint8Array.of(1, 2, 3), Uint8Array.of(255, 255, 255, 255, 255, 255), new Uint8Array()]) page.connection.sync(1, message(0, 2, bytes));
  page.connection.sync(1, message(1, undefined, Uint8Array.of(9, 9)));
  page.connection.sync(1, Uint8Array.of(77));
  assert.equal(page.events.length, 5);
  assert.equal(page.server.last.closedWith, undefined);
  for (const bytes of [[], [0], [0, 9, 0], [0, 2, 200], [0, 0, 3, 255, 255, 255]]) {
    page.connection.sync(1, Uint8Array.from(bytes));
    assert.equal(page.server.last.closedWith, 4001, String(bytes));
    await settle();
    await page.comeBack();
    assert.equal(page.provider.status, 'online');
  }
  assert.equal(page.text, 'mine');
});

test('a listener that is taken off hears no more', async () => {
  const page = new Editor();
  let heard = 0;
  const hear = () => heard++;
  page.provider.on('sync', hear);
  page.provider.off('sync', hear);
  await page.enter();
  page.connection.sync(1, message(0, 1, Y.encodeStateAsUpdate(new Y.Doc())));
  assert.equal(heard, 0);
});
