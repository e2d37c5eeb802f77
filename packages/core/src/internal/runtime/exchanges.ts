/**
 * Begins, renews and ends sessions, one exchange at a time. `protocol/identity.ts` decides. This module runs the
 * exchanges with the server, the token store and the authenticator, and reports their outcomes.
 */
import type * as Cause from "effect/Cause"
import type * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import type { Settings } from "../../KuzzleConfig.ts"
import type * as KuzzleError from "../../KuzzleError.ts"
import * as KuzzleSchedule from "../../KuzzleSchedule.ts"
import type { Credentials, Identity } from "../protocol/credentials.ts"
import type { KuzzleRequest, KuzzleResponse, RequestOptions } from "../protocol/envelope.ts"
import {
  type Action,
  type Attempt,
  type AuthenticationEvent,
  type AuthenticationState,
  type ClientAction,
  type Followed,
  IdentityMachine,
  type Outcome,
  type Time
} from "../protocol/identity.ts"
import * as Renewal from "../protocol/renewal.ts"
import type * as SharedSession from "../protocol/sharedSession.ts"
import * as Timer from "../services/timer.ts"
import { Broadcast } from "./broadcast.ts"
import { Delays } from "./delays.ts"
import type { Fork } from "./fork.ts"
import type { Keeper } from "./keeper.ts"
import type { Telemetry } from "./telemetry.ts"

type Exchanged<A> = Effect.Effect<A, KuzzleError.RequestError>

/** The exchanges that an authenticator may make. */
export type ForAuthenticator = Pick<Exchanges, "login" | "adopt">

/** The owner of the exchanges, which performs the machine's actions for requests and the connection. */
export interface Host {
  /** Call it after each call of the machine. */
  readonly follow: () => void
  readonly publish: (event: AuthenticationEvent) => void
  /** Ends the client, because the schedule of the renewals has died or has interrupted itself. */
  readonly failed: (defect: Cause.Cause<never>) => void
  /** Replaces the connection, if there are subscriptions on it. */
  readonly replace: Effect.Effect<void>
  /** Replaces the connection by one with the current cookie. `dialling` runs right before it is dialled. */
  readonly redial: (dialling: Effect.Effect<void>) => Effect.Effect<void>
  /** Waits until a connection that was opened for another session is ready, or will certainly not be ready soon. */
  readonly ready: Effect.Effect<void>
}

/** The retries of a renewal that fails temporarily (promise A4). They respect the server's `Retry-After`. */
const retries = KuzzleSchedule.retry({ cap: "8 seconds", times: 4 })

/**
 * The pauses before the token store is read again, in milliseconds. When the server does not know a shared session any
 * more, another client may be about to store the renewed token.
 */
const rereads: ReadonlyArray<number> = [0, 100, 200]

interface Parts {
  readonly settings: Pick<Settings, "tokenRefresh">
  readonly authenticator: Effect.Effect<unknown, Renewal.Failure> | undefined
  readonly credentials: Credentials
  readonly machine: IdentityMachine
  readonly keeper: Keeper
  readonly host: Host
  readonly fork: Fork
  readonly telemetry: Telemetry
}

/** The exchanges of a client without a connection (HTTP). They have a timer of their own for the renewals. */
export const makeAlone = (
  parts: Pick<Parts, "settings" | "credentials" | "keeper" | "fork" | "telemetry"> & Pick<Host, "publish">
): Effect.Effect<Exchanges, never, Scope.Scope> =>
  Effect.gen(function*() {
    const clock = yield* Effect.clock
    const keptBy = parts.keeper.shared === undefined ? "Token" : "SharedToken"
    const machine = new IdentityMachine(parts.credentials, { canLogin: false, keptBy })
    const wakeBy = yield* Timer.makeEarliest(() => {
      machine.handleDue(Timer.now(clock))
      follow()
    })
    const follow = () => {
      for (let action = machine.poll(); action !== undefined; action = machine.poll()) perform(action)
      wakeBy(machine.nextDue())
    }
    const perform = (action: Action) => {
      switch (action._tag) {
        case "Publish":
          return parts.publish(action.event)
        case "Authentication":
        case "Renew":
        case "Redial":
          return exchanges.perform(action)
      }
    }
    const host: Host = {
      follow,
      publish: parts.publish,
      // Without a connection, nothing waits. The caller of the exchange gets the defect.
      failed: () => {},
      replace: Effect.void,
      redial: () => Effect.void,
      ready: Effect.void
    }
    const exchanges: Exchanges = new Exchanges({ ...parts, machine, host, authenticator: undefined }, clock)
    return exchanges
  })

