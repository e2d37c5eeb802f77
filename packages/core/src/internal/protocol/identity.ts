/**
 * The machine of the session (promises A1 to A4, T1 and T2; spec 3.9). It decides when a session is renewed and by
 * which way, what happens to a request that was refused for its token, what another client's change means, and what a
 * login does to the connection.
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
 * The state of the session. `Anonymous`: no user. `Authenticated`: the session is valid, as far as the client knows.
 * `Renewing`: it has ended and is being renewed. Requests wait. `Unauthenticated`: it could not be renewed. Subscriptions
 * are kept for the next login.
 */
export type AuthenticationState =
  | { readonly _tag: "Anonymous" }
  | {
    readonly _tag: "Authenticated"
    /** The user's id; none for a token whose owner is unknown. */
    readonly kuid: Option.Option<string>
    /** By the clock of this machine; none for a session that never expires, or whose end is unknown. */
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

/** What the shell is to do with requests and the connection. */
export type ClientAction =
  /** Requests wait from now on. `dropped`: the server has dropped every subscription of the connection. */
  | { readonly _tag: "Challenge"; readonly dropped: boolean }
  /** Requests pass again. */
  | { readonly _tag: "Pass" }
  /** The user of the requests that waited for one is known now. Requests of another user are not sent any more. */
  | { readonly _tag: "UserKnown" }
  /** There is another session, or none. Whatever waited for it continues. */
  | { readonly _tag: "Resume" }
  | { readonly _tag: "Publish"; readonly event: AuthenticationEvent }

export type Action =
  | ClientAction
  /** Run the steps of a renewal, from `handleRenewal` on. Then call `handleRenewalEnded`, whatever their outcome is. */
  | { readonly _tag: "Renew"; readonly way: Renewal.Way }
  /** Replace the connection by one with the current cookie; `handleDialling` right before it is dialled. */
  | { readonly _tag: "Redial" }
  /** The state has changed. */
  | { readonly _tag: "Authentication" }

/** `Kept`: the session has not changed, and the renewal will be tried again. */
export type Outcome = "Renewed" | "Kept" | "Lost"

/** One attempt of a renewal. */
export interface Attempt {
  readonly way: Renewal.Way
  readonly before: Identity | undefined
  readonly wasStarted: boolean
  readonly hadEnded: boolean
  /** A user has logged in or out meanwhile, or the connection that was asked is about to be replaced. */
  superseded: boolean
  /** An attempt without an authenticator fails at once. */
  wasRun: boolean
}

export type Step =
  /** Run the attempt, where `mayRun` says so. Then `handleTried`. */
  | { readonly _tag: "Attempt"; readonly attempt: Attempt }
  /** Another client may be about to store the session: read the store a few times. Then `handleReread`. */
  | { readonly _tag: "Reread"; readonly attempt: Attempt; readonly cause: KuzzleError.SessionLostError | undefined }
  /** Ask when the unchanged session is to be renewed. With that, the renewal ends as `Kept`. */
  | { readonly _tag: "Plan" }
  | { readonly _tag: "End"; readonly outcome: Outcome }

/** The session that another client has begun, renewed or ended. */
export interface Followed {
  readonly identity: Identity | undefined
  /** The event to publish when this client has adopted the session. */
  readonly event: AuthenticationEvent | undefined
}

export interface Options {
  readonly canLogin: boolean
  /** `SharedToken`: other clients may change it in the token store. `Cookie`: other tabs may change it in the browser. */
  readonly keptBy: "Token" | "SharedToken" | "Cookie"
}

/** `now` only goes forward (`internal/services/timer.ts`). `wall`: milliseconds since the epoch, by which tokens end. */
export interface Time {
  readonly now: number
  readonly wall: number
}

/** Refreshing a token within one second of its creation returns the same token and then revokes it (docs/spec/findings.md). */
const minimumAge = 1000

/**
 * A session that the server ended sooner was useless. After so many in a row, the authenticator is not run any more
 * (A4).
 */
const usefulAge = 10_000
const maxUseless = 5

const end = (outcome: Outcome): Step => ({ _tag: "End", outcome })

export class IdentityMachine {
  /** Whether a session that ends is renewed: from a login until a logout. */
  private wanted: boolean
  /** Whether it is known if the client starts with a session. */
  private started: boolean
  /** Whether the user of the open connection's cookie is known. */
  private restored: boolean
  private renewing = false
  /** A connection was opened during the renewal under way and has not asked the server for its user. */
  private unasked = false
  /** A client with the same cookie has changed the session. The server's next answer says how. */
  private changedElsewhere = false
  /** The connection is about to be replaced by one with the cookie that there is by then. */
  private redialling = false
  /** The session that the renewal under way replaces. */
  private renewed: Identity | undefined = undefined
  /** When the authenticator last ended, and how many of its sessions in a row were useless. */
  private loggedInAt = -Infinity
  private useless = 0
  private refreshAt = Infinity
  private readonly actions: Array<Action> = []

  constructor(private readonly credentials: Credentials, private readonly options: Options) {
    this.wanted = options.canLogin
    this.started = this.restored = !this.isByCookie()
  }

  poll(): Action | undefined {
    return this.actions.shift()
  }

  /** When the session is to be renewed; `Infinity`: not before something happens. */
  nextDue(): number {
    return this.refreshAt
  }

  state(): AuthenticationState {
    const cause = this.credentials.sessionEnd()
    if (cause !== undefined) return { _tag: "Unauthenticated", cause }
    const identity = this.credentials.current()
    if (this.renewing) return { _tag: "Renewing", kuid: Option.fromNullable(identity?.kuid) }
    return identity === undefined
      ? { _tag: "Anonymous" }
      : { _tag: "Authenticated", ...ownerAndEnd(identity) }
  }

  /**
   * Whether the session is settled: no renewal is under way, and the connection is not about to be replaced for one.
   */
  isSettled(): boolean {
    return !this.renewing && !this.redialling
  }

  /** Whether the session that the client starts with is still unknown: the authenticator or the server has not answered. */
  isToCome(): boolean {
    return this.credentials.current() === undefined && (this.wanted || !this.started)
  }

  // ---------------------------------------------------------------------------------------------------------------
  // another session, or none
  // ---------------------------------------------------------------------------------------------------------------

  /** The client now has this session, or none. The shell then plans the renewal and stores the session. */
  handleIdentity(identity: Identity | undefined): void {
    this.credentials.set(identity)
    this.wanted = identity !== undefined
    this.started = this.restored = true
    this.unasked = false
    this.refreshAt = Infinity
  }

  /** `delay`: milliseconds until the renewal of this session; `undefined`: it is not renewed before its end. */
  handlePlanned(identity: Identity, delay: number | undefined, { now, wall }: Time): void {
    if (identity !== this.credentials.current() || identity.expiresAt === undefined) return
    const isRenewable = delay !== undefined && identity.expiresAt - wall > minimumAge
    this.refreshAt = isRenewable ? now + Math.max(delay, minimumAge) : Infinity
  }

  /**
   * The session is stored. Returns whether the subscriptions of the connection belong to another user: then the connection
   * is replaced. Subscriptions that were made without a session stay valid (spec 1.10). A token without a known owner
   * counts as one of the same user. A cookie has replaced the connection before.
   */
  handleKept(before: Identity | undefined, identity: Identity | undefined): boolean {
    this.actions.push({ _tag: "Authentication" })
    if (before?.user === identity?.user) return false
    this.actions.push({ _tag: "UserKnown" })
    return before?.kuid !== undefined && before.kuid !== identity?.kuid && !this.isByCookie()
  }

  /** The connection fits the session. */
  handleSettled(): void {
    this.actions.push({ _tag: "Resume" })
  }

  /** The user of a refreshed token is the same as before. If that user was unknown, the answer names it. */
  refreshed(before: Identity | undefined, granted: Identity): Identity {
    return before === undefined || before.kuid !== undefined ? granted : { ...granted, user: before.user }
  }

  /** Returns what a logout has to end. An authenticator that is running may not log in after it. */
  handleLogout(): "Nothing" | "OverSession" | "Session" {
    if (this.state()._tag === "Anonymous" && !this.isByCookie()) {
      this.wanted = false
      this.actions.push({ _tag: "UserKnown" })
      return "Nothing"
    }
    this.publish({ _tag: "LogoutStarted" })
    return this.credentials.sessionEnd() === undefined ? "Session" : "OverSession"
  }

  /**
   * What another client has done, by the token store. Returns the session to follow.
   *
   * @param only the only change to follow
   */
  handleStored(
    { identity, what }: { readonly what: SharedSession.Elsewhere; readonly identity: Identity | undefined },
    only: SharedSession.Elsewhere = what
  ): Followed | undefined {
    if (what === "Nothing" || what !== only) return undefined
    if (what === "LoggedOut") return { identity, event: { _tag: "LoggedOut", cause: "Elsewhere" } }
    const isNew = what === "LoggedIn" || this.credentials.sessionEnd() !== undefined
    return { identity, event: isNew ? { _tag: "LoggedIn", kuid: Option.fromNullable(identity?.kuid) } : undefined }
  }

  // ---------------------------------------------------------------------------------------------------------------
  // the connection
  // ---------------------------------------------------------------------------------------------------------------

  /** A connection is open. Returns whether it authenticates first; then `handleStart`. */
  handleOpened(wall: number): boolean {
    this.credentials.connected()
    if (this.isByCookie()) {
      this.restored = false
      this.unasked = this.renewing
    }
    if (this.credentials.sessionEnd() !== undefined) return !this.restored
    // The renewal under way may have opened this connection, for another user: then there is a session that is alive.
    return !this.restored || (this.wanted && !this.isAlive(wall))
  }

  handleStart(): void {
    if (!this.restored) this.renew("Restore", false)
    else this.renew(this.credentials.current() === undefined ? "Login" : "Refresh", false)
  }

  /**
   * What an exchange does to the connection that was held for it. A cookie belongs to a connection from its handshake to
   * its end, so every change of the session replaces the connection, also one by another client (`elsewhere`). A token
   * does not belong to the connection: there it was held because its subscriptions belong to another user.
   */
  connectionAfter(
    before: Identity | undefined,
    { elsewhere, succeeded }: { readonly elsewhere: boolean; readonly succeeded: boolean }
  ): "Keep" | "Replace" {
    const isReplaced = this.isByCookie() ? elsewhere || this.credentials.current() !== before : succeeded
    return isReplaced ? "Replace" : "Keep"
  }

  /** Another client with the same cookie has changed the session. */
  handleChangedElsewhere(): void {
    this.changedElsewhere = true
    this.redial()
  }

  /** Another client has renewed the cookie, so it was not renewed here. */
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

  /** By our clock, this session has expired. */
  handleExpired(identity: Identity): void {
    if (identity === this.credentials.current()) this.renew("Refresh", false)
  }

  /** Whether the session can be used. If it has expired, it is renewed. */
  handleUse(wall: number): boolean {
    if (this.credentials.alive(wall)) return true
    const identity = this.credentials.current()
    if (identity !== undefined && this.credentials.sessionEnd() === undefined) this.handleExpired(identity)
    return false
  }

  /**
   * The server has refused a request because it does not know the session that the request carried. Returns whether the
   * request waits: the session is renewed, or another one has replaced it already.
   */
  handleRefused(identity: Identity): boolean {
    if (this.credentials.sessionEnd() !== undefined) return false
    this.refuse(identity)
    return true
  }

  /** The server says that a token of this connection has expired. Returns whether it is the session's, which is renewed. */
  handleTokenExpired(): boolean {
    const identity = this.credentials.expired()
    return identity !== undefined && identity === this.credentials.current() && this.handleRefused(identity)
  }

  handleRefreshFailed(before: Identity | undefined, error: KuzzleError.RequestError): void {
    if (before !== undefined && KuzzleError.isTokenDead(error)) this.refuse(before)
  }

  /** When the server does not know a session any more, it has dropped the subscriptions. */
  private refuse(identity: Identity): void {
    if (identity !== this.credentials.current()) return
    this.credentials.died(identity)
    if (!this.renewing && !this.isByCookie()) return this.renew("Login", true)
    this.actions.push({ _tag: "Challenge", dropped: true })
    // The cookie may have changed: only a new connection can show that the session has ended.
    if (!this.renewing) this.redial()
  }

  // ---------------------------------------------------------------------------------------------------------------
  // a renewal
  // ---------------------------------------------------------------------------------------------------------------

  /** Begins a renewal by this way, or continues one by it. Returns the first step. */
  handleRenewal(way: Renewal.Way, time: Time): Step {
    const before = this.credentials.current()
    const hadEnded = this.credentials.sessionEnd() !== undefined
    const attempt: Attempt = { way, before, wasStarted: this.started, hadEnded, superseded: false, wasRun: false }
    this.renewed = before
    return way === "Login" && this.mayBeStored(before)
      ? { _tag: "Reread", attempt, cause: undefined }
      : this.try(attempt, time)
  }

  /** Whether the exchange of this attempt is made. It is asked while no other exchange runs, before each retry. */
  mayRun(attempt: Attempt): boolean {
    attempt.wasRun = true
    if (attempt.way === "Login") return this.wanted
    attempt.superseded = this.credentials.current() !== attempt.before
    if (attempt.way === "Restore" && !attempt.superseded) this.unasked = false
    return !attempt.superseded
  }

  /**
   * Whether the authenticator's login still counts: a later login or logout by the application overrides it (promise
   * A2).
   */
  isStillWanted(): boolean {
    return this.wanted && !this.changedElsewhere && this.renewed === this.credentials.current()
  }

  /** The authenticator has made an exchange. */
  handleAuthenticated(): void {
    this.renewed = this.credentials.current()
  }

  /** The server has named the user of the connection's cookie. Returns the session to follow. */
  handleRestored(attempt: Attempt, answer: Identity | undefined, wall: number): Followed | undefined {
    // The cookie of a connection that is about to be replaced is out of date: the next one asks.
    attempt.superseded = this.redialling
    if (attempt.superseded) return undefined
    const before = this.credentials.current()
    const isChange = this.changedElsewhere
    this.changedElsewhere = false
    this.started = this.restored = true
    const isDead = answer === before && !this.credentials.alive(wall)
    if (answer !== undefined && !isDead) return { identity: answer, event: undefined }
    if (before !== undefined && isChange) {
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
    if (superseded || (way !== "Restore" && !this.wanted)) return end("Kept")
    if (way === "Refresh" && this.isByCookie()) {
      // Another client may have renewed the cookie.
      if (Exit.isFailure(exit) && !alive) this.redial()
      if (this.redialling) return end("Kept")
    }
    const isOther = this.credentials.current() !== before
    // This failure does not log out a user who has logged in meanwhile.
    if (Exit.isFailure(exit) && alive && isOther) return end("Kept")
    // The new session has ended already, while the connection was made ready.
    if (way === "Login" && Exit.isSuccess(exit) && !alive && isOther) return this.handleRenewal("Login", time)
    // The session had ended for good before, and nobody has begun another one elsewhere.
    if (this.credentials.sessionEnd() !== undefined) return end("Kept")
    const { canLogin } = this.options
    return this.follow(attempt, Renewal.after(way, exit, { alive, wanted: this.wanted, canLogin }), time)
  }

  /** `isChanged`: another client has stored another session, and this client has adopted it. */
  handleReread({ attempt, cause }: Extract<Step, { _tag: "Reread" }>, isChanged: boolean, time: Time): Step {
    if (!isChanged) return cause === undefined ? this.try(attempt, time) : this.endSession(cause)
    const now = this.credentials.current()
    // A change of the user has had its own event.
    if (now?.user !== attempt.before?.user) return end("Kept")
    this.publish({ _tag: "ReAuthenticated", kuid: Option.fromNullable(now?.kuid) })
    return end("Renewed")
  }

  handleRenewalEnded(): void {
    this.renewing = false
    if (this.unasked && !this.redialling) return this.renew("Restore", false)
    this.actions.push({ _tag: "Authentication" })
    // Otherwise the next connection asks.
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
      case "Lost":
        // The connection that was opened meanwhile, or is about to be, shows whether there is a session.
        if (this.unasked || this.redialling) return end("Kept")
        // Another client may have stored a session meanwhile, without a notification so far.
        return attempt.wasRun && this.mayBeStored(attempt.before)
          ? { _tag: "Reread", attempt, cause: decision.cause }
          : this.endSession(decision.cause)
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

  /** The cookie of this connection is out of date. */
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
