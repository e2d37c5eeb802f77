/** The shapes of the answers that begin, renew or check a session (spec 4.1). */
import * as Shape from "../data/shape.ts"
import type { KuzzleRequest, KuzzleResponse } from "./envelope.ts"

/** A new or renewed session. */
export interface Granted {
  readonly _id: string
  /** The token. Absent if a cookie carries the session. */
  readonly jwt?: string
  /** The lifetime in milliseconds, which does not depend on the server's clock. Below 1 it is unlimited. */
  readonly ttl?: number
  /** Milliseconds since the epoch, by the server's clock. */
  readonly expiresAt?: number
}

const granted = Shape.struct<Granted>({
  _id: Shape.string,
  jwt: Shape.optional(Shape.string),
  ttl: Shape.optional(Shape.number),
  expiresAt: Shape.optional(Shape.number)
})

/** The result of `auth:refreshToken`. */
export const session = Shape.whole(granted)

/**
 * The result of `auth:login`: a session, or `undefined` for one of several steps. Each strategy defines the content of
 * its steps. A step has neither `_id` nor `jwt`.
 */
export const login: Shape.Reader<Granted | undefined> = Shape.read(
  Shape.object<{ readonly [name: string]: unknown }>(),
  (result) => "_id" in result || "jwt" in result ? session(result) : undefined
)

/**
 * The session in the result of `auth:login` or `auth:refreshToken`. `undefined` for one of several steps of a login.
 */
export const grantedBy = (request: KuzzleRequest, { result }: KuzzleResponse) =>
  Shape.outcome(request, request.action === "login" ? login(result) : session(result))

/** The result of `auth:checkToken`. */
export type TokenState =
  | { readonly valid: true; readonly kuid: string; readonly expiresAt: number | null }
  | { readonly valid: false; readonly state: string }

export const tokenState = Shape.whole(Shape.or(
  Shape.struct<Extract<TokenState, { readonly valid: false }>>({ valid: Shape.literal(false), state: Shape.string }),
  Shape.struct<Extract<TokenState, { readonly valid: true }>>({
    valid: Shape.literal(true),
    kuid: Shape.string,
    expiresAt: Shape.nullable(Shape.number)
  })
))
