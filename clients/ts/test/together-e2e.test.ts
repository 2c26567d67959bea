import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, test } from 'node:test';
import * as awarenessProtocol from 'y-protocols/awareness';
import * as Y from 'yjs';
import { type Board, Client, Code, dialWebSocket, MemoryDisk, type MutationError, YjsProvider } from '../src/together';
import { FakeTabs } from './records-server';
import type { Cursor } from './together-server';

// The client against a server of its own, a process that is built for it.

let folder: string;
let server: ChildProcess;
let url: string;
const clients: Client[] = [];

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'parlor-together-'));
  const binary = join(folder, 'server');
  const built = spawnSync('go', ['build', '-o', binary, './clients/ts/test/testdata/together'], { cwd: process.env.PARLOR_ROOT, encoding: 'utf8' });
  assert.equal(built.status, 0, `the server does not build:\n${built.stderr}`);
  server = spawn(binary, [join(folder, 'data')], { stdio: ['pipe', 'pipe', 'inherit'] });
  [url] = (await once(createInterface(server.stdout!), 'line')) as [string];
});

after(async () => {
  for (const c of clients) c.close();
  const ended = once(server, 'exit');
  server.stdin!.end();
  await ended;
  rmSync(folder, { recursive: true, force: true });
});

/** Node 20 has no WebSocket. */
type Socket = WebSocket & { terminate(): void };
const { WebSocket: Sockets } = createRequire(join(process.env.PARLOR_ROOT!, 'package.json'))('ws') as { WebSocket: new (url: string) => Socket };
const opened: Socket[] = [];
Object.assign(globalThis, {
  WebSocket: class extends Sockets {
    constructor(address: string) {
      super(address);
      this.addEventListener('error', () => {}); // the close tells
      opened.push(this as unknown as Socket);
    }
  },
});

/** A page: its client, and its wire, which can be cut. */
class Person {
  readonly client: Client;
  private cut = false;
  private socket: Socket | undefined;

  constructor() {
    const dial = (address: string) => {
      const transport = dialWebSocket(address);
      this.socket = opened.at(-1)!;
      if (this.cut) this.socket.close();
      return transport;
    };
    this.client = new Client(url, { dial, records: { disk: new MemoryDisk(), tabs: new FakeTabs() } });
    clients.push(this.client);
  }

  /** Breaks the connection, until it is mended. */
  break(): void {
    this.cut = true;
    this.socket?.terminate();
  }

  mend(): void {
    this.cut = false;
  }

  /** Sends nothing any longer, over a connection that stands. */
  mute(): void {
    this.socket!.send = () => {};
  }
}

