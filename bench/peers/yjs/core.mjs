// What bench canvas measures of the server's own core, with yjs: one JSON object of the same keys. Those that
// end in _us are microseconds by the clock for each thing done, _cpu_us those that
// the process has computed, which other processes disturb less.
//
//   node bench/peers/yjs/core.mjs --trace typing.bin
//
// With --trace it also writes the updates of its typing, for the Go side.
import { writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import * as Y from 'yjs'
import { Random } from '../../../canvas/yjs/fuzz/random.mjs'

const { values: flags } = parseArgs({
  options: {
    shapes: { type: 'string', default: '10000' },
    moves: { type: 'string', default: '50000' },
    keys: { type: 'string', default: '100000' },
    trace: { type: 'string' }
  }
})
const shapes = Number(flags.shapes)
const moves = Number(flags.moves)
const results = {}

function timed (name, n, f) {
  globalThis.gc?.()
  const from = process.hrtime.bigint()
  const cpu = process.cpuUsage()
  f()
  const { user, system } = process.cpuUsage(cpu)
  results[`${name}_us`] = Number(process.hrtime.bigint() - from) / 1000 / n
  results[`${name}_cpu_us`] = (user + system) / n
}

const geo = (i, n) => ({ h: 80.5, r: 0, w: 120.25, x: i * 10 + n / 4, y: i + n / 8 })

function create (doc, i) {
  doc.transact(() => {
    const shape = new Y.Map()
    doc.getMap('shapes').set(`shape-${i}`, shape)
    shape.set('geo', geo(i, 0))
    shape.set('index', `a${i}`)
    shape.set('kind', 'rect')
    shape.set('parent', '')
    shape.set('props', { corner: 4, shadow: false })
    shape.set('style', { fill: '#ffcc00', opacity: 1, stroke: '#333333', width: 2 })
    shape.set('text', new Y.Text(`Shape ${i}`))
  })
}

const move = (doc, i, n) => doc.transact(() => doc.getMap('shapes').get(`shape-${i}`).set('geo', geo(i, n)))

const doc = new Y.Doc()
let updates = []
doc.on('update', update => updates.push(update))
timed('create', shapes, () => { for (let i = 0; i < shapes; i++) create(doc, i) })
const created = updates
const state = Y.encodeStateAsUpdate(doc)
updates = []
timed('move', moves, () => { for (let n = 0; n < moves; n++) move(doc, (n * 7919) % shapes, n) })
const moved = updates

const other = new Y.Doc()
let bytes = 0
other.on('update', update => { bytes += update.length })
timed('apply_create', created.length, () => { for (const update of created) Y.applyUpdate(other, update) })
timed('apply_move', moved.length, () => { for (const update of moved) Y.applyUpdate(other, update) })
timed('load', 1, () => Y.applyUpdate(new Y.Doc(), state))
timed('encode', 1, () => Y.encodeStateAsUpdate(doc))
results.state_bytes = state.length

// Somebody types, now and then goes elsewhere, or deletes.
const typing = []
const random = new Random(1)
const typist = new Y.Doc()
typist.clientID = 77
typist.on('update', update => typing.push(update))
const text = typist.getText('t')
timed('type', Number(flags.keys), () => {
  let at = 0
  for (let i = 0; i < Number(flags.keys); i++) {
    if (random.chance(0.02)) at = random.below(text.length + 1)
    if (random.chance(0.2) && at > 0) text.delete(--at, 1)
    else text.insert(at++, String.fromCharCode(97 + random.below(26)))
  }
})
const reader = new Y.Doc()
reader.on('update', update => { bytes += update.length })
timed('apply_typing', typing.length, () => { for (const update of typing) Y.applyUpdate(reader, update) })

// Single characters at random places of a long text.
const long = new Y.Doc()
long.getText('t').insert(0, 'x'.repeat(100_000))
timed('random_insert', 20_000, () => {
  const t = long.getText('t')
  for (let i = 0; i < 20_000; i++) t.insert(random.below(t.length + 1), 'y')
})

if (flags.trace) {
  const lengths = typing.map(update => { const b = Buffer.alloc(4); b.writeUInt32LE(update.length); return b })
  writeFileSync(flags.trace, Buffer.concat(typing.flatMap((update, i) => [lengths[i], update])))
}
console.log(JSON.stringify(results))
