import assert from 'node:assert/strict';
import { afterEach, beforeEach, mock, test } from 'node:test';
import { Code, type Live, ParlorError, type Query } from '../src/records';
import { DeltaFlag } from '../src/records/wire';
import { board, type BoardSchema, Page, settle, task } from './records-server';

let page: Page;

beforeEach(() => {
  mock.timers.enable({ apis: ['setTimeout', 'setInterval'] });
  page = new Page();
});

afterEach(() => {
  page.client.close();
  mock.timers.reset();
});

type Task = BoardSchema['collections']['Tasks']['row'];
type Tasks = Live<Task, string>;
const ids = (live: Tasks) => live.rows.map((r) => r.ID).join();

async function subscribed(query: Query<Task> = {}) {
  const room = await page.open();
  const live: Tasks = room.collection('Tasks').subscribe(query);
  return { room, live, c: page.connection };
}

test('a query holds its rows, sorted, and follows enter, change and leave (R9.2)', async () => {
  const { live, c } = await subscribed({ orderBy: [['Votes', 'desc'], ['ID']] });
  assert.deepEqual([live.status, ids(live)], ['loading', '']);
  assert.deepEqual(c.subscribes().at(-1), { id: 1, collection: 'Tasks', query: '{"orderBy":[["Votes","desc"],["ID"]]}', since: 0n, held: [] });
  let told = 0;
  live.onChange(() => told++);
  c.snapshot(1, 1, 5, [task('a', 1), task('b', 3), task('c', 1)]);
  assert.deepEqual([live.status, ids(live), told], ['live', 'b,a,c', 1]);
  await live.ready;
  const [b, a] = live.rows;
  c.delta(1, 1, 6, 6, [{ change: 'c', to: { Votes: 2 } }]);
  assert.equal(ids(live), 'b,c,a');
  assert.equal(live.rows[0], b, 'rows that did not change stay the same objects');
  assert.equal(live.rows[2], a);
  assert.deepEqual(live.get('c'), task('c', 2));
  c.delta(1, 1, 7, 7, [{ leave: 'b' }, { enter: task('d', 9) }]);
  assert.equal(ids(live), 'd,c,a');
  const rows = live.rows;
  c.delta(1, 0, 8, 8, []);
  assert.equal(live.rows, rows, 'the array too');
  assert.equal(told, 3);
});

test('R4.1 deltas of one step are applied at once, over all queries', async () => {
  const { room, live, c } = await subscribed();
  const other = room.collection('Tasks').subscribe({ where: { gt: ['Votes', 0] } });
  c.snapshot(1, 1, 1, []);
  c.snapshot(1, 2, 1, []);
  const seen: string[] = [];
  live.onChange(() => seen.push(`${live.rows.length} ${other.rows.length}`));
  c.delta(1, 1, 2, 2, [{ enter: task('a', 1) }], DeltaFlag.More);
  assert.deepEqual(seen, []);
  c.delta(1, 2, 2, 2, [{ enter: task('a', 1) }]);
  assert.deepEqual(seen, ['1 1']);
  assert.equal(live.rows[0], other.rows[0], 'a row is one object in all queries');
  assert.equal(room.cursor, 2n);
});

test('R8.3 a gap makes the client pull, an old delta is ignored', async () => {
  const { live, c } = await subscribed();
  c.snapshot(1, 1, 5, [task('a', 1)]);
  c.delta(1, 1, 3, 4, [{ change: 'a', to: { Votes: 9 } }]);
  assert.equal(live.rows[0].Votes, 1);
  c.delta(1, 1, 8, 8, [{ change: 'a', to: { Votes: 9 } }]);
  assert.deepEqual([live.rows[0].Votes, live.status], [1, 'stale']);
  assert.deepEqual(c.subscribes().at(-1), { id: 1, collection: 'Tasks', query: '{}', since: 5n, held: ['a'] });
  c.delta(1, 1, 6, 8, [{ change: 'a', to: { Votes: 9 } }]);
  assert.deepEqual([live.rows[0].Votes, live.status], [9, 'live']);
});

