/**
 * Plays generated sequences on a real Kuzzle and on an embedded one, and compares the answers and notifications. A difference
 * is shrunk to the shortest sequence that has it.
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
  /** The least number of generated requests. Requests that prepare a sequence or read its final state do not count. */
  readonly requests: number
  /** The number of sequences that run at the same time. */
  readonly concurrency: number
  /** The themes that are played. Default: all. */
  readonly only?: ReadonlyArray<string>
  /** Plays only the sequence with this index in each theme. Default: all. */
  readonly sequence?: number
  /** No sequence starts after this time, in seconds. */
  readonly seconds: number
  /** The number of differences that are shrunk. Each takes up to a minute. */
  readonly shrink: number
}

export interface Difference {
  readonly theme: string
  /** The index of the sequence in its theme. With the seed, it identifies the sequence. */
  readonly sequence: number
  /** The shortest sequence that has the difference. */
  readonly steps: Sequence
  readonly faults: ReadonlyArray<string>
}

export interface Report {
  /** For each action, how often it was sent and how often it succeeded on the real server. */
  readonly sent: ReadonlyMap<string, { readonly times: number; readonly succeeded: number }>
  readonly requests: number
  readonly succeeded: number
  /** For each action, the requests that the embedded server refuses as not implemented. They are not compared. */
  readonly refused: ReadonlyMap<string, number>
  /** The number of compared answers and notifications, with those of requests that prepare or read the final state. */
  readonly compared: number
  readonly sequences: number
  /** The number of sequences that were not started in time. */
  readonly skipped: number
  /** Sequences that differed once, and were equal when they were played again, alone. */
  readonly timingDependent: ReadonlyArray<Difference>
  readonly differences: ReadonlyArray<Difference>
}

const isRefused = ({ received }: Step): boolean => JSON.stringify(received).includes("testing.engine.not_implemented")

/** Exports and queries return documents in the order of Elasticsearch's segments. It merges them at any time. */
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

  /** All names have the same length, so that sizes of answers do not depend on how many names were used before. */
  private name(): string {
    return `fuzz${this.run}x${String(this.count++).padStart(5, "0")}`
  }

  /**
   * Plays a sequence on both servers, without the requests that the embedded server refuses as not implemented. They have no
   * effect there, so all later answers would differ.
   */
  async play(theme: Theme, sequence: Sequence): Promise<Played> {
    const name = this.name()
    const refused: Array<string> = []
    let implemented = sequence
    let ours: ReadonlyArray<Step>
    for (;;) {
      ours = await playEmbedded(name, scenarioOf(theme, implemented, () => {}))
      const wrong = new Set(
        ours.filter(isRefused).map(({ label }) => /^\d+ /.test(label) ? Number.parseInt(label, 10) : -1)
      )
      wrong.delete(-1)
      if (wrong.size === 0) break
      refused.push(...[...wrong].map((i) => nameOf(implemented[i]!.ask)))
      implemented = implemented.filter((_, i) => !wrong.has(i))
    }
    const outcomes: Array<readonly [string, boolean]> = []
    const scenario = scenarioOf(theme, implemented, (i, { status }) => {
      outcomes.push([nameOf(implemented[i]!.ask), status === 200])
    })
    const theirs = await play(this.url, name, scenario).catch((cause: unknown) => {
      throw new Error(`the Kuzzle at ${this.url} did not play "${theme.name}": ${String(cause)}`, { cause })
    })
    // The embedded server may also refuse a request that reads the final state. Such a step is not compared.
    const comparable = ours.map((step, i) => isRefused(step) ? theirs[i] ?? step : step)
    const compared = (steps: ReadonlyArray<Step>) =>
      steps.filter(({ label }) => !isCleaning(label)).map((step) => isUnordered(step) ? withoutOrder(step) : step)
    return { ...compare("fuzz", compared(theirs), compared(comparable)), outcomes, refused }
  }

  /** Whether the sequence differs in every replay, alone. There are several, because on a busy machine one can be late too. */
  async differsInReplays(theme: Theme, sequence: Sequence): Promise<boolean> {
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
      // The sequences before this one were played already.
      if (generated < difference.sequence) return true
      const { faults } = await this.play(theme, steps)
      if (faults.length > 0) shortest = { ...difference, steps, faults }
      return faults.length === 0
    })
    await fc.check(same, {
      seed,
      numRuns: difference.sequence + 1,
      // `fc.sample` generated the sequences with the same option.
      unbiased: true,
      interruptAfterTimeLimit: shrinkMillis
    })
    return shortest
  }
}

