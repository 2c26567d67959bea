import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import * as Y from 'yjs'
import { Client, converge, endAll, until } from './client.mjs'
import { Server } from './server.mjs'

const server = new Server()
before(() => server.start())
after(() => {
  endAll()
  return server.kill()
})

test('what others have seen of a durable room outlives a power cut', async () => {
  for (let round = 0; round < 3; round++) {
    const [ann, bob] = [new Client(server, 'notes/power'), new Client(server, 'notes/power')]
    await ann.synced()
    await bob.synced()
    const before = bob.text.length
    const typing = setInterval(() => { for (let i = 0; i < 20; i++) ann.text.insert(ann.text.length, 'x') }, 1)
    await until(() => bob.text.length > before + 300, 'Bob to see Ann type')
    await server.kill()
    clearInterval(typing)
    const seen = Y.snapshot(bob.doc)
    for (const c of [ann, bob]) c.end()
    await server.start()

    const cleo = new Client(server, 'notes/power') // knows nothing but what the server tells
    await cleo.synced()
    for (const [client, clock] of seen.sv) {
      const held = Y.snapshot(cleo.doc).sv.get(client) ?? 0
      assert.ok(held >= clock, `of ${clock} edits that Bob has seen the server kept ${held}`)
    }
    cleo.end()
  }
})

test('clients bring back what the server has lost, and what they wrote without it', async () => {
  for (const room of ['notes/back', 'drafts/back']) {
    const [ann, bob] = [new Client(server, room), new Client(server, room)]
    await ann.synced()
    await bob.synced()
    ann.text.insert(0, 'before. ')
    await converge(ann, bob)
    const seeEachOther = () => until(() => ann.awareness.getStates().get(bob.doc.clientID)?.name === 'Bob' &&
      bob.awareness.getStates().get(ann.doc.clientID)?.name === 'Ann', 'Ann and Bob to see each other')
    ann.awareness.setLocalState({ name: 'Ann' })
    bob.awareness.setLocalState({ name: 'Bob' })
    await seeEachOther()
    const typing = setInterval(() => ann.text.insert(ann.text.length, 'a'), 1)
    await server.kill()
    bob.text.insert(0, 'meanwhile. ')
    await server.start()
    clearInterval(typing)
    await converge(ann, bob)
    await seeEachOther() // at once, not when they renew their states after 15 seconds
    assert.match(ann.text.toString(), /^meanwhile\. before\. a*$/)
    for (const c of [ann, bob]) c.end()
  }
})

test('an orderly end tells clients to come again, and loses nothing', async () => {
  const ann = new Client(server, 'drafts/orderly')
  await ann.synced()
  ann.text.insert(0, 'kept')
  const bob = new Client(server, 'drafts/orderly')
  await bob.synced()
  await converge(ann, bob)
  assert.equal(await server.stop(), 0)
  await until(() => ann.closes.length > 0, 'the connection to be closed')
  assert.equal(ann.closes[0], 4011) // GOING_AWAY, not final
  for (const c of [ann, bob]) c.end()
  await server.start()
  const cleo = await new Client(server, 'drafts/orderly').synced()
  assert.equal(cleo.text.toString(), 'kept')
  cleo.end()
})
