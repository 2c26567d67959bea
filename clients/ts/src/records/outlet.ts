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

/**
 * Writes without a receipt, unless given. A room keeps as many receipts of each client, so
 * that all that were under way when a connection broke come again on the next.
 */
const WINDOW = 128;
const CONFIRM_MS = 10_000;
const AGAIN_MS = 300;
const DISK_MS = 3000; // before a disk that failed is tried again
const REMEMBERED_MS = 90 * 24 * 3600 * 1000; // how long a server surely knows a client

/**
 * Refusals of a message that will never reach its room: its ID is still to be
 * used. All others without a sequence are of a room that is busy, closing or
 * not open: the write was not looked at, and is sent again.
 */
const UNSEEN: readonly number[] = [Code.FORBIDDEN, Code.VALIDATION, Code.BAD_INPUT, Code.BAD_MESSAGE, Code.TOO_LARGE];

/**
 * The writes of one client ID: they are numbered from 1 and sent in that order,
 * each until its receipt comes, over as many connections as that takes (R7.1).
 */
export class Outlet {
  /** Writes without a receipt, by ID. */
  readonly queue: Write[] = [];
  private next = 1;
  private link: SendWrite | undefined;
  private epoch = 0n; // of the room, on this connection
  private sent = 0; // the highest ID sent on this connection
  private again: ReturnType<typeof setTimeout> | undefined;

  constructor(
    public client: string,
    private readonly events: OutletEvents,
    private readonly window = WINDOW,
  ) {}

  get open(): boolean {
    return this.link !== undefined;
  }

  /** Numbers a write and sends it as soon as it may. */
  add(write: Write): void {
    write.id = this.next++;
    this.queue.push(write);
    if (write.delivery === 'confirmed') write.timer = setTimeout(() => this.giveUp(write, TIMED_OUT), CONFIRM_MS);
    if (write.delivery === 'durable') this.keep([write], this.open, (error) => this.events.unkept(write, error));
    else this.pump();
  }

  /** Takes writes of an earlier page, in the order of their IDs. */
  restore(writes: readonly Write[]): void {
    this.queue.push(...writes);
    this.next = (this.queue.at(-1)?.id ?? 0) + 1;
  }

  /** A connection is open; the server has seen this client's writes up to last. */
  opened(link: SendWrite, { known, last, epoch }: { known: boolean; last: number; epoch: bigint }): void {
    this.link = link;
    this.sent = 0;
    this.epoch = epoch;
    if (!known && this.forgotten(epoch)) return this.events.unknown(this);
    this.next = Math.max(this.queue.at(-1)?.id ?? 0, last) + 1; // a room that was restored counts from its own last
    this.remove((w) => w.void && w.id <= last);
    this.fill(last);
    this.pump();
  }

  /** The server, which does not know this client, may have done writes of it (R7.3). */
  private forgotten(epoch: bigint): boolean {
    if ((this.queue[0]?.id ?? this.next) > 1) return true;
    const old = Date.now() - REMEMBERED_MS;
    return this.queue.some((w) => w.delivery === 'durable' && !w.void && w.kept === 'sent' && (w.epoch !== epoch || w.content.author.time < old));
  }

  /** The connection is lost: confirmed writes fail. */
  lost(): void {
    this.link = undefined;
    clearTimeout(this.again);
    this.again = undefined;
    for (const w of this.queue) if (w.delivery === 'confirmed' && !w.void) this.giveUp(w, DISCONNECTED);
  }

  receipt(r: Receipt): void {
    if (this.link === undefined) return; // of a seat that was given up
    const i = this.queue.findIndex((w) => w.id === r.mutation);
    if (i < 0) return;
    const write = this.queue[i];
    const final = r.seq > 0n || r.code === 0 || r.code === Code.RESULT_EXPIRED;
    if (!final && r.code === Code.CLIENT_UNKNOWN) return this.events.unknown(this);
    if (!final && !UNSEEN.includes(r.code)) return this.sendAgain();
    this.queue.splice(i, 1);
    clearTimeout(write.timer);
    if (!final) {
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
    while (to < Math.min(this.queue.length, this.window) && (this.queue[to].kept === 'sent' || this.queue[to].void)) to++;
    for (const write of this.queue.slice(from, to)) {
      this.sent = write.id;
      this.link(write);
    }
    const unsent: Write[] = [];
    while (to < Math.min(this.queue.length, this.window) && this.queue[to].kept === 'unsent') unsent.push(this.queue[to++]);
    const unmarked = () => {
      for (const w of unsent) w.kept = 'unsent'; // as they are on disk
      this.again ??= setTimeout(() => this.resume(), DISK_MS);
    };
    if (unsent.length > 0) this.keep(unsent, true, unmarked);
  }

  private keep(writes: readonly Write[], sent: boolean, failed: (error: Error) => void): void {
    for (const w of writes) {
      w.kept = 'no';
      if (sent) w.epoch = this.epoch;
    }
    this.events.keep(this, writes, sent).then(
      () => {
        for (const w of writes) w.kept = sent ? 'sent' : 'unsent';
        this.pump();
      },
      (error: Error) => {
        failed(error);
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
    this.sent = 0;
    this.again ??= setTimeout(() => this.resume(), AGAIN_MS);
  }

  private resume(): void {
    this.again = undefined;
    this.pump();
  }
}

/** Stands for an ID that nobody waits for. */
function voided(id: number, like: Write): Write {
  const write = new Write('confirmed', like.content, new Map());
  write.id = id;
  write.void = true;
  return write;
}
