/** How sessions are kept: by a token in every request (`tokens.ts`), or by a cookie of the connection (`cookies.ts`). */
import type * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type * as Stream from "effect/Stream"
import type * as KuzzleError from "../../KuzzleError.ts"
import type { Identity } from "../protocol/credentials.ts"
import type { KuzzleRequest, KuzzleResponse, RequestOptions } from "../protocol/envelope.ts"
import type * as SharedSession from "../protocol/sharedSession.ts"

/** `commit` adopts the new identity. It runs before any request can be sent with it. */
export interface Keeper {
  readonly login: Grant
  readonly refresh: Grant
  /** Ends the session, whatever the server answers, unless only the server can end it (a cookie). */
  readonly logout: (
    request: KuzzleRequest,
    options: RequestOptions | undefined,
    commit: Effect.Effect<void>
  ) => Effect.Effect<void, KuzzleError.RequestError>
  /** The session at the end of the previous client, as far as this client knows it. */
  readonly stored: Effect.Effect<Identity | undefined>
  /** This client has changed the session: by a login, a logout or `setToken`. */
  readonly changed: (identity: Identity | undefined, before: Identity | undefined) => Effect.Effect<void>
  /** `undefined`: no other client has this session. */
  readonly shared?: Shared | undefined
  /** `undefined`: the session is not kept by a cookie. */
  readonly cookie?: SharedCookie | undefined
}

/** An answer without a session (one step of several) commits nothing. */
export type Grant = (
  request: KuzzleRequest,
  options: RequestOptions | undefined,
  commit: (identity: Identity) => Effect.Effect<void>
) => Effect.Effect<KuzzleResponse, KuzzleError.RequestError>

/**
 * The cookie of several clients, any of which may change the session at any time. So a logout always asks the server,
 * and each connection asks it for its user, because a connection has the cookie of its handshake until it ends.
 */
export interface SharedCookie {
  /** Asks the server for the user of the cookie; `undefined`: there is none. */
  readonly restore: Effect.Effect<Identity | undefined, KuzzleError.RequestError>
  /** Calls the listener when another client has changed the session, until the scope closes. */
  readonly listen: (changed: () => void) => Effect.Effect<void, never, Scope.Scope>
  /**
   * Runs a renewal while no other client runs one. Returns `false` if another client has renewed or changed the session
   * already. Then the renewal is not run: Kuzzle revokes a token that is refreshed twice within a second.
   */
  readonly renewing: <E>(renewal: Effect.Effect<void, E>) => Effect.Effect<boolean, E>
}

/** The session of several clients. */
export interface Shared {
  /**
   * Runs while no other client runs an exchange. Only for the client's own requests, because the lock must not wait for
   * the application.
   */
  readonly exclusive: <A, E>(exchange: Effect.Effect<A, E>) => Effect.Effect<A, E>
  /** Another client's change of the session, and the session after it. */
  readonly elsewhere: (
    ours: Identity | undefined
  ) => Effect.Effect<{ readonly what: SharedSession.Elsewhere; readonly identity: Identity | undefined }>
  /** Stores the renewed session. `false`: another client has changed the session meanwhile, so this one is dropped. */
  readonly renewed: (identity: Identity) => Effect.Effect<boolean>
  /** Emits when another client may have changed the session. */
  readonly changes: Stream.Stream<void>
}
