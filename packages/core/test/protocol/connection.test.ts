import { assert, describe, it } from "@effect/vitest"
import { Duration, FastCheck as fc } from "effect"
import * as Machine from "../../src/internal/protocol/connection.ts"
import { ConnectionEndedError } from "../../src/KuzzleError.ts"
import { statesAfter } from "../support/states.ts"

const cause = new ConnectionEndedError({ by: "Peer", code: 1006, reason: "" })

const event: fc.Arbitrary<Machine.Event> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ _tag: fc.constant("Opened" as const), authenticate: fc.boolean() }) },
  { weight: 2, arbitrary: fc.record({ _tag: fc.constant("Kept" as const), authenticate: fc.boolean() }) },
  { weight: 6, arbitrary: fc.record({ _tag: fc.constant("Resubscribed" as const), queued: fc.boolean() }) },
  {
    weight: 12,
    arbitrary: fc.constantFrom(
      ...(["Challenged", "Authenticated", "Replayed", "Renew", "Redial"] as const).map((_tag) => ({ _tag }))
    )
  },
  { weight: 2, arbitrary: fc.record({ _tag: fc.constant("Network" as const), online: fc.boolean() }) },
  {
    weight: 6,
    arbitrary: fc.record({
      _tag: fc.constant("Lost" as const),
      cause: fc.constant(cause),
      delayMillis: fc.option(fc.nat(30_000), { nil: undefined, freq: 10 }),
      stable: fc.boolean(),
      online: fc.boolean()
    })
  },
  { weight: 6, arbitrary: fc.constant({ _tag: "Due" as const }) },
  { weight: 1, arbitrary: fc.constant({ _tag: "Close" as const }) }
)

const endpoints = fc.uniqueArray(fc.constantFrom("ws://a", "ws://b", "ws://c", "ws://d"), { minLength: 1 })
const history = { endpoints, events: fc.array(event, { maxLength: 60, size: "max" }) }

const attemptOf = (state: Machine.ConnectionState) => ("attempt" in state ? state.attempt : undefined)
const endpointOf = (state: Machine.ConnectionState) => ("endpoint" in state ? state.endpoint : undefined)

describe("connection machine", () => {
  it.prop(
    "C5: states follow each other only in valid orders, and the last states are final",
    history,
    ({ endpoints, events }) => {
      const next = Machine.next(endpoints)
      let state: Machine.ConnectionState = Machine.initial(endpoints)
      for (const event of events) {
        const following = next(state, event)
        if (following._tag !== state._tag) assert.include(statesAfter[state._tag], following._tag)
        else if (event._tag !== "Network") assert.deepStrictEqual(following, state)
        if (event._tag === "Close" && state._tag !== "Failed") assert.strictEqual(following._tag, "Closed")
        state = following
      }
    }
  )

  it.prop("C5: `Waiting` and `Failed` have their cause", history, ({ endpoints, events }) => {
    let state: Machine.ConnectionState = Machine.initial(endpoints)
    for (const event of events) {
      state = Machine.next(endpoints)(state, event)
      if (state._tag === "Waiting" || state._tag === "Failed") assert.strictEqual(state.cause, cause)
    }
  })

  it.prop("C6: the count of attempts continues until a connection was stable", history, ({ endpoints, events }) => {
    let state: Machine.ConnectionState = Machine.initial(endpoints)
    assert.strictEqual(attemptOf(state), 1)
    for (const event of events) {
      const following = Machine.next(endpoints)(state, event)
      const [before, after] = [attemptOf(state), attemptOf(following)]
      if (before !== undefined && after !== undefined) {
        const lost = event._tag === "Lost" && state._tag !== "Waiting"
        const onPurpose = event._tag === "Redial" && state._tag === "Replacing"
        assert.strictEqual(after, onPurpose ? 1 : lost ? (event.stable ? 1 : before + 1) : before)
      }
      state = following
    }
  })

  it.prop(
    "8.A18: after a failed attempt the next endpoint is dialled, and after a stable connection the same one",
    history,
    ({ endpoints, events }) => {
      let state: Machine.ConnectionState = Machine.initial(endpoints)
      assert.strictEqual(endpointOf(state), endpoints[0])
      for (const event of events) {
        const following = Machine.next(endpoints)(state, event)
        const [before, after] = [endpointOf(state), endpointOf(following)]
        if (before !== undefined && after !== undefined) {
          const moved = state._tag !== "Waiting" && event._tag === "Lost" && !event.stable
          assert.strictEqual(
            after,
            moved ? endpoints[(endpoints.indexOf(before) + 1) % endpoints.length] : before
          )
        }
        state = following
      }
    }
  )

  it.prop("8.A18: each endpoint gets one attempt in a round", { endpoints }, ({ endpoints }) => {
    const next = Machine.next(endpoints)
    const dialled: Array<string> = []
    let state: Machine.ConnectionState = Machine.initial(endpoints)
    for (let i = 0; i < endpoints.length * 2; i++) {
      dialled.push(endpointOf(state) ?? "")
      state = next(next(state, { _tag: "Lost", cause, delayMillis: 1, stable: false, online: true }), { _tag: "Due" })
    }
    assert.deepStrictEqual(dialled, [...endpoints, ...endpoints])
  })

  it("R3, R5, 8.A2: requests are sent when ready, wait while the session is prepared, are queued without a connection, and are refused at the end", () => {
    const at = { endpoint: "ws://a", attempt: 1 }
    const states: ReadonlyArray<readonly [Machine.ConnectionState, Machine.Admission]> = [
      [{ _tag: "Connecting", ...at, because: "Start" }, "Queue"],
      [{ _tag: "Connecting", ...at, because: "Loss" }, "Queue"],
      [{ _tag: "Connecting", ...at, because: "Replacement" }, "Wait"],
      [{ _tag: "Authenticating", ...at }, "Wait"],
      [{ _tag: "Replacing", ...at }, "Hold"],
      [{ _tag: "Resubscribing", ...at }, "Wait"],
      [{ _tag: "Replaying", ...at }, "Wait"],
      [{ _tag: "Ready", ...at }, "Send"],
      [{ _tag: "Waiting", ...at, delay: Duration.millis(1), online: true, cause }, "Queue"],
      [{ _tag: "Failed", cause }, "Refuse"],
      [{ _tag: "Closed" }, "Refuse"]
    ]
    for (const [state, admission] of states) assert.strictEqual(Machine.admission(state, true), admission, state._tag)
    // A login by token has already changed the user.
    assert.strictEqual(Machine.admission({ _tag: "Replacing", ...at }, false), "Wait")
  })
})
