import type { RoundTrip, TickClock } from './clock';

const LONGEST_LEAD = 24; // ticks; the server keeps 32
const LARGEST_STEP = 8; // ticks that are sent at once after a pause; more are skipped

/**
 * Decides which ticks' commands are due, so that each reaches the server just
 * before the tick that it names.
 */
export class CommandPacer {
  private next = 0; // the next tick to name
  private first = 0; // the first one since the last pause
  private extra = 0; // ticks of lead added because commands came late

  constructor(
    private readonly clock: TickClock,
    private readonly roundTrip: RoundTrip,
  ) {}

  /** The tick, as a fraction, that a command sent now should name. */
  target(now: number): number {
    const { clock, roundTrip } = this;
    const milliseconds = roundTrip.mean + 2 * roundTrip.jitter + clock.jitter;
    const lead = milliseconds / clock.period + 1 + this.extra;
    return clock.arrivingAt(now) + Math.min(lead, LONGEST_LEAD);
  }

  /** The ticks whose commands should be sent now, in order; none before the first frame. */
  due(now: number): number[] {
    if (!this.clock.synchronised) return [];
    const target = Math.floor(this.target(now));
    if (target - this.next >= LARGEST_STEP || this.next - target > LARGEST_STEP) this.next = this.first = target;
    const ticks: number[] = [];
    while (this.next <= target) ticks.push(this.next++);
    return ticks;
  }

  /** How much of the time between the last due tick and the next has passed, 0…1. */
  fraction(now: number): number {
    return Math.max(0, Math.min(1, this.target(now) - (this.next - 1)));
  }

  /** Notes that the state of a tick acknowledges a command: an older one means that commands come late. */
  acknowledged(tick: number, ack: number): void {
    if (tick < this.first || tick >= this.next) return;
    if (ack < tick) this.extra = Math.min(this.extra + 0.1, LONGEST_LEAD);
    else this.extra = Math.max(0, this.extra - 0.005);
  }

  /** Starts anew, as after a reconnection. */
  reset(): void {
    this.next = this.first = 0;
    this.extra = 0;
  }
}
