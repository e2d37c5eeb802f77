/** How sessions are kept: by a token in every request (`tokens.ts`), or by a cookie of the connection (`cookies.ts`). */
import type * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type * as KuzzleError from "../../KuzzleError.ts"
import type { Identity } from "../protocol/credentials.ts"
import type { KuzzleRequest, KuzzleResponse, RequestOptions } from "../protocol/envelope.ts"
import type * as SharedSession from "../protocol/sharedSession.ts"

/** Makes the exchange. `commit` adopts the new identity. It runs before any request can be sent with it. */
export interface Keeper {
  readonly login: Grant
  readonly refresh: Grant
  /**
   * Ends the session. `commit` runs whatever the server answers, unless only the server can end the session (a cookie).
   */
  readonly logout: (
    request: KuzzleRequest,
    options: RequestOptions | undefined,
    commit: Effect.Effect<void>
  ) => Effect.Effect<void, KuzzleError.RequestError>
  /** The stored session of a previous client, if there is one. */
  readonly stored: Effect.Effect<Identity | undefined>
  /** Stores a session that this client has changed by a login, a logout or `setToken`. */
  readonly changed: (identity: Identity | undefined, before: Identity | undefined) => Effect.Effect<void>
  /** `undefined` if the session is not shared by a token store. */
  readonly shared?: Shared | undefined
  /** `undefined` if the session is not kept by a cookie. */
  readonly cookie?: SharedCookie | undefined
}

/** A login or a refresh. An answer without a session (one of several steps) commits nothing. */
export type Grant = (
  request: KuzzleRequest,
  options: RequestOptions | undefined,
  commit: (identity: Identity) => Effect.Effect<void>
) => Effect.Effect<KuzzleResponse, KuzzleError.RequestError>

/**
 * A cookie that several clients share. Any of them may change the session at any time. So a logout always asks the
 * server. A connection has the cookie of its handshake until it ends, so each connection asks the server for its user.
 */
export interface SharedCookie {
  /** Asks the server for the session of the cookie. `undefined` if there is none. */
  readonly restore: Effect.Effect<Identity | undefined, KuzzleError.RequestError>
  /** Calls the listener when another client has changed the session, until the scope closes. */
  readonly listen: (changed: () => void) => Effect.Effect<void, never, Scope.Scope>
  /**
   * Runs a renewal while no other client runs one. Returns `false` if another client has already renewed or changed the
   * session. Then the renewal is not run, because Kuzzle revokes a token that is refreshed twice within a second.
   */
  readonly renewing: <E>(renewal: Effect.Effect<void, E>) => Effect.Effect<boolean, E>
}

/** A session that several clients share by a token store. */
export interface Shared {
  /**
   * Runs an exchange while no other client runs one. It is only for the client's own requests, because the lock must
   * not wait for the application.
   */
  readonly exclusive: <A, E>(exchange: Effect.Effect<A, E>) => Effect.Effect<A, E>
  /** The change that another client has made to the session, and the session after it. */
  readonly elsewhere: (
    ours: Identity | undefined
  ) => Effect.Effect<{ readonly change: SharedSession.Elsewhere; readonly identity: Identity | undefined }>
  /**
   * Stores the renewed session. Returns `false` if another client has changed the session meanwhile, so that this one
   * must be dropped.
   */
  readonly renewed: (identity: Identity) => Effect.Effect<boolean>
  /** Runs the effect whenever another client may have changed the session. */
  readonly followChanges: (follow: Effect.Effect<void>) => Effect.Effect<void>
}
