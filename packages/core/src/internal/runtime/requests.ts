/**
 * Performs what the requests' line (`protocol/requests.ts`) decides: gives frames to the socket, publishes events, sets the
 * timer. And the requests as effects.
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
import type { Connection } from "../../KuzzleSocket.ts"
import type { Asked, Call, Outcome, Settle } from "../protocol/call.ts"
import type { Credentials, Identity } from "../protocol/credentials.ts"
import * as Envelope from "../protocol/envelope.ts"
import type { Frame } from "../protocol/frame.ts"
import type { InFlight } from "../protocol/liveness.ts"
import * as Machine from "../protocol/requests.ts"
import type { Admission } from "../protocol/session.ts"
import * as Setting from "../setting.ts"
import * as Timer from "../timer.ts"
import * as Metrics from "./metrics.ts"

export type { Settle }

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
  readonly sessionExpired: (identity: Identity) => void
  /** `size` is the length of the text that the event was decoded from, if any. */
  readonly event: (event: Machine.RequestEvent, size?: number) => void
}

export const make = (
  { idPrefix, maxRequestSize, queue, requestTimeout }: Settings,
  credentials: Credentials,
  clock: Clock.Clock,
  listener: Listener
): Effect.Effect<Requests, never, Scope.Scope> =>
  Effect.gen(function*() {
    const defaultTimeout = Duration.toMillis(requestTimeout)
    const machine = new Machine.Requests(
      { idPrefix, maxRequestSize, queue: queue && { ...queue, ttl: Duration.toMillis(queue.ttl) } },
      {
        current: () => credentials.current(),
        over: () => credentials.over(),
        sessionPart: (options) => credentials.sessionPart(options),
        toCome: listener.sessionToCome,
        wallMillis: () => clock.unsafeCurrentTimeMillis()
      }
    )
    const wakeAt = yield* Timer.makeEarliest(() => {
      const now = Timer.now(clock)
      machine.handleDue(now)
      drive(now)
    })
    let connection: Connection | undefined
    let driving = false
    let onReplayed = () => {}
    let onIdle = () => {}
    /** As the metrics have them. */
    let inFlight = 0
    let waiting = 0

    /** Does what is to be done now. What is called meanwhile may add to it. */
    function drive(now: number) {
      if (driving) return
      driving = true
      try {
        for (let action = machine.poll(now); action !== undefined; action = machine.poll(now)) {
          if (action._tag === "Call") send(action, now)
          else perform(action, now)
        }
      } finally {
        driving = false
      }
      measure()
      wakeAt(machine.nextDue())
    }

    function send(call: Call, now: number) {
      if (connection?.unsafeSend(call.frame) === true) machine.handleSent(call, now)
      else machine.handleUnsent(call, now)
    }

    function perform(action: Exclude<Machine.Action, Call>, now: number) {
      switch (action._tag) {
        case "Event":
          return listener.event(action.event, action.size)
        case "Expired":
          return listener.sessionExpired(action.identity)
        case "Refused":
          return machine.handleRenewal(action, listener.sessionDied(action.identity), now)
        case "Replayed":
          return onReplayed()
        case "Idle":
          return onIdle()
      }
    }

    function measure() {
      const [pendingNow, waitingNow] = [machine.pendingCount(), machine.waitingCount()]
      if (pendingNow !== inFlight) Metrics.inFlight(pendingNow - inFlight)
      if (waitingNow !== waiting) Metrics.queued(waitingNow - waiting)
      inFlight = pendingNow
      waiting = waitingNow
    }

    function submit(asked: Asked): Call {
      const now = Timer.now(clock)
      const call = machine.submit(asked, now)
      drive(now)
      return call
    }

    function drop(call: Call) {
      if (machine.drop(call)) drive(Timer.now(clock))
    }

    function start(
      request: Envelope.KuzzleRequest,
      options: Envelope.RequestOptions | undefined,
      settle: Settle,
      kind: "Call" | "Renewal"
    ): Call | undefined {
      const encoded = Envelope.encode(request)
      if (encoded instanceof KuzzleError.EncodeError) {
        settle(Exit.fail(encoded))
        return undefined
      }
      const { action, controller } = request
      const timeout = timeoutOf(options, defaultTimeout)
      if (timeout === undefined) {
        settle(Exit.fail(new KuzzleError.EncodeError({ controller, action, issue: notADuration(options) })))
        return undefined
      }
      const queuable = queue !== undefined && kind === "Call" && options?.queuable !== false && queue.filter(request)
      const text = typeof encoded === "string" ? encoded : encoded.text
      return submit({ controller, action, encoded: text, options, timeout, kind, queuable, settle })
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
              const settle: Settle = (outcome) => {
                outcomes[position] = outcome
                settled()
              }
              const call = start(request, options, settle, "Call")
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
        const timeout = defaultTimeout
        const kind = "Subscription"
        const call = submit({ controller, action, encoded, options, timeout, kind, queuable: false, settle })
        return () => drop(call)
      },

      response: (id, frame, size) => {
        const now = Timer.now(clock)
        const call = machine.handleAnswer(id, frame, size, now)
        if (call === undefined) return false
        Metrics.answered(now - call.sentAt)
        drive(now)
        return true
      },

      tooLarge: (id, limit) => {
        const isPending = machine.handleTooLarge(id, limit)
        if (isPending) drive(Timer.now(clock))
        return isPending
      },

      attach: (opened) => {
        connection = opened
        machine.handleOpened()
      },

      admit: (admission, cause) => {
        const now = Timer.now(clock)
        machine.handleAdmission(admission, cause, now)
        drive(now)
      },

      replay: (done) => {
        onReplayed = done
        machine.startReplay()
        drive(Timer.now(clock))
      },

      whenIdle: (done) => {
        onIdle = done
        machine.awaitIdle()
        drive(Timer.now(clock))
      },

      userChanged: () => {
        machine.handleUserChanged()
        drive(Timer.now(clock))
      },

      detach: (cause) => {
        connection = undefined
        machine.handleLost(cause)
        drive(Timer.now(clock))
      },

      limited: () => machine.handleLimited(Timer.now(clock)),

      attached: () => machine.isConnected(),

      inFlight: () => machine.pendingCount() + machine.waitingCount(),

      waiting: () => machine.waitingCount(),

      unanswered: () => machine.unanswered()
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
