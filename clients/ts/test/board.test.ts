import assert from 'node:assert/strict';
import { afterEach, beforeEach, mock, test } from 'node:test';
import { type Board, type BoardOptions, Code, MutationError, type RejectedEdit } from '../src/together';
import { settle } from './records-server';
import { boardSchema, type OpenedWith, pointer, TogetherPage } from './together-server';

let page: TogetherPage;

beforeEach(() => {
  mock.timers.enable({ apis: ['setTimeout', 'setInterval'] });
  page = new TogetherPage();
  page.state = pointer;
});

afterEach(() => {
  page.client.close();
  mock.timers.reset();
});

async function wait(ms: number): Promise<void> {
  page.time += ms;
  mock.timers.tick(ms);
  await settle();
}

function open(more: OpenedWith = {}, options: BoardOptions = {}): Promise<Board> {
  return page.open(page.client.board('board/main', options), { schema: boardSchema, role: 'writer', ...more });
}

const geo = (x: number, y = 0) => ({ x, y, w: 10, h: 10, r: 0 });
const rect = (id: string, x = 0, more: object = {}) => ({ id, kind: 'rect', geo: geo(x), index: `a${id}`, ...more });
const ids = (board: Board) => board.sorted().map((s) => s.id);
const shapesOf = (board: Board) => Object.fromEntries([...board.shapes].map(([id, s]) => [id, s.geo.x]));

/** A board with shapes a and b at 0 and 5. */
async function two(): Promise<Board> {
  const board = await open({ seq: 4 });
  page.connection.snapshot(1, 4, [rect('a', 0), rect('b', 5)]);
  return board;
}

test('a snapshot in parts is shown when it is whole, then deltas change it', async () => {
  const board = await open({ seq: 4 });
  const changes: string[][] = [];
  board.onChange((changed) => changes.push([...changed].sort()));
  const c = page.connection;
  assert.deepEqual([board.status, board.role, board.loaded, board.user], ['online', 'writer', false, 'u']);
  c.snapshot(1, 4, [rect('b')], true);
  assert.deepEqual([board.loaded, board.shapes.size], [false, 0]);
  c.snapshot(1, 4, [rect('a', 3, { text: 'hi', by: 'v', locked: true, style: { color: 'red' } })]);
  await board.ready;
  assert.deepEqual(ids(board), ['a', 'b']);
  assert.deepEqual(board.shapes.get('a'), { id: 'a', kind: 'rect', geo: geo(3), style: { color: 'red' }, index: 'aa', parent: '', props: {}, text: 'hi', by: 'v', locked: true });
  const b = board.shapes.get('b');
  c.delta(1, 4, 5, { set: [{ id: 'a', geo: geo(4), text: '' }, rect('c'), { id: 'x', text: 'gone' }] });
  c.delta(1, 5, 6, { remove: ['c', 'a'], set: [rect('a', 9)], board: { grid: true, old: null } });
  assert.deepEqual([board.shapes.get('a')?.locked, shapesOf(board), board.settings.get('grid')], [false, { a: 9, b: 0 }, true]);
  assert.equal(board.shapes.get('b'), b); // the same object
  assert.deepEqual(changes, [['a', 'b'], ['a', 'c'], ['a', 'c']]);
});

test('an empty board is whole at once', async () => {
  const board = await open({ seq: 0 });
  assert.equal(board.loaded, true);
  const other = new TogetherPage();
  const empty = await other.open(other.client.board('board/new'), { schema: boardSchema, seq: 1 });
  other.connection.snapshot(1, 1, []);
  await empty.ready;
  other.client.close();
});

