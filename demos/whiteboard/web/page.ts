import * as actions from './actions';
import { drawCrowd, share } from './crowd';
import type { Desk } from './desk';
import { element, iconButton, say, tell } from './dom';
import { History } from './history';
import { icon } from './icons';
import { fit, listen } from './keys';
import type { Theme } from './palette';
import { Panel } from './panel';
import { People } from './people';
import { download, png, svg } from './picture';
import { Pointers } from './pointer';
import { Toolbar } from './toolbar';

const THEME = 'parlor.whiteboard.theme';

/** Everything around the paper: tools, panels, menus, people. */
export class Page {
  readonly toolbar: Toolbar;
  readonly people: People;

  constructor(readonly desk: Desk) {
    this.toolbar = new Toolbar(desk, () => this.askImage());
    this.people = new People(desk, desk.board, element('cursors'), () => drawCrowd(this.people));
    desk.people = this.people;
    this.people.begin();
    drawCrowd(this.people);
    const pointers = new Pointers(desk);
    new Panel(desk);
    listen(desk, pointers, {
      use: (tool) => this.toolbar.use(tool),
      help: () => element<HTMLDialogElement>('help').showModal(),
      image: () => this.askImage(),
      tell,
    });
    this.addHistory();
    this.addZoom();
    this.addMenu();
    this.watchTheme();
    for (const dialog of document.querySelectorAll('dialog')) {
      dialog.addEventListener('click', (e) => (e.target === dialog || (e.target as HTMLElement).matches('[data-close]')) && dialog.close());
    }
    desk.board.onRejected(({ name, error }) => name !== 'undo' && name !== 'redo' && tell(`Not done: ${error.message}`));
    desk.watch(() => this.draw());
    this.draw();
  }

  /** What shows only sometimes. */
  private draw(): void {
    const { desk } = this;
    document.body.classList.toggle('reader', !desk.canEdit);
    element('empty').hidden = !desk.board.loaded || desk.scene.items.size > 0 || desk.tool?.name !== 'select';
  }

  private addHistory(): void {
    const { board } = this.desk;
    element('steps').append(
      iconButton('undo', 'Undo', () => board.undo().catch(() => tell('There is nothing of yours to undo')), 'Ctrl Z'),
      iconButton('redo', 'Redo', () => board.redo().catch(() => tell('There is nothing to redo')), 'Ctrl Shift Z'),
    );
  }

  private addZoom(): void {
    const { desk } = this;
    const { camera } = desk;
    const percent = document.createElement('button');
    percent.type = 'button';
    percent.id = 'percent';
    percent.title = 'Full size (Ctrl 0)';
    percent.addEventListener('click', () => camera.zoomTo(1));
    element('zoom').append(
      iconButton('minus', 'Zoom out', () => camera.zoomTo(camera.zoom / 1.25), '-'),
      percent,
      iconButton('plus', 'Zoom in', () => camera.zoomTo(camera.zoom * 1.25), '+'),
      iconButton('fit', 'Show everything', () => fit(desk), '0'),
    );
    desk.onFrame(() => say(percent, `${Math.round(camera.zoom * 100)}%`));
  }

  private addMenu(): void {
    const { desk } = this;
    const menu = element('menu');
    const button = element('show-menu');
    button.append(icon('menu'));
    element('share').prepend(icon('share'));
    element('share').addEventListener('click', () => void share());
    const close = () => {
      menu.hidden = true;
      button.setAttribute('aria-expanded', 'false');
    };
    button.addEventListener('click', () => {
      menu.hidden = !menu.hidden;
      const what = desk.selection.size > 0 ? 'selection' : 'board';
      for (const format of ['png', 'svg']) say(menu.querySelector(`[data-does=${format}]`)!, `Export ${what} as ${format.toUpperCase()}`);
      button.setAttribute('aria-expanded', String(!menu.hidden));
    });
    addEventListener('pointerdown', (e) => !menu.hidden && !menu.contains(e.target as Node) && !button.contains(e.target as Node) && close());
    menu.addEventListener('keydown', (e) => e.key === 'Escape' && close());
    const history = new History(desk.board);
    const acts: Record<string, () => void> = {
      png: () => void png(desk).then((blob) => download(blob, 'whiteboard.png')).catch((e: Error) => tell(e.message)),
      svg: () => download(svg(desk), 'whiteboard.svg'),
      history: () => history.open(),
      theme: () => this.setTheme(desk.painter.theme === 'dark' ? 'light' : 'dark'),
      keys: () => element<HTMLDialogElement>('help').showModal(),
      new: () => location.assign(`?room=${crypto.randomUUID().slice(0, 8)}`),
      clear: () => void desk.board.clear().catch((e: Error) => tell(e.message)),
    };
    menu.addEventListener('click', (e) => {
      const act = acts[(e.target as HTMLElement).closest('button')?.dataset.does ?? ''];
      if (act === undefined) return;
      close();
      try {
        act();
      } catch (error) {
        tell((error as Error).message);
      }
    });
  }

  private watchTheme(): void {
    const dark = matchMedia('(prefers-color-scheme: dark)');
    const kept = () => localStorage.getItem(THEME) as Theme | null;
    dark.addEventListener('change', () => kept() ?? this.desk.setTheme(dark.matches ? 'dark' : 'light'));
    this.desk.setTheme(kept() ?? (dark.matches ? 'dark' : 'light'));
  }

  private setTheme(theme: Theme): void {
    localStorage.setItem(THEME, theme);
    this.desk.setTheme(theme);
  }

  /** Asks for an image: its address, or a file. */
  private askImage(): void {
    const { desk } = this;
    if (!desk.canEdit) return;
    const dialog = element<HTMLDialogElement>('image');
    const address = element<HTMLInputElement>('image-address');
    const file = element<HTMLInputElement>('image-file');
    const middle = () => desk.camera.toPlane({ x: desk.camera.width / 2, y: desk.camera.height / 2 });
    const put = async (src: string | Promise<string>) => {
      try {
        await actions.addImage(desk, await src, middle());
        dialog.close();
      } catch (error) {
        say(element('image-error'), (error as Error).message);
      }
    };
    say(element('image-error'), '');
    address.value = file.value = '';
    file.onchange = () => file.files?.[0] && void put(actions.addressOf(file.files[0]));
    element<HTMLFormElement>('image-form').onsubmit = (e) => {
      e.preventDefault();
      void put(address.value.trim());
    };
    dialog.showModal();
    address.focus();
  }
}
