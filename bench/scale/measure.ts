/** How the cost of one item grows with their number. */

/** CPU of the whole process in µs, the garbage collector's included. */
export const cpuOf = async (run: () => unknown): Promise<number> => {
  globalThis.gc?.()
  const before = process.cpuUsage()
  await run()
  const { system, user } = process.cpuUsage(before)
  return user + system
}

export interface Row {
  readonly title: string
  /** From small to large. */
  readonly sizes: ReadonlyArray<number>
  /** How many items one run handles: N, unless it says otherwise. */
  readonly items?: (n: number) => number
  /** CPU in µs of a run with N. */
  readonly run: (n: number) => Promise<number>
  /** The most that an item may cost at the largest N, in µs. It informs: other machines are slower. */
  readonly target?: number
  /** Why its exponent may be above the limit. */
  readonly excuse?: string
}

export interface Point {
  readonly n: number
  /** µs for an item. */
  readonly cost: number
}

/** Above this exponent the cost grows faster than the work. */
export const limit = 1.15

/** A point above this many µs is the last of its row. */
const longest = 4_000_000

/** The best of three runs, of one that takes longer than half a second the only one. */
export const pointsOf = async ({ items = (n) => n, run, sizes }: Row): Promise<ReadonlyArray<Point>> => {
  const points: Array<Point> = []
  // The compiler's work is no part of it.
  await run(sizes[0]!)
  for (const n of sizes) {
    let best = Infinity
    for (let i = 0; i < 3; i++) {
      const cpu = await run(n)
      best = Math.min(best, cpu)
      if (cpu > 500_000) break
    }
    points.push({ n, cost: best / items(n) })
    if (best > longest) break
  }
  return points
}

/**
 * The exponent of the cost of a whole run over N: 1 when an item costs the same whatever N is. By least squares over the
 * three largest sizes, because fixed costs hide the growth in small ones.
 */
export const exponentOf = (points: ReadonlyArray<Point>): number => {
  const logs = points.slice(-3).map(({ cost, n }) => [Math.log(n), Math.log(cost)] as const)
  const mean = (k: 0 | 1) => logs.reduce((sum, log) => sum + log[k], 0) / logs.length
  const [x0, y0] = [mean(0), mean(1)]
  const slope = logs.reduce((sum, [x, y]) => sum + (x - x0) * (y - y0), 0) /
    logs.reduce((sum, [x]) => sum + (x - x0) ** 2, 0)
  return 1 + slope
}

/** Bytes of heap for each of N, after collections. */
export const heapOf = async (n: number, hold: (n: number) => Promise<unknown>): Promise<number> => {
  const heap = async () => {
    for (let i = 0; i < 3; i++) {
      await new Promise((resolve) => setTimeout(resolve, 20))
      globalThis.gc?.()
    }
    return process.memoryUsage().heapUsed
  }
  const before = await heap()
  const held = await hold(n)
  const after = await heap()
  // Used after the measurement, or it would be collected before.
  if (held === undefined) throw new Error("nothing is held")
  return (after - before) / n
}
