/**
 * The outbox, for requests that must be sent even if the caller, the page or the process ends first.
 *
 * `handOver` stores the request of an action and succeeds when it is durable. From then on the request belongs to the
 * store, not to the caller: interrupting the caller or closing the client does not withdraw it. The client sends the
 * request while it is connected as the same user. If the client ends first, another client of the store sends it later.
 * A request that is not idempotent is executed at most once. If a request fails or may have been executed, and no
 * caller waits for its outcome, the outbox stores a report.
 *
 * @example
 * ```ts
 * import { Kuzzle, KuzzleDocument, KuzzleOutbox } from "@effect-kuzzle/core"
 * import { Effect, Layer } from "effect"
 *
 * export const program = Effect.gen(function*() {
 *   const receipt = yield* KuzzleOutbox.handOver(
 *     KuzzleDocument.create({ index: "shop", collection: "orders", content: { item: "tea" } })
 *   )
 *   // The order is stored: this may be interrupted.
 *   return yield* receipt.outcome
 * })
 *
 * // In the browser and on Node, use a store that outlives the process.
 * export const live = (client: Layer.Layer<Kuzzle.Kuzzle>) =>
 *   KuzzleOutbox.layer().pipe(Layer.provide(KuzzleOutbox.layerMemoryStore), Layer.provideMerge(client))
 * ```
 *
 * @module
 * @since 0.1.0
 */
import * as KeyValueStore from "@effect/platform/KeyValueStore"
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as ExecutionStrategy from "effect/ExecutionStrategy"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import * as Scope from "effect/Scope"
import type * as Stream from "effect/Stream"
import * as Pump from "./internal/api/outboxPump.ts"
import type { Event as OutboxEvent } from "./internal/api/outboxPump.ts"
import {
  Kuzzle,
  type KuzzleRequest,
  type KuzzleResponse,
  type KuzzleShape,
  type RequestOptions
} from "./internal/client/client.ts"
import { anonymous, sameSender } from "./internal/data/sender.ts"
import * as Setting from "./internal/data/setting.ts"
import * as Bound from "./internal/services/outboxBound.ts"
import * as KeyValue from "./internal/services/outboxKeyValue.ts"
import * as Memory from "./internal/services/outboxMemory.ts"
import { OutboxTable } from "./internal/services/outboxTable.ts"
import * as KuzzleAuth from "./KuzzleAuth.ts"
import {
  DeadlineError,
  type InvalidSettingError,
  NotQueuedError,
  NotSentError,
  OutboxError,
  type RequestError
} from "./KuzzleError.ts"
import { type Entry, KuzzleOutboxStore, maxReports, type Sender, type StoredReport } from "./KuzzleOutboxStore.ts"

/**
 * The receipt of a request that was handed over.
 *
 * @since 0.1.0
 * @category models
 */
export interface Receipt<A, E> {
  /** Identifies the request among `pending` and `reports`. */
  readonly id: string
  /**
   * Waits for the result. Interrupting it only ends the wait. While it waits, no report is stored if the request fails.
   * If the user changes first, it fails with a `NotSentError` whose reason is `"OtherUser"`. If the client is closed
   * first, it is interrupted. In both cases, the request stays stored.
   */
  readonly outcome: Effect.Effect<A, E>
  /**
   * Withdraws the request. Returns `true` if the request was not sent and never will be. Returns `false` if it was
   * already sent, even if it waits to be sent again.
   */
  readonly withdraw: Effect.Effect<boolean, OutboxError>
}

export {
  /**
   * An event of an outbox.
   *
   * - `HandedOver`: a request of this client is stored.
   * - `Adopted`: this client has taken over `count` requests of clients that have ended.
   * - `Sent`: a request is passed to the connection. The event comes again if the request could not be sent, or is
   *   resent because it is idempotent.
   * - `Settled`: a request has ended and left the store.
   * - `Reported`: a report is stored. `entry` is `undefined` if the record is unreadable.
   * - `StoreFailed`: the store has failed, or has not answered for 10 s. The outbox continues, and retries operations
   *   that are safe to retry.
   *
   * @since 0.1.0
   * @category models
   */
  type Event as OutboxEvent
} from "./internal/api/outboxPump.ts"

/**
 * The functions of an outbox.
 *
 * @since 0.1.0
 * @category models
 */
