import { KuzzleImport } from "@effect-kuzzle/core"
import { assert, describe, it, vi } from "@effect/vitest"
import { Array, Chunk, Effect, Stream } from "effect"
import { answering, type SentRequest } from "./support/answering.ts"

const target = { index: "nyc", collection: "taxi" }

const written = (request: SentRequest) => ({
  successes: request.body.documents.map(({ _id = "made", body }: KuzzleImport.ImportedDocument) => ({
    _id,
    _source: body,
    _version: 1
  })),
  errors: []
})

/** The requests of an import, and its progress. */
const imported = (
  documents: ReadonlyArray<KuzzleImport.ImportedDocument>,
  options: Partial<KuzzleImport.Options> = {}
) => {
  const requests: Array<SentRequest> = []
  return KuzzleImport.stream(Stream.fromIterable(documents), { ...target, ...options }).pipe(
    Stream.runCollect,
    Effect.map((progress) => ({ requests, progress: Chunk.toReadonlyArray(progress) })),
    Effect.provide(answering((request) => {
      requests.push(request)
      return written(request)
    }))
  )
}

const sizes = (requests: ReadonlyArray<SentRequest>) => requests.map(({ body }) => body.documents.length)

const large = (_id: string, bytes: number) => ({ _id, body: { text: "x".repeat(bytes) } })

describe("KuzzleImport", () => {
  it.effect("a request has at most chunkSize documents and chunkBytes bytes", () =>
    Effect.gen(function*() {
      const small = Array.makeBy(25, (n) => ({ _id: `id${n}`, body: { n } }))
      assert.deepStrictEqual(sizes((yield* imported(small, { chunkSize: 10, concurrency: 1 })).requests), [10, 10, 5])
      const big = Array.makeBy(6, (n) => large(`id${n}`, 400))
      assert.deepStrictEqual(sizes((yield* imported(big, { chunkBytes: 1000, concurrency: 1 })).requests), [2, 2, 2])
      const documents = [large("a", 10), large("b", 5000), large("c", 10)]
      assert.deepInclude((yield* imported(documents, { chunkBytes: 1000 })).progress.at(-1), { written: 3, failed: 0 })
      assert.deepStrictEqual((yield* imported([])).progress, [])
    }))

  it.effect("documents that are too large for a request are sent in halves, and a single document that is too large fails alone", () =>
    Effect.gen(function*() {
      const documents = [large("a", 400_000), large("b", 400_000), large("huge", 1_500_000), large("c", 400_000)]
      const { requests, progress } = yield* imported(documents, { chunkBytes: 10_000_000 })
      assert.deepStrictEqual(sizes(requests), [2, 1])
      const last = progress.at(-1)
      assert.deepInclude(last, { written: 3, failed: 1 })
      assert.deepStrictEqual(
        last?.failures.map(({ _id, cause, position }) => [position, _id, cause._tag]),
        [[2, "huge", "KuzzlePayloadTooLargeError"]]
      )
    }))

  it.effect.each(["query", "rest"] as const)(
    "the JSON of each document is written once (routes: %s)",
    (routes) =>
      Effect.gen(function*() {
        const documents = Array.makeBy(
          40,
          (n) => ({ ...(n % 2 === 0 ? { _id: `id${n}` } : {}), body: { driver: "Josephine" } })
        )
        const stringify = vi.spyOn(JSON, "stringify")
        const requests: Array<SentRequest> = []
        yield* KuzzleImport.stream(Stream.fromIterable(documents), { ...target, chunkSize: 10 }).pipe(
          Stream.runDrain,
          Effect.provide(answering((request) => {
            requests.push(request)
            const { documents } = routes === "query" ? request.body : request
            return {
              successes: documents.map(({ _id = "made" }: { readonly _id?: string }) => ({
                _id,
                _source: {},
                _version: 1
              })),
              errors: []
            }
          }, { routes }))
        )
        const texts = stringify.mock.results.map(({ value }) => String(value)).join()
        stringify.mockRestore()
        assert.lengthOf(texts.match(/Josephine/g) ?? [], documents.length)
        const sent = requests.flatMap((request): unknown => (routes === "query" ? request.body : request).documents)
        assert.deepStrictEqual(sent, documents)
      })
  )

  it.effect("a document that cannot be sent is reported with its position, and the others are written", () =>
    Effect.gen(function*() {
      const documents = [large("a", 10), { _id: "b", body: { tags: new Set(["x"]) } }, large("c", 10)]
      const { requests, progress } = yield* imported(documents)
      assert.deepStrictEqual(sizes(requests), [2])
      assert.deepStrictEqual(
        progress.at(-1)?.failures.map(({ _id, message, position }) => [position, _id, message]),
        [[1, "b", "document 1 (b): bulk:mWrite cannot be encoded: body.tags is a Set: send Array.from of it"]]
      )
    }))

  it.effect("documents are read only as fast as they are written", () =>
    Effect.gen(function*() {
      let pulled = 0
      const ahead: Array<number> = []
      const documents = Stream.range(0, 199).pipe(
        Stream.rechunk(1),
        Stream.tap(() => Effect.sync(() => pulled++)),
        Stream.map((n) => ({ _id: `id${n}`, body: {} }))
      )
      let answered = 0
      yield* KuzzleImport.stream(documents, { ...target, chunkSize: 10, concurrency: 2 }).pipe(
        Stream.runDrain,
        Effect.provide(answering((request) => {
          ahead.push(pulled - answered)
          answered += request.body.documents.length
          return written(request)
        }))
      )
      assert.strictEqual(pulled, 200)
      assert.isAtMost(Math.max(...ahead), 60)
    }))

  it.effect("fromJsonLines reads the lines of a file, with any line ends", () =>
    Effect.gen(function*() {
      const text =
        "{\"type\":\"collection\",\"index\":\"i\",\"collection\":\"c\"}\r\n\n{\"_id\":\"é\",\"body\":{\"n\":1}}\n{\"body\":{}}"
      const bytes = new TextEncoder().encode(text)
      const parts = Stream.fromIterable(
        Array.chunksOf(Array.fromIterable(bytes), 7).map((part) => Uint8Array.from(part))
      )
      const documents = yield* Stream.runCollect(KuzzleImport.fromJsonLines(parts))
      assert.deepStrictEqual<unknown>(JSON.parse(JSON.stringify(Chunk.toReadonlyArray(documents))), [
        { _id: "é", body: { n: 1 } },
        { body: {} }
      ])
      for (const line of ["x", "[]", "{}", "{\"body\":[]}", "{\"_id\":1,\"body\":{}}"]) {
        const read = KuzzleImport.fromJsonLines(Stream.make(new TextEncoder().encode(line)))
        const error = yield* Effect.flip(Stream.runDrain(read))
        assert.instanceOf(error, KuzzleImport.ImportLineError, line)
        assert.strictEqual(error.line, 1)
      }
    }))
})
