/**
 * Ten thousand clients lose one server at once, and it is down for a minute. The session's machine and its schedule decide
 * when each client dials. Without sockets and fibers, an hour takes a second.
 */
import { KuzzleConfig, KuzzleError, KuzzleSchedule } from "@effect-kuzzle/core"
import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Random, Schedule } from "effect"
import * as Machine from "../src/internal/protocol/connection.ts"
import { Delays } from "../src/internal/runtime/delays.ts"

const outage = 60_000
const window = 100

const connectionLost = new KuzzleError.ConnectionEndedError({ by: "Peer", code: 1006, reason: "" })
const refused = new KuzzleError.ConnectError({ reason: "Unreachable", url: "ws://kuzzle.test" })

/** When one client dials, from the loss of its server at 0 until it is connected. */
const dials = (endpoints: ReadonlyArray<string>, schedule: Schedule.Schedule<unknown, unknown>) =>
  Effect.gen(function*() {
    const next = Machine.next(endpoints)
    const delays = new Delays(schedule)
    const attempts: Array<number> = []
    let now = 0
    let state: Machine.ConnectionState = { _tag: "Ready", endpoint: endpoints[0] ?? "", attempt: 1 }
    let cause: KuzzleError.ConnectionEndedError | KuzzleError.ConnectError = connectionLost
    // The connection was stable, so the schedule starts from its beginning.
    let stable = true
    for (;;) {
      if (stable) delays.reset()
      state = next(state, { _tag: "Lost", cause, delayMillis: yield* delays.next(cause), stable, online: true })
      if (state._tag !== "Waiting") return assert.fail(`it gave up: ${state._tag}`)
      now += Duration.toMillis(state.delay)
      state = next(state, { _tag: "Due" })
      attempts.push(now)
      if (now >= outage) return attempts
      cause = refused
      stable = false
    }
  })

/** The largest number of attempts of all clients in one window after the server's return. */
const peak = (clients: number, schedule: Schedule.Schedule<unknown, unknown>) =>
  Effect.gen(function*() {
    const { knownEndpoints: endpoints } = yield* KuzzleConfig.make({ url: "ws://kuzzle.test" })
    const windows = new Map<number, number>()
    let connected = 0
    let latest = 0
    for (let client = 0; client < clients; client++) {
      for (const at of yield* dials(endpoints, schedule)) {
        if (at < outage) continue
        connected += 1
        latest = Math.max(latest, at)
        const nth = Math.floor(at / window)
        windows.set(nth, (windows.get(nth) ?? 0) + 1)
      }
    }
    assert.strictEqual(connected, clients)
    return { most: Math.max(...windows.values()), latest }
  })

describe("many clients that lose one server", () => {
  it.effect(
    "C6, 8.A12: of 10,000 clients at most 2 % dial in any 100 ms after the server's return",
    () =>
      Effect.gen(function*() {
        const { latest, most } = yield* peak(10_000, KuzzleSchedule.reconnect())
        assert.isAtMost(most, 200)
        // No client waits longer than the cap.
        assert.isAtMost(latest, outage + 30_000)
      }).pipe(Effect.withRandom(Random.make("herd"))),
    60_000
  )

  it.effect("8.A12: with a constant delay all clients dial at once, and this test detects it", () =>
    Effect.gen(function*() {
      assert.strictEqual((yield* peak(100, Schedule.spaced("1 second"))).most, 100)
    }))
})
