import { assert, describe, it } from "@effect/vitest"
import { FastCheck as fc } from "effect"
import * as Machine from "../../src/internal/protocol/session.ts"
import { ConnectionEnded } from "../../src/KuzzleError.ts"

const cause = new ConnectionEnded({ by: "Peer", code: 1006, reason: "" })

const event: fc.Arbitrary<Machine.Event> = fc.oneof(
  { weight: 6, arbitrary: fc.constant({ _tag: "Opened" as const }) },
  { weight: 6, arbitrary: fc.constant({ _tag: "Resubscribed" as const }) },
  {
    weight: 6,
    arbitrary: fc.record({
      _tag: fc.constant("Lost" as const),
      cause: fc.constant(cause),
      delayMillis: fc.option(fc.nat(30_000), { nil: undefined, freq: 10 }),
      stable: fc.boolean()
    })
  },
  { weight: 6, arbitrary: fc.constant({ _tag: "Due" as const }) },
  { weight: 1, arbitrary: fc.constant({ _tag: "Close" as const }) }
)

const endpoints = fc.uniqueArray(fc.constantFrom("ws://a", "ws://b", "ws://c", "ws://d"), { minLength: 1 })
const history = { endpoints, events: fc.array(event, { maxLength: 60, size: "max" }) }

/** What may follow what, besides staying. */
const paths: Readonly<Record<Machine.ConnectionState["_tag"], ReadonlyArray<Machine.ConnectionState["_tag"]>>> = {
  Connecting: ["Resubscribing", "Waiting", "Failed", "Closed"],
  Resubscribing: ["Ready", "Waiting", "Failed", "Closed"],
  Ready: ["Waiting", "Failed", "Closed"],
  Waiting: ["Connecting", "Failed", "Closed"],
  Failed: [],
  Closed: []
}

const attemptOf = (state: Machine.ConnectionState) => ("attempt" in state ? state.attempt : undefined)
const endpointOf = (state: Machine.ConnectionState) => ("endpoint" in state ? state.endpoint : undefined)

describe("session machine", () => {
  it.prop("C5: only valid paths, and the last states are final", history, ({ endpoints, events }) => {
    const next = Machine.next(endpoints)
    let state: Machine.ConnectionState = Machine.initial(endpoints)
    for (const event of events) {
      const following = next(state, event)
      if (following._tag !== state._tag) assert.include(paths[state._tag], following._tag)
      else assert.deepStrictEqual(following, state)
      if (event._tag === "Close" && state._tag !== "Failed") assert.strictEqual(following._tag, "Closed")
      state = following
    }
  })

  it.prop("C5: every bad state has its cause", history, ({ endpoints, events }) => {
    let state: Machine.ConnectionState = Machine.initial(endpoints)
    for (const event of events) {
      state = Machine.next(endpoints)(state, event)
      if (state._tag === "Waiting" || state._tag === "Failed") assert.strictEqual(state.cause, cause)
    }
  })

  it.prop("C6: attempts count on until a session was stable", history, ({ endpoints, events }) => {
    let state: Machine.ConnectionState = Machine.initial(endpoints)
    assert.strictEqual(attemptOf(state), 1)
    for (const event of events) {
      const following = Machine.next(endpoints)(state, event)
      const [before, after] = [attemptOf(state), attemptOf(following)]
      if (before !== undefined && after !== undefined) {
        const lost = event._tag === "Lost" && state._tag !== "Waiting"
        assert.strictEqual(after, lost ? (event.stable ? 1 : before + 1) : before)
      }
      state = following
    }
  })

  it.prop(
    "A18: an attempt that came to nothing moves to the next endpoint, a stable session stays",
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

  it.prop("A18: each endpoint gets one attempt in a round", { endpoints }, ({ endpoints }) => {
    const next = Machine.next(endpoints)
    const dialled: Array<string> = []
    let state: Machine.ConnectionState = Machine.initial(endpoints)
    for (let i = 0; i < endpoints.length * 2; i++) {
      dialled.push(endpointOf(state) ?? "")
      state = next(next(state, { _tag: "Lost", cause, delayMillis: 1, stable: false }), { _tag: "Due" })
    }
    assert.deepStrictEqual(dialled, [...endpoints, ...endpoints])
  })

  it("R3, R5: requests pass when ready, wait while resubscribing, are refused otherwise", () => {
    const at = { endpoint: "ws://a", attempt: 1 }
    const states: ReadonlyArray<readonly [Machine.ConnectionState, Machine.Admission]> = [
      [{ _tag: "Connecting", ...at }, "Refuse"],
      [{ _tag: "Resubscribing", ...at }, "Wait"],
      [{ _tag: "Ready", ...at }, "Send"],
      [{ _tag: "Waiting", ...at, delayMillis: 1, cause }, "Refuse"],
      [{ _tag: "Failed", cause }, "Refuse"],
      [{ _tag: "Closed" }, "Refuse"]
    ]
    for (const [state, admission] of states) assert.strictEqual(Machine.admission(state), admission, state._tag)
  })
})
