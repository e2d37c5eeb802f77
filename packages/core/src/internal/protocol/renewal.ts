/** Decides what follows an attempt to renew the session. Pure, so that every case can be tested. */
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
  /** Nothing has changed. The next connection, or the next refusal, starts another renewal. */
  | { readonly _tag: "Keep" }
  | { readonly _tag: "Then"; readonly way: Way }
  | { readonly _tag: "Lost"; readonly cause: KuzzleError.SessionLostError }

/** Whether the error is temporary (promise A4: the renewal is retried, but not for ever). */
export const isPassing = (error: Failure): boolean => {
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
      return error.status !== undefined && passingStatuses.has(error.status)
    default:
      return false
  }
}

const passingStatuses: ReadonlySet<number> = new Set([429, 502, 503, 504])

/** Whether the lost connection is the reason: the next one begins with a renewal of its own. */
export const isLoss = (error: Failure): boolean =>
  error._tag === "KuzzleNotSentError" || error._tag === "KuzzleMaybeSentError"

export const after = (
  way: Way,
  exit: Exit.Exit<void, Failure>,
  { alive, canLogin, wanted }: {
    /** Whether there is a session that is not known to be over. */
    readonly alive: boolean
    /** Whether a user should be logged in. */
    readonly wanted: boolean
    readonly canLogin: boolean
  }
): Decision => {
  if (Exit.isSuccess(exit)) {
    if (alive) return { _tag: "Done" }
    // No user was logged in, or the authenticator has logged in none.
    if (way === "Login") return { _tag: "Lost", cause: new KuzzleError.SessionLostError({ reason: "Refused" }) }
    if (wanted && canLogin) return { _tag: "Then", way: "Login" }
    // Either no user was logged in and none should be, or the server no longer knows the user who was.
    return way === "Restore" && !wanted
      ? { _tag: "Keep" }
      : { _tag: "Lost", cause: new KuzzleError.SessionLostError({ reason: "TokenDead" }) }
  }
  if (Cause.isInterrupted(exit.cause)) return { _tag: "Keep" }
  const failure = Option.getOrUndefined(Cause.failureOption(exit.cause))
  if (failure !== undefined && isLoss(failure)) return { _tag: "Keep" }
  // A refresh is not possible now. The token may be valid until its end, which starts another renewal.
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
