/** Shares a session by a `KuzzleTokenStore`. There is one for each client. */
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"
import { TokenStoreError } from "../../KuzzleError.ts"
import { type Identity, identityOfToken, ownerAndEnd } from "../protocol/credentials.ts"
import * as SharedSession from "../protocol/sharedSession.ts"
import type { Store, StoredToken } from "../services/tokenStore.ts"
import type { Keeper, Shared } from "./keeper.ts"

/** How often a login tries to store its token while other clients store theirs. */
const maxSaves = 3

/** How long a session waits for its store. */
const storeTimeout = Duration.seconds(10)

/** The session of one client, kept in the store. */
export interface SharedToken extends Shared, Pick<Keeper, "stored" | "changed"> {}

export const make = (store: Store, failed: (error: TokenStoreError) => void): SharedToken => {
  /**
   * Runs an operation of the store, and reports its failure. The store comes from the user and may fail in any way, or
   * not answer. The session continues without it. An operation that takes too long continues nonetheless, because the
   * store may still perform it.
   */
  const reported = <A>(
    operation: TokenStoreError["operation"],
    effect: () => Effect.Effect<A, TokenStoreError>,
    otherwise: A
  ): Effect.Effect<A> =>
    Effect.flatMap(
      Effect.forkDaemon(Effect.uninterruptible(Effect.suspend(effect))),
      (fiber) =>
        Effect.map(Effect.timeoutOption(Effect.interruptible(Fiber.await(fiber)), storeTimeout), (exit) => {
          if (Option.isNone(exit)) failed(lateError(operation))
          else if (Exit.isSuccess(exit.value)) return exit.value.value
          else failed(errorOf(operation, exit.value.cause))
          return otherwise
        })
    )

  /** The token that was in the store when it was last read or written. */
  let seen = Option.none<Redacted.Redacted>()
  const isSeen = (token: Redacted.Redacted) =>
    Option.exists(seen, (other) => Redacted.value(other) === Redacted.value(token))

  const load = Effect.tap(store.load, (loaded) =>
    Effect.sync(() => {
      seen = Option.map(loaded, ({ token }) => token)
    }))

  const save = (stored: Option.Option<StoredToken>, replacing: Option.Option<Redacted.Redacted>) =>
    Effect.tap(store.save(stored, replacing), (saved) =>
      Effect.sync(() => {
        if (saved) seen = Option.map(stored, ({ token }) => token)
      }))

  /**
   * Stores a token in place of any other, because the last login counts. If the store cannot be read, the write reports
   * the failure.
   */
  const overwrite = (stored: StoredToken): Effect.Effect<boolean, TokenStoreError> =>
    Effect.flatMap(
      Effect.orElseSucceed(load, () => Option.none()),
      (loaded) => save(Option.some(stored), Option.map(loaded, ({ token }) => token))
    ).pipe(
      Effect.repeat({ until: (saved) => saved, times: maxSaves - 1 })
    )

  return {
    exclusive: store.exclusive,
    followChanges: (follow) => {
      const changes = Stream.catchAllCause(
        store.changes,
        (cause) =>
          Stream.execute(
            Effect.sync(() =>
              failed(new TokenStoreError({ operation: "load", issue: "the stream of its changes failed", cause }))
            )
          )
      )
      return Stream.runForEach(changes, () => follow)
    },
    stored: Effect.map(
      reported("load", () => load, Option.none()),
      (loaded) => Option.getOrUndefined(Option.map(loaded, asIdentity))
    ),
    elsewhere: (identity) => {
      const wasStored = identity?.token !== undefined && isSeen(identity.token)
      const read = Effect.zipWith(load, Clock.currentTimeMillis, (loaded, now) => {
        const ours = identity?.token === undefined
          ? undefined
          : { token: Redacted.value(identity.token), kuid: identity.kuid, stored: wasStored }
        const stored = Option.getOrUndefined(loaded)
        const foundIdentity = stored && asIdentity(stored)
        const change = SharedSession.elsewhere(
          ours,
          stored && { token: Redacted.value(stored.token), kuid: stored.kuid, expiresAt: foundIdentity?.expiresAt },
          now
        )
        return { change, identity: foundIdentity }
      })
      return reported("load", () => read, { change: "Nothing", identity: undefined })
    },
    renewed: (identity) => {
      const stored = asStored(identity)
      return stored === undefined
        ? Effect.succeed(true)
        : reported("save", () => save(Option.some(stored), seen), true)
    },
    changed: (identity, before) => {
      const stored = asStored(identity)
      if (stored !== undefined) return Effect.asVoid(reported("save", () => overwrite(stored), false))
      const token = asStored(before)?.token
      return token === undefined
        ? Effect.void
        : Effect.asVoid(reported("remove", () => save(Option.none(), Option.some(token)), false))
    }
  }
}

const lateError = (operation: TokenStoreError["operation"]): TokenStoreError =>
  new TokenStoreError({ operation, issue: `it has not answered for ${Duration.format(storeTimeout)}` })

const errorOf = (operation: TokenStoreError["operation"], cause: Cause.Cause<TokenStoreError>): TokenStoreError =>
  Option.getOrElse(
    Cause.failureOption(cause),
    () => new TokenStoreError({ operation, issue: "it died", cause: Cause.squash(cause) })
  )

const asIdentity = ({ expiresAt, kuid, token }: StoredToken): Identity =>
  identityOfToken({ value: token, expiresAt, kuid: Option.some(kuid) })

/** The stored form. `undefined` for a token without a known owner, which was set by `setToken` and is not stored. */
const asStored = (identity: Identity | undefined): StoredToken | undefined =>
  identity?.token === undefined || identity.kuid === undefined
    ? undefined
    : { token: identity.token, expiresAt: ownerAndEnd(identity).expiresAt, kuid: identity.kuid }
