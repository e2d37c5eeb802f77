/**
 * The shell around the session machine: one supervised fiber that does what the state asks for and reports what
 * happened. It owns the socket, one at a time; closing the scope ends everything.
 */
import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as PubSub from "effect/PubSub"
import * as Random from "effect/Random"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as SubscriptionRef from "effect/SubscriptionRef"
import type { Settings } from "../../KuzzleConfig.ts"
import { ConnectError, ConnectionEnded, NotSentError } from "../../KuzzleError.ts"
import { KuzzleHeartbeat } from "../../KuzzleHeartbeat.ts"
import * as KuzzleSchedule from "../../KuzzleSchedule.ts"
import { KuzzleSocket, type Sink } from "../../KuzzleSocket.ts"
import { route, type Unroutable } from "../protocol/route.ts"
import * as Machine from "../protocol/session.ts"
import * as Credentials from "./credentials.ts"
import * as Delays from "./delays.ts"
import * as Heartbeat from "./heartbeat.ts"
import * as Realtime from "./realtime.ts"
import * as Requests from "./requests.ts"

/** What is worth knowing and is nobody's answer. */
export type Diagnostic =
  | { readonly _tag: "TokenExpired" }
  /** A frame that nobody waits for: its content is not shown, it may hold anything. */
  | { readonly _tag: "Unroutable"; readonly reason: Unroutable["reason"]; readonly errorId: string | undefined }

export interface Session {
  readonly requests: Requests.Requests
  readonly realtime: Realtime.Realtime
  readonly credentials: Credentials.Credentials
  readonly state: Effect.Effect<Machine.ConnectionState>
  readonly states: Stream.Stream<Machine.ConnectionState>
  readonly diagnostics: Stream.Stream<Diagnostic>
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
    const released = new ConnectionEnded({ by: "Released", code: 1000, reason: "" })

    const state = yield* SubscriptionRef.make<Machine.ConnectionState>(Machine.initial(settings.endpoints))
    const diagnostics = yield* PubSub.sliding<Diagnostic>(256)
    const next = Machine.next(settings.endpoints)
    const first = yield* Deferred.make<void, ConnectError>()
    const delays = Delays.make(settings.reconnect)

    const credentials = Credentials.make({
      ...settings.volatile,
      sdkInstanceId: yield* randomId(16)
    })
    const requests = yield* Requests.make(
      { ...settings, idPrefix: `${yield* randomId(8)}-` },
      credentials,
      clock,
      released
    )
    let onReconciled: (() => void) | undefined
    const realtime = Realtime.make(requests, () => onReconciled?.())
    let roundTrip: bigint | undefined
    let pulse: Heartbeat.Heartbeat | undefined
    let firstFailures = 0

    const dispatch = (event: Machine.Event, cause: ConnectError | ConnectionEnded = released) =>
      SubscriptionRef.updateAndGet(state, (current) => next(current, event)).pipe(
        Effect.tap((current) => Effect.sync(() => requests.admit(Machine.admission(current), cause)))
      )

    const sink: Sink = {
      onPong: () => {
        pulse?.received()
        pulse?.pong()
      },
      onFrame: (text) => {
        pulse?.received()
        const routed = route(text, {
          response: requests.response,
          notification: realtime.registry.notification,
          early: realtime.registry.early
        })
        if (routed === "Response" || routed === "Notification") return
        if (routed === "Pong") pulse?.pong()
        else if (routed === "TokenExpired") tokenExpired()
        else if (typeof routed === "object") {
          PubSub.publish(diagnostics, routed).pipe(Effect.runSync)
        }
      }
    }

    /** The server dropped every subscription of the connection (spec 0.7): open them again when there is a new token. */
    const tokenExpired = () => {
      const token = credentials.token()
      PubSub.publish(diagnostics, { _tag: "TokenExpired" } as const).pipe(Effect.runSync)
      realtime.registry.disconnected({ _tag: "TokenExpired" })
      const stale = token?.expiresAt === undefined || token.expiresAt <= clock.unsafeCurrentTimeMillis()
      if (!stale) resume()
    }

    const resume = () => {
      realtime.registry.connected()
      realtime.reconcile()
    }

