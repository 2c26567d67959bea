// Bundles the demos' pages into demos/dist, which is committed and embedded.
//
//     node demos/build.mjs           writes demos/dist
//     node demos/build.mjs --check   fails if demos/dist is not what it would write
import { build } from 'esbuild';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const demos = dirname(fileURLToPath(import.meta.url));
const dist = join(demos, 'dist');
const apps = ['arena', 'walkers', 'tasks', 'bank', 'whiteboard', 'cursors', 'chat', 'notes'];
const pages = { '.': 'web', ...Object.fromEntries(apps.map((name) => [name, `${name}/web`])) }; // folder in dist: its sources
const copied = ['index.html', 'sw.js']; // where there are such
const asleep = ['chat', 'notes']; // open without a server, by the service worker that they share

/** A style sheet as it is, or with those that it imports. */
async function styles(path) {
  const text = readFileSync(path);
  if (!text.includes('@import')) return text;
  const built = await build({ entryPoints: [path], bundle: true, write: false, minify: true, target: 'es2022', charset: 'utf8', legalComments: 'none', logLevel: 'warning' });
  return Buffer.from(built.outputFiles[0].contents);
}

/** Every file of dist with its bytes. */
async function bundle() {
  const files = new Map();
  for (const [to, from] of Object.entries(pages)) {
    const built = await build({
      entryPoints: [join(demos, from, 'main.ts')],
      bundle: true,
      write: false,
      minify: true,
      format: 'esm',
      target: 'es2022',
      charset: 'utf8',
      legalComments: 'none',
      logLevel: 'warning',
    });
    files.set(join(to, 'main.js'), Buffer.from(built.outputFiles[0].contents));
    files.set(join(to, 'style.css'), await styles(join(demos, from, 'style.css')));
    if (asleep.includes(to)) files.set(join(to, 'sw.js'), readFileSync(join(demos, 'people/sw.js')));
    for (const name of copied) if (existsSync(join(demos, from, name))) files.set(join(to, name), readFileSync(join(demos, from, name)));
  }
  return files;
}

function filesIn(dir) {
  if (!existsSync(dir)) return [];
  return readdirSync(dir, { recursive: true, withFileTypes: true })
    .filter((f) => f.isFile())
    .map((f) => relative(dist, join(f.parentPath ?? f.path, f.name)));
}

const files = await bundle();
if (process.argv.includes('--check')) {
  const differ = [...new Set([...files.keys(), ...filesIn(dist)])].filter((name) => {
    const path = join(dist, name);
    return !files.has(name) || !existsSync(path) || !files.get(name).equals(readFileSync(path));
  });
  for (const name of differ) console.error(`demos/dist/${name} is not what its sources give; run: node demos/build.mjs`);
  process.exitCode = differ.length > 0 ? 1 : 0;
} else {
  rmSync(dist, { recursive: true, force: true });
  for (const [name, bytes] of files) {
    mkdirSync(dirname(join(dist, name)), { recursive: true });
    writeFileSync(join(dist, name), bytes);
    console.log(`demos/dist/${name}  ${(bytes.length / 1024).toFixed(1)} KB`);
  }
}
