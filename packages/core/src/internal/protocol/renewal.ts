/** Decides what follows an attempt to renew the session. It is pure, so that every case can be tested. */
import * as Cause from "effect/Cause"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import type { LoginIncompleteError, NamedError } from "../../KuzzleActionError.ts"
import * as KuzzleError from "../../KuzzleError.ts"

/**
 * `Restore`: ask the server for the user of the session. `Refresh`: exchange the token. `Login`: run the authenticator.
 */
export type Way = "Restore" | "Refresh" | "Login"

export type Failure =
  | KuzzleError.RequestError
  | NamedError
  | LoginIncompleteError
  | KuzzleError.AuthenticatorError
  | KuzzleError.SessionLostError

export type Decision =
  /** There is a session. */
  | { readonly _tag: "Done" }
  /** The session stays as it is. The next connection or the next refusal starts another renewal. */
  | { readonly _tag: "Keep" }
  | { readonly _tag: "Then"; readonly way: Way }
  | { readonly _tag: "Lost"; readonly cause: KuzzleError.SessionLostError }

/** Whether the error is temporary (promise A4: the renewal is retried, but not for ever). */
export const isTemporary = (error: Failure): boolean => {
  switch (error._tag) {
    case "KuzzleDeadlineError":
    case "KuzzleHttpTransportError":
    case "KuzzleTooManyRequestsError":
    case "KuzzleTooManyLoginsError":
    case "KuzzleInternalError":
    case "KuzzleServiceUnavailableError":
    case "KuzzleGatewayTimeoutError":
      return true
    case "KuzzleProtocolError":
      // An error page of a proxy in front of Kuzzle.
      return error.status !== undefined && temporaryStatuses.has(error.status)
    default:
      return false
  }
}

const temporaryStatuses: ReadonlySet<number> = new Set([429, 502, 503, 504])

/** Whether the connection was lost. The next one begins with a renewal of its own. */
export const isLoss = (error: Failure): boolean =>
  error._tag === "KuzzleNotSentError" || error._tag === "KuzzleMaybeSentError"

export const after = (
  way: Way,
  exit: Exit.Exit<void, Failure>,
  { alive, canLogin, keepLoggedIn }: {
    /** Whether there is a session that can be used. */
    readonly alive: boolean
    /** Whether a user should be logged in. */
    readonly keepLoggedIn: boolean
    readonly canLogin: boolean
  }
): Decision => {
  if (Exit.isSuccess(exit)) {
    if (alive) return { _tag: "Done" }
    // The authenticator succeeded, but it has not logged in a user.
    if (way === "Login") return { _tag: "Lost", cause: new KuzzleError.SessionLostError({ reason: "Refused" }) }
    if (keepLoggedIn && canLogin) return { _tag: "Then", way: "Login" }
    // No user was logged in and none should be. Otherwise the server no longer knows the session.
    return way === "Restore" && !keepLoggedIn
      ? { _tag: "Keep" }
      : { _tag: "Lost", cause: new KuzzleError.SessionLostError({ reason: "TokenDead" }) }
  }
  if (Cause.isInterrupted(exit.cause)) return { _tag: "Keep" }
  const failure = Option.getOrUndefined(Cause.failureOption(exit.cause))
  if (failure !== undefined && isLoss(failure)) return { _tag: "Keep" }
  // The refresh failed, but the token may be valid until it expires. Its expiry starts another renewal.
  if (way === "Refresh" && alive && !(failure !== undefined && KuzzleError.isTokenDead(failure))) {
    return { _tag: "Keep" }
  }
  if (way !== "Login" && canLogin) return { _tag: "Then", way: "Login" }
  if (failure?._tag === "KuzzleSessionLostError") return { _tag: "Lost", cause: failure }
  if (failure !== undefined && way !== "Login" && KuzzleError.isTokenDead(failure)) {
    return { _tag: "Lost", cause: new KuzzleError.SessionLostError({ reason: "TokenDead" }) }
  }
  return {
    _tag: "Lost",
    cause: new KuzzleError.SessionLostError({ reason: "Refused", cause: Cause.squash(exit.cause) })
  }
}