export class Exchanges {
  private readonly machine: IdentityMachine
  private semaphore: Effect.Semaphore | undefined = undefined
  readonly states = new Broadcast(() => this.state())

  constructor(private readonly parts: Parts, private readonly clock: Clock.Clock) {
    this.machine = parts.machine
  }

  // ---------------------------------------------------------------------------------------------------------------
  // calls of the application
  // ---------------------------------------------------------------------------------------------------------------

  state(): AuthenticationState {
    return this.machine.state()
  }

  login(request: KuzzleRequest, options?: RequestOptions): Exchanged<KuzzleResponse> {
    return this.ready(this.exchanging(this.logIn(request, options)))
  }

  /** Refreshes the session. It first adopts a newer token from the store. */
  refresh(request: KuzzleRequest, options?: RequestOptions): Exchanged<KuzzleResponse> {
    return this.ready(this.exchanging(Effect.zipRight(this.followStore(), this.refreshToken(request, options))))
  }

  logout(request: KuzzleRequest, options?: RequestOptions): Exchanged<void> {
    return this.ready(this.exchanging(Effect.suspend(() => {
      const ended = this.afterMachine(this.machine.handleLogout())
      if (ended === "Nothing") return Effect.void
      const commit = Effect.uninterruptible(
        Effect.tap(this.switchTo(undefined), () => this.publish({ _tag: "LoggedOut", cause: "Requested" }))
      )
      // If another client has renewed the session, the renewed one is ended. If the session was lost before, a newer
      // session in the store is not ended.
      const newest = ended === "Session" ? this.followStore("Renewed") : Effect.void
      return Effect.zipRight(newest, this.parts.keeper.logout(request, options, commit))
    })))
  }

  /** Adopts a session that was begun elsewhere. `undefined`: no user is logged in. */
  adopt(identity: Identity | undefined): Effect.Effect<void> {
    return this.exchanging(this.switchTo(identity))
  }

  /** The exchanges for the authenticator. They are interrupted after a later login or logout by the application. */
  get forAuthenticator(): ForAuthenticator {
    return {
      login: (request, options) => this.stillWanted(this.logIn(request, options)),
      adopt: (identity) => this.stillWanted(this.switchTo(identity))
    }
  }

  // ---------------------------------------------------------------------------------------------------------------
  // the start, changes and the end
  // ---------------------------------------------------------------------------------------------------------------

  /** Continues the stored session of a previous client. */
  get restoreStored(): Effect.Effect<void> {
    return Effect.suspend(() => {
      const { fork, keeper: { shared, stored } } = this.parts
      // Listen before the store is read, so that no change is missed.
      if (shared !== undefined) {
        const followChange = this.exclusive.withPermits(1)(this.followStore())
        fork.run(shared.followChanges(followChange))
      }
      return Effect.flatMap(
        stored,
        (identity) => identity === undefined ? Effect.void : this.switchTo(identity, Effect.void)
      )
    })
  }

  changedElsewhere(): void {
    this.afterMachine(this.machine.handleChangedElsewhere())
  }

  end(): void {
    this.states.end()
  }

  // ---------------------------------------------------------------------------------------------------------------
  // exchanges
  // ---------------------------------------------------------------------------------------------------------------

  /**
   * Allows one exchange at a time. Made for the first exchange, because it takes 1 KB and many clients never log in.
   */
  private get exclusive(): Effect.Semaphore {
    return this.semaphore ??= Effect.unsafeMakeSemaphore(1)
  }

  /** Runs one exchange at a time, among all clients that share the session. */
  private exchanging<A, E>(exchange: Effect.Effect<A, E>): Effect.Effect<A, E> {
    const { shared } = this.parts.keeper
    return this.exclusive.withPermits(1)(shared === undefined ? exchange : shared.exclusive(exchange))
  }

