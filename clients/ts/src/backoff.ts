/** Times between attempts to connect: exponential growth, full jitter. */
export class Backoff {
  private attempt = 0;

  constructor(
    private readonly first = 250,
    private readonly longest = 30_000,
    private readonly random: () => number = Math.random,
  ) {}

  /** Milliseconds to wait before the next attempt: anything up to a limit that doubles. */
  next(): number {
    const limit = Math.min(this.longest, this.first * 2 ** this.attempt);
    this.attempt++;
    return this.random() * limit;
  }

  /** The attempts made since the last success. */
  get attempts(): number {
    return this.attempt;
  }

  reset(): void {
    this.attempt = 0;
  }
}
