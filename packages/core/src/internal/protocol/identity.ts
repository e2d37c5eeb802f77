/**
 * The machine of the session (promises A1 to A4, T1 and T2; spec 3.9). It decides when and how a session is renewed. It
 * also decides what follows from a refused token, from another client's change of the session, and from a login.
 *
 * The shell (`runtime/exchanges.ts`) reports events by the `handle…` methods, with the time. After each report it
 * performs the actions that `poll` returns, until there are none, and calls `handleDue` at `nextDue`. A renewal is a
 * sequence of steps: the shell performs one, reports its outcome, and gets the next one.
 */
import type * as DateTime from "effect/DateTime"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as KuzzleError from "../../KuzzleError.ts"
import { type Credentials, type Identity, ownerAndEnd } from "./credentials.ts"
import * as Renewal from "./renewal.ts"
import type * as SharedSession from "./sharedSession.ts"

/**
 * The state of the session. `Anonymous`: no user is logged in. `Authenticated`: the session is valid, as far as the
 * client knows. `Renewing`: the session is being begun or renewed, or is not known yet, and requests wait.
 * `Unauthenticated`: the session could not be renewed. Subscriptions are kept for the next login.
 */
export type AuthenticationState =
  | { readonly _tag: "Anonymous" }
  | {
    readonly _tag: "Authenticated"
    /** The user's id. None for a token whose owner is unknown. */
    readonly kuid: Option.Option<string>
    /** By the clock of this machine. None for a session that never expires or whose end is unknown. */
    readonly expiresAt: Option.Option<DateTime.Utc>
  }
  | { readonly _tag: "Renewing"; readonly kuid: Option.Option<string> }
  | { readonly _tag: "Unauthenticated"; readonly cause: KuzzleError.SessionLostError }

export type AuthenticationEvent =
  | { readonly _tag: "LoginStarted" }
  | { readonly _tag: "LoggedIn"; readonly kuid: Option.Option<string> }
  | { readonly _tag: "LoginFailed"; readonly error: KuzzleError.RequestError }
  | { readonly _tag: "LogoutStarted" }
  /** `Requested`: by this client. `Elsewhere`: by another client that shares the session. */
  | { readonly _tag: "LoggedOut"; readonly cause: "Requested" | "Elsewhere" }
  /** The session was renewed, before or after its end. */
  | { readonly _tag: "ReAuthenticated"; readonly kuid: Option.Option<string> }
  /** The session could not be renewed. */
  | { readonly _tag: "SessionLost"; readonly cause: KuzzleError.SessionLostError }

/** What the client's machine must do with requests and the connection. */
export type ClientAction =
  /** Requests wait from now on. `dropped`: the server has dropped every subscription of the connection. */
  | { readonly _tag: "Challenge"; readonly dropped: boolean }
  /** Requests are sent again. */
  | { readonly _tag: "Pass" }
  /**
   * The current user is known now. Requests that waited for a user belong to this one. Requests of another user are not
   * sent any more.
   */
  | { readonly _tag: "UserKnown" }
  /** The connection fits the session. Subscriptions that waited for it continue. */
  | { readonly _tag: "Resume" }
  | { readonly _tag: "Publish"; readonly event: AuthenticationEvent }

export type Action =
  | ClientAction
  /**
   * Run the steps of a renewal, beginning with `handleRenewal`. Then call `handleRenewalEnded`, whatever the outcome.
   */
  | { readonly _tag: "Renew"; readonly way: Renewal.Way }
  /**
   * Replace the connection by one with the current cookie. Call `handleDialling` right before the new one is dialled.
   */
  | { readonly _tag: "Redial" }
  /** The state of the session has changed. */
  | { readonly _tag: "Authentication" }

/** `Kept`: the session has not changed, and the renewal will be tried again. */
export type Outcome = "Renewed" | "Kept" | "Lost"

