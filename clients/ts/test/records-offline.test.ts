import 'fake-indexeddb/auto';
import assert from 'node:assert/strict';
import { afterEach, beforeEach, mock, test } from 'node:test';
import { Code, type Disk, MemoryDisk } from '../src/records';
import { IndexedDisk } from '../src/records/disk';
import { BeatTabs, LockTabs, type Tabs } from '../src/records/tabs';
import { type BoardSchema, FakeTabs, Page, settle, task } from './records-server';

let disk: Disk;
let held: Set<string>;
let pages: Page[];
let count = 0;

beforeEach(async () => {
  disk = await IndexedDisk.open(indexedDB, `test ${++count}`);
  mock.timers.enable({ apis: ['setTimeout', 'setInterval'] });
  held = new Set();
  pages = [];
});

afterEach(() => {
  for (const p of pages) p.client.close();
  mock.timers.reset();
});

/** Opens another page of the same browser. */
function visit(tabs: Tabs = new FakeTabs(held)): Page {
  const page = new Page(disk, tabs);
  pages.push(page);
  return page;
}

/** Ends a page as a crash does: nothing of it runs any more, and its locks are free. */
async function crash(page: Page): Promise<void> {
  page.server.up = false;
  page.server.last.send = () => {};
  held.clear();
  await settle();
}

const QUERY = { orderBy: [['ID']] as ['ID'][] };

test('a page opened offline shows its last data, and goes on from its cursor (R11.2)', async () => {
  const first = visit();
  const room = await first.open({}, { offline: true });
  const live = room.collection('Tasks').subscribe(QUERY);
  await settle();
  first.connection.snapshot(1, 1, 5, [task('a', 1), task('b', 2)]);
  mock.timers.tick(1000);
  await settle();
  await settle();
  await crash(first);

  const second = visit();
  second.server.up = false;
  const again = await second.client.open<BoardSchema>('tasks/main', { offline: true });
  const kept = again.collection('Tasks').subscribe(QUERY);
  await kept.ready;
  assert.deepEqual([again.status, kept.status, again.user, again.role], ['offline', 'stale', 'u', 'editor']);
  assert.deepEqual(kept.rows, live.rows);
  second.server.up = true;
  for (let i = 0; i < 3 && second.server.connections.length < 2; i++) {
    mock.timers.tick(500);
    await settle();
  }
  const c = await second.welcome();
  c.opened(1, { seq: 9, schema: null });
  await settle();
  assert.deepEqual(c.subscribes(), [{ id: 1, collection: 'Tasks', query: '{"orderBy":[["ID"]]}', since: 5n, held: ['a', 'b'] }]);
  c.delta(1, 1, 6, 9, [{ leave: 'a' }]);
  assert.deepEqual([kept.status, kept.rows.map((r) => r.ID)], ['live', ['b']]);
});

test('a query that grows is kept once, as it is last', async () => {
  const first = visit();
  const room = await first.open({}, { offline: true });
  const live = room.collection('Tasks').subscribe({ ...QUERY, limit: 1 });
  await settle();
  first.connection.snapshot(1, 1, 5, [task('a', 1)]);
  mock.timers.tick(1000);
  await settle();
  assert.equal((await disk.list(['rows'])).length, 1);
  live.update({ ...QUERY, limit: 2 });
  await settle();
  first.connection.delta(1, 1, 5, 5, [{ enter: task('b', 2) }]);
  mock.timers.tick(1000);
  await settle();
  await settle();
  const kept = await disk.list(['rows']);
  assert.deepEqual(kept.map((k) => [k.key.at(-1), (k.value as { rows: unknown[] }).rows.length]), [['{"orderBy":[["ID"]],"limit":2}', 2]]);
  assert.equal((await disk.list(['used'])).length, 1);
});

test('without options.offline nothing is kept, and an unreachable server rejects', async () => {
  const page = visit();
  page.server.up = false;
  await assert.rejects(page.client.open('tasks/main', { offline: true }));
  assert.deepEqual(await disk.list(['room']), []);
});

