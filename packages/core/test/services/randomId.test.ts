import { assert, it } from "@effect/vitest"
import { Effect, Random } from "effect"
import { randomId } from "../../src/internal/services/randomId.ts"

it.effect("a random integer is below its upper bound", () =>
  Effect.gen(function*() {
    const drawn = yield* Effect.all(Array.from({ length: 200 }, () => Random.nextIntBetween(0, 2)))
    assert.sameMembers([...new Set(drawn)], [0, 1])
  }))

it.effect("an id is a number below 2^40 to the base 36", () =>
  Effect.map(randomId, (id) => {
    const n = parseInt(id, 36)
    assert.strictEqual(n.toString(36), id)
    assert.isBelow(n, 2 ** 40)
  }))
