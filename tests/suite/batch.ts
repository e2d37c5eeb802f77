/** Batches: each caller gets the same result as without a batch. */
import { Kuzzle, KuzzleBatch, KuzzleDocument, KuzzleError, KuzzleSearch } from "@effect-kuzzle/core"
import { assert, describe, type Vitest } from "@effect/vitest"
import { Array, Effect, Exit, FastCheck as fc, Runtime, Stream } from "effect"
import type { Provide } from "./api.ts"
import { type Backend, type Collection, World } from "./backend.ts"

const mappings = { dynamic: "strict", properties: { n: { type: "integer" }, text: { type: "keyword" } } }

const ids = ["a", "b", "c", "d", "e", "f", "g", "h"] as const

const content = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: 0, max: 3 }).map((n): KuzzleDocument.Content => ({ n })) },
  { weight: 2, arbitrary: fc.constantFrom("x", "y").map((text): KuzzleDocument.Content => ({ text })) },
  // The field type refuses the first, the strict mapping the second, and the client the third.
  fc.constantFrom<KuzzleDocument.Content>({ n: "no number" }, { other: 1 }, { n: NaN })
)

const options = fc.record({ silent: fc.constantFrom(undefined, true), source: fc.constantFrom(undefined, true) })

interface Arguments {
  readonly _id: string | undefined
  readonly content: KuzzleDocument.Content
  readonly options: { readonly silent: boolean | undefined; readonly source: boolean | undefined }
}

const kinds = {
  get: (target, { _id = "a" }) => KuzzleDocument.get({ ...target, _id }),
  exists: (target, { _id = "a" }) => KuzzleDocument.exists({ ...target, _id }),
  create: (target, { _id, content, options: { silent } }) => KuzzleDocument.create({ ...target, _id, content, silent }),
  createOrReplace: (target, { _id = "a", content, options: { silent } }) =>
    KuzzleDocument.createOrReplace({ ...target, _id, content, silent }),
  replace: (target, { _id = "a", content }) => KuzzleDocument.replace({ ...target, _id, content }),
  update: (target, { _id = "a", content, options }) => KuzzleDocument.update({ ...target, _id, content, ...options }),
  delete: (target, { _id = "a", options }) => KuzzleDocument.delete({ ...target, _id, ...options })
} satisfies Record<
  string,
  (target: Collection, options: Arguments) => Effect.Effect<unknown, { readonly _tag: string }, Kuzzle.Kuzzle>
>

// `Object.keys` types keys as `string`.
const names = Object.keys(kinds) as ReadonlyArray<keyof typeof kinds>

/**
 * Random requests. All requests for one document are of one kind, because the order of two kinds is not defined in a batch.
 * For the same reason they have the same `silent`, and deletions the same `source`: these options separate batches.
 *
 * @param inOrder whether the server executes requests in order; otherwise there is one request for each document, because
 * two equal writes may overtake each other
 */
const program = (inOrder: boolean) => {
  const request = fc.record({
    id: fc.option(fc.nat({ max: ids.length - 1 }), { nil: undefined, freq: 4 }),
    content,
    options
  })
  const length = { minLength: 1, maxLength: 25 }
  return fc.record({
    kindOf: fc.array(fc.constantFrom(...names), { minLength: ids.length, maxLength: ids.length }),
    requests: inOrder
      ? fc.array(request, length)
      : fc.uniqueArray(request, { ...length, comparator: (a, b) => a.id !== undefined && a.id === b.id })
  })
}

type Program = ReturnType<typeof program> extends fc.Arbitrary<infer P> ? P : never

const calls = ({ kindOf, requests }: Program, target: Collection) =>
  requests.map(({ content, id, options }, i): Effect.Effect<unknown, { readonly _tag: string }, Kuzzle.Kuzzle> => {
    const kind = id === undefined ? "create" : kindOf[id] ?? "get"
    const silent = id === undefined ? options.silent : id % 2 === 0
    const source = id !== undefined && kind === "delete" ? id % 3 === 0 : options.source
    const _id = id === undefined ? undefined : ids[id]
    const refused = "other" in content || typeof content.n === "string" || Number.isNaN(content.n)
    // Each update changes something: Elasticsearch ignores an update without a change, which depends on the millisecond of
    // `updatedAt`. A `create` must not have two mistakes, an id that exists and content that is refused: alone it fails because of
    // one of them, and in a batch because of the other.
    const changed = refused ? id !== undefined && kind === "create" : kind === "update"
    return kinds[kind](target, {
      _id,
      content: changed ? { ...(refused ? {} : content), n: 100 + i } : content,
      options: { silent, source }
    })
  })

