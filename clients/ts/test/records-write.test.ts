import assert from 'node:assert/strict';
import { afterEach, beforeEach, mock, test } from 'node:test';
import { Code, MutationError, type RecordRoom } from '../src/records';
import { DeltaFlag } from '../src/records/wire';
import { type BoardSchema, Page, type RecordConnection, settle, task } from './records-server';

let page: Page;
let room: RecordRoom<BoardSchema>;
let c: RecordConnection;

beforeEach(async () => {
  mock.timers.enable({ apis: ['setTimeout', 'setInterval'] });
  page = new Page();
  room = await page.open();
  c = page.connection;
});

afterEach(() => {
  page.client.close();
  mock.timers.reset();
});

function subscribe(rows: readonly ReturnType<typeof task>[] = []) {
  const live = room.collection('Tasks').subscribe({ orderBy: [['ID']] });
  c.snapshot(1, 1, 1, rows);
  return live;
}

/** Comes back after a lost connection. */
async function back(handle: number, more: Parameters<RecordConnection['opened']>[1]): Promise<RecordConnection> {
  mock.timers.tick(250);
  const next = await page.welcome();
  next.opened(handle, more);
  await settle();
  return next;
}

/** Votes show at once: they add up. */
function votesShow(): void {
  room.mutator('Vote', (local, { Task, By }) => {
    const t = local.Tasks.get(Task);
    if (t === undefined) throw new Error('no such task');
    local.Tasks.put({ ID: Task, Votes: t.Votes + (By ?? 1) });
  });
}

const show = (live: { rows: readonly { ID: string; Votes: number }[] }) => live.rows.map((r) => `${r.ID}${r.Votes}`).join(' ');

test('R8.1 rebase: milk and bread are pending, remote eggs land after milk is confirmed', async () => {
  const live = subscribe();
  const seen: string[] = [];
  live.onChange(() => seen.push(live.rows.map((r) => r.ID).join()));
  const milk = room.collection('Tasks').create({ ID: '1milk' });
  void room.collection('Tasks').create({ ID: '3bread' }, 'durable');
  assert.equal(seen.at(-1), '1milk,3bread');
  c.delta(1, 1, 2, 2, [{ enter: task('1milk') }], DeltaFlag.More);
  c.receipt(1, 1, 2);
  await milk;
  c.delta(1, 1, 3, 3, [{ enter: task('2eggs') }]);
  assert.deepEqual(seen.at(-1), '1milk,2eggs,3bread');
  assert.ok(seen.every((s) => s.includes('milk')), 'milk never went away');
});

test('R8.1 a replayed mutator sees what others did; its own delta and receipt are one step', async () => {
  const live = subscribe([task('a', 1)]);
  votesShow();
  const seen: string[] = [];
  live.onChange(() => seen.push(show(live)));
  const vote = room.call('Vote', { Task: 'a', By: 1 });
  c.delta(1, 1, 2, 2, [{ change: 'a', to: { Votes: 11 } }]);
  c.delta(1, 1, 3, 3, [{ change: 'a', to: { Votes: 12 } }], DeltaFlag.More);
  c.receipt(1, 1, 3, { result: { Votes: 12 } });
  assert.deepEqual(await vote, { Votes: 12 });
  assert.deepEqual(seen, ['a2', 'a12', 'a12']); // 11 and the vote, then 12 without it
});

test('R8.1 a replayed mutator that throws is skipped and stays pending', async () => {
  const live = subscribe([task('a', 1)]);
  votesShow();
  const vote = room.call('Vote', { Task: 'a', By: 1 });
  c.delta(1, 1, 2, 2, [{ leave: 'a' }]);
  assert.equal(show(live), '');
  c.delta(1, 1, 3, 3, [{ enter: task('a', 5) }]);
  assert.equal(show(live), 'a6');
  c.delta(1, 1, 4, 4, [{ change: 'a', to: { Votes: 6 } }], DeltaFlag.More);
  c.receipt(1, 1, 4);
  await vote;
  assert.equal(show(live), 'a6');
});

