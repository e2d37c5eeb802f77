/** One request, from its submission to its outcome. */
import * as Duration from "effect/Duration"
import * as Exit from "effect/Exit"
import * as KuzzleError from "../../KuzzleError.ts"
import type { Identity } from "./credentials.ts"
import type * as Envelope from "./envelope.ts"
import type * as Pending from "./pending.ts"
import * as Suspects from "./suspects.ts"

export type Outcome = Exit.Exit<Envelope.KuzzleResponse, KuzzleError.RequestError>

/** The error of a request. */
export const errorOf = (outcome: Outcome): KuzzleError.RequestError | undefined =>
  outcome._tag === "Failure" && outcome.cause._tag === "Fail" ? outcome.cause.error : undefined

export type Settle = (outcome: Outcome) => void

/** The user of a request that was made while no user was logged in. */
export const nobody = Symbol("nobody")

/** A request as it is submitted. */
export interface Asked {
  readonly controller: string
  readonly action: string
  /** The caller's part of the envelope. */
  readonly encoded: string
  readonly options: Envelope.RequestOptions | undefined
  /** In milliseconds. */
  readonly timeout: number
  /** What it is for: a caller's call, a subscription of the client itself, or a renewal of the session. */
  readonly kind: "Call" | "Subscription" | "Renewal"
  /** Whether the offline queue may keep it. */
  readonly queuable: boolean
  /** Called once with the outcome. For a `Subscription` it may be called again, with a late answer. */
  readonly settle: Settle
}

export interface Call extends Asked, Pending.Entry {
  readonly _tag: "Call"
  readonly id: string
  /** Its position among all requests of this client. */
  readonly nth: number
  deadline: number
  /** The deadline of the caller. `deadline` is earlier while the request is queued and `queueTTL` ends first. */
  readonly answerBy: number
  /**
   * The user who made the request. It is never sent as another user, and a request that was made without a session is
   * never sent with one. `undefined` while the user is unknown: the request was made during a login, or it waits for
   * the first session of the client.
   */
  user: string | typeof nobody | undefined
  /** `New`: not processed yet. `Waiting`: for a connection, a renewal or its turn. */
  place: "New" | "Waiting" | "InFlight" | "Ended"
  /** The text to be sent, from `poll` until the socket has taken it. */
  frame: string
  /** The session it was sent with. */
  identity: Identity | undefined
  /** The server's refusal of this session. After the renewal the request is resent, but only once. */
  refusal: Outcome | undefined
  /** On how many connections it was sent. */
  sends: number
  /** When it was last sent. */
  sentAt: number
  /** Whether it may have ended a connection. */
  suspicion: Suspects.Suspicion
  /** The replay has sent it: when it is no longer in flight, the next one may be sent. */
  paced: boolean
  /** The offline queue has accepted it: the event is published, and `deadline` respects `queueTTL`. */
  queued: boolean
  /** The server's refusal because of the rate (429): it was not executed, and is sent again before its deadline. */
  limited: Outcome | undefined
  /**
   * The end of a connection on which it may have been executed. It waits for the next connection, because it is
   * idempotent.
   */
  lost: KuzzleError.ConnectionEndedError | undefined
}

/** An object of one literal: measured, an instance of a class with as many fields costs 1 µs more. */
export const make = (id: string, nth: number, asked: Asked, deadline: number, user: Call["user"]): Call => ({
  _tag: "Call",
  id,
  nth,
  controller: asked.controller,
  action: asked.action,
  encoded: asked.encoded,
  options: asked.options,
  timeout: asked.timeout,
  kind: asked.kind,
  queuable: asked.queuable,
  settle: asked.settle,
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

/** Its deadline has passed. */
export const tooLate = ({ action, controller, limited, lost, timeout }: Call, wasSent: boolean): Outcome => {
  // Its outcome is known.
  if (!wasSent && limited !== undefined) return limited
  const sent = wasSent || lost !== undefined
  return Exit.fail(new KuzzleError.DeadlineError({ controller, action, timeout: Duration.millis(timeout), sent }))
}

/** Whether it may have ended the connection on which it was in flight. `undefined`: it is not resent. */
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

/** The error of a request that is not sent, or not resent. In the second case it may have been executed. */
export const discarded = (
  { action, controller, lost }: Call,
  reason: KuzzleError.RequestError
): KuzzleError.RequestError =>
  lost === undefined ? reason : new KuzzleError.MaybeSentError({ controller, action, cause: lost })
