/**
 * Requests and their answers: every one ends exactly once, with a result, a typed error or by interruption, and leaves
 * no trace (promises R1 to R8).
 *
 * This is the hot path. Measured per request: a `Deferred` 8 to 13 µs, `Effect.timeout` 30 to 55 µs, a forked fiber 8 to
 * 17 µs, `Effect.async` 1 to 2 µs; hence one `Effect.async`, one `Map` and one timer for the deadlines of all.
 */
import type * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import * as KuzzleError from "../../KuzzleError.ts"
import type { StoredRequest } from "../../KuzzleQueueStore.ts"
import type { Connection } from "../../KuzzleSocket.ts"
import * as Envelope from "../protocol/envelope.ts"
import type { Frame } from "../protocol/frame.ts"
import type { InFlight } from "../protocol/liveness.ts"
import { Pace } from "../protocol/pace.ts"
import * as Pending from "../protocol/pending.ts"
import type { Admission } from "../protocol/session.ts"
import * as Sender from "../sender.ts"
import * as Setting from "../setting.ts"
import * as Timer from "../timer.ts"
import { canSendAs, type Credentials, type Identity, isAnonymous } from "./credentials.ts"
import * as Metrics from "./metrics.ts"

export type Outcome = Exit.Exit<Envelope.KuzzleResponse, KuzzleError.RequestError>

/** What a request has failed with. */
export const errorOf = (outcome: Outcome): KuzzleError.RequestError | undefined =>
  outcome._tag === "Failure" && outcome.cause._tag === "Fail" ? outcome.cause.error : undefined

export type Settle = (outcome: Outcome) => void

/** The user of a request that was made while nobody was logged in. */
const nobody = Symbol("nobody")

/** A request from its submission to its end. */
interface Call extends Pending.Entry {
  deadline: number
  readonly id: string
  /** Its position among all requests of this client. */
  readonly nth: number
  readonly controller: string
  readonly action: string
  readonly timeout: number
  /** When the caller must have an answer; `deadline` comes before it where the offline queue's patience ends earlier. */
  readonly answerBy: number
  /** The caller's part of the envelope. */
  readonly encoded: string
  readonly options: Envelope.RequestOptions | undefined
  readonly settle: Settle
  /** Whose: a caller's, the session's own that nobody else waits for (subscriptions), or one that renews the session. */
  readonly kind: "Call" | "Subscription" | "Renewal"
  /** Whether the offline queue may keep it. */
  readonly queuable: boolean
  /** It contains a value that the caller had `Redacted`, so it must not be stored. */
  readonly secret: boolean
  /**
   * Who asked. It is never sent as anybody else, and what nobody asked is never sent as a user. `undefined` until it is
   * known: the request was made while a user logged in, or it waits for the session that the client starts with.
   */
  user: string | typeof nobody | undefined
  /** The session it was sent with. */
  identity: Identity | undefined
  /** The server's word that this session is dead; it is answered once more after the renewal, not twice. */
  refusal: Outcome | undefined
  /** How often it was written to a connection. */
  writes: number
  /** When it was last. */
  sentAt: number
  /** It makes way for the next one of the queue when it is settled. */
  paced: boolean
  /** The offline queue has it: it was told to, and how long it may stay is settled. */
  queued: boolean
  /** The store has it, until it is settled or, where it must not be sent twice, about to be sent. */
  stored: boolean
  /** The server's refusal because of the rate (429): it was not executed, and is sent again before its deadline. */
  limited: Outcome | undefined
  /** How a connection ended that may have carried it out; it waits for the next one, since twice does no harm. */
  lost: KuzzleError.ConnectionEnded | undefined
}

