import { DecodeError } from '../bits';

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const encoder = new TextEncoder();

/** Reads the bytes of rows and deltas; reading past the end throws a DecodeError. */
export class ByteReader {
  private pos = 0;
  private readonly view: DataView;

  constructor(private readonly bytes: Uint8Array) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  get done(): boolean {
    return this.pos >= this.bytes.length;
  }

  byte(): number {
    if (this.pos >= this.bytes.length) throw new DecodeError('unexpected end of data');
    return this.bytes[this.pos++];
  }

  /** Reads a number of up to 53 bits. */
  uvarint(): number {
    let v = 0;
    for (let unit = 1; ; unit *= 128) {
      const b = this.byte();
      v += (b & 127) * unit;
      if (v > Number.MAX_SAFE_INTEGER) throw new DecodeError('number is too large');
      if (b < 128) return v;
    }
  }

  /** Reads a number of up to 64 bits. */
  uvarintBig(): bigint {
    let v = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const b = this.byte();
      v |= BigInt(b & 127) << shift;
      if (b >= 128) continue;
      if (v >= 1n << 64n) break;
      return v;
    }
    throw new DecodeError('number is longer than 64 bits');
  }

  /** Reads a signed number of up to 64 bits in zigzag form. */
  varintBig(): bigint {
    const u = this.uvarintBig();
    return (u >> 1n) ^ -(u & 1n);
  }

  float32(): number {
    return this.view.getFloat32(this.skip(4), true);
  }

  float64(): number {
    return this.view.getFloat64(this.skip(8), true);
  }

  /** Reads a length and as many bytes, which are shared with the message. */
  take(): Uint8Array {
    const n = this.uvarint();
    const from = this.skip(n);
    return this.bytes.subarray(from, from + n);
  }

  text(): string {
    try {
      return decoder.decode(this.take());
    } catch (error) {
      throw error instanceof DecodeError ? error : new DecodeError('a string is not valid UTF-8');
    }
  }

  private skip(n: number): number {
    const from = this.pos;
    if (n > this.bytes.length - from) throw new DecodeError('unexpected end of data');
    this.pos = from + n;
    return from;
  }
}

/** Writes what ByteReader reads. */
export class ByteWriter {
  private bytes = new Uint8Array(64);
  private length = 0;

  byte(v: number): void {
    const at = this.reserve(1); // may replace bytes
    this.bytes[at] = v;
  }

  uvarint(v: number): void {
    for (; v > 127; v = Math.floor(v / 128)) this.byte((v % 128) | 128);
    this.byte(v);
  }

  uvarintBig(v: bigint): void {
    for (; v > 127n; v >>= 7n) this.byte(Number(v & 127n) | 128);
    this.byte(Number(v));
  }

  varintBig(v: bigint): void {
    this.uvarintBig(v < 0n ? -2n * v - 1n : 2n * v);
  }

  float32(v: number): void {
    const at = this.reserve(4);
    new DataView(this.bytes.buffer).setFloat32(at, v, true);
  }

  float64(v: number): void {
    const at = this.reserve(8);
    new DataView(this.bytes.buffer).setFloat64(at, v, true);
  }

  raw(p: Uint8Array): void {
    const at = this.reserve(p.length);
    this.bytes.set(p, at);
  }

  /** Writes a length and the bytes. */
  put(p: Uint8Array): void {
    this.uvarint(p.length);
    this.raw(p);
  }

  text(s: string): void {
    this.put(encoder.encode(s));
  }

  /** A copy of what was written. */
  finish(): Uint8Array {
    return this.bytes.slice(0, this.length);
  }

  private reserve(n: number): number {
    const at = this.length;
    this.length += n;
    if (this.length > this.bytes.length) {
      const grown = new Uint8Array(Math.max(this.length, 2 * this.bytes.length));
      grown.set(this.bytes);
      this.bytes = grown;
    }
    return at;
  }
}
