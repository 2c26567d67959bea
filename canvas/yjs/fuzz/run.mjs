// Differential fuzzer: stock yjs and y-protocols against the Go document and its
// awareness. Seeds decide all, so that a failing run can be repeated:
//
//   node canvas/yjs/fuzz/run.mjs --seeds 300 --seed 1
//
// Seeds that failed once are kept in seeds.txt and run first, always.
import { execFileSync } from 'node:child_process'
import { appendFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { runAwareness } from './awareness.mjs'
import { GoDoc } from './godoc.mjs'
import { runSeed } from './scenario.mjs'

const here = dirname(fileURLToPath(import.meta.url))
const keptFile = join(here, 'seeds.txt')
const { values: flags } = parseArgs({
  options: {
    seeds: { type: 'string', default: '300' },
    seed: { type: 'string', default: '1' }, // the first
    seconds: { type: 'string', default: '0' }, // stop after so long, if not 0
    only: { type: 'boolean', default: false } // leave the kept seeds out
  }
})

const kept = readFileSync(keptFile, 'utf8').split('\n').filter(line => /^\d+/.test(line)).map(line => parseInt(line))
const fresh = Array.from({ length: Number(flags.seeds) }, (_, i) => Number(flags.seed) + i)
const seeds = [...new Set(flags.only ? fresh : [...kept, ...fresh])]

const work = mkdtempSync(join(tmpdir(), 'yjs-fuzz-'))
const binary = join(work, 'fuzz')
execFileSync('go', ['build', '-o', binary, '.'], { cwd: here, stdio: 'inherit' })

const started = Date.now()
const sums = {}
let failed = 0
let ran = 0
const go = new GoDoc(binary)
try {
  for (const seed of seeds) {
    if (Number(flags.seconds) > 0 && Date.now() - started > 1000 * Number(flags.seconds)) break
    ran++
    try {
      for (const [what, n] of Object.entries({ ...await runSeed(go, seed), ...await runAwareness(go, seed) })) sums[what] = (sums[what] ?? 0) + n
    } catch (error) {
      failed++
      console.error(`seed ${seed} failed: ${error.stack}`)
      if (!kept.includes(seed)) appendFileSync(keptFile, `${seed}\n`)
      if (go.ended || failed >= 5) break
    }
  }
} finally {
  go.end()
  rmSync(work, { recursive: true })
}
console.log(`${ran} seeds, ${failed} failed, ${((Date.now() - started) / 1000).toFixed(1)} s: ${JSON.stringify(sums)}`)
process.exit(failed > 0 ? 1 : 0)
