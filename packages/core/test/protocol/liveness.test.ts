import { assert, describe, it } from "@effect/vitest"
import { FastCheck as fc } from "effect"
import * as Liveness from "../../src/internal/protocol/liveness.ts"

/**
 * A host with one event loop, a peer that answers each ping after `latency`, and stalls during which the host runs
 * nothing: what is due by their end runs then, timers before what the socket holds, as on Node.
 */
interface World {
  readonly interval: number
  readonly timeout: number
  /** The round trip of each ping in turn. */
  readonly latencies: ReadonlyArray<number>
  /** From when to when the host stands still. */
  readonly stalls: ReadonlyArray<{ readonly at: number; readonly length: number }>
  /** The peer says nothing from then on. */
  readonly diesAt: number
  readonly until: number
}

interface Run {
  readonly pings: ReadonlyArray<number>
  readonly diedAt: number | undefined
}

/** Interprets the verdicts just as `runtime/heartbeat.ts` does. */
const run = (world: World): Run => {
  const settings: Liveness.Settings = { timeout: world.timeout }
  const stalls = [...world.stalls].sort((a, b) => a.at - b.at)
  /** When something that is due at `at` really runs. */
  const runs = (at: number): number => {
    let now = at
    for (const stall of stalls) if (now >= stall.at && now < stall.at + stall.length) now = stall.at + stall.length
    return now
  }
  const pings: Array<number> = []
  let answers: Array<number> = []
  // (A function, for the compiler does not see that `obey` changes the verdict.)
  const verdict = (): Liveness.Verdict => current
  let current: Liveness.Verdict = { _tag: "Alive" }
  let heard = false
  let nextPulse = world.interval
  let now = 0

  const obey = (following: Liveness.Verdict) => {
    current = following
    if (following._tag !== "Waiting" || !following.fresh) return
    heard = false
    pings.push(now)
    const answer = now + world.latencies[(pings.length - 1) % world.latencies.length]!
    if (answer < world.diesAt) answers.push(answer)
  }

  const due = () => {
    const waits = verdict()
    return Math.min(nextPulse, waits._tag === "Waiting" ? waits.judgeAt : Infinity)
  }

  while (now <= world.until) {
    if (due() <= now) {
      const waits = verdict()
      if (waits._tag === "Waiting" && now >= waits.judgeAt) {
        obey(Liveness.onTimeout(waits.ping, heard, now, settings))
      }
      const judged = verdict()
      if (judged._tag === "Dead") return { pings, diedAt: now }
      if (now >= nextPulse) {
        obey(Liveness.onPulse(judged._tag === "Waiting" ? judged.ping : undefined, heard, now, settings))
        nextPulse = now + world.interval
      }
    }
    if (answers.some((at) => at <= now)) {
      heard = true
      answers = answers.filter((at) => at > now)
    }
    now = runs(Math.max(now + 1, Math.min(due(), ...answers)))
  }
  return { pings, diedAt: undefined }
}

/** Evenly spread, as `fc.double` is not: half of all doubles are next to nothing. */
const share = (max: number) => fc.nat(max * 1000).map((thousandths) => thousandths / 1000)

/** How many intervals the stalls are spread over. */
const beats = 40

const world = fc.record({
  interval: fc.integer({ min: 10, max: 60_000 }),
  timeout: share(2),
  stalls: fc.array(fc.record({ at: share(beats), length: fc.oneof(share(2), share(30)) }), {
    maxLength: 20,
    size: "max"
  })
}).map(({ interval, stalls, timeout: part }) => {
  const timeout = Math.max(10, Math.floor(interval * part))
  return {
    interval,
    timeout,
    stalls: stalls.map(({ at, length }) => ({ at: Math.floor(at * interval), length: Math.floor(length * timeout) }))
  }
})

const shares = fc.array(share(1), { minLength: 1, maxLength: 10 })