/** The outcome, without the parts that depend on the collection or the clock. */
const comparable = (exit: Exit.Exit<unknown, unknown>, { collection }: Collection): unknown => {
  const value = Exit.isSuccess(exit)
    ? { done: exit.value }
    : {
      failed: exit.cause._tag === "Fail" && KuzzleError.isKuzzleError(exit.cause.error)
        ? { ...exit.cause.error, message: exit.cause.error.message }
        : exit.cause
    }
  return JSON.parse(
    JSON.stringify(value, (key, member) => key === "_kuzzle_info" || key === "serverStack" ? undefined : member)
      .replaceAll(collection, "<collection>")
      // An id that the server has generated, and the id in an error of Elasticsearch.
      .replace(/"_id":"[^"]{3,}"/, "\"_id\":\"<generated>\"")
      .replaceAll(/ in document with id '[^']*'/g, "")
      // The error of a request that was not sent names its action, which is a different one in a batch.
      .replace(/"action":"m?(Create|Update|Replace|CreateOrReplace)",("issue")/i, "$2")
      .replaceAll(/document:m?[a-z]+ cannot be encoded as JSON: .*n is NaN/gi, "NaN")
      .replaceAll(/"issue":"[^"]*"/g, "\"issue\":\"<place>\"")
  )
}

const makeCollection: Effect.Effect<Collection, KuzzleError.RequestError, World> = Effect.gen(function*() {
  const { admin, index, name } = yield* World
  const target = { index, collection: name("batch") }
  yield* admin.query({ controller: "collection", action: "create", ...target, body: { mappings } })
  return target
})

/** Resets the collection to half of the documents. */
const reset = (target: Collection) =>
  Effect.gen(function*() {
    const { admin } = yield* World
    yield* admin.query({ controller: "collection", action: "truncate", ...target })
    const documents = ids.slice(0, 4).map((_id, n) => ({ _id, body: { n } }))
    yield* admin.query({ controller: "document", action: "mCreate", ...target, body: { documents } })
  })

const allDocuments = (target: Collection) =>
  Effect.gen(function*() {
    const { admin } = yield* World
    yield* admin.query({ controller: "collection", action: "refresh", ...target })
    const hits = yield* Stream.runCollect(KuzzleSearch.hits(target))
    return Array.fromIterable(hits).map(({ _id, _source: { _kuzzle_info: _, ...source } }) =>
      JSON.stringify([_id.length > 2 ? "<generated>" : _id, source])
    ).sort()
  })

export const batchTests = (
  it: Vitest.MethodsNonLive<World | Backend, true>,
  provide: Provide,
  { inOrder, runs }: { readonly inOrder: boolean; readonly runs: number }
): void => {
  describe("batches", () => {
    it.effect(
      "every caller gets the same result or error as without a batch, and the stored documents are the same",
      () =>
        provide()(Effect.gen(function*() {
          const alone = yield* makeCollection
          const together = yield* makeCollection
          const kuzzle = yield* Kuzzle.Kuzzle
          const runtime = yield* Effect.runtime<Kuzzle.Kuzzle | World>()
          const agrees = (program: Program) =>
            Effect.gen(function*() {
              yield* reset(alone)
              yield* reset(together)
              const expected = yield* Effect.forEach(calls(program, alone), (call) => Effect.exit(call))
              const outcomes = yield* Effect.forEach(calls(program, together), (call) => Effect.exit(call), {
                concurrency: "unbounded"
              }).pipe(
                Effect.provideServiceEffect(Kuzzle.Kuzzle, KuzzleBatch.make(kuzzle, { maxWrites: 7, maxReads: 5 })),
                Effect.scoped
              )
              assert.deepStrictEqual(
                outcomes.map((exit) => comparable(exit, together)),
                expected.map((exit) => comparable(exit, alone))
              )
              // A document without a given id is compared by its content.
              for (const [i, exit] of outcomes.entries()) {
                const request = program.requests[i]
                if (request?.id !== undefined || Exit.isFailure(exit)) continue
                // The result of `create`.
                const { _id } = exit.value as KuzzleDocument.Document
                const { _source: { _kuzzle_info: _, ...source } } = yield* KuzzleDocument.get({ ...together, _id })
                assert.deepStrictEqual<unknown>(source, request?.content)
              }
              assert.deepStrictEqual(yield* allDocuments(together), yield* allDocuments(alone))
            })
          yield* Effect.promise(() =>
            fc.assert(fc.asyncProperty(program(inOrder), (program) => Runtime.runPromise(runtime)(agrees(program))), {
              numRuns: runs
            })
          )
        })),
      60_000
    )

    it.effect("8.D12: the layer splits a batch that is larger than the server allows", () =>
      provide()(Effect.gen(function*() {
        const target = yield* makeCollection
        const numbers = Array.range(1, 450)
        yield* Effect.forEach(
          numbers,
          (n) => KuzzleDocument.create({ ...target, _id: `id${n}`, content: { n } }),
          { concurrency: "unbounded", discard: true }
        ).pipe(Effect.provide(KuzzleBatch.layer({ maxWrites: 1000 })))
        const documents = yield* Effect.forEach(
          numbers,
          (n) => KuzzleDocument.get({ ...target, _id: `id${n}` }),
          { concurrency: "unbounded" }
        ).pipe(Effect.provide(KuzzleBatch.layer()))
        assert.deepStrictEqual<unknown>(documents.map(({ _source }) => _source.n), numbers)
      })))
  })
}
