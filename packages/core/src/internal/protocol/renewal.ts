/** What follows from an attempt to renew the session: pure, so that every case can be looked at. */
import * as Cause from "effect/Cause"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import type { LoginIncompleteError, NamedError } from "../../KuzzleActionError.ts"
import * as KuzzleError from "../../KuzzleError.ts"

/** `Restore`: ask who we are. `Refresh`: trade the token for another. `Login`: run the authenticator. */
export type Way = "Restore" | "Refresh" | "Login"

export type Failure =
  | KuzzleError.RequestError
  | NamedError
  | LoginIncompleteError
  | KuzzleError.AuthenticatorError
  | KuzzleError.SessionOverError

export type Decision =
  /** There is a session. */
  | { readonly _tag: "Done" }
  /** Nothing has changed; the next connection, or the server's next word, brings it up again. */
  | { readonly _tag: "Keep" }
  | { readonly _tag: "Then"; readonly way: Way }
  | { readonly _tag: "Over"; readonly cause: KuzzleError.SessionOverError }

/** Whether it may be well in a moment (promise A4: tried again, but not for ever). */
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

/** Whether the connection is the reason: the next one begins with a renewal of its own. */
export const isLoss = (error: Failure): boolean =>
  error._tag === "KuzzleNotSentError" || error._tag === "KuzzleMaybeSentError"

export const after = (
  way: Way,
  exit: Exit.Exit<void, Failure>,
  { alive, canLogin, wanted }: {
    /** Whether there is a session that nobody has called dead. */
    readonly alive: boolean
    /** Whether somebody shall be logged in. */
    readonly wanted: boolean
    readonly canLogin: boolean
  }
): Decision => {
  if (Exit.isSuccess(exit)) {
    if (alive) return { _tag: "Done" }
    // Nobody was logged in, or the authenticator has logged nobody in.
    if (way === "Login") return { _tag: "Over", cause: new KuzzleError.SessionOverError({ reason: "Refused" }) }
    if (wanted && canLogin) return { _tag: "Then", way: "Login" }
    // Nobody was logged in, and nobody shall be; or somebody was, whom the server does not know.
    return way === "Restore" && !wanted
      ? { _tag: "Keep" }
      : { _tag: "Over", cause: new KuzzleError.SessionOverError({ reason: "TokenDead" }) }
  }
  if (Cause.isInterrupted(exit.cause)) return { _tag: "Keep" }
  const failure = Option.getOrUndefined(Cause.failureOption(exit.cause))
  if (failure !== undefined && isLoss(failure)) return { _tag: "Keep" }
  // A refresh that is not to be had now: the token may live on until its end, which brings us here again.
  if (way === "Refresh" && alive && !(failure !== undefined && KuzzleError.isTokenDead(failure))) {
    return { _tag: "Keep" }
  }
  if (way !== "Login" && canLogin) return { _tag: "Then", way: "Login" }
  if (failure?._tag === "KuzzleSessionOverError") return { _tag: "Over", cause: failure }
  if (failure !== undefined && way !== "Login" && KuzzleError.isTokenDead(failure)) {
    return { _tag: "Over", cause: new KuzzleError.SessionOverError({ reason: "TokenDead" }) }
  }
  return {
    _tag: "Over",
    cause: new KuzzleError.SessionOverError({ reason: "Refused", cause: Cause.squash(exit.cause) })
  }
}