const replays = 2

/** The longest time to shrink one difference. Each attempt takes seconds, and most attempts shrink nothing. */
const shrinkMillis = 60_000

/** Runs all tasks, at most `concurrency` of them at the same time. */
const pooled = async <A>(tasks: ReadonlyArray<() => Promise<A>>, concurrency: number): Promise<void> => {
  const queue = tasks.values()
  const work = async () => {
    for (const task of queue) await task()
  }
  await Promise.all(Array.from({ length: concurrency }, work))
}

const generate = (theme: Theme, seed: number, count: number): ReadonlyArray<Sequence> =>
  fc.sample(theme.sequences, { seed, unbiased: true, numRuns: count })

/** The first sequences of a theme that have this many requests together. */
const enough = (theme: Theme, seed: number, requests: number): ReadonlyArray<Sequence> => {
  let missing = requests
  return generate(theme, seed, Math.ceil(requests * 2 / meanLength) + 10).filter(({ length }) => {
    const isNeeded = missing > 0
    missing -= length
    return isNeeded
  })
}

export const fuzz = async (
  { concurrency, only, requests, seconds, seed, sequence, shrink, url }: Options,
  onDifference: (difference: Difference) => void
): Promise<Report> => {
  const fuzzer = new Fuzzer(url)
  const sent = new Map<string, { times: number; succeeded: number }>()
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
      const counted = sent.get(action) ?? { times: 0, succeeded: 0 }
      sent.set(action, { times: counted.times + 1, succeeded: counted.succeeded + (succeeded ? 1 : 0) })
    }
    for (const action of played.refused) refused.set(action, (refused.get(action) ?? 0) + 1)
    if (played.faults.length > 0) failed.push({ theme: theme.name, sequence, steps, faults: played.faults })
  }
  const tasks = themes.filter(({ name }) => only === undefined || only.includes(name)).flatMap((theme) =>
    (sequence === undefined ? enough(theme, seed, requests * theme.share) : generate(theme, seed, sequence + 1))
      .map((steps, i) => ({ theme, steps, i }))
      .filter(({ i }) => sequence === undefined || i === sequence)
  )
  // The themes take turns, because each loads another part of the servers.
  const turns = tasks.map((task, i) => ({ task, at: (i * 7919) % tasks.length })).sort((a, b) => a.at - b.at)
  await pooled(turns.map(({ task: { i, steps, theme } }) => () => playOne(theme, i, steps)), concurrency)
  const differences: Array<Difference> = []
  const timingDependent: Array<Difference> = []
  for (const difference of failed) {
    const theme = themes.find(({ name }) => name === difference.theme)!
    if (!await fuzzer.differsInReplays(theme, difference.steps)) {
      timingDependent.push(difference)
      continue
    }
    const shortest = differences.length < shrink ? await fuzzer.shrink(difference, theme, seed) : difference
    differences.push(shortest)
    onDifference(shortest)
  }
  const total = [...sent.values()]
  return {
    sent,
    requests: total.reduce((sum, { times }) => sum + times, 0),
    succeeded: total.reduce((sum, { succeeded }) => sum + succeeded, 0),
    refused,
    compared,
    sequences,
    skipped,
    timingDependent,
    differences
  }
}
