import { assert, describe, it } from "@effect/vitest"
import { FastCheck as fc } from "effect"
import * as Liveness from "../../src/internal/protocol/liveness.ts"
import { Pulse } from "../../src/internal/protocol/pulse.ts"

/**
 * A host with one event loop, and a peer that answers each ping after `latency`. During a stall the host runs nothing. At
 * the end of a stall, due timers run before the socket is read, as on Node.
 */
interface World {
  readonly interval: number
  readonly timeout: number
  readonly busyTimeout: number
  /** The round trip of each ping in turn. */
  readonly latencies: ReadonlyArray<number>
  /** The start and the end of each stall. */
  readonly stalls: ReadonlyArray<{ readonly at: number; readonly length: number }>
  /** The time from which on the peer is silent. */
  readonly diesAt: number
  readonly until: number
  /** The interval of bytes that complete no frame, before the peer dies. No such bytes by default. Only without stalls. */
  readonly trickle?: number
  /** Whether the runtime shows received bytes. */
  readonly shows?: boolean
  /** Bytes that the operating system has not accepted; none by default. */
  readonly buffered?: (now: number) => number
  readonly inFlight?: (now: number) => Liveness.InFlight
}

interface Run {
  readonly pings: ReadonlyArray<number>
  readonly died: { readonly at: number; readonly cause: Liveness.Dead["cause"] } | undefined
  readonly diedAt: number | undefined
}

/** Does what the heartbeat asks for, as `runtime/driver.ts` does. */
const run = (world: World): Run => {
  const pulse = new Pulse({ timeout: world.timeout, busyTimeout: world.busyTimeout }, 0)
  const stalls = [...world.stalls].sort((a, b) => a.at - b.at)
  /** When a timer that is due at `at` runs. */
  const runs = (at: number): number => {
    let now = at
    for (const stall of stalls) if (now >= stall.at && now < stall.at + stall.length) now = stall.at + stall.length
    return now
  }
  const pings: Array<number> = []
  let answers: Array<number> = []
  let frames = 0
  let now = 0

  const see = (): Liveness.Sight => ({
    now,
    // Bytes that arrive at this moment are read after the tick.
    received: world.shows === false
      ? undefined
      : frames + Math.floor(Math.min(now, world.diesAt) / (world.trickle ?? Infinity) - 1e-9),
    buffered: world.buffered?.(now) ?? 0,
    inFlight: world.inFlight?.(now) ?? idle
  })
  const ping = () => {
    pings.push(now)
    const answer = now + world.latencies[(pings.length - 1) % world.latencies.length]!
    if (answer < world.diesAt) answers.push(answer)
  }
  /** The reason, if the connection is to be terminated. */
  const perform = (): string | undefined => {
    for (let action = pulse.poll(); action !== undefined; action = pulse.poll()) {
      if (action._tag === "Terminate") return action.ended.reason
      if (action._tag === "Ping") ping()
      else pulse.handlePlanned(Array.from({ length: action.count }, () => world.interval))
    }
    return undefined
  }

  perform()
  while (now <= world.until) {
    if (pulse.nextDue() <= now) {
      pulse.handleDue(see())
      const reason = perform()
      if (reason !== undefined) {
        return { pings, died: { at: now, cause: reason.startsWith("nothing") ? "Silence" : "Drip" }, diedAt: now }
      }
    }
    if (answers.some((at) => at <= now)) {
      frames += 1
      pulse.handleFrame()
      answers = answers.filter((at) => at > now)
    }
    now = runs(Math.max(now + 1, Math.min(pulse.nextDue(), ...answers)))
  }
  return { pings, died: undefined, diedAt: undefined }
}

const idle: Liveness.InFlight = { bytes: 0, answerBy: -Infinity }

/** Evenly distributed numbers. Half of the values of `fc.double` are close to 0. */
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
    busyTimeout: timeout * 6,
    stalls: stalls.map(({ at, length }) => ({ at: Math.floor(at * interval), length: Math.floor(length * timeout) }))
  }
})

const shares = fc.array(share(1), { minLength: 1, maxLength: 10 })

