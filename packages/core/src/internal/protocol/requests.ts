/**
 * Requests and their answers: every one ends exactly once, with a result, a typed error or by interruption, and leaves no
 * trace (promises R1 to R8). A request is on its way (`pending`), or it waits for a connection, a renewal or its turn
 * (`waiting`).
 *
 * What happens comes in by the other methods, with the time. After each of them the shell performs what `poll` gives, until
 * it gives nothing, and calls `handleDue` at `nextDue`. The outcome of a request goes to its own `settle`.
 */
import * as Duration from "effect/Duration"
import * as Exit from "effect/Exit"
import * as KuzzleError from "../../KuzzleError.ts"
import * as Calls from "./call.ts"
import { type Asked, type Call, errorOf, nobody, type Outcome } from "./call.ts"
import type { Admission } from "./connection.ts"
import { type Identity, isAnonymous } from "./credentials.ts"
import * as Envelope from "./envelope.ts"
import type { Frame } from "./envelope.ts"
import { Fifo } from "./fifo.ts"
import type { InFlight } from "./liveness.ts"
import * as Pending from "./pending.ts"
import { Replay } from "./replay.ts"
import { frameOf, type Session } from "./sending.ts"
import * as Suspects from "./suspects.ts"

/** What is kept while there is no connection. */
export interface QueueSettings {
  readonly maxSize: number
  readonly maxBytes: number
  /** In milliseconds. */
  readonly ttl: number
}

export interface Settings {
  readonly maxRequestSize: number
  readonly queue: QueueSettings | undefined
  /** Makes the ids of this client differ from those of every other. */
  readonly idPrefix: string
}

/** What befalls single requests, for who watches (spec 3.8). */
export type RequestEvent =
  | { readonly _tag: "Queued"; readonly controller: string; readonly action: string }
  | { readonly _tag: "Dequeued"; readonly controller: string; readonly action: string }
  /** Kuzzle refused a subscription, or a queued request, for now. It is sent again after about `delay`. */
  | {
    readonly _tag: "Postponed"
    readonly controller: string
    readonly action: string
    readonly error: KuzzleError.RequestError
    readonly delay: Duration.Duration
  }
  /** It will not be sent any more. */
  | {
    readonly _tag: "Discarded"
    readonly controller: string
    readonly action: string
    readonly error: KuzzleError.RequestError
  }
  /** Kuzzle answered with an error. */
  | {
    readonly _tag: "QueryFailed"
    readonly controller: string
    readonly action: string
    readonly error: KuzzleError.ApiError | KuzzleError.ProtocolError
  }

/** The server refused a request because it does not know its session any more. */
export interface Refused {
  readonly _tag: "Refused"
  readonly call: Call
  readonly identity: Identity
  readonly outcome: Outcome
  /** The length of the text of the answer. */
  readonly size: number
}

/** What the shell is to do. */
export type Action =
  /** Give `frame` to the socket, and answer with `handleSent` or `handleUnsent`. (No object is made: this is the hot path.) */
  | Call
  /** Renew the session, and answer with `handleRenewal` whether it is being renewed. */
  | Refused
  /** Renew the session: our clock says that it is over. */
  | { readonly _tag: "Expired"; readonly identity: Identity }
  /** Publish. `size` is the length of the text that the event was decoded from, if any. */
  | { readonly _tag: "Event"; readonly event: RequestEvent; readonly size: number | undefined }
  /** What had waited when the replay began is on its way. */
  | { readonly _tag: "Replayed" }
  /** `awaitIdle` was called, and nothing is on its way any more. */
  | { readonly _tag: "Idle" }

const replayed: Action = { _tag: "Replayed" }
const idle: Action = { _tag: "Idle" }

type Refusal = KuzzleError.ConnectError | KuzzleError.ConnectionEndedError