test('R8.2 after a crash another tab pushes the dead tab\'s queue unchanged', async () => {
  const dead = visit();
  const room = await dead.open({}, { offline: true });
  await dead.lose();
  void room.collection('Tasks').create({ ID: 'a' }, 'durable');
  void room.durable('Add', { Task: 'a' });
  await settle();
  const client = dead.connection.opens()[0].client;
  await crash(dead);

  const next = visit();
  const there = await next.open({}, { offline: true });
  const live = there.collection('Tasks').subscribe(QUERY);
  await settle();
  next.connection.snapshot(1, 1, 3, []);
  assert.deepEqual(live.rows.map((r) => r.ID), ['a'], 'what the dead page wrote shows');
  const c = next.connection;
  const side = c.opens().at(-1)!;
  assert.equal(side.client, client);
  assert.notEqual(c.opens()[0].client, client);
  c.opened(2, { known: false });
  await settle();
  assert.deepEqual(c.mutates(2).map((m) => [m.id, m.name, m.version]), [[1, '', 1], [2, 'Add', 1]]);
  assert.deepEqual(c.mutates(1), []);
  const own = there.call('Add', { Task: 'b' });
  assert.deepEqual(c.mutates(1).map((m) => m.id), [1], 'its own writes have IDs of their own');
  c.receipt(2, 1, 4);
  assert.deepEqual(live.rows.map((r) => r.ID), ['a'], 'no flash before the rows come');
  c.delta(1, 1, 4, 4, [{ enter: task('a') }]);
  c.receipt(2, 2, 5);
  c.receipt(1, 1, 6);
  await own;
  await settle();
  assert.deepEqual([live.rows.map((r) => r.ID), there.unconfirmed, c.leaves()], [['a'], 0, [2]]);
  assert.deepEqual(await disk.list(['write']), []);
});

test('R8.2 a tab that lives keeps its queue', async () => {
  const living = visit();
  const room = await living.open();
  await living.lose();
  void room.durable('Add', { Task: 'a' });
  await settle();
  const other = visit();
  await other.open();
  await settle();
  assert.equal(other.connection.opens().length, 1);
});

test('R8.2 a tab that lives notices a tab that dies', async () => {
  const dying = visit();
  const room = await dying.open();
  const other = visit();
  await other.open();
  await dying.lose();
  void room.durable('Add', { Task: 'a' });
  await settle();
  const client = dying.connection.opens()[0].client;
  dying.server.up = false;
  held.delete(client);
  mock.timers.tick(30_000);
  await settle();
  assert.deepEqual(other.connection.opens().map((o) => o.client).slice(1), [client]);
  other.connection.opened(2, { known: false });
  assert.deepEqual(other.connection.mutates(2).map((m) => [m.id, m.name]), []);
  await settle();
  assert.deepEqual(other.connection.mutates(2).map((m) => [m.id, m.name]), [[1, 'Add']]);
});

test('R5.1 durable: what was sent before a reload is sent again, what the server has is not run twice', async () => {
  const before = visit();
  const room = await before.open();
  void room.durable('Add', { Task: 'a' });
  void room.durable('Add', { Task: 'b' });
  await settle();
  assert.equal(before.connection.mutates().length, 2);
  await crash(before);
  const after = visit();
  await after.open({ seq: 1 });
  const c = after.connection;
  c.opened(2, { last: 1 });
  await settle();
  assert.deepEqual(c.mutates(2).map((m) => m.id), [1, 2]);
  c.receipt(2, 1, 1);
  c.receipt(2, 2, 2, { code: Code.EXECUTE_FAILED });
  await settle();
  const [refused] = (await disk.list(['failed'])).map(({ value }) => value as { content: { args: object } });
  assert.deepEqual(refused.content.args, { Task: 'b' });
});

test('R7.1 gaps in a dead queue are void', async () => {
  const before = visit();
  const room = await before.open();
  const seen = room.call('Add', { Task: 'x' });
  before.connection.receipt(1, 1, 1);
  await seen;
  const failed = assert.rejects(room.call('Add', { Task: 'y' }));
  void room.durable('Add', { Task: 'z' });
  await settle();
  await crash(before);
  before.client.drop();
  await failed;
  held.clear();
  const after = visit();
  await after.open();
  after.connection.opened(2, { last: 1 });
  await settle();
  assert.deepEqual(after.connection.mutates(2).map((m) => [m.id, m.void]), [[2, true], [3, false]]);
});

