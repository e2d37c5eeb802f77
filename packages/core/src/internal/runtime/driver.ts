/**
 * Performs the actions of the client's machine (`protocol/client.ts`). It dials, writes, sets the timer, asks the
 * schedules and publishes. It reports events to the machine and decides nothing. It owns the socket, of which there is
 * one at a time.
 */
import * as Cause from "effect/Cause"
import type * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Exit from "effect/Exit"
import type * as Tracer from "effect/Tracer"
import { type Settings, unsettled } from "../../KuzzleConfig.ts"
import { type ConnectError, ConnectionEndedError, type InvalidSettingError } from "../../KuzzleError.ts"
import type { KuzzleHeartbeatShape } from "../../KuzzleHeartbeat.ts"
import type { KuzzleLifecycleShape, LifecycleEvent } from "../../KuzzleLifecycle.ts"
import type { Connection, HandshakeHeaders, KuzzleSocketShape, Sink } from "../../KuzzleSocket.ts"
import { released } from "../data/released.ts"
import type { Call } from "../protocol/call.ts"
import type { Client, Counters } from "../protocol/client.ts"
import type { Action, Event } from "../protocol/clientAction.ts"
import type { ConnectionState } from "../protocol/connection.ts"
import * as Envelope from "../protocol/envelope.ts"
import type { Frame } from "../protocol/envelope.ts"
import type { Pulse } from "../protocol/pulse.ts"
import { type Receivers, route } from "../protocol/route.ts"
import * as Immediate from "../services/immediate.ts"
import * as Timer from "../services/timer.ts"
import { Broadcast } from "./broadcast.ts"
import { Delays } from "./delays.ts"
import type { Exchanges } from "./exchanges.ts"
import type { Fork } from "./fork.ts"
import { Outage } from "./outage.ts"
import type { DebuggerFrame, Realtime } from "./realtime.ts"
import type { Telemetry } from "./telemetry.ts"

interface Parts {
  readonly client: Client
  readonly settings: Settings
  readonly socket: KuzzleSocketShape
  readonly heartbeat: KuzzleHeartbeatShape
  readonly lifecycle: KuzzleLifecycleShape
  /** The headers of a handshake. */
  readonly headers: (endpoint: string) => Effect.Effect<HandshakeHeaders, InvalidSettingError>
  readonly clock: Clock.Clock
  readonly tracer: Tracer.Tracer
  readonly telemetry: Telemetry
  readonly fork: Fork
}

/** The parts of the driver. */
interface Target {
  readonly endpoint: string
  readonly headers: HandshakeHeaders
}

const noCounters: Counters = { received: undefined, buffered: 0 }

const ignore = () => {}

/** Waits for an effect up to a time limit, even in an uninterruptible region such as the end of a logout. */
const within = (wait: Effect.Effect<void>, time: Duration.Duration) =>
  Effect.timeoutOption(Effect.interruptible(wait), time)

export class Driver implements Receivers {
  readonly states: Broadcast<ConnectionState>
  readonly events = new Broadcast<Event>()
  /** The events of the server's debugger. */
  readonly debuggerEvents = new Broadcast<DebuggerFrame>()
  /** The round trip of the last answered ping, in milliseconds. */
  roundTrip: number | undefined = undefined
  private readonly client: Client
  private readonly outage: Outage
  private readonly reconnects: Delays<ConnectError | ConnectionEndedError>
  private connection: Connection | undefined = undefined
  /** Abandons the current attempt. */
  private abandon: (() => void) | undefined = undefined
  /** The end of the connection or the attempt, if it came while actions were being performed. */
  private loss: ConnectError | ConnectionEndedError | undefined = undefined
  private readonly alarm: Timer.Alarm
  private exchanges: Exchanges | undefined = undefined
  private realtime: Pick<Realtime, "perform"> | undefined = undefined
  private driving = false
  private isLast = false
  /**
   * The heartbeat's schedule of the current connection, and the function that cancels the request for its next delays.
   */
  private pulses: { readonly of: Pulse; readonly delays: Delays<void>; stop: () => void } | undefined = undefined
  private onDrained = ignore
  /** Called when the first connection is ready, or when no endpoint could be reached. */
  private onFirst: (outcome: Effect.Effect<void, ConnectError>) => void = ignore
  /** Called after each change of the state, for the effects that wait for a state. */
  private watchers: ReadonlyArray<(state: ConnectionState) => void> = []
  /** The numbers of requests in flight and waiting that the metrics contain. */
  private inFlight = 0
  private waiting = 0