export class Requests {
  private readonly pending = Pending.make<Call>()
  private readonly waiting = Pending.make<Call>(({ encoded }) => encoded.length)
  private readonly replay = new Replay()
  private readonly actions = new Fifo<Action>()
  private count = 0
  private connected = false
  private admission: Admission = "Wait"
  /** Explains why nothing is sent. */
  private refusal: Refusal | undefined = undefined
  private idleAwaited = false
  private due = Infinity

  constructor(private readonly settings: Settings, private readonly session: Session) {}

  poll(now: number): Action | undefined {
    for (;;) {
      const action = this.actions.shift() ?? this.nextOfReplay(now)
      if (action === undefined || action._tag !== "Call") return action
      if (this.maySend(action, now) && this.encode(action, now)) return action
    }
  }

  /** No later than the time at which `handleDue` has something to do; `Infinity`: when something happens. */
  nextDue(): number {
    return this.due
  }

  /** The requests on their way. */
  pendingCount(): number {
    return this.pending.size()
  }

  waitingCount(): number {
    return this.waiting.size()
  }

  isConnected(): boolean {
    return this.connected
  }

  /** The requests in flight on this connection. Visits each of them, so it is not for the hot path. */
  unanswered(): InFlight {
    let bytes = 0
    let answerBy = -Infinity
    for (const { deadline, encoded } of this.pending.all()) {
      bytes += encoded.length
      answerBy = Math.max(answerBy, deadline)
    }
    return { bytes, answerBy }
  }

  submit(asked: Asked, now: number): Call {
    this.count += 1
    const isUnknown = isAnonymous(asked.options) || this.admission === "Hold"
    const user = isUnknown ? undefined : this.sender()
    const call = Calls.make(this.settings.idPrefix + this.count, this.count, asked, now + asked.timeout, user)
    this.admit(call, now)
    return call
  }

  /** The caller went away: nothing of the request stays. `false`: it had ended. */
  drop(call: Call): boolean {
    if (call.place === "Ended") return false
    const { place } = call
    call.place = "Ended"
    if (place === "InFlight") {
      this.pending.take(call.id)
      this.left(call)
    } else if (place === "Waiting") this.waiting.take(call.id)
    return true
  }

  /** The socket has taken it. */
  handleSent(call: Call, now: number): void {
    if (call.place === "Waiting") this.dequeue(call)
    call.place = "InFlight"
    call.frame = ""
    call.sends += 1
    call.sentAt = now
    call.queued = false
    call.deadline = call.answerBy
    this.pending.add(call.id, call)
    this.wakeAt(call.deadline)
    if (call.paced) this.replay.sent(call, now)
  }

  /** It has not: it is closing. What has waited keeps its place until the connection has ended. */
  handleUnsent(call: Call, now: number): void {
    call.frame = ""
    call.paced = false
    if (call.place === "Waiting") this.endReplay()
    else this.offline(call, now)
  }

  /** A reply. `undefined`: no request of this id is pending on this connection. */
  handleAnswer(id: string, frame: Frame, size: number, now: number): Call | undefined {
    const call = this.pending.take(id)
    if (call === undefined) return undefined
    call.place = "New"
    this.answered(call, Envelope.outcome(call, frame), size, now)
    this.left(call)
    return call
  }

  /** The answer is larger than `limit` bytes and was not read. `false`: no request of this id is pending. */
  handleTooLarge(id: string, limit: number): boolean {
    const call = this.pending.take(id)
    if (call === undefined) return false
    const { action, controller } = call
    this.end(call, Exit.fail(new KuzzleError.ResponseTooLargeError({ controller, action, limit })))
    this.left(call)
    return true
  }

  /** Whether the session of a refused request is being renewed. Then the request is sent once more. */
  handleRenewal({ call, outcome, size }: Refused, renewing: boolean, now: number): void {
    if (call.place === "Ended") return
    // A subscription's is opened again with all the others (the registry knows which answers are of the past).
    if (!renewing || call.kind === "Subscription" || call.refusal !== undefined) {
      return this.conclude(call, outcome, size, now)
    }
    call.refusal = outcome
    call.suspicion = Suspects.none
    this.admit(call, now)
  }

