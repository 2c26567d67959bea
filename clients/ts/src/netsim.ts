import type { Dial, Transport } from './transport';

/** A network worse than the real one. It may be changed while connections live. */
export interface Conditions {
  /** Milliseconds added to the round trip, half of them each way. */
  latency: number;
  /** Milliseconds, up to which each message is delayed at random on top. */
  jitter: number;
  /** Share of messages that are lost, 0…1: a reliable transport sends them again, so they and all behind them are late. */
  loss: number;
}

/** Dials through the conditions. */
export function simulateNetwork(dial: Dial, conditions: Conditions, random: () => number = Math.random): Dial {
  return (url) => new SlowTransport(dial(url), conditions, random);
}

/** A transport whose messages wait in order, both ways. */
class SlowTransport implements Transport {
  onOpen = () => {};
  onMessage: (message: Uint8Array) => void = () => {};
  onClose: (status: number, reason: string) => void = () => {};
  private readonly up: Lane;
  private readonly down: Lane;

  constructor(
    private readonly inner: Transport,
    conditions: Conditions,
    random: () => number,
  ) {
    this.up = new Lane(conditions, random);
    this.down = new Lane(conditions, random);
    inner.onOpen = () => this.down.pass(() => this.onOpen());
    inner.onMessage = (message) => this.down.pass(() => this.onMessage(message));
    inner.onClose = (status, reason) => this.down.pass(() => this.onClose(status, reason));
  }

  send(message: Uint8Array): void {
    this.up.pass(() => this.inner.send(message));
  }

  close(status?: number, reason?: string): void {
    this.up.pass(() => this.inner.close(status, reason));
  }
}

/** One way of a connection. */
class Lane {
  private free = 0; // when the last message arrives: no later one overtakes it
  private readonly waiting: (() => void)[] = [];

  constructor(
    private readonly conditions: Conditions,
    private readonly random: () => number,
  ) {}

  /** Calls deliver when a message sent now would arrive. */
  pass(deliver: () => void): void {
    const now = performance.now();
    const delay = this.delay();
    if (delay <= 0 && this.waiting.length === 0) {
      deliver();
      return;
    }
    this.free = Math.max(this.free, now + delay);
    this.waiting.push(deliver);
    setTimeout(() => this.waiting.shift()?.(), this.free - now);
  }

  private delay(): number {
    const { latency, jitter, loss } = this.conditions;
    let delay = latency / 2 + this.random() * jitter;
    // TCP notices a loss after about a round trip, at least 200 ms on most systems.
    if (loss > 0 && this.random() < loss) delay += Math.max(200, 1.5 * latency);
    return delay;
  }
}
