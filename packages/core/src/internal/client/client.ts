/**
 * The tag of the client and its interface. `Kuzzle` builds the client, and the modules of the API use it, so both
 * import this module. `Kuzzle` exports and documents these types.
 */
import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import type * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import type * as Option from "effect/Option"
import type { InvalidSettingError, RequestError } from "../../KuzzleError.ts"
import type { Event as KuzzleEvent } from "../protocol/clientAction.ts"
import type { ConnectionState } from "../protocol/connection.ts"
import type { Token } from "../protocol/credentials.ts"
import type { KuzzleRequest, KuzzleResponse, RequestOptions } from "../protocol/envelope.ts"
import type { AuthenticationState } from "../protocol/identity.ts"
import type { Watchable } from "../runtime/broadcast.ts"

// `Kuzzle` exports and documents these types.
export type { Event as KuzzleEvent } from "../protocol/clientAction.ts"
export type { ConnectionState } from "../protocol/connection.ts"
export type { Token } from "../protocol/credentials.ts"
export type { KuzzleRequest, KuzzleResponse, RequestOptions } from "../protocol/envelope.ts"
export type { AuthenticationState } from "../protocol/identity.ts"
export type { Watchable, Watcher } from "../runtime/broadcast.ts"

export interface KuzzleShape {
  /**
   * Sends a request and waits for its answer, at most until its deadline. After an interruption, the answer is ignored.
   */
  readonly query: (request: KuzzleRequest, options?: RequestOptions) => Effect.Effect<KuzzleResponse, RequestError>
  /** Sends many requests at once, in one fiber. The outcomes are in the order of the requests. */
  readonly queryMany: (
    requests: Iterable<KuzzleRequest>,
    options?: RequestOptions
  ) => Effect.Effect<ReadonlyArray<Exit.Exit<KuzzleResponse, RequestError>>>
  /**
   * The name of the server: the first address of the setting `url`, without its query. It stays the same after a
   * restart and after a fail-over to another address. `None` if the addresses come from an effect.
   */
  readonly server: Option.Option<string>
  /** The current state of the connection. Over HTTP always `Ready`. */
  readonly state: Effect.Effect<ConnectionState>
  /** The current state of the connection, then every change. Ends with the client. `Kuzzle.states` is its stream. */
  readonly states: Watchable<ConnectionState>
  /** The events from now on. Ends with the client. `Kuzzle.events` is its stream. */
  readonly events: Watchable<KuzzleEvent>
  /** The time between the latest ping that was answered and its answer. */
  readonly roundTripTime: Effect.Effect<Option.Option<Duration.Duration>>
  /** The token that requests carry. `None` without a session, and in a session by cookie. */
  readonly token: Effect.Effect<Option.Option<Token>>
  /**
   * Makes every later request carry this token, such as an API key or a token that was obtained elsewhere, or no token. A
   * client with sessions by cookie refuses a token, because Kuzzle accepts no request with both.
   */
  readonly setToken: (token: Option.Option<Token>) => Effect.Effect<void, InvalidSettingError>
  /** Who is logged in. */
  readonly authentication: AuthenticationShape
}

export interface ExchangeOptions extends Omit<RequestOptions, "as" | "queuable"> {
  readonly as?: undefined
  readonly queuable?: undefined
}

export interface AuthenticationShape {
  readonly state: Effect.Effect<AuthenticationState>
  /** The current state of the session, then every change. Ends with the client. `KuzzleAuth.states` is its stream. */
  readonly states: Watchable<AuthenticationState>
  /** Sends an `auth:login` and begins the session of the answer. An answer without a session changes nothing. */
  readonly login: (request: KuzzleRequest, options?: ExchangeOptions) => Effect.Effect<KuzzleResponse, RequestError>
  /** Sends an `auth:refreshToken` and continues with the session of the answer. */
  readonly refresh: (request: KuzzleRequest, options?: ExchangeOptions) => Effect.Effect<KuzzleResponse, RequestError>
  /** Sends an `auth:logout`, and drops the session even if the request fails. */
  readonly logout: (request: KuzzleRequest, options?: ExchangeOptions) => Effect.Effect<void, RequestError>
}

export class Kuzzle extends Context.Tag("@effect-kuzzle/core/Kuzzle")<Kuzzle, KuzzleShape>() {}
