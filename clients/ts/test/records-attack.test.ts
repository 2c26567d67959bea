import 'fake-indexeddb/auto';
import assert from 'node:assert/strict';
import { afterEach, beforeEach, mock, test } from 'node:test';
import { Code, type Disk, MutationError, type OpenOptions } from '../src/records';
import { type Descriptor } from '../src/records/descriptor';
import { IndexedDisk } from '../src/records/disk';
import { board, type BoardSchema, FakeTabs, Page, type RecordConnection, settle, task } from './records-server';

// Interleavings of lost connections, reloads, full disks and other servers.

let disk: Disk;
let held: Set<string>;
let pages: Page[];
let count = 0;

beforeEach(async () => {
  disk = await IndexedDisk.open(indexedDB, `attack ${++count}`);
  mock.timers.enable({ apis: ['setTimeout', 'setInterval'] });
  held = new Set();
  pages = [];
});

afterEach(() => {
  for (const p of pages) p.client.close();
  mock.timers.reset();
});

function visit(on: Disk = disk): Page {
  const page = new Page(on, new FakeTabs(held));
  pages.push(page);
  return page;
}

/** Opens a room with what a page kept, while there is no server. */
async function offline(options: OpenOptions = { offline: true }) {
  const page = visit();
  page.server.up = false;
  return { page, room: await page.client.open<BoardSchema>('tasks/main', options) };
}

async function back(page: Page, handle: number, more: Parameters<RecordConnection['opened']>[1]): Promise<RecordConnection> {
  mock.timers.tick(500);
  const c = await page.welcome();
  c.opened(handle, more);
  await settle();
  return c;
}

async function saved(): Promise<void> {
  mock.timers.tick(1000);
  await settle();
  await settle();
}

const ids = (live: { rows: readonly { ID: string }[] }) => live.rows.map((r) => r.ID).join();

test('a query that was closed is there on an offline visit', async () => {
  const page = visit();
  const room = await page.open({}, { offline: true });
  const live = room.collection('Tasks').subscribe({ orderBy: [['ID']] });
  await settle();
  page.connection.snapshot(1, 1, 5, [task('a'), task('b')]);
  await saved();
  page.connection.delta(1, 1, 6, 6, [{ enter: task('c') }]);
  live.close();
  assert.equal(ids(live), 'a,b,c');
  await saved();
  page.client.close();
  const { room: again } = await offline();
  const kept = again.collection('Tasks').subscribe({ orderBy: [['ID']] });
  await kept.ready;
  assert.equal(ids(kept), 'a,b,c');
});

test('rows that two queries kept at different times are those of the later one', async () => {
  const page = visit();
  const room = await page.open({}, { offline: true });
  const few = room.collection('Tasks').subscribe({ where: { lt: ['Votes', 5] } });
  await settle();
  page.connection.snapshot(1, 1, 5, [task('a', 1)]);
  await saved();
  few.close();
  await saved();
  const many = room.collection('Tasks').subscribe({ where: { gte: ['Votes', 5] } });
  await settle();
  page.connection.snapshot(1, 2, 9, [task('a', 9)]);
  await saved();
  assert.equal(ids(many), 'a');
  page.client.close();

  const { page: next, room: again } = await offline();
  const [oldFew, oldMany] = [again.collection('Tasks').subscribe({ where: { lt: ['Votes', 5] } }), again.collection('Tasks').subscribe({ where: { gte: ['Votes', 5] } })];
  await oldFew.ready;
  await oldMany.ready;
  assert.equal(ids(oldMany), 'a');
  next.server.up = true;
  const c = await back(next, 1, { seq: 9, schema: null });
  c.delta(1, 1, 6, 9, [{ leave: 'a' }]);
  c.delta(1, 2, 10, 9, []);
  assert.deepEqual([ids(oldFew), ids(oldMany)], ['', 'a']);
});

test('R1.5 rows of another schema are asked for again', async () => {
  const page = visit();
  const room = await page.open({}, { offline: true });
  const live = room.collection('Tasks').subscribe();
  await settle();
  page.connection.snapshot(1, 1, 5, [task('a')]);
  await page.lose();
  const fields = board.collections[0].fields;
  const more: Descriptor = { ...board, version: 2, collections: [{ ...board.collections[0], fields: [...fields, { ...fields[4], name: 'Note', default: 'none' }] }, ...board.collections.slice(1)] };
  const c = await back(page, 2, { seq: 5, hash: 100n, schema: more });
  assert.deepEqual(c.subscribes().map((s) => [s.since, s.held]), [[0n, []]]);
  assert.equal(ids(live), 'a', 'shown until it is replaced');
});

test('R5.1 a database that the browser closed is opened again', async () => {
  const page = visit();
  const room = await page.open();
  indexedDB.deleteDatabase(`attack ${count}`);
  await settle();
  const write = room.durable('Add', { Task: 'a' });
  await settle();
  await settle();
  assert.deepEqual(page.connection.mutates().map((m) => m.id), [1]);
  page.connection.receipt(1, 1, 1);
  await write;
});

