import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const LONGEST_DRAIN_MS = 20_000;

/** A server built from this source, which ends with this process at the latest. */
export class Server {
  log = '';
  port = 0;
  #process;

  /** Builds the server into a folder, where it will also keep its data. */
  constructor(folder) {
    this.binary = join(folder, 'parlor');
    this.data = join(folder, 'data');
    const { status, stderr } = spawnSync('go', ['build', '-o', this.binary, './cmd/parlor'], { cwd: ROOT, encoding: 'utf8' });
    if (status !== 0) throw new Error(`the server does not build:\n${stderr}`);
  }

  /** Starts the server on a free port and waits until it listens; again after a stop, with the same data. */
  async start() {
    this.log = '';
    this.port = 0;
    const child = spawn(this.binary, ['serve', '--addr', '127.0.0.1:0', '--admin', 'off', '--data', this.data], { stdio: ['ignore', 'pipe', 'pipe'] });
    this.#process = child;
    process.on('exit', () => child.kill('SIGKILL'));
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => process.exit(1));
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text) => (this.log += text));
    const ended = once(child, 'exit');
    while (this.port === 0) {
      await Promise.race([once(child.stdout, 'data'), ended]);
      if (!this.#runs) throw new Error(`the server did not start:\n${this.log}`);
      this.port = Number(/http:\/\/127\.0\.0\.1:(\d+)/.exec(this.log)?.[1] ?? 0);
    }
  }

  /** Ends the server as an operator does; gives its exit status, or the signal that ended it. */
  async stop() {
    const child = this.#process;
    if (this.#runs) {
      const ended = once(child, 'exit');
      child.kill('SIGTERM');
      const late = setTimeout(() => child.kill('SIGKILL'), LONGEST_DRAIN_MS);
      await ended;
      clearTimeout(late);
    }
    return child?.exitCode ?? child?.signalCode;
  }

  /** Ends the server as a power cut does. */
  async kill() {
    const ended = once(this.#process, 'exit');
    this.#process.kill('SIGKILL');
    await ended;
  }

  /** Replays what the rooms have recorded; gives exit status and output. */
  replay() {
    const { status, stdout, stderr } = spawnSync(this.binary, ['replay', 'verify', join(this.data, 'recordings')], { encoding: 'utf8' });
    return { status, output: stdout + stderr };
  }

  get #runs() {
    return this.#process !== undefined && this.#process.exitCode === null && this.#process.signalCode === null;
  }
}