test('own edits show at once and end with their receipts', async () => {
  const board = await two();
  const c = page.connection;
  const changes: string[][] = [];
  board.onChange((changed) => changes.push([...changed].sort()));
  const gesture = board.newGesture();
  const id = board.add({ kind: 'rect', geo: { x: 7 }, style: { color: 'red' } }, { gesture });
  const moved = board.patch({ id: 'a', geo: { x: 1 }, style: { fill: 'blue' } });
  assert.deepEqual([shapesOf(board), board.pending, ids(board)], [{ a: 1, b: 5, [id]: 7 }, 2, ['a', 'b', id]]);
  assert.deepEqual([board.shapes.get('a')?.style, board.shapes.get(id)?.by], [{ fill: 'blue' }, 'u']);
  await settle();
  assert.deepEqual(c.mutates(), [
    { id: 1, name: 'edit', void: false, args: { gesture, ops: [{ add: { kind: 'rect', geo: { x: 7 }, style: { color: 'red' }, id } }] } },
    { id: 2, name: 'edit', void: false, args: { gesture: 0, ops: [{ patch: { id: 'a', geo: { x: 1 }, style: { fill: 'blue' } } }] } },
  ]);
  c.delta(1, 4, 5, { set: [{ ...rect(id, 7, { style: { color: 'red' }, by: 'u' }), index: 'b0', geo: { x: 7, y: 0, w: 0, h: 0, r: 0 } }] });
  assert.equal(board.shapes.get(id)?.index, 'b0');
  const shown = board.shapes.get(id);
  c.receipt(1, 1, 5, { result: {} });
  assert.equal(board.shapes.get(id), shown);
  c.delta(1, 5, 6, { set: [{ id: 'a', geo: geo(1), style: { fill: 'blue' } }] });
  changes.length = 0;
  c.receipt(1, 2, 6, { result: { corrected: [] } });
  assert.deepEqual(await moved, { corrected: [] });
  assert.deepEqual([board.pending, changes, ids(board)], [0, [], ['a', 'b', id]]); // what the server says looks the same
});

test('a refused edit is rolled back and told', async () => {
  const board = await two();
  const rejected: RejectedEdit[] = [];
  board.onRejected((r) => rejected.push(r));
  const first = board.patch({ id: 'a', geo: { x: 100 } });
  const second = board.patch([{ id: 'a', geo: { y: 50 } }, { id: 'b', geo: { x: 9 } }]);
  await settle();
  page.connection.receipt(1, 1, 5, { code: Code.SHAPE_LOCKED, message: 'a is locked', field: 'ops[0]' });
  await assert.rejects(first, (e: MutationError) => e.code === Code.SHAPE_LOCKED && e.message === 'a is locked');
  assert.deepEqual([board.shapes.get('a')?.geo, shapesOf(board).b], [geo(0, 50), 9]);
  assert.deepEqual([rejected.length, rejected[0].name, rejected[0].args.ops], [1, 'edit', [{ patch: { id: 'a', geo: { x: 100 } } }]]);
  page.connection.delta(1, 4, 5, { set: [{ id: 'a', geo: geo(0, 50) }, { id: 'b', geo: geo(9) }] });
  page.connection.receipt(1, 2, 5);
  await second;
});

test('order, groups and removals show as the server will do them', async () => {
  const board = await open({ seq: 4 });
  page.connection.snapshot(1, 4, ['a', 'b', 'c', 'd'].map((id) => rect(id)));
  const done = (expected: string[]) => assert.deepEqual(ids(board), expected);
  void board.order('a', 'front');
  done(['b', 'c', 'd', 'a']);
  void board.order(['d', 'a'], 'back');
  done(['d', 'a', 'b', 'c']);
  void board.order(['d', 'a'], 'forward');
  done(['b', 'd', 'a', 'c']);
  void board.order('b', 'backward');
  done(['b', 'd', 'a', 'c']);
  void board.order('c', 'backward');
  done(['b', 'd', 'c', 'a']);
  const group = board.group(['c', 'd']);
  done(['b', group, 'd', 'c', 'a']);
  assert.equal(board.shapes.get('d')?.parent, group);
  void board.order(group, 'front');
  done(['b', 'a', group, 'd', 'c']);
  void board.ungroup('a'); // is none
  void board.ungroup(group);
  done(['b', 'a', 'd', 'c']);
  const other = board.group(['b', 'd']);
  done(['a', other, 'b', 'd', 'c']);
  void board.remove(other);
  done(['a', 'c']);
  const list = board.sorted();
  assert.equal(board.sorted(), list);
  void board.clear();
  done([]);
});

test('drags show here at once, and go to the server at the rate of the board', async () => {
  const board = await two();
  const c = page.connection;
  const gesture = board.newGesture();
  for (let x = 1; x < 8; x++) {
    board.drag(gesture, [{ id: 'a', ...geo(x) }]);
    await wait(1);
  }
  assert.equal(board.shapes.get('a')?.geo.x, 7);
  assert.equal(board.shapes.get('b')?.geo.x, 5);
  assert.deepEqual(c.drags(), [{ gesture, phase: 0, moves: [{ id: 'a', ...geo(1) }] }]);
  await wait(34);
  assert.deepEqual(c.drags().slice(1), [{ gesture, phase: 0, moves: [{ id: 'a', ...geo(7) }] }]);
  board.drag(gesture, [{ id: 'b', ...geo(8) }]);
  board.endDrag(gesture);
  assert.deepEqual(c.drags().slice(2), [{ gesture, phase: 0, moves: [{ id: 'b', ...geo(8) }] }, { gesture, phase: 1, moves: [] }]);
  assert.deepEqual(shapesOf(board), { a: 7, b: 8 }); // until the server says what counts
  await wait(40);
  assert.equal(c.drags().length, 4);
  const changes: string[] = [];
  board.onChange((changed) => changes.push(...changed));
  c.delta(1, 4, 5, { set: [{ id: 'a', geo: geo(7) }, { id: 'b', geo: geo(8) }] });
  c.dragged(1, [{ ended: 'a' }, { ended: 'b' }]);
  assert.deepEqual([changes, shapesOf(board)], [[], { a: 7, b: 8 }]);
  c.delta(1, 5, 6, { set: [{ id: 'a', geo: geo(50) }] });
  assert.equal(board.shapes.get('a')?.geo.x, 50);
});

