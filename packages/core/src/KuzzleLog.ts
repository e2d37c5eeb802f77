/**
 * Logs what a client does.
 *
 * | Level | What |
 * | --- | --- |
 * | Info | the connection and the session: opened, lost, opened again; logged in, renewed, logged out |
 * | Warning | events that no caller gets: failed attempts to connect, a lost session, discarded requests, a failing store, frames without a receiver, deprecations |
 * | Debug | every request: its action, index and collection, how long it took, how it ended |
 *
 * No line contains a body, a document or its id, volatile data, a header, a token or the text of an error of Kuzzle. So
 * no secret is in the log.
 *
 * @module
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as FiberRef from "effect/FiberRef"
import * as Layer from "effect/Layer"
import * as LogLevel from "effect/LogLevel"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import {
  type ConnectionState,
  Kuzzle,
  type KuzzleEvent,
  type KuzzleRequest,
  type KuzzleResponse,
  type KuzzleShape
} from "./internal/client/client.ts"
import * as Watched from "./internal/runtime/watched.ts"
import { isApiError, type RequestError } from "./KuzzleError.ts"
import { KuzzleOutbox, type OutboxEvent } from "./KuzzleOutbox.ts"

/** A line of the log, or none. */
type Line = Effect.Effect<void>

const line = (level: LogLevel.LogLevel) => (text: string): Line =>
  Effect.annotateLogs(Effect.logWithLevel(level, text), "module", "kuzzle")

const info = line(LogLevel.Info)
const warning = line(LogLevel.Warning)
const debug = line(LogLevel.Debug)

/** The error as the log shows it: without Kuzzle's text, which may repeat parts of the request. */
const reasonOf = (error: { readonly _tag: string; readonly message: string }): string =>
  isApiError(error) ? `${error.status} ${error.id === "" ? error._tag : error.id}` : error.message

const seconds = (delay: Duration.Duration): string => `${Duration.toSeconds(delay).toFixed(1)} s`

const who = Option.getOrElse(() => "a user whose id is not known")

/**
 * The line for a state of the connection. The events of the connection are not logged, because the order of two streams
 * would be lost.
 */
const ofState = (state: ConnectionState): Line => {
  switch (state._tag) {
    case "Connecting":
      return state.because === "Replacement" ? info("reconnecting for another user or cookie") : Effect.void
    case "Ready":
      return info(`connected to ${state.endpoint}`)
    case "Waiting": {
      const { attempt, cause, delay, online } = state
      // Failed attempts may repeat for ever.
      const level = cause._tag === "KuzzleConnectError" ? warning : info
      const when = `${seconds(delay)}${online ? "" : ", or when there is a network again"}`
      return level(`${cause.message}; attempt ${attempt} follows in ${when}`)
    }
    case "Failed":
      return warning(`${state.cause.message}; the setting reconnect has ended, so the client does not try again`)
    default:
      return Effect.void
  }
}

const ofEvent = (event: KuzzleEvent): Line => {
  switch (event._tag) {
    case "TokenExpired":
      return info("the token has expired")
    case "LoggedIn":
      return info(`logged in: ${who(event.kuid)}`)
    case "LoginFailed":
      return warning(`a login failed: ${reasonOf(event.error)}`)
    case "LoggedOut":
      return info(event.cause === "Elsewhere" ? "logged out by another client of this session" : "logged out")
    case "ReAuthenticated":
      return info(`the session was renewed: ${who(event.kuid)}`)
    case "SessionLost":
      return warning(
        `the session is over (${event.cause.reason}): requests fail and subscriptions wait until a user logs in`
      )
    case "Queued":
    case "Dequeued":
      return debug(`${event.controller}:${event.action} ${event._tag === "Queued" ? "waits" : "is sent"}`)
    case "Postponed":
      return warning(
        `${event.controller}:${event.action} is sent again in ${seconds(event.delay)}: ${reasonOf(event.error)}`
      )
    case "Discarded":
      return warning(`${event.controller}:${event.action} will not be sent: ${reasonOf(event.error)}`)
    case "TokenStoreFailed":
      return warning(event.error.message)
    case "Unroutable":
      return warning(
        `an unexpected frame arrived (${event.reason})${
          Option.match(event.errorId, { onNone: () => "", onSome: (id) => `: ${id}` })
        }`
      )
    case "Reconnected": // The states show it.
    case "Disconnected":
    case "ConnectFailed":
    case "GaveUp":
    case "LoginStarted":
    case "LogoutStarted":
    case "QueryFailed": // The line of the request shows it.
      return Effect.void
  }
}

