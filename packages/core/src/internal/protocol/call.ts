/** One request, from its submission to its outcome. */
import * as Duration from "effect/Duration"
import * as Exit from "effect/Exit"
import * as KuzzleError from "../../KuzzleError.ts"
import type { Identity } from "./credentials.ts"
import type * as Envelope from "./envelope.ts"
import type * as Pending from "./pending.ts"
import * as Suspects from "./suspects.ts"

export type Outcome = Exit.Exit<Envelope.KuzzleResponse, KuzzleError.RequestError>

/** The error of a failed request, or `undefined`. */
export const errorOf = (outcome: Outcome): KuzzleError.RequestError | undefined =>
  outcome._tag === "Failure" && outcome.cause._tag === "Fail" ? outcome.cause.error : undefined

export type Settle = (outcome: Outcome) => void

/** Stands for the user of a request that was made while no user was logged in. */
export const nobody = Symbol("nobody")

/** A request as it is submitted. */
export interface Submission {
  readonly controller: string
  readonly action: string
  /** The caller's part of the envelope. */
  readonly encoded: string
  readonly options: Envelope.RequestOptions | undefined
  /** The time from submission to deadline, in milliseconds. */
  readonly timeout: number
  /** The purpose: a caller's call, a subscription of the client itself, or a renewal of the session. */
  readonly kind: "Call" | "Subscription" | "Renewal"
  /** Whether the offline queue may keep it. */
  readonly queuable: boolean
  /** Called once with the outcome. For a `Subscription`, it may be called again with a late answer. */
  readonly settle: Settle
}

export interface Call extends Submission, Pending.Entry {
  readonly _tag: "Call"
  readonly id: string
  /** Its position among all requests of this client. */
  readonly nth: number
  deadline: number
  /** The caller's deadline. While the request is queued, `deadline` may be earlier because of `queueTTL`. */
  readonly answerBy: number
  /**
   * The user who made the request. A request is never sent as another user. A request that was made without a session
   * is never sent with one. `undefined` while the user is unknown: the request was made during a login, or it waits for
   * the first session of the client.
   */
  user: string | typeof nobody | undefined
  /** `New`: it is not processed yet. `Waiting`: it waits for a connection, a renewal or its turn. */
  place: "New" | "Waiting" | "InFlight" | "Ended"
  /** The text to send. Set from `poll` until the socket has accepted it. */
  frame: string
  /** The session with which it was sent. */
  identity: Identity | undefined
  /** The server's refusal of that session. The request is resent after the renewal, but only once. */
  refusal: Outcome | undefined
  /** On how many connections it was sent. */
  sends: number
  /** When it was last sent. */
  sentAt: number
  /** How likely it is that the request ends connections. */
  suspicion: Suspects.Suspicion
  /** Whether the replay has sent it. When it is no longer in flight, the replay may send the next one. */
  paced: boolean
  /** Whether the offline queue has accepted it. Then the event was published, and `deadline` respects `queueTTL`. */
  queued: boolean
  /**
   * The server's refusal because of the rate (429). The request was not executed, and is resent before its deadline.
   */
  limited: Outcome | undefined
  /**
   * The end of a connection on which it may have been executed. Set for an idempotent request that waits for the next
   * connection.
   */
  lost: KuzzleError.ConnectionEndedError | undefined
}

/** Makes an object literal, because an instance of a class with as many fields costs 1 µs more (measured). */
export const make = (id: string, nth: number, submission: Submission, deadline: number, user: Call["user"]): Call => ({
  _tag: "Call",
  id,
  nth,
  controller: submission.controller,
  action: submission.action,
  encoded: submission.encoded,
  options: submission.options,
  timeout: submission.timeout,
  kind: submission.kind,
  queuable: submission.queuable,
  settle: submission.settle,
  deadline,
  answerBy: deadline,
  user,
  place: "New",
  frame: "",
  identity: undefined,
  refusal: undefined,
  sends: 0,
  sentAt: 0,
  suspicion: Suspects.none,
  paced: false,
  queued: false,
  limited: undefined,
  lost: undefined
})

/** The outcome of a request whose deadline has passed. */
export const tooLate = ({ action, controller, limited, lost, timeout }: Call, wasSent: boolean): Outcome => {
  // The server's refusal is its known outcome.
  if (!wasSent && limited !== undefined) return limited
  const sent = wasSent || lost !== undefined
  return Exit.fail(new KuzzleError.DeadlineError({ controller, action, timeout: Duration.millis(timeout), sent }))
}

/** The next suspicion of a request that was in flight when a connection ended. `undefined`: it is not resent. */
export const suspicionAfter = (
  { options, queuable, sends, suspicion }: Call,
  { by }: KuzzleError.ConnectionEndedError,
  alone: boolean
): Suspects.Suspicion | undefined =>
  queuable && options?.idempotent === true && by !== "Released"
    ? Suspects.lost(suspicion, { by, alone, sends })
    : undefined

export const notSent = (
  { action, controller }: Call,
  cause: KuzzleError.NotSentError["cause"]
): KuzzleError.NotSentError => new KuzzleError.NotSentError({ controller, action, cause })

/** The error of a request that is not sent, or not resent. A request that is not resent may have been executed. */
export const discarded = (
  { action, controller, lost }: Call,
  reason: KuzzleError.RequestError
): KuzzleError.RequestError =>
  lost === undefined ? reason : new KuzzleError.MaybeSentError({ controller, action, cause: lost })