  constructor(private readonly parts: Parts) {
    const { client, clock, settings, telemetry, tracer } = parts
    this.client = client
    this.alarm = new Timer.Alarm(clock, () => this.due())
    this.states = new Broadcast(() => client.connection())
    this.outage = new Outage(telemetry, tracer, clock, this.events)
    this.reconnects = new Delays(settings.reconnect)
  }

  /** Sets the object that performs the exchanges. */
  attach(exchanges: Exchanges): void {
    this.exchanges = exchanges
  }

  /** Sets the object that performs the waits of subscriptions, before the first of them. */
  attachRealtime(realtime: Pick<Realtime, "perform">): void {
    this.realtime = realtime
  }

  /** Dials. Completes when the first connection is ready. Fails when no endpoint could be reached. */
  get first(): Effect.Effect<void, ConnectError> {
    return Effect.async((resume) => {
      this.onFirst = resume
      this.start()
    })
  }

  start(): void {
    this.client.start(this.parts.settings.waitForConnection)
    this.drive()
  }

  /**
   * Performs the client's actions until there are none. Call it after each call of the client's machine. Calls during a
   * round only extend it.
   */
  drive(now = Timer.now(this.parts.clock)): void {
    if (this.driving) return
    this.driving = true
    try {
      do {
        for (let action = this.client.poll(now); action !== undefined; action = this.client.poll(now)) {
          if (action._tag === "Call") this.send(action, now)
          else this.perform(action)
        }
      } while (this.reportLoss())
    } finally {
      this.driving = false
    }
    if (this.isLast) this.end()
    this.measure()
    this.alarm.by(this.client.nextDue())
  }

  due(): void {
    this.client.handleDue(this.counters())
    this.drive()
  }

  counters(): Counters {
    const { connection } = this
    return connection === undefined
      ? noCounters
      : { received: connection.unsafeBytesRead(), buffered: connection.unsafeBufferedAmount() }
  }

  handleLifecycle(event: LifecycleEvent): void {
    this.client.handleLifecycle(event, this.counters())
    this.drive()
  }

  /** Ends the client: settles the waiting requests, then closes the socket. */
  close(): void {
    this.client.close()
    this.drive()
    this.drop()
    this.alarm.close()
  }

  // ---------------------------------------------------------------------------------------------------------------
  // actions
  // ---------------------------------------------------------------------------------------------------------------

  private send(call: Call, now: number): void {
    if (this.connection?.unsafeSend(call.frame) === true) this.client.requests.handleSent(call, now)
    else this.client.requests.handleUnsent(call, now)
  }

  private perform(action: Exclude<Action, Call>): void {
    switch (action._tag) {
      case "Dial":
        return this.dial(action.generation)
      case "Terminate":
        return this.connection?.unsafeTerminate(action.ended)
      case "AskReconnect":
        return this.askReconnect(action)
      case "Ping":
        return this.ping()
      case "PlanPulses":
        return this.planPulses(action.pulse, action.count)
      case "State":
        return this.changed(action.before, action.now)
      case "Replaced":
        return this.outage.handleEnded(action.cause)
      case "Usable":
        return this.concludeFirst(Effect.void)
      case "Unusable":
        return this.concludeFirst(Effect.fail(action.error))
      case "Drained":
        return this.onDrained()
      case "Publish":
        return this.events.publish(action.event, action.size)
      case "Ask":
      case "Wait":
        return this.realtime?.perform(action)
      default:
        return this.exchanges?.perform(action)
    }
  }