/** One attempt of a renewal. */
export interface Attempt {
  readonly way: Renewal.Way
  readonly before: Identity | undefined
  readonly wasStarted: boolean
  readonly hadEnded: boolean
  /**
   * Whether the outcome no longer counts: the session has changed meanwhile, or the connection is about to be replaced.
   */
  superseded: boolean
  /** Whether the exchange was made. A login without an authenticator fails without one. */
  wasRun: boolean
}

export type Step =
  /** Run the attempt if `mayRun` allows it. Then call `handleTried`. */
  | { readonly _tag: "Attempt"; readonly attempt: Attempt }
  /**
   * Read the token store a few times, because another client may be about to store the session. Then call
   * `handleReread`.
   */
  | { readonly _tag: "Reread"; readonly attempt: Attempt; readonly cause: KuzzleError.SessionLostError | undefined }
  /** Ask the schedule when to renew the unchanged session. The renewal ends as `Kept`. */
  | { readonly _tag: "Plan" }
  | { readonly _tag: "End"; readonly outcome: Outcome }

/** A session that another client has begun, renewed or ended, and that this client adopts. */
export interface Followed {
  readonly identity: Identity | undefined
  /** The event to publish when this client has adopted the session. */
  readonly event: AuthenticationEvent | undefined
}

export interface Options {
  readonly canLogin: boolean
  /**
   * `SharedToken`: other clients may change the session in the token store. `Cookie`: other tabs may change it in the
   * browser.
   */
  readonly keptBy: "Token" | "SharedToken" | "Cookie"
}

/**
 * `now` is monotonic (`internal/services/timer.ts`). `wall` is in milliseconds since the epoch, for the expiry of
 * tokens.
 */
export interface Time {
  readonly now: number
  readonly wall: number
}

/**
 * The minimum age of a token for a refresh, in milliseconds. An earlier refresh returns the same token and then revokes
 * it (docs/spec/findings.md).
 */
const minimumAge = 1000

/** How far our clock may be behind the server's, in milliseconds, when a token expires. */
const clockMargin = 10_000

/**
 * A session that ended within `usefulAge` milliseconds was useless. After more than `maxUseless` of them in a row, the
 * authenticator is not run any more (A4).
 */
const usefulAge = 10_000
const maxUseless = 5

const end = (outcome: Outcome): Step => ({ _tag: "End", outcome })

export class IdentityMachine {
  /** Whether a user should be logged in, so that a session that ends is renewed: from a login until a logout. */
  private keepLoggedIn: boolean
  /**
   * Whether the client knows whether it has a session. It does not until the authenticator or the server has answered.
   */
  private started: boolean
  /** Whether the user of the open connection's cookie is known. */
  private restored: boolean
  private renewing = false
  /** Whether a connection was opened during the renewal under way and has not asked the server for its user yet. */
  private restoreNeeded = false
  /** Whether a client with the same cookie has changed the session. The server's next answer shows how. */
  private changedElsewhere = false
  /** Whether the connection is about to be replaced by one with the current cookie. */
  private redialling = false
  /** The session that the renewal under way replaces. */
  private renewedFrom: Identity | undefined = undefined
  /** When the authenticator last ended, and how many useless sessions it has begun in a row. */
  private loggedInAt = -Infinity
  private useless = 0
  private refreshAt = Infinity
  private readonly actions: Array<Action> = []

  constructor(private readonly credentials: Credentials, private readonly options: Options) {
    this.keepLoggedIn = options.canLogin
    this.started = this.restored = !this.isByCookie()
  }

  poll(): Action | undefined {
    return this.actions.shift()
  }

  /** When the session is to be renewed. `Infinity`: not before the next event. */
  nextDue(): number {
    return this.refreshAt
  }

  state(): AuthenticationState {
    const cause = this.credentials.sessionEnd()
    if (cause !== undefined) return { _tag: "Unauthenticated", cause }
    const identity = this.credentials.current()
    if (this.renewing || this.isToCome()) return { _tag: "Renewing", kuid: Option.fromNullable(identity?.kuid) }
    return identity === undefined
      ? { _tag: "Anonymous" }
      : { _tag: "Authenticated", ...ownerAndEnd(identity) }
  }

