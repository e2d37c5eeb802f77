/** Sessions kept by a token that every request carries (spec 1.10). */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import { type ProtocolError, TokenStoreError } from "../../KuzzleError.ts"
import type { KuzzleTokenStoreShape } from "../../KuzzleTokenStore.ts"
import * as Answers from "../protocol/answers.ts"
import type { KuzzleRequest, KuzzleResponse } from "../protocol/envelope.ts"
import * as Shape from "../shape.ts"
import type { Grant, Keeper } from "./authentication.ts"
import { identityOf } from "./credentials.ts"
import type { Requests } from "./requests.ts"

/** The session's end by our clock; `undefined`: never. */
export const expiry = ({ ttl }: Answers.Granted, now: number): number | undefined =>
  ttl !== undefined && ttl > 0 ? now + ttl : undefined

export const make = (
  requests: Pick<Requests, "urgent">,
  store: KuzzleTokenStoreShape,
  storeFailed: (error: TokenStoreError) => void
): Keeper => {
  /** The store is the user's: it may fail in any way, and the session goes on without it. */
  const reported = <A>(
    operation: TokenStoreError["operation"],
    effect: Effect.Effect<A, TokenStoreError>,
    otherwise: A
  ): Effect.Effect<A> =>
    effect.pipe(
      Effect.catchAllDefect((cause) => Effect.fail(new TokenStoreError({ operation, issue: "it died", cause }))),
      Effect.catchAll((error) => Effect.as(Effect.sync(() => storeFailed(error)), otherwise))
    )
  const keep = (
    request: KuzzleRequest,
    response: KuzzleResponse,
    commit: Parameters<Grant>[2]
  ): Effect.Effect<KuzzleResponse, ProtocolError> =>
    Effect.gen(function*() {
      const granted = yield* Answers.grantedBy(request, response)
      if (granted === undefined) return response
      const { _id, jwt } = granted
      if (jwt === undefined) return yield* Shape.outcome<never>(request, new Shape.Issue(".jwt", "a string", jwt))
      const expiresAt = expiry(granted, yield* Clock.currentTimeMillis)
      yield* commit(identityOf({ value: Redacted.make(jwt), expiresAt, kuid: _id }))
      return response
    })
  return {
    login: (request, options, commit) =>
      Effect.flatMap(
        requests.urgent(request, { ...options, anonymous: true }),
        (response) => keep(request, response, commit)
      ),
    refresh: (request, options, commit) =>
      Effect.flatMap(requests.urgent(request, options), (response) => keep(request, response, commit)),
    logout: (request, options, commit) => Effect.ensuring(requests.urgent(request, options), commit),
    restore: undefined,
    stored: Effect.map(reported("load", store.load, Option.none()), (loaded) => {
      if (Option.isNone(loaded)) return undefined
      const { expiresAt, kuid, token } = loaded.value
      return identityOf({ value: token, expiresAt, kuid })
    }),
    // A token goes with every request, wherever it is sent.
    uncertain: () => false,
    changed: (identity) => {
      const { expiresAt, kuid, token } = identity ?? {}
      // A token that was set by hand is not ours to keep: it is where it came from.
      return token === undefined || kuid === undefined
        ? reported("remove", store.remove, undefined)
        : reported("save", Effect.suspend(() => store.save({ token, expiresAt, kuid })), undefined)
    }
  }
}
