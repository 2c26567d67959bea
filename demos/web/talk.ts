import { box, fit, font } from './scene';

const SAID = [
  { by: 'Ada', color: '#5ce1c6', text: 'The train is late again' },
  { by: 'Bob', color: '#8fb4ff', text: 'Then we begin without you' },
  { by: 'Ada', color: '#5ce1c6', text: 'I write from the tunnel, it will come' },
  { by: 'Mara', color: '#ffb454', text: 'It came, all of it' },
  { by: 'Bob', color: '#8fb4ff', text: 'In the right order, too' },
];
const EVERY_S = 1.9;
const ROW = 50;
const PAD = 22;

/** Talk is the picture on the chat's card: messages that come in. */
export class Talk {
  private time = EVERY_S * 6;

  constructor(private readonly canvas: HTMLCanvasElement) {}

  draw(elapsed: number): void {
    const { ctx, h } = fit(this.canvas);
    this.time += elapsed;
    const newest = Math.floor(this.time / EVERY_S);
    const age = this.time / EVERY_S - newest;
    const rise = 1 - Math.min(age * 5, 1);
    ctx.textBaseline = 'middle';
    ctx.textAlign = 'left';
    for (let i = 0; i < 6; i++) {
      const { by, color, text } = SAID[(newest - i) % SAID.length];
      const y = h - PAD - 34 - ROW * (i + 1 - rise) + 8;
      ctx.globalAlpha = i === 0 ? 1 - rise : Math.max(0.25, 1 - 0.14 * i);
      box(ctx, PAD, y, 34, 34, 17, color);
      ctx.fillStyle = '#0b0e15';
      ctx.font = font(760, 13);
      ctx.fillText(by[0], PAD + 12.5, y + 18);
      ctx.fillStyle = color;
      ctx.fillText(by, PAD + 46, y + 8);
      ctx.fillStyle = '#e8ecf6';
      ctx.font = font(450, 14);
      ctx.fillText(text, PAD + 46, y + 27);
    }
    ctx.globalAlpha = age > 0.45 ? 1 : 0;
    const next = SAID[(newest + 1) % SAID.length].by;
    ctx.fillStyle = '#8b95ab';
    ctx.font = font(500, 12.5);
    ctx.fillText(`${next} is typing${'.'.repeat(1 + (Math.floor(this.time * 3) % 3))}`, PAD + 46, h - PAD - 2);
    ctx.globalAlpha = 1;
  }
}
