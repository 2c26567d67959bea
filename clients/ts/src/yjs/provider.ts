import type { Client } from '../client';

/** What the provider needs of yjs: `import * as Y from 'yjs'`. */
export interface YjsModule {
  applyUpdate(doc: any, update: Uint8Array, origin?: any): void;
  encodeStateAsUpdate(doc: any, stateVector?: Uint8Array): Uint8Array;
  encodeStateVector(doc: any): Uint8Array;
}

/** What it needs of awareness: `import * as awarenessProtocol from 'y-protocols/awareness'`. */
export interface AwarenessModule {
  Awareness: new (doc: any) => any;
  encodeAwarenessUpdate(awareness: any, clients: number[]): Uint8Array;
  applyAwarenessUpdate(awareness: any, update: Uint8Array, origin: any): void;
  removeAwarenessStates(awareness: any, clients: number[], origin: any): void;
}

export interface YjsProviderOptions {
  Y: YjsModule;
  /** Without it there is no awareness. */
  awarenessProtocol?: AwarenessModule;
  /** An awareness of the document; a new one unless given. */
  awareness?: any;
}

export type YjsProviderEvents = {
  status: (event: { status: 'connecting' | 'connected' | 'disconnected' }) => void;
  sync: (synced: boolean) => void;
  synced: (synced: boolean) => void;
};

/** Keeps a Y.Doc the same as a Yjs room's document, over the client's connection. */
export class YjsProvider {
  synced = false;
  readonly awareness: any;

  constructor(
    readonly client: Client,
    readonly room: string,
    readonly doc: any,
    readonly options: YjsProviderOptions,
  ) {}

  on<E extends keyof YjsProviderEvents>(_event: E, _on: YjsProviderEvents[E]): void {}

  off<E extends keyof YjsProviderEvents>(_event: E, _on: YjsProviderEvents[E]): void {}

  destroy(): void {}
}