  /** Whether the session is settled: no renewal is under way, and the connection is not about to be replaced. */
  isSettled(): boolean {
    return !this.renewing && !this.redialling
  }

  /**
   * Whether the first session of the client is still unknown, because the authenticator or the server has not answered
   * yet.
   */
  isToCome(): boolean {
    return this.credentials.current() === undefined && (this.keepLoggedIn || !this.started)
  }

  // ---------------------------------------------------------------------------------------------------------------
  // a change of the session
  // ---------------------------------------------------------------------------------------------------------------

  /** Sets the session. `undefined`: no user is logged in. The shell then plans the renewal and stores the session. */
  handleIdentity(identity: Identity | undefined): void {
    this.credentials.set(identity)
    this.keepLoggedIn = identity !== undefined
    this.started = this.restored = true
    this.refreshAt = Infinity
  }

  /** @param delay milliseconds until the renewal of this session; `undefined` if it is not renewed before its end */
  handlePlanned(identity: Identity, delay: number | undefined, { now, wall }: Time): void {
    if (identity !== this.credentials.current() || identity.expiresAt === undefined) return
    const isRenewable = delay !== undefined && identity.expiresAt - wall > minimumAge
    this.refreshAt = isRenewable ? now + Math.max(delay, minimumAge) : Infinity
  }

  /**
   * Reports that the session is stored. Returns whether the subscriptions of the connection belong to another user, so
   * that the connection must be replaced. Subscriptions that were made without a session stay valid (spec 1.10). A
   * token without a known owner counts as one of the same user. In a session by cookie, the connection was replaced
   * already.
   */
  handleKept(before: Identity | undefined, identity: Identity | undefined): boolean {
    this.actions.push({ _tag: "Authentication" })
    if (before?.user === identity?.user) return false
    this.actions.push({ _tag: "UserKnown" })
    return before?.kuid !== undefined && before.kuid !== identity?.kuid && !this.isByCookie()
  }

  /** Reports that the connection fits the session. */
  handleSettled(): void {
    this.actions.push({ _tag: "Resume" })
  }

  /** The identity after a refresh. A refresh never changes the user, even if only the answer names the user. */
  refreshed(before: Identity | undefined, granted: Identity): Identity {
    return before === undefined || before.kuid !== undefined ? granted : { ...granted, user: before.user }
  }

  /**
   * Begins a logout. Returns which session it has to end. After a logout, a login of a running authenticator no longer
   * counts.
   */
  handleLogout(): "Nothing" | "LostSession" | "Session" {
    const isNobody = this.credentials.current() === undefined && this.credentials.sessionEnd() === undefined
    if (isNobody && !this.renewing && !this.isByCookie()) {
      this.keepLoggedIn = false
      this.actions.push({ _tag: "UserKnown" }, { _tag: "Authentication" })
      return "Nothing"
    }
    this.publish({ _tag: "LogoutStarted" })
    return this.credentials.sessionEnd() === undefined ? "Session" : "LostSession"
  }

  /**
   * Reports what another client has done to the stored token. Returns the session to adopt.
   *
   * @param only the only kind of change to adopt
   */
  handleStored(
    { identity, change }: { readonly change: SharedSession.Elsewhere; readonly identity: Identity | undefined },
    only: SharedSession.Elsewhere = change
  ): Followed | undefined {
    if (change === "Nothing" || change !== only) return undefined
    if (change === "LoggedOut") return { identity, event: { _tag: "LoggedOut", cause: "Elsewhere" } }
    const isNew = change === "LoggedIn" || this.credentials.sessionEnd() !== undefined
    return { identity, event: isNew ? { _tag: "LoggedIn", kuid: Option.fromNullable(identity?.kuid) } : undefined }
  }

