import { Client, type ClientOptions } from '../client';
import { Code, ParlorError } from '../protocol';
import type { RoomLink } from './link';
import { makeRoom, openHome, type OpenOptions, type RecordsHome } from './open';
import type { RecordRoom } from './room';
import type { AnyRecords, RecordSchema } from './types';

export interface RecordClientOptions extends ClientOptions {
  /** Where record rooms keep what must survive; IndexedDB and Web Locks unless set. */
  records?: Partial<RecordsHome>;
}

/**
 * A Client that opens record rooms too, on the same connection. A guest who
 * opens one stays the same user on later visits.
 */
export class RecordClient extends Client {
  private home: Promise<RecordsHome> | undefined;

  constructor(
    url: string | URL,
    private readonly more: RecordClientOptions = {},
  ) {
    super(url, more);
  }

  /**
   * Opens a record room, "kind/name". With options.offline a page that was here
   * before gets its room at once, connected or not.
   */
  async open<S extends RecordSchema = AnyRecords>(name: string, options: OpenOptions = {}): Promise<RecordRoom<S>> {
    if (this.status === 'closed') throw new ParlorError(Code.GOING_AWAY, 'the client is closed');
    const home = await this.recordsHome();
    const opened = await makeRoom<S>(home, this.url, name, options, this.now, (link: RoomLink) => this.patient.delete(link));
    this.patient.add(opened.link);
    if (opened.usable) {
      this.wake();
      return opened.room;
    }
    try {
      await opened.link.enter(await this.connect(), this.welcome!.user);
    } catch (error) {
      this.patient.delete(opened.link);
      opened.link.end();
      throw error;
    }
    return opened.room;
  }

  /** Where the page keeps things; opened with the first room that needs it. */
  protected recordsHome(): Promise<RecordsHome> {
    return (this.home ??= this.openHome());
  }

  protected override onGuest(token: string): void {
    void this.home?.then(({ disk }) => disk.write([{ key: ['guest', this.url], value: token === '' ? undefined : token }])).catch(() => {});
  }

  private async openHome(): Promise<RecordsHome> {
    const home = await openHome(this.more.records);
    if (this.more.token === undefined && this.guestToken === '') this.guestToken = ((await home.disk.get(['guest', this.url]).catch(() => undefined)) as string | undefined) ?? '';
    return home;
  }
}
