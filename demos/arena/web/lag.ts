import { made } from './hud';

/** What is done to the connection; the same object that the transport reads. */
interface Conditions {
  latency: number;
  jitter: number;
  loss: number;
}

interface Slider {
  label: string;
  most: number;
  step: number;
  text(v: number): string;
  set(v: number): void;
  get(): number;
}

/** Adds sliders to panel that make the connection worse. */
export function buildLagPanel(panel: HTMLElement, conditions: Conditions): void {
  const sliders: Slider[] = [
    { label: 'latency', most: 500, step: 10, text: (v) => `${v} ms`, get: () => conditions.latency, set: (v) => (conditions.latency = v) },
    { label: 'jitter', most: 150, step: 5, text: (v) => `${v} ms`, get: () => conditions.jitter, set: (v) => (conditions.jitter = v) },
    { label: 'loss', most: 20, step: 1, text: (v) => `${v} %`, get: () => conditions.loss * 100, set: (v) => (conditions.loss = v / 100) },
  ];
  panel.append(made('h2', 'A worse network'));
  for (const s of sliders) {
    const row = made('label', s.label);
    const input = document.createElement('input');
    input.type = 'range';
    input.min = '0';
    input.max = String(s.most);
    input.step = String(s.step);
    input.value = String(Math.round(s.get()));
    input.name = s.label;
    const output = made('output', s.text(Math.round(s.get())));
    input.addEventListener('input', () => {
      s.set(Number(input.value));
      output.textContent = s.text(Number(input.value));
    });
    input.addEventListener('change', () => input.blur());
    row.append(input, output);
    panel.append(row);
  }
  panel.append(made('p', 'Latency is added to the round trip. What is lost is sent again, as TCP does, and holds up what follows.', 'hint'));
}
