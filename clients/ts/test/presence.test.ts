import assert from 'node:assert/strict';
import { afterEach, beforeEach, mock, test } from 'node:test';
import { Code, ParlorError, type PresenceRoom } from '../src/together';
import { settle } from './records-server';
import { type Cursor, TogetherPage } from './together-server';

let page: TogetherPage;

beforeEach(() => {
  mock.timers.enable({ apis: ['setTimeout', 'setInterval'] });
  page = new TogetherPage();
});

afterEach(() => {
  page.client.close();
  mock.timers.reset();
});

/** Lets time pass. */
async function wait(ms: number): Promise<void> {
  page.time += ms;
  mock.timers.tick(ms);
  await settle();
}

function enter(state?: Partial<Cursor>, groups?: string[]): Promise<PresenceRoom<Cursor, { Wave: { At: number } }>> {
  return page.open(page.client.presence('cursors/lobby', { state, groups }));
}

const at = (X: number, Y = 0) => ({ Name: 'Ada', X, Y, Typing: false });

test('what is shown is sent at once, then at the rate of the room, the newest only', async () => {
  const room = await enter({ Name: 'Ada', X: 1 });
  const c = page.connection;
  assert.deepEqual(c.shows(), [{ state: { Name: 'Ada', X: 1 }, group: '' }]);
  for (let x = 2; x < 9; x++) {
    room.show({ X: x });
    await wait(1);
  }
  assert.equal(c.shows().length, 1);
  room.show({ Y: 4, Name: 'Ada' });
  await wait(34);
  assert.deepEqual(c.shows().slice(1), [{ state: { X: 8, Y: 4 }, group: '' }]);
  await wait(100);
  room.show({ X: 8 });
  await settle();
  assert.equal(c.shows().length, 2); // nothing has changed
  room.show({ X: 9 });
  await settle();
  assert.deepEqual(c.shows().at(-1), { state: { X: 9 }, group: '' });
  assert.deepEqual(room.shown, { Name: 'Ada', X: 9, Y: 4 });
});

test('a field that the room does not have, or a wrong value, is refused at once', async () => {
  const room = await enter();
  assert.throws(() => room.show({ Z: 1 } as never), /no field Z/);
  assert.throws(() => room.show({ X: 'left' } as never), /field X takes a finite number/);
  await wait(100);
  assert.deepEqual(page.connection.shows(), []);
});

test('members come, change and leave; one frame is one change', async () => {
  const room = await enter();
  const frames: number[][] = [];
  room.onChange((changed) => frames.push([...changed]));
  const c = page.connection;
  c.crowd(1, [{ enter: 1, state: at(0) }, { enter: 2, user: 'v', group: 'red', state: at(5) }], true);
  const [, before] = [...room.members.values()];
  assert.deepEqual(before, { number: 2, user: 'v', group: 'red', state: at(5) });
  assert.deepEqual([room.me, room.self?.state.X, room.others.map((m) => m.number)], [1, 0, [2]]);
  const others = room.others;
  c.crowd(1, [{ change: 2, to: { X: 6 } }, { enter: 3, state: at(7) }, { change: 9, to: { X: 1 } }]);
  assert.notEqual(room.others, others);
  assert.equal(before.state.X, 5); // a new object, not the old one changed
  assert.deepEqual(room.others.map((m) => [m.number, m.state.X, m.state.Name]), [[2, 6, 'Ada'], [3, 7, 'Ada']]);
  c.crowd(1, [{ leave: 2 }, { leave: 8 }]);
  assert.deepEqual(room.others.map((m) => m.number), [3]);
  c.crowd(1, [{ enter: 1, state: at(0) }, { enter: 4, state: at(1) }], true);
  assert.deepEqual(room.others.map((m) => m.number), [4]);
  assert.deepEqual(frames, [[1, 2], [2, 3], [2], [1, 4, 3]]);
});

test('heartbeats are sent when nothing else is', async () => {
  const room = await enter({ X: 1 });
  const c = page.connection;
  await wait(9_999);
  assert.equal(c.shows().length, 1);
  await wait(1);
  assert.deepEqual(c.shows().slice(1), [{ state: {}, group: '' }]);
  c.crowd(1, []); // a sign of life, else the connection counts as dead
  await wait(5_000);
  room.show({ X: 2 });
  await settle();
  await wait(5_000);
  assert.equal(c.shows().length, 3); // no heartbeat so soon after it
  c.crowd(1, []);
  await wait(10_000);
  assert.deepEqual(c.shows().slice(3), [{ state: {}, group: '' }]);
});

test('after a reconnect all is shown, looked at and asked for again', async () => {
  const room = await enter({ Name: 'Ada', X: 1 }, ['red']);
  const c = page.connection;
  room.show({}, { group: 'red' });
  room.look({ x: 0, y: 0, width: 10, height: 10 });
  room.follow(2);
  await wait(40);
  assert.deepEqual(c.groups().map((g) => [g.name, g.leave]), [['red', false]]);
  assert.deepEqual(c.looks(), [{ x: 0, y: 0, width: 10, height: 10, follow: 2 }]);
  assert.deepEqual(c.shows().at(-1), { state: { Name: 'Ada', X: 1 }, group: 'red' });
  c.crowd(1, [{ enter: 1, state: at(1), group: 'red' }, { enter: 2, state: at(2) }, { inside: 'red' }], true);
  const statuses: string[] = [];
  room.onStatus((s) => statuses.push(s));

  await page.lose();
  room.show({ X: 5 });
  assert.equal(room.members.size, 2); // they are shown until the room says who is there
  await wait(1000);
  const next = await page.welcome();
  assert.equal(next.opens()[0].hash, 99n);
  next.opened(4, { member: 7, schema: null });
  await settle();
  assert.deepEqual([room.status, room.me, statuses], ['online', 7, ['offline', 'online']]);
  assert.deepEqual(next.groups().map((g) => g.name), ['red']);
  assert.deepEqual(next.looks(), [{ x: 0, y: 0, width: 10, height: 10, follow: 2 }]);
  assert.deepEqual(next.shows(), [{ state: { Name: 'Ada', X: 5 }, group: 'red' }]);
  assert.equal(next.c.of(15)[0].head.handle, 4);
  next.crowd(4, [{ enter: 7, state: at(5), group: 'red' }, { inside: 'red' }], true);
  assert.deepEqual([room.others, [...room.groups]], [[], ['red']]);
});

