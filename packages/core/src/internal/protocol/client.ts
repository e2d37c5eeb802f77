/**
 * The machine of the whole client: the session (`identity.ts`), the subscriptions (`listening.ts`), the requests
 * (`requests.ts`) and the heartbeat (`pulse.ts`) over one connection (`connection.ts`), which is redialled
 * (`reconnection.ts`) or replaced (`replacement.ts`). It only decides: it has no fiber, timer or socket.
 *
 * The shell (`runtime/driver.ts`) reports events by the `handle…` methods of this machine or of one of its parts. After
 * each report it performs the actions that `poll` returns, until there are none, and calls `handleDue` at `nextDue`.
 */
import * as Duration from "effect/Duration"
import * as Option from "effect/Option"
import {
  ConnectError,
  ConnectionEndedError,
  isApiError,
  NotSentError,
  type SessionLostError
} from "../../KuzzleError.ts"
import type { LifecycleEvent } from "../../KuzzleLifecycle.ts"
import { withoutSecrets } from "../data/endpoint.ts"
import { oversized } from "../data/oversized.ts"
import { released } from "../data/released.ts"
import type { Action, Cause, Event } from "./clientAction.ts"
import * as Connection from "./connection.ts"
import type { Credentials, Identity } from "./credentials.ts"
import type { RequestOptions } from "./envelope.ts"
import { Fifo } from "./fifo.ts"
import * as Identities from "./identity.ts"
import * as Listenings from "./listening.ts"
import type { Settings as PulseSettings, Sight } from "./liveness.ts"
import { Pulse } from "./pulse.ts"
import * as Reconnections from "./reconnection.ts"
import * as Replacements from "./replacement.ts"
import * as Line from "./requests.ts"
import type { Unroutable } from "./route.ts"
import type { Session } from "./sending.ts"

/** The settings that it and its machines read: each machine declares its own. */
export interface Settings extends Line.Settings, Reconnections.Settings, Replacements.Settings {
  readonly requestTimeout: Duration.Duration
  readonly maxResponseSize: number
}

export interface Parts {
  readonly settings: Settings
  readonly endpoints: ReadonlyArray<string>
  /** Makes the ids of this client's requests differ from those of every other. */
  readonly idPrefix: string
  readonly identity: Identities.Options
  /** `undefined`: no heartbeat. */
  readonly pulse: PulseSettings | undefined
}

export interface Clock {
  /** Milliseconds that only go forward (`internal/services/timer.ts`). */
  readonly now: () => number
  /** Milliseconds since the epoch, by which tokens end. */
  readonly wall: () => number
}

/** The counters of the open connection, as `Liveness.Sight` has them. */
export type Counters = Pick<Sight, "received" | "buffered">

const subscribing = { controller: "realtime", action: "subscribe" }

const shuttingDown: ReadonlySet<string> = new Set(["api.process.shutting_down", "network.entrypoint.shutting_down"])

/** A connection that was closed for another user, cookie or endpoint. */
const replaced = () => new ConnectionEndedError({ by: "Replacement", code: 1000, reason: "" })

export class Client {
  readonly requests: Line.Requests
  readonly identity: Identities.IdentityMachine
  readonly listening = new Listenings.Listening()
  private readonly reconnection: Reconnections.Reconnection
  private readonly replacement: Replacements.Replacement
  /** Whether the connection itself carries the session, so that a login replaces it. */
  readonly byConnection: boolean
  private readonly actions = new Fifo<Action>()
  private state: Connection.ConnectionState
  private pulse: Pulse | undefined = undefined
  /** A dial of an earlier generation carries the previous session: its connection is closed as soon as it is open. */
  private generation = 0
  private wasUsable = false
  /** Whether the requests that waited for the connection have been sent. */
  private replayed = true

