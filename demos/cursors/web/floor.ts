/** A cursor as the floor sees it, in CSS pixels. */
export interface Light {
  x: number;
  y: number;
  color: string;
}

interface Ring extends Light {
  born: number;
}

const GAP = 32; // CSS pixels between two dots
const REACH = 150; // of a light
const RING_MS = 900;

/** The floor: dots that light up around cursors, and rings where somebody clicked. */
export class Floor {
  private rings: Ring[] = [];
  private readonly ctx: CanvasRenderingContext2D;

  constructor(private readonly canvas: HTMLCanvasElement) {
    this.ctx = canvas.getContext('2d')!;
  }

  ring(x: number, y: number, color: string): void {
    this.rings.push({ x, y, color, born: performance.now() });
  }

  /** Draws all of it; tells whether anything goes on by itself. */
  draw(lights: readonly Light[], now: number): boolean {
    const { ctx } = this;
    const [w, h] = this.fit();
    ctx.fillStyle = 'rgba(170, 190, 235, 0.14)';
    for (let y = GAP / 2; y < h; y += GAP) for (let x = GAP / 2; x < w; x += GAP) ctx.fillRect(x - 1, y - 1, 2, 2);
    for (const light of lights) this.light(light);
    this.rings = this.rings.filter(({ born }) => now - born < RING_MS);
    for (const ring of this.rings) this.drawRing(ring, (now - ring.born) / RING_MS);
    ctx.globalAlpha = 1;
    return this.rings.length > 0;
  }

  /** Draws the dots that a light reaches. */
  private light({ x, y, color }: Light): void {
    const { ctx } = this;
    ctx.fillStyle = color;
    const first = (v: number) => Math.max(0, Math.floor((v - REACH) / GAP)) * GAP + GAP / 2;
    for (let dy = first(y); dy < y + REACH; dy += GAP) {
      for (let dx = first(x); dx < x + REACH; dx += GAP) {
        const near = 1 - Math.hypot(dx - x, dy - y) / REACH;
        if (near <= 0) continue;
        ctx.globalAlpha = near * 0.9;
        ctx.beginPath();
        ctx.arc(dx, dy, 1 + 2.6 * near * near, 0, Math.PI * 2);
        ctx.fill();
      }
    }
    ctx.globalAlpha = 1;
  }

  private drawRing({ x, y, color }: Ring, age: number): void {
    const { ctx } = this;
    const eased = 1 - (1 - age) ** 3;
    ctx.strokeStyle = color;
    ctx.globalAlpha = 1 - age;
    ctx.lineWidth = 3 * (1 - age) + 0.5;
    ctx.beginPath();
    ctx.arc(x, y, 8 + 70 * eased, 0, Math.PI * 2);
    ctx.stroke();
  }

  /** Fits the canvas to its place on the page, and clears it. */
  private fit(): [number, number] {
    const { canvas, ctx } = this;
    const pixels = Math.min(devicePixelRatio || 1, 2);
    const [w, h] = [canvas.clientWidth, canvas.clientHeight];
    if (canvas.width !== Math.round(w * pixels) || canvas.height !== Math.round(h * pixels)) {
      canvas.width = Math.round(w * pixels);
      canvas.height = Math.round(h * pixels);
    }
    ctx.setTransform(pixels, 0, 0, pixels, 0, 0);
    ctx.clearRect(0, 0, w, h);
    return [w, h];
  }
}
