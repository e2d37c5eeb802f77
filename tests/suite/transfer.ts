/** Export of a collection to a file, and import from one. */
import type { Kuzzle, KuzzleDownload } from "@effect-kuzzle/core"
import { KuzzleActionError, KuzzleDocument, KuzzleError, KuzzleExport, KuzzleImport } from "@effect-kuzzle/core"
import { assert, describe, type Vitest } from "@effect/vitest"
import { Array, Effect, Stream } from "effect"
import type { Scope } from "effect"
import { Backend, type Collection, World } from "./backend.ts"
import { failure, fill } from "./tools.ts"

type Services = Kuzzle.Kuzzle | KuzzleDownload.KuzzleDownload | World | Scope.Scope

const withDownloads = <A, E>(effect: Effect.Effect<A, E, Services>) =>
  Effect.flatMap(Backend, ({ http }) => effect.pipe(Effect.scoped, Effect.provide(http())))

const text = (options: KuzzleExport.Options) => KuzzleExport.stream(options).pipe(Stream.decodeText(), Stream.mkString)

const filled = (size: number): Effect.Effect<Collection, KuzzleError.RequestError, World> =>
  Effect.gen(function*() {
    const target = yield* (yield* World).collection
    const documents = Array.makeBy(
      size,
      (n) => ({ _id: `id${n}`, body: { seats: n, status: `é${"x".repeat(n % 50)}` } })
    )
    yield* fill(target, documents)
    return target
  })