/** A disk that fails while full is set. */
class FullDisk implements Disk {
  full = false;
  constructor(private readonly under: Disk) {}
  get(key: Parameters<Disk['get']>[0]) {
    return this.under.get(key);
  }
  list(prefix: Parameters<Disk['list']>[0]) {
    return this.under.list(prefix);
  }
  write(puts: Parameters<Disk['write']>[0]): Promise<void> {
    if (this.full) return Promise.reject(new Error('QuotaExceededError'));
    return this.under.write(puts);
  }
  update(key: Parameters<Disk['update']>[0], change: Parameters<Disk['update']>[1]) {
    return this.under.update(key, change);
  }
}

test('R5.1 on a full disk a durable write fails, and those that are kept wait', async () => {
  const full = new FullDisk(disk);
  const page = visit(full);
  const room = await page.open();
  await page.lose();
  const kept = room.durable('Add', { Task: 'a' });
  await settle();
  full.full = true;
  await assert.rejects(room.durable('Add', { Task: 'b' }), /QuotaExceeded/);
  const c = await back(page, 2, { seq: 1 });
  assert.deepEqual(c.mutates(), []);
  full.full = false;
  mock.timers.tick(10_000);
  await settle();
  assert.deepEqual(c.mutates().map((m) => [m.id, m.void]), [[1, false], [2, true]]);
  c.receipt(2, 1, 2);
  await kept;
  assert.equal(room.unconfirmed, 0);
});

test('R7.1 a room that was restored counts from its own last mutation', async () => {
  const page = visit();
  const room = await page.open();
  for (let id = 1; id <= 3; id++) {
    const done = room.call('Add', { Task: 'a' });
    page.connection.receipt(1, id, id);
    await done;
  }
  await page.lose();
  const c = await back(page, 2, { seq: 1, epoch: 8n, last: 1 });
  const next = room.call('Add', { Task: 'b' });
  assert.deepEqual(c.mutates().map((m) => m.id), [2]);
  c.receipt(2, 2, 2);
  await next;
});

for (const [name, code] of Object.entries({ ROOM_CLOSED: Code.ROOM_CLOSED, INTERNAL: Code.INTERNAL, ROOM_FAULTED: Code.ROOM_FAULTED })) {
  test(`R5.1 what a room did not look at is sent again: ${name}`, async () => {
    const page = visit();
    const room = await page.open();
    const write = room.durable('Add', { Task: 'a' });
    await settle();
    page.connection.receipt(1, 1, 0, { code });
    mock.timers.tick(1000);
    await settle();
    assert.deepEqual([page.connection.mutates().map((m) => m.id), room.rejected.length], [[1, 1], 0]);
    page.connection.receipt(1, 1, 1);
    await write;
  });
}

test('R7.1 a stored refusal is final, whatever its code', async () => {
  const page = visit();
  const room = await page.open();
  const write = room.durable('Add', { Task: 'a' });
  await settle();
  page.connection.receipt(1, 1, 3, { code: Code.RATE_LIMITED });
  await assert.rejects(write, (e) => e instanceof MutationError);
  assert.equal(room.rejected.length, 1);
});

test('R8.3 a query that missed a delta is asked for under a new life: the server forgets what it sent', async () => {
  const page = visit();
  const room = await page.open();
  const live = room.collection('Tasks').subscribe();
  page.connection.snapshot(1, 1, 5, [task('a')]);
  page.connection.delta(1, 1, 9, 9, [{ enter: task('c') }]);
  assert.deepEqual(page.connection.unsubscribes(), [1]);
  assert.deepEqual(page.connection.subscribes().slice(1).map((s) => [s.since, s.held]), [[5n, ['a']]]);
  page.connection.delta(1, 1, 6, 9, [{ enter: task('b') }, { enter: task('c') }]);
  assert.equal(ids(live), 'a,b,c');
});

test('R5.2 a query that is closed while others come back does not stop the page', async () => {
  const page = visit();
  const room = await page.open();
  const [live, other] = [room.collection('Tasks').subscribe(), room.collection('Tasks').subscribe({ where: { gt: ['Votes', 0] } })];
  page.connection.snapshot(1, 1, 1, [task('a', 1)]);
  page.connection.snapshot(1, 2, 1, [task('a', 1)]);
  void room.collection('Tasks').create({ ID: 'b' }, 'durable');
  await settle();
  await page.lose();
  const c = await back(page, 2, { seq: 2, last: 1 });
  c.delta(2, 1, 2, 2, [{ enter: task('b') }, { change: 'a', to: { Title: 'new' } }]);
  other.close();
  assert.deepEqual(live.rows.map((r) => r.Title), ['new', 'b']);
});

test('R14.3 a room that gave up a slow reader is opened again', async () => {
  const page = visit();
  const room = await page.open();
  page.connection.left(1, Code.SLOW_CLIENT);
  assert.equal(room.status, 'offline');
  mock.timers.tick(500);
  await settle();
  assert.equal(page.connection.opens().length, 2);
});

test('R5.1 a durable write of a room that is left says that it is kept', async () => {
  const page = visit();
  const room = await page.open();
  await page.lose();
  const write = room.durable('Add', { Task: 'a' });
  await settle();
  room.leave();
  await assert.rejects(write, (e) => e instanceof MutationError === false && /kept/.test((e as Error).message));
  assert.equal((await disk.list(['write'])).length, 1);
});

