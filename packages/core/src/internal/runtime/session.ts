/**
 * The shell around the session machine: one supervised fiber that does what the state asks for and reports what
 * happened. It owns the socket, one at a time; closing the scope ends everything.
 */
import * as Cause from "effect/Cause"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as FiberId from "effect/FiberId"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import type * as Stream from "effect/Stream"
import { type Headers, type Settings, unsettled } from "../../KuzzleConfig.ts"
import {
  ConnectError,
  ConnectionEnded,
  type InvalidSettingError,
  NotSentError,
  type TokenStoreError
} from "../../KuzzleError.ts"
import { KuzzleHeartbeat } from "../../KuzzleHeartbeat.ts"
import { KuzzleLifecycle } from "../../KuzzleLifecycle.ts"
import * as KuzzleSchedule from "../../KuzzleSchedule.ts"
import { type Connection, type HandshakeHeaders, KuzzleSocket, type Sink } from "../../KuzzleSocket.ts"
import { shown } from "../endpoint.ts"
import { oversized } from "../oversized.ts"
import { Credentials } from "../protocol/credentials.ts"
import { roomAtEnd } from "../protocol/frame.ts"
import type { AuthenticationEvent, ClientAction } from "../protocol/identity.ts"
import { overRate } from "../protocol/listening.ts"
import type * as Renewal from "../protocol/renewal.ts"
import type { RequestEvent } from "../protocol/requests.ts"
import { type Receivers, route, type Unroutable } from "../protocol/route.ts"
import * as Machine from "../protocol/session.ts"
import { randomId } from "../randomId.ts"
import * as RetryAfter from "../retryAfter.ts"
import { onClose } from "../scoped.ts"
import * as Timer from "../timer.ts"
import { Broadcast } from "./broadcast.ts"
import { Delays } from "./delays.ts"
import * as Exchanges from "./exchanges.ts"
import * as Fork from "./fork.ts"
import * as Heartbeat from "./heartbeat.ts"
import type { Keeper } from "./keeper.ts"
import * as Metrics from "./metrics.ts"
import * as Realtime from "./realtime.ts"
import * as Requests from "./requests.ts"
import * as Traced from "./traced.ts"

/** What is worth knowing and is nobody's answer: the session as it goes (spec 3.8). */
export type Event =
  /** Connected again, and all is as before: subscriptions are open, what was queued is sent. */
  | { readonly _tag: "Reconnected"; readonly endpoint: string; readonly attempt: number }
  | { readonly _tag: "Disconnected"; readonly cause: ConnectionEnded }
  /** An attempt to connect came to nothing. */
  | { readonly _tag: "ConnectFailed"; readonly cause: ConnectError }
  /** There will be no other attempt. */
  | { readonly _tag: "GaveUp"; readonly cause: ConnectError | ConnectionEnded }
  /** The server said that a token has expired. */
  | { readonly _tag: "TokenExpired" }
  | { readonly _tag: "TokenStoreFailed"; readonly error: TokenStoreError }
  /** A frame that nobody waits for. Its content is not shown: it may hold anything. */
  | { readonly _tag: "Unroutable"; readonly reason: Unroutable["reason"]; readonly errorId: string | undefined }
  | AuthenticationEvent
  | RequestEvent

export interface Session {
  readonly requests: Requests.Requests
  readonly realtime: Realtime.Realtime
  readonly credentials: Credentials
  readonly authentication: Exchanges.Exchanges
  readonly state: Effect.Effect<Machine.ConnectionState>
  /** Where the connection goes to, or will. */
  readonly endpoint: () => string
  readonly states: Stream.Stream<Machine.ConnectionState>
  readonly events: Stream.Stream<Event>
  /** What the server's debugger tells. */
  readonly debuggerEvents: Broadcast<Realtime.DebuggerFrame>
  readonly roundTripTime: Effect.Effect<Option.Option<Duration.Duration>>
}

/** What keeps sessions, made with what it needs of this one. */
export type MakeKeeper = (parts: {
  readonly requests: Requests.Requests
  /** The address of the current or the next connection. */
  readonly endpoint: Effect.Effect<string, InvalidSettingError>
  /** The same as far as it is known; empty before the first attempt. */
  readonly knownEndpoint: () => string
  readonly reopen: <A, E>(exchange: Effect.Effect<A, E>) => Effect.Effect<A, E>
  readonly storeFailed: (error: TokenStoreError) => void
}) => Keeper