  constructor(private readonly parts: Parts, readonly credentials: Credentials, private readonly clock: Clock) {
    this.reconnection = new Reconnections.Reconnection(parts.endpoints, parts.settings)
    this.replacement = new Replacements.Replacement(parts.settings)
    this.state = Connection.initial(parts.endpoints)
    this.byConnection = parts.identity.keptBy === "Cookie"
    this.identity = new Identities.IdentityMachine(credentials, parts.identity)
    const session = new SessionOfRequests(credentials, this.identity, clock)
    this.requests = new Line.Requests(parts.settings, parts.idPrefix, session)
  }

  poll(now: number): Action | undefined {
    for (;;) {
      const action = this.actions.shift() ?? this.requests.poll(now)
      if (action === undefined) return undefined
      switch (action._tag) {
        case "Event":
          this.leaveIfShuttingDown(action.event)
          return { _tag: "Publish", event: action.event, size: action.size }
        case "Refused":
          this.handleRefused(action, now)
          break
        case "Expired":
          this.identity.handleExpired(action.identity)
          this.followIdentity()
          break
        case "Replayed":
          this.replayed = true
          this.advance()
          break
        case "Idle":
          this.drained()
          break
        default:
          return action
      }
    }
  }

  /** No later than the time at which `handleDue` has something to do; `Infinity`: when something happens. */
  nextDue(): number {
    const pulse = this.pulse === undefined ? Infinity : this.pulse.nextDue()
    return Math.min(this.requests.nextDue(), pulse, this.identity.nextDue(), this.dialAt(), this.replacement.nextDue())
  }

  handleDue(counters: Counters): void {
    const now = this.clock.now()
    if (now >= this.requests.nextDue()) this.requests.handleDue(now)
    if (this.pulse !== undefined && now >= this.pulse.nextDue()) {
      this.pulse.handleDue(this.sight(counters))
      this.followPulse()
    }
    this.identity.handleDue(now)
    this.followIdentity()
    if (now >= this.replacement.nextDue()) this.drained()
    this.dialIfDue()
  }

  // ---------------------------------------------------------------------------------------------------------------
  // what can be asked
  // ---------------------------------------------------------------------------------------------------------------

  /** The public state, without the secrets that an address may contain. */
  connection(state = this.state): Connection.ConnectionState {
    return "endpoint" in state ? { ...state, endpoint: withoutSecrets(state.endpoint) } : state
  }

  isConnected(): boolean {
    return Connection.isConnected(this.state)
  }

  /** The address of the connection, or of the next one; empty before the first address is known. */
  endpoint(): string {
    return "endpoint" in this.state ? this.state.endpoint : this.reconnection.current()[0] ?? ""
  }

  /** The address of the connection, or of the next one by the current addresses. */
  locate(current: readonly [string, ...Array<string>]): string {
    return this.isConnected() ? this.endpoint() : this.reconnection.locate(this.endpoint(), current)
  }

  // ---------------------------------------------------------------------------------------------------------------
  // the law of the order
  // ---------------------------------------------------------------------------------------------------------------

  /**
   * The order after an open is fixed (spec 3.9): the session, the subscriptions, the requests that waited, new
   * requests. Advances as far as possible. Each step ends in a condition that can be checked at any time, and not in an
   * event that could be missed.
   */
  private advance(): void {
    while (this.requests.isConnected()) {
      switch (this.state._tag) {
        case "Authenticating":
          if (!this.identity.isSettled()) return
          this.dispatch({ _tag: "Authenticated" })
          this.subscribe()
          break
        case "Resubscribing":
          if (!this.listening.registry.settled()) return
          this.replay()
          break
        case "Replaying":
          if (!this.replayed) return
          this.dispatch({ _tag: "Replayed" })
          break
        default:
          return
      }
    }
  }

  /** Sends the subscriptions to the server. */
  private subscribe(): void {
    // After a logout at the moment in which the connection ends, there is no connection any more.
    if (!this.requests.isConnected()) return
    if (this.credentials.alive(this.clock.wall())) this.listening.registry.connected()
    this.reconcile()
  }

