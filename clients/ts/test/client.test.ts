import assert from 'node:assert/strict';
import { afterEach, beforeEach, mock, test } from 'node:test';
import * as fb from '../src/fb';
import { Client, Code, Interpolation, ParlorError, Prediction, type Room } from '../src/index';
import { Kind } from '../src/protocol';
import { random } from './random';
import { ammo, FakeServer, keyframe, kill, moved, testSchema, type TestWorld } from './server';

const ID = 1 << 20;
let server: FakeServer;
let client: Client;
let clock: number;

/** Lets promises settle; timers stand still unless the test moves them. */
const settle = () => new Promise<void>((resolve) => setImmediate(resolve));

beforeEach(() => {
  mock.timers.enable({ apis: ['setTimeout', 'setInterval'] });
  server = new FakeServer();
  clock = 0;
  client = new Client('http://localhost:7777', { dial: server.dial, now: () => clock });
});

afterEach(() => {
  client.close();
  mock.timers.reset();
});

async function join(): Promise<Room<TestWorld>> {
  const joining = client.joinOrCreate<TestWorld>('arena', { name: 'Ada' });
  await settle();
  server.last.welcome();
  await settle();
  server.last.joined(1, testSchema);
  server.last.state(1, 101, 0, keyframe(5, true));
  return joining;
}

function lastPong() {
  const pong = fb.Pong.getRootAsPong(server.last.of(Kind.Pong).at(-1)!.body);
  return { id: pong.id(), time: pong.time(), applied: Array.from({ length: pong.appliedLength() }, (_, i) => [pong.applied(i)!.handle(), pong.applied(i)!.tick()]) };
}

test('says hello, joins, and holds the keyframe', async () => {
  const room = await join();
  const c = server.last;
  assert.deepEqual(c.received.map((r) => r.head.kind).filter((k) => k !== Kind.Ping), [Kind.Hello, Kind.Join]);
  assert.equal(fb.Hello.getRootAsHello(c.of(Kind.Hello)[0].body).protocol(), 1);
  const asked = fb.Join.getRootAsJoin(c.of(Kind.Join)[0].body);
  assert.equal(asked.mode(), fb.JoinMode.JoinOrCreate);
  assert.equal(asked.kind(), 'arena');
  assert.equal(new TextDecoder().decode(asked.optionsArray()!), '{"name":"Ada"}');
  assert.equal(room.status, 'joined');
  assert.equal(room.tick, 101);
  assert.deepEqual([...room.tables.Players], [[ID, { X: 5 }]]);
  assert.equal(client.guest, 'guest-1');
});

test('tells of rows that are added, changed and removed', async () => {
  const room = await join();
  const seen: unknown[] = [];
  room.tables.Players.onAdd((id, row) => seen.push(['add', id, row.X]));
  room.tables.Players.onChange((id, row) => seen.push(['change', id, row.X, row.Ammo]));
  room.tables.Players.onRemove((id, row) => seen.push(['remove', id, row.X]));
  room.onFrame((tick, ack) => seen.push(['frame', tick, ack]));
  server.last.state(1, 102, 1, moved(-7), 44);
  server.last.owner(1, 102, ammo(9, true));
  server.last.state(1, 103, 0, new Uint8Array([0]));
  assert.deepEqual(seen, [
    ['add', ID, 5], ['change', ID, -2, undefined], ['frame', 102, 44],
    ['change', ID, -2, 9], ['remove', ID, -2], ['frame', 103, 0],
  ]);
});

test('delivers events and messages', async () => {
  const room = await join();
  const seen: unknown[] = [];
  room.onEvent('Kills', (value, tick) => seen.push(value, tick));
  room.onMessage<string>('chat', (data) => seen.push(data));
  server.last.events(1, 102, kill(7));
  server.last.message(1, 'chat', '"hi"');
  server.last.message(1, 'other', '1');
  assert.deepEqual(seen, [{ Of: 7 }, 102, 'hi']);
});

test('sends commands and events with what it has applied', async () => {
  const room = await join();
  assert.deepEqual(room.command('Move', 110, { X: -1 }), { X: -1 });
  assert.equal(room.send('Shoot'), 1);
  assert.equal(room.send('Shoot', {}), 2);
  const [{ head, body }] = server.last.of(Kind.Command);
  assert.deepEqual([head.handle, head.ack], [1, 101]);
  assert.equal(fb.Command.getRootAsCommand(body).tick(), 110);
  const [, event] = server.last.of(Kind.Event);
  assert.deepEqual([fb.Event.getRootAsEvent(event.body).input(), fb.Event.getRootAsEvent(event.body).seq()], [1, 2]);
  assert.throws(() => room.send('Move' as 'Shoot', {}), TypeError);
  assert.throws(() => room.command('Move', 110, { X: 300 }), RangeError);
});

