/**
 * The embedded Kuzzle: an in-memory server with the protocol of Kuzzle 2.56, without a network.
 *
 * It keeps users, tokens, indexes, documents and subscriptions in memory and lives as long as its scope. Time is
 * Effect's `Clock`: under a `TestClock`, the test decides when tokens expire and idle connections are closed. Connect
 * to it with `KuzzleTestSocket` (in memory, any runtime) or `KuzzleTestServer` (real sockets, Node).
 *
 * It refuses requests that it does not implement, with the error id `testing.engine.not_implemented` (status 501).
 *
 * @module
 * @since 0.1.0
 */
import { InvalidSettingError } from "@effect-kuzzle/core/KuzzleError"
import * as Context from "effect/Context"
import * as Data from "effect/Data"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as FiberHandle from "effect/FiberHandle"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { Line } from "./internal/engine/changes.ts"
import { type Answer, asEngineError, type Connection, Engine, type Headers } from "./internal/engine/engine.ts"
import type { Entry } from "./internal/engine/entries.ts"
import { type EngineError, messageOf } from "./internal/engine/errors.ts"
import { helpOf } from "./internal/engine/help.ts"
import * as Http from "./internal/engine/http.ts"
import { isObject } from "./internal/engine/json.ts"
import type { KuzzleRequest } from "./internal/engine/request.ts"

/**
 * Where the engine delivers the frames of a connection. Called synchronously.
 *
 * @since 0.1.0
 * @category models
 */
export interface Handlers {
  readonly send: (frame: string) => void
  /** The server ends the connection. Code 1006 stands for an end without a close frame. Not called after `close()`. */
  readonly close: (code: number, reason: string) => void
}

/**
 * The client's side of a connection. Its members are plain functions, which do nothing after the connection has ended.
 *
 * @since 0.1.0
 * @category models
 */
export interface EngineConnection {
  /** The id that the server gave the connection. Some errors contain it. */
  readonly id: string
  /** A text message of the client. */
  readonly receive: (frame: string) => void
  /**
   * A ping frame of the client. It is not a message, but it keeps the connection open. `pong` is called unless the
   * engine is frozen.
   */
  readonly ping: (pong: () => void) => void
  /** The client has ended the connection. */
  readonly close: () => void
}

export type {
  /**
   * Headers, with their names in lower case.
   *
   * @since 0.1.0
   * @category models
   */
  Headers
} from "./internal/engine/engine.ts"

export type {
  /**
   * An HTTP request.
   *
   * @since 0.1.0
   * @category models
   */
  HttpRequest,
  /**
   * An HTTP response.
   *
   * @since 0.1.0
   * @category models
   */
  HttpResponse
} from "./internal/engine/http.ts"

/**
 * A user that exists from the start.
 *
 * @since 0.1.0
 * @category models
 */
export interface SeedUser {
  readonly username: string
  readonly password: string | Redacted.Redacted
  /** The user's id; the user name by default. */
  readonly kuid?: string
  /** `admin`, `default` or `anonymous`; `["default"]` by default. */
  readonly profileIds?: ReadonlyArray<string>
  /** Other content of the user. */
  readonly content?: { readonly [key: string]: unknown }
}

/**
 * A request that was answered. It contains neither the body of the request nor the result, because both may contain
 * secrets.
 *
 * @since 0.1.0
 * @category models
 */
export interface AnsweredRequest {
  readonly protocol: "websocket" | "http"
  readonly controller: string
  readonly action: string
  readonly index: Option.Option<string>
  readonly collection: Option.Option<string>
  /** The id of the user who made the request; `-1` for the anonymous user. */
  readonly userId: string
  /** The status of the answer: 200, 206 or that of the error. */
  readonly status: number
  readonly error: Option.Option<{ readonly id: Option.Option<string>; readonly message: string }>
}

/**
 * Where an engine stores its state, so that a later engine starts with it. Connections, subscriptions and searches are
 * not stored. The members are plain functions.
 *
 * @since 0.1.0
 * @category models
 */