  // ---------------------------------------------------------------------------------------------------------------
  // the connection
  // ---------------------------------------------------------------------------------------------------------------

  /**
   * Reports an open connection. Returns whether the session must be begun or renewed first. Then call `handleStart`.
   */
  handleOpened(wall: number): boolean {
    this.credentials.connected()
    if (this.isByCookie()) {
      this.restored = false
      this.restoreNeeded = this.renewing
    }
    if (this.credentials.sessionEnd() !== undefined) return !this.restored
    // If the renewal under way has opened this connection for another user, its session is alive.
    return !this.restored || (this.keepLoggedIn && !this.isAlive(wall))
  }

  handleStart(): void {
    if (!this.restored) this.renew("Restore", false)
    else this.renew(this.credentials.current() === undefined ? "Login" : "Refresh", false)
  }

  /**
   * What happens to the connection that was held for an exchange. A cookie belongs to a connection from its handshake
   * to its end. So every change of the session replaces the connection, even a change by another client (`elsewhere`).
   * A token does not belong to a connection. Such a connection was held because its subscriptions belong to another
   * user.
   */
  connectionAfter(
    before: Identity | undefined,
    { elsewhere, succeeded }: { readonly elsewhere: boolean; readonly succeeded: boolean }
  ): "Keep" | "Replace" {
    const isReplaced = this.isByCookie() ? elsewhere || this.credentials.current() !== before : succeeded
    return isReplaced ? "Replace" : "Keep"
  }

  /** Reports that another client with the same cookie has changed the session. */
  handleChangedElsewhere(): void {
    this.changedElsewhere = true
    this.redial()
  }

  /** Reports that the cookie was not renewed here, because another client has renewed it. */
  handleRenewedElsewhere(): void {
    this.redial()
  }

  handleDialling(): void {
    this.redialling = false
  }

  // ---------------------------------------------------------------------------------------------------------------
  // the end of a session
  // ---------------------------------------------------------------------------------------------------------------

  handleDue(now: number): void {
    if (now < this.refreshAt) return
    this.refreshAt = Infinity
    if (this.credentials.current() !== undefined) this.renew("Refresh", false)
  }

  /** Reports that this session has expired by our clock. */
  handleExpired(identity: Identity): void {
    if (identity === this.credentials.current()) this.renew("Refresh", false)
  }

  /** Whether the session can be used. If it has expired, a renewal begins. */
  handleUse(wall: number): boolean {
    if (this.credentials.alive(wall)) return true
    const identity = this.credentials.current()
    if (identity !== undefined && this.credentials.sessionEnd() === undefined) this.handleExpired(identity)
    return false
  }

  /**
   * Reports that the server has refused a request because it does not know its session. Returns whether the request
   * waits: the session is renewed, or another one has already replaced it.
   */
  handleRefused(identity: Identity): boolean {
    if (this.credentials.sessionEnd() !== undefined) return false
    this.refuse(identity)
    return true
  }

  /**
   * Reports that a token of this connection has expired. Returns whether it may be the token of the session, which is
   * then renewed. If our clock says that this token lives on, only the server knows whether it has expired: a login of
   * the same user on any connection of the token binds all of them to the expiry of its own token (spec 1.10), even if
   * its answer was lost.
   */
  handleTokenExpired(wall: number): boolean {
    const identity = this.credentials.expired()
    if (identity === undefined || identity !== this.credentials.current()) return false
    const seemsAlive = identity.expiresAt !== undefined && identity.expiresAt - wall > clockMargin
    if (!seemsAlive || this.renewing || this.isByCookie() || !this.isAlive(wall)) return this.handleRefused(identity)
    this.renew("Refresh", true)
    return true
  }

  handleRefreshFailed(before: Identity | undefined, error: KuzzleError.RequestError): void {
    if (before !== undefined && KuzzleError.isTokenDead(error)) this.refuse(before)
  }

