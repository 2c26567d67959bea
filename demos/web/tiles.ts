import { box, fit, font } from './scene';

const NAMES = ['Bakery', 'Harbour', 'Cinema', 'Library', 'Brewery', 'Tailor', 'Lighthouse', 'Tea house'];
const NARROW = 420; // CSS pixels: room for one column only
const FEW = 5;
const EVERY_S = 0.55; // between two transfers
const FLIGHT_S = 0.7;
const PAD = 20;
const GAP = 10;

interface Coin {
  from: number;
  to: number;
  amount: number;
  flown: number; // 0 to 1
}

/** Tiles is the picture on the bank's card: coins that go from account to account. */
export class Tiles {
  private readonly tiles = NAMES.map((name) => ({ name, balance: 1_000_000, glow: 0 }));
  private coins: Coin[] = [];
  private wait = 0;

  constructor(private readonly canvas: HTMLCanvasElement) {}

  draw(elapsed: number): void {
    const { ctx, w, h } = fit(this.canvas);
    const [columns, count] = w < NARROW ? [1, FEW] : [2, NAMES.length];
    this.advance(elapsed, count);
    const lines = Math.ceil(count / columns);
    const tw = (w - 2 * PAD - GAP * (columns - 1)) / columns;
    const th = (h - 2 * PAD - GAP * (lines - 1)) / lines;
    const place = (i: number): [number, number] => [PAD + (i % columns) * (tw + GAP), PAD + Math.floor(i / columns) * (th + GAP)];
    ctx.textBaseline = 'middle';
    this.tiles.slice(0, count).forEach(({ name, balance, glow }, i) => {
      const [x, y] = place(i);
      box(ctx, x, y, tw, th, 9, '#1b2333');
      box(ctx, x, y, tw, th, 9, glow > 0 ? `rgba(110, 231, 135, ${(0.28 * glow).toFixed(3)})` : `rgba(255, 124, 136, ${(-0.28 * glow).toFixed(3)})`);
      ctx.textAlign = 'left';
      ctx.font = font(550, 14);
      ctx.fillStyle = '#b9c2d6';
      ctx.fillText(name, x + 13, y + th / 2 + 1);
      ctx.textAlign = 'right';
      ctx.font = font(700, 14);
      ctx.fillStyle = '#e8ecf6';
      ctx.fillText(balance.toLocaleString('en'), x + tw - 13, y + th / 2 + 1);
    });
    for (const { from, to, flown } of this.coins) {
      const [x, y] = place(from);
      const [toX, toY] = place(to);
      const part = flown * flown * (3 - 2 * flown);
      ctx.fillStyle = '#ffd24a';
      ctx.shadowColor = '#ffd24a';
      ctx.shadowBlur = 10;
      ctx.beginPath();
      ctx.arc(x + tw / 2 + (toX - x) * part, y + th / 2 + (toY - y) * part - 14 * Math.sin(Math.PI * part), 4.5, 0, Math.PI * 2);
      ctx.fill();
      ctx.shadowBlur = 0;
    }
  }

  private advance(elapsed: number, count: number): void {
    this.wait -= elapsed;
    if (this.wait < 0) {
      this.wait = EVERY_S;
      const from = Math.floor(Math.random() * count);
      const to = (from + 1 + Math.floor(Math.random() * (count - 1))) % count;
      const amount = 1 + Math.floor(Math.random() * 400);
      this.tiles[from].balance -= amount;
      this.tiles[from].glow = -1;
      this.coins.push({ from, to, amount, flown: 0 });
    }
    for (const tile of this.tiles) tile.glow -= Math.sign(tile.glow) * Math.min(Math.abs(tile.glow), elapsed / 1.1);
    for (const coin of this.coins) coin.flown = Math.min(coin.flown + elapsed / FLIGHT_S, 1);
    for (const { to, amount, flown } of this.coins) {
      if (flown < 1) continue;
      this.tiles[to].balance += amount;
      this.tiles[to].glow = 1;
    }
    this.coins = this.coins.filter(({ flown }) => flown < 1);
  }
}