export interface Requests {
  readonly query: (
    request: Envelope.KuzzleRequest,
    options?: Envelope.RequestOptions
  ) => Effect.Effect<Envelope.KuzzleResponse, KuzzleError.RequestError>
  readonly queryMany: (
    requests: Iterable<Envelope.KuzzleRequest>,
    options?: Envelope.RequestOptions
  ) => Effect.Effect<ReadonlyArray<Outcome>>
  /** The same past the gate, for what renews the session; it is neither queued nor sent a second time. */
  readonly urgent: Requests["query"]
  /**
   * Sends an encoded request past the gate: the session's own, that make it ready. It is settled again when an answer
   * comes after the deadline, another deadline passes, or the connection ends: what the server has done must be known.
   * What it gives forgets the request: nothing is settled any more.
   */
  readonly unsafeSend: (
    controller: string,
    action: string,
    encoded: string,
    options: Envelope.RequestOptions | undefined,
    settle: Settle
  ) => () => void
  /** A reply; `false` when no request of this id is pending on this connection. */
  readonly response: (id: string, frame: Frame, size: number) => boolean
  /**
   * The answer is larger than `limit` bytes and was not read. Returns `false` when no request of this id is pending.
   */
  readonly tooLarge: (id: string, limit: number) => boolean
  /** From now on this connection carries the requests. */
  readonly attach: (connection: Connection) => void
  /** What becomes of the requests that are submitted, and of those that wait. `cause` explains a refusal. */
  readonly admit: (admission: Admission, cause?: KuzzleError.ConnectError | KuzzleError.ConnectionEnded) => void
  /** Sends what waits, in order and at the pace of the answers; `done` once the last of what waits now is on its way. */
  readonly replay: (done: () => void) => void
  /** Takes up what an earlier client has left, in order; of other users than this one when they log in. */
  readonly restore: (stored: ReadonlyArray<StoredRequest>) => void
  /** Calls once when nothing is on its way any more. */
  readonly whenIdle: (idle: () => void) => void
  /**
   * The user has changed. Waiting requests of another user end. Requests whose user was not known yet belong to this one.
   */
  readonly userChanged: () => void
  /** The connection is gone: every request that was on it settles now, or is queued again if that is harmless. */
  readonly detach: (cause: KuzzleError.ConnectionEnded) => void
  /** The server has dropped a message of this connection because of the rate, without saying which (spec 1.7). */
  readonly limited: () => void
  readonly attached: () => boolean
  readonly inFlight: () => number
  readonly waiting: () => number
  /** The requests in flight on this connection. Visits each of them, so it is not for the hot path. */
  readonly unanswered: () => InFlight
}

/** What is kept while there is no connection. */
export interface QueueSettings {
  readonly maxSize: number
  readonly maxBytes: number
  readonly ttl: Duration.Duration
  readonly filter: (request: Envelope.KuzzleRequest) => boolean
}

export interface Settings {
  readonly requestTimeout: Duration.Duration
  readonly maxRequestSize: number
  readonly queue: QueueSettings | undefined
  /** Makes the ids of this client differ from those of every other. */
  readonly idPrefix: string
}

/** What requests tell the session. */
export interface Listener {
  /** The server knows this session no more. Whether it is being renewed, so that waiting is worth it. */
  readonly sessionDied: (identity: Identity) => boolean
  /** Whether the client has yet to find out who it is: requests wait for that session, and are its user's. */
  readonly sessionToCome: () => boolean
  /** Our clock says that it is over. */
  readonly sessionExpired: (identity: Identity) => boolean
  /** `size` is the length of the text that the event was decoded from, if any. */
  readonly event: (event: RequestEvent, size?: number) => void
}

/** What keeps the queue beyond the life of the client; it does one thing after the other, in order. */
export interface Store {
  readonly add: (stored: StoredRequest) => void
  readonly remove: (id: string) => void
  /** Calls `then` when all that was asked for before is done. */
  readonly after: (then: () => void) => void
}

