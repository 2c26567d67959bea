import 'fake-indexeddb/auto';
import assert from 'node:assert/strict';
import { afterEach, beforeEach, mock, test } from 'node:test';
import { type Board, type BoardOptions, Code, type Disk, type MutationError } from '../src/together';
import { IndexedDisk } from '../src/records/disk';
import { FakeTabs, settle } from './records-server';
import { boardSchema, type OpenedWith, pointer, type TogetherConnection, TogetherPage } from './together-server';

let disk: Disk;
let held: Set<string>;
let pages: TogetherPage[];
let count = 0;

beforeEach(async () => {
  disk = await IndexedDisk.open(indexedDB, `board ${++count}`);
  mock.timers.enable({ apis: ['setTimeout', 'setInterval'] });
  held = new Set();
  pages = [];
});

afterEach(() => {
  for (const p of pages) p.client.close();
  mock.timers.reset();
});

function visit(): TogetherPage {
  const page = new TogetherPage(disk, new FakeTabs(held));
  page.state = pointer;
  pages.push(page);
  return page;
}

/** Ends a page as a crash does: nothing of it runs any more, and its locks are free. */
async function crash(page: TogetherPage): Promise<void> {
  page.server.up = false;
  page.server.last.send = () => {};
  held.clear();
  await settle();
}

async function wait(page: TogetherPage, ms: number): Promise<void> {
  page.time += ms;
  mock.timers.tick(ms);
  await settle();
  await settle();
}

/** Lets the page come back, and answers its Open. */
async function back(page: TogetherPage, more: OpenedWith = {}): Promise<TogetherConnection> {
  page.server.up = true;
  const before = page.server.connections.length;
  for (let i = 0; i < 20 && page.server.connections.length === before; i++) await wait(page, 500);
  const c = await page.welcome();
  c.opened(1, { schema: null, ...more });
  await settle();
  await settle();
  return c;
}

const geo = (x: number) => ({ x, y: 0, w: 10, h: 10, r: 0 });
const rect = (id: string, x = 0) => ({ id, kind: 'rect', geo: geo(x), index: `a${id}` });
const shapesOf = (board: Board) => Object.fromEntries([...board.shapes].map(([id, s]) => [id, s.geo.x]));

async function open(page: TogetherPage, options: BoardOptions = {}, more: OpenedWith = {}): Promise<Board> {
  const board = await page.open(page.client.board('board/main', options), { schema: boardSchema, role: 'writer', seq: 4, ...more });
  page.connection.snapshot(1, 4, [rect('a', 0), rect('b', 5)]);
  return board;
}

test('offline edits are shown, sent again under their numbers, and reconciled without a flash', async () => {
  const page = visit();
  const board = await open(page);
  void board.patch({ id: 'a', geo: { x: 1 } });
  await settle();
  assert.deepEqual(page.connection.mutates().map((m) => m.id), [1]);
  const { client } = page.connection.opens()[0];
  await page.lose();
  void board.patch({ id: 'a', geo: { x: 2 } });
  void board.remove('b');
  board.add({ id: 'c', kind: 'rect', geo: geo(7) });
  assert.deepEqual([board.status, shapesOf(board), board.pending], ['offline', { a: 2, c: 7 }, 4]);
  const seen: object[] = [];
  board.onChange(() => seen.push(shapesOf(board)));

  const c = await back(page, { seq: 9, last: 1 }); // the first had arrived
  assert.deepEqual([c.opens()[0].client, c.opens()[0].cursor, c.opens()[0].epoch], [client, 4n, 7n]);
  assert.deepEqual(c.mutates().map((m) => [m.id, m.void]), [[1, false], [2, false], [3, false], [4, false]]);
  c.snapshot(1, 9, [rect('b', 5)], true);
  c.snapshot(1, 9, [rect('a', 1), rect('d', 3)]);
  c.receipt(1, 1, 5);
  c.delta(1, 9, 10, { set: [{ id: 'a', geo: geo(2) }] });
  c.receipt(1, 2, 10);
  c.delta(1, 10, 11, { remove: ['b'] });
  c.receipt(1, 3, 11);
  c.delta(1, 11, 12, { set: [rect('c', 7)] });
  c.receipt(1, 4, 12);
  assert.deepEqual([seen, board.pending], [[{ a: 2, c: 7, d: 3 }, { a: 2, c: 7, d: 3 }], 0]); // c's index changed
});