  /** From now on there is a connection that carries the requests. */
  handleOpened(): void {
    this.connected = true
  }

  /** The connection is gone: every request that was on it settles now, or is queued again if that is harmless. */
  handleLost(cause: KuzzleError.ConnectionEndedError): void {
    this.connected = false
    this.refusal = cause
    this.replay.lost()
    const calls = this.pending.drain()
    const ended: Array<Call> = []
    const again: Array<Call> = []
    for (const call of calls) {
      const suspicion = Calls.suspicionAfter(call, cause, calls.length === 1)
      if (suspicion === undefined) ended.push(call)
      else {
        call.paced = false
        call.suspicion = suspicion
        call.lost = cause
        again.push(call)
      }
    }
    this.requeue(again)
    this.settleLost(ended, cause)
    this.checkIdle()
  }

  /** What becomes of the requests that are submitted, and of those that wait. `cause` explains a refusal. */
  handleAdmission(admission: Admission, cause: Refusal | undefined, now: number): void {
    // A failed attempt to connect: the queue has accepted all that waits.
    const isQueued = admission === "Queue" && this.admission === "Queue"
    this.admission = admission
    this.refusal = cause
    // Also where it is only interrupted, by a renewal.
    this.replay.end()
    if (admission !== "Send") this.replay.forgetPostponed()
    if (isQueued || this.waiting.size() === 0) return
    if (admission === "Send") this.release()
    else if (admission === "Queue" || admission === "Refuse") {
      this.waiting.drain().forEach((call) => this.offline(call, now))
    }
  }

  /** The server has dropped a message of this connection because of the rate, without saying which (spec 1.7). */
  handleLimited(now: number): void {
    this.replay.limited(now)
  }

  /** The user has changed. Waiting requests of another user end. Requests whose user was not known yet belong to this one. */
  handleUserChanged(): void {
    const user = this.session.current()?.user
    const sender = this.sender()
    for (const call of this.waiting.all()) {
      // The user for whom it was held, or whose session it has waited for.
      if (call.user === undefined && !isAnonymous(call.options)) call.user = sender
      if (typeof call.user === "string" && call.user !== user) {
        this.waiting.take(call.id)
        this.notQueued(call, "OtherUser")
      }
    }
  }

  handleDue(now: number): void {
    this.due = Infinity
    for (const call of this.waiting.expire(now)) {
      if (call.deadline < call.answerBy) this.notQueued(call, "Expired")
      else this.end(call, Calls.tooLate(call, false))
    }
    for (const call of this.pending.expire(now)) {
      if (call.kind === "Subscription") this.awaitLateAnswer(call, now)
      else this.end(call, Calls.tooLate(call, true))
      this.left(call)
    }
    this.wakeAt(Math.min(this.waiting.nextDeadline(), this.pending.nextDeadline()))
  }

  /** Sends what waits, in order and at the pace of the answers. */
  startReplay(): void {
    this.replay.begin(this.waiting.all())
  }

  /** An `Idle` follows, once. */
  awaitIdle(): void {
    this.idleAwaited = true
    this.checkIdle()
  }

  /** What is to be done with a request that is submitted. */
  private admit(call: Call, now: number): void {
    if (call.kind !== "Call") return this.actions.push(call)
    switch (this.admission) {
      case "Send":
        return this.actions.push(call)
      case "Wait":
      case "Hold":
        return this.wait(call)
      case "Queue":
      case "Refuse":
        return this.offline(call, now)
    }
  }

  /** Whether it is still to be sent: it may have ended, or the gate may have closed, since it was given out. */
  private maySend(call: Call, now: number): boolean {
    if (call.place !== "New" && call.place !== "Waiting") return false
    if (call.paced || call.kind !== "Call" || this.admission === "Send") return true
    if (call.place === "New") this.admit(call, now)
    return false
  }