  /** The server does not know this session any more, and has dropped its subscriptions. */
  private refuse(identity: Identity): void {
    if (identity !== this.credentials.current()) return
    this.credentials.died(identity)
    if (!this.renewing && !this.isByCookie()) return this.renew("Login", true)
    this.actions.push({ _tag: "Challenge", dropped: true })
    // The cookie may have changed. Only a new connection can show whether the session has ended.
    if (!this.renewing) this.redial()
  }

  // ---------------------------------------------------------------------------------------------------------------
  // a renewal
  // ---------------------------------------------------------------------------------------------------------------

  /** Begins or continues a renewal with this way. Returns the first step. */
  handleRenewal(way: Renewal.Way, time: Time): Step {
    const before = this.credentials.current()
    const hadEnded = this.credentials.sessionEnd() !== undefined
    const attempt: Attempt = { way, before, wasStarted: this.started, hadEnded, superseded: false, wasRun: false }
    this.renewedFrom = before
    return way === "Login" && this.mayBeStored(before)
      ? { _tag: "Reread", attempt, cause: undefined }
      : this.try(attempt, time)
  }

  /** Whether to make the exchange of this attempt. Call it before each try, while no other exchange runs. */
  mayRun(attempt: Attempt): boolean {
    attempt.wasRun = true
    if (attempt.way === "Login") return this.keepLoggedIn
    attempt.superseded = this.credentials.current() !== attempt.before
    if (attempt.way === "Restore" && !attempt.superseded) this.restoreNeeded = false
    return !attempt.superseded
  }

  /**
   * Whether the authenticator's login still counts. A later login or logout by the application overrides it (promise
   * A2).
   */
  isStillWanted(): boolean {
    return this.keepLoggedIn && !this.changedElsewhere && this.renewedFrom === this.credentials.current()
  }

  /** Reports that the authenticator has made an exchange. */
  handleAuthenticated(): void {
    this.renewedFrom = this.credentials.current()
  }

  /** Reports the server's answer about the user of the connection's cookie. Returns the session to adopt. */
  handleRestored(attempt: Attempt, answer: Identity | undefined, wall: number): Followed | undefined {
    // The cookie of a connection that is about to be replaced is out of date. The next connection asks again.
    attempt.superseded = this.redialling
    if (attempt.superseded) return undefined
    const before = this.credentials.current()
    const isChange = this.changedElsewhere
    this.changedElsewhere = false
    this.started = this.restored = true
    const isDead = answer === before && !this.credentials.alive(wall)
    if (answer !== undefined && !isDead) return { identity: answer, event: undefined }
    // If the server names a session that it has refused before, that one has ended, and nobody has logged out.
    if (before !== undefined && isChange && !isDead) {
      return { identity: undefined, event: { _tag: "LoggedOut", cause: "Elsewhere" } }
    }
    if (before !== undefined) this.credentials.died(before)
    this.actions.push({ _tag: "UserKnown" })
    return undefined
  }

  handleTried(attempt: Attempt, exit: Exit.Exit<void, Renewal.Failure>, time: Time): Step {
    const { before, superseded, way } = attempt
    if (way === "Login") this.loggedInAt = time.now
    const alive = this.isAlive(time.wall)
    if (superseded || (way !== "Restore" && !this.keepLoggedIn)) return end("Kept")
    if (way === "Refresh" && this.isByCookie()) {
      // Another client may have renewed the cookie.
      if (Exit.isFailure(exit) && !alive) this.redial()
      if (this.redialling) return end("Kept")
    }
    const isOther = this.credentials.current() !== before
    // The failure does not log out a user who has logged in meanwhile.
    if (Exit.isFailure(exit) && alive && isOther) return end("Kept")
    // The new session has already ended, while the connection was made ready for it.
    if (way === "Login" && Exit.isSuccess(exit) && !alive && isOther) return this.handleRenewal("Login", time)
    // The session was already lost before, and no other client has begun another one.
    if (this.credentials.sessionEnd() !== undefined) return end("Kept")
    const { canLogin } = this.options
    return this.follow(attempt, Renewal.after(way, exit, { alive, keepLoggedIn: this.keepLoggedIn, canLogin }), time)
  }