export interface Store {
  /** The `seed` of `Options`: tokens stay valid only with the same seed. */
  readonly seed: string
  /** The stored lines, oldest first. They are read once. */
  readonly lines: Iterable<string>
  /**
   * Stores the lines of a change, before the request that made the change is answered. `all` returns the whole state as
   * lines, which can replace all earlier ones. Throws if it cannot store them.
   */
  readonly save: (changed: ReadonlyArray<string>, all: () => Iterable<string>) => void
}

/**
 * The store could not store the changes of a request. The request was not answered, and the engine has ended.
 *
 * @since 0.1.0
 * @category errors
 */
export class KuzzleEngineStoreError extends Data.TaggedError("KuzzleEngineStoreError")<{ readonly cause: unknown }> {
  override get message(): string {
    const reason = messageOf(this.cause)
    return `a change could not be saved, and its request was not answered: ${reason}; all answered changes are saved`
  }
  /**
   * The address of a web page that explains the causes of this error, and what to do.
   *
   * @since 0.1.0
   */
  get help(): string {
    return helpOf(this)
  }
}

/**
 * Settings of the engine. The defaults are those of the real server, except for `loginsPerSecond`.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  readonly users?: ReadonlyArray<SeedUser>
  /** The initial indexes, collections and mappings, as the body of `admin:loadMappings`. */
  readonly mappings?: { readonly [key: string]: unknown }
  /** The initial documents, as the body of `admin:loadFixtures`. Their collections must be among `mappings`. */
  readonly fixtures?: { readonly [key: string]: unknown }
  /** The initial roles, profiles and users, as the body of `admin:loadSecurities`. */
  readonly securities?: { readonly [key: string]: unknown }
  /** The lifetime of a token if the login does not set one. One hour by default. */
  readonly tokenLifetime?: Duration.DurationInput
  /**
   * How long a client may be silent. After this time the server closes its connection, even if the client still
   * receives frames. One minute by default.
   */
  readonly idleTimeout?: Duration.DurationInput
  /**
   * The largest message in bytes. A larger one ends the connection (1006); over HTTP it is answered with 413. 1 MiB by
   * default.
   */
  readonly maxRequestSize?: number
  /** Whether `cookieAuth` is allowed. `true` by default. */
  readonly cookieAuthentication?: boolean
  /** When a search sees a write without `refresh: "wait_for"`. After one second by default; with 0, at once. */
  readonly refreshInterval?: Duration.DurationInput
  /** Messages per second and connection; no limit by default. */
  readonly rateLimit?: number
  /** Logins per second and connection. No limit by default; the real server's default is 1. */
  readonly loginsPerSecond?: number
  /** The seed of ids, room ids and token signatures: with the same seed, every run has the same ones. */
  readonly seed?: string
  /**
   * Where the engine stores its state; in memory only by default. Stored users take precedence over `users` and the
   * users of `securities`. `fixtures` are for the first engine only.
   */
  readonly store?: Store
}

/**
 * The functions of the engine, and the faults that a test can inject.
 *
 * @since 0.1.0
 * @category models
 */
