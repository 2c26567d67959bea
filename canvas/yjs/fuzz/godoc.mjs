// The Go document, over the lines of a child process.
import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'

export class GoDoc {
  constructor (binary) {
    this.child = spawn(binary, { stdio: ['pipe', 'pipe', 'inherit'] })
    this.waiting = []
    this.ended = false
    createInterface({ input: this.child.stdout }).on('line', line => this.waiting.shift().resolve(JSON.parse(line)))
    this.child.on('exit', code => {
      this.ended = true
      for (const { reject } of this.waiting) reject(new Error(`the Go side ended with code ${code}`))
    })
  }

  ask (request) {
    return new Promise((resolve, reject) => {
      this.waiting.push({ resolve, reject })
      this.child.stdin.write(JSON.stringify(request) + '\n')
    })
  }

  async start (client) { await this.ask({ op: 'new', client }) }

  // An update; { diff, missing, changes }, diff empty when nothing was new.
  async apply (update) {
    const reply = await this.ask({ op: 'apply', update: base64(update) })
    if (reply.error && !reply.missing) throw new Error(`apply: ${reply.error}`)
    return { diff: bytes(reply.diff), missing: reply.missing === true, changes: reply.changes ?? [] }
  }

  async edit (seed) {
    const reply = await this.ask({ op: 'edit', seed })
    if (reply.error) throw new Error(`edit: ${reply.error}`)
    return bytes(reply.diff)
  }

  async state (since) {
    const reply = await this.ask({ op: 'state', since: since && base64(since) })
    if (reply.error) throw new Error(`state: ${reply.error}`)
    return { state: bytes(reply.state), content: reply.content }
  }

  // What a client's awareness update, or a client's leaving, leads to.
  async awareness (request) {
    const reply = await this.ask(request)
    if (reply.error) throw new Error(`${request.op}: ${reply.error}`)
    return { broadcast: bytes(reply.broadcast), answer: bytes(reply.answer), everyone: bytes(reply.everyone), clients: reply.clients ?? [] }
  }

  end () { this.child.stdin.end() }
}

export const base64 = update => Buffer.from(update).toString('base64')
const bytes = text => text ? new Uint8Array(Buffer.from(text, 'base64')) : null
