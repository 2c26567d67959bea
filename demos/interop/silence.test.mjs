// The clients' clocks run twenty times as fast as the server's, so that a
// minute and a half of silence is over soon. Before anything else: the
// libraries take the clock when they are loaded.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'

const SPEED = 20
const { now } = Date
const start = now()
const { setInterval: every, setTimeout: later } = globalThis
Date.now = () => start + (now() - start) * SPEED
globalThis.setInterval = (f, ms, ...rest) => every(f, ms / SPEED, ...rest)

const { Client, endAll } = await import('./client.mjs')
const { Server } = await import('./server.mjs')

const server = new Server()
before(() => server.start())
after(() => {
  endAll()
  return server.stop()
})

test('a client that is alone is not dropped for silence', async () => {
  const lone = new Client(server, 'notes/alone')
  await new Promise(resolve => lone.provider.once('synced', resolve))
  let dropped = 0
  lone.provider.on('connection-close', () => dropped++)
  await new Promise(resolve => later(resolve, 100_000 / SPEED))
  assert.equal(dropped, 0)
  assert.ok(lone.provider.wsconnected)
  lone.end()
})
