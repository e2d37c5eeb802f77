/** A library of a user. No export has a type annotation, so its declarations contain what the compiler infers. */
import {
  KuzzleAction,
  KuzzleAuth,
  KuzzleBatch,
  KuzzleDocument,
  KuzzleFilter,
  KuzzleLiveQuery,
  KuzzleRealtime,
  KuzzleRepository,
  KuzzleSearch
} from "@effect-kuzzle/core"
import { Effect, Schema } from "effect"

const place = { index: "nyc", collection: "taxi" }

class Taxi extends Schema.Class<Taxi>("Taxi")({
  status: Schema.Literal("free", "busy"),
  seats: Schema.Int,
  driver: Schema.optional(Schema.Struct({ name: Schema.String }))
}) {}

export const taxis = KuzzleRepository.make({ ...place, schema: Taxi })
/** The spread makes the compiler infer the type of each member. */
export const members = { ...taxis }
export const filters = { ...taxis.filter }
export const free = taxis.filter.and(taxis.filter.equals("status", "free"), taxis.filter.range("seats", { gte: 4 }))
export const untypedFilter = KuzzleFilter.or(KuzzleFilter.equals("status", "free"), KuzzleFilter.exists("driver.name"))

export const results = taxis.search({ filter: free })
export const hits = taxis.hits({ filter: free })
export const notifications = taxis.subscribe({ filter: free, users: "all" })

export const create = KuzzleDocument.create
export const declaration = KuzzleDocument.create.declaration
export const created = KuzzleDocument.create({ ...place, content: { status: "free" } })
export const login = (password: string) =>
  KuzzleAuth.login({ strategy: "local", credentials: { username: "ada", password } })
export const live = KuzzleLiveQuery.live(place)
export const pages = KuzzleSearch.pages({ ...place, aggregations: { seats: { max: { field: "seats" } } } })
export const listener = KuzzleRealtime.listen(place, () => {})
export const batch = KuzzleBatch.make
export const park = KuzzleAction.make({
  controller: "taxis",
  action: "park",
  idempotent: true,
  options: Schema.Struct({ plate: Schema.String }),
  result: Schema.Struct({ place: Schema.Int }),
  errors: { NoPlaceError: "taxis.park.full" }
})
export const parked = Effect.either(park({ plate: "AB-123" }))