  private ready<A, E>(exchange: Effect.Effect<A, E>): Effect.Effect<A, E> {
    return Effect.zipLeft(exchange, this.parts.host.ready)
  }

  private stillWanted<A, E>(exchange: Effect.Effect<A, E>): Effect.Effect<A, E> {
    return this.followStore().pipe(
      Effect.flatMap(() => this.machine.isStillWanted() ? exchange : Effect.interrupt),
      Effect.tap(() => this.afterMachine(this.machine.handleAuthenticated())),
      (exchange) => this.exchanging(exchange)
    )
  }

  /** Makes a login. An answer without a session (one of several steps) changes nothing. */
  private logIn(request: KuzzleRequest, options: RequestOptions | undefined) {
    const commit = (identity: Identity) =>
      Effect.uninterruptible(
        Effect.tap(this.switchTo(identity), () =>
          this.publish({ _tag: "LoggedIn", kuid: Option.fromNullable(identity.kuid) }))
      )
    return Effect.suspend(() => {
      this.publish({ _tag: "LoginStarted" })
      return this.parts.keeper.login(request, options, commit)
    }).pipe(Effect.tapError((error) => Effect.sync(() => this.publish({ _tag: "LoginFailed", error }))))
  }

  private refreshToken(request: KuzzleRequest, options?: RequestOptions) {
    return Effect.suspend(() => {
      const { credentials, keeper } = this.parts
      const before = credentials.current()
      const commit = (granted: Identity) => {
        const identity = this.machine.refreshed(before, granted)
        return Effect.flatMap(
          this.switchTo(identity, keeper.shared?.renewed(identity)),
          (stored) => stored === false ? Effect.asVoid(this.followStore(undefined, () => before)) : Effect.void
        )
      }
      return Effect.tapError(
        keeper.refresh(request, options, commit),
        (error) => Effect.sync(() => this.afterMachine(this.machine.handleRefreshFailed(before, error)))
      )
    })
  }

  /**
   * Sets the session of the client. `undefined`: no user is logged in. It completes even if the caller is interrupted.
   */
  private switchTo<A = void>(identity: Identity | undefined, store?: Effect.Effect<A>): Effect.Effect<A | void> {
    return Effect.uninterruptible(Effect.gen(this, function*() {
      const { credentials, host, keeper } = this.parts
      const before = credentials.current()
      this.afterMachine(this.machine.handleIdentity(identity))
      yield* this.plan()
      const stored = yield* store ?? keeper.changed(identity, before)
      if (this.afterMachine(this.machine.handleKept(before, identity))) yield* host.replace
      this.afterMachine(this.machine.handleSettled())
      return stored
    }))
  }

  /** Plans the next renewal of the current session. */
  private plan(): Effect.Effect<void> {
    return Effect.suspend(() => {
      const { credentials, host, settings } = this.parts
      const identity = credentials.current()
      if (identity?.expiresAt === undefined) return Effect.void
      return new Delays(settings.tokenRefresh).next({ expiresAt: identity.expiresAt }).pipe(
        Effect.map((delay) => this.afterMachine(this.machine.handlePlanned(identity, delay, this.time()))),
        Effect.tapErrorCause((defect) => Effect.sync(() => host.failed(defect)))
      )
    })
  }

  /**
   * Adopts another client's change of the session. Returns whether there was one. Run it while this client makes no
   * exchange.
   */
  private followStore(
    only?: SharedSession.Elsewhere,
    ours = () => this.parts.credentials.current()
  ): Effect.Effect<boolean> {
    const { shared } = this.parts.keeper
    if (shared === undefined) return Effect.succeed(false)
    return Effect.flatMap(
      Effect.suspend(() => shared.elsewhere(ours())),
      (change) => this.follow(this.machine.handleStored(change, only))
    )
  }

  private follow(followed: Followed | undefined): Effect.Effect<boolean> {
    this.afterMachine(followed)
    if (followed === undefined) return Effect.succeed(false)
    const { event, identity } = followed
    return Effect.uninterruptible(Effect.map(this.switchTo(identity, Effect.void), () => {
      if (event !== undefined) this.publish(event)
      return true
    }))
  }

  // ---------------------------------------------------------------------------------------------------------------
  // a renewal
  // ---------------------------------------------------------------------------------------------------------------

