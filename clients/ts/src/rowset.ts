import { type BitReader, DecodeError } from './bits';

/** Reads a row set: increasing positions out of 0…n−1. */
export function readRowSet(r: BitReader, n: number): Int32Array {
  switch (r.bits(2)) {
    case 0: {
      const all = new Int32Array(n);
      for (let i = 0; i < n; i++) all[i] = i;
      return all;
    }
    case 1: {
      if (n > r.remaining) throw new DecodeError('unexpected end of data');
      const some = new Int32Array(n);
      let count = 0;
      for (let i = 0; i < n; i++) if (r.bits(1) === 1) some[count++] = i;
      return some.subarray(0, count);
    }
    case 2: {
      const count = r.uvar();
      if (count > n) throw new DecodeError(`${count} of ${n} rows`);
      const some = new Int32Array(count);
      let at = -1;
      for (let i = 0; i < count; i++) {
        at += r.uvar() + 1;
        if (at >= n) throw new DecodeError(`row ${at} of ${n}`);
        some[i] = at;
      }
      return some;
    }
  }
  throw new DecodeError('unknown form of a row set');
}
