import { Camera } from './camera';
import { Effects } from './effects';
import { FIELD } from './field';
import { drawFighter, drawLabel } from './fighter';
import { Floor } from './floor';
import { STICK } from './input';
import { fade, INK } from './palette';
import type { Cup, Fighter, Scene, Shot, Stick, Supply } from './scene';
import { trace } from './step';

const AIM_LINE = 11; // metres

/** Picture draws scenes on a canvas, in the size that the page gives it. */
export class Picture {
  readonly camera = new Camera();
  readonly effects = new Effects();
  private readonly ctx: CanvasRenderingContext2D;
  private readonly floor = new Floor();
  private pixels = 1;
  private seconds = 0;
  private confirmed = 9; // seconds since the last hit of one's own
  private killed = false; // that hit was the last one

  constructor(private readonly canvas: HTMLCanvasElement) {
    this.ctx = canvas.getContext('2d', { alpha: false })!;
    this.resize();
    addEventListener('resize', () => this.resize());
  }


  /** One has hit somebody: the crosshair shows it. */
  confirm(kill: boolean): void {
    this.killed = kill || (this.killed && this.confirmed < 0.2);
    this.confirmed = 0;
  }

  draw(scene: Scene, elapsed: number): void {
    this.seconds += elapsed;
    this.confirmed += elapsed;
    this.effects.advance(elapsed);
    const { ctx } = this;
    ctx.setTransform(1, 0, 0, 1, 0, 0);
    ctx.fillStyle = INK.night;
    ctx.fillRect(0, 0, this.canvas.width, this.canvas.height);
    this.camera.apply(ctx, this.pixels);
    this.floor.draw(ctx, this.camera.scale * this.pixels);
    for (const p of scene.pickups) drawSupply(ctx, p, this.seconds);
    for (const t of scene.trophies) drawCup(ctx, t, this.seconds);
    const living = scene.fighters.filter((f) => f.hp > 0);
    if (scene.me && scene.me.hp > 0) drawAim(ctx, scene.me);
    for (const s of scene.shots) drawShot(ctx, s);
    for (const f of living) drawFighter(ctx, f, this.effects, this.seconds);
    this.effects.draw(ctx);
    this.drawOverlay(scene, living);
  }

  /** What is drawn in CSS pixels, above the field. */
  private drawOverlay(scene: Scene, living: Fighter[]): void {
    const { ctx, camera } = this;
    ctx.setTransform(this.pixels, 0, 0, this.pixels, 0, 0);
    for (const f of living) {
      const [x, y] = camera.toScreen(f.x, f.y);
      drawLabel(ctx, f, x, y, camera.scale, this.effects);
    }
    for (const s of scene.sticks) drawStick(ctx, s);
    if (scene.pointer && scene.me) {
      const [x, y] = camera.toScreen(...scene.pointer);
      drawCrosshair(ctx, x, y, this.effects.recoil.get(scene.me.id) ?? 1, this.confirmed, this.killed);
    }
  }

  private resize(): void {
    this.pixels = Math.min(devicePixelRatio || 1, 2.5);
    const { clientWidth, clientHeight } = this.canvas;
    this.canvas.width = Math.round(clientWidth * this.pixels);
    this.canvas.height = Math.round(clientHeight * this.pixels);
    this.camera.resize(clientWidth, clientHeight);
  }
}

function drawAim(ctx: CanvasRenderingContext2D, me: Fighter): void {
  const dx = Math.cos(me.aim) * AIM_LINE;
  const dy = Math.sin(me.aim) * AIM_LINE;
  const free = trace(me.x, me.y, dx, dy);
  const line = ctx.createLinearGradient(me.x, me.y, me.x + dx, me.y + dy);
  line.addColorStop(0.12, fade(INK.me, 0));
  line.addColorStop(0.2, fade(INK.me, 0.26));
  line.addColorStop(1, fade(INK.me, 0));
  ctx.strokeStyle = line;
  ctx.lineWidth = 0.06;
  ctx.beginPath();
  ctx.moveTo(me.x, me.y);
  ctx.lineTo(me.x + dx * free, me.y + dy * free);
  ctx.stroke();
}

