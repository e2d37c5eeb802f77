/**
 * The session's identity over time: logging in and out, renewing before the end, logging in again after it. One exchange
 * at a time; requests wait for a renewal and are sent once more when it comes (promises A1 to A4, spec 3.9).
 *
 * How a session is kept (by a token in every request, or by a cookie of the connection) is the `Keeper`'s to know.
 */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { Settings } from "../../KuzzleConfig.ts"
import * as KuzzleError from "../../KuzzleError.ts"
import * as KuzzleSchedule from "../../KuzzleSchedule.ts"
import type { KuzzleRequest, KuzzleResponse, RequestOptions } from "../protocol/envelope.ts"
import * as Renewal from "../protocol/renewal.ts"
import type * as SharedSession from "../protocol/sharedSession.ts"
import * as Timer from "../timer.ts"
import * as Broadcast from "./broadcast.ts"
import type { Credentials, Identity } from "./credentials.ts"
import * as Delays from "./delays.ts"
import * as Metrics from "./metrics.ts"
import * as Traced from "./traced.ts"

/**
 * Who is logged in. `Anonymous`: nobody. `Authenticated`: the session is alive as far as we know. `Renewing`: it ended and
 * is being renewed, requests wait. `Unauthenticated`: it ended for good; subscriptions are kept for the next login.
 */
export type AuthenticationState =
  | { readonly _tag: "Anonymous" }
  | {
    readonly _tag: "Authenticated"
    /** The user's id; `undefined` for a token of which nobody said whose it is. */
    readonly kuid: string | undefined
    /** Milliseconds since the epoch, by our clock. */
    readonly expiresAt: number | undefined
  }
  | { readonly _tag: "Renewing"; readonly kuid: string | undefined }
  | { readonly _tag: "Unauthenticated"; readonly cause: KuzzleError.SessionOver }

export type AuthenticationEvent =
  | { readonly _tag: "LoginStarted" }
  | { readonly _tag: "LoggedIn"; readonly kuid: string | undefined }
  | { readonly _tag: "LoginFailed"; readonly error: KuzzleError.RequestError }
  | { readonly _tag: "LogoutStarted" }
  /** `Requested`: by this client. `Elsewhere`: by another client that shares the session. */
  | { readonly _tag: "LoggedOut"; readonly cause: "Requested" | "Elsewhere" }
  /** The session was renewed, before or after its end. */
  | { readonly _tag: "ReAuthenticated"; readonly kuid: string | undefined }
  /** It could not be. */
  | { readonly _tag: "SessionOver"; readonly cause: KuzzleError.SessionOver }

type Exchange<A> = (
  request: KuzzleRequest,
  options?: RequestOptions
) => Effect.Effect<A, KuzzleError.RequestError>

/**
 * How sessions are kept. `commit` makes the new identity ours; it is run before any request can be sent in its name.
 */
export interface Keeper {
  readonly login: Grant
  readonly refresh: Grant
  /** Ends the session, whatever the server answers, unless only the server can end it (a cookie). */
  readonly logout: (
    request: KuzzleRequest,
    options: RequestOptions | undefined,
    commit: Effect.Effect<void>
  ) => Effect.Effect<void, KuzzleError.RequestError>
  /** Who we are when the client starts; `undefined`: nobody. Asked at the first connection, where the server must say. */
  readonly restore: Effect.Effect<Identity | undefined, KuzzleError.RequestError> | undefined
  /** Who we were when the client before ended, as far as we know ourselves. */
  readonly stored: Effect.Effect<Identity | undefined>
  /** This client has changed the session: by a login, a logout or `setToken`. */
  readonly changed: (identity: Identity | undefined, before: Identity | undefined) => Effect.Effect<void>
  /** `undefined`: no other client has this session. */
  readonly shared?: Shared | undefined
  /** `undefined`: the session is not kept by a cookie. */
  readonly cookie?: SharedCookie | undefined
}

/**
 * The cookie of several clients, any of which may change the session at any time. So a logout always asks the server, and
 * each connection asks it who we are: a connection has the cookie of its handshake until it ends.
 */
