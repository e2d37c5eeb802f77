/**
 * The machine of the whole client. It combines the session (`identity.ts`), the subscriptions (`listening.ts`), the
 * requests (`requests.ts`) and the heartbeat (`pulse.ts`) over one connection (`connection.ts`). The connection is
 * reopened (`reconnection.ts`) or replaced (`replacement.ts`). The machine only decides. It has no fiber, timer or
 * socket.
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
import type * as Listenings from "./listening.ts"
import type { Settings as PulseSettings, Sight } from "./liveness.ts"
import { rateLimitId } from "./pace.ts"
import { Pulse } from "./pulse.ts"
import * as Reconnections from "./reconnection.ts"
import * as Replacements from "./replacement.ts"
import * as RequestLine from "./requests.ts"
import type { Unroutable } from "./route.ts"
import type { Session } from "./sending.ts"

/** The settings of the client's machine and of its parts. Each part declares its own settings. */
export interface Settings extends RequestLine.Settings, Reconnections.Settings, Replacements.Settings {
  readonly requestTimeout: Duration.Duration
  readonly maxResponseSize: number
}

export interface Parts {
  readonly settings: Settings
  readonly endpoints: ReadonlyArray<string>
  /** Makes the ids of this client's requests differ from those of every other client. */
  readonly idPrefix: string
  readonly identity: Identities.Options
  /** `undefined` if there is no heartbeat. */
  readonly pulse: PulseSettings | undefined
}

export interface Clock {
  /** Monotonic milliseconds (`internal/services/timer.ts`). */
  readonly now: () => number
  /** Milliseconds since the epoch. The expiry of tokens is compared with it. */
  readonly wall: () => number
}

/** The counters of the open connection: see `Liveness.Sight`. */
export type Counters = Pick<Sight, "received" | "buffered">

const subscribing = { controller: "realtime", action: "subscribe" }

const shuttingDown: ReadonlySet<string> = new Set(["api.process.shutting_down", "network.entrypoint.shutting_down"])

/** The end of a connection that the client closed for another user, cookie or endpoint. */
const replaced = () => new ConnectionEndedError({ by: "Replacement", code: 1000, reason: "" })

export class Client {
  readonly requests: RequestLine.Requests
  readonly identity: Identities.IdentityMachine
  /** `undefined` until there is a subscription: many clients never subscribe. */
  listening: Listenings.Listening | undefined = undefined
  private readonly reconnection: Reconnections.Reconnection
  private readonly replacement: Replacements.Replacement
  /** Whether the connection carries the session by its cookie. Then a login replaces the connection. */
  readonly byConnection: boolean
  private readonly actions = new Fifo<Action>()
  private state: Connection.ConnectionState
  private pulse: Pulse | undefined = undefined
  /**
   * Counts the sessions of the cookie. A connection that was dialled in an earlier generation carries a previous
   * session, so it is closed as soon as it is open.
   */
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
    this.requests = new RequestLine.Requests(parts.settings, parts.idPrefix, session)
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

  /** When to call `handleDue`. It may be too early, but never too late. `Infinity`: not before the next event. */
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
  // queries
  // ---------------------------------------------------------------------------------------------------------------

  /** The public state, without the secrets that an address may contain. */
  connection(state = this.state): Connection.ConnectionState {
    return "endpoint" in state ? { ...state, endpoint: withoutSecrets(state.endpoint) } : state
  }

  isConnected(): boolean {
    return Connection.isConnected(this.state)
  }

  /** The address of the current or the next connection. Empty before the first address is known. */
  endpoint(): string {
    return "endpoint" in this.state ? this.state.endpoint : this.reconnection.current()[0] ?? ""
  }

  /** The address of the current connection, or of the next one among these addresses. */
  locate(current: readonly [string, ...Array<string>]): string {
    return this.isConnected() ? this.endpoint() : this.reconnection.locate(this.endpoint(), current)
  }

  // ---------------------------------------------------------------------------------------------------------------
  // the steps after a connection is open
  // ---------------------------------------------------------------------------------------------------------------

  /**
   * Advances through the steps as far as possible. Their order is fixed (spec 3.9): the session, the subscriptions, the
   * requests that waited, new requests. Each step ends in a condition that can be checked at any time, and not in an
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
          if (this.listening?.registry.settled() === false) return
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
    // If a logout coincides with the end of the connection, there is no connection any more.
    if (!this.requests.isConnected()) return
    if (this.credentials.alive(this.clock.wall())) this.listening?.registry.connected()
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

  /**
   * @param waits whether requests wait for the first connection; otherwise they are queued or refused until it is open
   */
  start(waits: boolean): void {
    if (!waits) this.admit()
    this.dial()
  }

