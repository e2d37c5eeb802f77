/**
 * Begins, renews and ends sessions, one exchange at a time. `protocol/identity.ts` decides; this module runs the
 * exchanges with the server, the token store and the authenticator, and reports their outcomes.
 */
import type * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
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

/** What an authenticator may do. */
export type ForAuthenticator = Pick<Exchanges, "login" | "adopt">

/** Performs the machine's actions for requests and the connection. */
export interface Host {
  /** To be called after each call of the machine. */
  readonly follow: () => void
  readonly publish: (event: AuthenticationEvent) => void
  /** Opens another connection if there are subscriptions on this one. */
  readonly replace: Effect.Effect<void>
  /** Opens another connection with the current cookie. `dialling` runs right before. */
  readonly redial: (dialling: Effect.Effect<void>) => Effect.Effect<void>
  /** Waits until a connection that was opened for another session is ready, or certain not to be soon. */
  readonly ready: Effect.Effect<void>
}

/** The retries of a renewal that fails temporarily (promise A4), not before the server's `Retry-After`. */
const patience = KuzzleSchedule.retry({ cap: "8 seconds", times: 4 })

/**
 * The pauses, in milliseconds, before a shared session that the server does not know any more is read again: another
 * client may be about to store the renewed token.
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

/** The exchanges of a client without a connection (HTTP). A timer of its own starts the renewals. */
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
  private readonly broadcast = new Broadcast(() => this.state())

  constructor(private readonly parts: Parts, private readonly clock: Clock.Clock) {
    this.machine = parts.machine
  }

  // ---------------------------------------------------------------------------------------------------------------
  // what the application asks for
  // ---------------------------------------------------------------------------------------------------------------

  state(): AuthenticationState {
    return this.machine.state()
  }

  get states(): Stream.Stream<AuthenticationState> {
    return this.broadcast.stream
  }

  login(request: KuzzleRequest, options?: RequestOptions): Exchanged<KuzzleResponse> {
    return this.ready(this.exchanging(this.logIn(request, options)))
  }

  /** The token to renew is the newest one of the session. */
  refresh(request: KuzzleRequest, options?: RequestOptions): Exchanged<KuzzleResponse> {
    return this.ready(this.exchanging(Effect.zipRight(this.followStore(), this.refreshToken(request, options))))
  }

  logout(request: KuzzleRequest, options?: RequestOptions): Exchanged<void> {
    return this.ready(this.exchanging(Effect.suspend(() => {
      const ended = this.driven(this.machine.handleLogout())
      if (ended === "Nothing") return Effect.void
      const commit = Effect.uninterruptible(
        Effect.tap(this.switchTo(undefined), () => this.publish({ _tag: "LoggedOut", cause: "Requested" }))
      )
      // A session that another client has renewed is still this session. The end of an older session ends no other.
      const newest = ended === "Session" ? this.followStore("Renewed") : Effect.void
      return Effect.zipRight(newest, this.parts.keeper.logout(request, options, commit))
    })))
  }

  /** Adopts a session that was begun elsewhere, or none. */
  adopt(identity: Identity | undefined): Effect.Effect<void> {
    return this.exchanging(this.switchTo(identity))
  }

  /** The same for the authenticator: it is interrupted after a later login or logout by the application. */
  get forAuthenticator(): ForAuthenticator {
    return {
      login: (request, options) => this.stillWanted(this.logIn(request, options)),
      adopt: (identity) => this.stillWanted(this.switchTo(identity))
    }
  }

  // ---------------------------------------------------------------------------------------------------------------
  // what happens
  // ---------------------------------------------------------------------------------------------------------------

  /** Continues the session of the previous client. */
  get restoreStored(): Effect.Effect<void> {
    return Effect.suspend(() => {
      const { fork, keeper: { shared, stored } } = this.parts
      // Before the store is read, so that no change is missed.
      if (shared !== undefined) {
        const heard = this.single.withPermits(1)(this.followStore())
        fork.run(Stream.runForEach(shared.changes, () => heard))
      }
      return Effect.flatMap(
        stored,
        (identity) => identity === undefined ? Effect.void : this.switchTo(identity, Effect.void)
      )
    })
  }

  changedElsewhere(): void {
    this.driven(this.machine.handleChangedElsewhere())
  }

  end(): void {
    this.broadcast.end()
  }

  // ---------------------------------------------------------------------------------------------------------------
  // exchanges
  // ---------------------------------------------------------------------------------------------------------------

  /** Made for the first exchange, because it takes 1 KB and many clients never log in. */
  private get single(): Effect.Semaphore {
    return this.semaphore ??= Effect.unsafeMakeSemaphore(1)
  }

  /** One exchange at a time, among all clients that share the session. */
  private exchanging<A, E>(exchange: Effect.Effect<A, E>): Effect.Effect<A, E> {
    const { shared } = this.parts.keeper
    return this.single.withPermits(1)(shared === undefined ? exchange : shared.exclusive(exchange))
  }

  private ready<A, E>(exchange: Effect.Effect<A, E>): Effect.Effect<A, E> {
    return Effect.zipLeft(exchange, this.parts.host.ready)
  }

  private stillWanted<A, E>(exchange: Effect.Effect<A, E>): Effect.Effect<A, E> {
    return this.followStore().pipe(
      Effect.flatMap(() => this.machine.isStillWanted() ? exchange : Effect.interrupt),
      Effect.tap(() => this.driven(this.machine.handleAuthenticated())),
      (exchange) => this.exchanging(exchange)
    )
  }

  /** An answer without a session, which is one step of several, logs no user in. */
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
        (error) => Effect.sync(() => this.driven(this.machine.handleRefreshFailed(before, error)))
      )
    })
  }

  /** Makes this user the client's user, or none. Uninterruptible: it must complete even if the caller is interrupted. */
  private switchTo<A = void>(identity: Identity | undefined, store?: Effect.Effect<A>): Effect.Effect<A | void> {
    return Effect.uninterruptible(Effect.gen(this, function*() {
      const { credentials, host, keeper } = this.parts
      const before = credentials.current()
      this.driven(this.machine.handleIdentity(identity))
      yield* this.plan()
      const stored = yield* store ?? keeper.changed(identity, before)
      if (this.driven(this.machine.handleKept(before, identity))) yield* host.replace
      this.driven(this.machine.handleSettled())
      return stored
    }))
  }

  /** Whatever the outcome of one renewal is, another one is planned before the session's end. */
  private plan(): Effect.Effect<void> {
    return Effect.suspend(() => {
      const { credentials, settings } = this.parts
      const identity = credentials.current()
      if (identity?.expiresAt === undefined) return Effect.void
      return Effect.map(
        new Delays(settings.tokenRefresh).next({ expiresAt: identity.expiresAt }),
        (delay) => this.driven(this.machine.handlePlanned(identity, delay, this.time()))
      )
    })
  }

  /**
   * Applies another client's change of the session. Returns whether there was one. Run it while no exchange runs here.
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
    this.driven(followed)
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
      Effect.map((outcome) => metrics.renewals[outcome](1)),
      Effect.ensuring(Effect.sync(() => this.driven(this.machine.handleRenewalEnded())))
    )
  }

  private steps(way: Renewal.Way): Effect.Effect<Outcome> {
    return Effect.gen(this, function*() {
      let step = this.driven(this.machine.handleRenewal(way, this.time()))
      for (;;) {
        switch (step._tag) {
          case "Attempt": {
            const retry = { schedule: patience, while: Renewal.isPassing }
            const exit = yield* Effect.exit(Effect.retry(this.attempt(step.attempt), retry))
            step = this.driven(this.machine.handleTried(step.attempt, exit, this.time()))
            break
          }
          case "Reread": {
            const isChanged = yield* this.reread(step.attempt.before)
            step = this.driven(this.machine.handleReread(step, isChanged, this.time()))
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

  /** Unless another client has renewed it already. */
  private refreshSession(): Effect.Effect<void, KuzzleError.RequestError> {
    const { cookie } = this.parts.keeper
    const refresh = Effect.asVoid(this.refreshToken({ controller: "auth", action: "refreshToken" }))
    return cookie === undefined
      ? Effect.flatMap(this.followStore(), (isRenewed) => isRenewed ? Effect.void : refresh)
      : Effect.map(cookie.renewing(refresh), (isOurs) => {
        if (!isOurs) this.driven(this.machine.handleRenewedElsewhere())
      })
  }

  /** Waits up to 300 ms for another client to store the session that replaced this one. Returns whether it has. */
  private reread(ended: Identity | undefined): Effect.Effect<boolean> {
    return Effect.gen(this, function*() {
      const { credentials } = this.parts
      for (const millis of rereads) {
        if (millis > 0) yield* Effect.sleep(Duration.millis(millis))
        const isChanged = yield* this.single.withPermits(1)(
          Effect.suspend(() => credentials.current() === ended ? this.followStore() : Effect.succeed(true))
        )
        if (isChanged) return true
      }
      return false
    })
  }

  // ---------------------------------------------------------------------------------------------------------------
  // what the machine says
  // ---------------------------------------------------------------------------------------------------------------

  private driven<A>(answer: A): A {
    this.parts.host.follow()
    return answer
  }

  /** Performs the machine's actions that are exchanges. */
  perform(action: Exclude<Action, ClientAction>): void {
    const { fork, host } = this.parts
    switch (action._tag) {
      case "Authentication":
        return this.broadcast.publish(this.state())
      case "Renew":
        return void fork.run(this.renewal(action.way))
      case "Redial": {
        const dialling = Effect.sync(() => this.driven(this.machine.handleDialling()))
        return void fork.run(this.single.withPermits(1)(host.redial(dialling)))
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
