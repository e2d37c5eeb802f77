import { KuzzleDocument } from "@effect-kuzzle/core"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { answering } from "./support/answering.ts"

describe("KuzzleDocument", () => {
  it.effect("8.E3: without ids no request is sent: the server would answer without `successes`", () =>
    Effect.gen(function*() {
      let requestCount = 0
      const server = Effect.provide(answering(() => {
        requestCount += 1
        return { errors: [] }
      }))
      const none = { index: "nyc", collection: "taxi", ids: [] }
      assert.deepStrictEqual<unknown>(yield* server(KuzzleDocument.mGet(none)), { successes: [], errors: [] })
      assert.deepStrictEqual<unknown>(yield* server(KuzzleDocument.mExists(none)), { successes: [], errors: [] })
      assert.strictEqual(requestCount, 0)
    }))

  it.effect("content that was not requested is empty, in hits and in hits within hits", () =>
    Effect.gen(function*() {
      const place = { index: "nyc", collection: "taxi" }
      const bare = { ...place, _id: "a", _score: 1 }
      const full = { ...bare, _id: "b", _source: { seats: 4 } }
      const search = (hits: ReadonlyArray<object>) =>
        Effect.provide(KuzzleDocument.search(place), answering(() => ({ hits, total: 1 })))
      const { hits } = yield* search([{ ...bare, inner_hits: { rides: [bare, full] } }, full])
      assert.deepStrictEqual<unknown>(hits, [
        { ...bare, _source: {}, inner_hits: { rides: [{ ...bare, _source: {} }, full] } },
        full
      ])
      const error = yield* Effect.flip(search([{ ...full, inner_hits: { rides: [{ ...full, _id: 1 }] } }]))
      assert.include(error.message, "result.hits[0].inner_hits.rides[0]._id: expected a string, got a number")
    }))
})
