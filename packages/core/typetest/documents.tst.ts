/** Documents, collections and indexes as the compiler sees them. */
import type { KuzzleBulk, KuzzleCollection } from "@effect-kuzzle/core"
import { type Kuzzle, type KuzzleActionError, KuzzleDocument, type KuzzleError, KuzzleIndex } from "@effect-kuzzle/core"
import { Effect, type Option } from "effect"
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

  test("a wrapper has one type, whatever it does", () => {
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

  test("an error that an action has not cannot be caught", () => {
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

  test("what is missing or wrong does not compile", () => {
    expect(KuzzleDocument.get(taxis)).type.toRaiseError("'_id' is missing")
    expect(KuzzleDocument.update({ ...taxis, _id: "a", content: "text" })).type.toRaiseError("not assignable")
    expect(KuzzleDocument.mUpdate({ ...taxis, documents: [{ body: {} }] })).type.toRaiseError("'_id' is missing")
    expect(KuzzleDocument.create({ ...taxis, content: {}, refresh: "true" })).type.toRaiseError("not assignable")
    expect(KuzzleDocument.deleteByQuery(taxis)).type.toRaiseError("'query' is missing")
    expect(KuzzleIndex.mDelete({})).type.toRaiseError("'indexes' is missing")
  })

  test("what an answer may lack is optional", () => {
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
