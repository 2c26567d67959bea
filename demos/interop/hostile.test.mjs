import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { after, before, test } from 'node:test'
import * as decoding from 'lib0/decoding'
import * as encoding from 'lib0/encoding'
import { WebSocket } from 'ws'
import * as Y from 'yjs'
import { Client, converge, endAll, until } from './client.mjs'
import { Server } from './server.mjs'

const server = new Server()
let ann, bob
before(async () => {
  await server.start()
  ann = await new Client(server, 'notes/peace').synced()
  bob = await new Client(server, 'notes/peace').synced()
})
after(async () => {
  endAll()
  assert.equal(await server.stop(), 0)
})

/** Two who work on, and notice nothing. */
async function peace () {
  ann.text.insert(0, 'a')
  bob.text.insert(bob.text.length, 'b')
  await converge(ann, bob)
  assert.deepEqual([ann.closes, bob.closes], [[], []])
}

/** A connection that speaks bytes; closed is the code of its end. */
async function intrude (room = 'notes/peace') {
  const socket = new WebSocket(`${server.yjs}/${room}`)
  socket.closed = new Promise(resolve => socket.once('close', resolve))
  socket.on('error', () => {})
  await once(socket, 'open')
  return socket
}

const message = (...write) => {
  const e = encoding.createEncoder()
  for (const w of write) typeof w === 'number' ? encoding.writeVarUint(e, w) : encoding.writeVarUint8Array(e, w)
  return encoding.toUint8Array(e)
}
const bytes = (...list) => Uint8Array.from(list)
const huge = bytes(0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01)

const broken = {
  'nothing': bytes(),
  'an unknown message': message(9),
  'an unknown sync step': message(0, 7),
  'a number without an end': bytes(0xff, 0xff, 0xff),
  'a number beyond 64 bits': bytes(...huge, ...huge),
  'a length beyond the message': bytes(0, 2, ...huge, 1, 2, 3),
  'a length of gigabytes': message(0, 2, 0xffffffff),
  'bytes behind the message': bytes(...message(0, 0, bytes(0)), 1),
  'a state vector of billions': message(0, 0, bytes(...huge)),
  'an update of billions of clients': message(0, 2, bytes(...huge, 0)),
  'an update of billions of items': message(0, 2, bytes(1, ...huge, 1, 0)),
  'a deletion of everything': message(0, 2, bytes(0, 1, 1, 1, 0, ...huge)),
  'a half update': message(0, 2, Y.encodeStateAsUpdate(docOf('half')).slice(0, -3)),
  'awareness of billions': message(1, bytes(...huge)),
  'awareness that is no JSON': message(1, bytes(1, 1, 1, 3, 0x7b, 0x7b, 0x7b))
}

function docOf (text) {
  const doc = new Y.Doc()
  doc.getText('text').insert(0, text)
  return doc
}

test('broken bytes close their sender, for good', async () => {
  for (const [name, payload] of Object.entries(broken)) {
    const socket = await intrude()
    socket.send(message(0, 0, bytes(0)))
    socket.send(payload)
    const code = await socket.closed
    assert.ok(code >= 4400 && code < 4500, `${name}: closed with ${code}`)
    await peace()
  }
})

test('text closes its sender', async () => {
  const socket = await intrude()
  socket.send('hello')
  assert.equal(await socket.closed, 4401)
  await peace()
})

test('random and mutated bytes', async () => {
  const good = [message(0, 0, bytes(0)), message(0, 1, Y.encodeStateAsUpdate(docOf('x'))), message(1, bytes(1, 5, 1, 2, 0x7b, 0x7d)), message(3)]
  for (let i = 0; i < 60; i++) {
    const socket = await intrude('drafts/junk')
    for (let j = 0; j < 20; j++) {
      const payload = i % 2 ? randomBytes(1 + j * 7) : Uint8Array.from(good[j % good.length])
      if (i % 2 === 0) payload[(i * 31 + j * 17) % payload.length] ^= 1 << (i % 8)
      if (socket.readyState === WebSocket.OPEN) socket.send(payload)
    }
    socket.close()
    await socket.closed
  }
  await peace()
  const fresh = await new Client(server, 'drafts/junk').synced() // the room still serves
  fresh.end()
})

test('an update that builds on what nobody has is asked for, and not kept', async () => {
  const doc = docOf('first')
  const since = Y.encodeStateVector(doc)
  doc.getText('text').insert(5, ', second')
  const socket = await intrude('drafts/gap')
  const asked = new Promise(resolve => socket.on('message', data => {
    const d = decoding.createDecoder(new Uint8Array(data))
    if (decoding.readVarUint(d) === 0 && decoding.readVarUint(d) === 0) resolve()
  }))
  socket.send(message(0, 2, Y.encodeStateAsUpdate(doc, since)))
  await asked
  socket.send(message(0, 1, Y.encodeStateAsUpdate(doc)))
  const fresh = await new Client(server, 'drafts/gap').synced()
  await until(() => fresh.text.toString() === 'first, second', 'the whole text')
  fresh.end()
  socket.close()
})

test('a document that is full refuses who fills it, and goes on for the others', async () => {
  const [cleo, dan] = [await new Client(server, 'small/full').synced(), await new Client(server, 'small/full').synced()]
  cleo.text.insert(0, 'fits')
  await converge(cleo, dan)
  dan.text.insert(0, 'x'.repeat(1 << 20))
  const { code, reason } = await dan.ended
  assert.ok(code >= 4400 && code < 4500, `closed with ${code} ${reason}`)
  cleo.text.insert(4, ' still')
  const eve = await new Client(server, 'small/full').synced()
  await converge(cleo, eve)
  assert.equal(eve.text.toString(), 'fits still')
  for (const c of [cleo, dan, eve]) c.end()
  await peace()
})

test('a message that is too long closes its sender', async () => {
  const socket = await intrude()
  socket.send(new Uint8Array(9 << 20))
  assert.equal(await socket.closed, 4408)
  await peace()
})

test('a flood closes its sender, who may come again', async () => {
  const socket = await intrude()
  const query = message(3)
  for (let i = 0; i < 40_000 && socket.readyState === WebSocket.OPEN; i++) {
    socket.send(query)
    if (i % 100 === 0) await new Promise(resolve => setImmediate(resolve))
  }
  const code = await socket.closed
  assert.ok(code === 4007 || code === 4009, `closed with ${code}`) // RATE_LIMITED, or SLOW_CLIENT if it reads too little of the answers
  await peace()
})

test('who never reads is closed, and the others work on', async () => {
  const socket = await intrude()
  socket.send(message(0, 0, bytes(0)))
  socket._socket.pause()
  const closed = socket.closed
  for (let i = 0; i < 80; i++) {
    ann.doc.getMap('map').set('large', 'x'.repeat(200_000))
    await new Promise(resolve => setTimeout(resolve, 5))
  }
  await peace()
  socket._socket.resume()
  await closed
})