  /**
   * Sets the addresses for this attempt. Returns when it may dial, because the chosen endpoint may have asked to wait.
   */
  handleLocated(current: readonly [string, ...Array<string>]): number {
    const endpoint = this.locate(current)
    this.dispatch({ _tag: "Located", endpoint })
    return this.reconnection.handleLocated(endpoint, current)
  }

  /** Reports that the socket is open. Returns `false` if it carries a previous session and must be closed. */
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

  /** Reports that the attempt has failed or the connection has ended. Its socket is closed. */
  handleLost(cause: Cause): void {
    const now = this.clock.now()
    const isReplaced = cause._tag === "KuzzleConnectionEndedError" && cause.by === "Replacement"
    this.pulse = undefined
    this.replacement.handleLost()
    if (cause._tag === "KuzzleConnectionEndedError") this.requests.handleLost(cause)
    const stable = this.reconnection.handleEnded(now)
    if (isReplaced && this.state._tag === "Connecting") {
      this.listening?.registry.disconnected({ _tag: "Replaced" })
      this.actions.push({ _tag: "Replaced", cause })
      return this.dial()
    }
    this.listening?.registry.disconnected({ _tag: "Disconnected", cause })
    const restart = this.reconnection.handleLost({ cause, endpoint: this.endpoint(), stable }, now)
    this.actions.push({ _tag: "AskReconnect", cause, restart })
  }

  /**
   * Reports the answer of the reconnection schedule.
   *
   * @param pause the backoff delay in milliseconds; `undefined` if the schedule has ended
   * @param online whether the host reports a network
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

  /** Reports a defect of the shell or of a schedule. No further attempt is made. */
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

  /** Ends the client, because its scope is closed. */
  close(): void {
    this.pulse = undefined
    this.requests.handleLost(released)
    this.closeSubscriptions(released)
    this.dispatch({ _tag: "Close" }, released)
  }