  /** `isChanged`: another client has stored another session, and this client has adopted it. */
  handleReread({ attempt, cause }: Extract<Step, { _tag: "Reread" }>, isChanged: boolean, time: Time): Step {
    if (!isChanged) return cause === undefined ? this.try(attempt, time) : this.endSession(cause)
    const now = this.credentials.current()
    // A change of the user was published already.
    if (now?.user !== attempt.before?.user) return end("Kept")
    this.publish({ _tag: "ReAuthenticated", kuid: Option.fromNullable(now?.kuid) })
    return end("Renewed")
  }

  handleRenewalEnded(): void {
    this.renewing = false
    if (this.restoreNeeded && !this.redialling) return this.renew("Restore", false)
    this.actions.push({ _tag: "Authentication" })
    // If the connection is replaced, requests wait until the next one has asked the server for its user.
    if (!this.redialling) this.actions.push({ _tag: "Pass" })
  }

  private renew(way: Renewal.Way, dropped: boolean): void {
    if (this.renewing) return
    this.renewing = true
    this.actions.push({ _tag: "Challenge", dropped }, { _tag: "Authentication" }, { _tag: "Renew", way })
  }

  private try(attempt: Attempt, time: Time): Step {
    if (attempt.way === "Login") {
      this.useless = time.now - this.loggedInAt < usefulAge ? this.useless + 1 : 0
      if (!this.options.canLogin || this.useless > maxUseless) {
        return this.handleTried(attempt, Exit.fail(new KuzzleError.SessionLostError({ reason: "TokenDead" })), time)
      }
    }
    return { _tag: "Attempt", attempt }
  }

  private follow(attempt: Attempt, decision: Renewal.Decision, time: Time): Step {
    switch (decision._tag) {
      case "Done":
        return this.done(attempt)
      case "Keep":
        return { _tag: "Plan" }
      case "Then":
        return this.handleRenewal(decision.way, time)
      case "Lost": {
        // The newer connection will ask the server whether there is a session.
        if (this.restoreNeeded || this.redialling) return end("Kept")
        // The session that ends. It differs from the one before the attempt if another client has stored one meanwhile.
        const before = this.credentials.current()
        // Another client may have stored a session, although no notification has arrived yet.
        return attempt.wasRun && this.mayBeStored(before)
          ? { _tag: "Reread", attempt: { ...attempt, before }, cause: decision.cause }
          : this.endSession(decision.cause)
      }
    }
  }

  private done({ before, hadEnded, wasStarted, way }: Attempt): Step {
    const now = this.credentials.current()
    const isAnswer = way === "Restore" && wasStarted
    if (isAnswer && !hadEnded && before?.user === now?.user) return end("Kept")
    this.publish({ _tag: isAnswer ? "LoggedIn" : "ReAuthenticated", kuid: Option.fromNullable(now?.kuid) })
    return end("Renewed")
  }

  private endSession(cause: KuzzleError.SessionLostError): Step {
    this.credentials.end(cause)
    this.publish({ _tag: "SessionLost", cause })
    return end("Lost")
  }

  /** Requests another connection, because the cookie of this one is out of date. */
  private redial(): void {
    if (this.redialling) return
    this.redialling = true
    this.actions.push({ _tag: "Redial" })
  }

  private publish(event: AuthenticationEvent): void {
    this.actions.push({ _tag: "Publish", event })
  }

  private isByCookie(): boolean {
    return this.options.keptBy === "Cookie"
  }

  private mayBeStored(identity: Identity | undefined): boolean {
    return this.options.keptBy === "SharedToken" && identity?.kuid !== undefined
  }

  /** Whether there is a session that can be used. */
  private isAlive(wall: number): boolean {
    return this.credentials.current() !== undefined && this.credentials.alive(wall)
  }
}
