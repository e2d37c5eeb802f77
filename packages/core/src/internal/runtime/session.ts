/**
 * The shell around the session machine: one supervised fiber that does what the state asks for and reports what
 * happened. It owns the socket, one at a time; closing the scope ends everything.
 */
import * as Cause from "effect/Cause"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Random from "effect/Random"
import type * as Scope from "effect/Scope"
import type * as Stream from "effect/Stream"
import type { Settings } from "../../KuzzleConfig.ts"
import { ConnectError, ConnectionEnded, NotSentError } from "../../KuzzleError.ts"
import { KuzzleHeartbeat } from "../../KuzzleHeartbeat.ts"
import * as KuzzleSchedule from "../../KuzzleSchedule.ts"
import { type Connection, KuzzleSocket, type Sink } from "../../KuzzleSocket.ts"
import { shown } from "../endpoint.ts"
import { route, type Unroutable } from "../protocol/route.ts"
import * as Machine from "../protocol/session.ts"
import { onClose } from "../scoped.ts"
import * as Timer from "../timer.ts"
import * as Broadcast from "./broadcast.ts"
import * as Credentials from "./credentials.ts"
import * as Delays from "./delays.ts"
import * as Heartbeat from "./heartbeat.ts"
import * as Realtime from "./realtime.ts"
import * as Requests from "./requests.ts"

/** What is worth knowing and is nobody's answer. */
export type Diagnostic =
  | { readonly _tag: "TokenExpired" }
  /** A frame that nobody waits for. Its content is not shown: it may hold anything. */
  | { readonly _tag: "Unroutable"; readonly reason: Unroutable["reason"]; readonly errorId: string | undefined }

export interface Session {
  readonly requests: Requests.Requests
  readonly realtime: Realtime.Realtime
  readonly credentials: Credentials.Credentials
  readonly state: Effect.Effect<Machine.ConnectionState>
  readonly states: Stream.Stream<Machine.ConnectionState>
  readonly diagnostics: Stream.Stream<Diagnostic>
  /** What the server's debugger tells. */
  readonly debuggerEvents: Broadcast.Broadcast<Realtime.DebuggerFrame>
  readonly roundTripTime: Effect.Effect<Option.Option<Duration.Duration>>
  /** The token of the session changed. */
  readonly setToken: (token: Credentials.Token | undefined) => void
}