  /** Sends the requests that waited, if there are any. */
  private replay(): void {
    const queued = this.requests.waitingCount() > 0
    this.replayed = !queued
    this.dispatch({ _tag: "Resubscribed", queued })
    if (queued) this.requests.startReplay()
    if (!this.wasUsable) this.actions.push({ _tag: "Usable" })
    this.wasUsable = true
  }

  private dispatch(event: Connection.Event, cause?: Cause): void {
    const before = this.state
    const now = Connection.next(this.reconnection.current())(before, event)
    if (now === before) return
    this.state = now
    this.actions.push({ _tag: "State", before, now })
    this.admit(cause)
  }

  private admit(cause?: Cause): void {
    this.requests.handleAdmission(Connection.admission(this.state, this.byConnection), cause, this.clock.now())
  }

  // ---------------------------------------------------------------------------------------------------------------
  // the connection
  // ---------------------------------------------------------------------------------------------------------------

  /** `waits`: requests wait for the first connection. Otherwise they are queued or refused until there is one. */
  start(waits: boolean): void {
    if (!waits) this.admit()
    this.dial()
  }

  /** The addresses of this attempt. Returns when it may dial: another endpoint than before may have asked to wait. */
  handleLocated(current: readonly [string, ...Array<string>]): number {
    const endpoint = this.locate(current)
    this.dispatch({ _tag: "Located", endpoint })
    return this.reconnection.handleLocated(endpoint, current)
  }

  /** The socket is open. Returns `false` if it carries the previous session, so that it has to be closed. */
  handleOpened(generation: number): boolean {
    if (generation !== this.generation) return false
    const { pulse } = this.parts
    const now = this.clock.now()
    this.reconnection.handleOpened(now)
    if (pulse !== undefined) this.pulse = new Pulse(pulse, now)
    this.followPulse()
    this.requests.handleOpened()
    const authenticate = this.identity.handleOpened(this.clock.wall())
    this.dispatch({ _tag: "Opened", authenticate })
    if (authenticate) {
      this.identity.handleStart()
      this.followIdentity()
    } else this.subscribe()
    return true
  }

  /** The attempt has failed or the connection has ended. Its socket is closed. */
  handleLost(cause: Cause): void {
    const now = this.clock.now()
    const isReplaced = cause._tag === "KuzzleConnectionEndedError" && cause.by === "Replacement"
    this.pulse = undefined
    this.replacement.handleLost()
    if (cause._tag === "KuzzleConnectionEndedError") this.requests.handleLost(cause)
    const stable = this.reconnection.handleEnded(now)
    if (isReplaced && this.state._tag === "Connecting") {
      this.listening.registry.disconnected({ _tag: "Replaced" })
      this.actions.push({ _tag: "Replaced", cause })
      return this.dial()
    }
    this.listening.registry.disconnected({ _tag: "Disconnected", cause })
    const afresh = this.reconnection.handleLost({ cause, endpoint: this.endpoint(), stable }, now)
    this.actions.push({ _tag: "AskReconnect", cause, afresh })
  }

  /**
   * The schedule's backoff delay in milliseconds; `undefined`: it has ended.
   *
   * @param online whether the host has a network, as far as it knows
   */
  handleDelay(pause: number | undefined, online: boolean): void {
    const following = this.reconnection.handleDelay(pause, this.clock.now())
    if (following === undefined) return
    const { cause, delayMillis, endpoint, isUnusable, stable } = following
    this.dispatch({ _tag: "Lost", cause, delayMillis, stable, online }, cause)
    if (isUnusable) this.actions.push({ _tag: "Unusable", error: asConnectError(cause, endpoint) })
    if (this.state._tag === "Failed") this.closeSubscriptions(cause)
    this.dialIfDue()
  }

