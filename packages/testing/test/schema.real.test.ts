/** `effect-kuzzle schema` against the real Kuzzle that `KUZZLE_REAL_URL` names. */
import { KuzzleCollection, KuzzleDocument, KuzzleIndex } from "@effect-kuzzle/core"
import { NodeKuzzle } from "@effect-kuzzle/node"
import { assert, it } from "@effect/vitest"
import { Effect, FastCheck as fc } from "effect"
import * as Arbitrary from "./schema/arbitrary.ts"
import { run } from "./schema/command.ts"
import { assertFits, assertMapped, repositoriesOf } from "./schema/generated.ts"

const url = process.env.KUZZLE_REAL_URL
if (url === undefined) throw new Error("KUZZLE_REAL_URL must name a running Kuzzle, e.g. ws://127.0.0.1:7512")

it.live(
  "the output of effect-kuzzle schema fits the data of a real Kuzzle",
  () =>
    Effect.gen(function*() {
      const index = `schema-${crypto.randomUUID()}`
      yield* Effect.acquireRelease(KuzzleIndex.create({ index }), () => Effect.orDie(KuzzleIndex.delete({ index })))
      const held = new Map<string, ReadonlyArray<object>>()
      for (const [i, { documents, properties }] of fc.sample(Arbitrary.collection, { numRuns: 5 }).entries()) {
        const target = { index, collection: `taxi${i}` }
        yield* KuzzleCollection.create({ ...target, mappings: { properties } })
        yield* KuzzleDocument.mCreate({ ...target, documents: documents.map((body) => ({ body: { ...body } })) })
        yield* KuzzleCollection.refresh(target)
        const { hits } = yield* KuzzleDocument.search({ ...target, size: 100 })
        held.set(target.collection, hits.map(({ _source: { _kuzzle_info: _, ...content } }) => content))
      }
      const [text = ""] = yield* run("--url", url, "--index", index)
      assert.include(text, "export const passwordReset = ")
      for (const repository of repositoriesOf(text).values()) {
        assertFits(repository, held.get(repository.collection) ?? [])
        yield* assertMapped(repository)
        held.delete(repository.collection)
      }
      assert.strictEqual(held.size, 0)
    }).pipe(Effect.scoped, Effect.provide(NodeKuzzle.layer({ url }))),
  60_000
)
