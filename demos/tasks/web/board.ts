import { type Live, newID, type RecordRoom } from '../../../clients/ts/src/records';
import type { tasks } from '../../rooms';
import { teach } from './mutators';
import { type Task, Window } from './window';

export type Member = tasks.Members;
export type List = tasks.Lists;

const FRESH_MS = 10 * 60_000; // for which one's new task stays in sight, votes or not

/**
 * The board as this page knows it, and what one can do to it. Each deed is
 * durable: it shows at once, and is kept until the server has taken it.
 */
export class Board {
  /** The window of each list, by name. */
  readonly windows = new Map<string, Window>();
  private readonly listRows: Live<List, string>;
  private readonly memberRows: Live<Member, string>;
  private readonly ballots: Live<tasks.Ballots, string>;
  private readonly notes: Live<tasks.Notes, string>;
  private readonly own: Live<Task, string>; // the newest of one's own
  private readonly pending = new Map<string, number>(); // deeds of this page that wait, by task

  /** onChange is called whenever anything on the board is another. */
  constructor(
    readonly room: RecordRoom<tasks.Schema>,
    private readonly received: () => number,
    private readonly onChange: () => void,
  ) {
    teach(room);
    this.listRows = room.collection('Lists').subscribe({ orderBy: [['Place']] });
    this.memberRows = room.collection('Members').subscribe({ orderBy: [['Name']] });
    this.ballots = room.collection('Ballots').subscribe();
    this.notes = room.collection('Notes').subscribe();
    this.own = room.collection('Tasks').subscribe({ where: { eq: ['createdBy', room.user] }, orderBy: [['createdAt', 'desc']], limit: 10 });
    this.listRows.onChange(() => this.openLists());
    for (const live of [this.listRows, this.memberRows, this.ballots, this.notes, this.own]) live.onChange(onChange);
    room.onStatus(onChange);
    room.onRejected(onChange);
    room.onUnresolved(onChange);
    this.openLists();
  }

  get lists(): readonly List[] {
    return this.listRows.rows;
  }

  get members(): readonly Member[] {
    return this.memberRows.rows;
  }

  /** Calls on when somebody has come, gone or got another name or role. */
  onMembers(on: () => void): void {
    this.memberRows.onChange(on);
  }

  /** The server has said who is on the board. */
  get knowsMembers(): boolean {
    return this.memberRows.status === 'live';
  }

  get me(): Member | undefined {
    return this.memberRows.get(this.room.user);
  }

  get mayEdit(): boolean {
    return this.room.role !== 'viewer';
  }

  get isAdmin(): boolean {
    return this.room.role === 'admin';
  }

  mayRemove(task: Task): boolean {
    return this.isAdmin || (this.mayEdit && task.createdBy === this.room.user);
  }

  nameOf(user: string): string {
    return this.memberRows.get(user)?.Name ?? '';
  }

  votedFor(task: string): boolean {
    return this.ballots.get(this.idOfMine(task)) !== undefined;
  }

  noteOn(task: string): string {
    return this.notes.get(this.idOfMine(task))?.Text ?? '';
  }

  /** Something about the task waits for the server. */
  waits(task: string): boolean {
    return this.pending.has(task);
  }

  /** A task that is here, in any list. */
  find(task: string): Task | undefined {
    for (const { rows } of this.windows.values()) {
      const found = rows.find((t) => t.ID === task);
      if (found) return found;
    }
    return this.own.get(task);
  }

  /** One's own tasks that have just been added to a list, and have no place in its window yet. */
  fresh(list: string): Task[] {
    const { rows } = this.windows.get(list)!;
    return this.own.rows.filter((t) => t.List === list && Date.now() - t.createdAt < FRESH_MS && !rows.some((r) => r.ID === t.ID));
  }

  /** A window on the tasks of all lists whose title has the text. */
  search(text: string): Window {
    return new Window(this.room, { ilike: ['Title', `%${text.replace(/[\\%_]/g, '\\$&')}%`] }, this.received, this.onChange);
  }

  /** What a search finds among the tasks that are here, for when there is no server. */
  searchHere(text: string): Task[] {
    const here = [...this.windows.values()].flatMap(({ rows }) => rows);
    return here.filter((t) => t.Title.toLowerCase().includes(text.toLowerCase())).sort((a, b) => b.Votes - a.Votes);
  }

  /** Adds a task; returns its ID. */
  add(list: string, title: string): string {
    const id = newID();
    this.doing(id, this.room.durable('Add', { ID: id, List: list, Title: title }));
    return id;
  }

  rename({ ID, Title }: Task, title: string): void {
    if (title !== '' && title !== Title) this.doing(ID, this.room.durable('Rename', { Task: ID, Title: title }));
  }

  finish({ ID, Done }: Task): void {
    this.doing(ID, this.room.durable('Finish', { Task: ID, Done: !Done }));
  }

  move({ ID, List }: Task, list: string): void {
    if (list !== List) this.doing(ID, this.room.durable('Move', { Task: ID, List: list }));
  }

  remove({ ID }: Task): void {
    this.doing(ID, this.room.durable('Remove', { Task: ID }));
  }

  /** Votes for a task, or takes the vote back. */
  vote({ ID }: Task): void {
    this.doing(ID, this.room.durable('Vote', { Task: ID, For: !this.votedFor(ID) }));
  }

  /** Writes one's note on a task; an empty one goes. */
  note({ ID }: Task, text: string): void {
    if (text === this.noteOn(ID)) return;
    const notes = this.room.collection('Notes');
    const id = this.idOfMine(ID);
    this.doing(ID, text === '' ? notes.remove(id, 'durable') : notes.put({ ID: id, Task: ID, Text: text }, 'durable'));
  }

  hello(name: string): void {
    this.doing('', this.room.durable('Hello', { Name: name }));
  }

  setRole(user: string, role: string): void {
    this.doing('', this.room.durable('SetRole', { User: user, Role: role }));
  }

  private doing(task: string, done: Promise<unknown>): void {
    this.pending.set(task, (this.pending.get(task) ?? 0) + 1);
    const settle = () => {
      const left = this.pending.get(task)! - 1;
      if (left > 0) this.pending.set(task, left);
      else this.pending.delete(task);
      this.onChange();
    };
    done.then(settle, settle); // a refusal is among room.rejected
    this.onChange();
  }

  private idOfMine(task: string): string {
    return `${task} ${this.room.user}`;
  }

  private openLists(): void {
    for (const { Name } of this.lists) {
      if (!this.windows.has(Name)) this.windows.set(Name, new Window(this.room, { eq: ['List', Name] }, this.received, this.onChange, Name));
    }
  }
}