  /** The shell or a schedule of the user has died: there is no other attempt. */
  handleDefect(reason: string): void {
    const ended = new ConnectionEndedError({ by: "Peer", code: 1006, reason: `the client failed: ${reason}` })
    this.actions.push({ _tag: "Unusable", error: asConnectError(ended, this.endpoint()) })
    this.reconnection.handleDefect()
    this.pulse = undefined
    this.requests.handleLost(ended)
    this.dispatch({ _tag: "Lost", cause: ended, delayMillis: undefined, stable: false, online: true }, ended)
    this.closeSubscriptions(ended)
  }

  handleLifecycle(event: LifecycleEvent, counters: Counters): void {
    if (event !== "Resumed") this.dispatch({ _tag: "Network", online: event === "Online" })
    // Going offline does not end a working connection: the heartbeat probes it first (promise C2).
    this.pulse?.handleProbe(this.sight(counters))
    this.followPulse()
    if (event === "Offline" || this.isConnected()) return
    this.reconnection.handleWoken()
    this.dialIfDue()
  }

  /** The scope of the client is closed. */
  close(): void {
    this.pulse = undefined
    this.requests.handleLost(released)
    this.closeSubscriptions(released)
    this.dispatch({ _tag: "Close" }, released)
  }

  private closeSubscriptions(cause: Cause): void {
    this.listening.registry.close(() => new NotSentError({ ...subscribing, cause }))
  }

  private dialAt(): number {
    return this.state._tag === "Waiting" ? this.reconnection.dialAt(this.state.endpoint) : Infinity
  }

  private dialIfDue(): void {
    if (this.state._tag !== "Waiting" || this.clock.now() < this.dialAt()) return
    this.dispatch({ _tag: "Due" }, this.state.cause)
    this.dial()
  }

  private dial(): void {
    this.reconnection.handleDial()
    this.actions.push({ _tag: "Dial", generation: this.generation })
  }

  // ---------------------------------------------------------------------------------------------------------------
  // a connection that is replaced on purpose
  // ---------------------------------------------------------------------------------------------------------------

  /** Holds the connection for an exchange: requests wait from now on. When nothing is in flight any more, `Drained` follows. */
  hold(): void {
    this.replacement.handleHeld(this.clock.now())
    this.drain()
  }

  private drain(): void {
    this.dispatch({ _tag: "Renew" })
    this.requests.awaitIdle()
  }

  /**
   * The exchange that the connection was held for has been made. Returns whether the connection is replaced.
   *
   * @param before the previous identity
   * @param elsewhere another client may have changed the cookie: the connection is replaced in any case
   */
  handleExchanged(
    before: Identity | undefined,
    exchange: { readonly elsewhere: boolean; readonly succeeded: boolean }
  ): boolean {
    // Requests held for a login that failed, or for no login of ours, belong to the user who is still logged in.
    if (this.byConnection) this.requests.handleUserChanged()
    const isReplaced = this.identity.connectionAfter(before, exchange) === "Replace"
    if (isReplaced && this.byConnection) {
      // What was opened, or is being opened, meanwhile is of the session before.
      this.generation += 1
      this.dispatch({ _tag: "Renew" })
    }
    const decision = this.replacement.handleExchanged(isReplaced)
    if (this.state._tag !== "Replacing") return isReplaced
    // One step of several has changed nothing. Once the session has changed, an interruption would only hide it.
    if (isReplaced || decision === "Leave") this.redial()
    else if (decision === "Stay") {
      // What has been begun while it was held, or before, is not over: the session is not known yet.
      const authenticate = !this.identity.isSettled()
      this.dispatch({ _tag: "Kept", authenticate })
      if (!authenticate) this.subscribe()
    }
    return isReplaced
  }

  private drained(): void {
    switch (this.replacement.handleDrained()) {
      case "Exchange":
        this.actions.push({ _tag: "Drained" })
        return
      case "Leave":
        return this.redial()
    }
  }

  /**
   * A server that shuts down answers the requests in flight and refuses all others. If there is another endpoint, the client
   * goes there once they are answered, without waiting for the end of the connection. If that one shuts down, too, the client waits as after a loss.
   */
  private leaveIfShuttingDown(event: Line.RequestEvent): void {
    if (event._tag !== "QueryFailed" || !isApiError(event.error) || !shuttingDown.has(event.error.id)) return
    if (this.state._tag !== "Ready" || this.reconnection.current().length < 2) return
    if (this.replacement.handleShutDown(this.clock.now())) this.drain()
  }

