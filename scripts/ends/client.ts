/**
 * The application that is ended: it hands over requests all the time, and reports their outcomes. The same on Node and
 * in a page.
 */
import type { KuzzleError, KuzzleOutboxStore } from "@effect-kuzzle/core"
import { Kuzzle, KuzzleDocument, KuzzleOutbox, KuzzleSchedule } from "@effect-kuzzle/core"
import { NotQueuedError, NotSentError } from "@effect-kuzzle/core/KuzzleError"
import { Chunk, Duration, Effect, Layer, Option, Random, Schedule, Schema, Stream } from "effect"
import type { Notice } from "./notice.ts"

/** What a client is started with. */
export const Task = Schema.Struct({
  /** Names it, and begins the ids of its requests. */
  client: Schema.String,
  url: Schema.String,
  index: Schema.String,
  /** Otherwise it only sends what others have left. */
  producing: Schema.Boolean
})
export type Task = typeof Task.Type

export const collection = "requests"

/** Passes notices to the runner. */
export interface Teller {
  /** Succeeds once the notice will arrive, even if this client ends. */
  readonly tell: (notice: Notice) => Effect.Effect<void>
  /** The notice may be lost if this client ends. */
  readonly mention: (notice: Notice) => void
}

/** Short pauses, so that a client is connected before it ends. */
export const options = ({ url }: Task): Kuzzle.Options => ({
  url,
  waitForConnection: false,
  connectTimeout: "2 seconds",
  requestTimeout: "5 seconds",
  reconnect: KuzzleSchedule.reconnect({ base: "30 millis", cap: "200 millis" })
})

type StartError = KuzzleError.ConnectError | KuzzleError.InvalidSettingError

/** Runs until `finish` succeeds. If the outbox cannot be opened, it informs the runner. */
export const run = (
  task: Task,
  teller: Teller,
  client: Layer.Layer<Kuzzle.Kuzzle, StartError>,
  store: Layer.Layer<KuzzleOutboxStore.KuzzleOutboxStore>,
  finish: Effect.Effect<void>
): Effect.Effect<void, StartError> =>
  Effect.gen(function*() {
    yield* teller.tell({ _tag: "Opened" })
    yield* Effect.forkScoped(report(teller))
    if (task.producing) yield* Effect.forkScoped(produce(task, teller))
    yield* finish
  }).pipe(
    Effect.scoped,
    Effect.provide(
      Layer.provide(KuzzleOutbox.layer({ server: "kuzzle" }), [store, Layer.provide(watched(teller), client)])
    ),
    Effect.catchTag("KuzzleOutboxError", ({ message }) => teller.tell({ _tag: "Denied", issue: message }))
  )

// -------------------------------------------------------------------------------------------------------------------
// what it hands over
// -------------------------------------------------------------------------------------------------------------------

const chance = (probability: number) => Effect.map(Random.next, (random) => random < probability)

const text = "z".repeat(200)

const produce = (task: Task, teller: Teller): Effect.Effect<never, never, KuzzleOutbox.KuzzleOutbox> => {
  let count = 0
  return Effect.gen(function*() {
    const burst = yield* Random.nextIntBetween(1, 5)
    yield* Effect.forEach(
      Array.from({ length: burst }, () => `${task.client}-${++count}`),
      (id) => handOver(task, teller, id),
      { concurrency: "unbounded", discard: true }
    )
    yield* Effect.sleep(yield* Random.nextIntBetween(0, 25))
  }).pipe(Effect.forever)
}

const handOver = (task: Task, teller: Teller, id: string): Effect.Effect<void, never, KuzzleOutbox.KuzzleOutbox> =>
  Effect.gen(function*() {
    const idempotent = yield* chance(0.25)
    const awaited = yield* chance(0.25)
    const timeout = (yield* chance(0.05)) ? Duration.millis(20) : undefined
    const target = { index: task.index, collection, content: { id, idempotent, text }, timeout }
    const receipt = yield* idempotent
      ? KuzzleOutbox.handOver(KuzzleDocument.createOrReplace({ ...target, _id: id }))
      : KuzzleOutbox.handOver(KuzzleDocument.create(target))
    yield* teller.tell({ _tag: "Accepted", id, idempotent, awaited })
    if (awaited) yield* Effect.forkDaemon(awaitOutcome(teller, id, receipt.outcome))
    if (yield* chance(0.03)) yield* withdraw(teller, id, receipt.withdraw)
  }).pipe(
    Effect.catchTag(
      "KuzzleOutboxError",
      ({ reason }) => teller.tell({ _tag: "Refused", id, reason })
    )
  )

