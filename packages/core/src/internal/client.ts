/** The client's tag and what it does. Here, below both, because `Kuzzle` builds what the API modules only use. */
import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import type * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import type * as Option from "effect/Option"
import type * as Stream from "effect/Stream"
import type { RequestError } from "../KuzzleError.ts"
import type * as Envelope from "./protocol/envelope.ts"
import type * as Machine from "./protocol/session.ts"
import type * as Credentials from "./runtime/credentials.ts"
import type * as Session from "./runtime/session.ts"

/**
 * A request: `controller` and `action` name what is asked, `body` is its body, every other member is an argument.
 * `requestId`, `jwt` and `volatile` are the client's to set.
 *
 * @since 0.1.0
 * @category models
 */
export type KuzzleRequest = Envelope.KuzzleRequest

/**
 * The answer to a request that succeeded.
 *
 * @since 0.1.0
 * @category models
 */
export type KuzzleResponse = Envelope.KuzzleResponse

/**
 * What one request may differ in.
 *
 * @since 0.1.0
 * @category models
 */
export type RequestOptions = Envelope.RequestOptions

/**
 * Where the session stands, with the cause where something went wrong.
 *
 * - `Connecting`: dialling an endpoint. - `Resubscribing`: open; subscriptions are being told to the server, requests
 *   wait. - `Ready`: requests pass. - `Waiting`: not connected, the next attempt comes after `delayMillis`. - `Failed`:
 *   the reconnection schedule ended. - `Closed`: the client's scope was closed.
 *
 * @since 0.1.0
 * @category models
 */
export type ConnectionState = Machine.ConnectionState

/**
 * What is worth knowing and belongs to no request: an expired token, a frame that nobody waits for.
 *
 * @since 0.1.0
 * @category models
 */
export type Diagnostic = Session.Diagnostic

/**
 * The token of a session.
 *
 * @since 0.1.0
 * @category models
 */
export type Token = Credentials.Token

/**
 * What a client does.
 *
 * @since 0.1.0
 * @category models
 */
export interface KuzzleShape {
  /** Sends a request and waits for its answer, at most until its deadline. Interruption forgets it. */
  readonly query: (request: KuzzleRequest, options?: RequestOptions) => Effect.Effect<KuzzleResponse, RequestError>
  /**
   * Sends many requests at once, in one fiber and, where the runtime can, in one write; each has its own outcome, at
   * its own position.
   */
  readonly queryMany: (
    requests: Iterable<KuzzleRequest>,
    options?: RequestOptions
  ) => Effect.Effect<ReadonlyArray<Exit.Exit<KuzzleResponse, RequestError>>>
  /** Where the session stands now. Over HTTP always `Ready`. */
  readonly state: Effect.Effect<ConnectionState>
  /** The state now, then every change; ends with the session. */
  readonly states: Stream.Stream<ConnectionState>
  /** What belongs to no request, from now on. */
  readonly diagnostics: Stream.Stream<Diagnostic>
  /** The time between the last answered ping and its answer. */
  readonly roundTripTime: Effect.Effect<Option.Option<Duration.Duration>>
  /** The token that requests carry. */
  readonly token: Effect.Effect<Option.Option<Token>>
  /** Makes every later request carry this token, or none. `KuzzleAuth` calls it; an API key is set by hand. */
  readonly setToken: (token: Option.Option<Token>) => Effect.Effect<void>
}

/**
 * The client.
 *
 * @example
 * ```ts
 * import { Effect } from "effect"
 * import { Kuzzle } from "@effect-kuzzle/core"
 *
 * export const now = Effect.gen(function*() {
 *   const kuzzle = yield* Kuzzle.Kuzzle
 *   const { result } = yield* kuzzle.query({ controller: "server", action: "now" })
 *   return result
 * })
 * ```
 *
 * @since 0.1.0
 * @category tags
 */
export class Kuzzle extends Context.Tag("@effect-kuzzle/core/Kuzzle")<Kuzzle, KuzzleShape>() {}