/** What befalls single requests, for who watches (spec 3.8). */
export type RequestEvent =
  | { readonly _tag: "Queued"; readonly controller: string; readonly action: string }
  | { readonly _tag: "Dequeued"; readonly controller: string; readonly action: string }
  /** Kuzzle refused a subscription, or a queued request, for now. It is sent again after about `delayMillis`. */
  | {
    readonly _tag: "Postponed"
    readonly controller: string
    readonly action: string
    readonly error: KuzzleError.RequestError
    readonly delayMillis: number
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
  /** The request contains a secret, so it waits in memory only. */
  | { readonly _tag: "QueueStoreFailed"; readonly error: KuzzleError.QueueStoreError }

/** How many replayed requests are on their way at once: enough to fill the link, too few to drown the server. */
const replayWindow = 32

/** A request that is declared idempotent is written to so many connections at most (promise R6). */
const maxWrites = 4

/** The replay of the queue. */
interface Replay {
  /** A request that was sent has settled. */
  readonly next: () => void
  /** Sends the requests that may be sent now. */
  readonly advance: () => void
}

export const make = (
  settings: Settings,
  credentials: Credentials,
  clock: Clock.Clock,
  listener: Listener,
  store?: Store
): Effect.Effect<Requests, never, Scope.Scope> =>
  Effect.gen(function*() {
    const defaultTimeout = Duration.toMillis(settings.requestTimeout)
    const { queue } = settings
    const pending = Pending.make<Call>(Metrics.inFlight)
    const waiting = Pending.make<Call>(Metrics.queued, ({ encoded }) => encoded.length)
    const timer = yield* Timer.make(sweep)
    let armedAt = Infinity
    let count = 0
    let connection: Connection | undefined
    let admission: Admission = "Wait"
    let refusal: KuzzleError.ConnectError | KuzzleError.ConnectionEnded | undefined
    let replay: Replay | undefined
    /** The pace of the replay. */
    const pace = new Pace()
    /**
     * The queued requests that the server refused because of the rate. They keep their place at the head of the queue.
     */
    let postponed: Array<Call> = []
    let idle: (() => void) | undefined
    /** What an earlier client has left, of users who are not logged in. */
    let parked: Array<Call> = []

    function sweep() {
      const now = Timer.now(clock)
      for (const call of waiting.expire(now)) {
        if (call.deadline < call.answerBy) notQueued(call, "Expired")
        else tooLate(call, false)
      }
      for (const call of pending.expire(now)) {
        if (call.kind === "Subscription") {
          call.deadline = now + call.timeout
          pending.add(call.id, call)
        }
        tooLate(call, true)
        left(call)
      }
      armedAt = Infinity
      arm(Math.min(waiting.nextDeadline(), pending.nextDeadline()))
      if (replay !== undefined) replay.advance()
      else sendPostponed()
    }

    function arm(deadline: number) {
      if (deadline >= armedAt) return
      armedAt = deadline
      timer.at(deadline)
    }

    function settle(call: Call, outcome: Outcome) {
      if (call.stored) {
        call.stored = false
        store?.remove(call.id)
      }
      call.settle(outcome)
    }

    function tooLate(call: Call, sent: boolean) {
      const { action, controller, timeout } = call
      // Its outcome is known.
      if (!sent && call.limited !== undefined) return settle(call, call.limited)
      settle(
        call,
        Exit.fail(
          new KuzzleError.DeadlineError({
            controller,
            action,
            timeout: Duration.millis(timeout),
            sent: sent || call.lost !== undefined
          })
        )
      )
    }

    function notSent(call: Call) {
      const { action, controller } = call
      const cause = refusal ?? new KuzzleError.NotQueued({ reason: "NotConnected" })
      // The next client goes on where this one was closed.
      if (cause._tag === "KuzzleConnectionEnded" && cause.by === "Released") call.stored = false
      // One that the server has refused for a dead session, and that waits for the renewal, was not executed either.
      discard(call, new KuzzleError.NotSentError({ controller, action, cause }))
    }

    function cannotBeSent(call: Call, issue: string) {
      const { action, controller } = call
      settle(call, Exit.fail(new KuzzleError.EncodeError({ controller, action, issue })))
    }

    function notQueued(call: Call, reason: KuzzleError.NotQueued["reason"]) {
      // The server has refused it: that is what became of it, for all that is known.
      if (call.refusal !== undefined) return settle(call, call.refusal)
      const { action, controller } = call
      discard(
        call,
        new KuzzleError.NotSentError({ controller, action, cause: new KuzzleError.NotQueued({ reason }) })
      )
    }

    function discard(call: Call, reason: KuzzleError.RequestError) {
      const { action, controller, lost } = call
      const error = lost === undefined ? reason : new KuzzleError.MaybeSentError({ controller, action, cause: lost })
      listener.event({ _tag: "Discarded", controller, action, error })
      settle(call, Exit.fail(error))
    }

    function makeCall(
      controller: string,
      action: string,
      encoded: string,
      options: Envelope.RequestOptions | undefined,
      settle: Settle,
      timeout: number,
      kind: Call["kind"],
      queuable: boolean,
      secret = false
    ): Call {
      count += 1
      const deadline = Timer.now(clock) + timeout
      return {
        id: settings.idPrefix + count,
        nth: count,
        controller,
        action,
        timeout,
        deadline,
        answerBy: deadline,
        encoded,
        options,
        settle,
        kind,
        queuable,
        secret,
        user: isAnonymous(options) || admission === "Hold" ? undefined : sender(),
        identity: undefined,
        refusal: undefined,
        writes: 0,
        sentAt: 0,
        paced: false,
        queued: false,
        stored: false,
        limited: undefined,
        lost: undefined
      }
    }

    /** Whose requests are made now. */
    function sender(): Call["user"] {
      return credentials.current()?.user ?? (listener.sessionToCome() ? undefined : nobody)
    }

    function submit(call: Call) {
      switch (admission) {
        case "Send":
          return transmit(call)
        case "Wait":
        case "Hold":
          return wait(call)
        case "Queue":
        case "Refuse":
          return offline(call)
      }
    }

    /** There is no connection. */
    function offline(call: Call) {
      if (queue === undefined || !call.queuable || admission === "Refuse") notSent(call)
      else if (call.queued || call.stored) wait(call)
      else enqueue(call, queue)
    }

    function wait(call: Call) {
      waiting.add(call.id, call)
      arm(call.deadline)
    }

    /** What would be refused when it is sent must not wait for that first, nor reach the store. */
    function enqueue(call: Call, { maxBytes, maxSize, ttl }: QueueSettings) {
      const part = credentials.sessionPart(call.options)
      if (typeof part !== "string") return cannotBeSent(call, part.issue)
      if (waiting.size() >= maxSize || waiting.weight() + call.encoded.length > maxBytes) return notQueued(call, "Full")
      call.deadline = Math.min(call.answerBy, Timer.now(clock) + Duration.toMillis(ttl))
      const { action, controller } = call
      call.queued = true
      listener.event({ _tag: "Queued", controller, action })
      keep(call)
      wait(call)
    }

    function keep(call: Call) {
      if (store === undefined || call.stored) return
      const { action, controller, encoded, id, options, user } = call
      if (call.secret) {
        const issue =
          `${controller}:${action} contains a secret, so it waits in memory only and is lost if the client ends first`
        const error = new KuzzleError.QueueStoreError({ operation: "add", reason: "Secret", issue })
        return listener.event({ _tag: "QueueStoreFailed", error })
      }
      call.stored = true
      const { anonymous = false, idempotent = false, volatile } = options ?? {}
      const queuedAt = clock.unsafeCurrentTimeMillis()
      const sender = user === nobody ? { user: undefined, anonymous: true } : { user, anonymous }
      store.add({ id, controller, action, encoded, volatile, idempotent, ...sender, queuedAt })
    }

    /** Nobody may find it in the store once it is sent, but where sending it twice is harmless. */
    function release(call: Call, then: () => void) {
      if (store === undefined) return then()
      if (call.stored && call.options?.idempotent !== true) {
        call.stored = false
        store.remove(call.id)
      }
      store.after(then)
    }

    function transmit(call: Call) {
      const { action, controller, kind } = call
      // Without a session there is nothing to leave out. (This is the hot path of clients that never log in.)
      const isNobodys = kind === "Call" && call.user === nobody && credentials.current() !== undefined
      const options = isNobodys ? { ...call.options, as: Sender.nobody } : call.options
      if (options?.as !== undefined && !canSendAs(options.as, credentials.current())) {
        return notQueued(call, "OtherUser")
      }
      const anonymous = isAnonymous(options)
      const identity = anonymous ? undefined : credentials.current()
      if (kind === "Call" && !anonymous) {
        if (typeof call.user === "string" && call.user !== identity?.user) return notQueued(call, "OtherUser")
        const over = credentials.over()
        if (over !== undefined) {
          return call.refusal === undefined
            ? discard(call, new KuzzleError.UnauthenticatedError({ controller, action, cause: over }))
            : settle(call, call.refusal)
        }
        // A token known to be expired is not sent (promise A1): the session is renewed first.
        if (
          identity?.expiresAt !== undefined && identity.expiresAt <= clock.unsafeCurrentTimeMillis() &&
          listener.sessionExpired(identity)
        ) return wait(call)
      }
      const part = credentials.sessionPart(options)
      if (typeof part !== "string") return cannotBeSent(call, part.issue)
      const frame = Envelope.complete(call.encoded, part, call.id)
      const tooLarge = Envelope.tooLarge(call, frame, settings.maxRequestSize)
      if (tooLarge !== undefined) return settle(call, Exit.fail(tooLarge))
      if (connection === undefined || !connection.unsafeSend(frame)) return offline(call)
      call.identity = identity
      call.writes += 1
      call.sentAt = Timer.now(clock)
      call.queued = false
      call.deadline = call.answerBy
      pending.add(call.id, call)
      arm(call.deadline)
    }

    /** It is on its way no more. */
    function left(call: Call) {
      if (call.paced) {
        call.paced = false
        replay?.next()
      }
      if (idle !== undefined && pending.size() === 0) {
        const done = idle
        idle = undefined
        done()
      }
    }

    /** They were first, and stay so. */
    function again(calls: ReadonlyArray<Call>) {
      if (calls.length === 0) return
      for (const call of [...calls, ...waiting.drain()]) waiting.add(call.id, call)
      arm(waiting.nextDeadline())
    }

    /** The caller went away: nothing of the request stays. */
    function drop(call: Call) {
      if (call.stored) {
        call.stored = false
        store?.remove(call.id)
      }
      if (pending.take(call.id) === undefined) waiting.take(call.id)
      else left(call)
    }

    function answered(call: Call, outcome: Outcome, size: number) {
      const error = errorOf(outcome)
      if (error !== undefined) {
        if (call.identity !== undefined && call.kind !== "Renewal" && KuzzleError.isTokenDead(error)) {
          if (refused(call, call.identity, outcome)) return
        }
        // What an answer can be decoded to.
        if (KuzzleError.isApiError(error) || error._tag === "KuzzleProtocolError") {
          listener.event({ _tag: "QueryFailed", controller: call.controller, action: call.action, error }, size)
        }
        if (call.paced && error._tag === "KuzzleTooManyRequestsError") return postpone(call, outcome, error)
      }
      settle(call, outcome)
    }

    /** The server refused this queued request because of the rate: it waits for the next period. */
    function postpone(call: Call, outcome: Outcome, error: KuzzleError.RequestError) {
      const now = Timer.now(clock)
      pace.refused(now)
      call.limited = outcome
      // This try does not count, because the server did not execute it.
      call.writes -= 1
      postponed.push(call)
      postponed.sort((a, b) => a.nth - b.nth)
      keep(call)
      wait(call)
      const { action, controller } = call
      listener.event({ _tag: "Postponed", controller, action, error, delayMillis: pace.nextAt(now) - now })
      isTime()
    }

    /** Whether the pace allows another request now. If not, the replay continues when it does. */
    function isTime(): boolean {
      const now = Timer.now(clock)
      const at = pace.nextAt(now)
      if (at > now) arm(at)
      return at <= now
    }

    /** The refused requests, once the rest is sent. */
    function sendPostponed() {
      while (admission === "Send" && postponed.length > 0 && isTime()) {
        const call = postponed.shift()!
        pace.took(Timer.now(clock))
        release(call, () => {
          if (admission !== "Send" || waiting.take(call.id) === undefined) return
          call.paced = true
          transmit(call)
        })
      }
    }

    /** The server knows the session of this request no more. `true`: the request has been taken care of. */
    function refused(call: Call, identity: Identity, outcome: Outcome): boolean {
      const renewing = identity !== credentials.current() || listener.sessionDied(identity)
      // A subscription's is opened again with all the others (the registry knows which answers are of the past).
      if (!renewing || call.kind === "Subscription" || call.refusal !== undefined) return false
      call.refusal = outcome
      submit(call)
      return true
    }

    function start(
      request: Envelope.KuzzleRequest,
      options: Envelope.RequestOptions | undefined,
      settle: Settle,
      kind: "Call" | "Renewal" = "Call"
    ): Call | undefined {
      const encoded = Envelope.encode(request)
      if (encoded instanceof KuzzleError.EncodeError) {
        settle(Exit.fail(encoded))
        return undefined
      }
      const { action, controller } = request
      const secret = typeof encoded !== "string"
      const timeout = timeoutOf(options, defaultTimeout)
      if (timeout === undefined) {
        settle(Exit.fail(new KuzzleError.EncodeError({ controller, action, issue: notADuration(options) })))
        return undefined
      }
      const queuable = queue !== undefined && kind === "Call" && options?.queuable !== false && queue.filter(request)
      const call = makeCall(
        controller,
        action,
        secret ? encoded.text : encoded,
        options,
        settle,
        timeout,
        kind,
        queuable,
        secret
      )
      if (kind === "Renewal") transmit(call)
      else submit(call)
      return call
    }

    // `Effect.async` with a canceller would do: this is the same at two fifths of its 5 µs.
    const one = (
      request: Envelope.KuzzleRequest,
      options: Envelope.RequestOptions | undefined,
      kind: "Call" | "Renewal"
    ): Effect.Effect<Envelope.KuzzleResponse, KuzzleError.RequestError> =>
      Effect.uninterruptibleMask((restore) => {
        let call: Call | undefined
        const answer = Effect.async<Envelope.KuzzleResponse, KuzzleError.RequestError>((resume) => {
          call = start(request, options, resume, kind)
        })
        return Effect.matchCauseEffect(restore(answer), {
          onFailure: (cause) => {
            if (call !== undefined) drop(call)
            return Effect.failCause(cause)
          },
          onSuccess: Effect.succeed
        })
      })

    return {
      query: (request, options) => one(request, options, "Call"),

      urgent: (request, options) => one(request, options, "Renewal"),

      queryMany: (requests, options) =>
        Effect.async((resume) => {
          const outcomes: Array<Outcome> = []
          const calls: Array<Call> = []
          let left = 1
          const settled = () => {
            left -= 1
            if (left === 0) resume(Effect.succeed(outcomes))
          }
          const submitAll = () => {
            let index = 0
            for (const request of requests) {
              const position = index++
              left += 1
              const call = start(request, options, (outcome) => {
                outcomes[position] = outcome
                settled()
              })
              if (call !== undefined) calls.push(call)
            }
          }
          try {
            submitAll()
          } catch (defect) {
            // The iterable is the caller's: when it throws, nothing of what it gave so far stays behind.
            calls.forEach(drop)
            resume(Effect.die(defect))
            return
          }
          settled()
          return Effect.sync(() => calls.forEach(drop))
        }),

      unsafeSend: (controller, action, encoded, options, settle) => {
        const call = makeCall(controller, action, encoded, options, settle, defaultTimeout, "Subscription", false)
        transmit(call)
        return () => drop(call)
      },

      response: (id, frame, size) => {
        const call = pending.take(id)
        if (call === undefined) return false
        Metrics.answered(Timer.now(clock) - call.sentAt)
        answered(call, Envelope.outcome(call, frame), size)
        left(call)
        return true
      },

      tooLarge: (id, limit) => {
        const call = pending.take(id)
        if (call === undefined) return false
        const { action, controller } = call
        settle(call, Exit.fail(new KuzzleError.ResponseTooLargeError({ controller, action, limit })))
        left(call)
        return true
      },

      attach: (opened) => {
        connection = opened
      },

      admit: (now, cause) => {
        admission = now
        refusal = cause
        // Also where it is only interrupted, by a renewal.
        replay = undefined
        const late = now === "Send" ? new Set(postponed) : undefined
        if (late === undefined) postponed = []
        if (now === "Wait" || now === "Hold") return
        const handle = now === "Send" ? transmit : offline
        if (waiting.size() > 0) { for (const call of waiting.drain()) (late?.has(call) === true ? wait : handle)(call) }
      },

      replay: (done) => {
        const calls = waiting.all()
        // The answer to one of these may have ended the last connection. If they are sent one at a time, it fails only
        // its own request.
        const window = calls.some(({ lost }) => lost?.by === "Oversized") ? 1 : replayWindow
        let position = 0
        let underWay = 0
        let releasing = 0
        const next = () => {
          underWay -= 1
          advance()
        }
        const left = () => postponed.length > 0 || position < calls.length
        const self: Replay = { next, advance: () => advance() }
        const dequeue = (call: Call) => {
          listener.event({ _tag: "Dequeued", controller: call.controller, action: call.action })
          call.paced = true
          transmit(call)
          if (pending.has(call.id)) return
          // It came to nothing and was settled, or nothing can be sent any more: then it is the first still.
          if (call.paced) underWay -= 1
          call.paced = false
          if (waiting.take(call.id) === undefined) return
          replay = undefined
          again([call])
        }
        /** One send may fail on the spot, and settle, and so on: a loop, not a recursion. */
        let advancing = false
        const advance = () => {
          if (advancing || replay !== self) return
          advancing = true
          while (underWay < window && left() && replay === self && isTime()) {
            const call = postponed.shift() ?? calls[position++]!
            // Interrupted or too late by now.
            if (!waiting.has(call.id)) continue
            pace.took(Timer.now(clock))
            underWay += 1
            releasing += 1
            release(call, () => {
              releasing -= 1
              // The store took its time: the connection may be gone, or the caller.
              if (replay !== self) return
              if (waiting.take(call.id) === undefined) underWay -= 1
              else dequeue(call)
              advance()
            })
          }
          advancing = false
          if (left() || releasing > 0 || replay !== self) return
          replay = undefined
          done()
        }
        replay = self
        advance()
      },

      restore: (stored) => {
        const user = credentials.current()?.user
        const now = clock.unsafeCurrentTimeMillis()
        const ttl = Duration.toMillis(queue?.ttl ?? Duration.zero)
        for (
          const { action, anonymous, controller, encoded, id, idempotent, queuedAt, user: whose, volatile } of stored
        ) {
          const options = { idempotent, anonymous, volatile }
          // Nobody waits for its answer any more; the events tell what becomes of it.
          const call: Call = {
            ...makeCall(controller, action, encoded, options, () => {}, defaultTimeout + ttl, "Call", true),
            id,
            user: whose,
            stored: true
          }
          const left = queuedAt + ttl - now
          if (left <= 0) {
            notQueued(call, "Expired")
            continue
          }
          call.deadline = Timer.now(clock) + left
          if (whose === undefined || whose === user) wait(call)
          else parked.push(call)
        }
      },

      whenIdle: (done) => {
        if (pending.size() === 0) done()
        else idle = done
      },

      userChanged: () => {
        const user = credentials.current()?.user
        const theirs = parked.filter((call) => call.user === user)
        parked = parked.filter((call) => call.user !== user)
        for (const call of theirs) {
          if (call.deadline > Timer.now(clock)) submit(call)
          else notQueued(call, "Expired")
        }
        const now = sender()
        for (const call of waiting.all()) {
          // The user for whom it was held, or whose session it has waited for.
          if (call.user === undefined && !isAnonymous(call.options)) call.user = now
          if (typeof call.user === "string" && call.user !== user) {
            waiting.take(call.id)
            notQueued(call, "OtherUser")
          }
        }
      },

      detach: (cause) => {
        connection = undefined
        refusal = cause
        replay = undefined
        // One error for all requests of a kind: capturing ten thousand stacks would hold up the turn they settle in.
        const errors = new Map<string, Outcome>()
        const idempotent: Array<Call> = []
        const calls = pending.drain()
        // If it was the only request when a large frame ended the connection, it would get the same answer again.
        const hopeless = cause.by === "Released" || cause.by === "Oversized" && calls.length === 1
        for (const call of calls) {
          if (call.queuable && call.options?.idempotent === true && call.writes < maxWrites && !hopeless) {
            call.paced = false
            call.lost = cause
            idempotent.push(call)
            continue
          }
          const { action, controller } = call
          const kind = `${controller}:${action}`
          let outcome = errors.get(kind)
          if (outcome === undefined) {
            outcome = Exit.fail(new KuzzleError.MaybeSentError({ controller, action, cause }))
            errors.set(kind, outcome)
          }
          settle(call, outcome)
        }
        if (idle !== undefined) {
          const done = idle
          idle = undefined
          done()
        }
        again(idempotent)
      },

      limited: () => {
        if (replay !== undefined || postponed.length > 0) pace.refused(Timer.now(clock))
      },

      attached: () => connection !== undefined,

      inFlight: () => pending.size() + waiting.size(),

      waiting: () => waiting.size(),

      unanswered: () => {
        let bytes = 0
        let answerBy = -Infinity
        for (const call of pending.all()) {
          bytes += call.encoded.length
          answerBy = Math.max(answerBy, call.deadline)
        }
        return { bytes, answerBy }
      }
    }
  })

/** The error for an invalid `timeout` of a request. */
export const notADuration = (options: Envelope.RequestOptions | undefined): string =>
  `timeout is ${Setting.written(options?.timeout)}: ${Setting.aDuration}`

/** Milliseconds, `Infinity` for none; `undefined` when it is no duration. */
export const timeoutOf = (options: Envelope.RequestOptions | undefined, otherwise: number): number | undefined => {
  const given = options?.timeout
  if (given === undefined) return otherwise
  if (Number.isNaN(given)) return undefined
  return Option.getOrUndefined(Option.map(Duration.decodeUnknown(given), Duration.toMillis))
}
