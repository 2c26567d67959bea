import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { Client, converge, endAll, until } from './client.mjs'
import { Server } from './server.mjs'

const folder = mkdtempSync(join(tmpdir(), 'parlor-interop-key-'))
const secret = 'a secret of more than thirty-two bytes'
writeFileSync(join(folder, 'key'), secret)
const server = new Server('--auth-keys', join(folder, 'key'))
before(() => server.start())
after(async () => {
  endAll()
  await server.stop()
  rmSync(folder, { recursive: true })
})

/** What the game's identity provider gives its users. */
function identity (sub, claims = {}) {
  const part = value => Buffer.from(JSON.stringify(value)).toString('base64url')
  const text = `${part({ alg: 'HS256', typ: 'JWT' })}.${part({ sub, exp: Math.floor(Date.now() / 1000) + 600, ...claims })}`
  return `${text}.${createHmac('sha256', secret).update(text).digest('base64url')}`
}

/** A token for one room. */
async function grant (user, room) {
  const answer = await fetch(`${server.url}/v1/rooms/${room}/token`, { method: 'POST', headers: { authorization: `Bearer ${user}` } })
  return { status: answer.status, ...await answer.json() }
}

async function enter (user, room) {
  const { token, url } = await grant(user, room)
  assert.equal(url, `${server.yjs}/${room}`)
  return new Client(server, room, { params: { token } })
}

const ann = identity('ann', { name: 'Ann', role: 'writer' })
const bob = identity('bob')

for (const { room, shown } of [{ room: 'wall/main', shown: true }, { room: 'vault/main', shown: false }]) {
  test(`who may not write in ${room} sees, and is ${shown ? '' : 'not '}seen`, async () => {
    const [writer, reader, other] = [await enter(ann, room), await enter(bob, room), await enter(ann, room)]
    for (const c of [writer, reader, other]) await c.synced()
    writer.text.insert(0, 'read this')
    await converge(writer, reader, other)
    reader.awareness.setLocalStateField('user', 'Bob')
    reader.text.insert(0, 'graffiti ')
    reader.doc.getMap('map').set('a', 1)
    if (shown) await until(() => [...writer.awareness.getStates().values()].some(s => s.user === 'Bob'), 'the reader to be seen')
    for (let i = 0; i < 20; i++) writer.text.insert(9, '!')
    await converge(writer, other)
    await until(() => reader.text.toString().endsWith('read this!!!!!!!!!!!!!!!!!!!!'), 'the reader to see all')
    assert.equal(other.text.toString(), 'read this!!!!!!!!!!!!!!!!!!!!')
    assert.equal(other.doc.getMap('map').size, 0)
    if (!shown) assert.ok([...writer.awareness.getStates().values()].every(s => s.user !== 'Bob'))
    const fresh = await (await enter(bob, room)).synced()
    assert.equal(fresh.text.toString(), 'read this!!!!!!!!!!!!!!!!!!!!')
    for (const c of [writer, reader, other, fresh]) c.end()
  })
}

test('a token is for one room, and nobody enters without', async () => {
  const { token, expires } = await grant(ann, 'notes/hers')
  const minutes = (Date.parse(expires) - Date.now()) / 60_000
  assert.ok(minutes > 9 && minutes <= 10, `the token is good for ${minutes} minutes`)
  const cases = {
    'no token': [{}, 4403],
    'a token for another room': [{ token: (await grant(ann, 'notes/other')).token }, 4426],
    'a changed token': [{ token: token.slice(0, -5) + 'AAAAA' }, 4403],
    'nonsense': [{ token: 'x'.repeat(10_000) }, 4403],
    'the identity itself, which no URL may carry': [{ token: ann }, 4403]
  }
  for (const [name, [params, code]] of Object.entries(cases)) {
    const client = new Client(server, 'notes/hers', { params })
    const closed = await client.ended // final: the provider does not come again
    assert.equal(closed.code, code, `${name}: ${closed.reason}`)
    assert.notEqual(closed.reason, '')
    client.end()
  }
  for (const room of ['nothing/x', 'notes', 'notes/a/b', '']) {
    const client = new Client(server, room, { params: { token } })
    assert.ok([4420, 4421].includes((await client.ended).code), `room ${room}`)
    client.end()
  }
  const hers = await new Client(server, 'notes/hers', { params: { token } }).synced()
  hers.end()
  assert.equal((await grant('', 'notes/hers')).status, 401)
  assert.equal((await grant(ann, 'nothing/x')).status, 404)
  for (const text of [token, ann]) assert.ok(!server.log.includes(text), 'a token is in the log')
})