test('R8.1 a page of a list does not show own rows that belong before it', async () => {
  const page = visit();
  const room = await page.open();
  const live = room.collection('Tasks').subscribe({ orderBy: [['ID']], limit: 2, offset: 2 });
  page.connection.snapshot(1, 1, 5, [task('m'), task('n')]);
  void room.collection('Tasks').create({ ID: 'a' }, 'durable');
  assert.equal(ids(live), 'm,n');
  void room.collection('Tasks').remove('n', 'durable');
  assert.equal(ids(live), 'm');
});

test('R10.2 rows that may no longer be read go, also after a reconnection', async () => {
  const page = visit();
  const room = await page.open({}, { offline: true });
  const live = room.collection('Tasks').subscribe();
  await settle();
  page.connection.snapshot(1, 1, 5, [task('a')]);
  await saved();
  await page.lose();
  const c = await back(page, 2, { seq: 6, role: 'viewer' });
  c.refuse(2, Code.FORBIDDEN, 1);
  assert.deepEqual([ids(live), live.status], ['', 'closed']);
  await saved();
  assert.deepEqual(await disk.list(['rows']), []);
});

test('R7.3 what was sent to a room that is another one now is unresolved', async () => {
  const page = visit();
  const room = await page.open();
  const sent = room.durable('Add', { Task: 'a' });
  await settle();
  await page.lose();
  const queued = room.durable('Add', { Task: 'b' });
  await settle();
  const c = await back(page, 2, { epoch: 8n, known: false });
  await assert.rejects(sent, (e) => e instanceof MutationError && e.code === Code.CLIENT_UNKNOWN);
  c.opened(3, { epoch: 8n, known: false });
  await settle();
  assert.deepEqual(c.mutates(3).map((m) => [m.id, m.args]), [[1, { Task: 'b' }]]);
  c.receipt(3, 1, 1);
  await queued;
});

test('R7.3 after a CLIENT_UNKNOWN nothing of the old seat counts', async () => {
  const page = visit();
  const room = await page.open();
  const first = room.call('Add', { Task: 'x' });
  page.connection.receipt(1, 1, 1);
  await first;
  const calls = [room.call('Add', { Task: 'a' }), room.call('Add', { Task: 'b' })].map((p) => assert.rejects(p));
  const queued = room.durable('Add', { Task: 'c' });
  page.connection.receipt(1, 2, 0, { code: Code.CLIENT_UNKNOWN });
  page.connection.receipt(1, 3, 0, { code: Code.CLIENT_UNKNOWN });
  page.connection.receipt(1, 1, 0, { code: Code.CLIENT_UNKNOWN });
  await Promise.all(calls);
  await settle();
  await settle();
  assert.deepEqual([page.connection.opens().length, page.connection.leaves()], [2, [1]]);
  page.connection.opened(2, { known: false });
  await settle();
  page.connection.receipt(2, 1, 5);
  await queued;
});

test('a disk that cannot be read does not keep the page out', async () => {
  const broken: Disk = { get: () => Promise.reject(new Error('no')), list: () => Promise.reject(new Error('no')), write: () => Promise.reject(new Error('no')), update: () => Promise.reject(new Error('no')) };
  const page = visit(broken);
  const room = await page.open({}, { offline: true });
  const live = room.collection('Tasks').subscribe();
  await settle();
  page.connection.snapshot(1, 1, 5, [task('a')]);
  assert.equal(ids(live), 'a');
  await assert.rejects(room.durable('Add', { Task: 'a' }), /no/);
  const call = room.call('Add', { Task: 'b' });
  assert.deepEqual(page.connection.mutates().map((m) => m.void), [true, false]);
  page.connection.receipt(1, 1, 1, { code: Code.VOIDED });
  page.connection.receipt(1, 2, 2);
  await call;
});

test('what a user kept does not show to the next', async () => {
  const page = visit();
  const room = await page.open({}, { offline: true });
  room.collection('Tasks').subscribe();
  await settle();
  page.connection.snapshot(1, 1, 5, [task('secret')]);
  await saved();
  page.client.close();
  let release = () => {};
  const slow: Disk = {
    get: async (key) => {
      if (key[0] === 'rows') await new Promise<void>((resolve) => (release = resolve));
      return disk.get(key);
    },
    list: (p) => disk.list(p), write: (p) => disk.write(p), update: (k, c) => disk.update(k, c),
  };
  const next = visit(slow);
  next.server.up = false;
  const there = await next.client.open<BoardSchema>('tasks/main', { offline: true });
  const live = there.collection('Tasks').subscribe();
  await settle();
  next.server.up = true;
  mock.timers.tick(500);
  await settle();
  next.server.last.welcome('guest-2', 'other');
  await settle();
  next.connection.opened(1, { seq: 5, schema: null });
  await settle();
  release();
  await settle();
  assert.equal(ids(live), '');
  assert.deepEqual(next.connection.subscribes().map((s) => [s.since, s.held]), [[0n, []]]);
});