export interface SharedCookie {
  /** Calls the listener when another client has changed the session, until the scope closes. */
  readonly listen: (changed: () => void) => Effect.Effect<void, never, Scope.Scope>
  /**
   * Runs a renewal while no other client runs one. Returns `false` if another client has renewed or changed the session
   * already. Then the renewal is not run: Kuzzle revokes a token that is refreshed twice within a second.
   */
  readonly renewing: <E>(renewal: Effect.Effect<void, E>) => Effect.Effect<boolean, E>
}

/** The session of several clients. */
export interface Shared {
  /** Runs while no other client runs an exchange. Only our own requests: the lock must not wait for the application. */
  readonly exclusive: <A, E>(exchange: Effect.Effect<A, E>) => Effect.Effect<A, E>
  /** Another client's change of the session, and the session after it. */
  readonly elsewhere: (
    ours: Identity | undefined
  ) => Effect.Effect<{ readonly what: SharedSession.Elsewhere; readonly identity: Identity | undefined }>
  /** Stores the renewed session. `false`: another client has changed the session meanwhile, so this one is void. */
  readonly renewed: (identity: Identity) => Effect.Effect<boolean>
  /** Emits when another client may have changed the session. */
  readonly changes: Stream.Stream<void>
}

/** An answer without a session (a strategy of several steps) commits nothing. */
export type Grant = (
  request: KuzzleRequest,
  options: RequestOptions | undefined,
  commit: (identity: Identity) => Effect.Effect<void>
) => Effect.Effect<KuzzleResponse, KuzzleError.RequestError>

/** What the session's shell does for us. */
export interface Host {
  /** Requests wait from now on; `dropped`: the server has dropped every subscription. */
  readonly challenged: (dropped: boolean) => void
  /** They pass again. */
  readonly authenticated: () => void
  /** Somebody else's requests are not to be sent any more, and what was subscribed to with somebody's rights ends. */
  readonly userChanged: (before: Identity | undefined) => Effect.Effect<void>
  /** There is another session, or none: what waited for one can go on. */
  readonly adopted: () => void
  /** Opens the connection anew, with the current cookie. `dialling` runs right before. */
  readonly redial: (dialling: Effect.Effect<void>) => Effect.Effect<void>
  /** Waits until a connection that was opened for another session is ready, or certain not to be soon. */
  readonly ready: Effect.Effect<void>
  readonly event: (event: AuthenticationEvent) => void
}

export interface Authentication {
  readonly state: () => AuthenticationState
  readonly states: Stream.Stream<AuthenticationState>
  readonly login: Exchange<KuzzleResponse>
  readonly refresh: Exchange<KuzzleResponse>
  readonly logout: Exchange<void>
  /** A session that was begun elsewhere, or none. */
  readonly adopt: (identity: Identity | undefined) => Effect.Effect<void>
  /** The same for the authenticator: nothing any more when somebody has logged in or out since it was run. */
  readonly again: Pick<Authentication, "login" | "adopt">
  /** Whether a connection that has just been opened is to authenticate first. */
  readonly needed: () => boolean
  /** Does so. */
  readonly start: () => void
  /** Whether the session that the client starts with is still unknown: the authenticator or the server has not answered. */
  readonly toCome: () => boolean
  /** The server says that the session is dead. Whether it is being renewed. */
  readonly died: (identity: Identity) => boolean
  /** Our clock says so. */
  readonly expired: (identity: Identity) => boolean
  /** Goes on with the session of the client before. */
  readonly restoreStored: Effect.Effect<void>
  readonly end: () => void
}

/** The retries of a renewal that fails temporarily (promise A4), not before the server's `Retry-After`. */
const patience = KuzzleSchedule.retry({ cap: "8 seconds", times: 4 })

/** A session that ends sooner, by the server's word, was of no use: of those not more than so many in a row (promise A4). */
const usefulAge = 10_000
const maxUseless = 5

/**
 * Refreshed within the second of its making, a token is traded for itself, and dies with that second (docs/spec/findings.md).
 */
const minimumAge = 1000

