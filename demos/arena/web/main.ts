import { Client, dialWebSocket, type Room, type Seat, simulateNetwork } from '../../../clients/ts/src/records';
import { Attract } from './attract';
import { Picture } from './draw';
import { FIELD } from './field';
import { type ArenaWorld, Game } from './game';
import { Graph } from './graph';
import { element, Hud, type LinkState } from './hud';
import { Input } from './input';
import { buildLagPanel } from './lag';
import { Meter } from './meter';
import type { Fighter, Scene } from './scene';
import { keptOwner, Shelf } from './shelf';
import { Sound } from './sound';

const NAME = 'parlor.arena.name';
const SEAT = 'parlor.arena.seat'; // of this tab, to come back to it when the page is loaded again
const SAMPLE_MS = 250; // between two points of the network graph
const LATE_MS = 250; // a frame older than this counts as lag

/** A handle for debugging and browser tests: the arena as this page knows it. */
interface Handle {
  room: Room<ArenaWorld>;
  client: Client;
  /** The room's tables by name. */
  state: Room<ArenaWorld>['tables'];
  /** This player's ID. */
  readonly me: number;
  /** Everybody as drawn now. */
  players(): Fighter[];
  stats: { rtt: number; jitter: number; corrections: number; received: number; sent: number; desyncs: number };
}

declare global {
  interface Window {
    __parlor?: Handle;
  }
}

const query = new URLSearchParams(location.search);
const conditions = { latency: Number(query.get('latency') ?? 0), jitter: Number(query.get('jitter') ?? 0), loss: Number(query.get('loss') ?? 0) };
const meter = new Meter();
const kept = keptSeat();
const client = new Client(new URL('/ws', location.href), {
  client: 'arena',
  guestToken: kept?.guest ?? keptOwner()?.guest,
  dial: simulateNetwork(meter.through(dialWebSocket), conditions),
});
const stage = element('stage') as HTMLCanvasElement;
const picture = new Picture(stage);
const hud = new Hud();
const sound = new Sound();
const graph = new Graph(element('graph'));
const attract = new Attract(picture.effects);
new Shelf(client);
const input = new Input(stage, { press, scores: (shown) => hud.wantScores(shown) });

let game: Game | undefined;
let scene: Scene = attract.next(0);
let drawn = performance.now();
let framed = drawn; // when the newest state frame arrived

/** Keys that do something once. */
function press(code: string): void {
  if (code === 'KeyN') graph.toggle();
  if (code === 'KeyL') element('lag').hidden = !element('lag').hidden;
  if (code === 'KeyM') sound.toggle();
  if (/^Digit[1-4]$/.test(code)) game?.say(Number(code.slice(5)) - 1);
}

/** Joins the arena under a name and starts to play. */
async function enter(name: string): Promise<void> {
  const wanted = query.get('room');
  const options = { name, ...(query.has('fighters') ? { fighters: Number(query.get('fighters')) } : {}) };
  play(wanted ? await client.joinByID<ArenaWorld>(wanted, options) : await client.joinOrCreate<ArenaWorld>('arena', options));
}

/** The seat that this tab had before it was loaded anew. */
function keptSeat(): { seat: Seat; guest: string } | undefined {
  const stored = sessionStorage.getItem(SEAT);
  sessionStorage.removeItem(SEAT);
  return stored ? JSON.parse(stored) : undefined;
}

function keepSeat(): void {
  if (game?.room.status === 'joined') sessionStorage.setItem(SEAT, JSON.stringify({ seat: game.room.seat, guest: client.guest }));
}

/** Plays in a room that has been joined. */
function play(room: Room<ArenaWorld>): void {
  game = new Game(room, picture, hud, input, sound);
  room.onFrame(() => (framed = performance.now()));
  room.onLeave((reason) => leave(reason.message));
  window.__parlor = handle(room, game);
  element('door').hidden = true;
  stage.classList.add('playing');
  stage.focus();
  hud.open(room.id);
}

/** Back to the door, with the reason. */
function leave(why: string): void {
  game = undefined;
  hud.close();
  stage.classList.remove('playing');
  element('door').hidden = false;
  element('trouble').textContent = why;
}

function handle(room: Room<ArenaWorld>, playing: Game): Handle {
  return {
    room,
    client,
    state: room.tables,
    get me() {
      return room.player;
    },
    players: () => scene.fighters,
    get stats() {
      const { mean, jitter } = client.roundTrip;
      return { rtt: mean, jitter, corrections: playing.prediction.corrections, received: meter.received, sent: meter.sent, desyncs: room.desyncs };
    },
  };
}

function linkState(room: Room<ArenaWorld>, now: number): LinkState {
  const age = now - framed;
  if (room.status !== 'joined') return { state: 'lost', text: 'reconnecting' };
  if (age > LATE_MS) return { state: 'lag', text: `no news for ${(age / 1000).toFixed(1)} s` };
  const rtt = Math.round(client.roundTrip.mean);
  return { state: rtt > LATE_MS ? 'lag' : 'fine', text: `${rtt} ms` };
}

/** Draws one picture and asks for the next. */
function draw(now: number): void {
  const elapsed = Math.min((now - drawn) / 1000, 0.1);
  drawn = now;
  scene = game ? game.next(now) : attract.next(elapsed);
  look(elapsed);
  picture.draw(scene, elapsed);
  if (game) {
    hud.show(scene, game.room.tables.Round.value, game.left(now), linkState(game.room, now));
    game.showNotice(now);
  }
  requestAnimationFrame(draw);
}

/** Points the camera: at oneself, and a little to where one aims. */
function look(elapsed: number): void {
  const { me, pointer } = scene;
  if (!me) picture.camera.follow(FIELD.width / 2, FIELD.height / 2, elapsed);
  else if (pointer && me.hp > 0) picture.camera.follow(me.x + (pointer[0] - me.x) * 0.18, me.y + (pointer[1] - me.y) * 0.18, elapsed);
  else picture.camera.follow(me.x, me.y, elapsed);
}

let last = { received: 0, sent: 0, corrections: 0, at: performance.now() };
setInterval(() => {
  if (!game) return;
  const now = performance.now();
  const seconds = (now - last.at) / 1000;
  const corrections = game.prediction.corrections;
  graph.add({
    rtt: client.roundTrip.last, jitter: game.room.clock.jitter, age: now - framed,
    down: (meter.received - last.received) / seconds, up: (meter.sent - last.sent) / seconds, corrections: Math.max(0, corrections - last.corrections),
  });
  last = { received: meter.received, sent: meter.sent, corrections, at: now };
}, SAMPLE_MS);

buildLagPanel(element('lag'), conditions);

const form = element('entry') as HTMLFormElement;
const field = element('name') as HTMLInputElement;
field.value = query.get('name') ?? localStorage.getItem(NAME) ?? '';
const button = form.querySelector('button')!;
form.addEventListener('submit', async (e) => {
  e.preventDefault();
  button.disabled = true;
  element('trouble').textContent = '';
  sound.start();
  localStorage.setItem(NAME, field.value.trim());
  try {
    await enter(field.value.trim());
  } catch (error) {
    element('trouble').textContent = error instanceof Error ? error.message : String(error);
  } finally {
    button.disabled = false;
  }
});
requestAnimationFrame(draw);
addEventListener('pagehide', keepSeat);
if (kept && [null, kept.seat.room].includes(query.get('room'))) {
  button.disabled = true;
  client
    .reconnect<ArenaWorld>(kept.seat)
    .then(play, () => undefined) // the seat may be gone: there is the door
    .finally(() => (button.disabled = false));
}