test('a guest stays the same user on the next visit', async () => {
  const first = visit();
  await first.open();
  await settle();
  assert.equal(first.client.guest, 'guest-1');
  await crash(first);
  const next = visit();
  await next.open();
  assert.equal(next.client.guest, 'guest-1');
});

test('a mutator shows writes of an earlier visit too (R8.1)', async () => {
  const first = visit();
  const room = await first.open({}, { offline: true });
  const live = room.collection('Tasks').subscribe(QUERY);
  await settle();
  first.connection.snapshot(1, 1, 5, [task('a', 1)]);
  await live.ready;
  mock.timers.tick(1000);
  await settle();
  await first.lose();
  void room.durable('Vote', { Task: 'a', By: 3 });
  await settle();
  await settle();
  await crash(first);
  const second = visit();
  second.server.up = false;
  const again = await second.client.open<BoardSchema>('tasks/main', { offline: true });
  const kept = again.collection('Tasks').subscribe(QUERY);
  await kept.ready;
  again.mutator('Vote', (local, { Task, By }) => local.Tasks.put({ ID: Task, Votes: local.Tasks.get(Task)!.Votes + By! }));
  assert.deepEqual([kept.rows[0].Votes, again.unconfirmed], [4, 1]);
});

test('the order of keys and prefixes is the same on both disks', async () => {
  for (const d of [disk, new MemoryDisk()]) {
    await d.write([{ key: ['w', 's', 'c', 10], value: 10n }, { key: ['w', 's', 'c', 9], value: 9n }, { key: ['w', 's', 'd', 1], value: 1n }, { key: ['x'], value: 0 }]);
    assert.deepEqual((await d.list(['w', 's', 'c'])).map((e) => e.value), [9n, 10n]);
    assert.equal((await d.list(['w'])).length, 3);
    await d.write([{ key: ['w', 's', 'c', 9] }]);
    assert.equal(await d.get(['w', 's', 'c', 9]), undefined);
    await d.update(['x'], (v) => (v as number) + 1);
    assert.equal(await d.get(['x']), 1);
  }
});

test('a claim is one page\'s until it ends: by heartbeat', async () => {
  let time = 0;
  const [a, b] = [new BeatTabs(disk, () => time), new BeatTabs(disk, () => time)];
  const release = await a.claim('c');
  assert.ok(release);
  assert.equal(await b.claim('c'), undefined);
  time = 100_000;
  mock.timers.tick(5000);
  await settle();
  time = 200_000;
  assert.equal(await b.claim('c'), undefined, 'it has said that it lives');
  release();
  await settle();
  const second = await b.claim('c');
  assert.ok(second);
  time = 400_000;
  assert.ok(await a.claim('c'), 'the other page is silent for too long');
  second();
});

test('a claim is one page\'s until it ends: by Web Locks', async () => {
  const names = new Set<string>();
  const locks = {
    request: async (name: string, _: object, run: (lock: object | null) => unknown) => {
      if (names.has(name)) return run(null);
      names.add(name);
      await run({});
      names.delete(name);
    },
  };
  const tabs = new LockTabs(locks as unknown as LockManager);
  const release = await tabs.claim('c');
  assert.equal(await tabs.claim('c'), undefined);
  release!();
  await settle();
  assert.ok(await tabs.claim('c'));
});

test('another user does not get what the last one saw, nor send what they wrote', async () => {
  const page = visit();
  const room = await page.open({}, { offline: true });
  const live = room.collection('Tasks').subscribe(QUERY);
  await settle();
  page.connection.snapshot(1, 1, 5, [task('a')]);
  await page.lose();
  const queued = room.durable('Add', { Task: 'a' });
  await settle();
  mock.timers.tick(250);
  await settle();
  page.server.last.welcome('guest-2', 'other');
  await settle();
  await assert.rejects(queued, /kept until user u is back/);
  assert.deepEqual(live.rows, []);
  page.connection.opened(2, { seq: 5 });
  await settle();
  assert.deepEqual([page.connection.mutates(), page.connection.subscribes()[0].since, room.user], [[], 0n, 'other']);
  assert.equal((await disk.list(['write'])).length, 1, 'the first user finds it again');
});
