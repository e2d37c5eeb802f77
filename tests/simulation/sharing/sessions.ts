/** The session that the clients of a history share: one token store or one cookie jar, outside all clients. */
import { KuzzleError, type KuzzleHttp, KuzzleTokenStore } from "@effect-kuzzle/core"
import type { KuzzleEngine } from "@effect-kuzzle/testing"
import { DateTime, Effect, Option, Redacted, Stream } from "effect"
import type { Random } from "../random.ts"
import type { Locks, StoreFaults } from "./plan.ts"
import type { Machine, RunInClient } from "./store.ts"

/** A client of the token store. */
export interface TokenClient {
  readonly store: KuzzleTokenStore.KuzzleTokenStoreShape
  /** The client has crashed. */
  readonly kill: () => void
}

/** How long an exchange waits for the lock, in milliseconds. */
const lockTimeout = 3000

/** The shared session as the store, or the jar, has it. */
export interface SharedSession {
  readonly token: string
  readonly kuid: string | undefined
  /** When it was last changed. */
  readonly changedAt: number
  /** By the clock of the clients' host. */
  readonly expiresAt: number
}

interface Waiter {
  readonly client: object
  readonly resume: () => void
}

/** A lock that is released when its holder crashes. */
class Lock {
  private holder: object | undefined
  private waiters: ReadonlyArray<Waiter> = []

  get isTaken(): boolean {
    return this.holder !== undefined
  }

  take(client: object, runInClient: RunInClient): Effect.Effect<void> {
    return Effect.async((resume) => {
      if (this.holder === undefined) {
        this.holder = client
        return resume(Effect.void)
      }
      const waiter: Waiter = { client, resume: () => runInClient(() => resume(Effect.void)) }
      this.waiters = [...this.waiters, waiter]
      return Effect.sync(() => {
        // It may have got the lock in the same instant.
        if (!this.waiters.includes(waiter)) return this.release(client)
        this.waiters = this.waiters.filter((other) => other !== waiter)
      })
    })
  }

  release(client: object): void {
    if (this.holder !== client) return
    const [next, ...others] = this.waiters
    this.waiters = others
    this.holder = next?.client
    next?.resume()
  }

  /** The client has crashed. */
  kill(client: object): void {
    this.waiters = this.waiters.filter((waiter) => waiter.client !== client)
    this.release(client)
  }
}

export class TokenStore {
  /** The stored token. */
  stored: KuzzleTokenStore.StoredToken | undefined
  storedAt = 0
  /** Whether any operation has failed. */
  failed = false
  private readonly listeners = new Map<object, Set<() => void>>()
  private readonly lock = new Lock()
  private healed = false
  private readonly machine: Machine
  private readonly random: Random
  private readonly faults: StoreFaults
  private readonly changeDelay: number
  private readonly hasLock: boolean

  constructor(machine: Machine, random: Random, faults: StoreFaults, changeDelay: number, locks: Locks) {
    this.machine = machine
    this.random = random
    this.faults = faults
    this.changeDelay = changeDelay
    this.hasLock = locks !== "Absent"
  }

  heal(): void {
    this.healed = true
  }

  /** The token that is stored now, as text. */
  get token(): string | undefined {
    return this.stored && Redacted.value(this.stored.token)
  }

  get session(): SharedSession | undefined {
    const { stored, storedAt, token } = this
    return stored === undefined || token === undefined
      ? undefined
      : {
        token,
        kuid: stored.kuid,
        changedAt: storedAt,
        expiresAt: Option.match(stored.expiresAt, { onNone: () => Infinity, onSome: DateTime.toEpochMillis })
      }
  }

  /** Whether a client holds the lock. */
  get isLocked(): boolean {
    return this.lock.isTaken
  }

