/** Typed repositories of documents, and the mappings that follow from their Schema. */
import {
  KuzzleActionError,
  KuzzleCollection,
  KuzzleDocument,
  KuzzleFilter,
  KuzzleMappings,
  KuzzleRealtime,
  KuzzleRepository
} from "@effect-kuzzle/core"
import { assert, describe, layer, type Vitest } from "@effect/vitest"
import {
  Arbitrary,
  Console,
  Context,
  Deferred,
  Effect,
  Exit,
  FastCheck as fc,
  Layer,
  Option,
  Schema,
  Stream
} from "effect"
import type { Provide } from "./api.ts"
import { Backend, type Collection, layerWorld, World } from "./backend.ts"
import { failure, inbox, roomOf, withClient, withHttp } from "./tools.ts"
import { until } from "./until.ts"

class Taxi extends Schema.Class<Taxi>("Taxi")({
  status: Schema.Literal("free", "busy"),
  seats: Schema.Int,
  // Elasticsearch 7 refuses -1 to -999 as a date, and reads other negative numbers of less than ten digits as years.
  seen: Schema.DateFromNumber.pipe(Schema.filter((date) => date.getTime() >= 0)),
  driver: Schema.optionalWith(
    Schema.Struct({
      name: Schema.String,
      rating: Schema.optionalWith(Schema.Number.pipe(Schema.between(0.5, 5)), { exact: true })
    }),
    { exact: true }
  ),
  tags: Schema.optionalWith(Schema.Array(Schema.String), { default: () => [] }),
  plate: Schema.propertySignature(Schema.NullOr(Schema.String)).pipe(Schema.fromKey("license"))
}) {
  get isFree(): boolean {
    return this.status === "free"
  }
}

const taxi = (fields: Partial<ConstructorParameters<typeof Taxi>[0]> = {}) =>
  new Taxi({ status: "free", seats: 4, seen: new Date(1_700_000_000_000), plate: null, ...fields })

/** Content that does not fit the Schema. */
const odd = { status: "lost", seats: 1.5 }

/** A new collection with the mappings of the Schema. */
const fresh = Effect.gen(function*() {
  const { index, name } = yield* World
  const target: Collection = { index, collection: name("taxis") }
  yield* KuzzleMappings.create({ ...target, schema: Taxi })
  return target
})

const refresh = "wait_for"

export const repositorySuite = <E>(
  title: string,
  { backend, runs }: { readonly backend: Layer.Layer<Backend, E>; readonly runs: number }
): void =>
  layer(Layer.provideMerge(layerWorld, backend), { excludeTestServices: true, timeout: "20 seconds" })(title, (it) => {
    describe("over WebSocket", () => documentTests(it, withClient, runs))
    describe("over HTTP", () => documentTests(it, withHttp, Math.ceil(runs / 5)))
    describe("in real time", () => realtimeTests(it))
    describe("mappings", () => mappingsTests(it))
  })

