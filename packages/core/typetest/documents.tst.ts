/** Documents, collections and indexes as the compiler sees them. */
import type { KuzzleBulk, KuzzleCollection } from "@effect-kuzzle/core"
import {
  type Kuzzle,
  type KuzzleActionError,
  KuzzleAuth,
  KuzzleDocument,
  type KuzzleError,
  KuzzleExport,
  KuzzleFilter,
  KuzzleIndex,
  KuzzleRealtime,
  KuzzleSearch,
  KuzzleSecurity
} from "@effect-kuzzle/core"
import { Effect, type Option, type Stream } from "effect"
import { describe, expect, test } from "tstyche"

const taxis = { index: "nyc", collection: "taxi" }
type Absent = KuzzleActionError.IndexNotFoundError | KuzzleActionError.CollectionNotFoundError

describe("KuzzleDocument", () => {
  test("an action fails as it declares, and a variant without what it handles", () => {
    expect(KuzzleDocument.get({ ...taxis, _id: "a" })).type.toBe<
      Effect.Effect<
        KuzzleDocument.Document,
        KuzzleError.RequestError | Absent | KuzzleActionError.DocumentNotFoundError,
        Kuzzle.Kuzzle
      >
    >()
    expect(KuzzleDocument.getOption({ ...taxis, _id: "a" })).type.toBe<
      Effect.Effect<Option.Option<KuzzleDocument.Document>, KuzzleError.RequestError | Absent, Kuzzle.Kuzzle>
    >()
  })

  test("a wrapper around an action keeps its type", () => {
    expect(KuzzleDocument.mExists({ ...taxis, ids: ["a"] })).type.toBe<
      Effect.Effect<
        KuzzleDocument.Many<string, string>,
        | KuzzleError.RequestError
        | Absent
        | KuzzleActionError.FetchLimitError
        | KuzzleActionError.IncompleteRequestError,
        Kuzzle.Kuzzle
      >
    >()
    expect(KuzzleIndex.list()).type.toBe<
      Effect.Effect<ReadonlyArray<string>, KuzzleError.RequestError, Kuzzle.Kuzzle>
    >()
  })

  test("an error that an action does not have cannot be caught", () => {
    expect(
      KuzzleDocument.get({ ...taxis, _id: "a" }).pipe(
        Effect.catchTag("KuzzleDocumentAlreadyExistsError", () => Effect.void)
      )
    ).type.toRaiseError()
  })

  test("a search has one target: a collection, or several", () => {
    const targets = [{ index: "nyc", collections: ["taxi", "bus"] }]
    type Found = Effect.Effect.Success<ReturnType<typeof KuzzleDocument.search>>
    expect(KuzzleDocument.search(taxis)).type.toBeAssignableTo<Effect.Effect<Found, unknown, Kuzzle.Kuzzle>>()
    expect(KuzzleDocument.search({ targets })).type.toBeAssignableTo<Effect.Effect<Found, unknown, Kuzzle.Kuzzle>>()
    expect(KuzzleDocument.search({ query: {} })).type.toRaiseError()
    expect(KuzzleDocument.search({ ...taxis, targets })).type.toRaiseError()
  })

  test("documents are selected by `filter` or by `query`, one name for each language", () => {
    const filter = KuzzleFilter.equals("status", "free")
    const typed = KuzzleFilter.for<{ readonly status: string }>().equals("status", "free")
    const query = { term: { status: "free" } }
    expect(KuzzleDocument.search({ ...taxis, filter })).type.not.toRaiseError()
    expect(KuzzleDocument.search({ ...taxis, filter: typed })).type.not.toRaiseError()
    expect(KuzzleDocument.search({ ...taxis, query })).type.not.toRaiseError()
    expect(KuzzleDocument.search({ ...taxis, filter, query })).type.toRaiseError()
    expect(KuzzleDocument.search({ ...taxis, query, lang: "koncorde" })).type.toRaiseError("'lang' does not exist")
    expect(KuzzleDocument.search({ ...taxis, filter: KuzzleFilter.regexp("status", "f") })).type.toRaiseError(
      "only a subscription takes this condition, a search does not"
    )
    expect(KuzzleSearch.hits({ ...taxis, filter: typed })).type.not.toRaiseError()
    expect(KuzzleSearch.hits({ ...taxis, filter, query })).type.toRaiseError()
    expect(KuzzleDocument.count({ ...taxis, filter: typed })).type.not.toRaiseError()
    expect(KuzzleDocument.deleteByQuery({ ...taxis, filter: typed })).type.not.toRaiseError()
    expect(KuzzleDocument.updateByQuery({ ...taxis, filter: typed, changes: {} })).type.not.toRaiseError()
    expect(KuzzleExport.stream({ ...taxis, filter: typed })).type.not.toRaiseError()
    expect(KuzzleSecurity.searchUsers({ filter })).type.not.toRaiseError()
    expect(KuzzleAuth.searchApiKeys({ filter })).type.not.toRaiseError()
  })

  test("a content is any object, an interface as well", () => {
    interface Cab {
      readonly status: string
    }
    const cab: Cab = { status: "free" }
    expect(KuzzleDocument.create({ ...taxis, content: cab })).type.not.toRaiseError()
    expect(KuzzleDocument.update({ ...taxis, _id: "a", content: cab })).type.not.toRaiseError()
    expect(KuzzleDocument.upsert({ ...taxis, _id: "a", changes: cab, default: cab })).type.not.toRaiseError()
    expect(KuzzleDocument.mCreate({ ...taxis, documents: [{ body: cab }] })).type.not.toRaiseError()
    expect(KuzzleRealtime.publish({ ...taxis, message: cab })).type.not.toRaiseError()
    expect(KuzzleAuth.updateSelf({ content: cab })).type.not.toRaiseError()
    expect(KuzzleSecurity.updateUser({ _id: "a", content: cab })).type.not.toRaiseError()
    expect(KuzzleSecurity.createFirstAdmin({ content: cab, credentials: {} })).type.not.toRaiseError()
  })

  test("the content of a user has profiles, and may be an interface", () => {
    interface Driver {
      readonly profileIds: ReadonlyArray<string>
      readonly name: string
    }
    const driver: Driver = { profileIds: ["default"], name: "Ada" }
    expect(KuzzleSecurity.createUser({ content: driver, credentials: {} })).type.not.toRaiseError()
    expect(KuzzleSecurity.replaceUser({ _id: "a", content: driver })).type.not.toRaiseError()
    expect(KuzzleSecurity.replaceUser({ _id: "a", content: { profileIds: ["default"], age: 3 } })).type.not
      .toRaiseError()
    expect(KuzzleSecurity.replaceUser({ _id: "a", content: { name: "Ada" } })).type.toRaiseError("profileIds")
    expect(KuzzleSecurity.updateUser({ _id: "a", content: { profileIds: 3 } })).type.toRaiseError("not assignable")
  })

  test("a caller can give the type of the documents", () => {
    interface Taxi {
      readonly status: "free" | "busy"
    }
    type Success<A> = Effect.Effect<A, unknown, Kuzzle.Kuzzle>
    const place = { ...taxis, _id: "a" }
    expect(KuzzleDocument.get<Taxi>(place)).type.toBeAssignableTo<Success<KuzzleDocument.Document<Taxi>>>()
    expect(KuzzleDocument.get(place)).type.not.toBeAssignableTo<Success<KuzzleDocument.Document<Taxi>>>()
    expect(KuzzleDocument.getOption<Taxi>(place)).type.toBeAssignableTo<
      Success<Option.Option<KuzzleDocument.Document<Taxi>>>
    >()
    expect(KuzzleDocument.mGet<Taxi>({ ...taxis, ids: ["a"] })).type.toBeAssignableTo<
      Success<KuzzleDocument.Many<KuzzleDocument.Document<Taxi>, string>>
    >()
    expect(KuzzleDocument.search<Taxi>(taxis)).type.toBeAssignableTo<Success<KuzzleDocument.SearchResult<Taxi>>>()
    expect(KuzzleDocument.scroll<Taxi>({ scrollId: "a" })).type.toBeAssignableTo<
      Success<KuzzleDocument.SearchResult<Taxi>>
    >()
    expect(KuzzleSearch.hits<Taxi>(taxis)).type.toBe<
      Stream.Stream<KuzzleDocument.Hit<Taxi>, KuzzleSearch.SearchError, Kuzzle.Kuzzle>
    >()
  })

  test("missing and wrong arguments do not compile", () => {
    expect(KuzzleDocument.get(taxis)).type.toRaiseError("'_id' is missing")
    expect(KuzzleDocument.update({ ...taxis, _id: "a", content: "text" })).type.toRaiseError("not assignable")
    expect(KuzzleDocument.mUpdate({ ...taxis, documents: [{ body: {} }] })).type.toRaiseError("'_id' is missing")
    expect(KuzzleDocument.create({ ...taxis, content: {}, refresh: "true" })).type.toRaiseError("not assignable")
    expect(KuzzleDocument.deleteByQuery(taxis)).type.toRaiseError("'query' is missing")
    expect(KuzzleDocument.mCreate({ ...taxis, documents: [{ body: "text" }] })).type.toRaiseError("not assignable")
    expect(KuzzleIndex.mDelete({})).type.toRaiseError("'indexes' is missing")
  })

  test("members that an answer may lack are optional", () => {
    expect<Effect.Effect.Success<ReturnType<typeof KuzzleDocument.delete>>>().type.toBe<{
      readonly _id: string
      readonly _source?: KuzzleDocument.Document["_source"]
      readonly _version?: number
    }>()
    expect<Effect.Effect.Success<ReturnType<typeof KuzzleBulk.deleteByQuery>>>().type.toBe<number>()
    expect<Effect.Effect.Success<ReturnType<typeof KuzzleCollection.validateSpecifications>>>().type.toBe<
      KuzzleCollection.SpecificationsCheck
    >()
  })
})
