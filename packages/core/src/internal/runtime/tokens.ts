/** Sessions kept by a token that every request carries (spec 1.10). */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import { TokenStoreError } from "../../KuzzleError.ts"
import type { KuzzleTokenStoreShape } from "../../KuzzleTokenStore.ts"
import type { KuzzleResponse } from "../protocol/envelope.ts"
import type { Grant, Keeper } from "./authentication.ts"
import { identityOf } from "./credentials.ts"
import type { Requests } from "./requests.ts"

/** What `auth:login` and `auth:refreshToken` answer (spec 4.1); a strategy of several steps answers anything. */
export interface WireSession {
  readonly _id?: unknown
  readonly jwt?: unknown
  /** Milliseconds it lives: the same moment as `expiresAt`, without the server's clock. */
  readonly ttl?: unknown
}

/** The session's end by our clock; `undefined`: never. */
export const expiry = ({ ttl }: WireSession, now: number): number | undefined =>
  typeof ttl === "number" && ttl > 0 ? now + ttl : undefined

/** The answer's result as what it is expected to be, whatever it is. */
export const wireSession = ({ result }: KuzzleResponse): WireSession =>
  typeof result === "object" && result !== null ? result : {}

export const make = (
  requests: Pick<Requests, "urgent">,
  store: KuzzleTokenStoreShape,
  storeFailed: (error: TokenStoreError) => void
): Keeper => {
  /** The store is the user's: it may fail in any way, and the session goes on without it. */
  const reported = <A>(
    operation: TokenStoreError["operation"],
    effect: Effect.Effect<A, TokenStoreError>
  ): Effect.Effect<Option.Option<A>> =>
    effect.pipe(
      Effect.catchAllDefect((cause) => Effect.fail(new TokenStoreError({ operation, issue: "it died", cause }))),
      Effect.tapError((error) => Effect.sync(() => storeFailed(error))),
      Effect.option
    )
  const keep = (response: KuzzleResponse, commit: Parameters<Grant>[2]): Effect.Effect<KuzzleResponse> =>
    Effect.gen(function*() {
      const wire = wireSession(response)
      if (typeof wire.jwt !== "string") return response
      const expiresAt = expiry(wire, yield* Clock.currentTimeMillis)
      const kuid = typeof wire._id === "string" ? wire._id : undefined
      yield* commit(identityOf({ value: Redacted.make(wire.jwt), expiresAt, kuid }))
      return response
    })
  return {
    login: (request, options, commit) =>
      Effect.flatMap(requests.urgent(request, { ...options, anonymous: true }), (response) => keep(response, commit)),
    refresh: (request, options, commit) =>
      Effect.flatMap(requests.urgent(request, options), (response) => keep(response, commit)),
    logout: (request, options, commit) => Effect.ensuring(requests.urgent(request, options), commit),
    restore: undefined,
    stored: Effect.map(reported("load", store.load), (loaded) =>
      Option.match(Option.flatten(loaded), {
        onNone: () => undefined,
        onSome: ({ expiresAt, kuid, token }) => identityOf({ value: token, expiresAt, kuid })
      })),
    // A token goes with every request, wherever it is sent.
    elsewhere: () => false,
    changed: (identity) => {
      const { expiresAt, kuid, token } = identity ?? {}
      // A token that was set by hand is not ours to keep: it is where it came from.
      return Effect.asVoid(
        token === undefined || kuid === undefined
          ? reported("remove", store.remove)
          : reported("save", Effect.suspend(() => store.save({ token, expiresAt, kuid })))
      )
    }
  }
}