const documentTests = (it: Vitest.MethodsNonLive<World | Backend, true>, provide: Provide, runs: number): void => {
  it.effect("an update of a struct keeps the fields that it does not contain", () =>
    provide()(Effect.gen(function*() {
      const taxis = KuzzleRepository.make({ ...(yield* fresh), schema: Taxi })
      const made = yield* taxis.create({ _id: "a", content: taxi({ driver: { name: "ada", rating: 1 } }), refresh })
      const rated = yield* taxis.update({ _id: made._id, content: { driver: { rating: 5 } } })
      assert.deepStrictEqual(rated._source, taxi({ driver: { name: "ada", rating: 5 } }))
      const updated = yield* taxis.mUpdate({ documents: [{ _id: "a", content: { driver: { name: "bob" } } }], refresh })
      assert.deepStrictEqual(updated.successes.map(({ _source }) => _source.driver), [{ name: "bob", rating: 5 }])
      const changes = { driver: { rating: 2 } }
      const updatedByQuery = yield* taxis.updateByQuery({ filter: taxis.filter.all, changes })
      assert.deepStrictEqual(updatedByQuery.successes.map(({ _source }) => _source.driver), [{
        name: "bob",
        rating: 2
      }])
    })))

  it.effect("a search with `_source` decodes only the requested fields", () =>
    provide()(Effect.gen(function*() {
      const target = yield* fresh
      const taxis = KuzzleRepository.make({ ...target, schema: Taxi })
      yield* taxis.create({ _id: "a", content: taxi({ driver: { name: "ada" } }) })
      yield* KuzzleDocument.create({ ...target, _id: "b", content: { seats: 2, seen: 5, status: "lost" }, refresh })
      const sort = ["seats"] as const
      const result = yield* taxis.search({ sort, _source: ["seats", "seen", "driver"] })
      const seen = new Date(1_700_000_000_000)
      const expected = [{ seats: 2, seen: new Date(5) }, { seats: 4, seen, driver: { name: "ada" } }]
      assert.deepStrictEqual(result.hits.map(({ _source }) => _source), expected)
      const hits = yield* Stream.runCollect(taxis.hits({ sort, size: 1, _source: ["seats", "seen", "driver"] }))
      assert.deepStrictEqual([...hits].map(({ _source }) => _source), expected)
      const none = yield* taxis.search({ sort, _source: false })
      assert.deepStrictEqual(none.hits.map(({ _id, _source }) => [_id, _source]), [["b", {}], ["a", {}]])
      // The status of `b` does not fit the Schema.
      yield* failure(taxis.search({ _source: ["status"] }), KuzzleRepository.InvalidDocumentError)
      yield* failure(taxis.search({ _source: true }), KuzzleRepository.InvalidDocumentError)
    })))

  it.effect("a search returns typed aggregations", () =>
    provide()(Effect.gen(function*() {
      const taxis = KuzzleRepository.make({ ...(yield* fresh), schema: Taxi })
      yield* taxis.mCreate({ documents: [1, 2, 4].map((seats) => ({ content: taxi({ seats }) })), refresh })
      const { aggregations, hits } = yield* taxis.search({
        size: 0,
        aggregations: { statuses: { terms: { field: "status" }, aggs: { most: { max: { field: "seats" } } } } }
      })
      assert.deepStrictEqual(hits, [])
      assert.deepStrictEqual(
        aggregations?.statuses.buckets.map(({ doc_count, key, most }) => [key, doc_count, most.value]),
        [["free", 3, 4]]
      )
    })))

  it.effect("a document is encoded when it is written, and decoded when it is read", () =>
    provide()(Effect.gen(function*() {
      const target = yield* fresh
      const taxis = KuzzleRepository.make({ ...target, schema: Taxi })
      const made = yield* taxis.create({ content: taxi({ driver: { name: "ada" } }) })
      const { _id } = made
      assert.instanceOf(made._source, Taxi)
      assert.isTrue(made._source.isFree)
      assert.deepStrictEqual(made._source, taxi({ driver: { name: "ada" } }))
      assert.strictEqual(made._version, 1)
      assert.strictEqual(made._kuzzle_info?.author, "-1")

      const { _kuzzle_info, ...stored } = (yield* KuzzleDocument.get({ ...target, _id }))._source
      assert.deepStrictEqual<unknown>(stored, {
        status: "free",
        seats: 4,
        seen: 1_700_000_000_000,
        driver: { name: "ada" },
        tags: [],
        license: null
      })
      assert.deepStrictEqual(yield* taxis.get({ _id }), { ...made, _kuzzle_info: _kuzzle_info! })
      assert.isTrue(yield* taxis.exists({ _id }))

      const replaced = yield* taxis.replace({ _id, content: taxi({ seats: 5 }) })
      assert.deepStrictEqual(replaced._source, taxi({ seats: 5 }))
      assert.strictEqual(replaced._version, 2)
      assert.isFalse((yield* taxis.createOrReplace({ _id, content: taxi({ seats: 6 }) })).created)
      assert.isTrue((yield* taxis.createOrReplace({ _id: "other", content: taxi() })).created)

      assert.isUndefined(yield* taxis.delete({ _id }))
      assert.isFalse(yield* taxis.exists({ _id }))
      assert.deepStrictEqual(yield* taxis.getOption({ _id }), Option.none())
      assert.deepStrictEqual(
        Option.map(yield* taxis.getOption({ _id: "other" }), ({ _source }) => _source),
        Option.some(taxi())
      )
    })))

  it.effect("`update` and `upsert` write only the given fields", () =>
    provide()(Effect.gen(function*() {
      const target = yield* fresh
      const taxis = KuzzleRepository.make({ ...target, schema: Taxi })
      const { _id } = yield* taxis.create({ content: taxi({ tags: ["new"] }) })
      const updated = yield* taxis.update({ _id, content: { plate: "AB-1", seen: new Date(5) } })
      assert.deepStrictEqual(updated._source, taxi({ tags: ["new"], plate: "AB-1", seen: new Date(5) }))
      assert.strictEqual(updated._version, 2)
      const empty = yield* taxis.update({ _id, content: {} })
      assert.deepStrictEqual(empty._source, updated._source)

      const made = yield* taxis.upsert({ _id: "u", changes: { status: "busy" }, default: taxi({ seats: 2 }) })
      assert.isTrue(made.created)
      assert.deepStrictEqual(made._source, taxi({ seats: 2, status: "busy" }))
      const changed = yield* taxis.upsert({ _id: "u", changes: { status: "free" }, default: taxi({ seats: 9 }) })
      assert.isFalse(changed.created)
      assert.deepStrictEqual(changed._source, taxi({ seats: 2 }))
    })))

  it.effect("`update` clears a field whose Schema reads null as absent, and refuses to clear any other field", () =>
    provide()(Effect.gen(function*() {
      const { index, name } = yield* World
      const schema = Schema.Struct({
        text: Schema.String,
        due: Schema.optionalWith(Schema.DateFromNumber, { as: "Option", nullable: true }),
        note: Schema.optionalWith(Schema.String, { as: "Option" })
      })
      const target = { index, collection: name("tasks") }
      yield* KuzzleMappings.create({ ...target, schema })
      const tasks = KuzzleRepository.make({ ...target, schema })
      const task = { text: "a", due: Option.some(new Date(5)), note: Option.some("n") }
      const { _id } = yield* tasks.create({ content: task })
      const cleared = yield* tasks.update({ _id, content: { due: Option.none() } })
      assert.deepStrictEqual(cleared._source, { ...task, due: Option.none() })
      assert.isNull((yield* KuzzleDocument.get({ ...target, _id }))._source["due"])
      yield* failure(tasks.update({ _id, content: { note: Option.none() } }), KuzzleRepository.InvalidContentError)
      assert.deepStrictEqual((yield* tasks.get({ _id }))._source, cleared._source)
      // The error suggests `deleteFields`.
      const removed = yield* tasks.deleteFields({ _id, fields: ["note"] })
      assert.deepStrictEqual(removed._source, { ...cleared._source, note: Option.none() })
      assert.deepStrictEqual((yield* tasks.get({ _id }))._source, removed._source)
    })))

  it.effect("an update of a union accepts the fields of its members, and no others", () =>
    provide()(Effect.gen(function*() {
      const { index, name } = yield* World
      const Shape = Schema.Union(
        Schema.Struct({ kind: Schema.Literal("circle"), radius: Schema.Number }),
        Schema.Struct({ kind: Schema.Literal("square"), side: Schema.NumberFromString })
      )
      const target = { index, collection: name("shapes") }
      yield* KuzzleMappings.create({ ...target, schema: Schema.Struct({ kind: Schema.String }), dynamic: "false" })
      const shapes = KuzzleRepository.make({ ...target, schema: Shape })
      const { _id } = yield* shapes.create({ content: { kind: "square", side: 2 } })
      const { _source } = yield* shapes.update({ _id, content: { side: 3 } })
      assert.deepStrictEqual(_source, { kind: "square", side: 3 })
      assert.strictEqual((yield* KuzzleDocument.get({ ...target, _id }))._source["side"], "3")
      const error = yield* failure(
        // A caller without types can pass an unknown field.
        shapes.update({ _id, content: { corners: 3 } as {} }),
        KuzzleRepository.InvalidContentError
      )
      assert.match(error.message, /corners/)
    })))

  it.effect("content that does not fit the Schema is not sent", () =>
    provide()(Effect.gen(function*() {
      const target = yield* fresh
      const taxis = KuzzleRepository.make({ ...target, schema: Taxi, onInvalid: "pass" })
      const wrong = { ...taxi(), seats: 1.5 } as Taxi // The type does not exclude fractions.
      const errors = yield* Effect.all([
        failure(taxis.create({ _id: "a", content: wrong }), KuzzleRepository.InvalidContentError),
        failure(taxis.createOrReplace({ _id: "a", content: wrong }), KuzzleRepository.InvalidContentError),
        failure(taxis.replace({ _id: "a", content: wrong }), KuzzleRepository.InvalidContentError),
        failure(taxis.update({ _id: "a", content: { seats: 1.5 } }), KuzzleRepository.InvalidContentError),
        failure(
          taxis.upsert({ _id: "a", changes: { seats: 1.5 }, default: taxi() }),
          KuzzleRepository.InvalidContentError
        ),
        failure(taxis.upsert({ _id: "a", changes: {}, default: wrong }), KuzzleRepository.InvalidContentError),
        failure(
          taxis.mCreate({ documents: [{ content: taxi() }, { _id: "a", content: wrong }] }),
          KuzzleRepository.InvalidContentError
        ),
        failure(
          taxis.mUpdate({ documents: [{ _id: "a", content: { seats: 1.5 } }] }),
          KuzzleRepository.InvalidContentError
        ),
        failure(taxis.publish({ _id: "a", message: wrong }), KuzzleRepository.InvalidContentError)
      ])
      for (const error of errors) {
        assert.deepInclude(error, { ...target, _id: "a" })
        // Effect 4 refuses a value that is not an instance of its class before it checks the fields.
        assert.match(error.message, /nothing was sent: (?:Expected Taxi$|[^]*seats)/)
      }
      yield* KuzzleCollection.refresh(target)
      assert.strictEqual(yield* taxis.count(), 0)
    })))

  it.effect("a repository fails with the named errors of Kuzzle's actions", () =>
    provide()(Effect.gen(function*() {
      const taxis = KuzzleRepository.make({ ...(yield* fresh), schema: Taxi })
      yield* taxis.create({ _id: "a", content: taxi() })
      yield* failure(taxis.create({ _id: "a", content: taxi() }), KuzzleActionError.DocumentAlreadyExistsError)
      yield* failure(taxis.get({ _id: "b" }), KuzzleActionError.DocumentNotFoundError)
      yield* failure(taxis.update({ _id: "b", content: {} }), KuzzleActionError.DocumentNotFoundError)
      yield* failure(taxis.delete({ _id: "b" }), KuzzleActionError.DocumentNotFoundError)
      const nowhere = KuzzleRepository.make({ index: taxis.index, collection: "nowhere", schema: Taxi })
      yield* failure(nowhere.getOption({ _id: "a" }), KuzzleActionError.CollectionNotFoundError)
    })))

  it.effect("`mCreate`, `mUpdate`, `mGet` and `mDelete` return an outcome for each document", () =>
    provide()(Effect.gen(function*() {
      const taxis = KuzzleRepository.make({ ...(yield* fresh), schema: Taxi })
      yield* taxis.create({ _id: "a", content: taxi() })
      const made = yield* taxis.mCreate({
        documents: [{ _id: "a", content: taxi() }, { _id: "b", content: taxi({ seats: 2 }) }],
        refresh
      })
      assert.deepStrictEqual(made.successes.map(({ _id, _source, created }) => [_id, _source, created]), [
        ["b", taxi({ seats: 2 }), true]
      ])
      assert.deepStrictEqual(made.errors.map(({ document, reason }) => [document._id, reason]), [
        ["a", "document already exists"]
      ])
      const changed = yield* taxis.mUpdate({
        documents: [{ _id: "b", content: { status: "busy" } }, { _id: "c", content: {} }]
      })
      assert.deepStrictEqual(changed.successes.map(({ _id, _source }) => [_id, _source]), [
        ["b", taxi({ seats: 2, status: "busy" })]
      ])
      assert.lengthOf(changed.errors, 1)
      const read = yield* taxis.mGet({ ids: ["b", "c", "a"] })
      assert.deepStrictEqual(read.successes.map(({ _id, _source }) => [_id, _source.status]), [["b", "busy"], [
        "a",
        "free"
      ]])
      assert.deepStrictEqual(read.errors, ["c"])
      const deleted = yield* taxis.mDelete({ ids: ["a", "c"], refresh })
      assert.deepStrictEqual(deleted.successes, ["a"])
      assert.strictEqual(deleted.errors[0]?._id, "c")
    })))

  it.effect("`mReplace`, `mCreateOrReplace` and `mUpsert` return an outcome for each document", () =>
    provide()(Effect.gen(function*() {
      const taxis = KuzzleRepository.make({ ...(yield* fresh), schema: Taxi })
      const summaryOf = ({ errors, successes }: KuzzleDocument.Many<
        { readonly _id: string; readonly _source: Taxi; readonly created?: boolean },
        KuzzleDocument.Rejection
      >) => [successes.map(({ _id, _source, created }) => [_id, _source, created]), errors.map(({ status }) => status)]
      const documents = [{ _id: "a", content: taxi({ seats: 2 }) }, { _id: "b", content: taxi({ seats: 3 }) }]

      assert.deepStrictEqual(summaryOf(yield* taxis.mReplace({ documents })), [[], [404, 404]])
      yield* taxis.create({ _id: "a", content: taxi() })
      assert.deepStrictEqual(summaryOf(yield* taxis.mCreateOrReplace({ documents })), [
        [["a", taxi({ seats: 2 }), false], ["b", taxi({ seats: 3 }), true]],
        []
      ])
      assert.deepStrictEqual(
        summaryOf(yield* taxis.mReplace({ documents: [{ _id: "a", content: taxi({ status: "busy" }) }] })),
        [[["a", taxi({ status: "busy" }), false]], []]
      )
      const changes = { plate: "AB-1" } as const
      assert.deepStrictEqual(
        summaryOf(
          yield* taxis.mUpsert({
            documents: [
              { _id: "a", changes, default: taxi() },
              // In a new document, a field of `default` takes precedence over one of `changes`.
              { _id: "c", changes: { seats: 9 }, default: taxi({ seats: 1 }) }
            ]
          })
        ),
        [[["a", taxi({ status: "busy", plate: "AB-1" }), false], ["c", taxi({ seats: 1 }), true]], []]
      )

      const wrong = { ...taxi(), seats: 1.5 } as Taxi // The type does not exclude fractions.
      const errors = yield* Effect.all([
        failure(
          taxis.mCreateOrReplace({ documents: [{ _id: "d", content: wrong }] }),
          KuzzleRepository.InvalidContentError
        ),
        failure(taxis.mReplace({ documents: [{ _id: "d", content: wrong }] }), KuzzleRepository.InvalidContentError),
        failure(
          taxis.mUpsert({ documents: [{ _id: "d", changes: {}, default: wrong }] }),
          KuzzleRepository.InvalidContentError
        )
      ])
      assert.deepStrictEqual(errors.map(({ _id }) => _id), ["d", "d", "d"])
    })))

  it.effect("`updateByQuery` and `deleteByQuery` take a filter or a query", () =>
    provide()(Effect.gen(function*() {
      const taxis = KuzzleRepository.make({ ...(yield* fresh), schema: Taxi })
      const { filter } = taxis
      yield* taxis.mCreate({
        documents: [1, 2, 3].map((seats) => ({ _id: `t${seats}`, content: taxi({ seats }) })),
        refresh
      })
      const many = filter.range("seats", { gt: 1 })
      const { errors, successes } = yield* taxis.updateByQuery({ filter: many, changes: { plate: "AB-1" }, refresh })
      assert.deepStrictEqual(
        [...successes].sort((a, b) => a._source.seats - b._source.seats).map(({ _id, _source }) => [_id, _source]),
        [["t2", taxi({ seats: 2, plate: "AB-1" })], ["t3", taxi({ seats: 3, plate: "AB-1" })]]
      )
      assert.deepStrictEqual(errors, [])
      yield* failure(
        taxis.updateByQuery({ filter: many, changes: { seats: 1.5 } }),
        KuzzleRepository.InvalidContentError
      )
      assert.deepStrictEqual(
        yield* taxis.deleteByQuery({ query: { term: { license: "AB-1" } }, refresh }).pipe(
          Effect.map((ids) => [...ids].sort())
        ),
        ["t2", "t3"]
      )
      assert.deepStrictEqual(yield* taxis.deleteByQuery({ filter: filter.all, refresh }), ["t1"])
      assert.strictEqual(yield* taxis.count(), 0)
    })))

  it.effect("`onInvalid` decides whether a document that does not fit fails the read, is left out and reported, or is passed on", () =>
    provide()(Effect.gen(function*() {
      const target = yield* fresh
      const failing = KuzzleRepository.make({ ...target, schema: Taxi })
      const reported: Array<KuzzleRepository.InvalidDocumentError> = []
      const skipping = KuzzleRepository.make({
        ...target,
        schema: Taxi,
        onInvalid: (invalid) => Effect.sync(() => void reported.push(invalid))
      })
      const passing = KuzzleRepository.make({ ...target, schema: Taxi, onInvalid: "pass" })
      yield* failing.create({ _id: "good", content: taxi() })
      yield* KuzzleDocument.create({ ...target, _id: "odd", content: odd, refresh })
      const sort = [{ _id: "asc" }] as const

      const error = yield* failure(failing.get({ _id: "odd" }), KuzzleRepository.InvalidDocumentError)
      assert.deepInclude(error, { ...target, _id: "odd", content: odd })
      assert.match(error.message, /the document odd of .* does not fit its Schema: [^]*status/)
      yield* failure(failing.getOption({ _id: "odd" }), KuzzleRepository.InvalidDocumentError)
      yield* failure(failing.mGet({ ids: ["good", "odd"] }), KuzzleRepository.InvalidDocumentError)
      yield* failure(failing.search(), KuzzleRepository.InvalidDocumentError)
      // The stream emits the hits before the invalid one, and then fails.
      const seen: Array<string> = []
      yield* failure(
        Stream.runForEach(failing.hits({ sort }), ({ _id }) => Effect.sync(() => seen.push(_id))),
        KuzzleRepository.InvalidDocumentError
      )
      assert.deepStrictEqual(seen, ["good"])

      yield* failure(skipping.get({ _id: "odd" }), KuzzleRepository.InvalidDocumentError)
      assert.deepStrictEqual(reported, [])
      const fitting = yield* skipping.mGet({ ids: ["odd", "good"] })
      assert.deepStrictEqual(fitting.successes.map(({ _id }) => _id), ["good"])
      const result = yield* skipping.search({ sort })
      assert.deepStrictEqual(result.hits.map(({ _id }) => _id), ["good"])
      assert.strictEqual(result.total, 2)
      assert.deepStrictEqual([...(yield* Stream.runCollect(skipping.hits({ sort })))].map(({ _id }) => _id), ["good"])
      assert.deepStrictEqual(reported.map(({ _id }) => _id), ["odd", "odd", "odd"])

      const passed = yield* passing.get({ _id: "odd" })
      assert.instanceOf(passed._source, KuzzleRepository.InvalidDocumentError)
      assert.strictEqual(passed._version, 1)
      assert.strictEqual(passed._kuzzle_info?.author, "-1")
      const all = yield* passing.search({ sort })
      assert.deepStrictEqual(
        all.hits.map(({ _source }) => _source instanceof Taxi ? _source.status : _source.content),
        ["free", odd]
      )
    })))

  it.effect("`search`, `count` and `hits` take a filter or a query", () =>
    provide()(Effect.gen(function*() {
      const taxis = KuzzleRepository.make({ ...(yield* fresh), schema: Taxi })
      const { filter } = taxis
      const documents = Array.from({ length: 12 }, (_, i) => ({
        _id: `t${String(i).padStart(2, "0")}`,
        content: taxi({
          seats: i,
          status: i % 2 === 0 ? "free" : "busy",
          driver: { name: `d${i % 3}` },
          tags: [`g${i}`]
        })
      }))
      yield* taxis.mCreate({ documents, refresh })
      const seats = (result: KuzzleRepository.SearchResult<Taxi>) => result.hits.map(({ _source }) => _source.seats)

      const result = yield* taxis.search({
        filter: filter.and(filter.equals("status", "free"), filter.range("seats", { gt: 4 })),
        sort: [{ seats: "desc" }]
      })
      assert.deepStrictEqual(seats(result), [10, 8, 6])
      assert.strictEqual(result.total, 3)
      assert.deepInclude(result.hits[0], { _id: "t10", index: taxis.index, collection: taxis.collection })
      assert.instanceOf(result.hits[0]?._source, Taxi)
      assert.strictEqual(result.hits[0]?._kuzzle_info?.author, "-1")
      assert.deepStrictEqual(
        seats(yield* taxis.search({ query: { term: { "driver.name": "d1" } }, sort: ["seats"], size: 2 })),
        [1, 4]
      )
      assert.deepStrictEqual(
        seats(
          yield* taxis.search({
            filter: filter.or(filter.contains("tags", "g3"), filter.ids(["t01"])),
            sort: ["seats"]
          })
        ),
        [1, 3]
      )
      assert.strictEqual((yield* taxis.search({ filter: filter.all })).total, 12)
      assert.strictEqual(yield* taxis.count({ filter: filter.not(filter.equals("driver.name", "d0")) }), 8)
      assert.strictEqual(yield* taxis.count({ query: { range: { seats: { gte: 10 } } } }), 2)
      assert.strictEqual(yield* taxis.count(), 12)
      const hits = yield* Stream.runCollect(taxis.hits({ filter: filter.isIn("status", ["free", "busy"]), size: 5 }))
      assert.deepStrictEqual([...hits].map(({ _source }) => _source.seats).sort((a, b) => a - b), [
        ...documents.keys()
      ])
    })))

  it.effect("a search finds exactly the documents that the filter matches", () =>
    provide()(Effect.gen(function*() {
      const { index, name } = yield* World
      const Thing = Schema.Struct({
        text: Schema.optionalWith(Schema.Literal("", "x", "xy", "1"), { exact: true }),
        n: Schema.optionalWith(Schema.Int.pipe(Schema.between(-2, 4)), { exact: true }),
        on: Schema.optionalWith(Schema.Boolean, { exact: true }),
        // Elasticsearch cannot distinguish an empty array from a missing field.
        tags: Schema.optionalWith(Schema.NonEmptyArray(Schema.Literal("x", "xy", "1")), { exact: true }),
        in: Schema.Struct({ text: Schema.Literal("x", "y") })
      })
      const target = { index, collection: name("things") }
      yield* KuzzleMappings.create({ ...target, schema: Thing })
      const things = KuzzleRepository.make({ ...target, schema: Thing })
      const { filter } = things
      const documents = fc.sample(Arbitrary.make(Thing), { numRuns: 50, seed: 1 }).map((content, i) => ({
        _id: `t${i}`,
        content
      }))
      yield* things.mCreate({ documents, refresh })

      type Search = KuzzleFilter.SearchCondition & KuzzleFilter.On<typeof Thing.Encoded>
      const texts = ["", "x", "xy", "1"] as const
      const tags = ["x", "xy", "1"] as const
      const inner = ["x", "y"] as const
      const fields = ["text", "n", "on", "tags", "in.text"] as const
      const number = fc.integer({ min: -3, max: 5 })
      const leaf = fc.oneof(
        fc.constantFrom(...texts).map((value): Search => filter.equals("text", value)),
        number.map((value): Search => filter.equals("n", value)),
        fc.boolean().map((value): Search => filter.equals("on", value)),
        fc.constantFrom(...inner).map((value): Search => filter.equals("in.text", value)),
        fc.subarray([...texts], { minLength: 1 }).map((values): Search => filter.isIn("text", values)),
        fc.subarray(["t1", "t2", "t30", "no"], { minLength: 1 }).map((values): Search => filter.ids(values)),
        fc.constantFrom(...fields).chain((field) =>
          fc.constantFrom<Search>(filter.exists(field), filter.missing(field))
        ),
        fc.constantFrom(...tags).map((element): Search => filter.contains("tags", element)),
        fc.tuple(number, fc.integer({ min: 1, max: 3 })).chain(([low, width]) =>
          fc.constantFrom<Search>(
            filter.range("n", { gt: low }),
            filter.range("n", { lte: low }),
            filter.range("n", { gte: low, lt: low + width })
          )
        )
      )
      const { condition } = fc.letrec<{ condition: Search }>((tie) => ({
        condition: fc.oneof(
          { depthSize: "small", withCrossShrink: true },
          leaf,
          leaf,
          fc.array(tie("condition"), { minLength: 1, maxLength: 3 }).map((all): Search => filter.and(...all)),
          fc.array(tie("condition"), { minLength: 1, maxLength: 3 }).map((some): Search => filter.or(...some)),
          tie("condition").map((not): Search => filter.not(not))
        )
      }))
      for (const sample of fc.sample(condition, { numRuns: 4 * runs, seed: 2 })) {
        const matches = KuzzleFilter.matches(sample)
        assert.deepStrictEqual(KuzzleFilter.validateSearch(sample), [])
        assert.deepStrictEqual(
          (yield* things.search({ filter: sample, size: 100 })).hits.map(({ _id }) => _id).sort(),
          documents.filter(({ _id, content }) => matches({ ...content, _id })).map(({ _id }) => _id).sort(),
          JSON.stringify(sample)
        )
      }
    })))

  it.effect("a filter that a search would misread is not sent", () =>
    provide()(Effect.gen(function*() {
      const taxis = KuzzleRepository.make({ ...(yield* fresh), schema: Taxi })
      const wrong = taxis.filter.and(
        taxis.filter.contains("tags", ""),
        taxis.filter.range("seats", { gt: 2, lt: 1 })
      )
      const error = yield* failure(taxis.search({ filter: wrong }), KuzzleFilter.FilterError)
      assert.deepStrictEqual(error.issues, ["and[1].range.seats: the lower bound (2) must be below the upper one (1)"])
      assert.deepStrictEqual(
        (yield* failure(taxis.count({ filter: taxis.filter.contains("tags", "") }), KuzzleFilter.FilterError)).issues,
        ["exists: the server cannot look for the element \"\""]
      )
      yield* failure(Stream.runDrain(taxis.hits({ filter: wrong })), KuzzleFilter.FilterError)
    })))

  it.effect("a Schema may use effects and services", () =>
    provide()(Effect.gen(function*() {
      class Secret extends Context.Tag("test/Secret")<Secret, number>() {}
      const Hidden = Schema.transformOrFail(Schema.Number, Schema.Number, {
        strict: true,
        decode: (n) => Effect.delay(Effect.map(Secret, (secret) => n - secret), 1),
        encode: (n) => Effect.map(Secret, (secret) => n + secret)
      })
      const target = yield* fresh
      const documents = KuzzleRepository.make({
        ...target,
        schema: Schema.Struct({ n: Hidden, seats: Schema.Literal(1) }),
        onInvalid: KuzzleRepository.logInvalid
      })
      yield* Effect.gen(function*() {
        yield* documents.mCreate({
          documents: [1, 2, 3].map((n) => ({ _id: `n${n}`, content: { n, seats: 1 } as const })),
          refresh
        })
        yield* KuzzleDocument.create({ ...target, _id: "n0", content: { n: 3, seats: 2 }, refresh })
        assert.deepStrictEqual(
          (yield* documents.search({ sort: [{ _id: "asc" }] })).hits.map(({ _source }) => _source.n),
          [1, 2, 3]
        )
        assert.strictEqual((yield* KuzzleDocument.get({ ...target, _id: "n1" }))._source["n"], 43)
      }).pipe(Effect.provideService(Secret, 42))
    })))

  it.effect("any document is read as it was written", () =>
    provide()(Effect.gen(function*() {
      const taxis = KuzzleRepository.make({ ...(yield* fresh), schema: Taxi })
      const samples = fc.sample(Arbitrary.make(Taxi), { numRuns: runs, seed: 1 })
      const parts = fc.sample(Arbitrary.make(Schema.partial(Schema.typeSchema(Schema.Struct(Taxi.fields)))), {
        numRuns: runs,
        seed: 2
      })
      for (const [i, content] of samples.entries()) {
        const { _id, _source } = yield* taxis.create({ content })
        assert.deepStrictEqual(_source, content)
        assert.deepStrictEqual((yield* taxis.get({ _id }))._source, content)
        // An update does not write a field whose value is `undefined`.
        const part = Object.fromEntries(Object.entries(parts[i] ?? {}).filter(([, value]) => value !== undefined))
        const { driver: before, ...rest } = content
        const { driver: given, ...changes }: Partial<Taxi> = part
        const driver = given === undefined ? before : { ...before, ...given }
        assert.deepStrictEqual<unknown>(
          { ...(yield* taxis.update({ _id, content: part }))._source },
          { ...(driver === undefined ? {} : { driver }), ...rest, ...changes }
        )
      }
    })))
}

