/**
 * The application that the runner ends. It hands over requests all the time, and reports their outcomes to the runner. Node
 * and the page run the same program.
 */
import type { KuzzleError, KuzzleOutboxStore } from "@effect-kuzzle/core"
import { Kuzzle, KuzzleDocument, KuzzleOutbox, KuzzleSchedule } from "@effect-kuzzle/core"
import { NotQueuedError, NotSentError } from "@effect-kuzzle/core/KuzzleError"
import { Chunk, Duration, Effect, Layer, Option, Random, Schedule, Schema, Stream } from "effect"
import type { Notice } from "./notice.ts"

/** What a client is started with. */
export const Task = Schema.Struct({
  /** The name of the client, and the prefix of the ids of its requests. */
  client: Schema.String,
  url: Schema.String,
  index: Schema.String,
  /** Whether it hands over requests. Otherwise it only sends those that are already in the store. */
  producing: Schema.Boolean
})
export type Task = typeof Task.Type

export const collection = "requests"

/** Sends notices to the runner. */
export interface NoticeSender {
  /** Succeeds when the notice is certain to arrive, even if this client ends now. */
  readonly send: (notice: Notice) => Effect.Effect<void>
  /** Does not wait. The notice is lost if this client ends too soon. */
  readonly trySend: (notice: Notice) => void
}

/** The backoff is short, so that most clients are connected before they end. */
export const options = ({ url }: Task): Kuzzle.Options => ({
  url,
  waitForConnection: false,
  connectTimeout: "2 seconds",
  requestTimeout: "5 seconds",
  reconnect: KuzzleSchedule.reconnect({ base: "30 millis", cap: "200 millis" })
})

type StartError = KuzzleError.ConnectError | KuzzleError.InvalidSettingError

/** Runs until `finish` succeeds. If the outbox cannot be opened, the runner gets a notice. */
export const run = (
  task: Task,
  sender: NoticeSender,
  client: Layer.Layer<Kuzzle.Kuzzle, StartError>,
  store: Layer.Layer<KuzzleOutboxStore.KuzzleOutboxStore>,
  finish: Effect.Effect<void>
): Effect.Effect<void, StartError> =>
  Effect.gen(function*() {
    yield* sender.send({ _tag: "Opened" })
    yield* Effect.forkScoped(report(sender))
    if (task.producing) yield* Effect.forkScoped(produce(task, sender))
    yield* finish
  }).pipe(
    Effect.scoped,
    Effect.provide(
      Layer.provide(KuzzleOutbox.layer({ server: "kuzzle" }), [store, Layer.provide(watched(sender), client)])
    ),
    Effect.catchTag("KuzzleOutboxError", ({ message }) => sender.send({ _tag: "Denied", issue: message }))
  )

// -------------------------------------------------------------------------------------------------------------------
// handing over requests
// -------------------------------------------------------------------------------------------------------------------

const chance = (probability: number) => Effect.map(Random.next, (random) => random < probability)

const text = "z".repeat(200)

const produce = (task: Task, sender: NoticeSender): Effect.Effect<never, never, KuzzleOutbox.KuzzleOutbox> => {
  let count = 0
  return Effect.gen(function*() {
    const burst = yield* Random.nextIntBetween(1, 5)
    yield* Effect.forEach(
      Array.from({ length: burst }, () => `${task.client}-${++count}`),
      (id) => handOver(task, sender, id),
      { concurrency: "unbounded", discard: true }
    )
    yield* Effect.sleep(yield* Random.nextIntBetween(0, 25))
  }).pipe(Effect.forever)
}

const handOver = (
  task: Task,
  sender: NoticeSender,
  id: string
): Effect.Effect<void, never, KuzzleOutbox.KuzzleOutbox> =>
  Effect.gen(function*() {
    const idempotent = yield* chance(0.25)
    const awaited = yield* chance(0.25)
    const timeout = (yield* chance(0.05)) ? Duration.millis(20) : undefined
    const target = { index: task.index, collection, content: { id, idempotent, text }, timeout }
    const receipt = yield* idempotent
      ? KuzzleOutbox.handOver(KuzzleDocument.createOrReplace({ ...target, _id: id }))
      : KuzzleOutbox.handOver(KuzzleDocument.create(target))
    yield* sender.send({ _tag: "Accepted", id, idempotent, awaited })
    if (awaited) yield* Effect.forkDaemon(awaitOutcome(sender, id, receipt.outcome))
    if (yield* chance(0.03)) yield* withdraw(sender, id, receipt.withdraw)
  }).pipe(
    Effect.catchTag(
      "KuzzleOutboxError",
      ({ reason }) => sender.send({ _tag: "Refused", id, reason })
    )
  )

