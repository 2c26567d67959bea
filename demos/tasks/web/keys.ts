import type { Board } from './board';
import { element } from './dom';
import type { Page } from './page';

/** Lets the keyboard do what the mouse can. */
export function listen(page: Page, board: Board): void {
  const help = element<HTMLDialogElement>('help');
  element('show-help').addEventListener('click', () => help.showModal());
  help.addEventListener('click', () => help.close());
  const change = (deed: () => void) => () => board.mayEdit && page.task && deed();
  const deeds: Record<string, () => unknown> = {
    j: () => page.step(1),
    ArrowDown: () => page.step(1),
    k: () => page.step(-1),
    ArrowUp: () => page.step(-1),
    v: change(() => board.vote(page.task!)),
    x: change(() => board.finish(page.task!)),
    e: () => page.edit(),
    Enter: () => page.task && page.select(page.task.ID),
    n: () => {
      if (!page.task) return;
      page.select(page.task.ID);
      page.details.focusNote();
    },
    m: change(() => {
      page.select(page.task!.ID);
      page.details.focusList();
    }),
    Delete: () => page.task && board.mayRemove(page.task) && board.remove(page.task),
    a: () => board.mayEdit && page.compose(),
    '/': () => page.lookUp(),
    '?': () => help.showModal(),
    Escape: () => page.select(undefined),
  };
  for (let i = 1; i <= 9; i++) deeds[i] = () => page.openAt(i - 1);
  addEventListener('keydown', (e) => {
    const typing = (e.target as Element).closest('input, textarea, select');
    if (typing?.id === 'search' && e.key === 'Escape') return page.endSearch();
    if (typing && e.key === 'Escape') return (typing as HTMLElement).blur();
    const pressing = e.key === 'Enter' && (e.target as Element).closest('button');
    if (typing || pressing || help.open || e.ctrlKey || e.metaKey || e.altKey || !Object.hasOwn(deeds, e.key)) return;
    e.preventDefault();
    requestAnimationFrame(() => deeds[e.key]()); // the panel must be there to be focused
  });
}
