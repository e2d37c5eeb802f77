/** Chance that can be repeated: everything that happens in a history is drawn from one of these. */
export class Random {
  private state: number

  constructor(seed: number) {
    this.state = seed | 0
  }

  /** From 0 up to, and without, 1 (mulberry32). */
  next(): number {
    this.state = (this.state + 0x6d2b79f5) | 0
    let mixed = Math.imul(this.state ^ (this.state >>> 15), 1 | this.state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }

  /** A whole number, both ends included. */
  int(from: number, to: number): number {
    return from + Math.floor(this.next() * (to - from + 1))
  }

  chance(probability: number): boolean {
    return this.next() < probability
  }

  pick<A>(from: readonly [A, ...Array<A>]): A
  pick<A>(from: ReadonlyArray<A>): A | undefined
  pick<A>(from: ReadonlyArray<A>): A | undefined {
    return from[Math.floor(this.next() * from.length)]
  }

  /** Whole milliseconds, `mean` on average, at most ten times that. */
  pause(mean: number): number {
    return Math.ceil(Math.min(10, -Math.log(1 - this.next())) * mean)
  }

  /** Chance of its own: what one actor draws does not depend on how often another has drawn. */
  fork(): Random {
    return new Random(Math.floor(this.next() * 2 ** 32))
  }
}
