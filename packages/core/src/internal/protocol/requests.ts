/**
 * The machine of the requests. Every request ends exactly once: with a result, a typed error or an interruption. Then
 * nothing of it stays in memory (promises R1 to R8). A request is in flight (`pending`), or it waits for a connection,
 * a renewal or its turn (`waiting`).
 *
 * The client's machine and the shell report events by the methods, with the time. After each report, the actions that
 * `poll` returns are performed, until there are none, and `handleDue` is called at `nextDue`. The outcome of a request
 * goes to its own `settle`.
 */
import * as Duration from "effect/Duration"
import * as Exit from "effect/Exit"
import * as KuzzleError from "../../KuzzleError.ts"
import * as Calls from "./call.ts"
import { type Call, errorOf, nobody, type Outcome, type Submission } from "./call.ts"
import type { Admission } from "./connection.ts"
import { type Identity, isAnonymous } from "./credentials.ts"
import * as Envelope from "./envelope.ts"
import type { Frame } from "./envelope.ts"
import { Fifo } from "./fifo.ts"
import type { InFlight } from "./liveness.ts"
import { Pending } from "./pending.ts"
import { Replay } from "./replay.ts"
import { frameOf, type Session } from "./sending.ts"
import * as Suspects from "./suspects.ts"

/** The settings of the offline queue. */
export interface QueueSettings {
  readonly maxSize: number
  readonly maxBytes: number
  readonly ttl: Duration.Duration
}

/** The part of the client's settings that this machine needs. */
export interface Settings {
  readonly maxRequestSize: number
  readonly queue: QueueSettings | undefined
}

/** The events of single requests, for observers (spec 3.8). */
export type RequestEvent =
  | { readonly _tag: "Queued"; readonly controller: string; readonly action: string }
  | { readonly _tag: "Dequeued"; readonly controller: string; readonly action: string }
  /** Kuzzle temporarily refused a subscription or a queued request. It is sent again after about `delay`. */
  | {
    readonly _tag: "Postponed"
    readonly controller: string
    readonly action: string
    readonly error: KuzzleError.RequestError
    readonly delay: Duration.Duration
  }
  /** The request will not be sent again. */
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

/** An action for the client's machine or the shell. */
export type Action =
  /**
   * Give the `frame` of this request to the socket, and answer with `handleSent` or `handleUnsent`. (The request itself
   * is the action, so that the hot path makes no object.)
   */
  | Call
  /** Renew the session of the refused request, and report by `handleRenewal` whether it is being renewed. */
  | Refused
  /** Renew the session, because it has expired by our clock. */
  | { readonly _tag: "Expired"; readonly identity: Identity }
  /** Publish an event. `size` is the length of the text that the event was decoded from, if any. */
  | { readonly _tag: "Event"; readonly event: RequestEvent; readonly size: number | undefined }
  /** The replay is complete: the requests that waited when it began have been sent or have ended. */
  | { readonly _tag: "Replayed" }
  /** No request is in flight any more, after a call of `awaitIdle`. */
  | { readonly _tag: "Idle" }

const replayed: Action = { _tag: "Replayed" }
const idle: Action = { _tag: "Idle" }

const weigh = ({ encoded }: Call) => encoded.length

type Refusal = KuzzleError.ConnectError | KuzzleError.ConnectionEndedError

export class Requests {
  private readonly pending = new Pending<Call>()
  private readonly waiting = new Pending<Call>(weigh)
  private readonly replay = new Replay()
  private readonly actions = new Fifo<Action>()
  private count = 0
  private connected = false
  private admission: Admission = "Wait"
  /** The cause of the error when a request is refused. */
  private refusal: Refusal | undefined = undefined
  private idleAwaited = false
  private due = Infinity

  /** @param idPrefix makes the ids of this client differ from those of every other client */
  constructor(
    private readonly settings: Settings,
    private readonly idPrefix: string,
    private readonly session: Session
  ) {}

  poll(now: number): Action | undefined {
    for (;;) {
      const action = this.actions.shift() ?? this.nextOfReplay(now)
      if (action === undefined || action._tag !== "Call") return action
      if (this.maySend(action, now) && this.encode(action, now)) return action
    }
  }

  /** When to call `handleDue`. It may be too early, but never too late. `Infinity`: not before the next event. */
  nextDue(): number {
    return this.due
  }

  /** The number of requests in flight. */
  pendingCount(): number {
    return this.pending.size()
  }

  waitingCount(): number {
    return this.waiting.size()
  }

  isConnected(): boolean {
    return this.connected
  }

  /**
   * The size and the latest deadline of the requests in flight. It visits each of them, so it is not for the hot path.
   */
  unanswered(): InFlight {
    let bytes = 0
    let answerBy = -Infinity
    for (const { deadline, encoded } of this.pending.all()) {
      bytes += encoded.length
      answerBy = Math.max(answerBy, deadline)
    }
    return { bytes, answerBy }
  }