test('a drag that is given up, or refused, is where the shape was', async () => {
  const board = await two();
  const c = page.connection;
  const gesture = board.newGesture();
  board.drag(gesture, [{ id: 'a', ...geo(70) }]);
  await settle();
  board.cancelDrag(gesture);
  assert.deepEqual([shapesOf(board).a, c.drags().at(-1)], [0, { gesture, phase: 2, moves: [] }]);
  const refused = board.newGesture();
  const errors: number[] = [];
  board.onError((e) => errors.push(e.code));
  board.drag(refused, [{ id: 'a', ...geo(70) }]);
  board.endDrag(refused);
  assert.equal(shapesOf(board).a, 70);
  c.refuse(1, Code.SHAPE_LOCKED, 0);
  assert.deepEqual([shapesOf(board).a, errors], [0, [Code.SHAPE_LOCKED]]);
  board.drag(board.newGesture(), [{ id: 'a', ...geo(1) }]);
  assert.throws(() => board.drag(1, [{ id: 'b', ...geo(Infinity) }]), /five finite numbers/);
});

test('a drag that has rested is kept by the server: its end changes nothing', async () => {
  const board = await two();
  const c = page.connection;
  const gesture = board.newGesture();
  board.drag(gesture, [{ id: 'a', ...geo(0.1) }]);
  await settle();
  c.delta(1, 4, 5, { set: [{ id: 'a', geo: geo(Math.fround(0.1)) }] });
  c.dragged(1, [{ ended: 'a' }]);
  assert.equal(shapesOf(board).a, 0.1);
  board.endDrag(gesture);
  assert.equal(c.drags().at(-1)?.phase, 1);
  c.delta(1, 5, 6, { set: [{ id: 'a', geo: geo(40) }] }); // by somebody else
  assert.equal(shapesOf(board).a, 40);
});

test('a shape that is removed is dragged no more', async () => {
  const board = await two();
  page.connection.dragged(1, [{ member: 2, move: { id: 'a', ...geo(3) } }]);
  page.connection.delta(1, 4, 5, { remove: ['a'] });
  assert.deepEqual([shapesOf(board), board.drags.size], [{ b: 5 }, 0]);
});

test('a drag whose end the server never answers shows for five seconds', async () => {
  const board = await two();
  const gesture = board.newGesture();
  board.drag(gesture, [{ id: 'a', ...geo(70) }]);
  board.endDrag(gesture);
  await wait(4_999);
  assert.equal(shapesOf(board).a, 70);
  page.connection.delta(1, 4, 5, {}); // a sign of life
  await wait(1);
  assert.equal(shapesOf(board).a, 0);
});

test("others' drags lie over the shapes until they end", async () => {
  const board = await two();
  const c = page.connection;
  const frames: string[][] = [];
  board.onChange((changed) => frames.push([...changed]));
  c.dragged(1, [{ member: 2, move: { id: 'a', ...geo(3) } }, { member: 1, move: { id: 'b', ...geo(30) } }, { member: 2, move: { id: 'later', ...geo(4) } }], true);
  assert.deepEqual([shapesOf(board), board.drags.get('a')], [{ a: 3, b: 5 }, { member: 2, geo: geo(3) }]);
  c.delta(1, 4, 5, { set: [rect('later', 1)] });
  assert.equal(board.shapes.get('later')?.geo.x, 4);
  c.delta(1, 5, 6, { set: [{ id: 'a', geo: geo(3) }] });
  c.dragged(1, [{ ended: 'a' }, { ended: 'unknown' }]);
  c.dragged(1, [{ member: 3, move: { id: 'b', ...geo(6) } }], true);
  assert.deepEqual(shapesOf(board), { a: 3, b: 6, later: 1 });
  await page.lose();
  assert.deepEqual([shapesOf(board), board.drags.size], [{ a: 3, b: 5, later: 1 }, 0]);
  assert.deepEqual(frames, [['a'], ['later'], ['later', 'b'], ['b']]);
});

