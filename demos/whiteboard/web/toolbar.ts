import type { Desk } from './desk';
import { element, iconButton } from './dom';
import { BoxTool } from './tools/box';
import { EraserTool, HandTool, LaserTool, PenTool } from './tools/draw';
import { SelectTool } from './tools/select';
import type { Tool, ToolName } from './tools/tool';

const BUTTONS: [name: ToolName | 'image', title: string, key: string][] = [
  ['select', 'Select', 'V'],
  ['hand', 'Move the paper', 'H'],
  ['pen', 'Pen', 'P'],
  ['rect', 'Rectangle', 'R'],
  ['ellipse', 'Ellipse', 'O'],
  ['arrow', 'Arrow', 'A'],
  ['text', 'Text', 'T'],
  ['note', 'Sticky note', 'N'],
  ['image', 'Image', 'I'],
  ['frame', 'Frame', 'F'],
  ['eraser', 'Eraser', 'E'],
  ['laser', 'Laser pointer', 'K'],
];

/** The tools, and the buttons that choose one. */
export class Toolbar {
  private readonly tools = new Map<ToolName, Tool>();
  private readonly buttons = new Map<string, HTMLButtonElement>();

  constructor(
    private readonly desk: Desk,
    onImage: () => void,
  ) {
    const done = () => this.use('select');
    const boxes = (['rect', 'ellipse', 'arrow', 'text', 'note', 'frame'] as const).map((kind) => new BoxTool(kind, done));
    for (const tool of [new SelectTool(), new HandTool(), new PenTool(), new EraserTool(), new LaserTool(), ...boxes]) this.tools.set(tool.name, tool);
    for (const [name, title, key] of BUTTONS) {
      const button = iconButton(name, title, name === 'image' ? onImage : () => this.use(name), key);
      button.dataset.tool = name;
      this.buttons.set(name, button);
      element('tools').append(button);
    }
    this.use('select');
  }

  use(name: ToolName): void {
    const { desk } = this;
    if (!desk.canEdit && !['select', 'hand', 'laser'].includes(name)) return;
    desk.tool = this.tools.get(name)!;
    desk.overlay.hover = undefined;
    desk.stage.style.cursor = name === 'select' ? 'default' : desk.tool.cursor(desk, NOWHERE);
    for (const [key, button] of this.buttons) button.setAttribute('aria-pressed', String(key === name));
    if (name !== 'select') desk.selection.clear();
    desk.people?.show({ Tool: name });
    desk.changed();
  }
}

const NOWHERE = { screen: { x: -1e6, y: -1e6 }, plane: { x: -1e6, y: -1e6 }, shift: false, alt: false, pointer: 'mouse' };