export const transferTests = (it: Vitest.MethodsNonLive<World | Backend, true>): void => {
  const test = <E>(name: string, body: Effect.Effect<void, E, Services>) => it.effect(name, () => withDownloads(body))

  describe("export", () => {
    test(
      "an export as JSON lines has every document of every page",
      Effect.gen(function*() {
        const target = yield* filled(450)
        const [header, ...lines] = (yield* text({ ...target, size: 20 })).split("\n")
        assert.deepStrictEqual(JSON.parse(String(header)), { ...target, type: "collection" })
        assert.strictEqual(lines.pop(), "")
        const documents = lines.map((line) => JSON.parse(line))
        assert.deepStrictEqual(documents.map(({ _id }) => _id).sort(), Array.makeBy(450, (n) => `id${n}`).sort())
        assert.deepInclude(documents.find(({ _id }) => _id === "id1").body, { seats: 1, status: "éx" })
        assert.strictEqual((yield* text({ ...target, query: { term: { seats: 3 } } })).split("\n").length, 3)
        assert.strictEqual(
          yield* text({ ...target, filter: { equals: { seats: -1 } } }),
          `${header}\n`
        )
      })
    )

    test(
      "an export as CSV has all fields of the mappings, or the requested fields",
      Effect.gen(function*() {
        const target = yield* filled(2)
        const [header, ...lines] = (yield* text({ ...target, format: "csv" })).split("\n")
        assert.strictEqual(header, "_id,seats,status")
        assert.deepStrictEqual(lines.sort(), ["", "id0,0,é", "id1,1,éx"])
        assert.strictEqual(
          yield* text({ ...target, format: "csv", fields: ["_id", "none"], query: { term: { seats: 1 } } }),
          "_id,none\nid1,\n"
        )
      })
    )

    test(
      "a failure that Kuzzle hides behind a 200 is a typed error before the first byte",
      Effect.gen(function*() {
        const target = yield* filled(1)
        for (const format of ["jsonl", "csv"] as const) {
          const received: Array<unknown> = []
          const error = yield* failure(
            KuzzleExport.stream({ ...target, collection: "nowhere", format }).pipe(
              Stream.runForEach((bytes) => Effect.sync(() => received.push(bytes)))
            ),
            KuzzleError.PreconditionError
          )
          assert.include(error.message, "nowhere")
          assert.deepStrictEqual(received, [])
        }
        yield* failure(text({ ...target, query: { nonsense: {} } }), KuzzleError.BadRequestError)
        yield* failure(text({ ...target, scroll: "2h" }), KuzzleError.BadRequestError)
        yield* failure(text({ ...target, collection: "" }), KuzzleError.BadRequestError, "api.assert.missing_argument")
      })
    )

    test(
      "a consumer may stop before the end of an export",
      Effect.gen(function*() {
        const target = yield* filled(450)
        const head = yield* KuzzleExport.stream({ ...target, size: 10 }).pipe(
          Stream.decodeText(),
          Stream.splitLines,
          Stream.take(3),
          Stream.runCount
        )
        assert.strictEqual(head, 3)
      })
    )
  })

  describe("import", () => {
    const strict = Effect.gen(function*() {
      const { admin, index, name } = yield* World
      const target = { index, collection: name("strict") }
      const mappings = { dynamic: "strict", properties: { n: { type: "integer" }, text: { type: "keyword" } } }
      yield* admin.query({ controller: "collection", action: "create", ...target, body: { mappings } })
      return target
    })

    test(
      "an import sends requests of a given size, and reports its progress and failures with their positions",
      Effect.gen(function*() {
        const target = yield* strict
        const documents = Stream.range(0, 59).pipe(Stream.map((n): KuzzleImport.ImportedDocument => {
          switch (n) {
            case 7:
              return { _id: "wrong", body: { n: "x" } }
            case 20:
              return { body: { other: 1 } }
            case 21:
              return { body: { text: "no id" } }
            case 33:
              return { _id: "nan", body: { n: NaN } }
            case 40:
              return { _id: "id39", body: { n: 40 } }
            default:
              return { _id: `id${n}`, body: { n } }
          }
        }))
        const progress = yield* Stream.runCollect(
          KuzzleImport.stream(documents, { ...target, chunkSize: 25, concurrency: 1, refresh: "wait_for" })
        )
        const steps = Array.fromIterable(progress)
        assert.deepStrictEqual(steps.map(({ failed, written }) => [written, failed]), [[23, 2], [47, 3], [57, 3]])
        assert.isAbove(steps[2]?.bytes ?? 0, steps[0]?.bytes ?? 0)
        const failures = steps.flatMap(({ failures }) => failures)
        assert.deepStrictEqual(
          failures.map(({ _id, cause, position }) => [position, _id, cause._tag]).sort(),
          [
            [20, undefined, "KuzzleRejectedError"],
            [33, "nan", "KuzzleEncodeError"],
            [7, "wrong", "KuzzleRejectedError"]
          ]
        )
        assert.include(failures[0]?.message, "document 7 (wrong): failed to parse")
        // Of two documents with one id, the later is stored.
        assert.deepInclude(yield* KuzzleDocument.get({ ...target, _id: "id39" }), { _source: { n: 40 }, _version: 2 })
        assert.strictEqual(yield* KuzzleDocument.count(target), 56)
      })
    )

    test(
      "the import of an export restores the documents, metadata included",
      Effect.gen(function*() {
        const source = yield* filled(120)
        const target = yield* Effect.flatMap(World, ({ collection }) => collection)
        const progress = yield* KuzzleExport.stream(source).pipe(
          KuzzleImport.fromJsonLines,
          (documents) => KuzzleImport.stream(documents, { ...target, chunkBytes: 4000, refresh: "wait_for" }),
          Stream.runCollect
        )
        assert.isAbove(progress.length, 3)
        const lines = (text: string) => text.split("\n").slice(1).sort()
        assert.deepStrictEqual(lines(yield* text(target)), lines(yield* text(source)))
      })
    )

    test(
      "a refused request and an invalid line are errors of the stream",
      Effect.gen(function*() {
        const target = yield* strict
        yield* failure(
          Stream.runDrain(KuzzleImport.stream(Stream.make({ body: {} }), { ...target, collection: "nowhere" })),
          KuzzleActionError.CollectionNotFoundError
        )
        const file = new TextEncoder().encode("{\"_id\":\"a\",\"body\":{\"n\":1}}\n\n{\"_id\":1}\n")
        const read = KuzzleImport.fromJsonLines(Stream.make(file))
        const error = yield* failure(Stream.runDrain(read), KuzzleImport.ImportLineError)
        assert.strictEqual(error.line, 3)
      })
    )
  })
}
