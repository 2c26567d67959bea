import { Code } from '../protocol';
import type { Receipt } from './messages';
import { DISCONNECTED, TIMED_OUT, Write } from './write';

/** Sends one write on the open connection. */
export type SendWrite = (write: Write) => void;

/** What an outlet tells its owner. */
export interface OutletEvents {
  /** Keeps durable writes on disk; with sent as ones that may have been sent. */
  keep(outlet: Outlet, writes: readonly Write[], sent: boolean): Promise<void>;
  /** A write that was not given up has its receipt. */
  receipt(outlet: Outlet, write: Write, receipt: Receipt): void;
  /** The caller of a confirmed write was told that it failed. */
  gaveUp(write: Write): void;
  /** A durable write could not be kept. */
  unkept(write: Write, error: Error): void;
  /** The server does not know this client, though it has written (R7.3). */
  unknown(outlet: Outlet): void;
}

const WINDOW = 256; // writes without a receipt
const CONFIRM_MS = 10_000;
const AGAIN_MS = 300;

/** Refusals of a write that was not looked at: it is sent again. */
const AGAIN: readonly number[] = [Code.OUT_OF_ORDER, Code.RATE_LIMITED, Code.GOING_AWAY, Code.ROOM_CLOSED, Code.STORE_FAILED, Code.NOT_IN_ROOM];

/** Refusals of a message that the room never saw: its ID is still to be used. */
const UNSEEN: readonly number[] = [Code.BAD_INPUT, Code.BAD_MESSAGE, Code.TOO_LARGE];

/**
 * The writes of one client ID: they are numbered from 1 and sent in that order,
 * each until its receipt comes, over as many connections as that takes (R7.1).
 */
export class Outlet {
  /** Writes without a receipt, by ID. */
  readonly queue: Write[] = [];
  private next = 1;
  private link: SendWrite | undefined;
  private sent = 0; // the highest ID sent on this connection
  private again: ReturnType<typeof setTimeout> | undefined;

  constructor(
    public client: string,
    private readonly events: OutletEvents,
  ) {}

  get open(): boolean {
    return this.link !== undefined;
  }

  /** Numbers a write and sends it as soon as it may. */
  add(write: Write): void {
    write.id = this.next++;
    this.queue.push(write);
    if (write.delivery === 'confirmed') write.timer = setTimeout(() => this.giveUp(write, TIMED_OUT), CONFIRM_MS);
    if (write.delivery === 'durable') this.keep([write], this.open);
    else this.pump();
  }

  /** Takes writes of an earlier page, in the order of their IDs. */
  restore(writes: readonly Write[]): void {
    this.queue.push(...writes);
    this.next = (this.queue.at(-1)?.id ?? 0) + 1;
  }

  /** A connection is open; the server has seen this client's writes up to last. */
  opened(link: SendWrite, known: boolean, last: number): void {
    this.link = link;
    this.sent = 0;
    this.next = Math.max(this.next, last + 1);
    if (!known && this.next > 1 && (this.queue[0]?.id ?? this.next) > 1) return this.events.unknown(this);
    this.remove((w) => w.void && w.id <= last);
    this.fill(last);
    this.pump();
  }

  /** The connection is lost: confirmed writes fail. */
  lost(): void {
    this.link = undefined;
    clearTimeout(this.again);
    this.again = undefined;
    for (const w of this.queue) if (w.delivery === 'confirmed' && !w.void) this.giveUp(w, DISCONNECTED);
  }

  receipt(r: Receipt): void {
    const i = this.queue.findIndex((w) => w.id === r.mutation);
    if (i < 0) return;
    const write = this.queue[i];
    if (r.code === Code.CLIENT_UNKNOWN) return this.events.unknown(this);
    if (AGAIN.includes(r.code)) return this.sendAgain();
    this.queue.splice(i, 1);
    clearTimeout(write.timer);
    if (r.seq === 0n && UNSEEN.includes(r.code)) {
      this.queue.splice(i, 0, voided(r.mutation, write));
      this.sendAgain();
    }
    if (!write.void) this.events.receipt(this, write, r);
    this.pump();
  }

  /** Begins anew under another ID, with the writes that the server certainly never got. */
  renew(client: string, writes: readonly Write[]): void {
    this.link = undefined;
    this.client = client;
    this.queue.length = 0;
    this.next = 1;
    for (const w of writes) w.id = this.next++;
    this.queue.push(...writes);
  }

  /** Sends what may be sent. */
  pump(): void {
    if (this.link === undefined || this.again !== undefined) return;
    const from = this.queue.findIndex((w) => w.id > this.sent);
    if (from < 0) return;
    let to = from;
    while (to < Math.min(this.queue.length, WINDOW) && (this.queue[to].kept === 'sent' || this.queue[to].void)) to++;
    for (const write of this.queue.slice(from, to)) {
      this.sent = write.id;
      this.link(write);
    }
    const unsent: Write[] = [];
    while (to < Math.min(this.queue.length, WINDOW) && this.queue[to].kept === 'unsent') unsent.push(this.queue[to++]);
    if (unsent.length > 0) this.keep(unsent, true);
  }

  private keep(writes: readonly Write[], sent: boolean): void {
    for (const w of writes) w.kept = 'no';
    this.events.keep(this, writes, sent).then(
      () => {
        for (const w of writes) w.kept = sent ? 'sent' : 'unsent';
        this.pump();
      },
      (error: Error) => {
        for (const w of writes) this.events.unkept(w, error);
        this.pump();
      },
    );
  }

  private giveUp(write: Write, why: string): void {
    if (write.void) return;
    clearTimeout(write.timer);
    write.void = true;
    this.events.gaveUp(write);
    write.reject(new Error(why));
  }

  /** IDs that were given up by an earlier page are void: the server takes no gap. */
  private fill(last: number): void {
    for (let id = last + 1, i = this.queue.findIndex((w) => w.id > last); i >= 0 && i < this.queue.length; id++, i++) {
      if (this.queue[i].id !== id) this.queue.splice(i, 0, voided(id, this.queue[i]));
    }
  }

  private remove(which: (w: Write) => boolean): void {
    const kept = this.queue.filter((w) => !which(w));
    this.queue.splice(0, this.queue.length, ...kept);
  }

  private sendAgain(): void {
    this.again ??= setTimeout(() => {
      this.again = undefined;
      this.sent = 0;
      this.pump();
    }, AGAIN_MS);
  }
}

/** Stands for an ID that nobody waits for. */
function voided(id: number, like: Write): Write {
  const write = new Write('confirmed', like.content, new Map());
  write.id = id;
  write.void = true;
  return write;
}