  /** Makes the frame. `false`: the request has ended, or waits. */
  private encode(call: Call, now: number): boolean {
    const frame = frameOf(call, this.session, this.settings.maxRequestSize)
    if (typeof frame === "string") {
      if (!this.connected) {
        this.handleUnsent(call, now)
        return false
      }
      call.frame = frame
      return true
    }
    if (frame._tag === "Expired") this.expired(call, frame.identity)
    else {
      if (call.place === "Waiting") this.dequeue(call)
      if (frame._tag === "Discarded") this.refuse(call, frame.error)
      else this.end(call, Exit.fail(frame.error))
    }
    return false
  }

  /** It waits for the renewal of its session. */
  private expired(call: Call, identity: Identity): void {
    if (call.paced) {
      call.paced = false
      this.endReplay()
    }
    if (call.place === "New") this.wait(call)
    this.actions.push({ _tag: "Expired", identity })
  }

  /** The next request of the replay, or of those that the server has refused for now, if its time has come. */
  private nextOfReplay(now: number): Action | undefined {
    const isRunning = this.replay.isRunning()
    if (!isRunning && !(this.replay.hasPostponed() && this.admission === "Send")) return undefined
    const next = this.replay.next(now)
    if (typeof next === "number") return this.wakeAt(next)
    if (next === undefined) {
      this.replay.end()
      return isRunning ? replayed : undefined
    }
    next.paced = true
    return next
  }

  /** Nothing of what waits can be sent now. What is left of it is sent by the next replay. */
  private endReplay(): void {
    this.replay.end()
    this.replay.forgetPostponed()
  }

  /** It leaves the queue. */
  private dequeue(call: Call): void {
    this.waiting.take(call.id)
    const { action, controller } = call
    if (call.paced) this.publish({ _tag: "Dequeued", controller, action })
  }

  /** Sends what waits at once, except what the server has refused for now. */
  private release(): void {
    for (const call of this.waiting.all()) if (!this.replay.isPostponed(call)) this.actions.push(call)
  }

  private answered(call: Call, outcome: Outcome, size: number, now: number): void {
    const error = errorOf(outcome)
    const { identity } = call
    if (
      error === undefined || identity === undefined || call.kind === "Renewal" || !KuzzleError.isTokenDead(error)
    ) {
      return this.conclude(call, outcome, size, now)
    }
    const refused: Refused = { _tag: "Refused", call, identity, outcome, size }
    if (identity === this.session.current()) this.actions.push(refused)
    // There is another session by now.
    else this.handleRenewal(refused, true, now)
  }

  private conclude(call: Call, outcome: Outcome, size: number, now: number): void {
    const error = errorOf(outcome)
    if (error !== undefined) {
      const { action, controller } = call
      // What an answer can be decoded to.
      if (KuzzleError.isApiError(error) || error._tag === "KuzzleProtocolError") {
        this.publish({ _tag: "QueryFailed", controller, action, error }, size)
      }
      if (call.paced && error._tag === "KuzzleTooManyRequestsError") return this.postpone(call, outcome, error, now)
    }
    this.end(call, outcome)
  }

  /** The server refused this queued request because of the rate: it waits for the next period. */
  private postpone(call: Call, outcome: Outcome, error: KuzzleError.RequestError, now: number): void {
    call.limited = outcome
    // This try does not count, because the server did not execute it.
    call.sends -= 1
    call.suspicion = Suspects.none
    this.wait(call)
    const delay = Duration.millis(this.replay.postpone(call, now) - now)
    const { action, controller } = call
    this.publish({ _tag: "Postponed", controller, action, error, delay })
  }

  /** A subscription is told that its answer is late, and waits on: what the server has done must be known. */
  private awaitLateAnswer(call: Call, now: number): void {
    call.deadline = now + call.timeout
    this.pending.add(call.id, call)
    call.settle(Calls.tooLate(call, true))
  }

