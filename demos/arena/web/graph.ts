import { made } from './hud';

/** One measurement of the network, taken several times a second. */
export interface Sample {
  rtt: number; // ms
  jitter: number; // ms
  age: number; // ms since the newest frame arrived
  down: number; // bytes a second
  up: number;
  corrections: number; // since the last sample
}

interface Line {
  title: string;
  colour: string;
  least: number; // the top of the scale is at least this
  value(s: Sample): number;
  text(s: Sample): string;
}

const KEPT = 120; // samples
const LINES: Line[] = [
  { title: 'round trip', colour: '#5ce1c6', least: 60, value: (s) => s.rtt, text: (s) => `${s.rtt.toFixed(0)} ms` },
  { title: 'jitter', colour: '#6aa8ff', least: 20, value: (s) => s.jitter, text: (s) => `${s.jitter.toFixed(1)} ms` },
  { title: 'frame age', colour: '#b78bff', least: 100, value: (s) => s.age, text: (s) => `${s.age.toFixed(0)} ms` },
  { title: 'received', colour: '#ffc861', least: 2000, value: (s) => s.down, text: (s) => rate(s.down) },
  { title: 'sent', colour: '#ff9f6a', least: 1000, value: (s) => s.up, text: (s) => rate(s.up) },
  { title: 'corrections', colour: '#ff5d6c', least: 3, value: (s) => s.corrections, text: (s) => String(s.corrections) },
];

/** Graph shows the last half minute of the connection. */
export class Graph {
  private readonly samples: Sample[] = [];
  private readonly rows: { line: Line; number: HTMLElement; ctx: CanvasRenderingContext2D }[] = [];

  constructor(private readonly panel: HTMLElement) {
    panel.append(made('h2', 'Network'));
    for (const line of LINES) {
      const row = made('div', '', 'line');
      const label = made('div', line.title);
      const number = made('b', '–');
      const canvas = document.createElement('canvas');
      canvas.width = 340;
      canvas.height = 60;
      label.append(number);
      row.append(label, canvas);
      panel.append(row);
      this.rows.push({ line, number, ctx: canvas.getContext('2d')! });
    }
  }

  toggle(): void {
    this.panel.hidden = !this.panel.hidden;
    this.draw();
  }

  add(sample: Sample): void {
    this.samples.push(sample);
    if (this.samples.length > KEPT) this.samples.shift();
    this.draw();
  }

  private draw(): void {
    const last = this.samples[this.samples.length - 1];
    if (this.panel.hidden || !last) return;
    for (const { line, number, ctx } of this.rows) {
      number.textContent = line.text(last);
      plot(ctx, this.samples.map(line.value), line.least, line.colour);
    }
  }
}

function plot(ctx: CanvasRenderingContext2D, values: number[], least: number, colour: string): void {
  const { width: w, height: h } = ctx.canvas;
  const most = Math.max(least, ...values) * 1.1;
  ctx.clearRect(0, 0, w, h);
  ctx.fillStyle = 'rgba(170, 190, 235, 0.05)';
  ctx.fillRect(0, 0, w, h);
  const path = new Path2D();
  const from = KEPT - values.length;
  values.forEach((v, i) => path.lineTo(((from + i) / (KEPT - 1)) * w, h - 2 - (v / most) * (h - 6)));
  ctx.strokeStyle = colour;
  ctx.lineWidth = 3;
  ctx.lineJoin = 'round';
  ctx.stroke(path);
  path.lineTo(w, h);
  path.lineTo((from / (KEPT - 1)) * w, h);
  ctx.globalAlpha = 0.14;
  ctx.fillStyle = colour;
  ctx.fill(path);
  ctx.globalAlpha = 1;
}

function rate(bytes: number): string {
  return bytes < 1000 ? `${bytes.toFixed(0)} B/s` : `${(bytes / 1000).toFixed(1)} kB/s`;
}
