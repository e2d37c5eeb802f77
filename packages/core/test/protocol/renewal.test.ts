/** The consequences of an attempt to renew the session (promise A4). */
import { KuzzleError } from "@effect-kuzzle/core"
import { assert, describe, it } from "@effect/vitest"
import { Cause, Duration, Exit, FiberId } from "effect"
import * as Renewal from "../../src/internal/protocol/renewal.ts"

const baseRequest = { controller: "auth", action: "refreshToken" }
const answered = (id: string, status: number) =>
  KuzzleError.fromStatus({ ...baseRequest, id, code: 0, status, message: id, props: [] })
const dead = answered("security.token.invalid", 401)
const wrong = answered("plugin.strategy.missing_user", 401)
const busy = answered("services.koncorde.overloaded", 503)
const lost = new KuzzleError.MaybeSentError({
  ...baseRequest,
  cause: new KuzzleError.ConnectionEndedError({ by: "Peer", code: 1006, reason: "" })
})
const late = new KuzzleError.DeadlineError({ ...baseRequest, timeout: Duration.seconds(15), sent: true })

const interrupted = Cause.interrupt(FiberId.none)

const session = { alive: true, keepLoggedIn: true, canLogin: true }
const endedSession = { ...session, alive: false }
const decide = (way: Renewal.Way, exit: Exit.Exit<void, Renewal.Failure>, now: typeof session) => {
  const decision = Renewal.after(way, exit, now)
  return decision._tag === "Then"
    ? `Then ${decision.way}`
    : decision._tag === "Lost"
    ? `Lost ${decision.cause.reason}`
    : decision._tag
}

describe("renewal", () => {
  it("A4: an attempt that fails temporarily is retried, and a refused one is not", () => {
    for (const error of [busy, late, answered("network.http.too_many_requests", 429)]) {
      assert.isTrue(Renewal.isTemporary(error), error.message)
    }
    for (const error of [dead, wrong, lost]) assert.isFalse(Renewal.isTemporary(error), error.message)
    // The status of a proxy's page says whether the failure is transient.
    const page = (status: number) => new KuzzleError.ProtocolError({ ...baseRequest, issue: "a page", status })
    for (const status of [429, 502, 503, 504]) assert.isTrue(Renewal.isTemporary(page(status)), String(status))
    for (const status of [200, 307, 404, 500]) assert.isFalse(Renewal.isTemporary(page(status)), String(status))
  })

  it("A4: an attempt has succeeded if there is a session after it", () => {
    for (const way of ["Restore", "Refresh", "Login"] as const) {
      assert.strictEqual(decide(way, Exit.void, session), "Done")
    }
    assert.strictEqual(decide("Login", Exit.void, endedSession), "Lost Refused")
    assert.strictEqual(decide("Restore", Exit.void, endedSession), "Then Login")
    assert.strictEqual(decide("Restore", Exit.void, { ...endedSession, canLogin: false }), "Lost TokenDead")
    assert.strictEqual(decide("Restore", Exit.void, { ...endedSession, canLogin: false, keepLoggedIn: false }), "Keep")
  })

  it("A4: after a lost connection or an interruption, the session stays as it is", () => {
    for (const way of ["Restore", "Refresh", "Login"] as const) {
      for (const now of [session, endedSession, { ...endedSession, canLogin: false }]) {
        assert.strictEqual(decide(way, Exit.fail(lost), now), "Keep")
        assert.strictEqual(decide(way, Exit.failCause(interrupted), now), "Keep")
      }
    }
  })

  it("A4: after a failed refresh, a valid session stays, and a dead one is renewed by the authenticator", () => {
    assert.strictEqual(decide("Refresh", Exit.fail(busy), session), "Keep")
    assert.strictEqual(decide("Refresh", Exit.fail(dead), session), "Then Login")
    assert.strictEqual(decide("Refresh", Exit.fail(busy), endedSession), "Then Login")
    assert.strictEqual(decide("Refresh", Exit.fail(dead), { ...endedSession, canLogin: false }), "Lost TokenDead")
    assert.strictEqual(decide("Refresh", Exit.fail(busy), { ...endedSession, canLogin: false }), "Lost Refused")
  })

  it("A4: a login that is refused ends the session, with its cause", () => {
    const decision = Renewal.after("Login", Exit.fail(wrong), endedSession)
    assert.isTrue(decision._tag === "Lost" && decision.cause.reason === "Refused" && decision.cause.cause === wrong)
  })
})