  private renewal(way: Renewal.Way): Effect.Effect<void> {
    const { metrics, spans } = this.parts.telemetry
    return spans.renewal(way, this.steps(way)).pipe(
      Effect.map((outcome) => metrics?.renewals[outcome](1)),
      Effect.ensuring(Effect.sync(() => this.afterMachine(this.machine.handleRenewalEnded())))
    )
  }

  private steps(way: Renewal.Way): Effect.Effect<Outcome> {
    return Effect.gen(this, function*() {
      let step = this.afterMachine(this.machine.handleRenewal(way, this.time()))
      for (;;) {
        switch (step._tag) {
          case "Attempt": {
            const retry = { schedule: retries, while: Renewal.isTemporary }
            const exit = yield* Effect.exit(Effect.retry(this.attempt(step.attempt), retry))
            step = this.afterMachine(this.machine.handleTried(step.attempt, exit, this.time()))
            break
          }
          case "Reread": {
            const isChanged = yield* this.reread(step.attempt.before)
            step = this.afterMachine(this.machine.handleReread(step, isChanged, this.time()))
            break
          }
          case "Plan":
            yield* this.plan()
            return "Kept"
          case "End":
            return step.outcome
        }
      }
    })
  }

  private attempt(attempt: Attempt): Effect.Effect<void, Renewal.Failure> {
    const { authenticator = Effect.void, keeper: { cookie } } = this.parts
    const run = <E>(exchange: Effect.Effect<unknown, E>): Effect.Effect<void, E> =>
      Effect.suspend(() => this.machine.mayRun(attempt) ? Effect.asVoid(exchange) : Effect.void)
    switch (attempt.way) {
      case "Login":
        return run(authenticator)
      case "Refresh":
        return this.exchanging(run(this.refreshSession()))
      case "Restore": {
        const restored = (answer: Identity | undefined) =>
          this.follow(this.machine.handleRestored(attempt, answer, this.time().wall))
        return this.exchanging(run(Effect.flatMap(cookie?.restore ?? Effect.succeed(undefined), restored)))
      }
    }
  }

  /** Refreshes the session, unless another client has already done so. */
  private refreshSession(): Effect.Effect<void, KuzzleError.RequestError> {
    const { cookie } = this.parts.keeper
    const refresh = Effect.asVoid(this.refreshToken({ controller: "auth", action: "refreshToken" }))
    return cookie === undefined
      ? Effect.flatMap(this.followStore(), (isRenewed) => isRenewed ? Effect.void : refresh)
      : Effect.map(cookie.renewing(refresh), (isOurs) => {
        if (!isOurs) this.afterMachine(this.machine.handleRenewedElsewhere())
      })
  }

  /** Waits up to 300 ms for another client to store the session that replaced this one. Returns whether it has. */
  private reread(ended: Identity | undefined): Effect.Effect<boolean> {
    return Effect.gen(this, function*() {
      const { credentials } = this.parts
      for (const millis of rereads) {
        if (millis > 0) yield* Effect.sleep(Duration.millis(millis))
        const isChanged = yield* this.exclusive.withPermits(1)(
          Effect.suspend(() => credentials.current() === ended ? this.followStore() : Effect.succeed(true))
        )
        if (isChanged) return true
      }
      return false
    })
  }

  // ---------------------------------------------------------------------------------------------------------------
  // the machine's actions
  // ---------------------------------------------------------------------------------------------------------------

  private afterMachine<A>(answer: A): A {
    this.parts.host.follow()
    return answer
  }

  /** Performs an action of the machine that is an exchange. */
  perform(action: Exclude<Action, ClientAction>): void {
    const { fork, host } = this.parts
    switch (action._tag) {
      case "Authentication":
        return this.states.publish(this.state())
      case "Renew":
        return void fork.run(this.renewal(action.way))
      case "Redial": {
        const dialling = Effect.sync(() => this.afterMachine(this.machine.handleDialling()))
        return void fork.run(this.exclusive.withPermits(1)(host.redial(dialling)))
      }
    }
  }

  private publish(event: AuthenticationEvent): void {
    this.parts.host.publish(event)
  }

  private time(): Time {
    return { now: Timer.now(this.clock), wall: this.clock.unsafeCurrentTimeMillis() }
  }
}