function drawShot(ctx: CanvasRenderingContext2D, s: Shot): void {
  const tail = Math.min(Math.max(s.flown - 1.4, 0), 2.4);
  if (tail <= 0) return;
  const dx = Math.cos(s.aim);
  const dy = Math.sin(s.aim);
  const line = ctx.createLinearGradient(s.x, s.y, s.x - dx * tail, s.y - dy * tail);
  line.addColorStop(0, s.mine ? '#fff4d8' : '#ffe1c4');
  line.addColorStop(0.25, fade(s.mine ? '#ffd27a' : '#ff9f6a', 0.75));
  line.addColorStop(1, fade(s.mine ? '#ffd27a' : '#ff7a5c', 0));
  ctx.save();
  ctx.globalCompositeOperation = 'lighter';
  ctx.lineCap = 'round';
  ctx.strokeStyle = line;
  ctx.lineWidth = 0.19;
  ctx.beginPath();
  ctx.moveTo(s.x, s.y);
  ctx.lineTo(s.x - dx * tail, s.y - dy * tail);
  ctx.stroke();
  const light = ctx.createRadialGradient(s.x, s.y, 0, s.x, s.y, 1.1);
  light.addColorStop(0, fade(s.mine ? '#ffd27a' : '#ff9f6a', 0.4));
  light.addColorStop(1, fade(s.mine ? '#ffd27a' : '#ff9f6a', 0));
  ctx.fillStyle = light;
  ctx.fillRect(s.x - 1.1, s.y - 1.1, 2.2, 2.2);
  ctx.restore();
}

function drawSupply(ctx: CanvasRenderingContext2D, p: Supply, seconds: number): void {
  const colour = p.ammo ? INK.ammo : INK.heal;
  ctx.save();
  ctx.translate(p.x, p.y);
  ctx.strokeStyle = fade(colour, p.here ? 0.3 : 0.12);
  ctx.lineWidth = 0.07;
  ctx.setLineDash([0.45, 0.3]);
  ctx.beginPath();
  ctx.arc(0, 0, 0.95, 0, Math.PI * 2);
  ctx.stroke();
  ctx.setLineDash([]);
  if (p.here) {
    const light = ctx.createRadialGradient(0, 0, 0.1, 0, 0, 1.8);
    light.addColorStop(0, fade(colour, 0.22 + 0.06 * Math.sin(seconds * 3 + p.x)));
    light.addColorStop(1, fade(colour, 0));
    ctx.fillStyle = light;
    ctx.fillRect(-1.8, -1.8, 3.6, 3.6);
    ctx.translate(0, Math.sin(seconds * 2.4 + p.x) * 0.07 - 0.05);
    drawBox(ctx, p.ammo, colour);
  }
  ctx.restore();
}

/** A cup that turns and shines. */
function drawCup(ctx: CanvasRenderingContext2D, t: Cup, seconds: number): void {
  const colour = INK.metals[t.metal] ?? INK.metals[0];
  const light = ctx.createRadialGradient(t.x, t.y, 0.1, t.x, t.y, 1.4);
  light.addColorStop(0, fade(colour, 0.3 + 0.1 * Math.sin(seconds * 4 + t.x)));
  light.addColorStop(1, fade(colour, 0));
  ctx.fillStyle = light;
  ctx.fillRect(t.x - 1.4, t.y - 1.4, 2.8, 2.8);
  ctx.save();
  ctx.translate(t.x, t.y + Math.sin(seconds * 2.4 + t.y) * 0.06);
  ctx.scale(0.35 + 0.65 * Math.abs(Math.cos(seconds * 1.7 + t.x)), 1);
  ctx.fillStyle = colour;
  ctx.beginPath();
  ctx.moveTo(-0.34, -0.42);
  ctx.lineTo(0.34, -0.42);
  ctx.quadraticCurveTo(0.3, 0.12, 0.07, 0.16);
  ctx.lineTo(0.07, 0.3);
  ctx.lineTo(0.24, 0.42);
  ctx.lineTo(-0.24, 0.42);
  ctx.lineTo(-0.07, 0.3);
  ctx.lineTo(-0.07, 0.16);
  ctx.quadraticCurveTo(-0.3, 0.12, -0.34, -0.42);
  ctx.fill();
  ctx.strokeStyle = colour;
  ctx.lineWidth = 0.08;
  for (const side of [-1, 1]) {
    ctx.beginPath();
    ctx.arc(side * 0.32, -0.22, 0.15, 0, Math.PI * 2);
    ctx.stroke();
  }
  ctx.restore();
}

