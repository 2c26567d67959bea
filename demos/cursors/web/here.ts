import { count, element, make, say } from '../../people/dom';
import { avatar, colorOf } from '../../people/person';
import type { Room } from './room';

/** The list of who is here: a user with two tabs is one person with two cursors. */
export function drawHere(room: Room): void {
  const users = new Map<string, { name: string; color: string; tabs: number; me: boolean; circle: string }>();
  for (const { number, user, state, group } of room.members.values()) {
    const me = number === room.me;
    const known = users.get(user) ?? { name: state.Name, color: colorOf(state.Color), tabs: 0, me, circle: group };
    users.set(user, { ...known, ...(me ? { name: state.Name, color: colorOf(state.Color) } : {}), tabs: known.tabs + 1, me: known.me || me });
  }
  const people = [...users.values()].sort((a, b) => Number(b.me) - Number(a.me) || a.name.localeCompare(b.name));
  say(element('here-count'), room.status === 'online' ? `${count(people.length, 'person').replace('persons', 'people')}, ${count(room.members.size, 'cursor')}` : 'Offline');
  element('here-list').replaceChildren(
    ...people.map(({ name, color, tabs, me, circle }) => {
      const notes = [me ? 'you' : '', tabs > 1 ? `${tabs} tabs` : '', circle === '' ? '' : 'circle'].filter((n) => n !== '');
      return make('li', me ? 'me' : '', avatar({ name, color }), make('span', 'name', name), make('i', '', notes.join(', ')));
    }),
  );
}
