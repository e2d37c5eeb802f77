/**
 * Plays generated sequences on a real Kuzzle and on an embedded one, and compares what comes back. A difference is shrunk
 * to the shortest sequence that shows it.
 */
import { FastCheck as fc } from "effect"
import { compare } from "../conformance/compare.ts"
import { playEmbedded } from "../conformance/embedded.ts"
import { play, type Step } from "../conformance/recorder.ts"
import { nameOf } from "./request.ts"
import { isCleaning, meanLength, scenarioOf, type Sequence, type Theme, themes } from "./sequence.ts"

export interface Options {
  readonly url: string
  readonly seed: number
  /** How many requests are generated at least; those that prepare, and that look at the state, come on top. */
  readonly requests: number
  /** How many sequences run at the same time. */
  readonly concurrency: number
  /** The themes that are played; all by default. */
  readonly only?: ReadonlyArray<string>
  /** The one sequence of its theme that is played, as a report names it; all by default. */
  readonly sequence?: number
  /** When no more sequences are begun, in seconds. */
  readonly seconds: number
  /** How many differences are shrunk: each takes some seconds. */
  readonly shrink: number
}

export interface Difference {
  readonly theme: string
  /** Which of the theme's it was, to play it again with the seed. */
  readonly sequence: number
  /** The shortest that was found. */
  readonly steps: Sequence
  readonly faults: ReadonlyArray<string>
}

export interface Report {
  /** By action: how often it was asked for, and how often the real server did it. */
  readonly asked: ReadonlyMap<string, { readonly times: number; readonly succeeded: number }>
  readonly requests: number
  readonly succeeded: number
  /** Requests that the embedded server says that it does not implement. They are not played. */
  readonly refused: ReadonlyMap<string, number>
  /** Answers and notifications compared, those to what prepares and to what looks at the state included. */
  readonly compared: number
  readonly sequences: number
  /** Sequences that were not begun within the time. */
  readonly skipped: number
  /** Sequences that differed, and did not each time that they were played again, alone. */
  readonly passing: ReadonlyArray<Difference>
  readonly differences: ReadonlyArray<Difference>
}

const isRefused = ({ received }: Step): boolean => JSON.stringify(received).includes("testing.engine.not_implemented")

/** Documents are exported, and found by a query, in the order of Elasticsearch's segments, which it merges when it likes. */
const isUnordered = ({ label }: Step): boolean => /"action":"(?:export|\w+ByQuery)"/.test(label)

const withoutOrder = ({ label, received }: Step): Step => ({
  label,
  received: Object.fromEntries(Object.entries(received).map(([party, frames]) => [party, [...frames].sort()]))
})

interface Played {
  readonly faults: ReadonlyArray<string>
  readonly compared: number
  readonly outcomes: ReadonlyArray<readonly [action: string, succeeded: boolean]>
  readonly refused: ReadonlyArray<string>
}

class Fuzzer {
  private readonly url: string
  private readonly run = Date.now().toString(36)
  private count = 0
  constructor(url: string) {
    this.url = url
  }

  /** All of one length, so that nothing depends on how often something was shrunk. */
  private name(): string {
    return `fuzz${this.run}x${String(this.count++).padStart(5, "0")}`
  }

  /**
   * Plays a sequence on both, without what the embedded server says that it does not implement: it has no effect there, so
   * that nothing after it would be the same.
   */
  async play(theme: Theme, sequence: Sequence): Promise<Played> {
    const name = this.name()
    const refused: Array<string> = []
    let left = sequence
    let ours: ReadonlyArray<Step>
    for (;;) {
      ours = await playEmbedded(name, scenarioOf(theme, left, () => {}))
      const wrong = new Set(
        ours.filter(isRefused).map(({ label }) => /^\d+ /.test(label) ? Number.parseInt(label, 10) : -1)
      )
      wrong.delete(-1)
      if (wrong.size === 0) break
      refused.push(...[...wrong].map((i) => nameOf(left[i]!.ask)))
      left = left.filter((_, i) => !wrong.has(i))
    }
    const outcomes: Array<readonly [string, boolean]> = []
    const scenario = scenarioOf(theme, left, (i, { status }) => {
      outcomes.push([nameOf(left[i]!.ask), status === 200])
    })
    const theirs = await play(this.url, name, scenario).catch((cause: unknown) => {
      throw new Error(`the Kuzzle at ${this.url} did not play "${theme.name}": ${String(cause)}`, { cause })
    })
    // What is left at the end may be something that the embedded server cannot show.
    const shown = ours.map((step, i) => isRefused(step) ? theirs[i] ?? step : step)
    const compared = (steps: ReadonlyArray<Step>) =>
      steps.filter(({ label }) => !isCleaning(label)).map((step) => isUnordered(step) ? withoutOrder(step) : step)
    return { ...compare("fuzz", compared(theirs), compared(shown)), outcomes, refused }
  }

