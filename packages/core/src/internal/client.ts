/** The client's tag and what it does. Here, below both, because `Kuzzle` builds what the API modules only use. */
import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import type * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import type * as Option from "effect/Option"
import type * as Stream from "effect/Stream"
import type { InvalidSettingError, RequestError } from "../KuzzleError.ts"
import type { Event as KuzzleEvent } from "./protocol/clientAction.ts"
import type { ConnectionState } from "./protocol/connection.ts"
import type { Token } from "./protocol/credentials.ts"
import type { KuzzleRequest, KuzzleResponse, RequestOptions } from "./protocol/envelope.ts"
import type { AuthenticationState } from "./protocol/identity.ts"

export {
  /**
   * A request: `controller` and `action` name what is asked, `body` is its body, every other member is an argument.
   * `requestId`, `jwt` and `volatile` are the client's to set.
   *
   * @since 0.1.0
   * @category models
   */
  type KuzzleRequest
} from "./protocol/envelope.ts"

export {
  /**
   * The answer to a request that succeeded.
   *
   * @since 0.1.0
   * @category models
   */
  type KuzzleResponse
} from "./protocol/envelope.ts"

export {
  /**
   * What one request may differ in.
   *
   * @since 0.1.0
   * @category models
   */
  type RequestOptions
} from "./protocol/envelope.ts"

export {
  /**
   * Where the connection stands, with the cause where something went wrong.
   *
   * - `Connecting`: dialling an endpoint. - `Authenticating`: connected; the session is being begun or renewed.
   *   - `Resubscribing`: subscriptions are being told to the server. - `Replaying`: what was queued is being sent. -
   *   `Ready`: requests pass. - `Renewing`: about to be closed on purpose and opened again, for another user or cookie. In
   *   all of these but `Ready` and the first `Connecting`, requests wait. - `Waiting`: not connected, the next attempt comes
   *   after `delay`. - `Failed`: the reconnection schedule ended. - `Closed`: the client's scope was closed.
   *
   * @since 0.1.0
   * @category models
   */
  type ConnectionState
} from "./protocol/connection.ts"

export {
  /**
   * Who is logged in. `Anonymous`: nobody. `Authenticated`: somebody, as far as we know. `Renewing`: the session ended and is
   * being renewed, requests wait. `Unauthenticated`: it could not be; requests fail with an `UnauthenticatedError`, and
   * subscriptions are kept for the next login.
   *
   * @since 0.1.0
   * @category models
   */
  type AuthenticationState
} from "./protocol/identity.ts"

export {
  /**
   * What happens to the connection, the session and requests, as it happens. The documentation has a table from the events of the
   * official SDK to these.
   *
   * @since 0.1.0
   * @category models
   */
  type Event as KuzzleEvent
} from "./protocol/clientAction.ts"

export {
  /**
   * The token of a session.
   *
   * @since 0.1.0
   * @category models
   */
  type Token
} from "./protocol/credentials.ts"

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
  /**
   * Names the server: the first address of the setting `url`, without its query. It is the same whichever address the
   * client is connected to, and after a restart. None if an effect yields the addresses.
   */
  readonly server: Option.Option<string>
  /** Where the connection stands now. Over HTTP always `Ready`. */
  readonly state: Effect.Effect<ConnectionState>
  /** The state of the connection now, then every change; ends with the client. */
  readonly states: Stream.Stream<ConnectionState>
  /** What happens, from now on; ends with the client. */
  readonly events: Stream.Stream<KuzzleEvent>
  /** The time between the last answered ping and its answer. */
  readonly roundTripTime: Effect.Effect<Option.Option<Duration.Duration>>
  /** The token that requests carry; none where nobody is logged in, or a cookie says who is. */
  readonly token: Effect.Effect<Option.Option<Token>>
  /**
   * Makes every later request carry this token, or none: an API key, or a token that was obtained elsewhere. A client whose
   * sessions are kept by a cookie refuses one: Kuzzle takes no request with both.
   */
  readonly setToken: (token: Option.Option<Token>) => Effect.Effect<void, InvalidSettingError>
  /** Who is logged in. */
  readonly authentication: AuthenticationShape
}

/**
 * What a login, a renewal or a logout may differ in. It is sent for whoever is logged in, and never queued.
 *
 * @since 0.1.0
 * @category models
 */
export interface ExchangeOptions extends Omit<RequestOptions, "as" | "queuable"> {
  readonly as?: undefined
  readonly queuable?: undefined
}

/**
 * Beginning, renewing and ending a session. `KuzzleAuth` has the functions to be called; these keep what comes of them.
 *
 * @since 0.1.0
 * @category models
 */
export interface AuthenticationShape {
  readonly state: Effect.Effect<AuthenticationState>
  /** The state of the session now, then every change; ends with the client. */
  readonly states: Stream.Stream<AuthenticationState>
  /** Sends an `auth:login` and keeps the session that it gives; an answer without one is given as it is. */
  readonly login: (request: KuzzleRequest, options?: ExchangeOptions) => Effect.Effect<KuzzleResponse, RequestError>
  /** Sends an `auth:refreshToken` and keeps the session that it gives. */
  readonly refresh: (request: KuzzleRequest, options?: ExchangeOptions) => Effect.Effect<KuzzleResponse, RequestError>
  /** Sends an `auth:logout`, and keeps no session whatever the server says. */
  readonly logout: (request: KuzzleRequest, options?: ExchangeOptions) => Effect.Effect<void, RequestError>
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