export interface KuzzleOutboxShape {
  /** Stores the request of this action, which must send exactly one. See `handOver`. */
  readonly handOver: <A, E, R>(
    action: Effect.Effect<A, E, R>
  ) => Effect.Effect<Receipt<A, E>, OutboxError, Exclude<R, Kuzzle>>
  /** The stored reports of this server, then every new one. `forget` deletes a report. A store keeps the latest 100. */
  readonly reports: Stream.Stream<StoredReport>
  /**
   * All stored reports of this server as a list, and the list again after every change that this client makes or is
   * notified of.
   */
  readonly reportStates: Stream.Stream<ReadonlyArray<StoredReport>>
  /** The requests that this client will send or is sending, oldest first. */
  readonly pending: Effect.Effect<ReadonlyArray<Entry>>
  /** Emits `pending`, and again after every change. Several changes at once cause one element. */
  readonly pendingStates: Stream.Stream<ReadonlyArray<Entry>>
  /**
   * Hands over the request of a report again, as its sender, and deletes the report. The request may be executed twice.
   */
  readonly retry: (report: StoredReport) => Effect.Effect<void, OutboxError>
  /** Deletes reports. */
  readonly forget: (reports: ReadonlyArray<StoredReport>) => Effect.Effect<void, OutboxError>
  /**
   * Deletes all requests of this sender that are not being sent, and its reports, whichever client they belong to.
   * Returns the number of requests.
   */
  readonly purge: (sender: Sender) => Effect.Effect<number, OutboxError>
  /** The events of the outbox. The first listener also gets up to 16 earlier events. */
  readonly events: Stream.Stream<OutboxEvent>
}

/**
 * The outbox.
 *
 * @since 0.1.0
 * @category tags
 */
export class KuzzleOutbox extends Context.Tag("@effect-kuzzle/core/KuzzleOutbox")<KuzzleOutbox, KuzzleOutboxShape>() {}

/**
 * Settings of an outbox.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /**
   * The name of the Kuzzle to which the requests are sent. A store may contain requests for several Kuzzles, and a
   * client only sends those with the name of its outbox. Default: the first address of the setting `url`, with its path
   * and without its query. Give a name if an effect yields the addresses, or if they may change while requests are
   * stored. Servers with different data (staging and production) need different names.
   */
  readonly server?: string | undefined
  /** How long a request may wait before it is sent. Default: 1 day. A shorter `timeout` of the action wins. */
  readonly ttl?: Duration.DurationInput | undefined
  /** How many requests of all clients the store keeps. Default: 500. */
  readonly maxEntries?: number | undefined
  /** The largest total length of these requests as JSON, in characters. Default: 5,000,000. */
  readonly maxBytes?: number | undefined
}