describe("liveness", () => {
  it.prop(
    "C2, L3, 8.A13: a link that answers within the timeout is never given up, however the host stalls",
    { world, shares },
    ({ shares, world }) => {
      const latencies = shares.map((share) => Math.floor(share * (world.timeout - 1)))
      const { diedAt } = run({ ...world, latencies, diesAt: Infinity, until: world.interval * beats * 2 })
      assert.isUndefined(diedAt)
    },
    { fastCheck: { numRuns: 300 } }
  )

  it.prop(
    "C3: a dead link is detected within interval + timeout",
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
    "C3: with stalls, a dead link is detected later by their duration, and by a ping after each of at most two long stalls",
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

  it.prop(
    "C2: a link on which bytes arrive endlessly is not given up before the deadlines of the requests in flight at the ping",
    { world, part: share(1), answeredAfter: share(20) },
    ({ answeredAfter, part, world }) => {
      const { interval, timeout } = world
      const answer = interval + Math.floor(answeredAfter * timeout)
      const trickle = Math.max(1, Math.floor(part * (timeout - 1)))
      // The answer to the first ping waits behind the frame; all later ones are answered at once.
      const latencies = [answer - interval, ...Array.from({ length: 1000 }, () => 0)]
      const inFlight = (now: number) => now < answer ? { bytes: 100, answerBy: answer + 1 } : idle
      const { died } = run({
        ...world,
        stalls: [],
        latencies,
        trickle,
        inFlight,
        diesAt: Infinity,
        until: answer + interval
      })
      assert.isUndefined(died, `given up although bytes arrived every ${trickle} ms`)
    }
  )

  it.prop(
    "C3: a link that was slow before it died is detected within interval + timeout as well",
    { world, part: share(1), diesAt: share(beats) },
    ({ diesAt: at, part, world }) => {
      const { interval, timeout } = world
      const diesAt = Math.floor(at * interval)
      const trickle = Math.max(1, Math.floor(part * (timeout - 1)))
      const inFlight = () => ({ bytes: 100, answerBy: diesAt + 100 * interval })
      const until = diesAt + 2 * (interval + timeout) + 4
      const { diedAt } = run({ ...world, stalls: [], latencies: [Infinity], trickle, inFlight, diesAt, until })
      assert.isTrue(diedAt !== undefined && diedAt <= diesAt + interval + timeout + 2)
    }
  )

  it.prop(
    "C2, C3: a peer that drips bytes and never sends a whole frame is given up when all deadlines have passed",
    { world, part: share(1), deadline: share(20) },
    ({ deadline, part, world }) => {
      const { busyTimeout, interval, timeout } = world
      const trickle = Math.max(1, Math.floor(part * (timeout - 1)))
      // There is always a request in flight, but requests that were sent after the ping do not extend the wait.
      const inFlight = (now: number) => ({ bytes: 100, answerBy: now + Math.floor(deadline * timeout) })
      const last = interval + Math.max(busyTimeout, Math.floor(deadline * timeout) + timeout)
      const until = last + timeout
      const { died } = run({ ...world, stalls: [], latencies: [Infinity], trickle, inFlight, diesAt: Infinity, until })
      assert.strictEqual(died?.cause, "Drip")
      assert.isTrue(died !== undefined && died.at >= last && died.at <= last + 2)
    }
  )

  it.prop(
    "C2: if received bytes are hidden, an answer within the longer timeout is in time while a request is in flight",
    { world, shares },
    ({ shares, world }) => {
      const latencies = shares.map((share) => Math.floor(share * (world.busyTimeout - 1)))
      const inFlight = (now: number) => ({ bytes: 100, answerBy: now + world.busyTimeout })
      const until = world.interval * beats * 2
      assert.isUndefined(run({ ...world, stalls: [], shows: false, latencies, inFlight, diesAt: Infinity, until }).died)
    }
  )

  it.prop(
    "C3: if received bytes are hidden, a dead link is detected within interval + the longer timeout, and after the last deadline",
    { world, diesAt: share(beats), answered: share(10) },
    ({ answered, diesAt: at, world }) => {
      const { busyTimeout, interval, timeout } = world
      const diesAt = Math.floor(at * interval)
      const answerBy = diesAt + Math.floor(answered * timeout)
      const inFlight = (now: number) => now < answerBy ? { bytes: 100, answerBy } : idle
      const until = diesAt + 2 * (interval + busyTimeout)
      const { diedAt } = run({ ...world, stalls: [], shows: false, latencies: [0], inFlight, diesAt, until })
      const bound = Math.min(
        diesAt + interval + busyTimeout,
        Math.max(diesAt + interval + timeout, answerBy + timeout)
      )
      assert.isTrue(diedAt !== undefined && diedAt <= bound + 2, `${diedAt} is later than ${bound}`)
    }
  )

  it.prop(
    "C3: if received bytes are visible, requests in flight extend the wait only if their bytes may be stuck in a buffer",
    { world, diesAt: share(beats), bytes: fc.nat(Liveness.hiddenBytes * 2) },
    ({ bytes, diesAt: at, world }) => {
      const { busyTimeout, interval, timeout } = world
      const diesAt = Math.floor(at * interval)
      const inFlight = () => ({ bytes, answerBy: Infinity })
      const until = diesAt + 2 * (interval + busyTimeout)
      const { diedAt } = run({ ...world, stalls: [], latencies: [0], inFlight, diesAt, until })
      const wait = bytes > Liveness.hiddenBytes ? busyTimeout : timeout
      assert.isTrue(diedAt !== undefined && diedAt <= diesAt + interval + wait + 2)
      assert.isTrue(diedAt !== undefined && diedAt >= diesAt + wait - interval)
    }
  )

  it("C2: sent bytes count as progress of an upload of any length, and of nothing else", () => {
    const settings: Liveness.Settings = { timeout: 5_000, busyTimeout: 30_000 }
    const upload = (bytes: number) =>
      run({
        ...settings,
        interval: 10_000,
        stalls: [],
        latencies: [Infinity],
        buffered: (now) => Math.max(0, 5_000_000 - now * 40),
        inFlight: () => ({ bytes, answerBy: 300_000 }),
        diesAt: Infinity,
        until: 400_000
      }).died
    // The last byte leaves at 125 s, and the pulse at 130 s detects it. 30 s later the peer is still silent.
    assert.deepStrictEqual(upload(5_000_000), { at: 160_001, cause: "Silence" })
    assert.deepStrictEqual(upload(100), { at: 15_001, cause: "Silence" })
  })

  it("C4: a flood of received frames stops no ping", () => {
    const first = waiting(Liveness.onPulse(undefined, sight(10_000), settings))
    assert.deepStrictEqual([first.fresh, first.lookAt], [true, 15_000])
    assert.isTrue(waiting(Liveness.onPulse(undefined, sight(20_000, 1_000_000), settings)).fresh)
  })

  it("C4: an unanswered ping does not stop later pings, and the link is judged by it", () => {
    const first = waiting(Liveness.onPulse(undefined, sight(0), { timeout: 25_000, busyTimeout: 25_000 }))
    const second = waiting(Liveness.onPulse(first.ping, sight(10_000), { timeout: 25_000, busyTimeout: 25_000 }))
    assert.deepStrictEqual([second.fresh, second.lookAt], [true, 25_000])
  })

  it("the round trip of a ping behind an upload of the client is not measured", () => {
    assert.isTrue(Liveness.unobstructed(sight(0)))
    assert.isFalse(Liveness.unobstructed({ ...sight(0), buffered: 1 }))
    const bytes = Liveness.hiddenBytes
    assert.isTrue(Liveness.unobstructed({ ...sight(0), inFlight: { bytes, answerBy: 1 } }))
    assert.isFalse(Liveness.unobstructed({ ...sight(0), inFlight: { bytes: bytes + 1, answerBy: 1 } }))
  })

  it("C2, L3: the socket is read once more before a link is judged", () => {
    const { ping } = waiting(Liveness.onPulse(undefined, sight(0), settings))
    const drained = waiting(Liveness.onLook(ping, sight(5_000), settings))
    assert.deepStrictEqual([drained.fresh, drained.lookAt], [false, 5_000])
    assert.strictEqual(Liveness.onLook(drained.ping, sight(5_000, 1), settings)._tag, "Waiting")
    assert.strictEqual(Liveness.onLook(drained.ping, sight(5_001), settings)._tag, "Dead")
  })

  it("C2, L3: a late tick pings before it judges, and judges in the end", () => {
    let verdict = Liveness.onPulse(undefined, sight(0), settings)
    let now = 0
    let pings = 1
    for (let tick = 0; verdict._tag === "Waiting" && tick < 20; tick++) {
      now = Math.max(now, verdict.lookAt) + 60_000
      verdict = Liveness.onLook(verdict.ping, sight(now), settings)
      if (verdict._tag === "Waiting" && verdict.fresh) pings += 1
    }
    assert.strictEqual(verdict._tag, "Dead")
    assert.strictEqual(pings, 1 + Liveness.maxLateTicks)
  })

  it("C2: a byte is progress, even at the last moment", () => {
    const { ping } = waiting(Liveness.onPulse(undefined, sight(0), settings))
    const { lookAt } = waiting(Liveness.onLook(ping, sight(5_000, 1), settings))
    assert.strictEqual(lookAt, 10_000)
    assert.strictEqual(waiting(Liveness.onLook(ping, sight(4_999), settings)).lookAt, 5_000)
  })
})

const settings: Liveness.Settings = { timeout: 5_000, busyTimeout: 30_000 }

const sight = (now: number, received = 0): Liveness.Sight => ({ now, received, buffered: 0, inFlight: idle })

const waiting = (verdict: Liveness.Verdict) => (verdict._tag === "Waiting" ? verdict : assert.fail(verdict._tag))
