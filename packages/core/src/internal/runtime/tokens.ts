/** Keeps sessions by a token that every request carries (spec 1.10). */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import type { ProtocolError } from "../../KuzzleError.ts"
import * as Shape from "../data/shape.ts"
import * as Answers from "../protocol/answers.ts"
import { type Identity, identityOf } from "../protocol/credentials.ts"
import type { KuzzleRequest, KuzzleResponse } from "../protocol/envelope.ts"
import type { Grant, Keeper } from "./keeper.ts"
import type { Requests } from "./requests.ts"
import type { SharedToken } from "./sharedToken.ts"

/** The expiry of a session by our clock, in milliseconds since the epoch. `undefined` if it never expires. */
export const expiry = ({ ttl }: Answers.Granted, now: number): number | undefined =>
  ttl !== undefined && ttl > 0 ? now + ttl : undefined

/** A class, because there may be thousands of clients. */
export class Tokens implements Keeper {
  /**
   * @param shared the session in a token store, if there is a store
   * @param given the session at the start, if there is one
   */
  constructor(
    private readonly requests: Pick<Requests, "urgent">,
    readonly shared: SharedToken | undefined,
    private readonly given?: () => Identity
  ) {}

  get stored(): Effect.Effect<Identity | undefined> {
    return this.shared?.stored ?? Effect.sync(() => this.given?.())
  }

  login(...[request, options, commit]: Parameters<Grant>): ReturnType<Grant> {
    return Effect.flatMap(
      this.requests.urgent(request, { ...options, anonymous: true }),
      (response) => keep(request, response, commit)
    )
  }

  refresh(...[request, options, commit]: Parameters<Grant>): ReturnType<Grant> {
    return Effect.flatMap(this.requests.urgent(request, options), (response) => keep(request, response, commit))
  }

  logout(...[request, options, commit]: Parameters<Keeper["logout"]>): ReturnType<Keeper["logout"]> {
    return Effect.ensuring(this.requests.urgent(request, options), commit)
  }

  changed(identity: Identity | undefined, before: Identity | undefined): Effect.Effect<void> {
    return this.shared?.changed(identity, before) ?? Effect.void
  }
}

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