test('the audience alone can change, also of a state that the server has made', async () => {
  const room = await enter();
  page.connection.crowd(1, [{ enter: 1, state: at(3) }], true);
  room.show({}, { group: 'red' });
  await settle();
  assert.deepEqual(page.connection.shows(), [{ state: { Name: 'Ada' }, group: 'red' }]);
});

test('groups end when they are refused, left or taken away', async () => {
  const room = await enter();
  const errors: ParlorError[] = [];
  room.onError((e) => errors.push(e));
  const c = page.connection;
  for (const name of ['a', 'b', 'c', 'a']) room.enterGroup(name);
  const [a] = c.groups();
  c.refuse(1, Code.REFUSED, a.request, 'not you');
  assert.match(errors[0].message, /not you/);
  c.crowd(1, [{ inside: 'b' }, { inside: 'c' }]);
  room.leaveGroup('b');
  c.crowd(1, [{ outside: 'b' }, { outside: 'c' }]);
  assert.deepEqual([...room.groups], []);
  await page.lose();
  await wait(1000);
  const next = await page.welcome();
  next.opened(1);
  await settle();
  assert.deepEqual(next.groups(), []);
});

test('casts go out and come in by name', async () => {
  const room = await enter();
  const c = page.connection;
  room.cast('Wave', { At: 2 }, { group: 'red', to: 4 });
  assert.deepEqual(c.casts().map(({ name, data, group, to }) => ({ name, data, group, to })), [{ name: 'Wave', data: { At: 2 }, group: 'red', to: 4 }]);
  assert.throws(() => room.cast('Shout' as never), /no cast Shout; it has Wave/);
  const got: unknown[] = [];
  const stop = room.onCast('Wave', (cast) => got.push(cast));
  c.casted(1, 3, 'Wave', { At: 1.5 }, 'red');
  c.casted(1, 3, 'Unheard', { At: 1.5 });
  stop();
  c.casted(1, 3, 'Wave', { At: 2 });
  assert.deepEqual(got, [{ from: 3, group: 'red', data: { At: 1.5 } }]);
  const errors: ParlorError[] = [];
  room.onError((e) => errors.push(e));
  c.refuse(1, Code.RATE_LIMITED, c.casts()[0].request, 'slow down');
  assert.deepEqual(errors.map((e) => [e.code, e.request]), [[Code.RATE_LIMITED, c.casts()[0].request]]);
  await page.lose();
  room.cast('Wave'); // nobody is there to get it
});

test('a room that has had too much is shown all again a little later', async () => {
  const room = await enter({ Name: 'Ada' });
  room.show({ X: 3 });
  await wait(40);
  const c = page.connection;
  c.refuse(1, Code.RATE_LIMITED, 0);
  await wait(299);
  assert.equal(c.shows().length, 2);
  await wait(1);
  assert.deepEqual(c.shows().at(-1), { state: { Name: 'Ada', X: 3 }, group: '' });
});

test('a refusal ends the opening; one that passes is tried again once the room was entered', async () => {
  const opening = page.client.presence('cursors/lobby');
  await settle();
  page.server.last.welcome();
  await settle();
  page.connection.refuse(0, Code.ROOM_FULL, page.connection.opens()[0].request);
  await assert.rejects(opening, (e: ParlorError) => e.code === Code.ROOM_FULL);

  const room = await enter();
  await page.lose();
  await wait(1000);
  const c = await page.welcome();
  c.refuse(0, Code.ROOM_FULL, c.opens()[0].request);
  await settle();
  assert.equal(room.status, 'offline');
  await wait(1000);
  assert.equal(c.opens().length, 2);
  c.opened(2);
  await settle();
  assert.equal(room.status, 'online');
  room.leave();
  assert.deepEqual([room.status, c.leaves()], ['closed', [2]]);
  await page.lose();
  await wait(1000);
});

test('broken frames close the connection, and the room comes back', async () => {
  const room = await enter({ X: 1 });
  const broken = [[9], [1, 1, 200], [2, 1, 3, 1, 77, 0], [1, 1, 1, 0xff, 0, 0], [1, 1, 0, 0, 2, 0, 0], [2, 255, 255, 255, 255, 255, 255, 255, 255, 255, 1]];
  for (const bytes of broken) {
    const c = page.connection;
    c.payload(29, 1, Uint8Array.from(bytes));
    assert.equal(c.c.closedWith, 4001, `after ${bytes}`);
    await wait(1000);
    const next = await page.welcome();
    next.opened(1);
    await settle();
    assert.equal(room.status, 'online');
  }
});

test('an Opened that no server writes fails the opening, and nothing hangs', async () => {
  for (const schema of ['{', '[]', '{"state": 3}', '{"state": [{"name": "X", "kind": "complex"}]}', '{"casts": [1]}', '{"timeout": "long"}']) {
    const p = new TogetherPage();
    await assert.rejects(p.open(p.client.presence('cursors/lobby'), { schema }), Error, schema);
    p.client.close();
  }
});
