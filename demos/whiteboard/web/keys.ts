import * as actions from './actions';
import type { Desk } from './desk';
import type { Pointers } from './pointer';
import type { ToolName } from './tools/tool';

const NUDGE = 1;
const FAR_NUDGE = 10;

const TOOL_KEYS: Record<string, ToolName> = {
  v: 'select', h: 'hand', p: 'pen', d: 'pen', r: 'rect', o: 'ellipse', a: 'arrow', l: 'arrow', t: 'text', n: 'note', f: 'frame', e: 'eraser', k: 'laser',
  1: 'select', 2: 'pen', 3: 'rect', 4: 'ellipse', 5: 'arrow', 6: 'text', 7: 'note',
};

/** What keys do that is not the board's alone. */
export interface Commands {
  use(tool: ToolName): void;
  help(): void;
  image(): void;
  tell(message: string): void;
}

/** Listens to the keyboard, and to copy, cut, paste and dropped files. */
export function listen(desk: Desk, pointers: Pointers, commands: Commands): void {
  addEventListener('keydown', (e) => {
    if (isTyping(e.target) || document.querySelector('dialog[open]')) return;
    const done = e.ctrlKey || e.metaKey ? shortcut(desk, e) : single(desk, pointers, commands, e);
    if (done) e.preventDefault();
  });
  addEventListener('keyup', (e) => e.key === ' ' && pointers.space(false));
  addEventListener('blur', () => pointers.space(false));
  const place = () => pointers.last?.plane ?? desk.camera.toPlane({ x: desk.camera.width / 2, y: desk.camera.height / 2 });
  const bring = (what: Promise<void>) => void what.catch((error: Error) => commands.tell(error.message));
  for (const name of ['copy', 'cut'] as const) {
    addEventListener(name, (e) => {
      const text = isTyping(e.target) ? '' : actions.copied(desk);
      if (text === '') return;
      e.clipboardData?.setData('text/plain', text);
      e.preventDefault();
      if (name === 'cut') actions.removeChosen(desk);
    });
  }
  addEventListener('paste', (e) => {
    if (isTyping(e.target) || !desk.canEdit || !e.clipboardData) return;
    e.preventDefault();
    const image = [...e.clipboardData.files].find((f) => f.type.startsWith('image/'));
    bring(image ? addFile(desk, image, place()) : actions.paste(desk, e.clipboardData.getData('text/plain'), place()));
  });
  desk.stage.addEventListener('dragover', (e) => e.preventDefault());
  desk.stage.addEventListener('drop', (e) => {
    e.preventDefault();
    if (!desk.canEdit || !e.dataTransfer) return;
    const at = desk.camera.toPlane({ x: e.offsetX, y: e.offsetY });
    const image = [...e.dataTransfer.files].find((f) => f.type.startsWith('image/'));
    const text = e.dataTransfer.getData('text/uri-list') || e.dataTransfer.getData('text/plain');
    bring(image ? addFile(desk, image, at) : actions.paste(desk, text, at));
  });
}

async function addFile(desk: Desk, file: File, at: { x: number; y: number }): Promise<void> {
  await actions.addImage(desk, await actions.addressOf(file), at);
}

function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLInputElement || target instanceof HTMLTextAreaElement;
}

/** Keys with Ctrl or Cmd; tells whether it was one. */
function shortcut(desk: Desk, e: KeyboardEvent): boolean {
  const { board, camera } = desk;
  switch (e.key.toLowerCase()) {
    case 'z':
      (e.shiftKey ? board.redo() : board.undo()).catch(() => {});
      return true;
    case 'y':
      board.redo().catch(() => {});
      return true;
    case 'a':
      actions.chooseAll(desk);
      return true;
    case 'd':
      actions.duplicate(desk);
      return true;
    case 'g':
      (e.shiftKey ? actions.ungroup : actions.group)(desk);
      return true;
    case 'l':
      if (!e.shiftKey) return false;
      actions.toggleLock(desk);
      return true;
    case ']':
    case '[':
      actions.order(desk, e.key === ']' ? 'forward' : 'backward');
      return true;
    case '=':
    case '+':
      camera.zoomTo(camera.zoom * 1.25);
      return true;
    case '-':
      camera.zoomTo(camera.zoom / 1.25);
      return true;
    case '0':
      camera.zoomTo(1);
      return true;
  }
  return false;
}

function single(desk: Desk, pointers: Pointers, commands: Commands, e: KeyboardEvent): boolean {
  const step = e.shiftKey ? FAR_NUDGE : NUDGE;
  switch (e.key) {
    case ' ':
      pointers.space(true);
      return true;
    case 'Escape':
      escape(desk, pointers, commands);
      return true;
    case 'Delete':
    case 'Backspace':
      actions.removeChosen(desk);
      return true;
    case 'Enter':
      if (desk.selection.single) desk.editor.open(desk.selection.single.shape.id);
      return true;
    case 'ArrowLeft':
    case 'ArrowRight':
      actions.nudge(desk, e.key === 'ArrowLeft' ? -step : step, 0);
      return true;
    case 'ArrowUp':
    case 'ArrowDown':
      actions.nudge(desk, 0, e.key === 'ArrowUp' ? -step : step);
      return true;
    case ']':
    case '[':
      actions.order(desk, e.key === ']' ? 'front' : 'back');
      return true;
    case '?':
      commands.help();
      return true;
    case '+':
    case '=':
      desk.camera.zoomTo(desk.camera.zoom * 1.25);
      return true;
    case '-':
      desk.camera.zoomTo(desk.camera.zoom / 1.25);
      return true;
    case '!':
    case '0':
      fit(desk);
      return true;
    case '@':
      if (desk.selection.box) desk.camera.fit(desk.selection.box, 2);
      return true;
    case 'i':
      commands.image();
      return true;
  }
  const tool = e.altKey ? undefined : TOOL_KEYS[e.key.toLowerCase()];
  if (tool) commands.use(tool);
  return tool !== undefined;
}

function escape(desk: Desk, pointers: Pointers, commands: Commands): void {
  if (pointers.cancel()) return;
  desk.people?.unfollow();
  if (desk.selection.entered !== '') {
    const group = desk.selection.entered;
    desk.selection.entered = '';
    desk.selection.set([group]);
  } else if (desk.selection.size > 0) desk.selection.clear();
  else commands.use('select');
}

/** Shows the whole board. */
export function fit(desk: Desk): void {
  const { extent } = desk.scene;
  if (extent) desk.camera.fit(extent);
  else desk.camera.zoomTo(1);
}
