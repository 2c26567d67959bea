import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A server process with a folder of its own, which ends with this process at the latest. */
export class Server {
  log = ''
  port = 0
  #folder = mkdtempSync(join(tmpdir(), 'parlor-interop-data-'))
  #flags
  #process

  constructor (...flags) {
    this.#flags = flags
    process.on('exit', () => {
      this.#process?.kill('SIGKILL')
      rmSync(this.#folder, { recursive: true, force: true })
    })
  }

  /** Starts it on a free port; again after it has ended, on the same port and with the same data. */
  async start () {
    const flags = ['serve', '--addr', `127.0.0.1:${this.port}`, '--admin', 'off', '--data', join(this.#folder, 'data'), '--log-level', 'debug', ...this.#flags]
    const child = spawn(process.env.INTEROP_SERVER, flags, { stdio: ['ignore', 'pipe', 'pipe'] })
    this.#process = child
    let output = ''
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', text => { output += text; this.log += text })
    const ended = once(child, 'exit')
    for (;;) {
      const url = /http:\/\/127\.0\.0\.1:(\d+)/.exec(output)
      if (url) {
        this.port = Number(url[1])
        return
      }
      await Promise.race([once(child.stdout, 'data'), ended])
      if (child.exitCode !== null) throw new Error(`the server did not start:\n${output}`)
    }
  }

  get url () { return `http://127.0.0.1:${this.port}` }

  /** The server as a y-websocket provider takes it. */
  get yjs () { return `ws://127.0.0.1:${this.port}/yjs` }

  /** Ends it as an operator does. */
  async stop () { return this.#end('SIGTERM') }

  /** Ends it as a power cut does. */
  async kill () { return this.#end('SIGKILL') }

  async #end (signal) {
    const child = this.#process
    if (child.exitCode !== null || child.signalCode !== null) return child.exitCode
    const ended = once(child, 'exit')
    child.kill(signal)
    await ended
    return child.exitCode
  }
}