  submit(submission: Submission, now: number): Call {
    this.count += 1
    const isUnknown = isAnonymous(submission.options) || this.admission === "Hold"
    const user = isUnknown ? undefined : this.sender()
    const call = Calls.make(this.idPrefix + this.count, this.count, submission, now + submission.timeout, user)
    this.admit(call, now)
    return call
  }

  /** Drops a request whose caller was interrupted. Returns `false` if the request has already ended. */
  drop(call: Call): boolean {
    if (call.place === "Ended") return false
    const { place } = call
    call.place = "Ended"
    if (place === "InFlight") {
      this.pending.take(call.id)
      this.finished(call)
    } else if (place === "Waiting") this.waiting.take(call.id)
    return true
  }

  /** Reports that the socket has accepted the frame. */
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

  /**
   * Reports that the socket has refused the frame, because it is closing. A request that has waited keeps its place in
   * the queue until the connection has ended.
   */
  handleUnsent(call: Call, now: number): void {
    call.frame = ""
    call.paced = false
    if (call.place === "Waiting") this.endReplay()
    else this.offline(call, now)
  }

  /** Reports an answer. Returns its request, or `undefined` if no request with this id is in flight. */
  handleAnswer(id: string, frame: Frame, size: number, now: number): Call | undefined {
    const call = this.pending.take(id)
    if (call === undefined) return undefined
    call.place = "New"
    this.answered(call, Envelope.outcome(call, frame), size, now)
    this.finished(call)
    return call
  }

  /**
   * Reports an answer of more than `limit` bytes, which was not read. Returns `false` if no request with this id is in
   * flight.
   */
  handleTooLarge(id: string, limit: number): boolean {
    const call = this.pending.take(id)
    if (call === undefined) return false
    const { action, controller } = call
    this.end(call, Exit.fail(new KuzzleError.ResponseTooLargeError({ controller, action, limit })))
    this.finished(call)
    return true
  }

  /** Reports whether the session of a refused request is being renewed. If so, the request is sent once more. */
  handleRenewal({ call, outcome, size }: Refused, renewing: boolean, now: number): void {
    if (call.place === "Ended") return
    // A refused subscription is opened again with all the others by the registry.
    if (!renewing || call.kind === "Subscription" || call.refusal !== undefined) {
      return this.conclude(call, outcome, size, now)
    }
    call.refusal = outcome
    call.suspicion = Suspects.none
    this.admit(call, now)
  }

  /** Reports that a connection is open. */
  handleOpened(): void {
    this.connected = true
  }

  /**
   * Reports that the connection is lost. Every request in flight is settled now, or is queued again if it is
   * idempotent.
   */
  handleLost(cause: KuzzleError.ConnectionEndedError): void {
    this.connected = false
    this.refusal = cause
    this.replay.lost()
    const calls = this.pending.drain()
    const ended: Array<Call> = []
    const retried: Array<Call> = []
    for (const call of calls) {
      const suspicion = Calls.suspicionAfter(call, cause, calls.length === 1)
      if (suspicion === undefined) ended.push(call)
      else {
        call.paced = false
        call.suspicion = suspicion
        call.lost = cause
        retried.push(call)
      }
    }
    this.requeue(retried)
    this.settleLost(ended, cause)
    this.checkIdle()
  }

  /** Sets what happens to new requests and to those that wait. `cause` is the cause of a refusal. */
  handleAdmission(admission: Admission, cause: Refusal | undefined, now: number): void {
    // Requests that are already in the offline queue stay there.
    const isQueued = admission === "Queue" && this.admission === "Queue"
    this.admission = admission
    this.refusal = cause
    // A renewal interrupts the replay, too. The next one sends the rest.
    this.replay.end()
    if (admission !== "Send") this.replay.forgetPostponed()
    if (isQueued || this.waiting.size() === 0) return
    if (admission === "Send") this.release()
    else if (admission === "Queue" || admission === "Refuse") {
      this.waiting.drain().forEach((call) => this.offline(call, now))
    }
  }

  /**
   * Reports that the server has dropped a message of this connection because of the rate. It does not say which (spec
   * 1.7).
   */
  handleLimited(now: number): void {
    this.replay.limited(now)
  }

  /**
   * Reports that the user has changed or is known now. Waiting requests of another user end. Requests whose user was
   * unknown belong to this one.
   */
  handleUserChanged(): void {
    const user = this.session.current()?.user
    const sender = this.sender()
    for (const call of this.waiting.all()) {
      // The request was held for this user, or has waited for the first session.
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
      this.finished(call)
    }
    this.wakeAt(Math.min(this.waiting.nextDeadline(), this.pending.nextDeadline()))
  }

  /** Sends the waiting requests, in order and at the pace of the answers. */
  startReplay(): void {
    this.replay.begin(this.waiting.all())
  }

  /** Requests one `Idle`, as soon as no request is in flight. */
  awaitIdle(): void {
    this.idleAwaited = true
    this.checkIdle()
  }

  /** Decides what happens to a new request. */
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

