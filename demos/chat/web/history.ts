import { type Live, newID, type RecordRoom } from '../../../clients/ts/src/together';
import type { Person } from '../../people/person';
import type { chat } from '../../rooms';

export type Message = chat.Messages;

const STEP = 100; // messages that older ones come by

/**
 * What was said, as this page knows it: a live query of the last hundred
 * messages, which grows as one asks for older ones. What one says shows at
 * once, and is kept until the server has taken it.
 */
export class History {
  private readonly live: Live<Message, string>;
  private readonly pending = new Map<string, number>(); // deeds of this page that wait, by message
  private limit = STEP;

  constructor(
    readonly room: RecordRoom<chat.Schema>,
    private readonly onChange: () => void,
  ) {
    teach(room);
    this.live = room.collection('Messages').subscribe({ orderBy: [['At', 'desc']], limit: this.limit });
    this.live.onChange(onChange);
    room.onStatus(onChange);
    room.onRejected(onChange);
  }

  /** The messages that are here, oldest first. */
  get messages(): Message[] {
    return [...this.live.rows].reverse();
  }

  /** The last message that is one's own. */
  get lastOwn(): Message | undefined {
    return this.live.rows.find((m) => this.isOwn(m));
  }

  get loaded(): boolean {
    return this.live.status === 'live' || this.live.rows.length > 0;
  }

  /** There may be messages before the first one. */
  get more(): boolean {
    return this.live.rows.length >= this.limit;
  }

  /** Asks for older messages; tells whether any may come. */
  older(): boolean {
    if (!this.more || this.room.status !== 'online' || this.live.status !== 'live') return false;
    this.limit += STEP;
    this.live.update({ limit: this.limit });
    return true;
  }

  isOwn({ Author }: Message): boolean {
    return Author === this.room.user;
  }

  /** Something about the message waits for the server. */
  waits({ ID }: Message): boolean {
    return this.pending.has(ID);
  }

  say(Text: string, { name, color }: Person): void {
    const ID = newID();
    this.doing(ID, this.room.durable('Say', { ID, Text, Name: name, Color: color }));
  }

  edit({ ID, Text }: Message, text: string): void {
    if (text !== '' && text !== Text) this.doing(ID, this.room.durable('Edit', { ID, Text: text }));
  }

  unsay({ ID }: Message): void {
    this.doing(ID, this.room.durable('Unsay', { ID }));
  }

  private doing(id: string, done: Promise<unknown>): void {
    this.pending.set(id, (this.pending.get(id) ?? 0) + 1);
    const settle = () => {
      const left = this.pending.get(id)! - 1;
      if (left > 0) this.pending.set(id, left);
      else this.pending.delete(id);
      this.onChange();
    };
    done.then(settle, settle); // a refusal is among room.rejected
    this.onChange();
  }
}

/** Says what the mutations do to the rows here, so that they show before the server has answered. */
function teach(room: RecordRoom<chat.Schema>): void {
  room.mutator('Say', (local, { ID, Text, Name, Color }, { time }) => local.Messages.create({ ID, At: time, Name, Color, Text }));
  room.mutator('Edit', (local, { ID, Text }) => {
    if (local.Messages.get(ID)) local.Messages.put({ ID, Text, Edited: true });
  });
  room.mutator('Unsay', (local, { ID }) => local.Messages.remove(ID));
}
