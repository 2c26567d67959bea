// One seed: clients edit, lose the connection, come back; the Go document is
// their server. In plain mode, without edits of the server's own, a yjs document
// takes the same updates in the same order, and bytes must be equal.
import * as Y from 'yjs'
import { canonical, dumpDoc } from './dump.mjs'
import { editDoc } from './edits.mjs'
import { Random } from './random.mjs'

export async function runSeed (go, seed) {
  const s = new Scenario(go, seed)
  await s.run()
  return s.counts
}

class Client {
  constructor (id, random) {
    this.doc = new Y.Doc()
    this.doc.clientID = id
    this.online = true
    this.outbox = [] // to the server
    this.inbox = [] // from the server
    const roots = [this.doc.getMap('map'), this.doc.getArray('array'), this.doc.getText('text'), this.doc.getXmlFragment('xml')]
    this.undo = random.chance(0.5) ? new Y.UndoManager(roots, { captureTimeout: 0, trackedOrigins: new Set(['local']) }) : null
    // Also the formats that yjs tidies up after a remote update are local edits.
    this.doc.on('update', (update, _origin, _doc, transaction) => { if (transaction.local) this.outbox.push(update) })
  }
}

export class Scenario {
  constructor (go, seed) {
    this.go = go
    this.random = new Random(seed)
    this.plain = this.random.chance(0.5)
    this.random.crowded = this.random.chance(0.4)
    this.server = 1 + this.random.below(2 ** 32 - 1)
    this.clients = Array.from({ length: 2 + this.random.below(4) }, () => new Client(1 + this.random.below(2 ** 32 - 1), this.random))
    this.reference = new Y.Doc()
    this.emitted = [] // what the reference sent on
    this.reference.on('update', update => this.emitted.push(update))
    this.changed = [] // the changes of the reference's transactions
    this.reference.on('afterTransaction', transaction => this.changed.push(changes(transaction)))
    this.applied = [] // by Go and reference alike
    this.counts = { updates: 0, missing: 0, serverEdits: 0, plain: this.plain ? 1 : 0, bytes: 0 }
  }

  async run () {
    await this.go.start(this.server)
    for (let steps = 30 + this.random.below(90); steps > 0; steps--) await this.step(this.random.pick(this.clients))
    await this.settle()
    await this.compare()
  }

  async step (client) {
    const { random } = this
    switch (random.below(12)) {
      case 0: client.online = !client.online; break
      case 8: if (random.crowded) this.exchange(client, random.pick(this.clients)); else editDoc(client.doc, random); break
      case 1: case 2: await this.send(client); break
      case 3: case 4: this.deliver(client, random.chance(0.7)); break
      case 5: if (client.undo) random.chance(0.6) ? client.undo.undo() : client.undo.redo(); break
      case 6: if (client.online && random.chance(0.3)) await this.sync(client); break
      case 7:
        if (!this.plain) await this.serverEdit()
        else if (random.chance(0.3)) await this.compareBytes()
        break
      default: editDoc(client.doc, random)
    }
  }

  // What a client wants to send reaches the server in any order, some of it
  // twice; what has arrived too early stays.
  async send (client) {
    if (!client.online) return
    const { random } = this
    const updates = random.chance(0.5) ? random.shuffle(client.outbox) : client.outbox
    client.outbox = []
    for (const update of updates) {
      const missing = await this.toServer(update)
      if (missing || random.chance(0.1)) client.outbox.push(update)
    }
  }

  // Sync steps 1 and 2, both ways.
  async sync (client) {
    const { state } = await this.go.state()
    const missing = await this.toServer(Y.encodeStateAsUpdate(client.doc, Y.encodeStateVectorFromUpdate(state)))
    if (!missing) client.outbox = []
    client.inbox.push((await this.go.state(Y.encodeStateVector(client.doc))).state)
    return missing
  }

  // Two clients meet without the server, so that it hears of their edits in an
  // order of its own.
  exchange (client, other) {
    Y.applyUpdate(other.doc, Y.encodeStateAsUpdate(client.doc, Y.encodeStateVector(other.doc)), 'remote')
  }

  deliver (client, shuffled) {
    if (!client.online) return
    const updates = shuffled ? this.random.shuffle(client.inbox) : client.inbox
    client.inbox = []
    for (const update of updates) {
      Y.applyUpdate(client.doc, update, 'remote')
      if (shuffled && this.random.chance(0.1)) client.inbox.push(update)
    }
  }

