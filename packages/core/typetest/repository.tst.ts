/** Repositories and typed filters: the inferred types, and code that does not compile. */
import type {
  Kuzzle,
  KuzzleActionError,
  KuzzleDocument,
  KuzzleError,
  KuzzleLiveQuery,
  KuzzleRealtime
} from "@effect-kuzzle/core"
import { KuzzleFilter, KuzzleMappings, KuzzleRepository } from "@effect-kuzzle/core"
import { Context, Effect, type Option, Schema, type Scope, Stream } from "effect"
import { describe, expect, test } from "tstyche"

class Taxi extends Schema.Class<Taxi>("Taxi")({
  status: Schema.Literal("free", "busy"),
  seats: Schema.Int,
  seen: Schema.DateFromNumber,
  since: Schema.Date,
  driver: Schema.optional(Schema.Struct({ name: Schema.String, rating: Schema.NullOr(Schema.Number) })),
  tags: Schema.Array(Schema.String),
  rides: Schema.Array(Schema.Struct({ km: Schema.Number })),
  position: KuzzleMappings.GeoPoint,
  notes: Schema.Record({ key: Schema.String, value: Schema.Number })
}) {}

const target = { index: "nyc", collection: "taxi" }
const content = new Taxi({
  status: "free",
  seats: 4,
  seen: new Date(),
  since: new Date(),
  tags: [],
  rides: [],
  position: { lat: 1, lon: 2 },
  notes: {}
})
const taxis = KuzzleRepository.make({ ...target, schema: Taxi })
const passing = KuzzleRepository.make({ ...target, schema: Taxi, onInvalid: "pass" })
const skipping = KuzzleRepository.make({ ...target, schema: Taxi, onInvalid: KuzzleRepository.logInvalid })

type Invalid = KuzzleRepository.InvalidDocumentError
type Absent = KuzzleActionError.IndexNotFoundError | KuzzleActionError.CollectionNotFoundError