test('R11.2 a reset is reconciled as a set, with no empty flash', async () => {
  const { live, c } = await subscribed();
  c.snapshot(1, 1, 5, [task('a', 1), task('b', 1), task('c', 1)]);
  const [, b] = live.rows;
  const seen: string[] = [];
  live.onChange(() => seen.push(ids(live)));
  c.reset(1, 8n);
  c.snapshot(1, 1, 2, [task('a', 2)], true);
  assert.equal(ids(live), 'a,b,c');
  c.snapshot(1, 1, 2, [task('b', 1), task('d')]);
  assert.equal(ids(live), 'a,b,d');
  assert.equal(live.rows[1], b, 'a row that is equal stays the same object');
  assert.deepEqual([live.rows[0].Votes, seen.includes('')], [2, false]);
  c.reset(1, 9n);
  c.snapshot(1, 1, 1, []);
  assert.equal(ids(live), '', 'an empty snapshot clears everything');
});

test('a first snapshot shows as its parts come', async () => {
  const { live, c } = await subscribed();
  c.snapshot(1, 1, 5, [task('a')], true);
  assert.deepEqual([ids(live), live.status], ['a', 'loading']);
  c.snapshot(1, 1, 5, [task('b')], true);
  assert.equal(ids(live), 'a', 'but not each of them');
  page.time += 1000;
  mock.timers.tick(1000);
  assert.equal(ids(live), 'a,b');
  c.snapshot(1, 1, 5, [task('c')]);
  assert.deepEqual([ids(live), live.status], ['a,b,c', 'live']);
});

test('R9.3 never more than the limit is shown, R9.4 growing asks for the difference', async () => {
  const { live, c } = await subscribed({ orderBy: [['Votes']], limit: 2 });
  c.snapshot(1, 1, 5, [task('a', 1), task('b', 2)]);
  c.delta(1, 1, 6, 6, [{ enter: task('c', 0) }], DeltaFlag.More);
  c.delta(1, 1, 6, 6, [{ leave: 'b' }]);
  assert.equal(ids(live), 'c,a');
  live.update({ limit: 3 });
  assert.equal(ids(live), 'c,a', 'what is here stays');
  assert.deepEqual(c.subscribes().at(-1), { id: 1, collection: 'Tasks', query: '{"orderBy":[["Votes"]],"limit":3}', since: 0n, held: [] });
  c.delta(1, 1, 7, 7, [{ leave: 'a' }]);
  c.delta(1, 1, 8, 7, [{ enter: task('b', 2) }]);
  assert.equal(ids(live), 'c,b', 'nothing comes back to life');
});

test('R9.4 a delta of the old query while paging does no harm', async () => {
  const { live, c } = await subscribed({ where: { eq: ['Title', 'a'] } });
  c.snapshot(1, 1, 5, [task('a'), task('x', 0, { Title: 'a' })]);
  live.update({ where: { gt: ['Votes', 5] } });
  assert.equal(ids(live), '');
  c.delta(1, 1, 6, 6, [{ enter: task('y', 0, { Title: 'a' }) }]);
  assert.equal(ids(live), '');
  c.delta(1, 1, 7, 6, [{ leave: 'a' }, { leave: 'x' }, { leave: 'y' }, { enter: task('v', 6) }]);
  assert.equal(ids(live), 'v');
});

test('R9.1 an unsupported operator is an error on that query alone', async () => {
  const { room, live, c } = await subscribed();
  assert.throws(() => room.collection('Tasks').subscribe({ where: { near: ['Votes', 1] } as never }), /BAD_QUERY: there is no operator near/);
  const other = room.collection('Tasks').subscribe({ limit: 1 });
  c.refuse(1, Code.BAD_QUERY, 2, 'no operator near');
  await assert.rejects(other.ready, /BAD_QUERY: no operator near/);
  assert.equal(other.status, 'closed');
  c.snapshot(1, 1, 5, [task('a')]);
  assert.equal(live.status, 'live');
});

