/** How the cost of one item grows with their number. */

/** CPU of the whole process in µs, the garbage collector's included. */
export const cpuOf = async (run: () => unknown): Promise<number> => {
  globalThis.gc?.()
  const before = process.cpuUsage()
  await run()
  const { system, user } = process.cpuUsage(before)
  return user + system
}

/** CPU in µs of a run with N. */
export type Run = (n: number) => Promise<number>

export interface Row {
  readonly title: string
  /** From small to large. */
  readonly sizes: ReadonlyArray<number>
  /** How many items one run handles: N, unless it says otherwise. */
  readonly items?: (n: number) => number
  readonly run: Run
  /** The most that an item may cost at the largest N, in µs. It informs: other machines are slower. */
  readonly target?: number
  /**
   * The same work by collections of the language alone, measured in the same run. A row may grow as they do: keys and
   * values that no longer fit into the caches of the processor cost more in any program.
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
  /** The curve of `plain`. */
  readonly plain: Curve | undefined
  /** Whether the cost grows faster than the work, and faster than that of `plain`. */
  readonly grows: boolean
}

/** Above this exponent the cost grows faster than the work. */
export const limit = 1.15

/** So much more than 1 may be noise. */
const tolerance = limit - 1

/** A point above this many µs is the last of its curve: with the square of N, the next would take minutes. */
const longest = 2_000_000

/** The least of up to three runs, and no run is begun after half a second of CPU. */
const leastOf = async (run: Run, n: number): Promise<number> => {
  let least = Infinity
  let spent = 0
  for (let tries = 0; tries < 3 && spent < 500_000; tries++) {
    const cpu = await run(n)
    least = Math.min(least, cpu)
    spent += cpu
  }
  return least
}

const curveOf = async ({ items = (n) => n, sizes }: Row, run: Run): Promise<Curve> => {
  const points: Array<Point> = []
  // The compiler's work is no part of it.
  await run(sizes[0]!)
  for (const n of sizes) {
    const cpu = await leastOf(run, n)
    points.push({ n, cost: cpu / items(n) })
    if (cpu > longest) break
  }
  return { points, exponent: exponentOf(points) }
}

/** The lesser cost of each size, because whatever else runs on the machine only adds to it. */
const lesser = (a: Curve | undefined, b: Curve): Curve => {
  if (a === undefined) return b
  const points = b.points.map(({ cost, n }, i) => ({ n, cost: Math.min(cost, a.points[i]?.cost ?? Infinity) }))
  return { points, exponent: exponentOf(points) }
}

/** A row that seems to grow is measured again, three times in all, and then beside plain collections. */
export const measure = async (row: Row): Promise<Measured> => {
  let curve: Curve | undefined
  let plain: Curve | undefined
  for (let rounds = 1;; rounds++) {
    curve = lesser(curve, await curveOf(row, row.run))
    if (curve.exponent <= limit) return { ...curve, plain, grows: false }
    if (row.plain !== undefined) plain = lesser(plain, await curveOf(row, row.plain))
    const grows = curve.exponent - (plain?.exponent ?? 1) > tolerance
    if (!grows || rounds === 3) return { ...curve, plain, grows }
  }
}

/**
 * The exponent of the cost of a whole run over N: 1 when an item costs the same whatever N is. By least squares over the
 * three largest sizes, because fixed costs hide the growth in small ones.
 */
const exponentOf = (points: ReadonlyArray<Point>): number => {
  const logs = points.slice(-3).map(({ cost, n }) => [Math.log(n), Math.log(cost)] as const)
  const mean = (k: 0 | 1) => logs.reduce((sum, log) => sum + log[k], 0) / logs.length
  const [x0, y0] = [mean(0), mean(1)]
  const slope = logs.reduce((sum, [x, y]) => sum + (x - x0) * (y - y0), 0) /
    logs.reduce((sum, [x]) => sum + (x - x0) ** 2, 0)
  return 1 + slope
}

/** Bytes of heap after collections. */
const heap = async () => {
  for (let i = 0; i < 3; i++) {
    await new Promise((resolve) => setTimeout(resolve, 20))
    globalThis.gc?.()
  }
  return process.memoryUsage().heapUsed
}

/** Bytes of heap for each of N, after collections. */
export const heapOf = async (n: number, hold: (n: number) => Promise<unknown>): Promise<number> => {
  const before = await heap()
  const held = await hold(n)
  const after = await heap()
  // Used after the measurement, or it would be collected before.
  if (held === undefined) throw new Error("nothing is held")
  return (after - before) / n
}

/** Bytes of heap that are still in use after a run, after collections. */
export const leftBehind = async (run: () => Promise<unknown>): Promise<number> => {
  const before = await heap()
  await run()
  return (await heap()) - before
}

/** Bytes of heap that a run takes at most, what could have been collected included: looked at every 20 ms. */
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