  async toServer (update) {
    this.counts.updates++
    const { diff, missing, changes } = await this.go.apply(update)
    if (missing) {
      this.counts.missing++
      if (this.plain) this.checkMissing(update)
      return true
    }
    this.broadcast(diff)
    if (this.plain) await this.follow(update, diff, changes)
    return false
  }

  broadcast (diff) {
    if (diff) for (const client of this.clients) client.inbox.push(diff)
  }

  // The reference takes the update, too, and sends on the same bytes. What it
  // tidies up afterwards is its own edit, which then goes to the Go side.
  async follow (update, diff, changes) {
    this.applied.push(update)
    this.emitted = []
    this.changed = []
    Y.applyUpdate(this.reference, update)
    const [first, ...rest] = this.emitted
    equalBytes(diff, first ?? null, 'diff')
    equal(changes, this.changed[0], 'changes')
    for (const tidied of rest) {
      this.applied.push(tidied)
      const reply = await this.go.apply(tidied)
      equalBytes(reply.diff, tidied, 'diff of tidying')
      this.broadcast(reply.diff)
    }
  }

  checkMissing (update) {
    const copy = new Y.Doc()
    Y.applyUpdate(copy, Y.encodeStateAsUpdate(this.reference))
    Y.applyUpdate(copy, update)
    if (!copy.store.pendingStructs && !copy.store.pendingDs) throw new Error('refused as missing something, but yjs applies it')
  }

  async serverEdit () {
    this.counts.serverEdits++
    this.broadcast(await this.go.edit(this.random.uint32()))
  }

  // All come back and exchange everything until nobody has anything to say.
  async settle () {
    for (let rounds = 0; ; rounds++) {
      if (rounds > 50) throw new Error('no end of exchanging updates')
      for (const client of this.clients) {
        client.online = true
        this.deliver(client, false)
        await this.send(client)
        if (rounds < 2 && await this.sync(client) && rounds > 0) throw new Error('a whole state misses something')
      }
      if (rounds > 2 && this.clients.every(c => c.inbox.length === 0 && c.outbox.length === 0)) return
    }
  }

  async compareBytes () {
    equalBytes((await this.go.state()).state, Y.encodeStateAsUpdate(this.reference), 'state')
    const since = Y.encodeStateVector(this.random.pick(this.clients).doc)
    equalBytes((await this.go.state(since)).state, Y.encodeStateAsUpdate(this.reference, since), 'state since')
    this.counts.bytes++
  }

  async compare () {
    const { state, content } = await this.go.state()
    const copy = new Y.Doc()
    Y.applyUpdate(copy, state)
    for (const doc of [copy, ...this.clients.map(c => c.doc)]) {
      equal(content, dumpDoc(doc), 'content')
      equal(vector(state), vector(Y.encodeStateAsUpdate(doc)), 'state vector')
      equal(deletions(state), deletions(Y.encodeStateAsUpdate(doc)), 'delete set')
    }
    if (this.plain) await this.compareBytes()
  }
}

// What a transaction changed, as changes of dump.go names it.
function changes (transaction) {
  const list = []
  for (const [type, keys] of transaction.changed) {
    if (type._item?.deleted) continue
    let path = ''
    let at = type
    for (; at._item; at = at._item.parent) path = '/' + (at._item.parentSub ?? `${at._item.id.client}:${at._item.id.clock}`) + path
    for (const [name, root] of transaction.doc.share) if (root === at) path = name + path
    for (const key of keys) list.push(`${path} ${key ?? '*'}`)
  }
  return list.sort()
}

const vector = update => Object.fromEntries(Y.decodeStateVector(Y.encodeStateVectorFromUpdate(update)))
const deletions = update => Object.fromEntries([...Y.decodeUpdate(update).ds.clients].map(([client, items]) => [client, items.map(i => [i.clock, i.len])]))

function equal (go, yjs, what) {
  if (canonical(go) !== canonical(yjs)) throw new Error(`${what} differs:\n  go  ${canonical(go)}\n  yjs ${canonical(yjs)}`)
}

function equalBytes (go, yjs, what) {
  if (go === null ? yjs !== null : yjs === null || Buffer.compare(go, yjs) !== 0) {
    throw new Error(`bytes of ${what} differ:\n  go  ${go && Buffer.from(go).toString('hex')}\n  yjs ${yjs && Buffer.from(yjs).toString('hex')}`)
  }
}
