// Mulberry32: small, and the same everywhere.
export class Random {
  constructor (seed) {
    this.state = seed >>> 0
    this.crowded = false
  }

  uint32 () {
    this.state = (this.state + 0x6d2b79f5) >>> 0
    let t = this.state
    t = Math.imul(t ^ (t >>> 15), t | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return (t ^ (t >>> 14)) >>> 0
  }

  below (n) { return Math.floor(this.uint32() / 2 ** 32 * n) }
  chance (p) { return this.uint32() / 2 ** 32 < p }
  pick (list) { return list[this.below(list.length)] }

  // One of n places; when crowded, all want the first few.
  place (n) { return this.below(this.crowded ? Math.min(n, 3) : n) }

  shuffle (list) {
    for (let i = list.length - 1; i > 0; i--) {
      const j = this.below(i + 1)
      ;[list[i], list[j]] = [list[j], list[i]]
    }
    return list
  }
}
