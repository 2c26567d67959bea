import { type Disk, openDisk } from './disk';
import { Kept } from './kept';
import { RoomLink } from './link';
import { RecordRoom } from './room';
import { Store } from './store';
import { openTabs, type Tabs } from './tabs';
import type { RecordSchema } from './types';
import { Writes } from './writes';

export interface OpenOptions {
  /**
   * Keeps what the page subscribes to, so that it opens without a connection
   * and shows what it showed last. Durable writes are kept in any case.
   */
  offline?: boolean;
  /** The schema version that the page was written for; the server's, unless given. */
  version?: number;
}

/** What all record rooms of a page share. */
export interface RecordsHome {
  disk: Disk;
  tabs: Tabs;
}

/** Opens the page's disk; what a test gives takes its place. */
export async function openHome(given: Partial<RecordsHome> = {}): Promise<RecordsHome> {
  const disk = given.disk ?? (await openDisk());
  return { disk, tabs: given.tabs ?? openTabs(disk) };
}

/** A record room with what its client needs to bring it onto a session. */
export interface OpenedRoom<S extends RecordSchema> {
  link: RoomLink;
  room: RecordRoom<S>;
  /** It can be used before the server is heard. */
  usable: boolean;
}

const EMPTY = { version: 0, collections: [], mutations: [] };

/** Makes a room from what is kept of it, if anything is. */
export async function makeRoom<S extends RecordSchema>(
  { disk, tabs }: RecordsHome,
  server: string,
  name: string,
  options: OpenOptions,
  now: () => number,
  forgotten: (link: RoomLink) => void,
): Promise<OpenedRoom<S>> {
  const scope = `${server} ${name}`;
  const before = options.offline ? await Kept.room(disk, scope).catch(() => undefined) : undefined;
  const store = new Store(EMPTY, (sub) => link.pull(sub));
  const writes = new Writes(store, { disk, tabs, scope, user: before?.user ?? '' });
  const link: RoomLink = new RoomLink(name, options.version ?? 0, store, writes, now);
  const kept = options.offline ? new Kept(disk, scope, () => ({ described: link.described, user: writes.home.user })) : undefined;
  const room = new RecordRoom<S>(link, kept, () => forgotten(link));
  if (before !== undefined) {
    link.describe(before);
    link.startOffline();
    await writes.load().catch(() => {});
  }
  return { link, room, usable: before !== undefined };
}