const realtimeTests = (it: Vitest.MethodsNonLive<World | Backend, true>): void => {
  const documentOf = <Source>(notification: KuzzleRepository.Notification<Source>) => {
    if (notification.type !== "document") return assert.fail(`not about a document: ${notification.type}`)
    return notification
  }

  it.effect("`open` decodes the notifications of every action", () =>
    withClient()(Effect.gen(function*() {
      const target = yield* fresh
      const taxis = KuzzleRepository.make({ ...target, schema: Taxi })
      const { take } = yield* inbox(yield* taxis.open(), "a notification")
      const next = Effect.map(take, documentOf)

      yield* taxis.create({ _id: "a", content: taxi() })
      const created = yield* next
      assert.deepInclude(created, { ...target, action: "create", scope: "in", event: "write" })
      assert.deepInclude(created.result, { _id: "a", _version: 1 })
      assert.deepStrictEqual(created.result._source, taxi())
      assert.strictEqual(created.result._kuzzle_info?.author, "-1")

      yield* taxis.update({ _id: "a", content: { plate: "AB-1" } })
      const updated = yield* next
      assert.deepStrictEqual(updated.result._updatedFields, ["license"])
      assert.deepStrictEqual(updated.result._source, taxi({ plate: "AB-1" }))

      yield* taxis.replace({ _id: "a", content: taxi({ seats: 5 }) })
      assert.deepStrictEqual((yield* next).result._source, taxi({ seats: 5 }))
      yield* taxis.upsert({ _id: "b", changes: { status: "busy" }, default: taxi() })
      // The notification of a document that an upsert creates has no id (spec 1.5).
      const upserted = (yield* next).result
      assert.isUndefined(upserted._id)
      assert.deepStrictEqual(upserted._source, taxi({ status: "busy" }))
      yield* taxis.delete({ _id: "a" })
      const deleted = yield* next
      assert.deepInclude(deleted, { action: "delete", scope: "out" })
      assert.deepStrictEqual(deleted.result._source, taxi({ seats: 5 }))
      yield* taxis.publish({ message: taxi({ seats: 7 }) })
      const published = yield* next
      assert.strictEqual(published.event, "publish")
      assert.deepStrictEqual(published.result._source, taxi({ seats: 7 }))
    })))

  it.effect("the notification of a write with `source: false` has no content, and the stream continues", () =>
    withClient()(Effect.gen(function*() {
      const target = yield* fresh
      const taxis = KuzzleRepository.make({ ...target, schema: Taxi })
      const { take } = yield* inbox(yield* taxis.open(), "a notification")
      const next = Effect.map(take, documentOf)
      const { plate: license, ...rest } = taxi()
      const body = { ...rest, license, seen: rest.seen.getTime() }
      for (const [seats, action] of [[5, "create"], [6, "replace"]] as const) {
        const documents = [{ _id: "a", body: { ...body, seats } }]
        yield* KuzzleDocument.mCreateOrReplace({ ...target, documents, source: false })
        const notification = yield* next
        assert.deepInclude(notification, { action, scope: "in" })
        assert.strictEqual(notification.result._id, "a")
        assert.notProperty(notification.result, "_source")
      }
      yield* taxis.update({ _id: "a", content: { seats: 7 } })
      assert.deepStrictEqual((yield* next).result._source, taxi({ seats: 7 }))
    })))

  it.effect("`join` decodes the notifications of a room that is joined by its id", () =>
    withClient()(Effect.gen(function*() {
      const taxis = KuzzleRepository.make({ ...(yield* fresh), schema: Taxi })
      const own = yield* inbox(yield* taxis.open({ filter: taxis.filter.equals("status", "free") }), "a notification")
      yield* taxis.create({ content: taxi() })
      const roomId = roomOf(documentOf(yield* own.take))
      const joined = yield* inbox(taxis.join({ roomId }), "a notification")
      // The client joins while messages are published, so any of them may be the first to arrive.
      const message = taxi({ seats: 7 })
      const first = yield* Effect.raceFirst(joined.take, Effect.forever(Effect.delay(taxis.publish({ message }), 20)))
      assert.deepStrictEqual(documentOf(first).result._source, message)
    })))

  it.effect("a subscription with a filter delivers matching documents, and passes gaps through", () =>
    withClient()(Effect.gen(function*() {
      const target = yield* fresh
      const { network } = yield* Backend
      const taxis = KuzzleRepository.make({ ...target, schema: Taxi })
      const { filter } = taxis
      const free = filter.and(filter.equals("status", "free"), filter.regexp("driver.name", /^a/))
      const { take } = yield* inbox(yield* taxis.open({ filter: free }), "a notification")
      yield* taxis.create({ content: taxi({ status: "busy", driver: { name: "ada" } }) })
      yield* taxis.create({ content: taxi({ driver: { name: "bob" } }) })
      yield* taxis.create({ content: taxi({ driver: { name: "ada" } }) })
      assert.strictEqual(documentOf(yield* take).result._source?.driver?.name, "ada")
      yield* network.cut
      const gap = yield* take
      assert.strictEqual(gap.type, "gap")
    })))

  it.effect("`onInvalid` decides whether a notification that does not fit fails the stream, is left out, or is passed on", () =>
    withClient()(Effect.gen(function*() {
      const target = yield* fresh
      const reported: Array<unknown> = []
      const failing = KuzzleRepository.make({ ...target, schema: Taxi })
      const skipping = KuzzleRepository.make({
        ...target,
        schema: Taxi,
        onInvalid: ({ content }) => Effect.sync(() => void reported.push(content))
      })
      const passing = KuzzleRepository.make({ ...target, schema: Taxi, onInvalid: "pass" })
      const streams = yield* Effect.all([failing.open(), skipping.open(), passing.open()])
      yield* failing.publish({ message: taxi({ seats: 1 }) })
      yield* KuzzleRealtime.publish({ ...target, message: odd })
      yield* failing.publish({ message: taxi({ seats: 2 }) })

      const failed = yield* inbox(streams[0], "a notification")
      assert.strictEqual(documentOf(yield* failed.take).result._source?.seats, 1)
      const error = yield* failure(failed.take, KuzzleRepository.InvalidDocumentError)
      assert.deepStrictEqual(error.content, odd)
      assert.match(error.message, /^a message of /)

      const skipped = yield* inbox(streams[1], "a notification")
      assert.strictEqual(documentOf(yield* skipped.take).result._source?.seats, 1)
      assert.strictEqual(documentOf(yield* skipped.take).result._source?.seats, 2)
      assert.deepStrictEqual(reported, [odd])

      const passed = yield* inbox(streams[2], "a notification")
      const sources = (yield* passed.takeN(3)).map((notification) => documentOf(notification).result._source)
      assert.deepStrictEqual(sources.map((source) => source instanceof Taxi ? source.seats : source?.content), [
        1,
        odd,
        2
      ])
    })))

  it.effect("`live` decodes documents, and leaves out those that do not fit", () =>
    withClient()(Effect.gen(function*() {
      const target = yield* fresh
      const reported: Array<unknown> = []
      const taxis = KuzzleRepository.make({
        ...target,
        schema: Taxi,
        onInvalid: ({ content }) => Effect.sync(() => void reported.push(content))
      })
      yield* taxis.create({ _id: "a", content: taxi({ seats: 1 }) })
      yield* KuzzleDocument.create({ ...target, _id: "odd", content: { ...odd, status: "free" } })
      const live = yield* taxis.live({ filter: taxis.filter.equals("status", "free") })
      assert.deepStrictEqual(Array.from((yield* live.documents).values(), ({ _source: { seats } }) => seats), [1])
      const { take } = yield* inbox(live.changes, "a change")
      assert.strictEqual((yield* take)._tag, "Snapshot")
      yield* taxis.create({ _id: "b", content: taxi({ seats: 2 }) })
      const entered = yield* take
      assert(entered._tag === "Entered")
      assert.instanceOf(entered.document._source, Taxi)
      yield* taxis.update({ _id: "b", content: { status: "busy" } })
      const exited = yield* take
      assert(exited._tag === "Exited" && exited.document._source instanceof Taxi)
      assert.deepStrictEqual([exited.previous._source.isFree, exited.document._source.isFree], [true, false])
      yield* taxis.delete({ _id: "a" })
      assert.strictEqual((yield* take)._tag, "Deleted")
      assert.deepStrictEqual(reported, [{ ...odd, status: "free" }])
    })))

  it.effect("`listen` calls its handler with decoded documents until one does not fit", () =>
    withClient()(Effect.scoped(Effect.gen(function*() {
      const target = yield* fresh
      const taxis = KuzzleRepository.make({ ...target, schema: Taxi })
      const seats: Array<number | undefined> = []
      const two = yield* Deferred.make<void>()
      const { ended } = yield* taxis.listen({ filter: taxis.filter.exists("seats") }, (notification) => {
        if (notification.type === "gap") return
        seats.push(notification.result._source?.seats)
        if (seats.length === 2) Deferred.unsafeDone(two, Exit.void)
      })
      yield* taxis.create({ content: taxi({ seats: 1 }) })
      yield* KuzzleDocument.create({ ...target, content: { status: "free" } })
      yield* taxis.create({ content: taxi({ seats: 2 }) })
      yield* Deferred.await(two)
      yield* KuzzleDocument.create({ ...target, content: odd })
      yield* taxis.create({ content: taxi({ seats: 3 }) })
      const invalid = yield* failure(ended, KuzzleRepository.InvalidDocumentError)
      assert.deepStrictEqual(invalid.content, odd)
      assert.deepStrictEqual(seats, [1, 2])
    }))))

  it.effect("`listen` with `onInvalid` reports and leaves out documents that do not fit", () =>
    withClient()(Effect.scoped(Effect.gen(function*() {
      const target = yield* fresh
      const reported: Array<unknown> = []
      const onInvalid = ({ content }: KuzzleRepository.InvalidDocumentError) =>
        Effect.sync(() => void reported.push(content))
      const taxis = KuzzleRepository.make({ ...target, schema: Taxi, onInvalid })
      const seats = yield* Deferred.make<number | undefined>()
      yield* taxis.listen({}, (notification) => {
        if (notification.type !== "gap") Deferred.unsafeDone(seats, Exit.succeed(notification.result._source?.seats))
      })
      yield* KuzzleDocument.create({ ...target, content: odd })
      yield* taxis.create({ content: taxi({ seats: 3 }) })
      assert.strictEqual(yield* Deferred.await(seats), 3)
      assert.deepStrictEqual(reported, [odd])
      const wrong = taxis.filter.range("seats", { gt: 2, lt: 1 })
      yield* failure(taxis.listen({ filter: wrong }, () => {}), KuzzleFilter.FilterError)
    }))))

  it.effect("an invalid filter is not sent", () =>
    withClient()(Effect.gen(function*() {
      const taxis = KuzzleRepository.make({ ...(yield* fresh), schema: Taxi })
      const wrong = taxis.filter.range("seats", { gt: 2, lt: 1 })
      const error = yield* failure(Stream.runDrain(taxis.subscribe({ filter: wrong })), KuzzleFilter.FilterError)
      assert.match(error.message, /lower bound/)
    })))
}