  private concludeFirst(outcome: Effect.Effect<void, ConnectError>): void {
    const { onFirst } = this
    // Keeping the reference would keep the fiber in memory.
    this.onFirst = ignore
    onFirst(outcome)
  }

  private changed(before: ConnectionState, now: ConnectionState): void {
    if (this.states.isWatched()) this.states.publish(this.client.connection(now))
    this.outage.handleState(before, now)
    for (const watcher of this.watchers) watcher(now)
    this.isLast = now._tag === "Closed" || now._tag === "Failed"
  }

  /** Ends the streams, after the last state was published and its actions were performed. */
  private end(): void {
    this.isLast = false
    this.states.end()
    this.events.end()
    this.exchanges?.end()
    this.debuggerEvents.end()
  }

  private measure(): void {
    const { client: { requests }, parts: { telemetry: { metrics } } } = this
    const [inFlight, waiting] = [requests.pendingCount(), requests.waitingCount()]
    if (inFlight !== this.inFlight) metrics?.inFlight(inFlight - this.inFlight)
    if (waiting !== this.waiting) metrics?.queued(waiting - this.waiting)
    this.inFlight = inFlight
    this.waiting = waiting
  }

  // ---------------------------------------------------------------------------------------------------------------
  // the connection
  // ---------------------------------------------------------------------------------------------------------------

  private dial(generation: number): void {
    this.run(this.target, (target) => this.connect(generation, target))
  }

  /** The address and the headers of this attempt. Both may differ from those of the previous one. */
  private get target(): Effect.Effect<Target, InvalidSettingError> {
    const { client, clock, headers, settings } = this.parts
    return Immediate.flatMap(settings.endpoints, (current) => {
      const allowedAt = client.handleLocated(current)
      this.drive()
      const endpoint = client.endpoint()
      const wait = allowedAt - Timer.now(clock)
      const target = Immediate.flatMap(headers(endpoint), (headers) => Effect.succeed({ endpoint, headers }))
      // A sleep of 0 ms would take 1 ms or more, because it uses a timer of the host.
      return wait > 0 ? Effect.zipRight(Effect.sleep(Duration.millis(wait)), target) : target
    })
  }

  private connect(generation: number, { endpoint, headers }: Target): void {
    const { clock, settings: { connectTimeout }, socket } = this.parts
    let isDone = false
    const abandon = socket.unsafeConnect({ url: endpoint, sink: this.sink, timeout: connectTimeout, headers, clock }, (
      outcome
    ) => {
      isDone = true
      this.abandon = undefined
      if (Either.isRight(outcome)) this.opened(generation, outcome.right)
      else this.lost(outcome.left)
    })
    if (!isDone) this.abandon = abandon
  }

  private opened(generation: number, connection: Connection): void {
    this.connection = connection
    connection.unsafeOnEnd((ended) => {
      if (this.connection === connection) this.lost(ended)
    })
    if (this.client.handleOpened(generation)) this.drive()
    else connection.unsafeTerminate(new ConnectionEndedError({ by: "Replacement", code: 1000, reason: "" }))
  }

  /** Handles the end of the connection or the failure of the attempt. */
  private lost(cause: ConnectError | ConnectionEndedError): void {
    this.connection = undefined
    this.loss = cause
    this.drive()
  }

  /** Reports the loss after the current round, because a socket may end while it accepts a frame. */
  private reportLoss(): boolean {
    const { loss } = this
    if (loss === undefined) return false
    this.loss = undefined
    this.pulses?.stop()
    this.client.handleLost(loss)
    return true
  }