test('a refused input is told', async () => {
  const room = await join();
  const errors: ParlorError[] = [];
  room.onError((error) => errors.push(error));
  room.send('Shoot');
  server.last.refuse(1, Code.BAD_INPUT, 1);
  assert.deepEqual(errors.map((e) => [e.code, e.request]), [[Code.BAD_INPUT, 1]]);
});

test('a pong carries the ticks applied', async () => {
  await join();
  server.last.push(Kind.Ping, 0, 0, (b) => fb.Ping.createPing(b, 3, 99n));
  assert.deepEqual(lastPong(), { id: 3, time: 99n, applied: [[1, 101]] });
});

test('measures the round trip', async () => {
  await join();
  clock = 80;
  const ping = fb.Ping.getRootAsPing(server.last.of(Kind.Ping).at(-1)!.body);
  server.last.push(Kind.Pong, 0, 0, (b) => {
    fb.Pong.startPong(b);
    fb.Pong.addId(b, ping.id());
    return fb.Pong.endPong(b);
  });
  assert.equal(client.roundTrip.last, 80);
});

for (const [name, frame] of [
  ['a gap', () => server.last.state(1, 104, 1, moved(1))],
  ['another hash', () => server.last.state(1, 102, 1, moved(1, { a: 1, b: 2 }))],
  ['a broken payload', () => server.last.state(1, 102, 1, new Uint8Array([0xff, 0xff]))],
] as const) {
  test(`asks for a keyframe after ${name}, and drops frames until it comes`, async () => {
    const room = await join();
    frame();
    assert.deepEqual(lastPong(), { id: 0, time: 0n, applied: [[1, 0]] });
    server.last.state(1, 105, 1, moved(1));
    assert.equal(room.desyncs, 1);
    server.last.state(1, 106, 0, keyframe(9));
    assert.equal(room.tables.Players.value!.X, 9);
    server.last.state(1, 107, 1, moved(1));
    assert.equal(room.tables.Players.value!.X, 10);
    mock.timers.tick(5000);
    assert.equal(server.connections.length, 1, 'the keyframe came in time');
  });
}

test('connects anew when no keyframe comes', async () => {
  const room = await join();
  server.last.state(1, 104, 1, moved(1));
  mock.timers.tick(2000);
  await settle();
  assert.equal(room.status, 'reconnecting');
  mock.timers.tick(10_000);
  await settle();
  assert.equal(server.connections.length, 2);
});

test('returns into its seat after a lost connection', async () => {
  const room = await join();
  const statuses: string[] = [];
  const removed: number[] = [];
  room.onStatus((s) => statuses.push(s));
  room.tables.Players.onRemove((id) => removed.push(id));
  server.last.drop();
  mock.timers.tick(250);
  await settle();
  assert.equal(fb.Hello.getRootAsHello(server.last.of(Kind.Hello)[0].body).token(), 'guest-1');
  server.last.welcome();
  await settle();
  const asked = fb.Join.getRootAsJoin(server.last.of(Kind.Join)[0].body);
  assert.deepEqual([asked.mode(), asked.room(), asked.token(), asked.schemaHash()], [fb.JoinMode.Reconnect, 'room-1', 'seat-1', 77n]);
  server.last.joined(2, undefined, { token: 'seat-2', reconnected: true });
  server.last.state(2, 140, 0, keyframe(6));
  assert.deepEqual(statuses, ['reconnecting', 'joined']);
  assert.deepEqual(removed, [], 'the same row is no new one');
  assert.deepEqual([...room.tables.Players], [[ID, { X: 6 }]]);
  assert.equal(room.seat.token, 'seat-2');
  room.send('Shoot');
  assert.equal(server.last.of(Kind.Event)[0].head.handle, 2);
});

test('joins anew when the seat is gone', async () => {
  const room = await join();
  server.last.drop();
  mock.timers.tick(250);
  await settle();
  server.last.welcome();
  await settle();
  server.last.refuse(0, Code.BAD_TOKEN, 1);
  await settle();
  const asked = fb.Join.getRootAsJoin(server.last.of(Kind.Join)[1].body);
  assert.deepEqual([asked.mode(), asked.kind()], [fb.JoinMode.JoinOrCreate, 'arena']);
  assert.equal(new TextDecoder().decode(asked.optionsArray()!), '{"name":"Ada"}');
  server.last.joined(1, undefined, { room: 'room-2' });
  server.last.state(1, 7, 0, keyframe(1));
  assert.equal(room.id, 'room-2');
  assert.equal(room.status, 'joined');
});

test('keeps trying while the server is away', async () => {
  await join();
  server.up = false;
  server.last.drop();
  for (let n = 0; n < 5; n++) {
    mock.timers.tick(8000);
    await settle();
  }
  assert.equal(server.connections.length, 6);
  assert.equal(client.status, 'reconnecting');
  server.up = true;
  mock.timers.tick(8000);
  await settle();
  server.last.welcome();
  await settle();
  assert.equal(client.status, 'connected');
});

