/** A payload that breaks the protocol's rules. */
export class DecodeError extends Error {
  override name = 'DecodeError';
}

/**
 * Reads the bit stream of payloads: least significant bit first. Reading past
 * the end throws a DecodeError, so no loop over a stream runs longer than the
 * stream.
 */
export class BitReader {
  private pos = 0;
  private readonly end: number;

  constructor(private readonly bytes: Uint8Array) {
    this.end = bytes.length * 8;
  }

  /** Bits that are left. */
  get remaining(): number {
    return this.end - this.pos;
  }

  /** Reads n bits, at most 32, as an unsigned number. */
  bits(n: number): number {
    if (n === 0) return 0;
    if (this.pos + n > this.end) throw new DecodeError('unexpected end of data');
    const { bytes } = this;
    const i = this.pos >>> 3;
    const shift = this.pos & 7;
    this.pos += n;
    // Bytes behind the end read as undefined, which the operators take as 0.
    let v = (bytes[i] | (bytes[i + 1] << 8) | (bytes[i + 2] << 16) | (bytes[i + 3] << 24)) >>> shift;
    if (shift + n > 32) v |= bytes[i + 4] << (32 - shift);
    return n === 32 ? v >>> 0 : (v & ((1 << n) - 1)) >>> 0;
  }

  /** Reads n bits, at most 64. */
  big(n: number): bigint {
    if (n <= 32) return BigInt(this.bits(n));
    const low = this.bits(32);
    return BigInt(low) | (BigInt(this.bits(n - 32)) << 32n);
  }

  bool(): boolean {
    return this.bits(1) === 1;
  }

  /** Reads a number in groups of four bits; it must be a safe integer. */
  uvar(): number {
    let v = 0;
    for (let i = 0, unit = 1; i < 16; i++, unit *= 16) {
      const group = this.bits(5);
      v += (group & 15) * unit;
      if (group < 16) {
        if (v > Number.MAX_SAFE_INTEGER) throw new DecodeError('number is too large');
        return v;
      }
    }
    throw new DecodeError('number is longer than 64 bits');
  }

  /** Reads a number of up to 64 bits. */
  uvarBig(): bigint {
    let v = 0n;
    for (let shift = 0n; shift < 64n; shift += 4n) {
      const group = this.bits(5);
      v |= BigInt(group & 15) << shift;
      if (group < 16) return v;
    }
    throw new DecodeError('number is longer than 64 bits');
  }

  /** Reads a signed number in zigzag form; it must be a safe integer. */
  svar(): number {
    const u = this.uvar();
    return u % 2 === 0 ? u / 2 : -(u + 1) / 2;
  }

  /** Reads a signed number of up to 64 bits. */
  svarBig(): bigint {
    const u = this.uvarBig();
    return (u >> 1n) ^ -(u & 1n);
  }

  /** Reads a length and as many bytes. */
  take(): Uint8Array {
    const n = this.uvar();
    if (n * 8 > this.remaining) throw new DecodeError('unexpected end of data');
    const out = new Uint8Array(n);
    for (let i = 0; i < n; i++) out[i] = this.bits(8);
    return out;
  }

  /** Checks that nothing but the padding of the last byte is left. */
  finish(): void {
    if (this.remaining >= 8) throw new DecodeError(`${this.remaining >> 3} bytes behind the end`);
    if (this.bits(this.remaining) !== 0) throw new DecodeError('padding is not zero');
  }
}

/** Writes the bit stream that BitReader reads. */
export class BitWriter {
  private bytes = new Uint8Array(64);
  private pos = 0;

  /** Writes the lowest n bits of v, at most 32. */
  bits(v: number, n: number): void {
    this.reserve(n);
    for (let left = n; left > 0; ) {
      const shift = this.pos & 7;
      const some = Math.min(left, 8 - shift);
      this.bytes[this.pos >>> 3] |= (v & ((1 << some) - 1)) << shift;
      v >>>= some;
      this.pos += some;
      left -= some;
    }
  }

  /** Writes the lowest n bits of v, at most 64. */
  big(v: bigint, n: number): void {
    this.bits(Number(v & 0xffffffffn), Math.min(n, 32));
    if (n > 32) this.bits(Number((v >> 32n) & 0xffffffffn), n - 32);
  }

  bool(v: boolean): void {
    this.bits(v ? 1 : 0, 1);
  }

  uvar(v: number): void {
    while (v > 15) {
      this.bits((v % 16) | 16, 5);
      v = Math.floor(v / 16);
    }
    this.bits(v, 5);
  }

  uvarBig(v: bigint): void {
    while (v > 15n) {
      this.bits(Number(v & 15n) | 16, 5);
      v >>= 4n;
    }
    this.bits(Number(v), 5);
  }

  svar(v: number): void {
    this.uvar(v < 0 ? -2 * v - 1 : 2 * v);
  }

  svarBig(v: bigint): void {
    this.uvarBig(v < 0n ? -2n * v - 1n : 2n * v);
  }

  put(p: Uint8Array): void {
    this.uvar(p.length);
    for (const b of p) this.bits(b, 8);
  }

  /** Pads the last byte with zero bits and returns a copy of what was written. */
  finish(): Uint8Array {
    return this.bytes.slice(0, (this.pos + 7) >>> 3);
  }

  private reserve(n: number): void {
    const need = (this.pos + n + 7) >>> 3;
    if (need <= this.bytes.length) return;
    const grown = new Uint8Array(Math.max(need, 2 * this.bytes.length));
    grown.set(this.bytes);
    this.bytes = grown;
  }
}