/** How a session is kept, and what a handshake must carry for it. */
export interface Keeping {
  readonly keeper: MakeKeeper
  /** Whether the connection itself carries the session, so that whoever logs in opens another. */
  readonly byConnection: boolean
  /** Those of the settings, with what the session adds to them. */
  readonly headers: (settings: HandshakeHeaders, endpoint: string) => Effect.Effect<HandshakeHeaders>
}

/** Also where nothing can be interrupted, such as at the end of a logout. */
const within = (wait: Effect.Effect<void>, time: Duration.Duration) =>
  Effect.timeoutOption(Effect.interruptible(wait), time)

/** How long what is under way may take before a connection is closed on purpose. */
const drainTimeout = Duration.seconds(5)

/**
 * Completes when the first connection is ready, and fails when no endpoint can be reached. With `waitForConnection:
 * false` it completes at once.
 */
export const make = (
  settings: Settings,
  keeping: Keeping,
  /** Logs in again, by the requests of this session that pass while all others wait. */
  authenticator?: (session: Session) => Effect.Effect<unknown, Renewal.Failure>
): Effect.Effect<Session, ConnectError, KuzzleSocket | KuzzleHeartbeat | Scope.Scope> =>
  Effect.gen(function*() {
    const socket = yield* KuzzleSocket
    const heartbeat = yield* KuzzleHeartbeat
    const lifecycle = yield* KuzzleLifecycle
    const clock = yield* Effect.clock
    const tracer = yield* Effect.tracer
    const fork = yield* Fork.make
    const first = yield* Deferred.make<void, ConnectError>()

    /** The addresses as of the latest attempt to connect. */
    let endpoints = settings.knownEndpoints
    let state: Machine.ConnectionState = Machine.initial(endpoints)
    const shownState = (): Machine.ConnectionState =>
      "endpoint" in state ? { ...state, endpoint: shown(state.endpoint) } : state
    const states = new Broadcast(shownState)
    const events = new Broadcast<Event>()
    const event = (event: Event, size?: number) => events.publish(event, size)
    const debuggerEvents = new Broadcast<Realtime.DebuggerFrame>(undefined, (lost) => ({ lost }))
    const delays = new Delays(settings.reconnect)
    const credentials = new Credentials({ ...settings.volatile, sdkInstanceId: yield* randomId })
    const requests = yield* Requests.make(
      { ...settings, idPrefix: `${yield* randomId}-` },
      credentials,
      clock,
      {
        sessionDied: (identity) => authentication.refused(identity),
        sessionToCome: () => authentication.isToCome(),
        sessionExpired: (identity) => {
          authentication.expired(identity)
          return true
        },
        event
      }
    )
    const realtime = Realtime.make(requests, settings.resubscribe, clock, fork, {
      reconciled: () => {
        if (state._tag !== "Resubscribing") return
        const queued = requests.waiting() > 0
        dispatch({ _tag: "Resubscribed", queued })
        if (queued) requests.replay(() => dispatch({ _tag: "Replayed" }))
        Deferred.unsafeDone(first, Effect.void)
      },
      unanswered: (reason, needed) => {
        // Before the state is ready, every request waits for this one answer.
        if (needed || state._tag === "Resubscribing") {
          current?.unsafeTerminate(new ConnectionEnded({ by: "Heartbeat", code: 1006, reason }))
        }
      },
      // A token known to be expired is not sent (promise A1). The session is renewed first, and then this runs again.
      usable: () => !requests.attached() || authentication.usable(),
      event
    })
    let current: Connection | undefined
    let pulse: Heartbeat.Heartbeat | undefined
    /** In milliseconds. */
    let roundTrip: number | undefined
    let firstFailures = 0
    let everReady = false
    /** Who waits for a state to come. */
    let watchers: ReadonlyArray<() => void> = []
    /** Ends the pause before the next attempt. */
    let wake: (() => void) | undefined
    /** The host is back since the attempt under way began: the next one, if there must be one, has no pause before it. */
    let woken = false

    const dispatch = (event: Machine.Event, cause?: ConnectError | ConnectionEnded) => {
      const before = state
      const following = Machine.next(endpoints)(state, event)
      if (following === state) return
      state = following
      states.publish(shownState())
      tell(before, following)
      requests.admit(Machine.admission(state, keeping.byConnection), cause)
      for (const watcher of watchers) watcher()
      if (state._tag === "Closed" || state._tag === "Failed") {
        states.end()
        events.end()
        authentication.end()
        debuggerEvents.end()
      }
    }

    const tell = (before: Machine.ConnectionState, now: Machine.ConnectionState) => {
      if (now._tag === "Ready") {
        everReady = true
        if (outage === undefined) return
        const endpoint = shown(now.endpoint)
        Metrics.reconnects[outage.because](1)
        outage.span.end(Exit.succeed({ endpoint }))
        outage = undefined
        events.publish({ _tag: "Reconnected", endpoint, attempt: now.attempt })
      } else if (now._tag === "Failed") {
        outage?.span.end(Exit.fail(now.cause))
        events.publish({ _tag: "GaveUp", cause: now.cause })
      } else if (now._tag === "Closed") outage?.span.end(Exit.interrupt(FiberId.none))
      else if (now._tag === "Waiting" && before._tag !== "Waiting") ended(now.cause)
    }
    /** From the end of a connection that was ready until the next one is. */
    let outage: { readonly because: "Loss" | "Renewal"; readonly span: Traced.Outage } | undefined
    const ended = (cause: ConnectError | ConnectionEnded) => {
      if (outage !== undefined) outage.span.failed(cause)
      else if (everReady) {
        const because = cause._tag === "KuzzleConnectionEnded" && cause.by === "Renewal" ? "Renewal" : "Loss"
        outage = { because, span: Traced.outage(tracer, clock, cause) }
      }
      if (cause._tag === "KuzzleConnectError") events.publish({ _tag: "ConnectFailed", cause })
      else events.publish({ _tag: "Disconnected", cause })
    }

    const sink: Sink = {
      onPong: () => {
        pulse?.received()
        pulse?.pong()
      },
      onFrame: (text) => {
        pulse?.received()
        if (text.length > maxResponseSize) return tooLarge(text)
        const routed = route(text, receivers)
        if (routed === "Pong") pulse?.pong()
        else if (routed === "TokenExpired") tokenExpired()
        else if (typeof routed === "object") {
          if (routed.errorId === overRate) limited()
          events.publish(routed)
        }
      }
    }
    /**
     * Browsers cannot refuse a large frame before it has arrived. If it answers a request, only that request fails. If
     * it is a notification, its loss must be announced by a `Gap`, so the connection ends, as it does on Node.
     */
    const { maxResponseSize } = settings
    const tooLarge = (text: string) => {
      const id = roomAtEnd(text)
      if (id === undefined || !requests.tooLarge(id, maxResponseSize)) {
        current?.unsafeTerminate(oversized(maxResponseSize))
      }
    }
    const limited = () => {
      realtime.limited()
      requests.limited()
    }
    const receivers: Receivers = {
      response: requests.response,
      notification: (channel, frame, size) => realtime.registry.notification(channel, frame, size),
      early: (channel, frame, size) => realtime.registry.early(channel, frame, size),
      debuggerEvent: (frame, size) => debuggerEvents.publish(frame, size)
    }

    /** The server dropped every subscription of the connection (spec 0.7): open them again when there is a live token. */
    const tokenExpired = () => {
      events.publish({ _tag: "TokenExpired" })
      if (authentication.tokenExpired()) return
      realtime.registry.dropped({ _tag: "TokenExpired" })
      resume()
    }

    const resume = () => {
      // Who logs out in the very moment in which the connection ends finds it gone already.
      if (!requests.attached()) return
      if (credentials.alive(clock.unsafeCurrentTimeMillis())) realtime.registry.connected()
      realtime.reconcile()
    }

    /** How many sessions there have been that belong to connections. */
    let sessions = 0

    /**
     * Closes the gate, waits for what is under way, runs the exchange and, when it succeeded, opens the connection anew.
     *
     * @param elsewhere another client may have changed the cookie: the connection is opened anew in any case, and requests
     * that are made meanwhile are those of the user before
     */
    const reopen = <A, E>(exchange: Effect.Effect<A, E>, elsewhere = false): Effect.Effect<A, E> =>
      Effect.uninterruptibleMask((restore) =>
        Effect.gen(function*() {
          dispatch({ _tag: "Renew" })
          const idle = Effect.async<void>((resume) => requests.whenIdle(() => resume(Effect.void)))
          const before = credentials.current()
          const exit = yield* Effect.exit(restore(Effect.zipRight(within(idle, drainTimeout), exchange)))
          // Requests held for a login that failed, or for no login of ours, belong to the user who is still logged in.
          if (keeping.byConnection) requests.userChanged()
          const isReplaced =
            authentication.connectionAfter(before, { elsewhere, succeeded: Exit.isSuccess(exit) }) === "Replace"
          if (isReplaced && keeping.byConnection) {
            // What was opened, or is being opened, meanwhile is of the session before.
            sessions += 1
            dispatch({ _tag: "Renew" })
          }
          if (state._tag === "Renewing") {
            // One step of several has changed nothing. Once the session has changed, an interruption would only hide
            // it.
            if (isReplaced) {
              dispatch({ _tag: "Redial" })
              current?.unsafeTerminate(new ConnectionEnded({ by: "Renewal", code: 1000, reason: "" }))
            } else {
              dispatch({ _tag: "Kept" })
              resume()
            }
          }
          // Whatever has become of the connection, the exchange is done; a lost one is not the caller's affair. A connection
          // is checked before it is ready, which waits for this exchange.
          if (Exit.isSuccess(exit) && !elsewhere && isReplaced) {
            yield* restore(reached("Authenticating", "Ready"))
          }
          return yield* exit
        })
      )

    /** Until the connection is in one of these states, or certain not to be soon. */
    const reached = (...tags: ReadonlyArray<Machine.ConnectionState["_tag"]>) => {
      const ends = [...tags, "Waiting", "Failed", "Closed"]
      return within(
        Effect.async<void>((resume) => {
          const check = () => {
            if (!ends.includes(state._tag)) return
            watchers = watchers.filter((watcher) => watcher !== check)
            resume(Effect.void)
          }
          watchers = [...watchers, check]
          check()
          return Effect.sync(() => {
            watchers = watchers.filter((watcher) => watcher !== check)
          })
        }),
        settings.requestTimeout
      )
    }

    const endpoint = () => ("endpoint" in state ? state.endpoint : endpoints[0] ?? "")
    /** The address of the next connection, from the current list. */
    const locate = Effect.map(
      settings.endpoints,
      (now) => ({ now, endpoint: Machine.located(endpoints, endpoint(), now) })
    )
    const keeper = keeping.keeper({
      requests,
      reopen,
      knownEndpoint: endpoint,
      endpoint: Effect.suspend(() =>
        Machine.isConnected(state) ? Effect.succeed(state.endpoint) : Effect.map(locate, ({ endpoint }) => endpoint)
      ),
      storeFailed: (error) => events.announce({ _tag: "TokenStoreFailed", error })
    })
    const perform = (action: ClientAction): void => {
      switch (action._tag) {
        case "Challenge":
          dispatch({ _tag: "Challenged" })
          if (action.dropped) realtime.registry.dropped({ _tag: "TokenExpired" })
          return
        case "Pass":
          dispatch({ _tag: "Authenticated" })
          if (requests.attached()) resume()
          // What found the session expired while the connection was opened for it, and ready, waits still.
          if (state._tag === "Ready") requests.admit(Machine.admission(state, keeping.byConnection))
          return
        case "UserKnown":
          return requests.userChanged()
        case "Resume":
          if (state._tag === "Ready" || state._tag === "Replaying") resume()
          return
        case "Publish":
          return events.publish(action.event)
      }
    }
    const authentication: Exchanges.Exchanges = yield* Exchanges.make({
      settings,
      authenticator: authenticator === undefined ? undefined : Effect.suspend(() => authenticator(session)),
      credentials,
      keeper,
      host: {
        perform,
        replace: Effect.suspend(() =>
          realtime.registry.size() > 0 && Machine.isConnected(state) ? reopen(Effect.void) : Effect.void
        ),
        redial: (dialling) => reopen(dialling, true),
        ready: keeping.byConnection ? Effect.asVoid(Effect.suspend(() => reached("Ready"))) : Effect.void
      },
      fork
    })

    /** The address and the headers of this attempt. Both may differ from those of the previous one. */
    const target = Effect.gen(function*() {
      const { endpoint, now } = yield* locate
      dispatch({ _tag: "Located", endpoint })
      endpoints = now
      // The list has changed since the pause: this may be another endpoint than the one that was paused for.
      yield* untilAllowed(endpoint)
      return { endpoint, headers: yield* keeping.headers(handshakeHeaders(yield* settings.headers), endpoint) }
    }).pipe(Effect.mapError((cause) => unsettled(endpoint(), cause)))

    /** One connection, from the dial to its end: succeeds never. */
    const connection = (opened: (at: number) => void) =>
      Effect.gen(function*() {
        const session = sessions
        const { endpoint, headers } = yield* target
        const connection = yield* socket.connect(endpoint, sink, settings.connectTimeout, headers)
        if (session !== sessions) return yield* new ConnectionEnded({ by: "Renewal", code: 1000, reason: "" })
        pulse = yield* Heartbeat.make(heartbeat, clock, connection, requests.unanswered, (millis) => {
          roundTrip = millis
          Metrics.ponged(millis)
        })
        opened(Timer.now(clock))
        current = connection
        requests.attach(connection)
        const authenticate = authentication.opened()
        dispatch({ _tag: "Opened", authenticate })
        if (authenticate) authentication.start()
        else resume()
        return yield* connection.ended
      })

    const lost = (cause: ConnectError | ConnectionEnded, openedAt: number | undefined) =>
      Effect.gen(function*() {
        pulse = current = undefined
        if (cause._tag === "KuzzleConnectionEnded") requests.detach(cause)
        const now = Timer.now(clock)
        const dialled = endpoint()
        const stable = openedAt !== undefined && KuzzleSchedule.isStable(openedAt, now, settings.stableAfter)
        if (stable) delays.reset()
        if (state._tag === "Connecting" && cause._tag === "KuzzleConnectionEnded" && cause.by === "Renewal") {
          realtime.registry.disconnected({ _tag: "Renewed" })
          return ended(cause)
        }
        realtime.registry.disconnected({ _tag: "Disconnected", cause })
        const pauseMillis = yield* delays.next(cause)
        askedToWait(dialled, now, Duration.toMillis(RetryAfter.of(cause)))
        const delayMillis = pauseMillis === undefined
          ? undefined
          : pauseMillis + remaining(Machine.following(endpoints, dialled, stable))
        dispatch({ _tag: "Lost", cause, delayMillis, stable, online: lifecycle.online() }, cause)
        firstFailures += 1
        if (firstFailures >= endpoints.length || delayMillis === undefined) {
          yield* Deferred.fail(first, asConnectError(cause, dialled))
        }
      })

    /** The end of the wait that each endpoint asked for (`Retry-After`). */
    const notBefore = new Map<string, number>()
    const askedToWait = (endpoint: string, now: number, millis: number) => {
      // An effect may give another address at every dial: none is remembered for longer than it asked for.
      for (const [other, until] of notBefore) if (until <= now) notBefore.delete(other)
      if (millis > 0) notBefore.set(endpoint, now + millis)
    }
    const remaining = (endpoint: string): number => Math.max(0, (notBefore.get(endpoint) ?? 0) - Timer.now(clock))
    /** Even a sleep of 0 ms takes a timer of the host, and with it 1 ms or more. */
    const untilAllowed = (endpoint: string): Effect.Effect<void> => {
      const left = remaining(endpoint)
      return left > 0 ? Effect.sleep(Duration.millis(left)) : Effect.void
    }

    const alarm = yield* Timer.make(() => wake?.())
    /**
     * The backoff delay before an attempt. Coming back online or waking up skips it, but not the wait of `Retry-After`.
     *
     * Not `Effect.race`: a fiber that is interrupted after it has made the fibers of a race, and before it has started
     * them, waits for them without end. When the first connection fails, the client closes in the turn in which its pause
     * begins.
     */
    const pause = (delayMillis: number): Effect.Effect<void> =>
      Effect.async<void>((resume) => {
        if (woken) return resume(Effect.void)
        wake = () => resume(Effect.void)
        alarm.at(Timer.now(clock) + delayMillis)
      }).pipe(
        Effect.ensuring(Effect.sync(() => {
          wake = undefined
          alarm.clear()
        })),
        Effect.zipRight(Effect.suspend(() => untilAllowed(endpoint())))
      )

    yield* lifecycle.listen((event) => {
      if (event !== "Resumed") dispatch({ _tag: "Network", online: event === "Online" })
      // Going offline does not end a working connection: the heartbeat probes it first (promise C2).
      pulse?.probe()
      if (event === "Offline" || Machine.isConnected(state)) return
      woken = true
      wake?.()
    })

    const run: Effect.Effect<void> = Effect.gen(function*() {
      for (;;) {
        if (state._tag === "Connecting") {
          let openedAt: number | undefined
          woken = false
          const cause = yield* connection((at) => {
            openedAt = at
            woken = false
          }).pipe(Effect.scoped, Effect.flip)
          yield* lost(cause, openedAt)
        } else if (state._tag === "Waiting") {
          yield* pause(state.delayMillis)
          dispatch({ _tag: "Due" }, state.cause)
        } else {
          if (state._tag === "Failed") realtime.registry.close(new NotSentError({ ...subscribing, cause: state.cause }))
          return
        }
      }
    })

    yield* onClose(() => {
      const released = new ConnectionEnded({ by: "Released", code: 1000, reason: "" })
      requests.detach(released)
      realtime.registry.close(new NotSentError({ ...subscribing, cause: released }))
      dispatch({ _tag: "Close" }, released)
    })
    /**
     * A defect, of a user's schedule for one, must not leave everybody waiting; nor one that interrupts itself. (Who is
     * interrupted by the end of the scope does not come here.)
     */
    const supervised = Effect.catchAllCause(run, (defect) => {
      const ended = new ConnectionEnded({
        by: "Peer",
        code: 1006,
        reason: `the client failed: ${Cause.pretty(defect)}`
      })
      requests.detach(ended)
      dispatch({ _tag: "Lost", cause: ended, delayMillis: undefined, stable: false, online: true }, ended)
      realtime.registry.close(new NotSentError({ ...subscribing, cause: ended }))
      return Deferred.fail(first, asConnectError(ended, endpoint()))
    })
    const session: Session = {
      requests,
      realtime,
      credentials,
      authentication,
      state: Effect.sync(shownState),
      endpoint,
      states: states.stream,
      events: events.stream,
      debuggerEvents,
      roundTripTime: Effect.sync(() => Option.map(Option.fromNullable(roundTrip), Duration.millis))
    }
    yield* authentication.restoreStored
    if (!settings.waitForConnection) requests.admit(Machine.admission(state, keeping.byConnection))
    // The client may be made in an uninterruptible region, as a resource is, and must be closed nonetheless.
    yield* Effect.forkScoped(Effect.interruptible(supervised))
    if (settings.waitForConnection) yield* Deferred.await(first)

    return session
  })

const subscribing = { controller: "realtime", action: "subscribe" }

/** The first connection was accepted and closed before it was of use: to who wants to connect, that is no connection. */
const asConnectError = (cause: ConnectError | ConnectionEnded, endpoint: string): ConnectError =>
  cause._tag === "KuzzleConnectError"
    ? cause
    : new ConnectError({ reason: "Unreachable", url: shown(endpoint), cause })

/** The headers of the settings, as secrets. Names are compared without case. */
const handshakeHeaders = (settings: Headers): HandshakeHeaders =>
  Object.fromEntries(
    Object.entries(settings).map((
      [name, value]
    ) => [name.toLowerCase(), Redacted.isRedacted(value) ? value : Redacted.make(value)])
  )