  /**
   * Whether the request is still to be sent. It may have ended, or the admission may have changed, since it became an
   * action.
   */
  private maySend(call: Call, now: number): boolean {
    if (call.place !== "New" && call.place !== "Waiting") return false
    if (call.paced || call.kind !== "Call" || this.admission === "Send") return true
    if (call.place === "New") this.admit(call, now)
    return false
  }

  /** Makes the frame of a request. Returns `false` if the request has ended or waits. */
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

  /** Lets a request wait for the renewal of its session. */
  private expired(call: Call, identity: Identity): void {
    if (call.paced) {
      call.paced = false
      this.endReplay()
    }
    if (call.place === "New") this.wait(call)
    this.actions.push({ _tag: "Expired", identity })
  }

  /** The next request of the replay or of the postponed ones, if its time has come. */
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

  /** Ends the replay, because no waiting request can be sent now. The next replay sends the rest. */
  private endReplay(): void {
    this.replay.end()
    this.replay.forgetPostponed()
  }

  /** Removes a request from the queue. */
  private dequeue(call: Call): void {
    this.waiting.take(call.id)
    const { action, controller } = call
    if (call.paced) this.publish({ _tag: "Dequeued", controller, action })
  }

  /** Sends the waiting requests at once, except the postponed ones. */
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
    // The session has already changed, so no renewal is needed.
    else this.handleRenewal(refused, true, now)
  }

  private conclude(call: Call, outcome: Outcome, size: number, now: number): void {
    const error = errorOf(outcome)
    if (error !== undefined) {
      const { action, controller } = call
      // Only these errors come from an answer.
      if (KuzzleError.isApiError(error) || error._tag === "KuzzleProtocolError") {
        this.publish({ _tag: "QueryFailed", controller, action, error }, size)
      }
      if (call.paced && error._tag === "KuzzleTooManyRequestsError") return this.postpone(call, outcome, error, now)
    }
    this.end(call, outcome)
  }

  /** Lets a queued request wait for the next period, because the server refused it because of the rate. */
  private postpone(call: Call, outcome: Outcome, error: KuzzleError.RequestError, now: number): void {
    call.limited = outcome
    // This attempt does not count, because the server did not execute the request.
    call.sends -= 1
    call.suspicion = Suspects.none
    this.wait(call)
    const delay = Duration.millis(this.replay.postpone(call, now) - now)
    const { action, controller } = call
    this.publish({ _tag: "Postponed", controller, action, error, delay })
  }

  /**
   * Reports to a subscription that its answer is late. The request stays in flight, because the registry must know what
   * the server has done.
   */
  private awaitLateAnswer(call: Call, now: number): void {
    call.deadline = now + call.timeout
    this.pending.add(call.id, call)
    call.settle(Calls.tooLate(call, true))
  }

  /** Called when a request is no longer in flight. */
  private finished(call: Call): void {
    if (call.paced) {
      call.paced = false
      this.replay.finished()
    }
    this.checkIdle()
  }

  private checkIdle(): void {
    if (!this.idleAwaited || this.pending.size() > 0) return
    this.idleAwaited = false
    this.actions.push(idle)
  }

  /** Settles the requests that were in flight and are not sent again. */
  private settleLost(calls: ReadonlyArray<Call>, cause: KuzzleError.ConnectionEndedError): void {
    // All requests of the same action share one error, because making ten thousand errors would block the event loop.
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

  /** Puts requests back at the front of the queue. */
  private requeue(calls: ReadonlyArray<Call>): void {
    if (calls.length === 0) return
    const later = this.waiting.drain()
    calls.forEach((call) => this.wait(call))
    later.forEach((call) => this.wait(call))
  }

  /** The user of new requests. */
  private sender(): Call["user"] {
    return this.session.current()?.user ?? (this.session.toCome() ? undefined : nobody)
  }

  /** Queues or refuses a request, because there is no connection. */
  private offline(call: Call, now: number): void {
    const { queue } = this.settings
    if (queue === undefined || !call.queuable || this.admission === "Refuse") {
      // This also holds for a request that waits for a renewal. The server refused it for its session, so it was not
      // executed.
      this.discard(
        call,
        Calls.notSent(call, this.refusal ?? new KuzzleError.NotQueuedError({ reason: "NotConnected" }))
      )
    } else if (call.queued) this.wait(call)
    else this.enqueue(call, queue, now)
  }

  /** Puts a request into the offline queue. A request with invalid volatile data fails at once, not after the wait. */
  private enqueue(call: Call, { maxBytes, maxSize, ttl }: QueueSettings, now: number): void {
    const { action, controller, encoded, options } = call
    const part = this.session.sessionPart(options)
    if (typeof part !== "string") {
      return this.end(call, Exit.fail(new KuzzleError.EncodeError({ controller, action, issue: part.issue })))
    }
    const isFull = this.waiting.size() >= maxSize || this.waiting.weight() + encoded.length > maxBytes
    if (isFull) return this.notQueued(call, "Full")
    call.deadline = Math.min(call.answerBy, now + Duration.toMillis(ttl))
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

  /** Ends a request that cannot be sent. If the server has refused it before, that refusal is its outcome. */
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