test('R8.1 optimistic rows keep their objects while nothing of them changes', () => {
  const live = subscribe([task('a')]);
  void room.collection('Tasks').create({ ID: 'b', Title: 'B' }, 'durable');
  const [, b] = live.rows;
  assert.deepEqual([b.Title, b.Votes, b.Due, b.createdBy], ['B', 0, null, 'u']);
  c.delta(1, 1, 2, 2, [{ enter: task('c') }]);
  assert.equal(live.rows[1], b);
});

test('R6.3 a refusal rolls back, and reaches the caller word for word', async () => {
  const live = subscribe([task('a', 1)]);
  votesShow();
  const vote = room.call('Vote', { Task: 'a', By: 1 });
  assert.equal(show(live), 'a2');
  c.receipt(1, 1, 2, { code: Code.FORBIDDEN, message: 'Only members vote.', field: '' });
  await assert.rejects(vote, (e) => e instanceof MutationError && e.code === Code.FORBIDDEN && e.message === 'Only members vote.');
  assert.equal(show(live), 'a1');
  const create = room.collection('Tasks').create({ ID: 'a' });
  c.receipt(1, 2, 3, { code: Code.DUPLICATE, message: 'ID a is taken', field: 'ID' });
  await assert.rejects(create, (e) => e instanceof MutationError && e.field === 'ID');
  assert.deepEqual(room.rejected, [], 'who waits is told; the list is for durable writes');
});

test('R5.1 confirmed: disconnected, not connected, timed out', async () => {
  const live = subscribe();
  const slow = room.collection('Tasks').create({ ID: 'slow' });
  mock.timers.tick(9_999);
  assert.equal(live.rows.length, 1);
  mock.timers.tick(1);
  await assert.rejects(slow, { message: 'Mutation confirmation timed out' });
  assert.equal(live.rows.length, 0, 'its effect is taken back');
  const flying = room.call('Add', { Task: 'a' });
  page.server.last.drop();
  await assert.rejects(flying, { message: 'WebSocket disconnected' });
  await assert.rejects(room.call('Add', { Task: 'a' }), { message: 'WebSocket not connected' });
});

test('R5.1 fire: no receipt, dropped while offline', async () => {
  subscribe();
  room.fire('Add', { Task: 'a' });
  await room.collection('Tasks').put({ ID: 'a', Votes: 3 }, 'fire');
  assert.deepEqual(c.mutates().map((m) => [m.id, m.name]), [[0, 'Add'], [0, '']]);
  await page.lose();
  room.fire('Add', { Task: 'b' });
  const c2 = await back(2, { seq: 1 });
  assert.deepEqual(c2.mutates(), []);
});

test('R5.1 durable: queued while offline, delivered in order, resolves', async () => {
  const live = subscribe();
  await page.lose();
  const [first, second] = [room.collection('Tasks').create({ ID: 'a' }, 'durable'), room.durable('Add', { Task: 'a' })];
  assert.deepEqual([live.rows.length, room.unconfirmed], [1, 2]);
  const c2 = await back(2, { seq: 1 });
  assert.deepEqual(c2.mutates().map((m) => [m.id, m.name]), [[1, ''], [2, 'Add']]);
  assert.deepEqual(c2.mutates()[0].args, [['create', 'Tasks', { ID: 'a' }]]);
  c2.delta(2, 1, 2, 2, [{ enter: task('a') }], DeltaFlag.More);
  c2.receipt(2, 1, 2);
  c2.receipt(2, 2, 3, { result: 'ok' });
  await first;
  assert.deepEqual([await second, room.unconfirmed], ['ok', 0]);
});

test('R5.2 the socket drops after the commit: confirmed rejects and the record arrives, durable resolves with no flash', async () => {
  const live = subscribe([task('a', 1)]);
  votesShow();
  const vote = room.durable('Vote', { Task: 'a', By: 1 });
  await settle();
  const create = room.collection('Tasks').create({ ID: 'b' });
  await settle();
  assert.deepEqual(c.mutates().map((m) => m.id), [1, 2]);
  const seen: string[] = [];
  live.onChange(() => seen.push(show(live)));
  page.server.last.drop();
  await assert.rejects(create, { message: 'WebSocket disconnected' });
  const c2 = await back(2, { seq: 3, last: 2 });
  c2.delta(2, 1, 2, 3, [{ change: 'a', to: { Votes: 2 } }, { enter: task('b') }]);
  assert.deepEqual(c2.mutates().map((m) => [m.id, m.void]), [[1, false]], 'asked again for its receipt');
  c2.receipt(2, 1, 2, { result: 2 });
  assert.equal(await vote, 2);
  assert.ok(seen.every((s) => s.startsWith('a2')), seen.join(' | '));
  assert.equal(show(live), 'a2 b0');
});