test('an edit that was done before the connection broke is not laid over what has become of it', async () => {
  const page = visit();
  const board = await open(page);
  void board.order('a', 'front');
  await settle();
  await page.lose();
  const c = await back(page, { seq: 6, last: 1 });
  c.delta(1, 4, 5, { set: [{ id: 'a', index: 'ac' }] });
  assert.deepEqual(board.sorted().map((s) => s.id), ['b', 'a']); // as the page has it still
  c.delta(1, 5, 6, { set: [{ id: 'a', index: 'a0' }] });
  assert.deepEqual(board.sorted().map((s) => s.id), ['a', 'b']);
  c.receipt(1, 1, 5);
  assert.equal(board.pending, 0);
});

test('an end of a drag that may be lost arrives as an edit; a drag that goes on is told anew', async () => {
  const page = visit();
  const board = await open(page);
  const [ended, going, offline] = [board.newGesture(), board.newGesture(), board.newGesture()];
  board.drag(ended, [{ id: 'a', ...geo(60) }]);
  board.endDrag(ended);
  board.drag(going, [{ id: 'b', ...geo(70) }]);
  await wait(page, 40);
  await page.lose();
  assert.deepEqual([shapesOf(board), board.pending], [{ a: 60, b: 70 }, 1]);
  board.drag(offline, [{ id: 'a', ...geo(61) }]);
  board.endDrag(offline);
  const c = await back(page, { seq: 4 });
  assert.deepEqual(c.mutates().map((m) => m.args), [
    { gesture: ended, ops: [{ patch: { id: 'a', geo: geo(60) } }] },
    { gesture: offline, ops: [{ patch: { id: 'a', geo: geo(61) } }] },
  ]);
  assert.deepEqual(c.drags(), [{ gesture: going, phase: 0, moves: [{ id: 'b', ...geo(70) }] }]);
});

test('a board opens without a connection, and its edits survive the page', async () => {
  const first = visit();
  const board = await open(first, { offline: true });
  await wait(first, 3000);
  await first.lose();
  void board.patch({ id: 'a', geo: { x: 1 } });
  void board.patch({ id: 'a', geo: { x: 2 } });
  await settle();
  await settle();
  const { client } = first.connection.opens()[0];
  await crash(first);

  const second = visit();
  second.server.up = false;
  const again = await second.client.board('board/main', { offline: true });
  assert.deepEqual([again.status, again.loaded, again.role, shapesOf(again), again.pending], ['offline', true, 'writer', { a: 2, b: 5 }, 2]);
  again.add({ id: 'c', kind: 'rect', geo: geo(7) });
  const c = await back(second, { seq: 4 });
  assert.deepEqual([c.opens()[0].client, c.opens()[0].cursor, c.opens()[0].hash], [client, 4n, 99n]);
  assert.deepEqual(c.mutates().map((m) => [m.id, m.args.ops.length]), [[1, 1], [2, 1], [3, 1]]);
  assert.equal(again.status, 'online');
  for (const id of [1, 2, 3]) c.receipt(1, id, 4 + id, { code: Code.FORBIDDEN, message: 'readers only read' });
  assert.deepEqual([shapesOf(again), again.pending], [{ a: 0, b: 5 }, 0]);
  await wait(second, 3000);
  await crash(second);
  const third = visit();
  third.server.up = false;
  const last = await third.client.board('board/main', { offline: true });
  assert.deepEqual([shapesOf(last), last.pending], [{ a: 0, b: 5 }, 0]);
});