const awaitOutcome = <A, E extends { readonly _tag: string }>(
  teller: Teller,
  id: string,
  outcome: Effect.Effect<A, E>
): Effect.Effect<void> =>
  Effect.matchEffect(outcome, {
    onSuccess: () => teller.tell({ _tag: "Answered", id, error: null }),
    onFailure: (error) =>
      teller.tell(isMoved(error) ? { _tag: "Moved", id } : { _tag: "Answered", id, error: error._tag })
  })

/** Another client has the request now, and has no caller that awaits its outcome. */
const isMoved = (error: unknown): boolean =>
  error instanceof NotSentError && error.cause instanceof NotQueuedError && error.cause.reason === "OtherClient"

const withdraw = (teller: Teller, id: string, act: KuzzleOutbox.Receipt<unknown, unknown>["withdraw"]) =>
  Effect.gen(function*() {
    yield* teller.tell({ _tag: "Withdrawing", id })
    yield* Effect.matchEffect(act, {
      // After a timeout it may still be withdrawn. Any other failure has withdrawn nothing.
      onFailure: ({ reason }) =>
        reason === "Timeout" ? Effect.void : teller.tell({ _tag: "Withdrawn", id, inTime: false }),
      onSuccess: (inTime) => teller.tell({ _tag: "Withdrawn", id, inTime })
    })
  })

// -------------------------------------------------------------------------------------------------------------------
// what becomes of it
// -------------------------------------------------------------------------------------------------------------------

const Sent = Schema.Struct({ body: Schema.Struct({ id: Schema.String }) })

const idOfRequest = (request: unknown): string | undefined =>
  Option.getOrUndefined(Option.map(Schema.decodeUnknownOption(Sent)(request), ({ body }) => body.id))

const Payload = Schema.parseJson(Schema.Struct({ request: Sent }))

const idOf = ({ payload }: KuzzleOutboxStore.Entry): string | null =>
  Option.match(Schema.decodeOption(Payload)(payload), { onNone: () => null, onSome: ({ request }) => request.body.id })

/** The client of the outbox, which mentions what is in flight. */
const watched = ({ mention }: Teller) =>
  Layer.effect(
    Kuzzle.Kuzzle,
    Effect.map(Kuzzle.Kuzzle, (kuzzle) => ({
      ...kuzzle,
      query: (request, options) =>
        Effect.suspend(() => {
          const id = idOfRequest(request)
          if (id === undefined) return kuzzle.query(request, options)
          mention({ _tag: "Sent", id })
          return Effect.ensuring(kuzzle.query(request, options), Effect.sync(() => mention({ _tag: "Returned", id })))
        })
    }))
  )

/**
 * Reports are forgotten only when the runner knows them. Many are sent at once, because the store keeps 100 of them,
 * and on a busy machine two clients may make reports faster than they are sent one by one.
 */
const report = (teller: Teller): Effect.Effect<void, never, KuzzleOutbox.KuzzleOutbox> =>
  Effect.flatMap(KuzzleOutbox.KuzzleOutbox, ({ forget, reports }) =>
    Stream.runForEachChunk(reports, (chunk) => {
      const known = Effect.forEach(
        chunk,
        ({ entry, outcome, seq }) =>
          teller.tell({ _tag: "Reported", id: entry === undefined ? null : idOf(entry), seq, outcome }),
        { concurrency: "unbounded", discard: true }
      )
      // The folder may be read-only for a while.
      const forgotten = Effect.retry(forget(Chunk.toReadonlyArray(chunk)), Schedule.spaced("100 millis"))
      return Effect.zipRight(known, Effect.orDie(forgotten))
    }))
