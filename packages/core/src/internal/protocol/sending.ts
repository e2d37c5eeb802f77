/** Makes the frame of a request in the current session, or says why it cannot be sent. */
import * as KuzzleError from "../../KuzzleError.ts"
import * as Sender from "../data/sender.ts"
import { type Call, nobody, notSent } from "./call.ts"
import { canSendAs, type Credentials, type Identity, isAnonymous } from "./credentials.ts"
import * as Envelope from "./envelope.ts"

/** The part of the session that requests need. */
export interface Session extends Pick<Credentials, "current" | "sessionEnd" | "sessionPart"> {
  /** Whether the first session of the client is still unknown. Requests wait for it and then belong to its user. */
  readonly toCome: () => boolean
  /** The current time in milliseconds since the epoch. It is called only for sessions that expire. */
  readonly wallMillis: () => number
}

export type Obstacle =
  /** The session has expired by our clock. The request waits for the renewal. */
  | { readonly _tag: "Expired"; readonly identity: Identity }
  /** The session has changed or was lost. */
  | { readonly _tag: "Discarded"; readonly error: KuzzleError.RequestError }
  /** The request can never be sent. */
  | { readonly _tag: "Invalid"; readonly error: KuzzleError.RequestError }

/** The frame, or the obstacle. Sets `identity` of the request to the session of the frame. */
export const frameOf = (
  call: Call,
  session: Session,
  maxRequestSize: number
): string | Obstacle => {
  const current = session.current()
  const isCall = call.kind === "Call"
  // Without a session, the options need no change. (This is the hot path of clients that never log in.)
  const isWithoutUser = isCall && call.user === nobody && current !== undefined
  const options = isWithoutUser ? { ...call.options, as: Sender.anonymous } : call.options
  if (options?.as !== undefined && !canSendAs(options.as, current)) return otherUser(call)
  const identity = isAnonymous(options) ? undefined : current
  if (isCall && !isAnonymous(options)) {
    const obstacle = obstacleOf(call, session, identity)
    if (obstacle !== undefined) return obstacle
  }
  const part = session.sessionPart(options)
  if (typeof part !== "string") return invalid(call, part.issue)
  const frame = Envelope.complete(call.encoded, part, call.id)
  const tooLarge = Envelope.tooLarge(call, frame, maxRequestSize)
  if (tooLarge !== undefined) return { _tag: "Invalid", error: tooLarge }
  call.identity = identity
  return frame
}

const obstacleOf = (
  call: Call,
  session: Session,
  identity: Identity | undefined
): Obstacle | undefined => {
  if (typeof call.user === "string" && call.user !== identity?.user) return otherUser(call)
  const cause = session.sessionEnd()
  if (cause !== undefined) {
    const { action, controller } = call
    return { _tag: "Discarded", error: new KuzzleError.UnauthenticatedError({ controller, action, cause }) }
  }
  // An expired token is not sent (promise A1). The session is renewed first.
  return identity?.expiresAt !== undefined && identity.expiresAt <= session.wallMillis()
    ? { _tag: "Expired", identity }
    : undefined
}

const otherUser = (call: Call): Obstacle => ({
  _tag: "Discarded",
  error: notSent(call, new KuzzleError.NotQueuedError({ reason: "OtherUser" }))
})

const invalid = ({ action, controller }: Call, issue: string): Obstacle => ({
  _tag: "Invalid",
  error: new KuzzleError.EncodeError({ controller, action, issue })
})