  /** Whether it differs each time that it is played alone. On a busy machine, one replay can be late like the first run. */
  async differsAgain(theme: Theme, sequence: Sequence): Promise<boolean> {
    for (let i = 0; i < replays; i++) {
      if ((await this.play(theme, sequence)).faults.length === 0) return false
    }
    return true
  }

  /** The shortest sequence that still differs. */
  async shrink(difference: Difference, theme: Theme, seed: number): Promise<Difference> {
    let generated = -1
    let shortest = difference
    const same = fc.asyncProperty(theme.sequences, async (steps) => {
      generated++
      // Those before it were played already.
      if (generated < difference.sequence) return true
      const { faults } = await this.play(theme, steps)
      if (faults.length > 0) shortest = { ...difference, steps, faults }
      return faults.length === 0
    })
    await fc.check(same, {
      seed,
      numRuns: difference.sequence + 1,
      // As `fc.sample` generates them.
      unbiased: true,
      interruptAfterTimeLimit: shrinkMillis
    })
    return shortest
  }
}

const replays = 2

/** A sequence takes seconds, and most of what is left out of it makes no difference. */
const shrinkMillis = 60_000

/** Runs all of it, some at the same time. */
const pooled = async <A>(tasks: ReadonlyArray<() => Promise<A>>, concurrency: number): Promise<void> => {
  const queue = tasks.values()
  const work = async () => {
    for (const task of queue) await task()
  }
  await Promise.all(Array.from({ length: concurrency }, work))
}

const generate = (theme: Theme, seed: number, count: number): ReadonlyArray<Sequence> =>
  fc.sample(theme.sequences, { seed, unbiased: true, numRuns: count })

/** As many sequences as have so many requests together. */
const enough = (theme: Theme, seed: number, requests: number): ReadonlyArray<Sequence> => {
  let left = requests
  return generate(theme, seed, Math.ceil(requests * 2 / meanLength) + 10).filter(({ length }) => {
    const isNeeded = left > 0
    left -= length
    return isNeeded
  })
}

export const fuzz = async (
  { concurrency, only, requests, seconds, seed, sequence, shrink, url }: Options,
  onDifference: (difference: Difference) => void
): Promise<Report> => {
  const fuzzer = new Fuzzer(url)
  const asked = new Map<string, { times: number; succeeded: number }>()
  const refused = new Map<string, number>()
  const failed: Array<Difference> = []
  let compared = 0
  let sequences = 0
  let skipped = 0
  const end = performance.now() + seconds * 1000
  const playOne = async (theme: Theme, sequence: number, steps: Sequence): Promise<void> => {
    if (performance.now() > end) {
      skipped++
      return
    }
    const played = await fuzzer.play(theme, steps)
    sequences++
    compared += played.compared
    for (const [action, succeeded] of played.outcomes) {
      const counted = asked.get(action) ?? { times: 0, succeeded: 0 }
      asked.set(action, { times: counted.times + 1, succeeded: counted.succeeded + (succeeded ? 1 : 0) })
    }
    for (const action of played.refused) refused.set(action, (refused.get(action) ?? 0) + 1)
    if (played.faults.length > 0) failed.push({ theme: theme.name, sequence, steps, faults: played.faults })
  }
  const tasks = themes.filter(({ name }) => only === undefined || only.includes(name)).flatMap((theme) =>
    (sequence === undefined ? enough(theme, seed, requests * theme.share) : generate(theme, seed, sequence + 1))
      .map((steps, i) => ({ theme, steps, i }))
      .filter(({ i }) => sequence === undefined || i === sequence)
  )
  // The themes take turns, for each is slow at something else.
  const turns = tasks.map((task, i) => ({ task, at: (i * 7919) % tasks.length })).sort((a, b) => a.at - b.at)
  await pooled(turns.map(({ task: { i, steps, theme } }) => () => playOne(theme, i, steps)), concurrency)
  const differences: Array<Difference> = []
  const passing: Array<Difference> = []
  for (const difference of failed) {
    const theme = themes.find(({ name }) => name === difference.theme)!
    if (!await fuzzer.differsAgain(theme, difference.steps)) {
      passing.push(difference)
      continue
    }
    const shortest = differences.length < shrink ? await fuzzer.shrink(difference, theme, seed) : difference
    differences.push(shortest)
    onDifference(shortest)
  }
  const total = [...asked.values()]
  return {
    asked,
    requests: total.reduce((sum, { times }) => sum + times, 0),
    succeeded: total.reduce((sum, { succeeded }) => sum + succeeded, 0),
    refused,
    compared,
    sequences,
    skipped,
    passing,
    differences
  }
}
