/** The interface of a token store. `KuzzleTokenStore` documents it and makes a service of it. */
import type * as DateTime from "effect/DateTime"
import type * as Effect from "effect/Effect"
import type * as Option from "effect/Option"
import type * as Redacted from "effect/Redacted"
import type * as Stream from "effect/Stream"
import type { TokenStoreError } from "../../KuzzleError.ts"

/** A token and its user. */
export interface StoredToken {
  readonly token: Redacted.Redacted
  /** The expiry by the clock of this machine. None for a token that never expires or whose expiry is unknown. */
  readonly expiresAt: Option.Option<DateTime.Utc>
  /** The user's id. */
  readonly kuid: string
}

/**
 * Stores a token. A client whose store fails, or does not answer for 10 s, continues without it, and reports that in its
 * events.
 */
export interface Store {
  /** Reads the stored token. It also fails if the entry contains anything else. */
  readonly load: Effect.Effect<Option.Option<StoredToken>, TokenStoreError>
  /**
   * Stores or removes a token, if the store contains the token `replacing` (or none). Otherwise it changes nothing and
   * returns `false`, because another client was faster.
   */
  readonly save: (
    stored: Option.Option<StoredToken>,
    replacing: Option.Option<Redacted.Redacted>
  ) => Effect.Effect<boolean, TokenStoreError>
  /**
   * Emits after a write of another client, and possibly after a write of this client. `load` then returns the current
   * value.
   */
  readonly changes: Stream.Stream<void>
  /**
   * Runs an exchange of the token while no other client runs one. If others take longer than 3 s, it runs without the
   * lock. That is safe, because `save` decides which token is kept. The lock only avoids unnecessary exchanges.
   */
  readonly exclusive: <A, E, R>(exchange: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
}