describe("a repository", () => {
  test("has the types of its parts", () => {
    expect(taxis).type.toBe<KuzzleRepository.KuzzleRepository<Taxi, typeof Taxi.Encoded, never, "fail">>()
    expect(passing).type.toBe<KuzzleRepository.KuzzleRepository<Taxi, typeof Taxi.Encoded, never, "pass">>()
    expect(skipping).type.toBe<KuzzleRepository.KuzzleRepository<Taxi, typeof Taxi.Encoded, never, "skip">>()
    expect(KuzzleRepository.make({
      ...target,
      schema: Taxi,
      onInvalid: (invalid) => {
        expect(invalid).type.toBe<Invalid>()
        return Effect.void
      }
    })).type.toBe<KuzzleRepository.KuzzleRepository<Taxi, typeof Taxi.Encoded, never, "skip">>()
    expect(KuzzleRepository.make({ ...target, schema: Taxi, onInvalid: "ignore" })).type.toRaiseError()
    expect(KuzzleRepository.make({ ...target, schema: Schema.String })).type.toRaiseError()
    expect(KuzzleRepository.make({ index: "nyc", schema: Taxi })).type.toRaiseError()
  })

  test("only optional fields can be removed, and an update by query needs a filter", () => {
    expect(taxis.deleteFields({ _id: "a", fields: ["driver", "notes.any"] })).type.toBeAssignableTo<
      Effect.Effect<KuzzleRepository.Document<Taxi>, unknown, Kuzzle.Kuzzle>
    >()
    expect(taxis.deleteFields({ _id: "a", fields: ["seats"] })).type.toRaiseError("seats")
    expect(taxis.deleteFields({ _id: "a", fields: ["driver.name"] })).type.toRaiseError("driver.name")
    expect(taxis.deleteByQuery({})).type.toRaiseError()
    expect(taxis.updateByQuery({ changes: { seats: 1 } })).type.toRaiseError()
    expect(taxis.updateByQuery({ filter: taxis.filter.all, changes: { seats: "1" } })).type.toRaiseError("string")
  })

  test("the policy decides the result and the errors", () => {
    type Get<Source, E> = Effect.Effect<
      KuzzleRepository.Document<Source>,
      KuzzleError.RequestError | Absent | KuzzleActionError.DocumentNotFoundError | E,
      Kuzzle.Kuzzle
    >
    expect(taxis.get({ _id: "a" })).type.toBe<Get<Taxi, Invalid>>()
    expect(skipping.get({ _id: "a" })).type.toBe<Get<Taxi, Invalid>>()
    expect(passing.get({ _id: "a" })).type.toBe<Get<Taxi | Invalid, never>>()

    type MGet<Source, E> = Effect.Effect<
      KuzzleDocument.Many<KuzzleRepository.Document<Source>, string>,
      | KuzzleError.RequestError
      | Absent
      | KuzzleActionError.FetchLimitError
      | KuzzleActionError.IncompleteRequestError
      | E,
      Kuzzle.Kuzzle
    >
    expect(taxis.mGet({ ids: ["a"] })).type.toBe<MGet<Taxi, Invalid>>()
    expect(skipping.mGet({ ids: ["a"] })).type.toBe<MGet<Taxi, never>>()
    expect(passing.mGet({ ids: ["a"] })).type.toBe<MGet<Taxi | Invalid, never>>()

    expect(taxis.getOption({ _id: "a" })).type.toBe<
      Effect.Effect<
        Option.Option<KuzzleRepository.Document<Taxi>>,
        KuzzleError.RequestError | Absent | Invalid,
        Kuzzle.Kuzzle
      >
    >()
    expect(taxis.delete({ _id: "a" })).type.toBe<
      Effect.Effect<
        void,
        KuzzleError.RequestError | Absent | KuzzleActionError.DocumentNotFoundError,
        Kuzzle.Kuzzle
      >
    >()
  })

  test("a document has its content, and Kuzzle's metadata", () => {
    expect<KuzzleRepository.Document<Taxi>["_source"]>().type.toBe<Taxi>()
    expect<KuzzleRepository.Document<Taxi>["_id"]>().type.toBe<string>()
    expect<KuzzleRepository.Document<Taxi>["_version"]>().type.toBe<number>()
    expect<NonNullable<KuzzleRepository.Document<Taxi>["_kuzzle_info"]>>().type.toBe<KuzzleDocument.KuzzleInfo>()
    expect<KuzzleRepository.Hit<Taxi>["_source"]>().type.toBe<Taxi>()
    expect<KuzzleRepository.Hit<Taxi>["_score"]>().type.toBe<number | null>()
  })

  test("live documents have the type of the policy, and a document that has left may not fit the Schema", () => {
    type Live<Source, E, Left> = Effect.Effect<
      KuzzleLiveQuery.LiveQuery<
        KuzzleRepository.LiveDocument<Source>,
        KuzzleLiveQuery.LiveError | E,
        KuzzleRepository.LiveDocument<Left>
      >,
      KuzzleLiveQuery.LiveError | E,
      Kuzzle.Kuzzle | KuzzleRealtime.KuzzleRealtime | Scope.Scope
    >
    expect(taxis.live()).type.toBe<Live<Taxi, Invalid, Taxi>>()
    expect(skipping.live({ ids: ["a"] })).type.toBe<Live<Taxi, never, Taxi | Invalid>>()
    expect(passing.live({ filter: passing.filter.equals("status", "free") })).type.toBe<
      Live<Taxi | Invalid, never, Taxi | Invalid>
    >()
    expect(taxis.live({ filter: KuzzleFilter.exists("color") })).type.toRaiseError()
    expect(taxis.live({ ids: ["a"], filter: taxis.filter.all })).type.toRaiseError()
  })

  test("subscribing needs KuzzleRealtime, so that it does not compile over HTTP", () => {
    expect(skipping.open()).type.toBe<
      Effect.Effect<
        Stream.Stream<
          KuzzleRepository.DocumentNotification<Taxi> | KuzzleRealtime.Gap,
          KuzzleRealtime.SubscribeError
        >,
        KuzzleRepository.SubscribeError,
        KuzzleRealtime.KuzzleRealtime | Scope.Scope
      >
    >()
    expect(taxis.subscribe({ users: "all", scope: "none", strategy: "fail" })).type.toBe<
      Stream.Stream<
        KuzzleRealtime.UserNotification | KuzzleRealtime.Gap,
        KuzzleRepository.SubscribeError | KuzzleError.OverflowError | Invalid,
        KuzzleRealtime.KuzzleRealtime
      >
    >()
    expect<KuzzleRepository.SubscribeError>().type.toBe<KuzzleRealtime.SubscribeError | KuzzleFilter.FilterError>()
  })

  test("a gap must be handled", () => {
    const show = (notification: KuzzleRepository.Notification<Taxi>) => {
      expect(notification).type.not.toHaveProperty("result")
      if (notification.type === "gap") return expect(notification).type.toBe<KuzzleRealtime.Gap>()
      if (notification.type === "user") return expect(notification).type.toBe<KuzzleRealtime.UserNotification>()
      expect(notification.result._source).type.toBe<Taxi | undefined>()
    }
    expect(show).type.not.toRaiseError()
  })

  test("the requirements of the Schema are those of the functions", () => {
    class Key extends Context.Tag("Key")<Key, string>() {}
    const sealed = Schema.transformOrFail(Schema.String, Schema.String, {
      strict: true,
      decode: (text) => Effect.as(Key, text),
      encode: (text) => Effect.as(Key, text)
    })
    const letters = KuzzleRepository.make({ ...target, schema: Schema.Struct({ sealed }) })
    const { exists, get, subscribe } = letters
    expect(Effect.ignore(get({ _id: "a" }))).type.toBe<Effect.Effect<void, never, Kuzzle.Kuzzle | Key>>()
    expect(Effect.ignore(exists({ _id: "a" }))).type.toBe<Effect.Effect<void, never, Kuzzle.Kuzzle>>()
    expect(Effect.ignore(Stream.runDrain(subscribe()))).type.toBe<
      Effect.Effect<void, never, KuzzleRealtime.KuzzleRealtime | Key>
    >()
  })

  test("a wrong document", () => {
    expect(taxis.create({ content })).type.not.toRaiseError()
    expect(taxis.create({ content: { status: "free" } })).type.toRaiseError()
    expect(taxis.create({ content: { ...content, status: "fre" } })).type.toRaiseError()
    // The date, not what is stored of it.
    expect(taxis.create({ content: { ...content, seen: 1 } })).type.toRaiseError()
    expect(taxis.replace({ content })).type.toRaiseError()
    expect(taxis.replace({ _id: "a", content: {} })).type.toRaiseError()
    expect(taxis.publish({ message: { status: "free" } })).type.toRaiseError()
    expect(taxis.mCreate({ documents: [{ content: {} }] })).type.toRaiseError()
    expect(taxis.mCreate({ documents: [{ body: content }] })).type.toRaiseError()
  })

  test("a part of a document", () => {
    expect(taxis.update({ _id: "a", content: { status: "busy", seen: new Date() } })).type.not.toRaiseError()
    expect(taxis.update({ _id: "a", content: { status: "fre" } })).type.toRaiseError()
    expect(taxis.update({ _id: "a", content: { statu: "free" } })).type.toRaiseError()
    expect(taxis.update({ _id: "a", content: { seen: 1 } })).type.toRaiseError()
    // An update may contain some fields of a struct, and other values as a whole.
    expect(taxis.update({ _id: "a", content: { driver: { name: "ada" } } })).type.not.toRaiseError()
    expect(taxis.update({ _id: "a", content: { driver: { nam: "ada" } } })).type.toRaiseError("nam")
    expect(taxis.update({ _id: "a", content: { position: { lat: 1 } } })).type.not.toRaiseError()
    expect(taxis.update({ _id: "a", content: { rides: [{}] } })).type.toRaiseError("km")
    expect<KuzzleRepository.Changes<Taxi>["seen"]>().type.toBe<Date | undefined>()
    expect<KuzzleRepository.Changes<Taxi>["notes"]>().type.toBe<{ readonly [x: string]: number } | undefined>()
    expect<KuzzleRepository.Changes<{ readonly a: Option.Option<{ readonly b: string }> }>["a"]>().type.toBe<
      Option.Option<{ readonly b: string }> | undefined
    >()
    expect(
      taxis.updateByQuery({ filter: taxis.filter.all, changes: { driver: { rating: null } } })
    ).type.not.toRaiseError()
    expect(taxis.upsert({ _id: "a", changes: {}, default: content })).type.not.toRaiseError()
    expect(taxis.upsert({ _id: "a", changes: {}, default: { status: "free" } })).type.toRaiseError()
    expect(taxis.upsert({ _id: "a", changes: {} })).type.toRaiseError()
    expect(taxis.mUpdate({ documents: [{ _id: "a", content: { seats: "4" } }] })).type.toRaiseError()
  })

  test("a wrong argument", () => {
    expect(taxis.get({ id: "a" })).type.toRaiseError()
    expect(taxis.get({ _id: "a", index: "nyc" })).type.toRaiseError()
    expect(taxis.search({ scroll: "1s" })).type.toRaiseError()
    expect(taxis.search({ lang: "koncorde" })).type.toRaiseError()
    expect(taxis.search({ filter: taxis.filter.all, query: {} })).type.toRaiseError()
    expect(taxis.hits({ from: 3 })).type.toRaiseError()
    expect(taxis.subscribe({ scope: "inside" })).type.toRaiseError()
  })

  test("the fields that were asked for", () => {
    type Source<F> = F extends
      Effect.Effect<{ readonly hits: ReadonlyArray<{ readonly _source: infer S }> }, infer _E, infer _R> ? S
      : never
    const _some = taxis.search({ _source: ["status", "driver"] })
    expect<Source<typeof _some>>().type.toBe<Pick<Taxi, "status" | "driver">>()
    const _none = taxis.search({ _source: false })
    expect<Source<typeof _none>>().type.toBe<{}>()
    const _all = taxis.search({ _source: true })
    expect<Source<typeof _all>>().type.toBe<Taxi>()
    const _usual = taxis.search({ size: 1 })
    expect<Source<typeof _usual>>().type.toBe<Taxi>()
    const _passed = passing.search({ _source: ["status"] })
    expect<Source<typeof _passed>>().type.toBe<Pick<Taxi, "status"> | Invalid>()
    expect(taxis.hits({ _source: ["seats"] })).type.toBeAssignableTo<
      Stream.Stream<KuzzleRepository.Hit<Pick<Taxi, "seats">>, unknown, Kuzzle.Kuzzle>
    >()
    expect(taxis.search({ _source: ["colour"] })).type.toRaiseError("colour")
    expect(taxis.search({ _source: { excludes: ["seats"] } })).type.toRaiseError()
  })

  test("aggregations, with the stored form of the documents in top_hits", () => {
    const found = Effect.map(
      taxis.search({
        aggregations: { by: { terms: { field: "status" }, aggs: { last: { top_hits: { _source: ["seen"] } } } } }
      }),
      ({ aggregations }) => aggregations?.by.buckets.map(({ last }) => last.hits.hits[0]?._source?.seen)
    )
    expect(found).type.toBeAssignableTo<
      Effect.Effect<ReadonlyArray<number | undefined> | undefined, unknown, Kuzzle.Kuzzle>
    >()
  })

  test("listening needs KuzzleRealtime, and fails as subscribing does", () => {
    expect(taxis.listen({ scope: "none" }, (notification) => {
      expect(notification).type.toBe<KuzzleRealtime.Gap>()
    })).type.toBe<
      Effect.Effect<
        KuzzleRealtime.Listening<KuzzleRealtime.SubscribeError | Invalid>,
        KuzzleRepository.SubscribeError,
        KuzzleRealtime.KuzzleRealtime | Scope.Scope
      >
    >()
  })

  test("what to sort by", () => {
    expect(taxis.search({ sort: ["seats", "tags", "_score", "_kuzzle_info.createdAt"] })).type.not.toRaiseError()
    expect(taxis.search({ sort: [{ "driver.name": "asc" }, { "driver.name.keyword": { order: "asc" } }] })).type.not
      .toRaiseError()
    expect(taxis.search({ sort: ["seat"] })).type.toRaiseError()
    expect(taxis.search({ sort: ["seats.keyword"] })).type.toRaiseError()
    expect(taxis.search({ sort: [{ seat: "asc" }] })).type.toRaiseError()
    expect(taxis.search({ sort: [{ seats: "up" }] })).type.toRaiseError()
  })

  test("an error that is not handled, and one that there is not", () => {
    const handled = taxis.get({ _id: "a" }).pipe(
      Effect.catchTags({
        KuzzleDocumentNotFoundError: () => Effect.succeed("none" as const),
        KuzzleInvalidDocumentError: (invalid) => {
          expect(invalid.content).type.toBe<unknown>()
          return Effect.succeed("odd" as const)
        }
      })
    )
    expect(handled).type.toBe<
      Effect.Effect<KuzzleRepository.Document<Taxi> | "none" | "odd", KuzzleError.RequestError | Absent, Kuzzle.Kuzzle>
    >()
    expect(handled).type.not.toBeAssignableTo<Effect.Effect<unknown, never, Kuzzle.Kuzzle>>()
    expect(Effect.catchTag(passing.get({ _id: "a" }), "KuzzleInvalidDocumentError", () => Effect.void)).type
      .toRaiseError()
    expect(Effect.catchTag(taxis.get({ _id: "a" }), "KuzzleInvalidContentError", () => Effect.void)).type
      .toRaiseError()
  })
})