  private askReconnect({ restart, cause }: Extract<Action, { readonly _tag: "AskReconnect" }>): void {
    if (restart) this.reconnects.reset()
    this.run(this.reconnects.next(cause), (delay) => {
      this.client.handleDelay(delay, this.parts.lifecycle.online())
      this.drive()
    })
  }

  /**
   * Runs an effect that the client needs. A user's schedule may die or interrupt itself. Then the client fails, so that
   * no request or subscription waits for ever.
   */
  run<A>(effect: Effect.Effect<A, InvalidSettingError>, then: (value: A) => void): void {
    this.parts.fork.run(effect, (exit) => {
      if (Exit.isSuccess(exit)) return then(exit.value)
      Either.match(Cause.failureOrCause(exit.cause), {
        onLeft: (error) => this.lost(unsettled(this.client.endpoint(), error)),
        onRight: (defect) => this.failed(defect)
      })
    })
  }

  /** Ends the client, because it cannot continue. */
  failed(defect: Cause.Cause<never>): void {
    this.drop()
    this.client.handleDefect(Cause.pretty(defect))
    this.drive()
  }

  /** Releases the socket without a report to the client. */
  private drop(): void {
    const { abandon, connection } = this
    this.connection = this.abandon = undefined
    this.pulses?.stop()
    abandon?.()
    connection?.unsafeTerminate(released)
  }

  // ---------------------------------------------------------------------------------------------------------------
  // inbound frames
  // ---------------------------------------------------------------------------------------------------------------

  private readonly sink: Sink = {
    onPong: () => {
      this.received()
      this.pong()
    },
    onFrame: (text) => {
      this.received()
      if (text.length > this.parts.settings.maxResponseSize) {
        this.client.handleTooLarge(Envelope.roomAtEnd(text))
        return this.drive()
      }
      const routed = route(text, this)
      if (routed === "Pong") this.pong()
      else if (routed === "TokenExpired") {
        this.client.handleTokenExpired()
        this.drive()
      } else if (typeof routed === "object") {
        this.client.handleUnroutable(routed)
        this.drive()
      }
    }
  }

  response(id: string, frame: Frame, size: number): boolean {
    const now = Timer.now(this.parts.clock)
    const call = this.client.requests.handleAnswer(id, frame, size, now)
    if (call === undefined) return false
    this.parts.telemetry.metrics?.answered(now - call.sentAt)
    this.drive(now)
    return true
  }

  notification(channel: string, frame: Frame, size: number): boolean {
    return this.client.listening?.registry.notification(channel, frame, size) === true
  }

  early(channel: string, frame: Frame, size: number): boolean {
    return this.client.listening?.registry.early(channel, frame, size) === true
  }

  debuggerEvent(frame: Frame, size: number): void {
    this.debuggerEvents.publish(frame, size)
  }

  /** Handles a whole frame. */
  private received(): void {
    // A timer that is set by a message starts a new chain of timers. In a hidden page, Chromium fires chained timers
    // only once a minute, but the server closes connections whose client is silent for 60 s (C4).
    if (this.client.handleFrame()) this.alarm.restart(this.client.nextDue())
  }

  private pong(): void {
    const roundTrip = this.client.handlePong()
    if (roundTrip === undefined) return
    this.roundTrip = roundTrip
    this.parts.telemetry.metrics?.ponged(roundTrip)
  }

  // ---------------------------------------------------------------------------------------------------------------
  // the heartbeat
  // ---------------------------------------------------------------------------------------------------------------

  private ping(): void {
    const { connection } = this
    if (this.parts.heartbeat.ping === "Native" && connection?.unsafePing !== undefined) connection.unsafePing()
    else connection?.unsafeSend(Envelope.ping)
  }

