import type { Board, Member } from './board';
import { element, make, say } from './dom';

const ROLES = ['viewer', 'editor', 'admin'];

/** Who is on the board, and as what; one's own name. */
export class People {
  private readonly list = element('people');
  private readonly name = element<HTMLInputElement>('name');
  private readonly rows = new Map<string, { item: HTMLLIElement; name: HTMLSpanElement; role: HTMLSelectElement }>();

  constructor(private readonly board: Board) {
    this.name.addEventListener('change', () => this.rename());
    this.name.addEventListener('keydown', (e) => {
      if (e.key === 'Escape') this.name.value = board.me?.Name ?? '';
      if (e.key === 'Enter' || e.key === 'Escape') this.name.blur();
      e.stopPropagation();
    });
  }

  draw(): void {
    const { board } = this;
    say(element('role'), board.room.role);
    if (document.activeElement !== this.name) this.name.value = board.me?.Name ?? '';
    const gone = new Set(this.rows.keys());
    board.members.forEach((member, i) => {
      gone.delete(member.User);
      const { item, name, role } = this.rowOf(member);
      const me = member.User === board.room.user;
      say(name, me ? `${member.Name} (you)` : member.Name);
      if (document.activeElement !== role) role.value = member.Role;
      role.disabled = !board.isAdmin;
      if (this.list.children[i] !== item) this.list.insertBefore(item, this.list.children[i] ?? null);
    });
    for (const user of gone) {
      this.rows.get(user)!.item.remove();
      this.rows.delete(user);
    }
  }

  focusName(): void {
    this.name.focus();
  }

  private rowOf(member: Member) {
    const known = this.rows.get(member.User);
    if (known) return known;
    const [name, role] = [make('span'), make('select', 'role', ...ROLES.map((r) => make('option', '', r)))];
    role.setAttribute('aria-label', `Role of ${member.Name}`);
    role.addEventListener('change', () => {
      this.board.setRole(member.User, role.value);
      role.blur();
    });
    const row = { item: make('li', '', name, role), name, role };
    row.item.dataset.user = member.User;
    this.rows.set(member.User, row);
    return row;
  }

  private rename(): void {
    const name = this.name.value.trim();
    if (name !== '' && name !== this.board.me?.Name) this.board.hello(name);
  }
}
