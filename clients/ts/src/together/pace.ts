/**
 * Calls flush at most as often as the rate says: at the end of the current
 * task if the last time is long enough ago, else when it is.
 */
export class Pace {
  /** Times a second. */
  hz = 30;
  private last = -Infinity;
  private asked = 0; // counts up; 0: not asked
  private count = 0;
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly now: () => number,
    private readonly flush: () => void,
  ) {}

  ask(): void {
    if (this.asked !== 0) return;
    const mine = (this.asked = ++this.count);
    const run = () => {
      if (this.asked === mine) this.run();
    };
    const wait = this.last + 1000 / this.hz - this.now();
    if (wait <= 0) queueMicrotask(run);
    else this.timer = setTimeout(run, wait);
  }

  /** Flushes now, if it was asked to. */
  hurry(): void {
    if (this.asked !== 0) this.run();
  }

  /** Forgets that it was asked. */
  stop(): void {
    clearTimeout(this.timer);
    this.asked = 0;
  }

  private run(): void {
    this.stop();
    this.last = this.now();
    this.flush();
  }
}
