/** The requests that the modules above the client retry, and the errors that end the retries. */
import { KuzzleError } from "@effect-kuzzle/core"
import { assert, describe, it } from "@effect/vitest"
import { Clock, Duration, Effect, Fiber, TestClock } from "effect"
import { retryTransient } from "../../src/internal/api/retryTransient.ts"
import { oversized } from "../../src/internal/data/oversized.ts"
import { answering } from "../support/answering.ts"

const request = { controller: "document", action: "search" }

/** Retries an effect that fails with these errors in turn. Returns the times of its attempts, and its outcome. */
const trying = (failures: ReadonlyArray<KuzzleError.RequestError>) =>
  Effect.gen(function*() {
    const tries: Array<number> = []
    const attempt = Effect.flatMap(Clock.currentTimeMillis, (now) => {
      const failure = failures[tries.push(now) - 1]
      return failure === undefined ? Effect.void : Effect.fail(failure)
    })
    const fiber = yield* Effect.fork(Effect.either(retryTransient(attempt, { repeatable: true })))
    yield* TestClock.adjust("10 minutes")
    return { tries, end: yield* Fiber.join(fiber) }
  }).pipe(Effect.provide(answering(() => null)))

const limited = (retryAfter?: Duration.Duration) =>
  KuzzleError.fromStatus({
    ...request,
    id: "",
    code: 0,
    status: 429,
    message: "slowly",
    props: [],
    ...(retryAfter === undefined ? {} : { retryAfter })
  })

describe("retryTransient", () => {
  it.effect("C6: waits as long as the server requests", () =>
    Effect.gen(function*() {
      const { end, tries } = yield* trying([limited(), limited(Duration.seconds(60)), limited()])
      assert.strictEqual(end._tag, "Right")
      assert.lengthOf(tries, 4)
      assert.isBelow(tries[1]! - tries[0]!, 5000)
      assert.isAtLeast(tries[2]! - tries[1]!, 60_000)
      assert.isBelow(tries[3]! - tries[2]!, 5000)
    }))

  it.effect("L2: a request is not retried endlessly when frames that are too large end its connections", () =>
    Effect.gen(function*() {
      const cut = new KuzzleError.MaybeSentError({ ...request, cause: oversized(1000) })
      const lost = new KuzzleError.MaybeSentError({
        ...request,
        cause: new KuzzleError.ConnectionEndedError({ by: "Peer", code: 1006, reason: "" })
      })
      const { end, tries } = yield* trying(Array.from({ length: 20 }, () => cut))
      assert.lengthOf(tries, 3)
      assert.deepStrictEqual(end._tag === "Left" && end.left, cut)
      assert.include(
        cut.message,
        "a frame of more than 1000 bytes arrived (ask for less at once, or raise maxResponseSize)"
      )
      assert.lengthOf((yield* trying([cut, ...Array.from({ length: 9 }, () => lost)])).tries, 11)
    }))
})
