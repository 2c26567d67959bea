/** Fits a card's canvas to its size on the page, and clears it. Returns its context, in CSS pixels, with the size. */
export function fit(canvas: HTMLCanvasElement): { ctx: CanvasRenderingContext2D; w: number; h: number } {
  const ctx = canvas.getContext('2d')!;
  const pixels = Math.min(devicePixelRatio || 1, 2);
  const [w, h] = [canvas.clientWidth, canvas.clientHeight];
  if (canvas.width !== Math.round(w * pixels) || canvas.height !== Math.round(h * pixels)) {
    canvas.width = Math.round(w * pixels);
    canvas.height = Math.round(h * pixels);
  }
  ctx.setTransform(pixels, 0, 0, pixels, 0, 0);
  ctx.clearRect(0, 0, w, h);
  return { ctx, w, h };
}

/** The page's font in a weight and size, for canvases. */
export function font(weight: number, size: number): string {
  return `${weight} ${size}px system-ui, -apple-system, "Segoe UI", Roboto, "Liberation Sans", sans-serif`;
}

/** A rounded box in a colour. */
export function box(ctx: CanvasRenderingContext2D, x: number, y: number, w: number, h: number, r: number, colour: string): void {
  ctx.fillStyle = colour;
  ctx.beginPath();
  ctx.roundRect(x, y, w, h, r);
  ctx.fill();
}
