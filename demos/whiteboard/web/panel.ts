import * as actions from './actions';
import type { Desk } from './desk';
import { element, iconButton } from './dom';
import { COLORS, toneOf } from './palette';
import type { Style } from './shape';
import { styleFor } from './tools/box';

const CHOICES: { key: 'fill' | 'dash' | 'size'; title: string; values: [value: string, label: string][] }[] = [
  { key: 'fill', title: 'Filling', values: [['none', 'None'], ['soft', 'Light'], ['solid', 'Full']] },
  { key: 'dash', title: 'Line', values: [['solid', 'Solid'], ['dashed', 'Dashed']] },
  { key: 'size', title: 'Size', values: [['s', 'S'], ['m', 'M'], ['l', 'L'], ['xl', 'XL']] },
];

/** How shapes look, and what can be done to those that are chosen. */
export class Panel {
  private readonly swatches: HTMLButtonElement[] = [];
  private readonly choices: { key: 'fill' | 'dash' | 'size'; row: HTMLElement; buttons: Map<string, HTMLButtonElement> }[] = [];
  private readonly acts = new Map<string, HTMLButtonElement>();

  constructor(private readonly desk: Desk) {
    for (const color of COLORS) {
      const button = document.createElement('button');
      button.type = 'button';
      button.className = 'swatch';
      button.dataset.color = color;
      button.title = color[0].toUpperCase() + color.slice(1);
      button.setAttribute('aria-label', button.title);
      button.addEventListener('click', () => actions.restyle(desk, { color }));
      this.swatches.push(button);
    }
    element('colors').append(...this.swatches);
    for (const choice of CHOICES) this.addChoice(choice);
    this.addActs();
    desk.watch(() => this.draw());
    element('show-panel').addEventListener('click', () => element('panel').classList.toggle('open'));
    this.draw();
  }

  private addChoice({ key, title, values }: (typeof CHOICES)[number]): void {
    const row = document.createElement('div');
    row.className = `choice ${key}`;
    row.setAttribute('role', 'group');
    row.setAttribute('aria-label', title);
    const buttons = new Map<string, HTMLButtonElement>();
    for (const [value, label] of values) {
      const button = document.createElement('button');
      button.type = 'button';
      button.dataset[key] = value;
      button.title = `${title}: ${label}`;
      if (key === 'size') button.textContent = label;
      else {
        button.setAttribute('aria-label', label);
        button.append(document.createElement('i'));
      }
      button.addEventListener('click', () => actions.restyle(this.desk, { [key]: value } as Style));
      buttons.set(value, button);
      row.append(button);
    }
    this.choices.push({ key, row, buttons });
    element('choices').append(row);
  }

  private addActs(): void {
    const { desk } = this;
    const add = (name: string, title: string, key: string, on: () => void) => {
      const button = iconButton(name, title, on, key);
      button.dataset.act = name;
      this.acts.set(name, button);
      element('acts').append(button);
    };
    add('front', 'To the front', ']', () => actions.order(desk, 'front'));
    add('back', 'To the back', '[', () => actions.order(desk, 'back'));
    add('copy', 'Duplicate', 'Ctrl D', () => actions.duplicate(desk));
    add('group', 'Group', 'Ctrl G', () => actions.group(desk));
    add('ungroup', 'Ungroup', 'Ctrl Shift G', () => actions.ungroup(desk));
    add('lock', 'Lock', 'Ctrl Shift L', () => actions.toggleLock(desk));
    add('trash', 'Delete', 'Del', () => actions.removeChosen(desk));
  }

  private draw(): void {
    const { desk } = this;
    const { theme } = desk.painter;
    const items = desk.selection.solid;
    const tool = desk.tool?.name ?? 'select';
    const drawn = ['pen', 'rect', 'ellipse', 'arrow', 'text', 'note'].includes(tool) ? [tool] : [];
    const kinds = items.length > 0 ? [...new Set(items.map((i) => i.shape.kind))] : drawn;
    const panel = element('panel');
    panel.hidden = !desk.canEdit || kinds.length === 0;
    if (panel.hidden) return;
    const shown = new Set(kinds.flatMap((kind) => Object.keys(styleFor(kind, { color: 'red', size: 'm', fill: 'none', dash: 'solid' }))));
    const styles = items.length > 0 ? items.filter((i) => Object.keys(styleFor(i.shape.kind, {})).length > 0).map((i) => i.shape.style) : [desk.style];
    const common = (key: keyof Style) => (styles.every((s) => s[key] === styles[0]?.[key]) ? styles[0]?.[key] : undefined);
    const color = common('color');
    element('colors').hidden = !shown.has('color');
    for (const button of this.swatches) {
      const tone = toneOf({ color: button.dataset.color }, theme);
      button.style.setProperty('--tone', kinds.length === 1 && kinds[0] === 'note' ? tone.note : tone.line);
      button.setAttribute('aria-pressed', String(button.dataset.color === color));
    }
    for (const { key, row, buttons } of this.choices) {
      row.hidden = !shown.has(key);
      const value = common(key);
      for (const [name, button] of buttons) button.setAttribute('aria-pressed', String(name === value));
    }
    element('choices').hidden = !this.choices.some((c) => !c.row.hidden);
    element('acts').hidden = items.length === 0;
    this.acts.get('group')!.hidden = desk.selection.size < 2;
    this.acts.get('ungroup')!.hidden = !actions.hasGroup(desk);
    const locked = items.length > 0 && items.every((i) => i.shape.locked);
    this.acts.get('lock')!.setAttribute('aria-pressed', String(locked));
    this.acts.get('trash')!.disabled = locked;
    const dot = element('show-panel');
    dot.style.setProperty('--tone', toneOf({ color: (color as string) ?? 'grey' }, theme).line);
  }
}
