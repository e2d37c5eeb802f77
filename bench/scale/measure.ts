/** Measures how the cost of an item grows with the number of items. */

/** CPU time of the whole process in µs, with the garbage collector. */
export const cpuOf = async (run: () => unknown): Promise<number> => {
  globalThis.gc?.()
  const before = process.cpuUsage()
  await run()
  const { system, user } = process.cpuUsage(before)
  return user + system
}

/** The CPU time in µs of a run with N items. */
export type Run = (n: number) => Promise<number>

export interface Row {
  readonly title: string
  /** From small to large. */
  readonly sizes: ReadonlyArray<number>
  /** The number of items of a run with N. By default it is N. */
  readonly items?: (n: number) => number
  readonly run: Run
  /** The cost in µs that an item should not exceed at the largest N. It is only printed, because other machines are slower. */
  readonly target?: number
  /**
   * Similar work with plain collections, `plainRecords` by default. A row may grow as much as this work does in the same
   * minutes. Data that does not fit into the caches of the processor costs more in any program, most of all on a shared machine.
   */
  readonly plain?: Run
}

export interface Point {
  readonly n: number
  /** µs for an item. */
  readonly cost: number
}

export interface Curve {
  readonly points: ReadonlyArray<Point>
  readonly exponent: number
}

export interface Measured extends Curve {
  /** The curve of `plain`, if it was measured. */
  readonly plain: Curve | undefined
  /** Whether the cost grows faster than the work, and faster than that of `plain`. */
  readonly grows: boolean
}

/** Above this exponent the cost grows faster than the work. */
export const limit = 1.15

/** A row may exceed the exponent of `plain` by this much, because smaller differences are noise. */
const tolerance = limit - 1

/** A row above this exponent always fails. (The square of N has 2.) */
const never = 1.6

/** A size that would take longer than this many µs, if the cost grew with the square of N, is left out. */
const longest = 120_000_000

/** A row that seems to grow is measured this many times before it fails. */
const stages = 4

/** Runs of a row or of its `plain`. The sizes run in turn, so that a busy minute affects all of them. */
class Series {
  /** The least CPU time of each size so far, because other processes only add to it. */
  private readonly least: Array<number>
  /** The number of sizes that are run. */
  private length: number

  constructor(private readonly row: Row, private readonly run: Run) {
    this.length = row.sizes.length
    this.least = row.sizes.map(() => Infinity)
  }

  /** Runs the smallest size until the code is compiled, so that the compiler is not measured. */
  async warmUp(): Promise<void> {
    let spent = 0
    for (let tries = 0; tries < 10 && spent < 100_000; tries++) spent += await this.run(this.row.sizes[0]!)
  }

  /** Each size up to five times, and not again after half a second of CPU. */
  async stage(): Promise<void> {
    const spent = this.row.sizes.map(() => 0)
    for (let tries = 0; tries < 5; tries++) {
      for (let i = 0; i < this.length; i++) {
        if (spent[i]! > 500_000) continue
        const cpu = await this.run(this.row.sizes[i]!)
        spent[i]! += cpu
        this.least[i] = Math.min(this.least[i]!, cpu)
        const next = this.row.sizes[i + 1]
        if (next !== undefined && cpu * (next / this.row.sizes[i]!) ** 2 > longest) this.length = i + 1
      }
    }
  }

  curve(): Curve {
    const { items = (n: number) => n, sizes } = this.row
    const points = sizes.slice(0, this.length).map((n, i) => ({ n, cost: this.least[i]! / items(n) }))
    return { points, exponent: exponentOf(points) }
  }
}

/** Measures a row that seems to grow again, beside plain collections. */
export const measure = async (row: Row): Promise<Measured> => {
  const ours = new Series(row, row.run)
  const plain = new Series(row, row.plain ?? plainRecords)
  await ours.warmUp()
  await ours.stage()
  for (let stage = 1;; stage++) {
    const curve = ours.curve()
    if (curve.exponent <= limit) return { ...curve, plain: undefined, grows: false }
    if (stage === 1) await plain.warmUp()
    await plain.stage()
    const beside = plain.curve()
    const allowed = Math.min(Math.max(1, beside.exponent) + tolerance, never)
    const grows = curve.exponent > allowed
    if (!grows || stage === stages) return { ...curve, plain: beside, grows }
    await ours.stage()
  }
}

/**
 * Parses N records such as Kuzzle's answers, keeps them in a `Map`, and then reads and deletes them in another order. Any
 * program that waits for N answers does this.
 */
export const plainRecords: Run = (n) => {
  const text = JSON.stringify({
    status: 200,
    result: { _id: "x", _source: { name: "x", at: [1, 2], tags: ["a", "b"] } }
  })
  const ids = Array.from({ length: n }, (_, i) => `r${(i * 7919) % n}`)
  return cpuOf(() => {
    const records = new Map<string, { seen: number; readonly record: { readonly status: number } }>()
    for (let i = 0; i < n; i++) records.set(`r${i}`, { seen: 0, record: JSON.parse(text) })
    for (const id of ids) {
      const entry = records.get(id)
      if (entry !== undefined) entry.seen += entry.record.status
    }
    for (const id of ids) records.delete(id)
  })
}

/**
 * The exponent with which the cost of a whole run grows: 1 if an item costs the same for every N. It is fitted by least squares
 * to the three largest sizes, because fixed costs hide the growth in smaller ones.
 */
const exponentOf = (points: ReadonlyArray<Point>): number => {
  const logs = points.slice(-3).map(({ cost, n }) => [Math.log(n), Math.log(cost)] as const)
  const mean = (k: 0 | 1) => logs.reduce((sum, log) => sum + log[k], 0) / logs.length
  const [x0, y0] = [mean(0), mean(1)]
  const slope = logs.reduce((sum, [x, y]) => sum + (x - x0) * (y - y0), 0) /
    logs.reduce((sum, [x]) => sum + (x - x0) ** 2, 0)
  return 1 + slope
}

/** Bytes of heap after garbage collections. */
const heap = async () => {
  for (let i = 0; i < 3; i++) {
    await new Promise((resolve) => setTimeout(resolve, 20))
    globalThis.gc?.()
  }
  return process.memoryUsage().heapUsed
}

/** Bytes of heap for each of N items, after garbage collections. */
export const heapOf = async (n: number, hold: (n: number) => Promise<unknown>): Promise<number> => {
  const before = await heap()
  const held = await hold(n)
  const after = await heap()
  // This use keeps it from being collected before the measurement.
  if (held === undefined) throw new Error("nothing is held")
  return (after - before) / n
}

/** Bytes of heap that a run leaves behind, after garbage collections. */
export const leftBehind = async (run: () => Promise<unknown>): Promise<number> => {
  const before = await heap()
  await run()
  return (await heap()) - before
}

/** The most bytes of heap during a run, sampled every 20 ms. They include garbage that is not collected yet. */
export const peakOf = async (run: () => Promise<unknown>): Promise<number> => {
  const before = await heap()
  let most = before
  const timer = setInterval(() => {
    most = Math.max(most, process.memoryUsage().heapUsed)
  }, 20)
  await run()
  clearInterval(timer)
  return most - before
}
