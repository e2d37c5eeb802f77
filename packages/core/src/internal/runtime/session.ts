/** Makes a session: the client's machine, the driver that performs what it decides, and what is asked of both. */
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import type * as Stream from "effect/Stream"
import type { Headers, Settings } from "../../KuzzleConfig.ts"
import type { ConnectError, InvalidSettingError, TokenStoreError } from "../../KuzzleError.ts"
import { KuzzleHeartbeat } from "../../KuzzleHeartbeat.ts"
import { KuzzleLifecycle } from "../../KuzzleLifecycle.ts"
import { type HandshakeHeaders, KuzzleSocket } from "../../KuzzleSocket.ts"
import { Client, type Event } from "../protocol/client.ts"
import type { ConnectionState } from "../protocol/connection.ts"
import { Credentials } from "../protocol/credentials.ts"
import type * as Identity from "../protocol/identity.ts"
import type * as Renewal from "../protocol/renewal.ts"
import { randomId } from "../randomId.ts"
import { onClose } from "../scoped.ts"
import * as Timer from "../timer.ts"
import type { Broadcast } from "./broadcast.ts"
import * as Driver from "./driver.ts"
import * as Exchanges from "./exchanges.ts"
import * as Fork from "./fork.ts"
import type { Keeper } from "./keeper.ts"
import * as Realtime from "./realtime.ts"
import * as Requests from "./requests.ts"

export interface Session {
  readonly requests: Requests.Requests
  readonly realtime: Realtime.Realtime
  readonly credentials: Credentials
  readonly authentication: Exchanges.Exchanges
  readonly state: Effect.Effect<ConnectionState>
  /** Where the connection goes to, or will. */
  readonly endpoint: () => string
  readonly states: Stream.Stream<ConnectionState>
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
  readonly keptBy: Identity.Options["keptBy"]
  /** Those of the settings, with what the session adds to them. */
  readonly headers: (settings: HandshakeHeaders, endpoint: string) => Effect.Effect<HandshakeHeaders>
}

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
    const heartbeat = yield* KuzzleHeartbeat
    const clock = yield* Effect.clock
    const fork = yield* Fork.make
    const first = yield* Deferred.make<void, ConnectError>()
    const credentials = new Credentials({ ...settings.volatile, sdkInstanceId: yield* randomId })
    const client = new Client(
      {
        endpoints: settings.knownEndpoints,
        requests: Requests.settingsOf(settings, `${yield* randomId}-`),
        identity: { canLogin: authenticator !== undefined, keptBy: keeping.keptBy },
        pulse: heartbeat.ping === "Disabled"
          ? undefined
          : { timeout: Duration.toMillis(heartbeat.timeout), busyTimeout: Duration.toMillis(heartbeat.busyTimeout) },
        requestTimeout: Duration.toMillis(settings.requestTimeout),
        maxResponseSize: settings.maxResponseSize,
        stableAfter: Duration.toMillis(settings.stableAfter)
      },
      credentials,
      { now: () => Timer.now(clock), wall: () => clock.unsafeCurrentTimeMillis() }
    )
    const driver = yield* Driver.make({
      client,
      settings,
      socket: yield* KuzzleSocket,
      heartbeat,
      lifecycle: yield* KuzzleLifecycle,
      headers: (endpoint) =>
        Effect.flatMap(settings.headers, (headers) => keeping.headers(handshakeHeaders(headers), endpoint)),
      clock,
      random: yield* Effect.random,
      tracer: yield* Effect.tracer,
      fork,
      first
    })
    const requests = Requests.make(settings, client.requests, clock, (now) => driver.drive(now))
    const realtime = Realtime.make(client, settings.resubscribe, driver, fork)
    const keeper = keeping.keeper({
      requests,
      reopen: (exchange) => driver.reopen(exchange),
      knownEndpoint: () => client.endpoint(),
      endpoint: Effect.suspend(() =>
        client.isConnected()
          ? Effect.succeed(client.endpoint())
          : Effect.map(settings.endpoints, (current) => client.locate(current))
      ),
      storeFailed: (error) => driver.events.announce({ _tag: "TokenStoreFailed", error })
    })
    const authentication: Exchanges.Exchanges = yield* Exchanges.make({
      settings,
      authenticator: authenticator === undefined ? undefined : Effect.suspend(() => authenticator(session)),
      credentials,
      machine: client.identity,
      keeper,
      host: driver,
      fork
    })
    driver.attach(authentication, realtime)
    yield* onClose(() => driver.close())
    const session: Session = {
      requests,
      realtime,
      credentials,
      authentication,
      state: Effect.sync(() => client.connection()),
      endpoint: () => client.endpoint(),
      states: driver.states.stream,
      events: driver.events.stream,
      debuggerEvents: driver.debuggerEvents,
      roundTripTime: Effect.sync(() => Option.map(Option.fromNullable(driver.roundTrip), Duration.millis))
    }
    yield* authentication.restoreStored
    client.start(settings.waitForConnection)
    driver.drive()
    if (settings.waitForConnection) yield* Deferred.await(first)
    return session
  })

/** The headers of the settings, as secrets. Names are compared without case. */
const handshakeHeaders = (settings: Headers): HandshakeHeaders =>
  Object.fromEntries(
    Object.entries(settings).map((
      [name, value]
    ) => [name.toLowerCase(), Redacted.isRedacted(value) ? value : Redacted.make(value)])
  )