  client(runInClient: RunInClient): TokenClient {
    const client = {}
    const listeners = new Set<() => void>()
    this.listeners.set(client, listeners)
    return {
      kill: () => {
        this.listeners.delete(client)
        this.lock.kill(client)
      },
      store: KuzzleTokenStore.from({
        load: this.perform(runInClient, "load", () => Option.fromNullable(this.stored)),
        save: (stored, replacing) =>
          this.perform(runInClient, Option.isSome(stored) ? "save" : "remove", () => {
            if (this.token !== Option.getOrUndefined(Option.map(replacing, Redacted.value))) return false
            this.stored = Option.getOrUndefined(stored)
            this.storedAt = this.machine.now()
            for (const ofClient of this.listeners.values()) for (const listener of ofClient) listener()
            return true
          }),
        changes: Stream.asyncPush<void>((emit) =>
          Effect.acquireRelease(
            Effect.sync(() => {
              const listener = () => {
                const at = this.machine.now() + this.random.int(0, this.changeDelay)
                this.machine.at(at, () => runInClient(() => void emit.single(undefined)))
              }
              listeners.add(listener)
              return listener
            }),
            (listener) => Effect.sync(() => listeners.delete(listener))
          ), { bufferSize: 1, strategy: "sliding" }),
        exclusive: (exchange) =>
          this.hasLock
            ? Effect.acquireUseRelease(
              Effect.timeoutOption(this.lock.take(client, runInClient), lockTimeout).pipe(
                Effect.interruptible,
                // A client runs one exchange at a time.
                Effect.onInterrupt(() => Effect.sync(() => this.lock.release(client)))
              ),
              () => exchange,
              (taken) => Effect.sync(() => Option.isSome(taken) ? this.lock.release(client) : undefined)
            )
            : exchange
      })
    }
  }

  private perform<A>(
    runInClient: RunInClient,
    operation: KuzzleError.TokenStoreError["operation"],
    commit: () => A
  ): Effect.Effect<A, KuzzleError.TokenStoreError> {
    const { faults, machine, random } = this
    const fails = (rate: number) => !this.healed && random.chance(rate)
    return Effect.uninterruptible(Effect.async((resume) => {
      const later = () => machine.now() + random.int(0, faults.latency)
      const reply = (outcome: Effect.Effect<A, KuzzleError.TokenStoreError>) =>
        machine.at(later(), () => runInClient(() => resume(outcome)))
      const fail = (issue: string) => {
        this.failed = true
        reply(Effect.fail(new KuzzleError.TokenStoreError({ operation, issue })))
      }
      machine.at(later(), () => {
        if (fails(faults.failBefore)) return fail("the disk is broken")
        const value = commit()
        if (fails(faults.failAfter)) return fail("the connection to the store was lost")
        reply(Effect.succeed(value))
      })
    }))
  }
}

interface Cookie {
  /** `"null"`: no token (spec 2.6). */
  readonly token: string
  /** By the clock of the browser's host. */
  readonly expiresAt: number
}

/** A tab of the browser. */
export interface Tab {
  readonly http: KuzzleHttp.KuzzleHttpShape
  /** The tab has crashed. */
  readonly kill: () => void
}

/** Called when another tab reports a change of the cookie. */
type Listener = (host: string) => void

/** The cookies of a browser, which all its tabs share. */
export class Jar {
  private cookie: Cookie | undefined
  /** When the cookie was last changed, and by which tab. */
  private changedAt = 0
  private changedBy: object | undefined
  /** Whether an answer to that tab was lost since then. Then the tab does not know the user of the cookie. */
  private isUnverified = false
  /** The tabs that can notify others of a change. A login whose answer is lost notifies none. */
  private readonly tabs = new Set<object>()
  private readonly listeners = new Map<object, Listener>()
  private readonly lock = new Lock()
  private healed = false
  private readonly machine: Machine
  private readonly random: Random
  private readonly latency: number
  private readonly loss: number
  private readonly changeDelay: number
  private readonly hasLock: boolean
  private readonly wall: () => number
  private readonly engine: () => KuzzleEngine.KuzzleEngineShape

  constructor(
    machine: Machine,
    random: Random,
    { changeDelay, latency, locks, loss }: {
      readonly latency: number
      readonly loss: number
      readonly changeDelay: number
      readonly locks: Locks
    },
    wall: () => number,
    engine: () => KuzzleEngine.KuzzleEngineShape
  ) {
    this.machine = machine
    this.wall = wall
    this.random = random
    this.latency = latency
    this.loss = loss
    this.changeDelay = changeDelay
    this.hasLock = locks !== "Absent"
    this.engine = engine
  }

  heal(): void {
    this.healed = true
  }

  /** The token in the session's cookie. */
  get token(): string | undefined {
    return this.cookie !== undefined && this.cookie.expiresAt > this.wall() ? this.cookie.token : undefined
  }

  /** The headers of a handshake. */
  get headers(): KuzzleEngine.Headers {
    return this.token === undefined ? {} : { cookie: `authToken=${this.token}` }
  }

