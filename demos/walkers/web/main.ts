import { Client, Interpolation, type Room } from '../../../clients/ts/src';
import { type Dot, drawDots } from './dots';

const SIDE = 1000; // metres of the square, as in rules.go
const NEAR = 500; // walkers that moved further between two frames have wrapped

interface Walker {
  X: number;
  Y: number;
  VX: number;
  VY: number;
  HP: number;
  Score: number;
  Name: string;
}

interface WalkersWorld {
  tables: { Players: Walker };
  inputs: { Walk: { DX: number; DY: number } };
}

const canvas = document.getElementById('field') as HTMLCanvasElement;
const status = document.getElementById('status')!;
const keys = new Set<string>();
addEventListener('keydown', (e) => keys.add(e.code));
addEventListener('keyup', (e) => keys.delete(e.code));
addEventListener('blur', () => keys.clear());

function axis(...codes: string[]): number {
  return codes.some((c) => keys.has(c)) ? 1 : 0;
}

function walk(): { DX: number; DY: number } {
  return {
    DX: axis('ArrowRight', 'KeyD') - axis('ArrowLeft', 'KeyA'),
    DY: axis('ArrowDown', 'KeyS') - axis('ArrowUp', 'KeyW'),
  };
}

/** Everybody as drawn now; one who wraps jumps instead of crossing the square. */
function dots(room: Room<WalkersWorld>, drawn: Interpolation<Walker>, w: number, h: number, now: number): Dot[] {
  const list: Dot[] = [];
  for (const [id, row] of drawn.rows(now)) {
    const newest = room.tables.Players.get(id);
    const wrapped = newest && (Math.abs(newest.X - row.X) > NEAR || Math.abs(newest.Y - row.Y) > NEAR);
    const at = wrapped ? newest : row;
    list.push({ id, x: (at.X / SIDE) * w, y: (at.Y / SIDE) * h, vx: row.VX, vy: row.VY, me: id === room.player });
  }
  return list;
}

function start(client: Client, room: Room<WalkersWorld>): void {
  const drawn = new Interpolation<Walker>(room as never, room.tables.Players);
  const ctx = canvas.getContext('2d')!;
  const draw = (now: number) => {
    if (room.status === 'joined') for (const tick of room.pacer.due(now)) room.command('Walk', tick, walk());
    const pixels = Math.min(devicePixelRatio || 1, 2);
    const [w, h] = [canvas.clientWidth, canvas.clientHeight];
    if (canvas.width !== Math.round(w * pixels) || canvas.height !== Math.round(h * pixels)) {
      canvas.width = Math.round(w * pixels);
      canvas.height = Math.round(h * pixels);
    }
    ctx.setTransform(pixels, 0, 0, pixels, 0, 0);
    drawDots(ctx, w, h, dots(room, drawn, w, h, now));
    const score = room.tables.Players.get(room.player)?.Score ?? 0;
    const n = room.tables.Players.size;
    status.textContent = room.status === 'joined' ? `${n} walker${n === 1 ? '' : 's'}, your score is ${score}, ${client.roundTrip.mean.toFixed(0)} ms` : room.status;
    requestAnimationFrame(draw);
  };
  requestAnimationFrame(draw);
}

const client = new Client(new URL('/ws', location.href), { client: 'walkers' });
const wanted = new URLSearchParams(location.search).get('room');
try {
  start(client, wanted ? await client.joinByID<WalkersWorld>(wanted) : await client.joinOrCreate<WalkersWorld>('walkers'));
} catch (error) {
  status.textContent = error instanceof Error ? error.message : String(error);
}