/** Done when the first connection is ready; fails when none of the endpoints can be connected to. */
export const make = (
  settings: Settings
): Effect.Effect<Session, ConnectError, KuzzleSocket | KuzzleHeartbeat | Scope.Scope> =>
  Effect.gen(function*() {
    const socket = yield* KuzzleSocket
    const heartbeat = yield* KuzzleHeartbeat
    const clock = yield* Effect.clock
    const first = yield* Deferred.make<void, ConnectError>()

    const next = Machine.next(settings.endpoints)
    let state: Machine.ConnectionState = Machine.initial(settings.endpoints)
    const shownState = (): Machine.ConnectionState =>
      "endpoint" in state ? { ...state, endpoint: shown(state.endpoint) } : state
    const states = Broadcast.make(shownState)
    const diagnostics = Broadcast.make<Diagnostic>()
    const debuggerEvents = Broadcast.make<Realtime.DebuggerFrame>(undefined, (lost) => ({ lost }))
    const delays = Delays.make(settings.reconnect)
    const credentials = Credentials.make({ ...settings.volatile, sdkInstanceId: yield* randomId })
    const requests = yield* Requests.make({ ...settings, idPrefix: `${yield* randomId}-` }, credentials, clock)
    const realtime = Realtime.make(requests, () => {
      if (state._tag !== "Resubscribing") return
      dispatch({ _tag: "Resubscribed" })
      Deferred.unsafeDone(first, Effect.void)
    }, (reason, needed) => {
      // Before it is ready every request waits for this one answer.
      if (needed || state._tag === "Resubscribing") {
        current?.unsafeTerminate(new ConnectionEnded({ by: "Heartbeat", code: 1006, reason }))
      }
    })
    let current: Connection | undefined
    let pulse: Heartbeat.Heartbeat | undefined
    let roundTrip: bigint | undefined
    let firstFailures = 0

    const dispatch = (event: Machine.Event, cause?: ConnectError | ConnectionEnded) => {
      const following = next(state, event)
      if (following === state) return
      state = following
      states.publish(shownState())
      requests.admit(Machine.admission(state), cause)
      if (state._tag === "Closed" || state._tag === "Failed") {
        states.end()
        diagnostics.end()
        debuggerEvents.end()
      }
    }

    const sink: Sink = {
      onPong: () => {
        pulse?.received()
        pulse?.pong()
      },
      onFrame: (text) => {
        pulse?.received()
        const routed = route(text, receivers)
        if (routed === "Pong") pulse?.pong()
        else if (routed === "TokenExpired") tokenExpired()
        else if (typeof routed === "object") diagnostics.publish(routed)
      }
    }
    const receivers = {
      response: requests.response,
      notification: realtime.registry.notification,
      early: realtime.registry.early,
      debuggerEvent: debuggerEvents.publish
    }

    /** The server dropped every subscription of the connection (spec 0.7): open them again when there is a live token. */
    const tokenExpired = () => {
      credentials.expired()
      diagnostics.publish({ _tag: "TokenExpired" })
      realtime.registry.dropped({ _tag: "TokenExpired" })
      resume()
    }

    /** With a token known to be dead each subscription would be refused, and its stream fail: they wait for another. */
    const resume = () => {
      if (credentials.alive(clock.unsafeCurrentTimeMillis())) realtime.registry.connected()
      realtime.reconcile()
    }

    /** One connection, from the dial to its end: succeeds never. */
    const connection = (endpoint: string, opened: (at: number) => void) =>
      Effect.gen(function*() {
        const connection = yield* socket.connect(endpoint, sink, settings.connectTimeout)
        pulse = yield* Heartbeat.make(heartbeat, clock, connection, (nanos) => {
          roundTrip = nanos
        })
        opened(Timer.now(clock))
        current = connection
        credentials.connected()
        requests.attach(connection)
        dispatch({ _tag: "Opened" })
        resume()
        return yield* connection.ended
      })

    const lost = (cause: ConnectError | ConnectionEnded, openedAt: number | undefined) =>
      Effect.gen(function*() {
        pulse = current = undefined
        if (cause._tag === "KuzzleConnectionEnded") requests.detach(cause)
        realtime.registry.disconnected({ _tag: "Disconnected", cause })
        const now = Timer.now(clock)
        const stable = openedAt !== undefined && KuzzleSchedule.isStable(openedAt, now, settings.stableAfter)
        if (stable) delays.reset()
        const delayMillis = yield* delays.next(cause)
        dispatch({ _tag: "Lost", cause, delayMillis, stable }, cause)
        firstFailures += 1
        if (firstFailures >= settings.endpoints.length || delayMillis === undefined) {
          yield* Deferred.fail(first, asConnectError(cause, settings))
        }
      })

    const run: Effect.Effect<void> = Effect.gen(function*() {
      for (;;) {
        if (state._tag === "Connecting") {
          let openedAt: number | undefined
          const cause = yield* connection(state.endpoint, (at) => {
            openedAt = at
          }).pipe(Effect.scoped, Effect.flip)
          yield* lost(cause, openedAt)
        } else if (state._tag === "Waiting") {
          yield* Effect.sleep(Duration.millis(state.delayMillis))
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
    /** A defect, of a user's schedule for one, must not leave everybody waiting. */
    const supervised = Effect.catchAllCause(run, (defect) => {
      if (Cause.isInterruptedOnly(defect)) return Effect.void
      const ended = new ConnectionEnded({
        by: "Peer",
        code: 1006,
        reason: `the client failed: ${Cause.pretty(defect)}`
      })
      requests.detach(ended)
      dispatch({ _tag: "Lost", cause: ended, delayMillis: undefined, stable: false }, ended)
      realtime.registry.close(new NotSentError({ ...subscribing, cause: ended }))
      return Deferred.fail(first, asConnectError(ended, settings))
    })
    yield* Effect.forkScoped(supervised)
    yield* Deferred.await(first)

    return {
      requests,
      realtime,
      credentials,
      state: Effect.sync(shownState),
      states: states.stream,
      diagnostics: diagnostics.stream,
      debuggerEvents,
      roundTripTime: Effect.sync(() => Option.map(Option.fromNullable(roundTrip), Duration.nanos)),
      setToken: (token) => {
        credentials.setToken(token)
        if (requests.attached()) resume()
      }
    }
  })

const subscribing = { controller: "realtime", action: "subscribe" }

/** The first connection was accepted and closed before it was of use: to who wants to connect, that is no connection. */
const asConnectError = (cause: ConnectError | ConnectionEnded, { endpoints }: Settings): ConnectError =>
  cause._tag === "KuzzleConnectError"
    ? cause
    : new ConnectError({ reason: "Unreachable", url: shown(endpoints[0]), cause })

/** Forty random bits: enough to tell the clients of one server apart. */
const randomId: Effect.Effect<string> = Effect.map(Random.nextIntBetween(0, 2 ** 40), (n) => n.toString(36))
