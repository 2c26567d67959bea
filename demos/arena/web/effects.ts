import { fade, INK } from './palette';

interface Spark {
  x: number;
  y: number;
  vx: number;
  vy: number;
  age: number;
  life: number;
  size: number;
  colour: string;
}

interface Glow {
  x: number;
  y: number;
  age: number;
  life: number;
  from: number;
  to: number;
  colour: string;
  ring: boolean;
}

interface Bubble {
  of: number;
  text: string;
  age: number;
}

const MOST_SPARKS = 600; // the oldest go first
const BUBBLE_LIFE = 3;

/** Effects are what flashes up and is gone: sparks, flashes, speech bubbles, recoil. */
export class Effects {
  /** Seconds since a fighter was hit or fired, by its ID. */
  readonly hits = new Map<number, number>();
  readonly recoil = new Map<number, number>();
  private sparks: Spark[] = [];
  private glows: Glow[] = [];
  private bubbles: Bubble[] = [];

  muzzle(id: number, x: number, y: number, aim: number): void {
    const px = x + Math.cos(aim) * 1.45;
    const py = y + Math.sin(aim) * 1.45;
    this.recoil.set(id, 0);
    this.glow(px, py, 0.07, 0.75, 0.25, '#ffe9b8', false);
    this.glow(px, py, 0.12, 2.6, 1.2, '#ff9d3c', false);
    this.spray(px, py, aim, 0.5, 4, 14, INK.bullet, 0.14);
  }

  wallHit(x: number, y: number, aim: number): void {
    this.glow(x, y, 0.12, 0.9, 0.2, '#ffd27a', false);
    this.spray(x, y, aim + Math.PI, 1.1, 7, 9, '#ffd27a', 0.28);
    this.spray(x, y, aim + Math.PI, 1.3, 4, 3, '#8b95ab', 0.5);
  }

  bodyHit(id: number, x: number, y: number, aim: number, colour: string): void {
    this.hits.set(id, 0);
    this.glow(x, y, 0.15, 1.3, 0.3, '#ffffff', false);
    this.spray(x, y, aim + Math.PI, 1.4, 10, 8, colour, 0.4);
  }

  death(x: number, y: number, colour: string): void {
    this.glow(x, y, 0.35, 3.4, 1, colour, false);
    this.glow(x, y, 0.55, 0.6, 4.2, colour, true);
    this.spray(x, y, 0, Math.PI, 34, 11, colour, 0.8);
    this.spray(x, y, 0, Math.PI, 14, 6, '#ffffff', 0.5);
  }

  spawn(x: number, y: number, colour: string): void {
    this.glow(x, y, 0.5, 3.2, 0.9, colour, true);
    this.glow(x, y, 0.3, 1.6, 2.2, colour, false);
  }

  pickup(x: number, y: number, ammo: boolean): void {
    const colour = ammo ? INK.ammo : INK.heal;
    this.glow(x, y, 0.45, 0.5, 2.2, colour, true);
    this.spray(x, y, 0, Math.PI, 12, 4, colour, 0.5);
  }

  say(of: number, text: string): void {
    this.bubbles = this.bubbles.filter((b) => b.of !== of);
    this.bubbles.push({ of, text, age: 0 });
  }

  /** What a fighter says, and how clearly it is still heard, 0 to 1. */
  said(of: number): { text: string; alpha: number } | undefined {
    const b = this.bubbles.find((one) => one.of === of);
    return b && { text: b.text, alpha: Math.min(1, (BUBBLE_LIFE - b.age) * 3, b.age * 12) };
  }

  advance(seconds: number): void {
    for (const times of [this.hits, this.recoil]) {
      for (const [id, age] of times) age > 1 ? times.delete(id) : times.set(id, age + seconds);
    }
    const drag = Math.exp(-seconds * 5);
    for (const s of this.sparks) {
      s.age += seconds;
      s.x += s.vx * seconds;
      s.y += s.vy * seconds;
      s.vx *= drag;
      s.vy *= drag;
    }
    for (const g of this.glows) g.age += seconds;
    for (const b of this.bubbles) b.age += seconds;
    this.sparks = this.sparks.filter((s) => s.age < s.life).slice(-MOST_SPARKS);
    this.glows = this.glows.filter((g) => g.age < g.life);
    this.bubbles = this.bubbles.filter((b) => b.age < BUBBLE_LIFE);
  }

  draw(ctx: CanvasRenderingContext2D): void {
    ctx.save();
    ctx.globalCompositeOperation = 'lighter';
    for (const g of this.glows) drawGlow(ctx, g);
    ctx.lineCap = 'round';
    for (const s of this.sparks) {
      const left = 1 - s.age / s.life;
      ctx.strokeStyle = s.colour;
      ctx.globalAlpha = left;
      ctx.lineWidth = s.size * left;
      ctx.beginPath();
      ctx.moveTo(s.x, s.y);
      ctx.lineTo(s.x - s.vx * 0.025, s.y - s.vy * 0.025);
      ctx.stroke();
    }
    ctx.restore();
  }

  private glow(x: number, y: number, life: number, from: number, to: number, colour: string, ring: boolean): void {
    this.glows.push({ x, y, age: 0, life, from, to, colour, ring });
  }

  private spray(x: number, y: number, aim: number, spread: number, count: number, speed: number, colour: string, life: number): void {
    for (let i = 0; i < count; i++) {
      const way = aim + (Math.random() * 2 - 1) * spread;
      const v = speed * (0.35 + Math.random());
      this.sparks.push({
        x, y, vx: Math.cos(way) * v, vy: Math.sin(way) * v,
        age: 0, life: life * (0.5 + Math.random()), size: 0.07 + Math.random() * 0.09, colour,
      });
    }
  }
}

function drawGlow(ctx: CanvasRenderingContext2D, g: Glow): void {
  const part = g.age / g.life;
  const radius = g.from + (g.to - g.from) * (1 - (1 - part) * (1 - part));
  if (g.ring) {
    ctx.strokeStyle = fade(g.colour, 0.8 * (1 - part));
    ctx.lineWidth = 0.16 * (1 - part) + 0.02;
    ctx.beginPath();
    ctx.arc(g.x, g.y, radius, 0, Math.PI * 2);
    ctx.stroke();
    return;
  }
  const light = ctx.createRadialGradient(g.x, g.y, 0, g.x, g.y, radius);
  light.addColorStop(0, fade(g.colour, 0.7 * (1 - part)));
  light.addColorStop(1, fade(g.colour, 0));
  ctx.fillStyle = light;
  ctx.fillRect(g.x - radius, g.y - radius, radius * 2, radius * 2);
}
