// One seed of awareness: clients of y-protocols show states, lose the connection
// and come back as y-websocket does; the Go side is their server.
import * as Y from 'yjs'
import { Awareness, applyAwarenessUpdate, encodeAwarenessUpdate, removeAwarenessStates } from 'y-protocols/awareness'
import { canonical } from './dump.mjs'
import { base64 } from './godoc.mjs'
import { Random } from './random.mjs'

export async function runAwareness (go, seed) {
  const room = new Room(go, new Random(seed ^ 0x5eed))
  try {
    await go.start(1)
    for (let steps = 40; steps > 0; steps--) await room.step()
    await room.compare()
    return { returns: room.returns }
  } finally {
    for (const a of room.all) a.destroy()
  }
}

class Room {
  constructor (go, random) {
    this.go = go
    this.random = random
    this.queue = [] // [awareness, update]: on the way to the server
    this.online = new Set()
    this.clients = [] // that the server shows
    this.returns = 0
    this.all = Array.from({ length: 2 + random.below(3) }, () => this.connect())
    for (const a of this.all) this.online.add(a)
  }

  connect () {
    const doc = new Y.Doc()
    doc.clientID = 1 + this.random.below(2 ** 32 - 1)
    const awareness = new Awareness(doc)
    // y-websocket sends on whatever changes, also what it was told.
    awareness.on('update', ({ added, updated, removed }) => {
      if (this.online.has(awareness)) this.queue.push([awareness, encodeAwarenessUpdate(awareness, [...added, ...updated, ...removed])])
    })
    return awareness
  }

  async step () {
    const { random } = this
    const a = random.pick(this.all)
    switch (random.below(4)) {
      case 0: this.online.has(a) ? await this.leave(a) : await this.join(a); break
      case 1: a.setLocalState(random.chance(0.2) ? null : { cursor: random.below(99), name: 'é🎉' }); break
      case 2: if (a.getLocalState()) a.setLocalStateField('typing', random.chance(0.5)); break
    }
    await this.drain()
  }

  async leave (a) {
    this.online.delete(a)
    this.queue = this.queue.filter(([from]) => from !== a)
    removeAwarenessStates(a, [...a.getStates().keys()].filter(id => id !== a.clientID), 'close')
    this.take(null, await this.go.awareness({ op: 'leave', client: a.clientID }))
  }

  // Who comes back is shown at once, whatever its clock.
  async join (a) {
    this.online.add(a)
    if (a.getLocalState() === null) return
    this.returns++
    this.queue.push([a, encodeAwarenessUpdate(a, [a.clientID])])
    await this.drain()
    if (!this.clients.includes(a.clientID)) throw new Error('a client that came back is not shown')
    for (const other of this.online) {
      if (!other.getStates().has(a.clientID)) throw new Error('a client that came back is not seen by another')
    }
  }

  async drain () {
    for (let n = 0; this.queue.length > 0; n++) {
      if (n > 1000) throw new Error('no end of awareness updates')
      const [from, update] = this.queue.shift()
      this.take(from, await this.go.awareness({ op: 'awareness', update: base64(update) }))
    }
  }

  take (from, { broadcast, answer, everyone, clients }) {
    this.clients = clients
    this.everyone = everyone
    if (broadcast) for (const a of this.online) applyAwarenessUpdate(a, broadcast, 'server')
    if (answer && this.online.has(from)) applyAwarenessUpdate(from, answer, 'server')
  }

  // After everyone has renewed its state all see the same.
  async compare () {
    for (const a of this.all) this.online.add(a)
    for (const a of this.all) a.setLocalState(a.getLocalState() ?? { late: true })
    await this.drain()
    const states = a => canonical(Object.fromEntries(a.getStates()))
    const server = new Awareness(new Y.Doc())
    server.setLocalState(null)
    applyAwarenessUpdate(server, this.everyone, 'server')
    server.destroy()
    for (const a of this.all) {
      if (states(a) !== states(server)) throw new Error(`awareness differs:\n  go  ${states(server)}\n  yjs ${states(a)}`)
    }
  }
}
