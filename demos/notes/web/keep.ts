import * as Y from 'yjs';

const PAUSE_MS = 400; // after an edit, until the document is kept

/**
 * Keeps a document in this browser, so that it is here without a server, with
 * what was written meanwhile. Ready once it holds what was kept.
 */
export async function keep(name: string, doc: Y.Doc): Promise<void> {
  let home: IDBDatabase;
  try {
    home = await done(openHome());
    const kept = await done(store(home, 'readonly').get(name));
    if (kept instanceof Uint8Array) Y.applyUpdate(doc, kept, 'kept');
  } catch {
    return; // a browser that keeps nothing: the document lives as long as the page
  }
  let timer: ReturnType<typeof setTimeout> | undefined;
  const save = () => {
    clearTimeout(timer);
    timer = undefined;
    store(home, 'readwrite').put(Y.encodeStateAsUpdate(doc), name);
  };
  doc.on('update', () => (timer ??= setTimeout(save, PAUSE_MS)));
  addEventListener('pagehide', () => timer !== undefined && save());
}

function openHome(): IDBOpenDBRequest {
  const request = indexedDB.open('parlor.notes', 1);
  request.onupgradeneeded = () => request.result.createObjectStore('documents');
  return request;
}

function store(home: IDBDatabase, mode: IDBTransactionMode): IDBObjectStore {
  return home.transaction('documents', mode).objectStore('documents');
}

function done<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}