/** Runs an effect, and returns the text that it would print. */
const printed = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<readonly [A, string], E, R> =>
  Console.consoleWith((console) => {
    const lines: Array<string> = []
    const log = (...args: ReadonlyArray<unknown>) => Effect.sync(() => void lines.push(args.join(" ")))
    return Effect.map(Effect.withConsole(effect, { ...console, log }), (result) => [result, lines.join("\n")] as const)
  })

const mappingsTests = (it: Vitest.MethodsNonLive<World | Backend, true>): void => {
  const Book = Schema.Struct({
    title: Schema.String.pipe(KuzzleMappings.field({ type: "text", fields: { keyword: { type: "keyword" } } })),
    pages: Schema.Int,
    price: Schema.Number,
    lent: Schema.optional(Schema.Boolean),
    printed: Schema.Date,
    shop: Schema.Struct({ name: Schema.String, at: KuzzleMappings.GeoPoint }),
    reviews: Schema.Array(Schema.Struct({ stars: Schema.Int })).pipe(KuzzleMappings.field("nested")),
    extra: Schema.Record({ key: Schema.String, value: Schema.Number }),
    scan: Schema.Unknown
  })

  const place = Effect.map(World, ({ index, name }) => ({ index, collection: name("books") }))

  it.effect("`check` and `diff` report a missing collection, and `sync` creates it with fields of every type", () =>
    withClient()(Effect.gen(function*() {
      const target = { ...(yield* place), schema: Book, dynamic: "strict" } as const
      const before = yield* KuzzleMappings.diff(target)
      assert.deepInclude(before, { exists: false, differences: [] })
      const name = `${target.index}/${target.collection}`
      const [error, report] = yield* printed(
        failure(KuzzleMappings.check(target), KuzzleMappings.MappingsDifferError)
      )
      assert.strictEqual(report, `${name}: does not exist`)
      assert.strictEqual(error.message, report)
      assert.strictEqual(
        (yield* printed(KuzzleMappings.sync(target)))[1],
        `${name}: does not exist\n  created: now matches the Schema`
      )
      assert.deepStrictEqual((yield* KuzzleMappings.diff(target)).differences, [])
      assert.strictEqual((yield* printed(KuzzleMappings.check(target)))[1], `${name}: matches the Schema`)
      assert.strictEqual((yield* printed(KuzzleMappings.sync(target)))[1], `${name}: matches the Schema`)

      // Because of `strict`, the server accepts only the fields of the Schema.
      const books = KuzzleRepository.make(target)
      yield* books.create({
        content: {
          title: "Sapiens",
          pages: 500,
          price: 9.5,
          printed: new Date(0),
          shop: { name: "x", at: { lat: 1, lon: 2 } },
          reviews: [{ stars: 1 }],
          extra: { a: 1 },
          scan: ["any", { thing: 1 }]
        }
      })
      yield* failure(
        KuzzleDocument.create({ ...(yield* place), ...target, content: { other: 1 } }),
        KuzzleActionError.MappingRejectionError
      )
    })))

  it.effect("`sync` adds missing fields, and a search finds existing documents by them", () =>
    withClient()(Effect.gen(function*() {
      const target = yield* place
      yield* KuzzleMappings.create({ ...target, schema: Schema.Struct({ title: Schema.String, old: Schema.String }) })
      yield* KuzzleDocument.create({ ...target, content: { title: "a", pages: 5 }, refresh })
      const books = KuzzleRepository.make({
        ...target,
        schema: Schema.Struct({ title: Schema.String, pages: Schema.Int })
      })
      assert.strictEqual(yield* books.count({ filter: books.filter.equals("pages", 5) }), 0)
      const report = yield* KuzzleMappings.diff(books)
      assert.deepStrictEqual(report.differences, [
        { _tag: "Missing", path: "pages", expected: { type: "long" } },
        { _tag: "Extra", path: "old", actual: { type: "keyword" } }
      ])
      assert.strictEqual(
        (yield* printed(KuzzleMappings.sync(books)))[1],
        `${target.index}/${target.collection}: differs from the Schema\n` +
          "  + pages: missing, should be long\n" +
          "  · old: only on the server, keyword\n" +
          "  updated: now matches the Schema"
      )
      assert.deepStrictEqual((yield* KuzzleMappings.diff(books)).differences, [
        { _tag: "Extra", path: "old", actual: { type: "keyword" } }
      ])
      const count = books.count({ filter: books.filter.equals("pages", 5) })
      // Kuzzle reindexes existing documents in the background.
      yield* until("a hit for the existing document", Effect.map(count, (n) => n === 1))
    })))

  it.effect("`sync` fails and changes nothing if the type of a field differs", () =>
    withClient()(Effect.gen(function*() {
      const target = yield* place
      yield* KuzzleMappings.create({ ...target, schema: Schema.Struct({ title: Schema.Int }) })
      const schema = Schema.Struct({ title: Schema.String, pages: Schema.Int })
      const [error, report] = yield* printed(
        failure(KuzzleMappings.sync({ ...target, schema }), KuzzleMappings.MappingsDifferError)
      )
      assert.strictEqual(
        error.message,
        `${target.index}/${target.collection}: differs from the Schema\n` +
          "  ! title: type is long, should be keyword\n" +
          "  + pages: missing, should be long"
      )
      assert.strictEqual(report, error.message)
      assert.lengthOf(error.reports, 1)
      assert.deepStrictEqual((yield* KuzzleCollection.getMapping(target)).properties, { title: { type: "long" } })
    })))

  it.effect("the mappings of a Schema that cannot be mapped are not sent", () =>
    withClient()(Effect.gen(function*() {
      const target = { ...(yield* place), schema: Schema.Struct({ at: Schema.DateFromSelf }) }
      yield* failure(KuzzleMappings.create(target), KuzzleMappings.UnmappableError)
      yield* failure(KuzzleMappings.sync(target), KuzzleMappings.UnmappableError)
      assert.isFalse(yield* KuzzleCollection.exists(target))
    })))
}
