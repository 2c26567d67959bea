import type { Effects } from './effects';
import { FIELD } from './field';
import { colourOf, fade, INK } from './palette';
import type { Fighter } from './scene';

const R = FIELD.radius;

/** Draws one living fighter: people are round, drones have six corners. */
export function drawFighter(ctx: CanvasRenderingContext2D, f: Fighter, effects: Effects, seconds: number): void {
  const colour = colourOf(f.id, f.drone, f.me);
  const hit = effects.hits.get(f.id) ?? 1;
  const kick = Math.max(0, 1 - (effects.recoil.get(f.id) ?? 1) / 0.12);
  ctx.save();
  ctx.translate(f.x, f.y);
  ctx.globalAlpha = f.away ? 0.35 : 1;
  drawShadow(ctx);
  if (f.me) drawHalo(ctx, colour);
  ctx.rotate(f.aim);
  drawGun(ctx, colour, kick * 0.22);
  drawBody(ctx, f.drone, colour);
  if (hit < 0.14) {
    ctx.fillStyle = `rgba(255, 255, 255, ${0.85 * (1 - hit / 0.14)})`;
    outline(ctx, f.drone, R * 0.94);
    ctx.fill();
  }
  ctx.rotate(-f.aim);
  if (f.safe) drawShield(ctx, colour, seconds);
  ctx.restore();
}

function drawShadow(ctx: CanvasRenderingContext2D): void {
  const dark = ctx.createRadialGradient(0.1, 0.22, R * 0.5, 0.1, 0.22, R * 1.35);
  dark.addColorStop(0, 'rgba(0, 0, 0, 0.55)');
  dark.addColorStop(1, 'rgba(0, 0, 0, 0)');
  ctx.fillStyle = dark;
  ctx.fillRect(-1.4, -1.3, 2.9, 2.9);
}

function drawHalo(ctx: CanvasRenderingContext2D, colour: string): void {
  const light = ctx.createRadialGradient(0, 0, R, 0, 0, R * 3.4);
  light.addColorStop(0, fade(colour, 0.2));
  light.addColorStop(1, fade(colour, 0));
  ctx.fillStyle = light;
  ctx.fillRect(-R * 3.4, -R * 3.4, R * 6.8, R * 6.8);
}

function drawGun(ctx: CanvasRenderingContext2D, colour: string, kick: number): void {
  ctx.fillStyle = '#0b0e15';
  ctx.beginPath();
  ctx.roundRect(0.3 - kick, -0.25, 1.14, 0.5, 0.1);
  ctx.fill();
  ctx.fillStyle = '#525d73';
  ctx.beginPath();
  ctx.roundRect(0.4 - kick, -0.16, 0.96, 0.32, 0.06);
  ctx.fill();
  ctx.fillStyle = fade(colour, 0.9);
  ctx.fillRect(1.16 - kick, -0.16, 0.1, 0.32);
}

function drawBody(ctx: CanvasRenderingContext2D, drone: boolean, colour: string): void {
  ctx.fillStyle = '#0b0e15';
  outline(ctx, drone, R);
  ctx.fill();
  const skin = ctx.createRadialGradient(-0.1, 0, 0.05, 0, 0, R);
  skin.addColorStop(0, shade(colour, 1.12));
  skin.addColorStop(0.75, colour);
  skin.addColorStop(1, shade(colour, 0.72));
  ctx.fillStyle = skin;
  outline(ctx, drone, R * 0.88);
  ctx.fill();
  ctx.fillStyle = 'rgba(9, 12, 18, 0.82)';
  outline(ctx, drone, R * 0.5);
  ctx.fill();
  ctx.fillStyle = drone ? '#ff6b57' : shade(colour, 1.3);
  ctx.beginPath();
  ctx.roundRect(0.08, -0.2, 0.16, 0.4, 0.07);
  ctx.fill();
}

function drawShield(ctx: CanvasRenderingContext2D, colour: string, seconds: number): void {
  ctx.strokeStyle = fade(colour, 0.55 + 0.3 * Math.sin(seconds * 9));
  ctx.lineWidth = 0.09;
  ctx.setLineDash([0.5, 0.32]);
  ctx.lineDashOffset = -seconds * 2.4;
  ctx.beginPath();
  ctx.arc(0, 0, R * 1.5, 0, Math.PI * 2);
  ctx.stroke();
  ctx.setLineDash([]);
}

function outline(ctx: CanvasRenderingContext2D, drone: boolean, r: number): void {
  ctx.beginPath();
  if (!drone) {
    ctx.arc(0, 0, r, 0, Math.PI * 2);
    return;
  }
  for (let i = 0; i < 6; i++) ctx.lineTo(Math.cos((i * Math.PI) / 3) * r * 1.06, Math.sin((i * Math.PI) / 3) * r * 1.06);
  ctx.closePath();
}

/** Draws name, health and speech above a fighter; ctx is in CSS pixels, (x, y) its middle. */
export function drawLabel(ctx: CanvasRenderingContext2D, f: Fighter, x: number, y: number, scale: number, effects: Effects): void {
  const top = y - R * scale - 13;
  const said = effects.said(f.id);
  ctx.textAlign = 'center';
  ctx.textBaseline = 'alphabetic';
  ctx.globalAlpha = f.away ? 0.45 : 1;
  if (f.hp < FIELD.health && f.hp > 0) drawHealth(ctx, x, top + 4, f.hp / FIELD.health);
  if (!f.me) {
    const label = f.away ? `${f.name} · away` : f.name;
    ctx.font = '600 12px system-ui, sans-serif';
    ctx.lineWidth = 3;
    ctx.lineJoin = 'round';
    ctx.strokeStyle = 'rgba(8, 10, 16, 0.75)';
    ctx.strokeText(label, x, top - 3);
    ctx.fillStyle = f.drone ? INK.faint : INK.text;
    ctx.fillText(label, x, top - 3);
  }
  if (said) drawBubble(ctx, said.text, x, top - 20, said.alpha);
  ctx.globalAlpha = 1;
}

function drawHealth(ctx: CanvasRenderingContext2D, x: number, y: number, part: number): void {
  const w = 42;
  ctx.fillStyle = 'rgba(8, 10, 16, 0.8)';
  ctx.beginPath();
  ctx.roundRect(x - w / 2 - 1, y - 1, w + 2, 6, 3);
  ctx.fill();
  ctx.fillStyle = part > 0.6 ? INK.heal : part > 0.3 ? INK.ammo : INK.hurt;
  ctx.beginPath();
  ctx.roundRect(x - w / 2, y, w * part, 4, 2);
  ctx.fill();
}

function drawBubble(ctx: CanvasRenderingContext2D, text: string, x: number, y: number, alpha: number): void {
  ctx.save();
  ctx.globalAlpha = Math.max(alpha, 0);
  ctx.font = '600 13px system-ui, sans-serif';
  const w = ctx.measureText(text).width + 20;
  ctx.fillStyle = '#f4f6fb';
  ctx.beginPath();
  ctx.roundRect(x - w / 2, y - 25, w, 25, 9);
  ctx.moveTo(x - 5, y - 1);
  ctx.lineTo(x, y + 6);
  ctx.lineTo(x + 5, y - 1);
  ctx.fill();
  ctx.fillStyle = '#10141d';
  ctx.fillText(text, x, y - 8);
  ctx.restore();
}

function shade(colour: string, factor: number): string {
  const n = parseInt(colour.slice(1), 16);
  const part = (v: number) => Math.min(255, Math.round(v * factor));
  return `rgb(${part(n >> 16)}, ${part((n >> 8) & 255)}, ${part(n & 255)})`;
}