const ofOutbox = (event: OutboxEvent): Line => {
  switch (event._tag) {
    case "StoreFailed":
      return warning(event.error.message)
    case "Reported":
      return warning(
        `the outbox does not know how request ${
          event.entry?.id ?? "(unreadable)"
        } has ended (${event.outcome}): see reports`
      )
    case "HandedOver":
    case "Sent":
    case "Settled":
      return debug(`outbox: request ${event.entry.id} is ${event._tag}`)
    case "Adopted":
      return debug(`outbox: ${event.count} requests of clients that have gone are adopted`)
  }
}

const nameOf = ({ action, collection, controller, index }: KuzzleRequest): string =>
  [`${controller}:${action}`, ...[index, collection].filter((name) => typeof name === "string")].join(" ")

const ended = (exit: Exit.Exit<unknown, RequestError>): string =>
  Exit.match(exit, {
    onSuccess: () => "succeeded",
    onFailure: (cause) =>
      cause._tag === "Fail" ? `failed (${reasonOf(cause.error)})` : cause._tag === "Die" ? "died" : "was interrupted"
  })

/** Logs how a request ended, if the program logs this level. */
const timed = <A, E>(exchange: Effect.Effect<A, E>, text: (exit: Exit.Exit<A, E>) => string): Effect.Effect<A, E> =>
  Effect.withFiberRuntime((fiber) => {
    const least = fiber.getFiberRef(FiberRef.currentMinimumLogLevel)
    if (LogLevel.greaterThan(least, LogLevel.Debug)) return exchange
    return Effect.flatMap(
      Clock.currentTimeMillis,
      (begin) =>
        Effect.onExit(
          exchange,
          (exit) => Effect.flatMap(Clock.currentTimeMillis, (end) => debug(`${text(exit)} after ${end - begin} ms`))
        )
    )
  })

/** Logs each deprecation once. */
class Deprecations {
  private readonly logged = new Set<string>()

  line({ action, controller, deprecations = [] }: KuzzleResponse): Line {
    const lines = deprecations
      .map(({ message, version }) => `${controller}:${action} is deprecated since Kuzzle ${version}: ${message}`)
      .filter((text) => !this.logged.has(text))
    for (const text of lines) this.logged.add(text)
    return Effect.forEach(lines, warning, { discard: true })
  }
}

const logging = (kuzzle: KuzzleShape): KuzzleShape => {
  const deprecations = new Deprecations()
  return {
    ...kuzzle,
    query: (request, options) =>
      Effect.tap(
        timed(kuzzle.query(request, options), (exit) => `${nameOf(request)} ${ended(exit)}`),
        (response) => response.deprecations === undefined ? Effect.void : deprecations.line(response)
      ),
    queryMany: (requests, options) =>
      timed(kuzzle.queryMany(requests, options), (exit) =>
        Exit.match(exit, {
          onFailure: () => "many requests were interrupted",
          onSuccess: (outcomes) => `${outcomes.length} requests: ${outcomes.filter(Exit.isFailure).length} failed`
        }))
  }
}

const follow = <A>(events: Stream.Stream<A>, lineOf: (event: A) => Line): Effect.Effect<void, never, Scope.Scope> =>
  Effect.asVoid(Effect.forkScoped(Stream.runForEach(events, lineOf)))

/**
 * Logs what the client does, with the logger of the program. Provide the layer of the client to it, and the layer of
 * the outbox if there is one. The program's level decides what is logged. `Logger.minimumLogLevel(LogLevel.Debug)`
 * includes requests.
 *
 * @example
 * ```ts
 * import { type Kuzzle, KuzzleLog, type KuzzleRealtime } from "@effect-kuzzle/core"
 * import { Layer, Logger, LogLevel } from "effect"
 *
 * // The client is `NodeKuzzle.layer({ url: "ws://localhost:7512" })`, for example.
 * export const logged = <E>(client: Layer.Layer<Kuzzle.Kuzzle | KuzzleRealtime.KuzzleRealtime, E>) =>
 *   KuzzleLog.layer.pipe(Layer.provideMerge(client), Layer.provideMerge(Logger.minimumLogLevel(LogLevel.Debug)))
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layer: Layer.Layer<Kuzzle, never, Kuzzle> = Layer.scoped(
  Kuzzle,
  Effect.gen(function*() {
    const kuzzle = yield* Kuzzle
    const outbox = yield* Effect.serviceOption(KuzzleOutbox)
    yield* follow(Watched.streamOf(kuzzle.events), ofEvent)
    yield* follow(Watched.streamOf(kuzzle.states), ofState)
    // The client is closed after this layer.
    yield* Effect.addFinalizer(() => info("closing the client"))
    if (Option.isSome(outbox)) yield* follow(outbox.value.events, ofOutbox)
    return logging(kuzzle)
  })
)