  private closeSubscriptions(cause: Cause): void {
    this.listening?.registry.close(() => new NotSentError({ ...subscribing, cause }))
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

  /**
   * Holds the connection for an exchange. New requests wait from now on. `Drained` follows when no request is in flight
   * any more.
   */
  hold(): void {
    this.replacement.handleHeld(this.clock.now())
    this.drain()
  }

  private drain(): void {
    this.dispatch({ _tag: "Renew" })
    this.requests.awaitIdle()
  }

  /**
   * Reports the end of the exchange for which the connection was held. Returns whether the connection is replaced.
   *
   * @param before the previous identity
   * @param elsewhere another client may have changed the cookie: the connection is replaced in any case
   */
  handleExchanged(
    before: Identity | undefined,
    exchange: { readonly elsewhere: boolean; readonly succeeded: boolean }
  ): boolean {
    // If no login of this client has succeeded, the held requests belong to the user who is still logged in.
    if (this.byConnection) this.requests.handleUserChanged()
    const isReplaced = this.identity.connectionAfter(before, exchange) === "Replace"
    if (isReplaced && this.byConnection) {
      // A connection that was opened or dialled meanwhile carries the previous session.
      this.generation += 1
      this.dispatch({ _tag: "Renew" })
    }
    const decision = this.replacement.handleExchanged(isReplaced)
    if (this.state._tag !== "Replacing") return isReplaced
    // If the exchange was one of several steps of a login, nothing has changed, so the connection stays.
    if (isReplaced || decision === "Leave") this.redial()
    else if (decision === "Stay") {
      // A renewal that began before or during the exchange may still be under way.
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
   * Leaves a server that shuts down, if there is another endpoint. Such a server answers the requests in flight and
   * refuses all others. The client goes to the next endpoint once the requests in flight are answered. If that server
   * shuts down, too, the client stays until the connection ends.
   */
  private leaveIfShuttingDown(event: RequestLine.RequestEvent): void {
    if (event._tag !== "QueryFailed" || !isApiError(event.error) || !shuttingDown.has(event.error.id)) return
    if (this.state._tag !== "Ready" || this.reconnection.current().length < 2) return
    if (this.replacement.handleShutDown(this.clock.now())) this.drain()
  }

  /** Ends the connection and dials another one at once. If the server shuts down, it dials the next endpoint. */
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
  // inbound frames
  // ---------------------------------------------------------------------------------------------------------------

  /** Reports a whole frame. Returns whether the heartbeat was waiting for one. */
  handleFrame(): boolean {
    return this.pulse !== undefined && this.pulse.handleFrame()
  }

  /** Reports the answer to a ping. Returns the round trip in milliseconds, if it was measured. */
  handlePong(): number | undefined {
    return this.pulse?.handlePong(this.clock.now())
  }

  /**
   * Reports a frame that is too large to be read. Browsers cannot refuse it before it has arrived. If it answers a
   * request, only that request fails. If it is a notification, the connection ends as it does on Node, so that a `Gap`
   * announces the loss.
   */
  handleTooLarge(id: string | undefined): void {
    const { maxResponseSize } = this.parts.settings
    if (id === undefined || !this.requests.handleTooLarge(id, maxResponseSize)) {
      this.terminate(oversized(maxResponseSize))
    }
  }

  /**
   * Reports that a token has expired. The server has dropped every subscription of the connection (spec 0.7). They are
   * opened again as soon as the session is valid.
   */
  handleTokenExpired(): void {
    this.publish({ _tag: "TokenExpired" })
    const isRenewed = this.identity.handleTokenExpired(this.clock.wall())
    this.followIdentity()
    if (isRenewed) return
    this.listening?.registry.dropped({ _tag: "TokenExpired" })
    this.subscribe()
  }

  handleUnroutable(frame: Unroutable): void {
    if (frame.errorId === rateLimitId) {
      const now = this.clock.now()
      this.listening?.limited(now)
      this.reconcile()
      this.requests.handleLimited(now)
    }
    this.publish({ ...frame, errorId: Option.fromNullable(frame.errorId) })
  }

  private handleRefused(refused: RequestLine.Refused, now: number): void {
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

  /**
   * Performs the actions of the session's machine that concern requests and the connection. Call it after each call of
   * that machine.
   */
  followIdentity(): void {
    for (let action = this.identity.poll(); action !== undefined; action = this.identity.poll()) {
      switch (action._tag) {
        case "Challenge":
          this.dispatch({ _tag: "Challenged" })
          if (action.dropped) this.listening?.registry.dropped({ _tag: "TokenExpired" })
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
    // Requests that found the session expired still wait, even if the connection became ready meanwhile.
    if (this.state._tag === "Ready") this.admit()
  }

  // ---------------------------------------------------------------------------------------------------------------
  // subscriptions
  // ---------------------------------------------------------------------------------------------------------------

  /** Sets the machine of the subscriptions. Call it before the first of them. */
  attach(listening: Listenings.Listening): void {
    this.listening = listening
    switch (this.state._tag) {
      case "Resubscribing":
      case "Replaying":
      case "Ready":
        return this.subscribe()
      case "Failed":
        return this.closeSubscriptions(this.state.cause)
      case "Closed":
        return this.closeSubscriptions(released)
    }
  }

  /**
   * Sends the requests that bring the server's subscriptions up to date. Call it after each change of the
   * subscriptions.
   */
  reconcile(): void {
    if (!this.isUsable()) this.listening?.registry.suspended()
    if (this.listening !== undefined) this.listen(this.listening, this.clock.now())
    if (this.state._tag === "Resubscribing") this.advance()
  }

  private listen(listening: Listenings.Listening, now: number): void {
    for (let actions = listening.poll(now); actions.length > 0; actions = listening.poll(now)) {
      for (const action of actions) this.perform(listening, action, now)
    }
  }

  private perform(listening: Listenings.Listening, action: Listenings.Action, now: number): void {
    switch (action._tag) {
      case "Send":
        return this.send(listening, action, now)
      case "Unanswered": {
        // While the subscriptions are restored, all requests wait for this answer.
        const mustReplace = action.needed || this.state._tag === "Resubscribing"
        if (mustReplace) {
          this.terminate(new ConnectionEndedError({ by: "Heartbeat", code: 1006, reason: action.reason }))
        }
        return
      }
      default:
        this.actions.push(action)
    }
  }

  /**
   * Sends a request of a subscription. It does not wait like other requests, because the connection is not ready
   * without it.
   */
  private send(listening: Listenings.Listening, request: Listenings.Sent, now: number): void {
    const call = this.requests.submit({
      controller: "realtime",
      action: request.action,
      encoded: request.encoded,
      options: request.options,
      timeout: Duration.toMillis(this.parts.settings.requestTimeout),
      kind: "Subscription",
      queuable: false,
      settle: (outcome) => {
        const isConnected = listening.answered(request, outcome, this.clock.now())
        if (request.forgotten) this.requests.drop(call)
        if (isConnected) this.reconcile()
      }
    }, now)
  }

  /**
   * Whether the session can be used. An expired token is not sent (promise A1). The session is renewed first, and then
   * `reconcile` runs again. A subscription is not sent on a connection that will be replaced either, because its cookie
   * may belong to another session.
   */
  private isUsable(): boolean {
    if (!this.requests.isConnected()) return true
    if (this.state._tag === "Replacing") return false
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
 * The error of the first connection. A connection that ended before it was usable counts as one that could not be
 * opened.
 */
const asConnectError = (cause: Cause, endpoint: string): ConnectError =>
  cause._tag === "KuzzleConnectError"
    ? cause
    : new ConnectError({ reason: "Unreachable", url: withoutSecrets(endpoint), cause })
