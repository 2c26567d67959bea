import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import * as Y from 'yjs'
import { Client, converge, endAll, until } from './client.mjs'
import { Server } from './server.mjs'

const server = new Server()
before(() => server.start())
after(async () => {
  endAll()
  assert.equal(await server.stop(), 0)
})

/** Runs a test with clients that end with it. */
function meet (name, n, room, play) {
  test(name, async () => {
    const clients = Array.from({ length: n }, () => new Client(server, room))
    try {
      for (const c of clients) await c.synced()
      await play(...clients)
      for (const c of clients) assert.deepEqual(c.closes, [])
    } finally {
      for (const c of clients) c.end()
    }
  })
}

for (const kind of ['notes', 'drafts']) {
  meet(`two clients write all types in ${kind}`, 2, `${kind}/types`, async (ann, bob) => {
    ann.doc.getMap('map').set('title', 'Minutes')
    ann.doc.getMap('map').set('nested', new Y.Map([['deep', new Y.Array()]]))
    bob.doc.getArray('list').push([1, 2.5, 'three', null, { four: [true] }, new Uint8Array([1, 2])])
    await converge(ann, bob)
    const page = bob.doc.getXmlFragment('page')
    bob.doc.transact(() => {
      const paragraph = new Y.XmlElement('p')
      paragraph.setAttribute('align', 'left')
      paragraph.insert(0, [new Y.XmlText('hello')])
      page.insert(0, [paragraph])
    })
    ann.doc.getMap('map').get('nested').get('deep').push(['here'])
    ann.doc.getArray('list').delete(1, 2)
    bob.doc.getMap('map').delete('title')
    await converge(ann, bob)
    assert.equal(ann.doc.getXmlFragment('page').toString(), '<p align="left">hello</p>')
    assert.deepEqual(bob.doc.getMap('map').toJSON(), { nested: { deep: ['here'] } })
    assert.equal(ann.doc.getArray('list').length, 4)
  })
}

meet('rich text, as an editor\'s binding writes it', 2, 'notes/rich', async (ann, bob) => {
  ann.text.applyDelta([{ insert: 'Shopping\n', attributes: { header: 1 } }, { insert: 'milk, ' }, { insert: 'bread', attributes: { bold: true } }, { insert: '\n' }])
  await converge(ann, bob)
  // Both at once, before either has heard of the other.
  bob.text.applyDelta([{ retain: 9 }, { retain: 4, attributes: { italic: true, color: '#c00' } }, { insert: { image: 'milk.png' } }])
  ann.text.applyDelta([{ retain: 15 }, { retain: 5, attributes: { bold: null } }, { insert: ' (rye)', attributes: { link: 'https://example.com' } }])
  bob.text.applyDelta([{ retain: 4 }, { delete: 4 }])
  await converge(ann, bob)
  assert.equal(ann.text.toString(), 'Shop\nmilk, bread (rye)\n')
  assert.deepEqual(ann.text.toDelta().filter(op => op.attributes?.italic), [{ insert: 'milk', attributes: { italic: true, color: '#c00' } }])
})

meet('undo takes back one\'s own', 2, 'notes/undo', async (ann, bob) => {
  const undo = new Y.UndoManager(ann.text)
  ann.text.insert(0, 'mine')
  await converge(ann, bob)
  bob.text.insert(4, ' and yours')
  await converge(ann, bob)
  undo.undo()
  await converge(ann, bob)
  assert.equal(bob.text.toString(), ' and yours')
})

meet('who is here, and what each shows', 2, 'drafts/people', async (ann, bob) => {
  const id = ann.doc.clientID
  ann.awareness.setLocalStateField('user', { name: 'Ann' })
  bob.awareness.setLocalStateField('user', { name: 'Bob' })
  await until(() => bob.awareness.getStates().get(id)?.user?.name === 'Ann', 'Bob to see Ann')
  await until(() => ann.awareness.getStates().get(bob.doc.clientID)?.user?.name === 'Bob', 'Ann to see Bob')
  for (let i = 0; i < 50; i++) ann.awareness.setLocalStateField('cursor', i)
  await until(() => bob.awareness.getStates().get(id)?.cursor === 49, 'Bob to see the last cursor')
  ann.provider.ws.terminate() // the network is gone, and comes back
  await until(() => !bob.awareness.getStates().has(id), 'Ann to leave')
  await until(() => bob.awareness.getStates().get(id)?.cursor === 49, 'Ann to be back')
  ann.closes.length = 0
  ann.provider.disconnect()
  await until(() => !bob.awareness.getStates().has(id), 'Ann to leave for good')
})

meet('offline and back', 2, 'notes/offline', async (ann, bob) => {
  ann.text.insert(0, 'first. ')
  await converge(ann, bob)
  ann.provider.disconnect()
  for (let i = 0; i < 200; i++) ann.text.insert(ann.text.length, 'a')
  for (let i = 0; i < 200; i++) bob.text.insert(0, 'b')
  bob.text.delete(200, 7)
  ann.doc.getMap('map').set('where', 'on a train')
  ann.provider.connect()
  await converge(ann, bob)
  assert.equal(bob.text.toString(), 'b'.repeat(200) + 'a'.repeat(200))
})

meet('a room\'s slash may be percent-encoded', 1, 'notes/slash', async ann => {
  const bob = new Client(server, 'notes%2Fslash')
  try {
    await bob.synced()
    ann.text.insert(0, 'here')
    await converge(ann, bob)
  } finally {
    bob.end()
  }
})

meet('twenty clients', 20, 'notes/crowd', async (...all) => {
  for (let round = 0; round < 10; round++) {
    all.forEach((c, i) => {
      c.text.insert(Math.min(i, c.text.length), `${i},`)
      c.doc.getMap('map').set(`key ${i % 7}`, { round, i })
      if (round % 3 === 2) c.text.delete(0, 1)
    })
    await new Promise(resolve => setTimeout(resolve, 10))
  }
  all.forEach((c, i) => c.awareness.setLocalState({ i }))
  await converge(...all)
  await until(() => all.every(c => [...c.awareness.getStates().values()].filter(s => 'i' in s).length === 20), 'all to see all')
})

meet('a large paste arrives whole', 2, 'notes/paste', async (ann, bob) => {
  const line = 'A line of a long, long document that somebody pastes.\n'
  ann.text.insert(0, line.repeat(40_000)) // 2 MB
  await converge(ann, bob)
  assert.equal(bob.text.length, line.length * 40_000)
})