describe("filters by the document", () => {
  const { filter } = taxis

  test("paths, and what is there", () => {
    expect(filter.equals("status", "free")).type.not.toRaiseError()
    expect(filter.equals("driver.rating", null)).type.not.toRaiseError()
    expect(filter.equals("_id", "a")).type.not.toRaiseError()
    expect(filter.equals("notes.anything", 1)).type.not.toRaiseError()
    expect(filter.equals("statu", "free")).type.toRaiseError()
    expect(filter.equals("status", "fre")).type.toRaiseError()
    expect(filter.equals("seats", "4")).type.toRaiseError()
    expect(filter.equals("seats", null)).type.toRaiseError()
    expect(filter.equals("driver", "ada")).type.toRaiseError()
    expect(filter.equals("driver.nam", "ada")).type.toRaiseError()
    expect(filter.equals("tags", "new")).type.toRaiseError()
    expect(filter.equals("rides.km", 1)).type.toRaiseError()
    expect(filter.equals("notes.anything", "x")).type.toRaiseError()
    expect(filter.exists("driver")).type.not.toRaiseError()
    expect(filter.exists("drivers")).type.toRaiseError()
    expect(filter.missing("driver.rating.stars")).type.toRaiseError()
  })

  test("values of each operator", () => {
    expect(filter.isIn("status", ["free"])).type.not.toRaiseError()
    expect(filter.isIn("status", ["fre"])).type.toRaiseError()
    expect(filter.isIn("seats", [4])).type.toRaiseError()
    // A filter has the stored type: one date is a number, the other is a text.
    expect(filter.range("seen", { gt: 1 })).type.not.toRaiseError()
    expect(filter.range("since", { gt: 1 })).type.toRaiseError()
    expect(filter.range("seats", { gt: "1" })).type.toRaiseError()
    expect(filter.range("seats", { gt: 1, gte: 1 })).type.toRaiseError()
    expect(filter.range("status", { gt: 1 })).type.toRaiseError()
    expect(filter.regexp("status", /^f/)).type.not.toRaiseError()
    expect(filter.regexp("seats", "4")).type.toRaiseError()
    expect(filter.contains("tags", "new")).type.not.toRaiseError()
    expect(filter.contains("tags", 1)).type.toRaiseError()
    expect(filter.contains("status", "free")).type.toRaiseError()
    expect(filter.geoDistance("position", [1, 2], "2 km")).type.not.toRaiseError()
    expect(filter.geoDistance("status", [1, 2], "2 km")).type.toRaiseError()
    expect(filter.geoPolygon("driver", [])).type.toRaiseError()
    expect(filter.match({ driver: { name: "ada" }, rides: [{ km: 1 }] })).type.not.toRaiseError()
    expect(filter.match({ driver: { nam: "ada" } })).type.toRaiseError()
    expect(filter.match({ seats: "4" })).type.toRaiseError()
    const ride = KuzzleFilter.for<{ readonly value: { readonly km: number } }>()
    expect(filter.select("rides", -1, ride.range("value.km", { gt: 1 }))).type.not.toRaiseError()
    expect(filter.select("tags", -1, ride.range("value.km", { gt: 1 }))).type.toRaiseError()
    expect(filter.select("seats", -1, ride.range("value.km", { gt: 1 }))).type.toRaiseError()
  })

  test("the message for a wrong field lists the fields", () => {
    const some = KuzzleFilter.for<{ readonly seats: number; readonly status: string; readonly seen: number }>()
    // The compiler decides about their order.
    expect(some.exists("seat")).type.toRaiseError(/parameter of type '("(seats|status|seen|_id)"( \| )?){4}'/)
    expect(some.range("seat", { gt: 1 })).type.toRaiseError(
      "Argument of type '\"seat\"' is not assignable to parameter of type '\"seats\" | \"seen\"'"
    )
    expect(some.equals("seat", 1)).type.toRaiseError(/parameter of type '("(seats|status|seen|_id)"( \| )?){4}'/)
  })

  test("the message for an operator that a search lacks says so", () => {
    expect(taxis.search({ filter: filter.regexp("status", "f") })).type.toRaiseError(
      "only a subscription takes this condition, a search does not"
    )
    expect(taxis.search({ filter: filter.nothing })).type.toRaiseError("not assignable to type 'SubscriptionOnly'")
    expect(taxis.count({ filter: filter.bool({ must: [filter.exists("seats")] }) })).type.toRaiseError(
      "only a subscription takes this condition, a search does not"
    )
    expect(taxis.subscribe({ filter: filter.regexp("status", "f") })).type.not.toRaiseError()
  })

  test("a type with eight references to itself", () => {
    interface Part {
      readonly name: string
      readonly a?: Part
      readonly b?: Part
      readonly c?: Part
      readonly d?: Part
      readonly e?: Part
      readonly f?: Part
      readonly g?: Part
      readonly h?: Part
    }
    const part = KuzzleFilter.for<Part>()
    expect(part.equals("a.b.c.name", "x")).type.not.toRaiseError()
    expect(part.exists("a.nam")).type.toRaiseError()
    // Below its second occurrence any path is accepted.
    expect(part.equals("a.b.nam", "x")).type.toRaiseError()
    expect(part.equals("a.b.name", 1)).type.toRaiseError()
  })

  test("only filters for these documents", () => {
    const other = KuzzleFilter.for<{ readonly color: string }>()
    const wider = KuzzleFilter.for<{ readonly seats: number }>()
    expect(filter.and(filter.exists("driver"), wider.equals("seats", 1))).type.not.toRaiseError()
    expect(filter.and(filter.exists("driver"), other.equals("color", "red"))).type.toRaiseError()
    expect(filter.or(KuzzleFilter.equals("color", "red"))).type.toRaiseError()
    expect(filter.not(other.exists("color"))).type.toRaiseError()
    expect(filter.bool({ must: [other.exists("color")] })).type.toRaiseError()
    expect(taxis.subscribe({ filter: wider.equals("seats", 1) })).type.not.toRaiseError()
    expect(taxis.subscribe({ filter: other.exists("color") })).type.toRaiseError()
    expect(taxis.subscribe({ filter: KuzzleFilter.exists("seats") })).type.toRaiseError()
    expect(taxis.subscribe({ filter: { exists: "seats" } })).type.toRaiseError()
    expect(taxis.search({ filter: other.exists("color") })).type.toRaiseError()
    expect(taxis.count({ filter: { exists: "seats" } })).type.toRaiseError()
  })

  test("filters of searches have fewer operators than those of subscriptions", () => {
    const both = [
      filter.all,
      filter.and(filter.equals("status", "free"), filter.not(filter.range("seats", { gt: 1 }))),
      filter.or(filter.geoDistance("position", [1, 2], "2 km"), filter.contains("tags", "new")),
      filter.geoBoundingBox("position", { topLeft: [1, 0], bottomRight: [0, 1] })
    ]
    expect(both).type.toBeAssignableTo<ReadonlyArray<KuzzleFilter.SearchFilter>>()
    const one = [
      filter.regexp("status", "f"),
      filter.match({ seats: 1 }),
      filter.nothing,
      filter.equals("driver.rating", null),
      filter.bool({ must: [filter.exists("seats")] }),
      filter.geoPolygon("position", []),
      filter.and(filter.exists("seats"), filter.regexp("status", "f")),
      filter.not(filter.regexp("status", "f"))
    ] as const
    expect(one).type.toBeAssignableTo<ReadonlyArray<KuzzleFilter.Filter>>()
    expect<typeof one[number]>().type.not.toBeAssignableTo<KuzzleFilter.SearchFilter>()
    expect(taxis.search({ filter: one[0] })).type.toRaiseError()
    expect(taxis.search({ filter: one[1] })).type.toRaiseError()
    expect(taxis.search({ filter: one[2] })).type.toRaiseError()
    expect(taxis.search({ filter: one[3] })).type.toRaiseError()
    expect(taxis.search({ filter: one[4] })).type.toRaiseError()
    expect(taxis.search({ filter: one[5] })).type.toRaiseError()
    expect(taxis.search({ filter: one[6] })).type.toRaiseError()
    expect(taxis.search({ filter: one[7] })).type.toRaiseError()
    expect(taxis.subscribe({ filter: one[6] })).type.not.toRaiseError()
  })

  test("documents with a loose type", () => {
    const any = KuzzleFilter.for<Readonly<Record<string, unknown>>>()
    expect(any.equals("a.b", 1)).type.not.toRaiseError()
    expect(any.range("a.b", { gt: 1 })).type.not.toRaiseError()
    const some = KuzzleFilter.for<{ readonly a: unknown; readonly b: { readonly lat: number; readonly lon: number } }>()
    expect(some.equals("a.deep.down", 1)).type.not.toRaiseError()
    expect(some.equals("c", 1)).type.toRaiseError()
    interface Tree {
      readonly name: string
      readonly left?: Tree
      readonly right?: Tree
    }
    const tree = KuzzleFilter.for<Tree>()
    expect(tree.equals("left.right.name", "x")).type.not.toRaiseError()
    expect(tree.equals("left.right.nam", "x")).type.toRaiseError()
    type Shape =
      | { readonly kind: "circle"; readonly radius: number }
      | { readonly kind: "square"; readonly side: number }
    const shape = KuzzleFilter.for<Shape>()
    expect(shape.equals("kind", "square")).type.not.toRaiseError()
    expect(shape.range("side", { gt: 1 })).type.not.toRaiseError()
    expect(shape.equals("kind", "line")).type.toRaiseError()
  })
})

describe("mappings", () => {
  test("of a repository, of a Schema", () => {
    expect(KuzzleMappings.check(taxis, { ...target, schema: Taxi, dynamic: "strict" })).type.not.toRaiseError()
    expect(KuzzleMappings.check({ ...target, schema: Taxi, dynamic: "yes" })).type.toRaiseError()
    expect(KuzzleMappings.check({ ...target })).type.toRaiseError()
    expect(KuzzleMappings.derive(Taxi)).type.toBe<
      Effect.Effect<KuzzleMappings.Mappings, KuzzleMappings.UnmappableError>
    >()
    expect<Effect.Effect.Error<ReturnType<typeof KuzzleMappings.diff>>>().type.toBe<
      KuzzleError.RequestError | KuzzleMappings.UnmappableError
    >()
  })

  test("an annotated field keeps its type", () => {
    expect(Schema.String.pipe(KuzzleMappings.field("text"))).type.toBe(Schema.String.annotations({}))
    expect(Schema.NumberFromString.pipe(KuzzleMappings.field("integer"))).type.toBeAssignableTo<
      Schema.Schema<number, string>
    >()
  })
})