test('the queues of several dead pages are sent one after the other, a living page keeps its own', async () => {
  const dead = [];
  for (let i = 0; i < 2; i++) {
    const page = visit();
    const board = await open(page, { offline: true });
    await page.lose();
    void board.patch({ id: 'a', text: `page ${i}` });
    await settle();
    await settle();
    dead.push({ page, client: page.connection.opens()[0].client });
  }
  const living = visit();
  const alive = await open(living, { offline: true });
  await living.lose();
  void alive.patch({ id: 'a', text: 'alive' });
  await settle();
  await settle();
  const mine = [...held].filter((name) => name === living.connection.opens()[0].client);
  for (const { page } of dead) await crash(page);
  for (const name of mine) held.add(name);

  const page = visit();
  const board = await page.open(page.client.board('board/main', { offline: true }), { schema: boardSchema, seq: 4 });
  for (let i = 0; i < 2; i++) {
    await settle();
    await settle();
    const c = page.connection;
    assert.equal(c.opens().at(-1)?.client, dead[i].client);
    c.opened(i + 2, { schema: null, seq: 4 });
    await settle();
    await settle();
    assert.deepEqual(c.mutates().map((m) => m.args.ops[0].patch.text), dead.slice(0, i + 1).map((_, k) => `page ${k}`));
    c.receipt(i + 2, 1, 5 + i);
    await settle();
    await settle();
  }
  await settle();
  assert.deepEqual([page.connection.opens().length, page.connection.leaves(), board.pending], [3, [1, 2], 0]);
});

test('a board that was compacted is taken whole; what was held is shown until it is here', async () => {
  const page = visit();
  const board = await open(page);
  const changes: string[][] = [];
  board.onChange((ids) => changes.push([...ids].sort()));
  page.connection.reset(1, 8n);
  page.connection.snapshot(1, 2, [rect('a', 0)], true);
  assert.deepEqual(shapesOf(board), { a: 0, b: 5 });
  page.connection.snapshot(1, 2, [rect('c', 1)]);
  assert.deepEqual([shapesOf(board), changes], [{ a: 0, c: 1 }, [['b', 'c']]]);
  await page.lose();
  const c = await back(page, { epoch: 9n, seq: 0 });
  assert.deepEqual([c.opens()[0].epoch, c.opens()[0].cursor], [8n, 2n]);
  c.snapshot(1, 1, []);
  assert.deepEqual(shapesOf(board), {});
});

test('a board that was begun anew, and in which nothing has happened, is empty', async () => {
  const page = visit();
  const board = await open(page);
  await page.lose();
  await back(page, { epoch: 8n, seq: 0 });
  assert.deepEqual([shapesOf(board), board.loaded], [{}, true]);
});

test('a client that the server has forgotten begins anew with what it surely never got', async () => {
  const page = visit();
  const board = await open(page);
  const first = board.patch({ id: 'a', geo: { x: 1 } });
  await settle();
  await page.lose();
  void board.patch({ id: 'b', geo: { x: 2 } });
  page.server.up = true;
  const lost = assert.rejects(first, (e: MutationError) => e.code === Code.CLIENT_UNKNOWN);
  const c = await back(page, { epoch: 8n, seq: 1, known: false });
  await lost;
  await settle();
  const [before, after] = c.opens();
  assert.notEqual(before.client, after.client);
  c.opened(2, { schema: null, epoch: 8n, seq: 1 });
  await settle();
  assert.deepEqual(c.mutates().map((m) => [m.id, m.args.ops[0].patch.id]), [[1, 'b']]);
});

test('another user finds nothing of the one before', async () => {
  const first = visit();
  const board = await open(first, { offline: true });
  await wait(first, 3000);
  await first.lose();
  void board.patch({ id: 'a', geo: { x: 1 } });
  await settle();
  await settle();
  await crash(first);

  const second = visit();
  second.server.up = false;
  const again = await second.client.board('board/main', { offline: true });
  assert.equal(again.pending, 1);
  second.server.up = true;
  for (let i = 0; i < 20 && second.server.connections.length < 2; i++) await wait(second, 500);
  second.server.last.welcome('guest-2', 'other');
  await settle();
  await settle();
  second.connection.opened(1, { schema: boardSchema, seq: 4 });
  await settle();
  assert.deepEqual([again.user, shapesOf(again), again.pending, second.connection.mutates()], ['other', {}, 0, []]);
  assert.deepEqual([second.connection.opens()[0].cursor, second.connection.opens()[0].hash], [0n, 0n]);
});

test('leaving gives the queue to a later visit', async () => {
  const page = visit();
  const board = await open(page, { offline: true });
  await page.lose();
  const edit = board.patch({ id: 'a', geo: { x: 1 } });
  await settle();
  await settle();
  board.leave();
  await assert.rejects(edit, /left/);
  assert.throws(() => board.add({ kind: 'rect', geo: {} }), /closed/);
  await settle();
  const next = visit();
  next.server.up = false;
  const again = await next.client.board('board/main', { offline: true });
  assert.equal(again.pending, 1);
});
