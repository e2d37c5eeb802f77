import { KuzzleDocument } from "@effect-kuzzle/core"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { answering } from "./support/answering.ts"

describe("KuzzleDocument", () => {
  it.effect("8.E3: of no ids nobody is asked: the server would answer without `successes`", () =>
    Effect.gen(function*() {
      let asked = 0
      const server = Effect.provide(answering(() => {
        asked += 1
        return { errors: [] }
      }))
      const none = { index: "nyc", collection: "taxi", ids: [] }
      assert.deepStrictEqual<unknown>(yield* server(KuzzleDocument.mGet(none)), { successes: [], errors: [] })
      assert.deepStrictEqual<unknown>(yield* server(KuzzleDocument.mExists(none)), { successes: [], errors: [] })
      assert.strictEqual(asked, 0)
    }))
})