/**
 * The pauses, in milliseconds, before a shared session is read again that the server does not know any more: another
 * client may be about to store the token that it was renewed with.
 */
const rereads: ReadonlyArray<number> = [0, 100, 200]

export const make = (
  settings: Pick<Settings, "tokenRefresh">,
  authenticator: Effect.Effect<unknown, Renewal.Failure> | undefined,
  credentials: Credentials,
  keeper: Keeper,
  host: Host,
  fork: (effect: Effect.Effect<void>) => void
): Effect.Effect<Authentication, never, Scope.Scope> =>
  Effect.gen(function*() {
    const clock = yield* Effect.clock
    const single = yield* Effect.makeSemaphore(1)
    const refreshDue = yield* Timer.make(() => {
      const identity = credentials.current()
      if (identity !== undefined && renewing === undefined) renew(identity, "Refresh", false)
    })
    /** Somebody shall be logged in: until a logout, the end of a session is no wish. */
    let wanted = authenticator !== undefined
    let restored = keeper.restore === undefined
    /** Whether the session that the client starts with is known, or that there is none. */
    let everRestored = restored
    let renewing: Identity | "Start" | undefined
    /** A connection was opened during the renewal under way and has not asked the server for its user. */
    let unasked = false

    const state = (): AuthenticationState => {
      const over = credentials.over()
      if (over !== undefined) return { _tag: "Unauthenticated", cause: over }
      const identity = credentials.current()
      if (renewing !== undefined) return { _tag: "Renewing", kuid: identity?.kuid }
      return identity === undefined
        ? { _tag: "Anonymous" }
        : { _tag: "Authenticated", kuid: identity.kuid, expiresAt: identity.expiresAt }
    }
    const states = Broadcast.make(state)
    const changed = () => states.publish(state())

    /** Sets out for the renewal of this session: whatever comes of one attempt, there is another before its end. */
    const plan = (identity: Identity | undefined): Effect.Effect<void> =>
      Effect.gen(function*() {
        refreshDue.clear()
        if (identity?.expiresAt === undefined) return
        const delay = yield* Delays.make(settings.tokenRefresh).next({ expiresAt: identity.expiresAt })
        const left = identity.expiresAt - (yield* Clock.currentTimeMillis)
        if (delay !== undefined && left > minimumAge) refreshDue.at(Timer.now(clock) + Math.max(delay, minimumAge))
      })

    /** From now on we are this user, or nobody: wholly, though who asked for it may be gone by now. */
    const become = <A = void>(identity: Identity | undefined, keep?: Effect.Effect<A>): Effect.Effect<A | void> =>
      Effect.uninterruptible(Effect.gen(function*() {
        const before = credentials.current()
        credentials.set(identity)
        wanted = identity !== undefined
        everRestored = restored = true
        unasked = false
        yield* plan(identity)
        const kept = yield* keep ?? keeper.changed(identity, before)
        changed()
        if (before?.user !== identity?.user) yield* host.userChanged(before)
        host.adopted()
        return kept
      }))

    const { cookie, shared } = keeper

    /** One exchange at a time, among all clients that share the session. */
    const exchanging = <A, E>(exchange: Effect.Effect<A, E>): Effect.Effect<A, E> =>
      single.withPermits(1)(shared === undefined ? exchange : shared.exclusive(exchange))

    /**
     * Applies another client's change of the session. Returns whether there was one. Run it while no exchange runs here.
     */
    const follow = (
      ours: Identity | undefined,
      { only }: { readonly only?: SharedSession.Elsewhere } = {}
    ): Effect.Effect<boolean> =>
      shared === undefined ? Effect.succeed(false) : Effect.flatMap(shared.elsewhere(ours), ({ identity, what }) => {
        if (what === "Nothing" || (only !== undefined && what !== only)) return Effect.succeed(false)
        const revived = credentials.over() !== undefined
        const followed = Effect.as(become(identity, Effect.void), true)
        return Effect.uninterruptible(Effect.tap(followed, () => {
          if (what === "LoggedOut") host.event({ _tag: "LoggedOut", cause: "Elsewhere" })
          else if (what === "LoggedIn" || revived) host.event({ _tag: "LoggedIn", kuid: identity?.kuid })
        }))
      })

    /**
     * The server has refused this session. Waits up to 300 ms for another client to store the one that replaced it, and
     * returns whether the store has changed.
     */
    const savedElsewhere = (ended: Identity | undefined): Effect.Effect<boolean> =>
      Effect.gen(function*() {
        if (shared === undefined || ended?.kuid === undefined) return false
        for (const millis of rereads) {
          if (millis > 0) yield* Effect.sleep(Duration.millis(millis))
          const followed = yield* single.withPermits(1)(
            Effect.suspend(() => credentials.current() === ended ? follow(ended) : Effect.succeed(true))
          )
          if (followed) return true
        }
        return false
      })

    /** A client with the same cookie has changed the session. The server's next answer says how. */
    let elsewhere = false
    /** The connection is about to be opened anew, with the cookie that there is by then. */
    let redialling = false

    /** The cookie of this connection is out of date. */
    const redial = (): void => {
      if (redialling) return
      redialling = true
      const dialling = Effect.sync(() => {
        redialling = false
      })
      fork(single.withPermits(1)(host.redial(dialling)))
    }

    if (cookie !== undefined) {
      yield* cookie.listen(() => {
        elsewhere = true
        redial()
      })
    }

    /** Whose cookie the connection has, says the server. */
    const restoredAs = (answer: Identity | undefined): Effect.Effect<unknown> => {
      const before = credentials.current()
      const isChange = elsewhere
      elsewhere = false
      everRestored = restored = true
      // The same session, which the server has refused already.
      const isDead = answer === before && !credentials.alive(clock.unsafeCurrentTimeMillis())
      if (answer !== undefined && !isDead) return become(answer)
      if (before === undefined) return host.userChanged(undefined)
      if (isChange) {
        return Effect.tap(become(undefined), () => host.event({ _tag: "LoggedOut", cause: "Elsewhere" }))
      }
      // Who we were elsewhere we are not here.
      credentials.died(before)
      return host.userChanged(undefined)
    }

    /** An answer without a session, a step of several, logs nobody in. */
    const login: Exchange<KuzzleResponse> = (request, options) =>
      Effect.suspend(() => {
        host.event({ _tag: "LoginStarted" })
        const commit = (identity: Identity) =>
          Effect.uninterruptible(
            Effect.tap(become(identity), () => host.event({ _tag: "LoggedIn", kuid: identity.kuid }))
          )
        const failed = (error: KuzzleError.RequestError) =>
          Effect.sync(() => host.event({ _tag: "LoginFailed", error }))
        return Effect.tapError(keeper.login(request, options, commit), failed)
      })

    /** When the authenticator last logged in, and how many of its sessions in a row were of no use. */
    let begunAt = -Infinity
    let useless = 0

    /** Whose session the renewal under way is to bring back. */
    let renewed: Identity | undefined

    /** Who has logged in or out meanwhile had the last word (promise A2). */
    const stillWanted = <A, E>(exchange: Effect.Effect<A, E>): Effect.Effect<A, E> =>
      Effect.suspend(() => follow(credentials.current())).pipe(
        Effect.flatMap(() => wanted && !elsewhere && renewed === credentials.current() ? exchange : Effect.interrupt),
        Effect.tap(() => {
          renewed = credentials.current()
        }),
        exchanging
      )

    /** Whoever it was, it is the same user after it: where nobody had said who, the answer may. */
    const refresh: Exchange<KuzzleResponse> = (request, options) =>
      Effect.suspend(() => {
        const before = credentials.current()
        const commit = (granted: Identity) => {
          const identity = before === undefined || before.kuid !== undefined
            ? granted
            : { ...granted, user: before.user }
          return Effect.flatMap(
            become(identity, shared?.renewed(identity)),
            (kept) => kept === false ? Effect.asVoid(follow(before)) : Effect.void
          )
        }
        return keeper.refresh(request, options, commit).pipe(Effect.tapError((error) =>
          Effect.sync(() => {
            if (before !== undefined && KuzzleError.isTokenDead(error)) found(before)
          })
        ))
      })

    /** The server does not know this session any more: with it, it has dropped the subscriptions. */
    const found = (identity: Identity): void => {
      if (identity !== credentials.current()) return
      credentials.died(identity)
      if (renewing === undefined && cookie === undefined) return renew(identity, "Login", true)
      host.challenged(true)
      if (renewing === undefined) redial()
    }

    /** The outcome of a renewal that another client made unnecessary. A change of the user has had its own event. */
    const followed = (before: Identity | undefined): keyof typeof Metrics.renewals => {
      const now = credentials.current()
      if (now?.user !== before?.user) return "Kept"
      host.event({ _tag: "ReAuthenticated", kuid: now?.kuid })
      return "Renewed"
    }

    const refreshing = Effect.asVoid(refresh({ controller: "auth", action: "refreshToken" }))

    const asked = Effect.suspend(() => {
      unasked = false
      return keeper.restore ?? Effect.succeed(undefined)
    })
    /** Runs until the session is renewed or given up. */
    const renewal = (
      way: Renewal.Way,
      before = credentials.current()
    ): Effect.Effect<keyof typeof Metrics.renewals> =>
      Effect.gen(function*() {
        renewed = before
        const [wasRestored, wasOver] = [everRestored, credentials.over() !== undefined]
        if (way === "Login" && (yield* savedElsewhere(before))) return followed(before)
        if (way === "Login") useless = Timer.now(clock) - begunAt < usefulAge ? useless + 1 : 0
        let superseded = false
        /** One exchange at a time, and none for who has logged out or is somebody else by now (promises A1, A2). */
        const alone = <E>(exchange: Effect.Effect<void, E>): Effect.Effect<void, E> =>
          exchanging(Effect.suspend(() => {
            superseded = credentials.current() !== before
            return superseded ? Effect.void : exchange
          }))
        const attempt: Effect.Effect<void, Renewal.Failure> = way === "Restore"
          ? alone(Effect.flatMap(asked, (answer) => {
            // The cookie of a connection that is about to be replaced is out of date: the next one asks.
            superseded = redialling
            return superseded ? Effect.void : Effect.asVoid(restoredAs(answer))
          }))
          : way === "Refresh"
          ? alone(
            cookie === undefined
              ? Effect.flatMap(follow(before), (renewed) => renewed ? Effect.void : refreshing)
              : Effect.map(cookie.renewing(refreshing), (done) => done ? undefined : redial())
          )
          : authenticator === undefined || useless > maxUseless
          ? Effect.fail(new KuzzleError.SessionOver({ reason: "TokenDead" }))
          : Effect.suspend(() => wanted ? Effect.asVoid(authenticator) : Effect.void)
        const exit = yield* Effect.exit(
          Effect.retry(attempt, { schedule: patience, while: (error) => Renewal.isPassing(error) })
        )
        if (way === "Login") begunAt = Timer.now(clock)
        const now = yield* Clock.currentTimeMillis
        const alive = credentials.current() !== undefined && credentials.alive(now)
        if (superseded || (way !== "Restore" && !wanted)) return "Kept"
        if (way === "Refresh" && cookie !== undefined) {
          // Another client may have renewed the cookie.
          if (Exit.isFailure(exit) && !alive) redial()
          if (redialling) return "Kept"
        }
        // Who has logged in meanwhile is not logged out by our failure.
        if (Exit.isFailure(exit) && alive && credentials.current() !== before) return "Kept"
        // What we have logged in to has ended again, while the connection was made ready.
        if (way === "Login" && Exit.isSuccess(exit) && !alive && credentials.current() !== before) {
          return yield* renewal("Login")
        }
        // The session had ended for good before, and nobody has begun another one elsewhere.
        if (credentials.over() !== undefined) return "Kept"
        const decision = Renewal.after(way, exit, {
          alive,
          wanted,
          canLogin: authenticator !== undefined
        })
        switch (decision._tag) {
          case "Done": {
            const kuid = credentials.current()?.kuid
            if (way === "Restore" && wasRestored) {
              if (!wasOver && before?.user === credentials.current()?.user) return "Kept"
              host.event({ _tag: "LoggedIn", kuid })
            } else host.event({ _tag: "ReAuthenticated", kuid })
            return "Renewed"
          }
          case "Keep":
            yield* plan(credentials.current())
            return "Kept"
          case "Then":
            return yield* renewal(decision.way)
          case "Over":
            if (way !== "Login" && (yield* savedElsewhere(before))) return followed(before)
            credentials.end(decision.cause)
            host.event({ _tag: "SessionOver", cause: decision.cause })
            return "Over"
        }
      })

    const renew = (identity: Identity | "Start", way: Renewal.Way, dropped: boolean): void => {
      if (renewing !== undefined) return
      renewing = identity
      host.challenged(dropped)
      changed()
      const done = Effect.sync(() => {
        renewing = undefined
        // The next connection asks. (Not at once: who asks for the permit again gets it before who waits for it.)
        if (redialling) return changed()
        if (unasked) return renew("Start", "Restore", false)
        changed()
        host.authenticated()
      })
      const counted = Effect.map(Traced.renewal(way, renewal(way)), (outcome) => Metrics.renewals[outcome](1))
      fork(Effect.ensuring(counted, done))
    }

    const died = (identity: Identity): boolean => {
      if (credentials.over() !== undefined) return false
      found(identity)
      return true
    }

    const ready = <A, E>(exchange: Effect.Effect<A, E>) => Effect.zipLeft(exchange, host.ready)

    return {
      state,
      states: states.stream,
      login: (request, options) => ready(exchanging(login(request, options))),
      // The token to renew is the newest one of the session.
      refresh: (request, options) =>
        ready(
          exchanging(Effect.zipRight(Effect.suspend(() => follow(credentials.current())), refresh(request, options)))
        ),
      logout: (request, options) =>
        Effect.suspend(() => {
          // The server has nothing to end, but the authenticator must not log in after this.
          if (state()._tag === "Anonymous" && cookie === undefined) {
            wanted = false
            return host.userChanged(undefined)
          }
          host.event({ _tag: "LogoutStarted" })
          const commit = Effect.uninterruptible(
            Effect.tap(become(undefined), () => host.event({ _tag: "LoggedOut", cause: "Requested" }))
          )
          // A session that another client has renewed is still this one. One that is over ends nothing but itself.
          const newest = credentials.over() === undefined
            ? follow(credentials.current(), { only: "Renewed" })
            : Effect.void
          return Effect.zipRight(newest, keeper.logout(request, options, commit))
        }).pipe(exchanging, ready),
      adopt: (identity) => exchanging(become(identity)),
      again: {
        login: (request, options) => stillWanted(login(request, options)),
        adopt: (identity) => stillWanted(become(identity))
      },
      needed: () => {
        if (cookie !== undefined) {
          restored = false
          unasked = renewing !== undefined
        }
        if (credentials.over() !== undefined) return !restored
        // A renewal that began on the connection before is waited for, until there is a session: it may be the renewal that
        // has opened this connection, for another user.
        return !restored ||
          wanted && (credentials.current() === undefined || !credentials.alive(clock.unsafeCurrentTimeMillis()))
      },
      start: () => {
        const identity = credentials.current()
        if (!restored) renew("Start", "Restore", false)
        else if (identity === undefined) renew("Start", "Login", false)
        else renew(identity, "Refresh", false)
      },
      toCome: () => credentials.current() === undefined && (wanted || !everRestored),
      died,
      expired: (identity) => {
        if (identity === credentials.current() && renewing === undefined) renew(identity, "Refresh", false)
        return true
      },
      restoreStored: Effect.suspend(() => {
        // Before the store is read, so that no change is missed.
        if (shared !== undefined) {
          const heard = single.withPermits(1)(Effect.suspend(() => follow(credentials.current())))
          fork(Stream.runForEach(shared.changes, () => heard))
        }
        return Effect.flatMap(
          keeper.stored,
          (identity) => identity === undefined ? Effect.void : become(identity, Effect.void)
        )
      }),
      end: () => states.end()
    }
  })