/**
 * Makes an outbox from the client and the store that are provided. Fails with an `OutboxError` if the store cannot be
 * opened. Use `Layer.orElse` to keep the requests in memory in that case.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (
  options: Options = {}
): Layer.Layer<KuzzleOutbox, OutboxError | InvalidSettingError, Kuzzle | KuzzleOutboxStore> =>
  Layer.scoped(KuzzleOutbox, make(options))

/**
 * A store in memory. The requests outlive the caller and the client, but not the page or the process. Clients of one
 * process that get the same layer share them.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerMemoryStore: Layer.Layer<KuzzleOutboxStore> = Layer.sync(
  KuzzleOutboxStore,
  () => Memory.make(new OutboxTable(maxReports))
)

/**
 * A store for one client on the `KeyValueStore` that is provided, for example in React Native. Requests survive the end
 * of the process if the `KeyValueStore` does. They are stored unencrypted.
 *
 * It cannot be shared. A second client of the process with the same `key` (default: `kuzzle-outbox`) fails with an
 * `OutboxError` with the reason `"InUse"`. Other processes and tabs are not detected, and would send requests twice.
 * Give each its own `KeyValueStore`, or use a store for several clients: IndexedDB in browsers, a folder on Node.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerKeyValueStore = (
  { key = "kuzzle-outbox" }: { readonly key?: string | undefined } = {}
): Layer.Layer<KuzzleOutboxStore, never, KeyValueStore.KeyValueStore> =>
  Layer.effect(KuzzleOutboxStore, Effect.map(KeyValueStore.KeyValueStore, (values) => KeyValue.make(values, key)))

const make = (options: Options) =>
  Effect.gen(function*() {
    const kuzzle = yield* Kuzzle
    const store = yield* KuzzleOutboxStore
    const ttl = yield* Setting.checked("ttl", Setting.duration(options.ttl ?? "1 day"))
    const maxEntries = yield* Setting.checked("maxEntries", Setting.integer(1)(options.maxEntries ?? 500))
    const maxBytes = yield* Setting.checked("maxBytes", Setting.integer(1)(options.maxBytes ?? 5_000_000))
    const server = options.server ?? Option.getOrUndefined(kuzzle.server)
    if (server === undefined) return yield* unnamed
    const bounded = yield* Bound.make
    const claim = yield* Bound.open(bounded, store, { maxEntries, maxBytes })
    // Closing waits for answers, so the actions that decode the answers must end after the pump.
    const scope = yield* Scope.fork(yield* Effect.scope, ExecutionStrategy.sequential)
    const pump = yield* Pump.make(kuzzle, claim, bounded, { server, ttl })
    return KuzzleOutbox.of({
      handOver: (action) => handOverTo(pump, kuzzle, scope, action),
      reports: pump.reports,
      reportStates: pump.reportStates,
      pending: pump.pending,
      pendingStates: pump.pendingStates,
      retry: (report) => pump.retry(report),
      forget: (reports) => pump.forget(reports),
      purge: (sender) => pump.purge(sender),
      events: pump.events
    })
  })

const unnamed = new OutboxError({
  operation: "open",
  reason: "Invalid",
  issue: "the setting url is an effect, so its addresses may change: name this Kuzzle with the option server"
})

/** Runs the action with a client that stores its request. Waits until the request is stored. */
const handOverTo = <A, E, R>(
  pump: Pump.Pump,
  kuzzle: KuzzleShape,
  scope: Scope.Scope,
  action: Effect.Effect<A, E, R>
): Effect.Effect<Receipt<A, E>, OutboxError, Exclude<R, Kuzzle>> =>
  Effect.gen(function*() {
    const stored = yield* Deferred.make<Pump.Stored, OutboxError>()
    let hasRequest = false
    const query: KuzzleShape["query"] = (request, options) =>
      Effect.suspend(() => {
        if (hasRequest) {
          return Effect.dieMessage("the outbox stores one request of an action: hand over each one by itself")
        }
        hasRequest = true
        return Effect.matchEffect(pump.store(request, options), {
          onFailure: (error) => Effect.zipRight(Deferred.fail(stored, error), Effect.never),
          onSuccess: (storedRequest) => Effect.zipRight(Deferred.succeed(stored, storedRequest), storedRequest.answer)
        })
      })
    const storing: KuzzleShape = {
      ...kuzzle,
      query,
      queryMany: () => Effect.dieMessage("the outbox stores one request of an action: hand over each one by itself")
    }
    const fiber = yield* Effect.forkIn(Effect.provideService(action, Kuzzle, storing), scope)
    yield* Effect.forkIn(Effect.zipRight(Fiber.await(fiber), Deferred.fail(stored, noRequestIssue)), scope)
    const { id, reading, withdraw } = yield* Effect.onError(Deferred.await(stored), () => Fiber.interrupt(fiber))
    return { id, withdraw, outcome: reading(Effect.flatten(Fiber.await(fiber))) }
  })

const noRequestIssue = new OutboxError({
  operation: "add",
  reason: "Invalid",
  issue: "the action ended without a request that can be stored: hand over an action that sends one"
})

/**
 * Stores the request of an action, and returns a receipt as soon as the request is durable. The action must send
 * exactly one request. It runs in the background, and `receipt.outcome` has its result or its error.
 *
 * Fails with an `OutboxError` if the request was not stored: the store is full, the request contains a secret or is not
 * JSON, or its user is unknown. With the reason `"Timeout"`, the store has not answered for 10 s. The request is then
 * deleted as soon as the store answers. If the client ends before that, another client may send it.
 *
 * @since 0.1.0
 * @category requests
 */
export const handOver = <A, E, R>(
  action: Effect.Effect<A, E, R>
): Effect.Effect<Receipt<A, E>, OutboxError, KuzzleOutbox | Exclude<R, Kuzzle>> =>
  Effect.flatMap(KuzzleOutbox, (outbox) => outbox.handOver(action))

/**
 * Makes a client that stores requests before it sends them, if the filter accepts them. Such a request survives its
 * caller, because an interruption only ends the wait. A request that cannot be stored fails with a `NotSentError`.
 *
 * @since 0.1.0
 * @category layers
 */
