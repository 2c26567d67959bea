import assert from 'node:assert/strict'
import { WebSocket } from 'ws'
import { WebsocketProvider } from 'y-websocket'
import * as Y from 'yjs'

const PATIENCE_MS = 20_000

const clients = new Set()

/** A stock client: a document and its provider. */
export class Client {
  constructor (server, room, options = {}) {
    this.doc = new Y.Doc()
    this.provider = new WebsocketProvider(server.yjs ?? server, room, this.doc, { WebSocketPolyfill: WebSocket, disableBc: true, maxBackoffTime: 200, ...options })
    this.closes = [] // codes of connections that the server has ended
    this.provider.on('connection-close', event => event && this.closes.push(event.code))
    clients.add(this)
    this.ended = new Promise(resolve => this.provider.on('closed', resolve))
  }

  get awareness () { return this.provider.awareness }
  get text () { return this.doc.getText('text') }

  async synced () {
    await until(() => this.provider.synced, 'the client to be in sync')
    return this
  }

  /** All that the document holds. */
  get content () {
    return {
      text: this.text.toDelta(),
      map: this.doc.getMap('map').toJSON(),
      list: this.doc.getArray('list').toJSON(),
      page: this.doc.getXmlFragment('page').toString()
    }
  }

  end () {
    clients.delete(this)
    this.provider.destroy()
    this.doc.destroy()
  }
}

/** Ends those that a failed test has left, which would keep the process. */
export function endAll () {
  for (const c of clients) c.end()
}

/** Waits until a condition holds. */
export async function until (condition, what) {
  for (const end = Date.now() + PATIENCE_MS; !condition();) {
    if (Date.now() > end) throw new Error(`waited too long for ${what}`)
    await new Promise(resolve => setTimeout(resolve, 5))
  }
}

/** Waits until all clients hold the same edits and deletions. */
export async function converge (...clients) {
  const [first, ...others] = clients
  await until(() => {
    const snapshot = Y.snapshot(first.doc)
    return others.every(c => Y.equalSnapshots(snapshot, Y.snapshot(c.doc)))
  }, `${clients.length} clients to hold the same`)
  for (const c of others) assert.deepEqual(c.content, first.content)
}
