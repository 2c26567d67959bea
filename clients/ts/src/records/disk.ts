/** Where a value is kept: what kind of thing it is, then whose, from coarse to fine. */
export type DiskKey = readonly (string | number)[];

/** A change of what is kept; without a value the key is removed. */
export interface Put {
  readonly key: DiskKey;
  readonly value?: unknown;
}

/** What a client keeps over reloads: values that structuredClone takes, by key. */
export interface Disk {
  get(key: DiskKey): Promise<unknown>;
  /** All values whose keys begin with prefix, in the order of the keys. */
  list(prefix: DiskKey): Promise<{ key: DiskKey; value: unknown }[]>;
  /** Makes all changes or none, and resolves when they are safe. */
  write(puts: readonly Put[]): Promise<void>;
  /** Changes one value, with nothing in between. */
  update(key: DiskKey, change: (value: unknown) => unknown): Promise<void>;
}

/** A disk that forgets with the page: for where there is none. */
export class MemoryDisk implements Disk {
  private readonly values = new Map<string, Put>();

  async get(key: DiskKey): Promise<unknown> {
    return structuredClone(this.values.get(JSON.stringify(key))?.value);
  }

  async list(prefix: DiskKey): Promise<{ key: DiskKey; value: unknown }[]> {
    const found = [...this.values.values()].filter(({ key }) => prefix.every((part, i) => part === key[i]));
    return found.sort((a, b) => compareKeys(a.key, b.key)).map(({ key, value }) => ({ key, value: structuredClone(value) }));
  }

  async write(puts: readonly Put[]): Promise<void> {
    const copies = puts.map(({ key, value }) => ({ key, value: structuredClone(value) }));
    for (const put of copies) {
      if (put.value === undefined) this.values.delete(JSON.stringify(put.key));
      else this.values.set(JSON.stringify(put.key), put);
    }
  }

  async update(key: DiskKey, change: (value: unknown) => unknown): Promise<void> {
    const before = structuredClone(this.values.get(JSON.stringify(key))?.value);
    const value = change(before);
    if (value !== undefined) this.values.set(JSON.stringify(key), { key, value: structuredClone(value) });
  }
}

function compareKeys(a: DiskKey, b: DiskKey): number {
  for (let i = 0; i < Math.min(a.length, b.length); i++) {
    if (a[i] === b[i]) continue;
    if (typeof a[i] !== typeof b[i]) return typeof a[i] === 'number' ? -1 : 1;
    return a[i] < b[i] ? -1 : 1;
  }
  return a.length - b.length;
}

const STORE = 'kept';

/**
 * A disk in IndexedDB. Browsers close databases under pages: it is opened
 * again when it is needed.
 */
export class IndexedDisk implements Disk {
  private db: Promise<IDBDatabase> | undefined;

  private constructor(
    private readonly factory: IDBFactory,
    private readonly name: string,
  ) {}

  /** Opens the database, and makes it if there is none. */
  static async open(factory: IDBFactory, name = 'parlor'): Promise<IndexedDisk> {
    const disk = new IndexedDisk(factory, name);
    await disk.opened();
    return disk;
  }

  get(key: DiskKey): Promise<unknown> {
    return this.on('readonly', (store) => done(store.get(key as IDBValidKey)));
  }

  async list(prefix: DiskKey): Promise<{ key: DiskKey; value: unknown }[]> {
    const range = IDBKeyRange.bound(prefix, [...prefix, []]); // lists come after all numbers and strings
    const [keys, values] = await this.on('readonly', (store) => Promise.all([done(store.getAllKeys(range)), done(store.getAll(range))]));
    return keys.map((key, i) => ({ key: key as DiskKey, value: values[i] }));
  }

  write(puts: readonly Put[]): Promise<void> {
    return this.change((store) => {
      for (const { key, value } of puts) {
        if (value === undefined) store.delete(key as IDBValidKey);
        else store.put(value, key as IDBValidKey);
      }
    });
  }

  update(key: DiskKey, change: (value: unknown) => unknown): Promise<void> {
    return this.change((store) => {
      const request = store.get(key as IDBValidKey);
      request.onsuccess = () => {
        const value = change(request.result);
        if (value !== undefined) store.put(value, key as IDBValidKey);
      };
    });
  }

  private change(make: (store: IDBObjectStore) => void): Promise<void> {
    return this.on('readwrite', (store) => {
      const { transaction } = store;
      const safe = new Promise<void>((resolve, reject) => {
        transaction.oncomplete = () => resolve();
        transaction.onabort = () => reject(new Error(`failed to keep data in IndexedDB: ${transaction.error?.message ?? 'aborted'}`));
      });
      make(store);
      return safe;
    });
  }

  /** Runs on in a transaction, which takes requests until on returns. */
  private async on<T>(mode: IDBTransactionMode, on: (store: IDBObjectStore) => Promise<T>): Promise<T> {
    const begin = (db: IDBDatabase) => db.transaction(STORE, mode, { durability: 'strict' }).objectStore(STORE);
    const db = await this.opened();
    let store: IDBObjectStore;
    try {
      store = begin(db);
    } catch {
      this.db = undefined; // it was closed without a word
      store = begin(await this.opened());
    }
    return on(store);
  }

  private opened(): Promise<IDBDatabase> {
    if (this.db !== undefined) return this.db;
    const request = this.factory.open(this.name, 1);
    request.onupgradeneeded = () => request.result.createObjectStore(STORE);
    const opening = done(request);
    const forget = () => {
      if (this.db === opening) this.db = undefined;
    };
    this.db = opening;
    opening.then((db) => {
      db.onclose = forget;
      db.onversionchange = () => {
        forget();
        db.close();
      };
    }, forget);
    return opening;
  }
}

function done<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new Error('IndexedDB failed'));
  });
}

const OPEN_MS = 5000; // some browsers' databases never answer

/** The page's disk; one in memory where IndexedDB is missing or closed to it. */
export async function openDisk(): Promise<Disk> {
  try {
    if (typeof indexedDB !== 'undefined') {
      const late = new Promise<never>((_, reject) => setTimeout(reject, OPEN_MS));
      return await Promise.race([IndexedDisk.open(indexedDB), late]);
    }
  } catch {
    // A private window, or a full disk.
  }
  return new MemoryDisk();
}