test('R7.1 IDs that were given up before the server saw them are pushed as void', async () => {
  const given = assert.rejects(room.call('Add', { Task: 'a' }), { message: 'WebSocket disconnected' });
  void room.durable('Add', { Task: 'b' });
  await page.lose();
  await given;
  const c2 = await back(2, { known: false, last: 0 });
  assert.deepEqual(c2.mutates().map((m) => [m.id, m.void]), [[1, true], [2, false]]);
  c2.receipt(2, 1, 1, { code: Code.VOIDED });
  c2.receipt(2, 2, 2);
  await settle();
  const c3 = await page.lose().then(() => back(3, { last: 2 }));
  const next = room.call('Add', { Task: 'c' });
  assert.deepEqual(c3.mutates().map((m) => m.id), [3]);
  c3.receipt(3, 3, 3);
  await next;
});

test('R7.1 what the server did not look at is sent again, in order', async () => {
  const calls = [room.call('Add', { Task: 'a' }), room.call('Add', { Task: 'b' })];
  c.receipt(1, 1, 0, { code: Code.RATE_LIMITED });
  c.receipt(1, 2, 0, { code: Code.OUT_OF_ORDER });
  assert.equal(c.mutates().length, 2);
  mock.timers.tick(300);
  assert.deepEqual(c.mutates().map((m) => m.id), [1, 2, 1, 2]);
  c.receipt(1, 1, 2);
  c.receipt(1, 2, 3);
  await Promise.all(calls);
});

test('R5.3 a durable write that is refused stays listed until it is dismissed, over a reload', async () => {
  const heard: string[] = [];
  room.onRejected((w) => heard.push(`${w.mutation} ${(w.args as { Task: string }).Task} ${w.error.message}`));
  const vote = room.durable('Vote', { Task: 'a', By: 2 });
  await settle();
  c.receipt(1, 1, 2, { code: Code.EXECUTE_FAILED, message: '' });
  await assert.rejects(vote, { message: 'EXECUTE_FAILED' });
  assert.deepEqual(heard, ['Vote a EXECUTE_FAILED']);
  assert.equal(room.rejected.length, 1);
  await settle();
  page.client.close();
  const again = new Page(page.disk, page.tabs);
  const later = await again.open();
  assert.deepEqual(later.rejected.map((w) => [w.mutation, w.args, w.error.code]), [['Vote', { Task: 'a', By: 2 }, Code.EXECUTE_FAILED]]);
  later.rejected[0].dismiss();
  await settle();
  again.client.close();
  const last = new Page(page.disk, page.tabs);
  assert.deepEqual((await last.open()).rejected, []);
  last.client.close();
});

test('R7.3 a client that the server forgot: what was never sent goes under a new ID, the rest is unresolved', async () => {
  const done = room.call('Add', { Task: 'x' });
  c.receipt(1, 1, 2);
  await done;
  const flying = room.durable('Add', { Task: 'a' });
  await settle();
  await page.lose();
  const queued = room.durable('Add', { Task: 'b' });
  await settle();
  const told: unknown[] = [];
  room.onUnresolved((w) => told.push(w.args));
  const c2 = await back(2, { known: false, last: 0 });
  await assert.rejects(flying, (e) => e instanceof MutationError && e.code === Code.CLIENT_UNKNOWN);
  assert.deepEqual(told, [{ Task: 'a' }]);
  assert.equal(room.unresolved.length, 1);
  assert.deepEqual(c2.leaves(), [2]);
  const opens = c2.opens();
  assert.notEqual(opens[1].client, opens[0].client);
  c2.opened(3, { known: false });
  await settle();
  assert.deepEqual(c2.mutates(3).map((m) => [m.id, m.args]), [[1, { Task: 'b' }]]);
  c2.receipt(3, 1, 1);
  await queued;
});