test('R14.2 after a reconnect every query resumes by cursor', async () => {
  const { room, live, c } = await subscribed();
  c.snapshot(1, 1, 5, [task('a', 1), task('b', 1)]);
  c.delta(1, 0, 6, 9, []);
  await page.lose();
  assert.deepEqual([live.status, room.status, ids(live)], ['stale', 'offline', 'a,b']);
  mock.timers.tick(250);
  const c2 = await page.welcome();
  assert.deepEqual([c2.opens()[0].cursor, c2.opens()[0].epoch], [9n, 7n]);
  c2.opened(4, { seq: 12 });
  assert.deepEqual(c2.subscribes(), [{ id: 1, collection: 'Tasks', query: '{}', since: 9n, held: ['a', 'b'] }]);
  c2.delta(4, 1, 10, 12, [{ leave: 'a' }]);
  assert.deepEqual([live.status, ids(live), room.cursor], ['live', 'b', 12n]);
});

test('R3.5 a room with another epoch is taken from a snapshot, not from a cursor', async () => {
  const { live, c } = await subscribed();
  c.snapshot(1, 1, 5, [task('a')]);
  await page.lose();
  mock.timers.tick(250);
  const c2 = await page.welcome();
  c2.opened(4, { seq: 1, epoch: 8n });
  assert.deepEqual([c2.subscribes()[0].since, c2.subscribes()[0].held], [0n, []]);
  assert.equal(ids(live), 'a');
  c2.snapshot(4, 1, 1, [task('b')]);
  assert.equal(ids(live), 'b');
});

test('R14.1 many rooms share one socket; one that is refused leaves the others alone', async () => {
  const { live, c } = await subscribed();
  const opening = page.client.open('tasks/other');
  await settle();
  assert.equal(page.server.connections.length, 1);
  c.refuse(0, Code.FORBIDDEN, c.opens().at(-1)!.request);
  await assert.rejects(opening, (e) => e instanceof ParlorError && e.code === Code.FORBIDDEN);
  c.snapshot(1, 1, 5, [task('a')]);
  assert.equal(ids(live), 'a');
});

test('R14.2 a final close status ends the room, others do not', async () => {
  const { room, live } = await subscribed();
  page.server.last.end(Code.TOKEN_EXPIRED);
  assert.deepEqual([room.status, live.status, page.client.status], ['closed', 'closed', 'idle']);
});

test('a room that closes for a moment is opened again', async () => {
  const { room, live, c } = await subscribed();
  c.snapshot(1, 1, 5, [task('a')]);
  c.left(1, Code.ROOM_CLOSED);
  assert.deepEqual([room.status, ids(live)], ['offline', 'a']);
  mock.timers.tick(250);
  c.opened(2, { seq: 5 });
  assert.deepEqual([room.status, c.subscribes().at(-1)!.since], ['online', 5n]);
  c.left(2, Code.KICKED);
  assert.equal(room.status, 'closed');
});

test('R12.1 events are told once and not kept', async () => {
  const { room, c } = await subscribed();
  const heard: string[] = [];
  const stop = room.onEvent('Pings', (e) => heard.push(e.Text));
  const id = c.subscribes().at(-1)!.id;
  c.delta(1, id, 1, 1, [], 0, board.collections[2]);
  c.delta(1, id, 2, 2, [{ enter: { Text: 'hello' } }], 0, board.collections[2]);
  c.delta(1, id, 3, 3, [{ enter: { Text: 'again' } }], 0, board.collections[2]);
  assert.deepEqual(heard, ['hello', 'again']);
  stop();
  assert.deepEqual(c.unsubscribes(), [id]);
});

test('R10.2 a changed role is told', async () => {
  const { room, c } = await subscribed();
  const roles: string[] = [];
  room.onStatus(() => roles.push(room.role));
  c.opened(1, { request: 0, role: 'viewer', schema: null });
  assert.deepEqual(roles, ['viewer']);
});

test('a scan limit is told as such (R10.3)', async () => {
  const { live, c } = await subscribed();
  c.delta(1, 1, 0, 1, [], DeltaFlag.Snapshot | DeltaFlag.Capped);
  assert.equal(live.capped, true);
});

test('names that the room does not have are told', async () => {
  const { room } = await subscribed();
  assert.throws(() => room.collection('Tusks' as 'Tasks'), /no collection Tusks; it has Tasks, Notes, Pings/);
  await assert.rejects(room.call('Veto' as 'Vote', { Task: 'a' }), /no mutation Veto; it has Vote, Add/);
  await assert.rejects(room.call('Vote', { Task: 1 as never }), /field Task takes a string, not 1/);
});