const awaitOutcome = <A, E extends { readonly _tag: string }>(
  sender: NoticeSender,
  id: string,
  outcome: Effect.Effect<A, E>
): Effect.Effect<void> =>
  Effect.matchEffect(outcome, {
    onSuccess: () => sender.send({ _tag: "Answered", id, error: null }),
    onFailure: (error) =>
      sender.send(isMoved(error) ? { _tag: "Moved", id } : { _tag: "Answered", id, error: error._tag })
  })

/** Whether another client has taken the request over. No caller awaits its outcome there. */
const isMoved = (error: unknown): boolean =>
  error instanceof NotSentError && error.cause instanceof NotQueuedError && error.cause.reason === "OtherClient"

const withdraw = (sender: NoticeSender, id: string, act: KuzzleOutbox.Receipt<unknown, unknown>["withdraw"]) =>
  Effect.gen(function*() {
    yield* sender.send({ _tag: "Withdrawing", id })
    yield* Effect.matchEffect(act, {
      // After a timeout, the request may still be withdrawn. After any other failure, it is not.
      onFailure: ({ reason }) =>
        reason === "Timeout" ? Effect.void : sender.send({ _tag: "Withdrawn", id, inTime: false }),
      onSuccess: (inTime) => sender.send({ _tag: "Withdrawn", id, inTime })
    })
  })

// -------------------------------------------------------------------------------------------------------------------
// reporting outcomes
// -------------------------------------------------------------------------------------------------------------------

const Sent = Schema.Struct({ body: Schema.Struct({ id: Schema.String }) })

const idOfRequest = (request: unknown): string | undefined =>
  Option.getOrUndefined(Option.map(Schema.decodeUnknownOption(Sent)(request), ({ body }) => body.id))

const Payload = Schema.parseJson(Schema.Struct({ request: Sent }))

const idOf = ({ payload }: KuzzleOutboxStore.Entry): string | null =>
  Option.match(Schema.decodeOption(Payload)(payload), { onNone: () => null, onSome: ({ request }) => request.body.id })

/** The client that the outbox uses. It sends a notice when a request is in flight, and when it no longer is. */
const watched = ({ trySend }: NoticeSender) =>
  Layer.effect(
    Kuzzle.Kuzzle,
    Effect.map(Kuzzle.Kuzzle, (kuzzle) => ({
      ...kuzzle,
      query: (request, options) =>
        Effect.suspend(() => {
          const id = idOfRequest(request)
          if (id === undefined) return kuzzle.query(request, options)
          trySend({ _tag: "Sent", id })
          return Effect.ensuring(kuzzle.query(request, options), Effect.sync(() => trySend({ _tag: "Returned", id })))
        })
    }))
  )

/**
 * Sends the outbox's reports to the runner, and deletes them from the store after the runner knows them. Many are sent at
 * once: the store keeps only 100, and on a busy machine two clients make reports faster than one can be sent after the other.
 */
const report = (sender: NoticeSender): Effect.Effect<void, never, KuzzleOutbox.KuzzleOutbox> =>
  Effect.flatMap(KuzzleOutbox.KuzzleOutbox, ({ forget, reports }) =>
    Stream.runForEachChunk(reports, (chunk) => {
      const known = Effect.forEach(
        chunk,
        ({ entry, outcome, seq }) =>
          sender.send({ _tag: "Reported", id: entry === undefined ? null : idOf(entry), seq, outcome }),
        { concurrency: "unbounded", discard: true }
      )
      // The runner makes the folder read-only at times.
      const forgotten = Effect.retry(forget(Chunk.toReadonlyArray(chunk)), Schedule.spaced("100 millis"))
      return Effect.zipRight(known, Effect.orDie(forgotten))
    }))
