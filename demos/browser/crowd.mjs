/** Runs in the page: fills the board with shapes of all kinds. */
export async function crowd(n) {
  const { board } = window.__board;
  const kinds = ['rect', 'ellipse', 'note', 'pen', 'text', 'arrow'];
  const colors = ['ink', 'red', 'orange', 'green', 'blue', 'violet', 'teal', 'pink'];
  const shape = (i) => {
    const kind = kinds[i % 6];
    const h = { arrow: 0, text: 27.5 }[kind] ?? 80;
    const points = Array.from({ length: 60 }, (_, k) => [Math.round((k / 59) * 10_000), Math.round(5000 + 4900 * Math.sin(k / 4 + i))]).flat();
    return {
      id: `crowd-${i}`, kind, geo: { x: (i % 50) * 130, y: Math.floor(i / 50) * 110, w: 100, h, r: kind === 'arrow' ? (i % 7) / 3 : 0 },
      style: { color: colors[i % 8], size: 's' }, props: kind === 'pen' ? { points } : {}, text: kind === 'arrow' || kind === 'pen' ? '' : `Shape ${i}`,
    };
  };
  for (let i = 0; i < n; i += 100) await board.edit(Array.from({ length: 100 }, (_, k) => ({ add: shape(i + k) })));
}

/** Runs in the page: moves the paper, or a shape, for 90 frames, and tells how long they took. */
export async function measure({ how, zoom }) {
  const { board, desk } = window.__board;
  const frame = () => new Promise(requestAnimationFrame);
  desk.camera.zoomAt({ x: 0, y: 0 }, zoom);
  desk.camera.pan(desk.camera.x * zoom, desk.camera.y * zoom);
  for (let i = 0; i < 60; i++) await frame();
  const gesture = board.newGesture();
  const { geo } = board.shapes.get('crowd-204');
  const gaps = [];
  desk.frames.length = 0;
  for (let i = 0, last = await frame(); i < 90; i++) {
    if (how === 'pan') desk.camera.pan(-9, -5);
    else board.drag(gesture, [{ id: 'crowd-204', ...geo, x: geo.x + i * 3, y: geo.y + i }]);
    const now = await frame();
    gaps.push(now - last);
    last = now;
  }
  if (how === 'drag') board.endDrag(gesture);
  const sorted = (all) => [...all].sort((a, b) => a - b);
  const parts = (all) => Object.fromEntries([50, 95].map((p) => [`p${p}`, Math.round(sorted(all)[Math.floor((all.length * p) / 100)] * 10) / 10]));
  return { frames: desk.frames.length, work: parts(desk.frames), gap: parts(gaps) };
}
