/** The answers that the session itself reads (spec 4.1). */
import * as Shape from "../data/shape.ts"
import type { KuzzleRequest, KuzzleResponse } from "./envelope.ts"

/** A new or renewed session. */
export interface Granted {
  readonly _id: string
  /** Absent when a cookie carries the session. */
  readonly jwt?: string
  /** The lifetime in milliseconds: `expiresAt`, independent of the server's clock. Unlimited below 1. */
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
 * The result of `auth:login`: a session, or `undefined` for one step of a strategy with several. Each strategy defines
 * the content of its steps; a step has no member of a session.
 */
export const login: Shape.Reader<Granted | undefined> = Shape.read(
  Shape.object<{ readonly [name: string]: unknown }>(),
  (result) => "_id" in result || "jwt" in result ? session(result) : undefined
)

/** The session from the result of `auth:login` or `auth:refreshToken`; `undefined` for one step of several. */
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