export interface KuzzleEngineShape {
  /** Opens a connection, or `undefined` while the engine refuses them. A plain function, for transports. */
  readonly connect: (handlers: Handlers, headers?: Headers) => EngineConnection | undefined
  /** Answers an HTTP request, or `undefined` if it is not answered. A plain function, for transports. */
  readonly http: (request: Http.HttpRequest) => Http.HttpResponse | undefined
  /** The size of the largest request, in bytes. Transports need not read more. */
  readonly maxRequestSize: number
  /** How many connections are open. */
  readonly connections: Effect.Effect<number>
  /** Ends every connection; by default with 1006, as when the network breaks. */
  readonly dropAll: (code?: number, reason?: string) => Effect.Effect<void>
  /** Accepts connections and requests, but answers nothing, like a stopped process on a running system. */
  readonly freeze: Effect.Effect<void>
  /** Ends `freeze`: messages that arrived meanwhile are handled now. */
  readonly thaw: Effect.Effect<void>
  /** Refuses new connections. */
  readonly refuse: Effect.Effect<void>
  /** Ends `refuse`. */
  readonly accept: Effect.Effect<void>
  /** Waits until a client has ended the engine (`admin:shutdown`). It ends one second after the request. */
  readonly awaitShutdown: Effect.Effect<void>
  /** Fails if `store` fails, which ends the engine. Otherwise it never completes. */
  readonly storeFailure: Effect.Effect<never, KuzzleEngineStoreError>
  /** Starts the engine again after `admin:shutdown`, with its whole state. */
  readonly restart: Effect.Effect<void>
  /** Loses the next request for an action (`"document:create"`): it is neither executed nor answered. */
  readonly silenceNext: (action: string) => Effect.Effect<void>
  /** Makes a token expire now: its connections get `TokenExpired` and lose their subscriptions. */
  readonly expireToken: (jwt: string | Redacted.Redacted) => Effect.Effect<void>
  /** Makes a token invalid, as a logout in another client does: its subscriptions end without a notification. */
  readonly revokeToken: (jwt: string | Redacted.Redacted) => Effect.Effect<void>
  /** Adds a user. Dies if the user exists already. */
  readonly createUser: (user: SeedUser) => Effect.Effect<void>
  /** A stream of the requests that are answered from now on. */
  readonly answers: Stream.Stream<AnsweredRequest>
}

/**
 * The embedded Kuzzle.
 *
 * @since 0.1.0
 * @category tags
 */
export class KuzzleEngine extends Context.Tag("@effect-kuzzle/testing/KuzzleEngine")<
  KuzzleEngine,
  KuzzleEngineShape
>() {}

/** The longest delay of `setTimeout`. Waking up early is harmless. */
const longestSleep = 2 ** 30

const reveal = (secret: string | Redacted.Redacted): string =>
  typeof secret === "string" ? secret : Redacted.value(secret)

const loaders = { mappings: "loadMappings", securities: "loadSecurities", fixtures: "loadFixtures" } as const

const millisOf = (setting: string, input: unknown): Effect.Effect<number, InvalidSettingError> =>
  Option.match(Duration.decodeUnknown(input), {
    onNone: () =>
      Effect.fail(
        new InvalidSettingError({
          setting,
          value: JSON.stringify(input),
          issue: `expected a duration such as "10 seconds", or milliseconds`
        })
      ),
    onSome: (duration) => Effect.succeed(Duration.toMillis(duration))
  })

const entryOf = (line: string): Entry =>
  // Safe: an engine has written it.
  JSON.parse(line) as Entry

function* serialized(lines: Iterable<Line>): Generator<string> {
  for (const line of lines) yield JSON.stringify(line)
}

const textOf = (value: unknown): Option.Option<string> => typeof value === "string" ? Option.some(value) : Option.none()

const reportOf = (
  { action, args, controller, protocol }: KuzzleRequest,
  userId: string,
  { envelope: { error }, status }: Answer
): AnsweredRequest => ({
  protocol,
  controller: controller ?? "",
  action: action ?? "",
  index: textOf(args.index),
  collection: textOf(args.collection),
  userId,
  status,
  error: isObject(error) ? Option.some({ id: textOf(error.id), message: String(error.message) }) : Option.none()
})

/** The reason of an error. For an import it includes the first refusal, because the import's message lacks it. */
const reasonOf = ({ body, message }: EngineError): string => {
  const [first] = Array.isArray(body.errors) ? body.errors : []
  return first === undefined ? message : `${message} ${JSON.stringify(first)}`
}