  /** Ends the connection and dials at once: the next endpoint, if the server shuts down. */
  private redial(): void {
    if (this.state._tag !== "Replacing") return
    const { endpoint } = this.state
    this.dispatch({ _tag: "Redial" })
    if (this.replacement.isLeaving()) {
      const following = Connection.following(this.reconnection.current(), endpoint, false)
      this.dispatch({ _tag: "Located", endpoint: following })
    }
    this.terminate(replaced())
  }

  private terminate(ended: ConnectionEndedError): void {
    this.actions.push({ _tag: "Terminate", ended })
  }

  // ---------------------------------------------------------------------------------------------------------------
  // what arrives
  // ---------------------------------------------------------------------------------------------------------------

  /** A whole frame has arrived. Returns whether the heartbeat waited for it. */
  handleFrame(): boolean {
    return this.pulse !== undefined && this.pulse.handleFrame()
  }

  /** The answer to a ping has arrived. Returns the round trip in milliseconds, if it was measured. */
  handlePong(): number | undefined {
    return this.pulse?.handlePong(this.clock.now())
  }

  /**
   * A frame that is too large to be read, and that browsers cannot refuse before it has arrived. If it answers a request,
   * only that request fails. If it is a notification, its loss must be announced by a `Gap`, so the connection ends, as it
   * does on Node.
   */
  handleTooLarge(id: string | undefined): void {
    const { maxResponseSize } = this.parts.settings
    if (id === undefined || !this.requests.handleTooLarge(id, maxResponseSize)) {
      this.terminate(oversized(maxResponseSize))
    }
  }

  /** The server dropped every subscription of the connection (spec 0.7): open them again when there is a live token. */
  handleTokenExpired(): void {
    this.publish({ _tag: "TokenExpired" })
    const isRenewed = this.identity.handleTokenExpired()
    this.followIdentity()
    if (isRenewed) return
    this.listening.registry.dropped({ _tag: "TokenExpired" })
    this.subscribe()
  }

  handleUnroutable(frame: Unroutable): void {
    if (frame.errorId === Listenings.rateLimitId) {
      const now = this.clock.now()
      this.listening.limited(now)
      this.reconcile()
      this.requests.handleLimited(now)
    }
    this.publish({ ...frame, errorId: Option.fromNullable(frame.errorId) })
  }

  private handleRefused(refused: Line.Refused, now: number): void {
    const isRenewed = this.identity.handleRefused(refused.identity)
    this.followIdentity()
    this.requests.handleRenewal(refused, isRenewed, now)
  }

  private publish(event: Event): void {
    this.actions.push({ _tag: "Publish", event, size: undefined })
  }

  // ---------------------------------------------------------------------------------------------------------------
  // the heartbeat
  // ---------------------------------------------------------------------------------------------------------------

  handlePulsesPlanned(pulse: Pulse, delays: ReadonlyArray<number>): void {
    pulse.handlePlanned(delays)
    this.followPulse()
  }

  handlePlanFailed(pulse: Pulse, issue: string): void {
    pulse.handlePlanFailed(issue)
    this.followPulse()
  }

  private sight({ buffered, received }: Counters): Sight {
    return { now: this.clock.now(), received, buffered, inFlight: this.requests.unanswered() }
  }

  private followPulse(): void {
    const { pulse } = this
    if (pulse === undefined) return
    for (let action = pulse.poll(); action !== undefined; action = pulse.poll()) {
      this.actions.push(action._tag === "Plan" ? { _tag: "PlanPulses", pulse, count: action.count } : action)
    }
  }

  // ---------------------------------------------------------------------------------------------------------------
  // the session
  // ---------------------------------------------------------------------------------------------------------------

