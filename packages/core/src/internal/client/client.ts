/**
 * The tag of the client and its interface. `Kuzzle` builds the client, the modules of the API only use it: both import this
 * module. `Kuzzle` also documents what is exported here.
 */
import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import type * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import type * as Option from "effect/Option"
import type * as Stream from "effect/Stream"
import type { InvalidSettingError, RequestError } from "../../KuzzleError.ts"
import type { Event as KuzzleEvent } from "../protocol/clientAction.ts"
import type { ConnectionState } from "../protocol/connection.ts"
import type { Token } from "../protocol/credentials.ts"
import type { KuzzleRequest, KuzzleResponse, RequestOptions } from "../protocol/envelope.ts"
import type { AuthenticationState } from "../protocol/identity.ts"

// `Kuzzle` exports these, and documents them.
export type { Event as KuzzleEvent } from "../protocol/clientAction.ts"
export type { ConnectionState } from "../protocol/connection.ts"
export type { Token } from "../protocol/credentials.ts"
export type { KuzzleRequest, KuzzleResponse, RequestOptions } from "../protocol/envelope.ts"
export type { AuthenticationState } from "../protocol/identity.ts"

export interface KuzzleShape {
  /** Sends a request and waits for its answer, at most until its deadline. After an interruption its answer is ignored. */
  readonly query: (request: KuzzleRequest, options?: RequestOptions) => Effect.Effect<KuzzleResponse, RequestError>
  /**
   * Sends many requests at once: in one fiber, and in one write if the runtime can. The outcomes are in the order of the
   * requests.
   */
  readonly queryMany: (
    requests: Iterable<KuzzleRequest>,
    options?: RequestOptions
  ) => Effect.Effect<ReadonlyArray<Exit.Exit<KuzzleResponse, RequestError>>>
  /**
   * The name of the server: the first address of the setting `url`, without its query. It does not depend on the address
   * that the client is connected to, and stays the same after a restart. `None` if the addresses come from an effect.
   */
  readonly server: Option.Option<string>
  /** The state of the connection now. Over HTTP always `Ready`. */
  readonly state: Effect.Effect<ConnectionState>
  /** The state of the connection now, then every change. Ends with the client. */
  readonly states: Stream.Stream<ConnectionState>
  /** The events from now on. Ends with the client. */
  readonly events: Stream.Stream<KuzzleEvent>
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
  /** The state of the session now, then every change. Ends with the client. */
  readonly states: Stream.Stream<AuthenticationState>
  /** Sends an `auth:login` and keeps the session of the answer. An answer without a session is returned unchanged. */
  readonly login: (request: KuzzleRequest, options?: ExchangeOptions) => Effect.Effect<KuzzleResponse, RequestError>
  /** Sends an `auth:refreshToken` and keeps the session of the answer. */
  readonly refresh: (request: KuzzleRequest, options?: ExchangeOptions) => Effect.Effect<KuzzleResponse, RequestError>
  /** Sends an `auth:logout`, and drops the session even if the request fails. */
  readonly logout: (request: KuzzleRequest, options?: ExchangeOptions) => Effect.Effect<void, RequestError>
}

export class Kuzzle extends Context.Tag("@effect-kuzzle/core/Kuzzle")<Kuzzle, KuzzleShape>() {}