/** Waits until something holds. */
async function until(holds: () => boolean, what: string): Promise<void> {
  const end = Date.now() + 20_000;
  while (!holds()) {
    assert.ok(Date.now() < end, `never: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

test('cursors, casts and groups of two people, one of whom goes away and comes back', async () => {
  const [ada, bob] = [new Person(), new Person()];
  const first = await ada.client.presence<Cursor, { Wave: { At: number } }>('cursors/lobby', { state: { Name: 'Ada', X: 1 } });
  const second = await bob.client.presence<Cursor, { Wave: { At: number } }>('cursors/lobby', { state: { Name: 'Bob' } });
  await until(() => first.others[0]?.state.Name === 'Bob' && second.others[0]?.state.Name === 'Ada', 'they see each other');
  for (let x = 0; x < 50; x++) first.show({ X: x });
  await until(() => second.others[0].state.X === 49, 'the last position arrives');
  const heard: unknown[] = [];
  second.onCast('Wave', (c) => heard.push([c.from, c.data]));
  first.cast('Wave', { At: 0.5 });
  await until(() => heard.length === 1, 'a cast arrives');
  assert.deepEqual(heard, [[first.me, { At: 0.5 }]]);

  const refused: number[] = [];
  first.onError((e) => refused.push(e.code));
  first.enterGroup('closed');
  first.enterGroup('us');
  await until(() => first.groups.has('us') && refused.length === 1, 'one group is entered, one refused');
  first.show({}, { group: 'us' });
  await until(() => second.others.length === 0, 'who shows to a group is not seen outside of it');
  second.enterGroup('us');
  await until(() => second.others[0]?.group === 'us', 'it is seen inside');

  second.look({ x: 1000, y: 1000, width: 10, height: 10 });
  await until(() => second.others.length === 0, 'who is elsewhere is not seen');
  second.follow(first.me);
  await until(() => second.others.length === 1, 'but when followed');

  const before = first.me;
  ada.break();
  await until(() => first.status === 'offline' && second.others.length === 0, 'who is away is not seen');
  first.show({ X: 7 });
  ada.mend();
  second.look(null);
  await until(() => second.others[0]?.state.X === 7 && first.status === 'online', 'who is back is seen as it is now');
  assert.notEqual(first.me, before);

  const eve = new Person();
  await eve.client.presence<Cursor>('cursors/lobby', { state: { Name: 'Eve' } });
  await until(() => second.others.length === 2 && first.others.length === 2, 'a third one comes');
  eve.mute();
  await until(() => second.others.length === 1 && first.others.length === 1, 'who is silent is not seen after the time-out');
  assert.deepEqual([second.others[0].state.X, first.others[0].state.Name], [7, 'Bob'], 'who rests is');
});

const at = (x: number) => ({ x, y: 0, w: 10, h: 10, r: 0 });
const ids = (board: Board) => board.sorted().map((s) => s.id).join();
const x = (board: Board, id: string) => board.shapes.get(id)?.geo.x;

test('two people draw on a board', async () => {
  const [ada, bob] = [new Person(), new Person()];
  const first = await ada.client.board('board/main', { presence: { Name: 'Ada' } });
  const second = await bob.client.board('board/main');
  await Promise.all([first.ready, second.ready]);
  await first.edit([{ add: { id: 'a', kind: 'rect', geo: at(0), props: { radius: 2 } } }, { add: { id: 'b', kind: 'rect', geo: at(5), text: 'hello' } }]);
  await until(() => ids(second) === 'a,b', 'shapes arrive');
  assert.deepEqual(second.shapes.get('a'), first.shapes.get('a'));
  assert.deepEqual([second.shapes.get('b')?.text, second.shapes.get('a')?.props], ['hello', { radius: 2 }]);
  await until(() => second.presence.others[0]?.state.Name === 'Ada', 'people are seen');

  const refused = first.patch({ id: 'a', props: { radius: -1 } });
  assert.equal(first.shapes.get('a')?.props.radius, -1);
  await assert.rejects(refused, (e: MutationError) => e.code === Code.VALIDATION && /not negative/.test(e.message));
  assert.equal(first.shapes.get('a')?.props.radius, 2);

  const gesture = first.newGesture();
  first.drag(gesture, [{ id: 'a', ...at(50) }]);
  await until(() => x(second, 'a') === 50, 'a drag is seen');
  assert.equal(second.drags.get('a')?.member, first.presence.me);
  first.drag(gesture, [{ id: 'a', ...at(60) }]);
  first.endDrag(gesture);
  await until(() => x(second, 'a') === 60 && second.drags.size === 0, 'and kept at its end');
  assert.equal(x(first, 'a'), 60);
  await first.undo();
  assert.deepEqual([x(first, 'a'), first.canRedo], [0, true]);
  await first.redo();
  await until(() => x(second, 'a') === 60, 'undone and done again');

  await second.order('a', 'front');
  const group = second.group(['a', 'b']);
  await until(() => ids(first) === [group, 'b', 'a'].join(), 'order and groups arrive');
  await second.ungroup(group);
  await second.save('one');
  await second.clear();
  await until(() => first.shapes.size === 0, 'a board can be cleared');
  await second.restore('one');
  await until(() => ids(first) === 'b,a', 'and restored');
  assert.deepEqual((await first.versions()).map(({ name, shapes }) => [name, shapes]), [['one', 2]]);
  await second.set({ grid: true });
  await until(() => first.settings.get('grid') === true, 'settings arrive');
});

test('what is drawn offline is there after coming back, once', async () => {
  const [ada, bob] = [new Person(), new Person()];
  const first = await ada.client.board('board/offline');
  const second = await bob.client.board('board/offline');
  await first.edit([{ add: { id: 'a', kind: 'rect', geo: at(0) } }, { add: { id: 'b', kind: 'rect', geo: at(1) } }]);
  await until(() => ids(second) === 'a,b', 'both have it');
  void first.order('a', 'forward'); // may arrive, its receipt may not
  first.drag(1, [{ id: 'b', ...at(80) }]);
  first.endDrag(1);
  ada.break();
  await until(() => first.status === 'offline', 'offline');
  for (let i = 0; i < 100; i++) first.add({ id: `s${i}`, kind: 'rect', geo: at(i) });
  void first.patch({ id: 'a', geo: { x: 9 } });
  await second.patch({ id: 'a', text: 'meanwhile' });
  const gone: string[] = [];
  first.onChange((changed) => gone.push(...[...changed].filter((id) => !first.shapes.has(id))));
  ada.mend();
  await until(() => first.pending === 0, 'all is answered');
  await until(() => second.shapes.size === 102 && x(second, 'b') === 80, 'all has arrived');
  assert.deepEqual([ids(first), gone], [ids(second), []]);
  assert.deepEqual(Object.fromEntries(first.shapes), Object.fromEntries(second.shapes));
  assert.deepEqual([x(first, 'a'), first.shapes.get('a')?.text], [9, 'meanwhile']);
});

test('a document is the same for all, also after a time offline', async () => {
  const [ada, bob] = [new Person(), new Person()];
  const docs = [new Y.Doc(), new Y.Doc()];
  const open = (p: Person, doc: Y.Doc) => new YjsProvider(p.client, 'notes/x', doc, { Y, awarenessProtocol });
  const providers = [open(ada, docs[0]), open(bob, docs[1])];
  const text = (i: number) => docs[i].getText('t').toString();
  docs[0].getText('t').insert(0, 'hello');
  await until(() => providers.every((p) => p.synced) && text(1) === 'hello', 'text arrives');
  providers[0].awareness!.setLocalStateField('name', 'Ada');
  const seen = () => providers[1].awareness!.getStates().get(docs[0].clientID)?.name;
  await until(() => seen() === 'Ada', 'awareness arrives');
  ada.break();
  await until(() => !providers[0].synced && seen() === undefined, 'who is away is not seen');
  docs[0].getText('t').insert(5, ' world');
  docs[1].getText('t').insert(0, 'oh ');
  ada.mend();
  await until(() => text(0) === 'oh hello world' && text(1) === text(0) && seen() === 'Ada', 'both have it all');
  providers[0].destroy();
  await until(() => seen() === undefined, 'who leaves is not seen');
  for (const p of providers) p.destroy();
  for (const d of docs) d.destroy();
});