function drawBox(ctx: CanvasRenderingContext2D, ammo: boolean, colour: string): void {
  ctx.fillStyle = 'rgba(0, 0, 0, 0.4)';
  ctx.beginPath();
  ctx.roundRect(-0.5, -0.38, 1.06, 1.02, 0.2);
  ctx.fill();
  ctx.fillStyle = '#151b27';
  ctx.strokeStyle = colour;
  ctx.lineWidth = 0.09;
  ctx.beginPath();
  ctx.roundRect(-0.5, -0.5, 1, 1, 0.2);
  ctx.fill();
  ctx.stroke();
  ctx.fillStyle = colour;
  if (!ammo) {
    ctx.fillRect(-0.28, -0.09, 0.56, 0.18);
    ctx.fillRect(-0.09, -0.28, 0.18, 0.56);
    return;
  }
  for (const x of [-0.27, -0.06, 0.15]) {
    ctx.beginPath();
    ctx.roundRect(x, -0.26, 0.12, 0.52, [0.06, 0.06, 0, 0]);
    ctx.fill();
  }
}

function drawStick(ctx: CanvasRenderingContext2D, s: Stick): void {
  ctx.lineWidth = 2;
  ctx.strokeStyle = 'rgba(232, 236, 246, 0.35)';
  ctx.fillStyle = 'rgba(232, 236, 246, 0.4)';
  ctx.beginPath();
  ctx.arc(s.fromX, s.fromY, STICK, 0, Math.PI * 2);
  ctx.stroke();
  ctx.beginPath();
  ctx.arc(s.fromX + s.x * STICK, s.fromY + s.y * STICK, 24, 0, Math.PI * 2);
  ctx.fill();
}

function drawCrosshair(ctx: CanvasRenderingContext2D, x: number, y: number, fired: number, confirmed: number, killed: boolean): void {
  const gap = 6 + Math.max(0, 1 - fired / 0.16) * 5;
  ctx.lineCap = 'round';
  for (const [colour, width] of [['rgba(5, 7, 12, 0.7)', 4], ['#f3f6ff', 2]] as const) {
    ctx.strokeStyle = colour;
    ctx.lineWidth = width;
    ctx.beginPath();
    for (const [dx, dy] of [[1, 0], [-1, 0], [0, 1], [0, -1]]) {
      ctx.moveTo(x + dx * gap, y + dy * gap);
      ctx.lineTo(x + dx * (gap + 7), y + dy * (gap + 7));
    }
    ctx.stroke();
  }
  ctx.fillStyle = '#f3f6ff';
  ctx.beginPath();
  ctx.arc(x, y, 1.6, 0, Math.PI * 2);
  ctx.fill();
  const shown = killed ? 0.45 : 0.22;
  if (confirmed > shown) return;
  const near = 5 + confirmed * 18;
  ctx.globalAlpha = 1 - confirmed / shown;
  ctx.strokeStyle = killed ? INK.hurt : '#ffffff';
  ctx.lineWidth = killed ? 3.5 : 2.5;
  ctx.beginPath();
  for (const [dx, dy] of [[1, 1], [-1, 1], [1, -1], [-1, -1]]) {
    ctx.moveTo(x + dx * near, y + dy * near);
    ctx.lineTo(x + dx * (near + 8), y + dy * (near + 8));
  }
  ctx.stroke();
  ctx.globalAlpha = 1;
}

/** Draws the whole field small; ctx is in CSS pixels, w wide. */
export function drawMap(ctx: CanvasRenderingContext2D, w: number, scene: Scene, walls: readonly (readonly number[])[], colours: (f: Fighter) => string): void {
  const s = w / FIELD.width;
  ctx.clearRect(0, 0, w, FIELD.height * s);
  ctx.fillStyle = 'rgba(170, 188, 228, 0.3)';
  for (const [x, y, ww, wh] of walls) ctx.fillRect(x * s, y * s, Math.max(ww * s, 1.5), Math.max(wh * s, 1.5));
  for (const p of scene.pickups) {
    if (!p.here) continue;
    ctx.fillStyle = fade(p.ammo ? INK.ammo : INK.heal, 0.7);
    ctx.fillRect(p.x * s - 1.2, p.y * s - 1.2, 2.4, 2.4);
  }
  for (const t of scene.trophies) {
    ctx.fillStyle = INK.metals[t.metal] ?? INK.metals[0];
    ctx.fillRect(t.x * s - 1.2, t.y * s - 1.2, 2.4, 2.4);
  }
  for (const f of scene.fighters) {
    if (f.hp === 0) continue;
    ctx.fillStyle = colours(f);
    ctx.beginPath();
    ctx.arc(f.x * s, f.y * s, f.me ? 3.6 : 2.6, 0, Math.PI * 2);
    ctx.fill();
  }
}
