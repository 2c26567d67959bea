// Bundles the browser client into clients/ts/dist, which is committed and which
// every server serves: parlor.js is for games, parlor-records.js has record
// rooms too, parlor-together.js presence, boards and Yjs rooms as well.
//
//     node clients/ts/build.mjs           writes them
//     node clients/ts/build.mjs --check   fails if they are not what it would write
import { build } from 'esbuild';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
for (const [name, source] of [['parlor.js', 'index.ts'], ['parlor-records.js', 'records.ts'], ['parlor-together.js', 'together.ts']]) {
  const target = join(here, 'dist', name);
  const built = await build({
    entryPoints: [join(here, 'src', source)],
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
    console.log(`clients/ts/dist/${name}  ${(bytes.length / 1024).toFixed(1)} KB`);
  } else if (!existsSync(target) || !readFileSync(target).equals(bytes)) {
    console.error(`clients/ts/dist/${name} is not what its sources give; run: node clients/ts/build.mjs`);
    process.exitCode = 1;
  }
}
