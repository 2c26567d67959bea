// Writes ../testdata/golden.json: histories that yjs made, with the bytes, the
// text and the state vector of the yjs document that took them. Go tests read
// it, so that they need no Node.
//
//   node canvas/yjs/fuzz/golden.mjs
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import * as Y from 'yjs'
import { GoDoc } from './godoc.mjs'
import { Scenario } from './scenario.mjs'

const here = dirname(fileURLToPath(import.meta.url))
const work = mkdtempSync(join(tmpdir(), 'yjs-golden-'))
execFileSync('go', ['build', '-o', join(work, 'fuzz'), '.'], { cwd: here, stdio: 'inherit' })
const go = new GoDoc(join(work, 'fuzz'))
const histories = []
for (let seed = 1; histories.length < 8; seed++) {
  const s = new Scenario(go, seed)
  if (!s.plain) continue
  await s.run()
  const base64 = bytes => Buffer.from(bytes).toString('base64')
  histories.push({
    seed,
    updates: s.applied.map(base64),
    state: base64(Y.encodeStateAsUpdate(s.reference)),
    vector: base64(Y.encodeStateVector(s.reference)),
    text: s.reference.getText('text').toString()
  })
}
go.end()
rmSync(work, { recursive: true })
writeFileSync(join(here, '../testdata/golden.json'), JSON.stringify(histories, null, 1) + '\n')