test('does not fight a session that replaced it', async () => {
  const room = await join();
  const reasons: number[] = [];
  room.onLeave((reason) => reasons.push(reason.code));
  server.last.end(Code.REPLACED);
  mock.timers.tick(60_000);
  await settle();
  assert.deepEqual(reasons, [Code.REPLACED]);
  assert.equal(server.connections.length, 1);
});

test('a refused join rejects with its code', async () => {
  const joining = client.joinByID('room-9');
  await settle();
  server.last.welcome();
  await settle();
  server.last.refuse(0, Code.NO_SUCH_ROOM, 1);
  await assert.rejects(joining, (e) => e instanceof ParlorError && e.code === Code.NO_SUCH_ROOM && e.request === 1);
});

test('a failed first connection rejects', async () => {
  server.up = false;
  await assert.rejects(client.joinOrCreate('arena'), ParlorError);
  assert.equal(client.status, 'idle');
});

test('a room that ends leaves the client connected', async () => {
  const room = await join();
  const reasons: number[] = [];
  room.onLeave((reason) => reasons.push(reason.code));
  server.last.left(1, Code.KICKED);
  assert.deepEqual(reasons, [Code.KICKED]);
  assert.equal(client.status, 'connected');
  server.last.state(1, 102, 1, moved(1)); // late, and ignored
  assert.equal(server.last.closedWith, undefined);
});

test('closes on a message that breaks the protocol', async () => {
  await join();
  server.last.onMessage(new Uint8Array(3));
  assert.equal(server.last.closedWith, 4000 + Code.BAD_MESSAGE);
  const last = server.last.received.at(-1)!;
  assert.deepEqual([last.head.kind, fb.Close.getRootAsClose(last.body).code()], [Kind.Close, Code.BAD_MESSAGE]);
});

test('survives damaged messages', async () => {
  const next = random(3);
  let refused = 0;
  for (const kind of Object.values(Kind)) {
    for (let n = 0; n < 20; n++) {
      client = new Client('http://localhost:7777', { dial: server.dial, now: () => clock, reconnect: false });
      await join();
      const message = Uint8Array.from({ length: 8 + Math.floor(next() * 100) }, () => (next() < 0.7 ? next() * 24 : next() * 256));
      message.set([kind, 0, n % 2, 0]);
      server.last.onMessage(message);
      if (server.last.closedWith === 4000 + Code.BAD_MESSAGE) refused++;
      client.close();
    }
  }
  await settle(); // an error that escaped would fail the test here
  assert.ok(refused > 20, `only ${refused} were refused`);
});

test('notices a silent server', async () => {
  await join();
  clock = 20_000;
  mock.timers.tick(1000);
  assert.equal(server.last.closedWith, 4000 + Code.IDLE_TIMEOUT);
});

test('a listener that throws stops nobody else', async () => {
  const room = await join();
  const errors: unknown[] = [];
  const listeners = process.listeners('uncaughtException');
  process.removeAllListeners('uncaughtException');
  process.once('uncaughtException', (e) => errors.push(e));
  let called = 0;
  room.onFrame(() => {
    throw new Error('mine');
  });
  room.onFrame(() => called++);
  server.last.state(1, 102, 1, moved(1));
  await settle();
  for (const l of listeners) process.on('uncaughtException', l);
  assert.equal(called, 1);
  assert.deepEqual(errors.map(String), ['Error: mine']);
});

test('predicts and interpolates a room', async () => {
  const room = await join();
  const prediction = new Prediction(room, {
    command: 'Move',
    table: room.tables.Players,
    step: (row: { X: number }, move: { X: number }) => {
      row.X += move.X;
    },
  });
  const drawn = new Interpolation(room, room.tables.Players);
  assert.equal(prediction.update(() => ({ X: 1 }), clock), 1);
  assert.equal(prediction.row!.X, 6);
  const named = fb.Command.getRootAsCommand(server.last.of(Kind.Command)[0].body).tick();
  server.last.state(1, 102, 1, moved(1), named);
  assert.deepEqual([prediction.waiting, prediction.corrections, prediction.row!.X], [0, 0, 6]);
  server.last.state(1, 103, 1, moved(10), named);
  assert.deepEqual([prediction.corrections, prediction.row!.X], [0, 16], 'pushed by the server');
  const seen = () => fb.Command.getRootAsCommand(server.last.of(Kind.Command).at(-1)!.body).seen();
  assert.equal(seen(), 0, 'nothing had been drawn');
  assert.ok(drawn.sample(ID, 400)!.X >= 5);
  room.command('Move', named + 1, { X: 1 });
  assert.ok(drawn.drawn > 0);
  assert.equal(seen(), Math.floor(drawn.drawn * 256), 'what was drawn when the command was made');
  prediction.close();
  drawn.close();
  room.command('Move', named + 2, { X: 1 });
  assert.equal(seen(), 0, 'nothing is drawn any more');
  server.last.push(Kind.Timing, 1, 0, (b) => fb.Timing.createTiming(b, -2, 1));
  assert.equal(room.status, 'joined', 'what only lossy connections need is ignored');
});