  /** After each call of the identity's machine: does what follows for requests and the connection. */
  followIdentity(): void {
    for (let action = this.identity.poll(); action !== undefined; action = this.identity.poll()) {
      switch (action._tag) {
        case "Challenge":
          this.dispatch({ _tag: "Challenged" })
          if (action.dropped) this.listening.registry.dropped({ _tag: "TokenExpired" })
          break
        case "Pass":
          this.pass()
          break
        case "UserKnown":
          this.requests.handleUserChanged()
          break
        case "Resume":
          if (this.state._tag === "Ready" || this.state._tag === "Replaying") this.subscribe()
          break
        case "Publish":
          this.publish(action.event)
          break
        default:
          this.actions.push(action)
      }
    }
  }

  private pass(): void {
    if (this.state._tag === "Authenticating") return this.advance()
    this.subscribe()
    // What found the session expired while the connection was opened for it, and ready, waits still.
    if (this.state._tag === "Ready") this.admit()
  }

  // ---------------------------------------------------------------------------------------------------------------
  // what we listen to
  // ---------------------------------------------------------------------------------------------------------------

  /** After each change of the subscriptions: asks for what the server lacks. */
  reconcile(): void {
    const { listening } = this
    if (!this.isUsable()) listening.registry.suspended()
    const now = this.clock.now()
    for (let actions = listening.poll(now); actions.length > 0; actions = listening.poll(now)) {
      for (const action of actions) this.listen(action, now)
    }
    if (this.state._tag === "Resubscribing") this.advance()
  }

  private listen(action: Listenings.Action, now: number): void {
    switch (action._tag) {
      case "Send":
        return this.send(action, now)
      case "Unanswered": {
        // Before the state is ready, every request waits for this one answer.
        const isNeeded = action.needed || this.state._tag === "Resubscribing"
        if (isNeeded) this.terminate(new ConnectionEndedError({ by: "Heartbeat", code: 1006, reason: action.reason }))
        return
      }
      default:
        this.actions.push(action)
    }
  }

  /** Sends requests of subscriptions while all others wait, because they make the connection ready. */
  private send(sent: Listenings.Sent, now: number): void {
    const call = this.requests.submit({
      controller: "realtime",
      action: sent.action,
      encoded: sent.encoded,
      options: sent.options,
      timeout: Duration.toMillis(this.parts.settings.requestTimeout),
      kind: "Subscription",
      queuable: false,
      settle: (outcome) => {
        const isConnected = this.listening.answered(sent, outcome, this.clock.now())
        if (sent.forgotten) this.requests.drop(call)
        if (isConnected) this.reconcile()
      }
    }, now)
  }

  /** A token known to be expired is not sent (promise A1): the session is renewed first, and then this runs again. */
  private isUsable(): boolean {
    if (!this.requests.isConnected()) return true
    const isUsable = this.identity.handleUse(this.clock.wall())
    this.followIdentity()
    return isUsable
  }
}

/** A class, because there may be thousands of clients. */
class SessionOfRequests implements Session {
  constructor(
    private readonly credentials: Credentials,
    private readonly identity: Identities.IdentityMachine,
    private readonly clock: Clock
  ) {}

  current(): Identity | undefined {
    return this.credentials.current()
  }

  sessionEnd(): SessionLostError | undefined {
    return this.credentials.sessionEnd()
  }

  sessionPart(options: RequestOptions | undefined): ReturnType<Credentials["sessionPart"]> {
    return this.credentials.sessionPart(options)
  }

  toCome(): boolean {
    return this.identity.isToCome()
  }

  wallMillis(): number {
    return this.clock.wall()
  }
}

/**
 * The first connection was accepted and closed before it was usable. For the caller that wants to connect, that counts
 * as no connection.
 */
const asConnectError = (cause: Cause, endpoint: string): ConnectError =>
  cause._tag === "KuzzleConnectError"
    ? cause
    : new ConnectError({ reason: "Unreachable", url: withoutSecrets(endpoint), cause })
