/** The ordered rides: those on the server, with the pending writes of the outbox applied. */
import { KuzzleOutbox, type KuzzleOutboxStore, KuzzleRepository } from "@effect-kuzzle/core"
import { Array, Effect, Option, Order, Schema, Stream } from "effect"

export const Ride = Schema.Struct({
  place: Schema.String,
  /** The name of the person who ordered it. */
  by: Schema.String,
  status: Schema.Literal("waiting", "taken"),
  /** Milliseconds since the epoch. */
  at: Schema.Number
})

export type Ride = typeof Ride.Type

export const repository = KuzzleRepository.make({
  index: "effect-kuzzle-rides",
  collection: "ride",
  schema: Ride,
  onInvalid: KuzzleRepository.logInvalid
})

/** A ride as the page shows it. */
export interface Row extends Ride {
  readonly _id: string
  /** Whether it was ordered or taken at this page, and the server has not confirmed this yet. */
  readonly waits: boolean
}

/** The rides on the server: once at the start, then after every change. */
export const live = Stream.unwrapScoped(Effect.map(
  repository.live(),
  ({ values }) =>
    Stream.map(
      values,
      (documents) =>
        Array.fromIterable(documents.values()).map(({ _id, _source }): Row => ({ _id, ..._source, waits: false }))
    )
))

// ---- pending writes -------------------------------------------------------------------------------------------------

/** A write as the outbox stores it: a whole ride, or a part of one. */
const decodeWrite = Schema.decodeUnknownOption(Schema.parseJson(Schema.Struct({
  request: Schema.Struct({ _id: Schema.String, body: Schema.partialWith(Ride, { exact: true }) })
})))

export interface Write {
  readonly _id: string
  readonly content: Partial<Ride>
}

export const writeOf = ({ payload }: KuzzleOutboxStore.Entry): Option.Option<Write> =>
  Option.map(decodeWrite(payload), ({ request: { _id, body } }) => ({ _id, content: body }))

/** The writes that are in flight or wait for a connection. */
export const writes = Stream.unwrap(
  Effect.map(KuzzleOutbox.KuzzleOutbox, ({ pendingStates }) => Stream.map(pendingStates, Array.filterMap(writeOf)))
)

const isRow = Schema.is(Schema.Struct({ ...Ride.fields, _id: Schema.String, waits: Schema.Boolean }))

/** The rides with the pending writes applied, newest first. */
export const withWrites = (rows: ReadonlyArray<Row>, writes: ReadonlyArray<Write>): ReadonlyArray<Row> => {
  const merged = new Map<string, Partial<Row>>(rows.map((row) => [row._id, row]))
  for (const { _id, content } of writes) merged.set(_id, { ...merged.get(_id), ...content, _id, waits: true })
  return Array.sort(
    Array.filter(merged.values(), isRow),
    Order.mapInput(Order.reverse(Order.number), (row: Row) => row.at)
  )
}
