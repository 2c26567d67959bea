import { Code } from '../protocol';
import type { Disk, DiskKey, Put } from './disk';
import type { Described } from './link';
import { queryJSON } from './query';
import type { Fields } from './row';
import type { Subscription } from './subscription';

/** The rows of a query as they were confirmed at a sequence. */
export interface KeptRows {
  epoch: bigint;
  schemaHash: bigint;
  applied: bigint;
  rows: [key: string, row: Fields][];
}

interface KeptRoom extends Described {
  user: string;
}

const SAVE_MS = 1000;
const QUERIES = 64; // of a room; older ones are forgotten

/** Keeps what a page has seen of a room, so that it opens without a connection. */
export class Kept {
  private readonly changed = new Set<Subscription>();
  private readonly names = new Map<Subscription, string>(); // under which each is kept
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly disk: Disk,
    private readonly scope: string,
    private readonly room: () => { described: Described; user: string },
  ) {}

  /** The room as it was when it was last open, and whose it was. */
  static async room(disk: Disk, scope: string): Promise<KeptRoom | undefined> {
    return (await disk.get(['room', scope])) as KeptRoom | undefined;
  }

  /** Saves the room's descriptor and place in its history. */
  async saveRoom(): Promise<void> {
    const { described, user } = this.room();
    const value: KeptRoom = { ...described, user };
    const used = (await this.disk.list(['used', this.scope])).sort((a, b) => Number(b.value) - Number(a.value));
    const old = used.slice(QUERIES).map(({ key }) => key.slice(2));
    await this.disk.write([{ key: ['room', this.scope], value }, ...old.flatMap((k) => [{ key: ['used', this.scope, ...k] }, { key: ['rows', this.scope, ...k] }])]);
  }

  async load(sub: Subscription): Promise<KeptRows | undefined> {
    const rows = (await this.disk.get(this.key('rows', sub))) as KeptRows | undefined;
    if (rows !== undefined) {
      this.names.set(sub, queryJSON(sub.query, sub.collection));
      void this.disk.write([this.use(sub)]).catch(() => {});
    }
    return rows;
  }

  /** Saves the query's rows soon. */
  save(sub: Subscription): void {
    if (sub.closed) return;
    this.changed.add(sub);
    this.timer ??= setTimeout(() => void this.flush(), SAVE_MS);
  }

  /** Saves the query's rows now: it is about to be closed. */
  last(sub: Subscription): void {
    if (this.changed.delete(sub)) void this.disk.write(this.puts(sub)).catch(() => {});
    this.names.delete(sub);
  }

  /** Saves all that has changed now: the page may end. */
  flush(): Promise<void> {
    clearTimeout(this.timer);
    this.timer = undefined;
    const puts = [...this.changed].flatMap((sub) => this.puts(sub));
    this.changed.clear();
    return puts.length === 0 ? Promise.resolve() : this.disk.write(puts).catch(() => {}); // a full disk keeps less
  }

  private puts(sub: Subscription): Put[] {
    const { result, confirmed, applied } = sub;
    if (sub.error?.code === Code.FORBIDDEN) return [{ key: this.key('rows', sub) }, { key: this.key('used', sub) }];
    if (!sub.whole || applied === 0n) return [];
    const { epoch, schemaHash } = this.room().described;
    const rows = [...result.members].map((key): [string, Fields] => [key, confirmed.get(key)!]);
    const value: KeptRows = { epoch, schemaHash, applied, rows };
    return [...this.dropFormer(sub), { key: this.key('rows', sub), value }, this.use(sub)];
  }

  /** Says that the query is in use, so that others are forgotten before it. */
  private use(sub: Subscription): Put {
    return { key: this.key('used', sub), value: Date.now() };
  }

  /** What was kept of the query before it was changed would only grow old. */
  private dropFormer(sub: Subscription): Put[] {
    const former = this.names.get(sub);
    const name = queryJSON(sub.query, sub.collection);
    this.names.set(sub, name);
    const shared = [...this.names].some(([other, n]) => other !== sub && n === former && other.collection.name === sub.collection.name);
    if (former === undefined || former === name || shared) return [];
    return (['rows', 'used'] as const).map((kind) => ({ key: this.named(kind, sub, former) }));
  }

  private key(kind: string, sub: Subscription): DiskKey {
    return this.named(kind, sub, queryJSON(sub.query, sub.collection));
  }

  private named(kind: string, sub: Subscription, name: string): DiskKey {
    return [kind, this.scope, this.room().user, sub.collection.name, name];
  }
}