export const covering = (
  filter: (request: KuzzleRequest) => boolean
): Layer.Layer<Kuzzle, never, Kuzzle | KuzzleOutbox> =>
  Layer.effect(
    Kuzzle,
    Effect.gen(function*() {
      const kuzzle = yield* Kuzzle
      const outbox = yield* KuzzleOutbox
      const query: KuzzleShape["query"] = (request, options) =>
        filter(request) ? durable(outbox, request, options) : kuzzle.query(request, options)
      return {
        ...kuzzle,
        query,
        queryMany: (requests, options) =>
          Effect.forEach(requests, (request) => Effect.exit(query(request, options)), { concurrency: "unbounded" })
      }
    })
  )

/**
 * How to log out on a shared computer.
 *
 * @since 0.1.0
 * @category models
 */
export interface LogoutOptions extends NonNullable<Parameters<typeof KuzzleAuth.logout>[0]> {
  /**
   * Must be `true`, as a reminder that the logout deletes requests. To keep them for the user's next login, use
   * `KuzzleAuth.logout`.
   */
  readonly forget: true
}

/**
 * Logs out like `KuzzleAuth.logout`, and deletes the user's requests and reports in the outbox. These are the requests
 * of all clients of the store, except those that are being sent. A caller that waits for one of them gets a
 * `NotSentError` with the reason `"Withdrawn"`.
 *
 * The requests are deleted first. Then this client waits up to 5 s for the requests that it is sending. If the logout
 * fails, for example without a connection, the requests are deleted nonetheless. If the store fails, the user is logged
 * out nonetheless, and the call fails with the `OutboxError`. Some requests may then remain, so call `purge` later. A
 * request that another client is sending at that moment leaves a report if its outcome is unknown.
 *
 * If the user is unknown, it fails without doing anything.
 *
 * @since 0.1.0
 * @category requests
 */
export const logout = (
  options: LogoutOptions
): Effect.Effect<void, RequestError | OutboxError, Kuzzle | KuzzleOutbox> =>
  Effect.gen(function*() {
    // Callers without types may pass any value.
    const { forget, ...rest }: Partial<LogoutOptions> = Object(options)
    if (forget !== true) return yield* undecided
    const kuzzle = yield* Kuzzle
    const outbox = yield* KuzzleOutbox
    const state = yield* kuzzle.authentication.state
    const kuid = "kuid" in state ? Option.getOrUndefined(state.kuid) : undefined
    if (kuid === undefined && state._tag !== "Anonymous") return yield* whose
    const sender: Sender = kuid === undefined ? anonymous : { _tag: "User", kuid }
    const isTheirs = (entry: Entry) => sameSender(entry.sender, sender)
    // The requests are deleted before the logout, so that none of them is sent any more. If this fails, the deletion
    // after the logout is enough.
    yield* Effect.ignore(outbox.purge(sender))
    yield* Effect.repeat(outbox.pending, { until: (entries) => !entries.some(isTheirs), schedule: untilSent })
    const loggedOut = yield* Effect.exit(KuzzleAuth.logout(rest))
    // This deletes requests that were stored meanwhile, and the reports of those in flight.
    const purged = yield* Effect.exit(outbox.purge(sender))
    yield* Exit.zipParRight(purged, loggedOut)
  })

const untilSent = Schedule.upTo(Schedule.spaced("50 millis"), "5 seconds")

const undecided = new OutboxError({
  operation: "purge",
  reason: "Invalid",
  issue:
    "forget is not true: pass { forget: true } to delete what the user has stored, or use KuzzleAuth.logout to keep it"
})

const whose = new OutboxError({
  operation: "purge",
  reason: "Invalid",
  issue:
    "the user whose requests to delete is unknown, because the session has ended or is not known yet, or because its token " +
    "does not name a user: " +
    "log in first, or use purge with the sender and KuzzleAuth.logout"
})

const durable = (
  outbox: KuzzleOutboxShape,
  request: KuzzleRequest,
  options: RequestOptions | undefined
): Effect.Effect<KuzzleResponse, RequestError> =>
  Effect.matchEffect(outbox.handOver(Effect.flatMap(Kuzzle, (kuzzle) => kuzzle.query(request, options))), {
    onSuccess: ({ outcome }) => outcome,
    onFailure: (error): Effect.Effect<never, RequestError> => {
      const { action, controller } = request
      // This error may come although the request is stored and sent.
      if (error.reason === "Timeout") {
        return Effect.fail(new DeadlineError({ controller, action, timeout: Bound.storeTimeout, sent: true }))
      }
      const cause = error.reason === "Full" ? new NotQueuedError({ reason: "Full" }) : error
      return Effect.fail(new NotSentError({ controller, action, cause }))
    }
  })
