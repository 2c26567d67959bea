/**
 * Estimates which tick's state arrives now, as a fraction, from when frames
 * arrived. It follows the earliest arrivals: later ones were delayed on the way.
 */
export class TickClock {
  /** Mean deviation of arrivals from the estimate, in milliseconds. */
  jitter = 0;
  private tick = 0;
  private time = 0;
  private rate: number; // ticks per millisecond; less than nominal while the room's time dilates
  private mark: { tick: number; time: number } | undefined;
  private known = false;

  constructor(readonly hz: number) {
    this.rate = hz / 1000;
  }

  /** True once a frame has arrived. */
  get synchronised(): boolean {
    return this.known;
  }

  /** Milliseconds per tick at present. */
  get period(): number {
    return 1 / this.rate;
  }

  /** The tick whose state arrives at this local time. */
  arrivingAt(now: number): number {
    return this.known ? this.tick + (now - this.time) * this.rate : 0;
  }

  /** Notes that the state of a tick arrived. */
  arrived(tick: number, now: number): void {
    const error = tick - this.arrivingAt(now); // > 0: earlier than expected
    if (!this.known || Math.abs(error) > this.hz) {
      this.restart(tick, now);
      return;
    }
    this.jitter += (Math.abs(error) / this.rate - this.jitter) / 16;
    this.measureRate(tick, now);
    const estimate = this.arrivingAt(now);
    // At once to earlier arrivals, slowly to later ones.
    this.tick = estimate + error * (error > 0 ? 0.25 : 0.02);
    this.time = now;
  }

  /** Forgets the past, as after a pause. */
  restart(tick: number, now: number): void {
    this.known = true;
    this.tick = tick;
    this.time = now;
    this.rate = this.hz / 1000;
    this.mark = { tick, time: now };
  }

  /** Measures the rate over spans of two seconds, to follow time dilation. */
  private measureRate(tick: number, now: number): void {
    const { mark } = this;
    if (mark === undefined || now - mark.time < 2000) return;
    const nominal = this.hz / 1000;
    const measured = (tick - mark.tick) / (now - mark.time);
    // A room is never faster than its rate, and arrivals scatter by a few per cent.
    const target = measured > 0.97 * nominal ? nominal : Math.max(measured, nominal / 10);
    this.tick = this.arrivingAt(now);
    this.time = now;
    this.rate += (target - this.rate) / 2;
    this.mark = { tick, time: now };
  }
}

/** Measures the round trip from pings. */
export class RoundTrip {
  /** Smoothed round trip in milliseconds; 0 before the first measurement. */
  mean = 0;
  /** Mean deviation of the round trip in milliseconds. */
  jitter = 0;
  /** The last measurement in milliseconds. */
  last = 0;

  /** Adds a measurement (RFC 6298's filter). */
  add(ms: number): void {
    if (this.mean === 0) {
      this.mean = ms;
      this.jitter = ms / 2;
    } else {
      this.jitter += (Math.abs(ms - this.mean) - this.jitter) / 4;
      this.mean += (ms - this.mean) / 8;
    }
    this.last = ms;
  }
}