  /** It is no longer in flight. */
  private left(call: Call): void {
    if (call.paced) {
      call.paced = false
      this.replay.left()
    }
    this.checkIdle()
  }

  private checkIdle(): void {
    if (!this.idleAwaited || this.pending.size() > 0) return
    this.idleAwaited = false
    this.actions.push(idle)
  }

  /** Settles what was in flight and is not sent again. */
  private settleLost(calls: ReadonlyArray<Call>, cause: KuzzleError.ConnectionEndedError): void {
    // One error for all requests of a kind: capturing ten thousand stacks would hold up the turn they settle in.
    const outcomes = new Map<string, Outcome>()
    for (const call of calls) {
      const { action, controller } = call
      const kind = `${controller}:${action}`
      let outcome = outcomes.get(kind)
      if (outcome === undefined) {
        outcome = Exit.fail(new KuzzleError.MaybeSentError({ controller, action, cause }))
        outcomes.set(kind, outcome)
      }
      this.end(call, outcome)
    }
  }

  /** They were first, and stay so. */
  private requeue(calls: ReadonlyArray<Call>): void {
    if (calls.length === 0) return
    const later = this.waiting.drain()
    calls.forEach((call) => this.wait(call))
    later.forEach((call) => this.wait(call))
  }

  /** Whose requests are made now. */
  private sender(): Call["user"] {
    return this.session.current()?.user ?? (this.session.toCome() ? undefined : nobody)
  }

  /** There is no connection. */
  private offline(call: Call, now: number): void {
    const { queue } = this.settings
    if (queue === undefined || !call.queuable || this.admission === "Refuse") {
      // One that the server has refused for a dead session, and that waits for the renewal, was not executed either.
      this.discard(
        call,
        Calls.notSent(call, this.refusal ?? new KuzzleError.NotQueuedError({ reason: "NotConnected" }))
      )
    } else if (call.queued) this.wait(call)
    else this.enqueue(call, queue, now)
  }

  /** What would be refused when it is sent must not wait for that first. */
  private enqueue(call: Call, { maxBytes, maxSize, ttl }: QueueSettings, now: number): void {
    const { action, controller, encoded, options } = call
    const part = this.session.sessionPart(options)
    if (typeof part !== "string") {
      return this.end(call, Exit.fail(new KuzzleError.EncodeError({ controller, action, issue: part.issue })))
    }
    const isFull = this.waiting.size() >= maxSize || this.waiting.weight() + encoded.length > maxBytes
    if (isFull) return this.notQueued(call, "Full")
    call.deadline = Math.min(call.answerBy, now + ttl)
    call.queued = true
    this.publish({ _tag: "Queued", controller, action })
    this.wait(call)
  }

  private wait(call: Call): void {
    call.place = "Waiting"
    this.waiting.add(call.id, call)
    this.wakeAt(call.deadline)
  }

  private notQueued(call: Call, reason: KuzzleError.NotQueuedError["reason"]): void {
    this.refuse(call, Calls.notSent(call, new KuzzleError.NotQueuedError({ reason })))
  }

  /** The server's own refusal, if there is one, is the last known outcome. */
  private refuse(call: Call, error: KuzzleError.RequestError): void {
    if (call.refusal === undefined) this.discard(call, error)
    else this.end(call, call.refusal)
  }

  private discard(call: Call, reason: KuzzleError.RequestError): void {
    const { action, controller } = call
    const error = Calls.discarded(call, reason)
    this.publish({ _tag: "Discarded", controller, action, error })
    this.end(call, Exit.fail(error))
  }

  private end(call: Call, outcome: Outcome): void {
    call.place = "Ended"
    call.settle(outcome)
  }

  private publish(event: RequestEvent, size?: number): void {
    this.actions.push({ _tag: "Event", event, size })
  }

  private wakeAt(at: number): undefined {
    if (at < this.due) this.due = at
  }
}