describe("liveness", () => {
  it.prop(
    "C2, L3, 8.A13: a link that answers within the timeout is never killed, however the host stalls",
    { world, shares },
    ({ shares, world }) => {
      const latencies = shares.map((share) => Math.floor(share * (world.timeout - 1)))
      const { diedAt } = run({ ...world, latencies, diesAt: Infinity, until: world.interval * beats * 2 })
      assert.isUndefined(diedAt)
    },
    { fastCheck: { numRuns: 300 } }
  )

  it.prop(
    "C3: a dead link is found within interval + timeout",
    { world, shares, diesAt: share(beats) },
    ({ diesAt: at, shares, world }) => {
      const diesAt = at * world.interval
      const latencies = shares.map((share) => Math.floor(share * (world.timeout - 1)))
      const until = diesAt + 2 * (world.interval + world.timeout) + 4
      const { diedAt } = run({ ...world, stalls: [], latencies, diesAt, until })
      assert.isTrue(diedAt !== undefined && diedAt <= diesAt + world.interval + world.timeout + 2)
    }
  )

  it.prop(
    "C3: with stalls, that and what the stalls took, and a ping after each of at most two that were long",
    { world, diesAt: share(beats) },
    ({ diesAt: at, world }) => {
      const diesAt = at * world.interval
      const stalled = world.stalls.reduce((sum, stall) => sum + stall.length, 0)
      const bound = diesAt + world.interval + (1 + Liveness.maxLateTicks) * world.timeout + stalled + 10
      const { diedAt } = run({ ...world, latencies: [0], diesAt, until: bound + world.interval })
      assert.isTrue(diedAt !== undefined && diedAt <= bound)
    },
    { fastCheck: { numRuns: 300 } }
  )

  it.prop(
    "C4: while the host runs, its own silence never lasts longer than the interval, or the timeout if that is longer",
    { world, shares },
    ({ shares, world }) => {
      const latencies = shares.map((share) => Math.floor(share * (world.timeout - 1)))
      const until = world.interval * 50
      const { pings } = run({ ...world, stalls: [], latencies, diesAt: Infinity, until })
      const longest = world.interval * Math.ceil(Math.max(world.interval, world.timeout) / world.interval)
      const times = [0, ...pings, until]
      times.slice(1).forEach((time, i) => assert.isAtMost(time - times[i]!, longest))
    }
  )

  it("C4: a flood of what is received stops no ping", () => {
    const { ping, ...first } = waiting(Liveness.onPulse(undefined, true, 10_000, { timeout: 5_000 }))
    assert.deepStrictEqual(first, { _tag: "Waiting", fresh: true, judgeAt: 15_000 })
    assert.isTrue(waiting(Liveness.onPulse(ping, true, 20_000, { timeout: 5_000 })).fresh)
  })

  it("C2, L3: the socket is read once more before a link is judged", () => {
    const { ping } = waiting(Liveness.onPulse(undefined, false, 0, { timeout: 5_000 }))
    const drained = waiting(Liveness.onTimeout(ping, false, 5_000, { timeout: 5_000 }))
    assert.deepStrictEqual([drained.fresh, drained.judgeAt], [false, 5_000])
    assert.strictEqual(Liveness.onTimeout(drained.ping, true, 5_000, { timeout: 5_000 })._tag, "Alive")
    assert.strictEqual(Liveness.onTimeout(drained.ping, false, 5_001, { timeout: 5_000 })._tag, "Dead")
  })

  it("C2, L3: a late tick pings before it judges, and judges in the end", () => {
    const settings: Liveness.Settings = { timeout: 5_000 }
    let verdict = Liveness.onPulse(undefined, false, 0, settings)
    let now = 0
    let pings = 1
    for (let tick = 0; verdict._tag === "Waiting" && tick < 20; tick++) {
      now = Math.max(now, verdict.judgeAt) + 60_000
      verdict = Liveness.onTimeout(verdict.ping, false, now, settings)
      if (verdict._tag === "Waiting" && verdict.fresh) pings += 1
    }
    assert.strictEqual(verdict._tag, "Dead")
    assert.strictEqual(pings, 1 + Liveness.maxLateTicks)
  })

  it("C2: whatever is heard is life, at the last moment too", () => {
    const { ping } = waiting(Liveness.onPulse(undefined, false, 0, { timeout: 5_000 }))
    assert.strictEqual(Liveness.onTimeout(ping, true, 5_000, { timeout: 5_000 })._tag, "Alive")
    assert.strictEqual(Liveness.onTimeout(ping, false, 4_999, { timeout: 5_000 })._tag, "Waiting")
  })
})

const waiting = (verdict: Liveness.Verdict) => (verdict._tag === "Waiting" ? verdict : assert.fail(verdict._tag))
