// Stock Yjs clients (yjs, y-websocket) against a server process:
//
//   node demos/interop/run.mjs
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const here = dirname(fileURLToPath(import.meta.url))
const work = mkdtempSync(join(tmpdir(), 'parlor-interop-'))
try {
  const env = { ...process.env, INTEROP_SERVER: join(work, 'server') }
  const built = spawnSync('go', ['build', '-o', env.INTEROP_SERVER, '.'], { cwd: here, stdio: 'inherit' })
  if (built.status !== 0) process.exit(1)
  const only = process.argv.slice(2)
  const files = readdirSync(here).filter(f => f.endsWith('.test.mjs') && (only.length === 0 || only.some(o => f.includes(o))))
  const { status } = spawnSync(process.execPath, ['--test', '--test-concurrency=2', '--test-timeout=60000', ...files.map(f => join(here, f))], { env, stdio: 'inherit' })
  process.exitCode = status ?? 1
} finally {
  rmSync(work, { recursive: true, force: true })
}