  private planPulses(pulse: Pulse, count: number): void {
    const { clock, fork, heartbeat } = this.parts
    if (this.pulses?.of !== pulse) {
      this.pulses?.stop()
      this.pulses = { of: pulse, delays: new Delays(heartbeat.schedule), stop: ignore }
    }
    const { pulses } = this
    const stop = fork.run(pulses.delays.ahead(clock.unsafeCurrentTimeMillis(), count, undefined), (exit) => {
      pulses.stop = ignore
      if (Exit.isSuccess(exit)) this.client.handlePulsesPlanned(pulse, exit.value)
      else this.client.handlePlanFailed(pulse, Cause.pretty(exit.cause))
      this.drive()
    })
    pulses.stop = stop
  }

  // ---------------------------------------------------------------------------------------------------------------
  // a connection that is replaced on purpose
  // ---------------------------------------------------------------------------------------------------------------

  /**
   * Holds new requests, waits for those in flight, runs the exchange and, if it succeeded, replaces the connection.
   *
   * @param elsewhere whether another client may have changed the cookie; then the connection is replaced in any case,
   * and requests that are made meanwhile belong to the previous user
   */
  reopen<A, E>(exchange: Effect.Effect<A, E>, elsewhere = false): Effect.Effect<A, E> {
    const { client } = this
    return Effect.uninterruptibleMask((restore) =>
      Effect.gen(this, function*() {
        const drained = this.drained()
        const before = client.credentials.current()
        const exit = yield* Effect.exit(restore(Effect.zipRight(drained, exchange)))
        this.onDrained = ignore
        const isReplaced = client.handleExchanged(before, { elsewhere, succeeded: Exit.isSuccess(exit) })
        this.drive()
        // The outcome of the exchange counts even if the connection is lost meanwhile. A new connection becomes ready
        // only after the end of this exchange.
        if (Exit.isSuccess(exit) && !elsewhere && isReplaced) {
          yield* restore(this.reached("Authenticating", "Ready"))
        }
        return yield* exit
      })
    )
  }

  /** Waits until no request is in flight any more, or until the wait has ended. */
  private drained(): Effect.Effect<void> {
    let isDrained = false
    this.onDrained = () => {
      isDrained = true
    }
    this.client.hold()
    this.drive()
    return Effect.async<void>((resume) => {
      if (isDrained) resume(Effect.void)
      else this.onDrained = () => resume(Effect.void)
    })
  }

  /** Performs the actions of the session's machine. Call it after each call of that machine. */
  follow(): void {
    this.client.followIdentity()
    this.drive()
  }

  publish(event: Event): void {
    this.events.publish(event)
  }

  /** Replaces the connection, if there are subscriptions on it. */
  get replace(): Effect.Effect<void> {
    return Effect.suspend(() => {
      const subscriptions = this.client.listening?.registry.size() ?? 0
      return subscriptions > 0 && this.client.isConnected() ? this.reopen(Effect.void) : Effect.void
    })
  }

  redial(dialling: Effect.Effect<void>): Effect.Effect<void> {
    return this.reopen(dialling, true)
  }

  /** Waits until a connection that was opened for a session by cookie is ready, or will certainly not be ready soon. */
  get ready(): Effect.Effect<void> {
    return this.client.byConnection ? Effect.asVoid(Effect.suspend(() => this.reached("Ready"))) : Effect.void
  }

  /** Waits until the connection is in one of these states, or will certainly not be soon. */
  private reached(...tags: ReadonlyArray<ConnectionState["_tag"]>): Effect.Effect<unknown> {
    const ends = [...tags, "Waiting", "Failed", "Closed"]
    const wait = Effect.async<void>((resume) => {
      const remove = () => {
        this.watchers = this.watchers.filter((watcher) => watcher !== check)
      }
      const check = ({ _tag }: ConnectionState) => {
        if (!ends.includes(_tag)) return
        remove()
        resume(Effect.void)
      }
      this.watchers = [...this.watchers, check]
      check(this.client.connection())
      return Effect.sync(remove)
    })
    return within(wait, this.parts.settings.requestTimeout)
  }
}