    const connection = (endpoint: string) =>
      Effect.gen(function*() {
        const opened = yield* socket.connect(endpoint, sink).pipe(
          Effect.timeoutFail({
            duration: settings.connectTimeout,
            onTimeout: () => new ConnectError({ reason: "Timeout", url: endpoint })
          })
        )
        const openedAt = yield* Clock.currentTimeMillis
        pulse = yield* Heartbeat.make(heartbeat, clock, opened, (nanos) => {
          roundTrip = nanos
        })
        requests.attach(opened)
        yield* dispatch({ _tag: "Opened" })
        const cause = yield* Effect.async<void>((done) => {
          onReconciled = () => done(Effect.void)
          resume()
        }).pipe(
          Effect.zipRight(dispatch({ _tag: "Resubscribed" })),
          Effect.zipRight(Deferred.succeed(first, void 0)),
          Effect.zipRight(Effect.never),
          Effect.raceFirst(opened.ended),
          Effect.flip
        )
        return { cause, openedAt }
      }).pipe(
        Effect.scoped,
        Effect.ensuring(Effect.sync(() => {
          onReconciled = undefined
          pulse = undefined
        }))
      )

    const lost = (cause: ConnectError | ConnectionEnded, openedAt: number | undefined) =>
      Effect.gen(function*() {
        const ended = cause._tag === "KuzzleConnectionEnded" ? cause : undefined
        if (ended !== undefined) requests.detach(ended)
        realtime.registry.disconnected({ _tag: "Disconnected", cause })
        const now = yield* Clock.currentTimeMillis
        const stable = openedAt !== undefined && KuzzleSchedule.isStable(openedAt, now, settings.stableAfter)
        if (stable) delays.reset()
        const delayMillis = yield* delays.next(cause)
        yield* dispatch({ _tag: "Lost", cause, delayMillis, stable }, cause)
        firstFailures += 1
        if (firstFailures >= settings.endpoints.length || delayMillis === undefined) {
          yield* Deferred.fail(first, ended === undefined ? cause as ConnectError : closedAtOnce(ended, settings))
        }
      })

    const run: Effect.Effect<void> = Effect.gen(function*() {
      for (;;) {
        const current = yield* SubscriptionRef.get(state)
        switch (current._tag) {
          case "Connecting":
            yield* Effect.matchEffect(connection(current.endpoint), {
              onFailure: (cause) => lost(cause, undefined),
              onSuccess: ({ cause, openedAt }) => lost(cause, openedAt)
            })
            break
          case "Waiting":
            yield* Effect.sleep(Duration.millis(current.delayMillis))
            yield* dispatch({ _tag: "Due" }, current.cause)
            break
          case "Failed":
            realtime.registry.close(new NotSentError({ ...subscribing, cause: current.cause }))
            return
          case "Resubscribing":
          case "Ready":
          case "Closed":
            return
        }
      }
    })

    yield* Effect.addFinalizer(() =>
      Effect.sync(() => {
        requests.detach(released)
        realtime.registry.close(new NotSentError({ ...subscribing, cause: released }))
      }).pipe(Effect.zipRight(dispatch({ _tag: "Close" })), Effect.zipRight(PubSub.shutdown(diagnostics)))
    )
    yield* Effect.forkScoped(Effect.interruptible(run))
    yield* Deferred.await(first)

    return {
      requests,
      realtime,
      credentials,
      state: SubscriptionRef.get(state),
      states: Stream.takeUntil(state.changes, (current) => current._tag === "Closed" || current._tag === "Failed"),
      diagnostics: Stream.fromPubSub(diagnostics),
      roundTripTime: Effect.sync(() => Option.map(Option.fromNullable(roundTrip), Duration.nanos)),
      setToken: (token) => {
        credentials.setToken(token)
        if (requests.attached()) resume()
      }
    }
  })

const subscribing = { controller: "realtime", action: "subscribe" }

/** The first connection was accepted and closed before it was of use: to who wants to connect, that is no connection. */
const closedAtOnce = (cause: ConnectionEnded, { endpoints }: Settings): ConnectError =>
  new ConnectError({ reason: "Unreachable", url: endpoints[0], cause })

const alphabet = "0123456789abcdefghijklmnopqrstuvwxyz"

const randomId = (length: number): Effect.Effect<string> =>
  Effect.map(
    Effect.replicateEffect(Random.nextIntBetween(0, alphabet.length), length),
    (digits) => digits.map((digit) => alphabet[digit]).join("")
  )