test('R7.2 processed, result expired: never sent again, unresolved', async () => {
  const lost = room.durable('Add', { Task: 'a' });
  await settle();
  c.receipt(1, 1, 0, { code: Code.RESULT_EXPIRED, message: 'processed, result expired' });
  await assert.rejects(lost, { message: 'processed, result expired' });
  assert.deepEqual([room.unresolved.length, room.rejected.length, c.mutates().length], [1, 0, 1]);
});

test('R6.2 several operations are one mutation, and show together', async () => {
  const live = subscribe([task('a'), task('b')]);
  let told = 0;
  live.onChange(() => told++);
  const done = room.write((local) => {
    local.Tasks.put({ ID: 'a', Votes: 4 });
    local.Tasks.remove('b');
    local.Tasks.create({ ID: 'c', Votes: local.Tasks.get('a')!.Votes + 1 });
  });
  assert.deepEqual([show(live), told], ['a4 c5', 1]);
  assert.deepEqual(c.mutates()[0].args, [['put', 'Tasks', { ID: 'a', Votes: 4 }], ['remove', 'Tasks', 'b'], ['create', 'Tasks', { ID: 'c', Votes: 5 }]]);
  c.receipt(1, 1, 2, { code: Code.DUPLICATE, field: 'ID' });
  await assert.rejects(done);
  assert.equal(show(live), 'a0 b0');
});

test('R2.2 a put merges fields, null is a value, absent is not', () => {
  const live = subscribe([task('a', 1, { Due: 5, Title: 'A' })]);
  void room.collection('Tasks').put({ ID: 'a', Due: null }, 'durable');
  assert.deepEqual([live.rows[0].Due, live.rows[0].Title], [null, 'A']);
  void room.collection('Tasks').put({ ID: 'new', Due: new Date(7) as never }, 'durable');
  assert.deepEqual(live.rows[1].Due, 7);
});

test('R2.1 keys that the server counts come with the receipt of a confirmed create', async () => {
  await assert.rejects(room.collection('Notes').create({ Text: 'x' }, 'durable'), /create it as confirmed/);
  const made = room.collection('Notes').create({ Text: 'x' });
  c.receipt(1, 1, 2, { result: [7] });
  assert.deepEqual(await made, [7]);
});

test('R14.3 too many operations and too long arguments are named errors', async () => {
  const many = room.write((local) => {
    for (let i = 0; i < 129; i++) local.Tasks.remove(`${i}`);
  });
  await assert.rejects(many, (e) => e instanceof MutationError && e.code === Code.TOO_MANY_OPERATIONS);
  await assert.rejects(room.call('Add', { Task: 'x'.repeat(1 << 20) }), (e) => e instanceof MutationError && e.code === Code.TOO_LARGE);
  assert.deepEqual(c.mutates(), []);
});

test('R8.1 many pending writes are replayed now and then, not for each receipt', async () => {
  const live = subscribe([task('a', 0)]);
  let replays = 0;
  room.mutator('Vote', (local, { Task }) => {
    replays++;
    local.Tasks.put({ ID: Task, Votes: local.Tasks.get(Task)!.Votes + 1 });
  });
  for (let i = 0; i < 1000; i++) void room.durable('Vote', { Task: 'a', By: 1 });
  mock.timers.tick(50);
  await settle();
  assert.equal(live.rows[0].Votes, 1000);
  assert.ok(replays < 10_000, `${replays} replays`);
  for (let i = 1; i <= 200; i++) {
    c.delta(1, 1, i + 1, i + 1, [{ change: 'a', to: { Votes: i } }], DeltaFlag.More);
    c.receipt(1, i, i + 1);
  }
  mock.timers.tick(50);
  await settle();
  assert.equal(live.rows[0].Votes, 1000);
  assert.ok(replays < 20_000, `${replays} replays`);
});

test('R14.3 at most 128 writes are in flight', async () => {
  for (let i = 0; i < 300; i++) room.durable('Add', { Task: `${i}` });
  await settle();
  assert.equal(c.mutates().length, 128);
  c.receipt(1, 1, 2);
  c.receipt(1, 2, 3);
  await settle();
  assert.equal(c.mutates().length, 130);
});
