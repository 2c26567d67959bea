import type { Disk } from './disk';

/** Gives a claim back. */
export type Release = () => void;

/**
 * Says which pages live. A page claims its client ID while it runs; when it
 * ends, also by a crash, another page can claim it (R8.2).
 */
export interface Tabs {
  /** Claims a name, or returns undefined while another page holds it. */
  claim(name: string): Promise<Release | undefined>;
}

/** Claims by Web Locks: the browser gives a dead page's locks back at once. */
export class LockTabs implements Tabs {
  constructor(private readonly locks: LockManager) {}

  claim(name: string): Promise<Release | undefined> {
    return new Promise((resolve, reject) => {
      const held = (lock: Lock | null): Promise<void> | undefined => {
        if (lock === null) return void resolve(undefined);
        return new Promise<void>((release) => resolve(() => release()));
      };
      this.locks.request(`parlor ${name}`, { ifAvailable: true }, held).catch(reject);
    });
  }
}

const BEAT_MS = 5000;
/** Browsers wake pages in the background once a minute. */
const DEAD_MS = 150_000;

interface Beat {
  page: string;
  at: number;
}

/**
 * Claims by a heartbeat on the disk, where there are no Web Locks: outside of
 * secure contexts. A page that is only slow may lose its claim; then two pages
 * push one queue, which the server takes once.
 */
export class BeatTabs implements Tabs {
  private readonly page = crypto.getRandomValues(new Uint32Array(2)).join();

  constructor(
    private readonly disk: Disk,
    private readonly now: () => number = Date.now,
  ) {}

  async claim(name: string): Promise<Release | undefined> {
    const key = ['beat', name];
    let mine = false;
    await this.disk.update(key, (value) => {
      const beat = value as Beat | undefined;
      mine = beat === undefined || this.now() - beat.at > DEAD_MS;
      return mine ? { page: this.page, at: this.now() } : undefined;
    });
    if (!mine) return undefined;
    const timer = setInterval(() => void this.disk.write([{ key, value: { page: this.page, at: this.now() } }]).catch(() => {}), BEAT_MS);
    return () => {
      clearInterval(timer);
      void this.disk.write([{ key }]).catch(() => {});
    };
  }
}

/** Web Locks where the page has them, else heartbeats. */
export function openTabs(disk: Disk): Tabs {
  if (typeof navigator !== 'undefined' && 'locks' in navigator && navigator.locks) return new LockTabs(navigator.locks);
  return new BeatTabs(disk);
}