  /** The session, with the user of its token. */
  session(kuidOf: (token: string) => string | undefined): SharedSession | undefined {
    const { changedAt, cookie, token } = this
    return cookie === undefined || token === undefined
      ? undefined
      : { token, kuid: kuidOf(token), changedAt, expiresAt: cookie.expiresAt }
  }

  /**
   * Whether the tab that last changed the cookie may not have notified others: it has ended, or could not verify the
   * cookie.
   */
  get mayBeUnannounced(): boolean {
    return this.changedBy !== undefined && (!this.tabs.has(this.changedBy) || this.isUnverified)
  }

  /** `answered` is called with each answer when the server sends it. */
  tab(runInClient: RunInClient, answered: (body: string, token: string | undefined) => void): Tab {
    const tab = {}
    this.tabs.add(tab)
    return {
      http: { ...this.http(tab, runInClient, answered), sharing: this.sharing(tab, runInClient) },
      kill: () => {
        this.tabs.delete(tab)
        this.listeners.delete(tab)
        this.lock.kill(tab)
      }
    }
  }

  private sharing(tab: object, runInClient: RunInClient): KuzzleHttp.CookieSharing {
    return {
      join: (onChange) =>
        Effect.acquireRelease(
          Effect.sync(() => {
            this.listeners.set(tab, (host) =>
              void this.machine.at(
                this.machine.now() + this.random.int(0, this.changeDelay),
                () => runInClient(() => this.listeners.has(tab) && onChange(host))
              ))
            return (host: string) => {
              for (const [other, listener] of this.listeners) if (other !== tab) listener(host)
            }
          }),
          () =>
            Effect.sync(() => {
              this.tabs.delete(tab)
              this.listeners.delete(tab)
            })
        ),
      lock: this.hasLock
        ? Effect.uninterruptibleMask((restore) =>
          Effect.zipRight(
            restore(this.lock.take(tab, runInClient)),
            Effect.addFinalizer(() => Effect.sync(() => this.lock.release(tab)))
          )
        )
        : Effect.void
    }
  }

  private http(
    tab: object,
    runInClient: RunInClient,
    answered: (body: string, token: string | undefined) => void
  ): KuzzleHttp.KuzzleHttpShape {
    const { machine, random } = this
    const later = () => machine.now() + 1 + random.int(0, this.latency)
    return {
      cookie: () => Effect.succeedNone,
      stream: () => Effect.dieMessage("no program downloads"),
      exchange: ({ body = "", credentials, headers, method, url }) =>
        Effect.async((resume) => {
          const lose = () => {
            if (this.changedBy === tab) this.isUnverified = true
            machine.at(later(), () =>
              runInClient(() => resume(new KuzzleError.NoAnswerError({ cause: new Error("ECONNRESET") }))))
          }
          const cookie = credentials === true ? this.headers : {}
          machine.at(later(), () => {
            const isLost = () =>
              !this.healed && random.chance(this.loss)
            if (isLost()) return lose()
            const path = url.slice(url.indexOf("/", url.indexOf("//") + 2))
            const answer = this.engine().http({ method, url: path, headers: { ...headers, ...cookie }, body })
            if (answer === undefined) return lose()
            const set = credentials === true ? cookieIn(answer.headers) : undefined
            answered(answer.body, set?.token)
            if (isLost()) return lose()
            machine.at(later(), () => {
              // The browser keeps the cookie even if the page has ended.
              if (set !== undefined) {
                this.cookie = set.token === "null" ? undefined : set
                this.changedAt = machine.now()
                this.changedBy = tab
                this.isUnverified = false
              }
              const { body, status } = answer
              runInClient(() => resume(Effect.succeed({ status, headers: {}, body })))
            })
          })
        })
    }
  }
}

/** The session's cookie, as an answer sets it. */
const cookieIn = (headers: ReadonlyArray<readonly [name: string, value: string]>): Cookie | undefined => {
  for (const [name, value] of headers) {
    const token = name === "Set-Cookie" ? /^authToken=([^;]*)/.exec(value)?.[1] : undefined
    const expires = /Expires=([^;]*)/.exec(value)?.[1]
    if (token !== undefined) return { token, expiresAt: expires === undefined ? Infinity : Date.parse(expires) }
  }
  return undefined
}
