/**
 * Puts a client together from its machine, the driver that performs the machine's actions, and the functions that use
 * both.
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as DefaultServices from "effect/DefaultServices"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as FiberRefs from "effect/FiberRefs"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Scope from "effect/Scope"
import * as Tracer from "effect/Tracer"
import type { Headers, Settings } from "../../KuzzleConfig.ts"
import type { ConnectError, InvalidSettingError, TokenStoreError } from "../../KuzzleError.ts"
import { KuzzleHeartbeat } from "../../KuzzleHeartbeat.ts"
import { KuzzleLifecycle } from "../../KuzzleLifecycle.ts"
import { type HandshakeHeaders, KuzzleSocket } from "../../KuzzleSocket.ts"
import { KuzzleTelemetry } from "../../KuzzleTelemetry.ts"
import { Client } from "../protocol/client.ts"
import type { Event } from "../protocol/clientAction.ts"
import type { ConnectionState } from "../protocol/connection.ts"
import { Credentials } from "../protocol/credentials.ts"
import type * as Identity from "../protocol/identity.ts"
import * as Liveness from "../protocol/liveness.ts"
import type * as Renewal from "../protocol/renewal.ts"
import * as Immediate from "../services/immediate.ts"
import { randomId } from "../services/randomId.ts"
import * as Timer from "../services/timer.ts"
import type { Broadcast, Watchable } from "./broadcast.ts"
import { Driver } from "./driver.ts"
import { Exchanges } from "./exchanges.ts"
import { Fork } from "./fork.ts"
import type { Keeper } from "./keeper.ts"
import type * as Realtime from "./realtime.ts"
import * as Requests from "./requests.ts"
import type { Telemetry } from "./telemetry.ts"

export interface Session {
  readonly telemetry: Telemetry
  readonly requests: Requests.Requests
  /** The parts that subscriptions use. `realtime.ts` makes the subscriptions when the first of them is opened. */
  readonly realtime: Realtime.Host
  readonly credentials: Credentials
  readonly authentication: Exchanges
  readonly state: Effect.Effect<ConnectionState>
  /** The address of the current or the next connection. */
  readonly endpoint: () => string
  readonly states: Watchable<ConnectionState>
  readonly events: Watchable<Event>
  /** The events of the server's debugger. */
  readonly debuggerEvents: Broadcast<Realtime.DebuggerFrame>
  readonly roundTripTime: Effect.Effect<Option.Option<Duration.Duration>>
}

/** Makes the keeper of the session. */
export type MakeKeeper = (parts: {
  readonly requests: Requests.Requests
  /** The address of the current or the next connection. */
  readonly endpoint: Effect.Effect<string, InvalidSettingError>
  /** The same address, if it is known without running an effect. Empty before the first attempt. */
  readonly knownEndpoint: () => string
  readonly reopen: <A, E>(exchange: Effect.Effect<A, E>) => Effect.Effect<A, E>
  readonly storeFailed: (error: TokenStoreError) => void
}) => Keeper

/** How a session is kept, and what a handshake must carry for it. */
export interface Keeping {
  readonly keeper: MakeKeeper
  readonly keptBy: Identity.Options["keptBy"]
  /** The headers of a handshake: those of the settings, with those of the session. */
  readonly headers: (settings: HandshakeHeaders, endpoint: string) => Effect.Effect<HandshakeHeaders>
}

/**
 * Makes a client. Completes when the first connection is ready, and fails if no endpoint can be reached. With
 * `waitForConnection: false`, it completes at once.
 */
export const make = (
  settings: Settings,
  keeping: Keeping,
  /** Makes the authenticator from a session whose requests are sent while all others wait. */
  authenticator?: (session: Session) => Effect.Effect<unknown, Renewal.Failure>
): Effect.Effect<Session, ConnectError, KuzzleSocket | KuzzleHeartbeat | Scope.Scope> =>
  Effect.gen(function*() {
    const runtime = yield* Effect.runtime<KuzzleSocket | KuzzleHeartbeat | Scope.Scope>()
    const heartbeat = Context.get(runtime.context, KuzzleHeartbeat)
    const lifecycle = Context.get(runtime.context, KuzzleLifecycle)
    const telemetry = Context.get(runtime.context, KuzzleTelemetry)
    const scope = Context.get(runtime.context, Scope.Scope)
    const services = FiberRefs.getOrDefault(runtime.fiberRefs, DefaultServices.currentServices)
    const clock = Context.get(services, Clock.Clock)
    const fork = new Fork(runtime)
    const credentials = new Credentials({ ...settings.volatile, sdkInstanceId: yield* randomId })
    const client = new Client(
      {
        settings,
        endpoints: settings.knownEndpoints,
        idPrefix: `${yield* randomId}-`,
        identity: { canLogin: authenticator !== undefined, keptBy: keeping.keptBy },
        pulse: heartbeat.ping === "Disabled" ? undefined : Liveness.settingsOf(heartbeat)
      },
      credentials,
      new Timer.Times(clock)
    )
    const driver = new Driver({
      client,
      settings,
      socket: Context.get(runtime.context, KuzzleSocket),
      heartbeat,
      lifecycle,
      headers: (endpoint) =>
        Immediate.flatMap(settings.headers, (headers) => keeping.headers(handshakeHeaders(headers), endpoint)),
      clock,
      tracer: Context.get(services, Tracer.Tracer),
      telemetry,
      fork
    })
    const requests = new Requests.Requests(settings, client.requests, clock, (now) => driver.drive(now))
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
    const authentication = new Exchanges({
      settings,
      authenticator: authenticator === undefined ? undefined : Effect.suspend(() => authenticator(session)),
      credentials,
      machine: client.identity,
      keeper,
      host: driver,
      fork,
      telemetry
    }, clock)
    driver.attach(authentication)
    yield* lifecycle.listen((event) => driver.handleLifecycle(event))
    if (keeper.cookie !== undefined) yield* keeper.cookie.listen(() => authentication.changedElsewhere())
    yield* Scope.addFinalizer(
      scope,
      Effect.suspend(() => {
        driver.close()
        return fork.end
      })
    )
    const session: Session = {
      telemetry,
      requests,
      realtime: {
        client,
        driver,
        resubscribe: settings.resubscribe,
        metrics: telemetry.metrics,
        realtime: undefined
      },
      credentials,
      authentication,
      state: Effect.sync(() => client.connection()),
      endpoint: () => client.endpoint(),
      states: driver.states,
      events: driver.events,
      debuggerEvents: driver.debuggerEvents,
      roundTripTime: Effect.sync(() => Option.map(Option.fromNullable(driver.roundTrip), Duration.millis))
    }
    yield* authentication.restoreStored
    if (settings.waitForConnection) yield* driver.first
    else driver.start()
    return session
  })

/** The headers of the settings, all as secrets, with names in lower case. */
const handshakeHeaders = (settings: Headers): HandshakeHeaders =>
  Object.fromEntries(
    Object.entries(settings).map((
      [name, value]
    ) => [name.toLowerCase(), Redacted.isRedacted(value) ? value : Redacted.make(value)])
  )