/**
 * An engine that lives as long as the scope. Fails if an option is not a duration, or if Kuzzle would refuse the
 * initial state.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (
  options: Options = {}
): Effect.Effect<KuzzleEngineShape, InvalidSettingError, Scope.Scope> =>
  Effect.gen(function*() {
    const clock = yield* Effect.clock
    const now = () => clock.unsafeCurrentTimeMillis()
    const tokenLifetime = yield* millisOf("tokenLifetime", options.tokenLifetime ?? "1 hour")
    const idleTimeout = yield* millisOf("idleTimeout", options.idleTimeout ?? "1 minute")
    const refreshInterval = yield* millisOf("refreshInterval", options.refreshInterval ?? "1 second")
    const maxRequestSize = options.maxRequestSize ?? 1_048_576
    const { store } = options
    let isNew = true
    const engine: Engine = new Engine({
      seed: store?.seed ?? options.seed ?? "effect-kuzzle",
      tokenLifetime,
      gracePeriod: 1000,
      idleTimeout,
      maxRequestSize,
      cookieAuthentication: options.cookieAuthentication ?? true,
      refreshInterval,
      rateLimit: options.rateLimit ?? 0,
      loginsPerSecond: options.loginsPerSecond ?? 0,
      ...(store === undefined
        ? {}
        : { save: (lines) => store.save([...serialized(lines)], () => serialized(engine.allSaved())) })
    }, now())
    if (store !== undefined) {
      yield* Effect.try({
        try: () => {
          for (const line of store.lines) {
            engine.restore(entryOf(line))
            isNew = false
          }
        },
        catch: (cause) =>
          new InvalidSettingError({
            setting: "store",
            issue: `the stored state is damaged: ${messageOf(cause)}`,
            cause
          })
      })
    }

    // -- time: one fiber sleeps until the next deadline of the engine -----------------------------------------------

    const run = yield* FiberHandle.makeRuntime<never>()
    let wakeTime = Infinity
    let frozen = false
    const wakeAt = (at: number): void => {
      if (at >= wakeTime) return
      wakeTime = at
      const delay = Math.min(Math.max(0, at - now()), longestSleep)
      // The scope must be able to end the sleep, even if the engine was created uninterruptibly, as in an acquisition.
      run(Effect.interruptible(Effect.zipRight(Effect.sleep(delay), Effect.sync(wake))))
    }
    const wake = (): void => {
      wakeTime = Infinity
      if (frozen) return
      engine.tick(now())
      wakeAt(engine.nextDeadline())
    }
    engine.onDeadline = wakeAt

    // -- faults -----------------------------------------------------------------------------------------------------

    let refusing = false
    const ended = yield* Effect.makeLatch(false)
    let stopped = false
    engine.onShutdown = () => {
      stopped = true
      ended.unsafeOpen()
    }
    const storeFailure = yield* Deferred.make<never, KuzzleEngineStoreError>()
    engine.onStoreFailure = (cause) => {
      stopped = true
      Deferred.unsafeDone(storeFailure, Exit.fail(new KuzzleEngineStoreError({ cause })))
      for (const connection of [...engine.connections.values()]) engine.cut(connection, 1006, "", now())
    }
    const silenced = new Map<string, number>()
    const deferred: Array<() => void> = []
    /** Runs now, or after `thaw`. */
    const whenRunning = (handle: () => void): void => {
      if (frozen) deferred.push(handle)
      else handle()
    }
    engine.isLost = ({ action, controller }) => {
      const name = `${controller}:${action}`
      const remaining = silenced.get(name)
      if (remaining === undefined) return false
      if (remaining === 1) silenced.delete(name)
      else silenced.set(name, remaining - 1)
      return true
    }

    const open = (connection: Connection): EngineConnection => ({
      id: connection.id,
      receive: (frame) => whenRunning(() => engine.receive(connection, frame, now())),
      ping: (pong) =>
        whenRunning(() => {
          engine.touch(connection, now())
          pong()
        }),
      close: () => whenRunning(() => engine.disconnect(connection, now()))
    })

    const createUser = (user: SeedUser): void => {
      const kuid = user.kuid ?? user.username
      const { strategies, users } = engine.state
      const credentials = strategies.get("local")
      users.create(kuid, user.profileIds ?? ["default"], user.content ?? {}, now())
      credentials.create(kuid, { username: user.username, password: reveal(user.password) }, now())
      for (const { collection } of [users, credentials]) collection.refresh()
    }
    const load = (setting: "mappings" | "fixtures" | "securities") =>
      Effect.try({
        try: () => {
          const content = options[setting]
          if (content !== undefined) engine.load(loaders[setting], content, now())
        },
        catch: (cause) => new InvalidSettingError({ setting, issue: reasonOf(asEngineError(cause)), cause })
      })
    yield* load("mappings")
    yield* load("securities")
    if (isNew) yield* load("fixtures")
    const existing = engine.state.users
    for (const user of options.users ?? []) {
      if (isNew || existing.get(user.kuid ?? user.username) === undefined) createUser(user)
    }
    if (!engine.save()) {
      yield* Effect.catchAll(
        Deferred.await(storeFailure),
        (cause) => new InvalidSettingError({ setting: "store", issue: cause.message, cause })
      )
    }

    const change = (run: () => void) =>
      Effect.sync(() => {
        run()
        engine.save()
      })
    const listeners = new Set<(answered: AnsweredRequest) => void>()
    engine.onAnswer = (request, userId, answer) => {
      if (listeners.size === 0) return
      const report = reportOf(request, userId, answer)
      for (const listener of listeners) listener(report)
    }

    return {
      connect: (handlers, headers = {}) =>
        refusing || stopped ? undefined : open(engine.connect(headers, handlers, now())),
      http: (request) => refusing || stopped ? undefined : Http.handle(engine, request, now()),
      maxRequestSize,
      connections: Effect.sync(() => engine.connections.size),
      dropAll: (code = 1006, reason = "") =>
        Effect.sync(() => {
          for (const connection of [...engine.connections.values()]) engine.cut(connection, code, reason, now())
        }),
      freeze: Effect.sync(() => {
        frozen = true
      }),
      thaw: Effect.sync(() => {
        frozen = false
        for (const handle of deferred.splice(0)) handle()
        wake()
      }),
      refuse: Effect.sync(() => {
        refusing = true
      }),
      accept: Effect.sync(() => {
        refusing = false
      }),
      awaitShutdown: ended.await,
      storeFailure: Deferred.await(storeFailure),
      restart: Effect.sync(() => {
        stopped = false
        ended.unsafeClose()
      }),
      silenceNext: (action) => Effect.sync(() => void silenced.set(action, (silenced.get(action) ?? 0) + 1)),
      expireToken: (jwt) => change(() => engine.expireToken(reveal(jwt), now())),
      revokeToken: (jwt) => change(() => engine.revokeToken(reveal(jwt), now())),
      createUser: (user) => change(() => createUser(user)),
      answers: Stream.asyncPush<AnsweredRequest>((emit) =>
        Effect.acquireRelease(
          Effect.sync(() => {
            const listener = (answered: AnsweredRequest) => void emit.single(answered)
            listeners.add(listener)
            return listener
          }),
          (listener) => Effect.sync(() => listeners.delete(listener))
        ), { bufferSize: "unbounded" })
    }
  })

/**
 * The engine as a layer.
 *
 * @example
 * ```ts
 * import { Kuzzle, KuzzleHeartbeat } from "@effect-kuzzle/core"
 * import { KuzzleEngine, KuzzleTestSocket } from "@effect-kuzzle/testing"
 * import { Layer } from "effect"
 *
 * export const TestKuzzle = Kuzzle.layer().pipe(
 *   Layer.provide(KuzzleHeartbeat.layerDisabled),
 *   Layer.provide(KuzzleTestSocket.layer),
 *   Layer.provideMerge(KuzzleEngine.layer({ users: [{ username: "ada", password: "secret" }] }))
 * )
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (options?: Options): Layer.Layer<KuzzleEngine, InvalidSettingError> =>
  Layer.scoped(KuzzleEngine, make(options))
