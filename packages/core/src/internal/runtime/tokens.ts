/** Sessions kept by a token that every request carries (spec 1.10). */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import type { ProtocolError, TokenStoreError } from "../../KuzzleError.ts"
import type { KuzzleTokenStoreShape } from "../../KuzzleTokenStore.ts"
import * as Answers from "../protocol/answers.ts"
import { identityOf } from "../protocol/credentials.ts"
import type { KuzzleRequest, KuzzleResponse } from "../protocol/envelope.ts"
import * as Shape from "../shape.ts"
import type { Grant, Keeper } from "./keeper.ts"
import type { Requests } from "./requests.ts"
import * as SharedToken from "./sharedToken.ts"

/** The session's end by our clock; `undefined`: never. */
export const expiry = ({ ttl }: Answers.Granted, now: number): number | undefined =>
  ttl !== undefined && ttl > 0 ? now + ttl : undefined

export const make = (
  requests: Pick<Requests, "urgent">,
  store: KuzzleTokenStoreShape | undefined,
  storeFailed: (error: TokenStoreError) => void
): Keeper => {
  const shared = store && SharedToken.make(store, storeFailed)
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
    stored: shared?.stored ?? Effect.succeed(undefined),
    changed: shared?.changed ?? (() => Effect.void),
    shared
  }
}
