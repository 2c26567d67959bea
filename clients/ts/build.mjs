// Bundles the browser client into clients/ts/dist/parlor.js, which is committed
// and which every server serves at /parlor.js.
//
//     node clients/ts/build.mjs           writes it
//     node clients/ts/build.mjs --check   fails if it is not what it would write
import { build } from 'esbuild';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const target = join(here, 'dist', 'parlor.js');
const built = await build({
  entryPoints: [join(here, 'src', 'index.ts')],
  bundle: true,
  write: false,
  minify: true,
  format: 'esm',
  target: 'es2022',
  charset: 'utf8',
  legalComments: 'none',
  logLevel: 'warning',
});
const bytes = Buffer.from(built.outputFiles[0].contents);
if (!process.argv.includes('--check')) {
  mkdirSync(dirname(target), { recursive: true });
  writeFileSync(target, bytes);
  console.log(`clients/ts/dist/parlor.js  ${(bytes.length / 1024).toFixed(1)} KB`);
} else if (!existsSync(target) || !readFileSync(target).equals(bytes)) {
  console.error('clients/ts/dist/parlor.js is not what its sources give; run: node clients/ts/build.mjs');
  process.exitCode = 1;
}