test('undo, redo and versions are asked of the server', async () => {
  const board = await two();
  const c = page.connection;
  assert.deepEqual([board.canUndo, board.canRedo], [true, true]); // not known
  const undone = board.undo();
  await settle();
  c.receipt(1, 1, 5, { result: { undo: 0, redo: 1 } });
  await undone;
  assert.deepEqual([board.canUndo, board.canRedo], [false, true]);
  void board.patch({ id: 'a', text: 'x' });
  assert.deepEqual([board.canUndo, board.canRedo], [true, false]);
  const versions = board.versions();
  await settle();
  c.receipt(1, 2, 6);
  c.receipt(1, 3, 6, { result: { versions: [{ name: 'v1', time: 5, by: 'u', shapes: 2 }] } });
  assert.deepEqual(await versions, [{ name: 'v1', time: 5, by: 'u', shapes: 2 }]);
  const saved = assert.rejects(board.save('v1'), /disconnected/);
  await page.lose();
  await saved;
  await assert.rejects(board.restore('v1'), /not connected/);
});

test('members of the board are its presence', async () => {
  const board = await page.open(page.client.board('board/main', { presence: { Name: 'Ada' } }), { schema: boardSchema, member: 3 });
  const c = page.connection;
  board.presence.show({ X: 4, Selection: ['a'] });
  await wait(40);
  assert.deepEqual(c.shows().map((s) => s.state), [{ Name: 'Ada' }, { X: 4, Selection: ['a'] }]);
  c.crowd(1, [{ enter: 3, state: { Name: 'Ada' } }, { enter: 4, state: { Name: 'Bob', Selection: ['b'] } }], true);
  assert.deepEqual([board.presence.me, board.presence.others.map((m) => m.state.Selection)], [3, [['b']]]);
});

test('broken frames close the connection, and the board stays as it is', async () => {
  const board = await two();
  const broken: (() => void)[] = [
    () => page.connection.delta(1, 4, 5, '{"set":'),
    () => page.connection.delta(1, 4, 5, '[]'),
    () => page.connection.delta(1, 4, 5, '{"set":{"id":"a"}}'),
    () => page.connection.delta(1, 4, 5, '{"set":[null]}'),
    () => page.connection.delta(1, 4, 5, '{"set":[{"text":"x"}]}'),
    () => page.connection.delta(1, 4, 5, '{"set":[{"id":"a","geo":{"x":1,"y":1,"w":1,"h":1}}]}'),
    () => page.connection.delta(1, 4, 5, '{"set":[{"id":"a","geo":{"x":1e999,"y":1,"w":1,"h":1,"r":0}}]}'),
    () => page.connection.delta(1, 4, 5, '{"set":[{"id":"a","style":[]}]}'),
    () => page.connection.delta(1, 4, 5, '{"remove":[3]}'),
    () => page.connection.payload(31, 1, Uint8Array.of(3)),
    () => page.connection.payload(31, 1, Uint8Array.of(1, 2, 1, 97, 0, 0)),
    () => page.connection.payload(31, 1, Uint8Array.of(1, 2, 1, 97, ...new Uint8Array(16), 0, 0, 0xc0, 0x7f)),
    () => page.connection.payload(29, 1, Uint8Array.of(7)),
  ];
  for (const send of broken) {
    send();
    assert.equal(page.server.last.closedWith, 4001, String(send));
    assert.deepEqual(shapesOf(board), { a: 0, b: 5 });
    await wait(1000);
    const next = await page.welcome();
    next.opened(1, { schema: null, seq: 4 });
    await settle();
    assert.equal(board.status, 'online');
  }
});

test('names that objects have of themselves are ordinary ones', async () => {
  const board = await two();
  page.connection.delta(1, 4, 5, '{"set":[{"id":"__proto__","kind":"rect","geo":{"x":1,"y":1,"w":1,"h":1,"r":0},"index":"a9","props":{"__proto__":{"polluted":1}}}],"board":{"__proto__":{"polluted":1}}}');
  assert.deepEqual(ids(board), ['a', 'b', '__proto__'].sort((x, y) => (x === '__proto__' ? -1 : y === '__proto__' ? 1 : x < y ? -1 : 1)));
  void board.patch({ id: '__proto__', props: JSON.parse('{"constructor":3,"__proto__":{"polluted":2}}') });
  assert.equal(({} as Record<string, unknown>).polluted, undefined);
  assert.equal(board.shapes.get('__proto__')?.props.constructor, 3);
});
