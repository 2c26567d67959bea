// Bundles the pages' tests with esbuild and runs them with Node's test runner.
import { build } from 'esbuild';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const demos = dirname(fileURLToPath(import.meta.url));
const tests = readdirSync(demos, { recursive: true }).filter((f) => f.endsWith('.test.ts'));
const out = mkdtempSync(join(tmpdir(), 'parlor-demos-'));
try {
  await build({
    entryPoints: tests.map((f) => join(demos, f)),
    outdir: out,
    outbase: demos,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    sourcemap: 'inline',
    logLevel: 'warning',
  });
  const files = readdirSync(out, { recursive: true }).filter((f) => f.endsWith('.mjs')).map((f) => join(out, f));
  const { status } = spawnSync(process.execPath, ['--enable-source-maps', '--test', ...files], { stdio: 'inherit' });
  process.exitCode = status ?? 1;
} finally {
  rmSync(out, { recursive: true, force: true });
}
