/**
 * The settings of a client. Each has a default and a description, and most can be set by an environment variable.
 * Settings that the official SDK also has keep its names.
 *
 * Every client accepts `ClientOptions`. A client with a connection also accepts `ConnectionOptions`, and its heartbeat
 * accepts `HeartbeatOptions`. A client over HTTP also accepts `HttpOptions`. The layers of the platform packages accept
 * all options of their kind of client.
 *
 * | Setting | Environment | Default |
 * | --- | --- | --- |
 * | `url` | `KUZZLE_URL` | – |
 * | `host` | `KUZZLE_HOST` | `localhost` |
 * | `port` | `KUZZLE_PORT` | 7512 |
 * | `ssl` | `KUZZLE_SSL` | on for the ports 443 and 7443 |
 * | `path` | `KUZZLE_PATH` | `/` |
 * | `headers` | – | none |
 * | `apiKey` | `KUZZLE_API_KEY` | none |
 * | `connectTimeout` | `KUZZLE_CONNECT_TIMEOUT` | 10 seconds |
 * | `requestTimeout` | `KUZZLE_REQUEST_TIMEOUT` | 15 seconds |
 * | `pingInterval` | `KUZZLE_PING_INTERVAL` | 10 seconds |
 * | `pingTimeout` | `KUZZLE_PING_TIMEOUT` | 5 seconds |
 * | `busyPingTimeout` | `KUZZLE_BUSY_PING_TIMEOUT` | 60 seconds |
 * | `stableAfter` | `KUZZLE_STABLE_AFTER` | 30 seconds |
 * | `maxRequestSize` | `KUZZLE_MAX_REQUEST_SIZE` | 1,048,576 bytes |
 * | `maxResponseSize` | `KUZZLE_MAX_RESPONSE_SIZE` | 67,108,864 bytes |
 * | `volatile` | – | none |
 * | `routes` | – | `query` |
 * | `sdkName` | – | `effect@<version>` |
 * | `reconnect` | – | `KuzzleSchedule.reconnect()` |
 * | `resubscribe` | – | `KuzzleSchedule.retry()` |
 * | `tokenRefresh` | – | `KuzzleSchedule.tokenRefresh()` |
 * | `autoQueue` | `KUZZLE_AUTO_QUEUE` | off |
 * | `queueMaxSize` | `KUZZLE_QUEUE_MAX_SIZE` | 500 requests |
 * | `queueMaxBytes` | `KUZZLE_QUEUE_MAX_BYTES` | 16,777,216 bytes |
 * | `queueTTL` | `KUZZLE_QUEUE_TTL` | 2 minutes |
 * | `queueFilter` | – | every request |
 * | `waitForConnection` | `KUZZLE_WAIT_FOR_CONNECTION` | on |
 *
 * @module
 * @since 0.1.0
 */
import * as Config from "effect/Config"
import * as ConfigError from "effect/ConfigError"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Record from "effect/Record"
import * as Redacted from "effect/Redacted"
import type * as Schedule from "effect/Schedule"
import * as Endpoint from "./internal/data/endpoint.ts"
import * as Json from "./internal/data/json.ts"
import { reservedVolatile } from "./internal/data/reservedVolatile.ts"
import * as Setting from "./internal/data/setting.ts"
import * as Version from "./internal/data/version.ts"
import { isImmediate } from "./internal/services/immediate.ts"
import { ConnectError, type ConnectionEndedError, InvalidSettingError, type RequestError } from "./KuzzleError.ts"
import * as KuzzleSchedule from "./KuzzleSchedule.ts"

/**
 * Headers by name. A `Redacted` value is sent to the server and appears nowhere else.
 *
 * @since 0.1.0
 * @category models
 */
export type Headers = Readonly<Record<string, string | Redacted.Redacted>>

/**
 * Options of every client, as plain values. `ClientOptions` also allows effects. Every option has a default.
 *
 * @since 0.1.0
 * @category models
 */
export interface PlainClientOptions {
  /**
   * The whole address (`ws://`, `wss://`, `http://` or `https://`), or a list of addresses for fail-over. It replaces
   * `host`, `port`, `ssl` and `path`. The default port is that of the scheme (80 or 443). Write the host in ASCII
   * (`xn--…` for other letters), and percent-encode path and query.
   */
  readonly url?: string | ReadonlyArray<string> | undefined
  /** A host name or an IP address. IPv6 may have brackets. */
  readonly host?: string | undefined
  /** The port of the server. Default: 7512. */
  readonly port?: number | undefined
  /** Whether to use TLS. By default it is used for the ports 443 and 7443. */
  readonly ssl?: boolean | undefined
  /** The path under which a proxy serves Kuzzle. Default: `/`. */
  readonly path?: string | undefined
  /** Headers of the WebSocket handshake and of HTTP requests. Browsers cannot set headers on a WebSocket. */
  readonly headers?: Headers | undefined
  /**
   * An API key (`kapikey-…`) as the session with which the client starts. Every request carries it, so no login is
   * needed. A login replaces the key, and a logout stops its use. Neither revokes it. The client does not use a
   * `KuzzleTokenStore`. If the server does not know the key, the request fails with the server's refusal. Later
   * requests fail with a `KuzzleUnauthenticatedError`, unless an `authenticator` logs in.
   */
  readonly apiKey?: string | Redacted.Redacted | undefined
  /** How long the WebSocket handshake may take, and how long an effect of `url` or `headers` may run. */
  readonly connectTimeout?: Duration.DurationInput | undefined
  /** The deadline of a request, from its submission to its answer. */
  readonly requestTimeout?: Duration.DurationInput | undefined
  /**
   * The largest request, in bytes. Use the value of the server's `server.maxRequestSize`, because a larger message
   * would end the connection. A larger request fails with a `KuzzlePayloadTooLargeError`.
   */
  readonly maxRequestSize?: number | undefined
  /**
   * The largest answer or notification, in bytes: at most 2³¹ − 1. Over HTTP, a request whose answer is larger fails
   * with a `KuzzleResponseTooLargeError`. Downloads have no limit. On Node, a larger WebSocket frame ends the
   * connection before it is read: requests in flight fail as after any lost connection, and subscriptions continue
   * after a `Gap`. A browser delivers only whole frames. There, a request whose answer is too large fails with a
   * `KuzzleResponseTooLargeError`, and a notification that is too large ends the connection. In browsers one character
   * counts as one byte.
   */
  readonly maxResponseSize?: number | undefined
  /**
   * Data that every request carries. Kuzzle returns them in answers and in the notifications that a request causes. The
   * members `sdkName` and `sdkInstanceId` are not allowed, because the client sets them. Kuzzle refuses `sdkVersion`.
   */
  readonly volatile?: Readonly<Record<string, unknown>> | undefined
  /** `name@version`, as the server sees it. */
  readonly sdkName?: string | undefined
  /** When to renew the session before it expires. */
  readonly tokenRefresh?: Schedule.Schedule<unknown, KuzzleSchedule.Expiring> | undefined
}

/**
 * Options of a client with a connection only. Every option has a default.
 *
 * @since 0.1.0
 * @category models
 */
export interface ConnectionOptions {
  /**
   * Whether the layer waits for the first connection, and fails if no endpoint can be reached. With `false`, the layer
   * is ready at once, in the state `Connecting`. An application can then start without a network, and `autoQueue` keeps
   * its requests. `states` and `events` report failed attempts, and `reconnect` schedules the next one.
   */
  readonly waitForConnection?: boolean | undefined
  /**
   * When to reconnect after a lost connection, and for how long. When the schedule ends, the client gives up for good.
   */
  readonly reconnect?: Schedule.Schedule<unknown, ConnectError | ConnectionEndedError> | undefined
  /** How long a connection must last for the next reconnection to start from the first delay again. */
  readonly stableAfter?: Duration.DurationInput | undefined
  /**
   * When to retry a subscription that the server refused with a temporary error (429, 502 to 504, or 500 if it was open
   * before). When the schedule ends, the stream fails with the error.
   */
  readonly resubscribe?: Schedule.Schedule<unknown, RequestError> | undefined
  /** Whether to queue requests that are made while there is no connection. They are sent in order once there is one. */
  readonly autoQueue?: boolean | undefined
  /** How many requests the queue keeps. Further requests are refused. */
  readonly queueMaxSize?: number | undefined
  /**
   * How many bytes of requests the queue keeps. One character of JSON counts as one byte. Further requests are refused.
   */
  readonly queueMaxBytes?: number | undefined
  /** How long the queue keeps a request. The deadline of the request counts as well. */
  readonly queueTTL?: Duration.DurationInput | undefined
  /**
   * The queue keeps the requests for which this function returns `true`. All other requests are refused at once, as
   * without a queue.
   */
  readonly queueFilter?: ((request: Queuable) => boolean) | undefined
}

/**
 * Options of a heartbeat. Every option has a default.
 *
 * @since 0.1.0
 * @category models
 */
export interface HeartbeatOptions {
  /** How long to wait between two pings. */
  readonly pingInterval?: Duration.DurationInput | undefined
  /** How long to wait for the answer to a ping, or for other progress, before the connection is closed as dead. */
  readonly pingTimeout?: Duration.DurationInput | undefined
  /**
   * The longest wait for the answer to a ping while large messages may delay it. This applies in browsers while any
   * request is in flight, and on Node while more than 16 KiB of requests are in flight, because the runtime then does
   * not show all progress. The wait ends `pingTimeout` after the last deadline of these requests, and after
   * `busyPingTimeout` at most. With the default deadline of 15 s, a dead connection is found within 30 s
   * (`pingInterval` + `requestTimeout` + `pingTimeout`). With longer deadlines, it is found within 70 s (`pingInterval`
   * + `busyPingTimeout`). With nothing in flight, it is found within 15 s (`pingInterval` + `pingTimeout`). The
   * deadline of a request never becomes longer. A value below `pingTimeout` counts as `pingTimeout`.
   */
  readonly busyPingTimeout?: Duration.DurationInput | undefined
}

/**
 * Options of a client over HTTP.
 *
 * @since 0.1.0
 * @category models
 */
export interface HttpOptions {
  /**
   * How requests are sent over HTTP: all to `POST /_query` (`query`), or each to the route of its action (`rest`). The
   * latter is for gateways that distinguish requests by their address. Some actions have no route, and some values
   * cannot be part of an address. These requests fail with an `EncodeError`.
   */
  readonly routes?: "query" | "rest" | undefined
}

/**
 * All options of a client with a connection and a heartbeat, as plain values. A `Config` can provide them.
 *
 * @since 0.1.0
 * @category models
 */
export interface PlainOptions extends PlainClientOptions, ConnectionOptions, HeartbeatOptions {}

/**
 * Options of every client. `url` and `headers` may be effects, for service discovery and for tokens that rotate. The
 * client runs them before each attempt to connect, and before each HTTP request. Each may take up to `connectTimeout`.
 *
 * If one fails, the attempt fails with a `KuzzleConnectError` whose `reason` is `Settings` and whose `cause` is the
 * error. The setting `reconnect` schedules the next attempt. Over HTTP, the request fails with a `KuzzleNotSentError`.
 * If `url` yields several addresses, the attempt after a failed one uses the next position in the list that `url`
 * yields at that time.
 *
 * @example
 * ```ts
 * import { Effect, Redacted } from "effect"
 * import type { KuzzleConfig } from "@effect-kuzzle/core"
 *
 * export const options = (gatewayToken: Effect.Effect<string, Error>): KuzzleConfig.ClientOptions => ({
 *   url: "wss://kuzzle.example.org",
 *   headers: Effect.map(gatewayToken, (token) => ({ authorization: Redacted.make(`Bearer ${token}`) }))
 * })
 * ```
 *
 * @since 0.1.0
 * @category models
 */
export interface ClientOptions extends Omit<PlainClientOptions, "url" | "headers"> {
  /** The address or addresses, or an effect that yields them. */
  readonly url?: PlainClientOptions["url"] | Effect.Effect<string | ReadonlyArray<string>, unknown>
  /** The headers, or an effect that yields them. */
  readonly headers?: PlainClientOptions["headers"] | Effect.Effect<Headers, unknown>
}

/**
 * Options of a client with a connection.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options extends ClientOptions, ConnectionOptions {}

/**
 * One or more WebSocket addresses, in the order in which they are tried.
 *
 * @since 0.1.0
 * @category models
 */
export type Endpoints = readonly [string, ...Array<string>]

/**
 * `ClientOptions` with every default filled in and every value checked.
 *
 * @since 0.1.0
 * @category models
 */
export interface ClientSettings {
  /** Yields the addresses to connect to. Run before each attempt. */
  readonly endpoints: Effect.Effect<Endpoints, InvalidSettingError>
  /** The addresses that are known without running an effect. Empty when `url` is an effect. */
  readonly knownEndpoints: ReadonlyArray<string>
  /** Yields the headers of a handshake or an HTTP request. Run before each of them. */
  readonly headers: Effect.Effect<Headers, InvalidSettingError>
  readonly apiKey: Option.Option<Redacted.Redacted>
  readonly connectTimeout: Duration.Duration
  readonly requestTimeout: Duration.Duration
  readonly maxRequestSize: number
  readonly maxResponseSize: number
  readonly volatile: Readonly<Record<string, unknown>>
  readonly tokenRefresh: Schedule.Schedule<unknown, KuzzleSchedule.Expiring>
}

/**
 * The settings of a client with a connection.
 *
 * @since 0.1.0
 * @category models
 */
export interface Settings extends ClientSettings {
  readonly waitForConnection: boolean
  readonly reconnect: Schedule.Schedule<unknown, ConnectError | ConnectionEndedError>
  readonly stableAfter: Duration.Duration
  readonly resubscribe: Schedule.Schedule<unknown, RequestError>
  /** The offline queue. `undefined` without one. */
  readonly queue: {
    readonly maxSize: number
    readonly maxBytes: number
    readonly ttl: Duration.Duration
    readonly filter: (request: Queuable) => boolean
  } | undefined
}

/**
 * The settings of a heartbeat.
 *
 * @since 0.1.0
 * @category models
 */
export interface HeartbeatSettings {
  /** When to ping, whatever other traffic there is. */
  readonly schedule: Schedule.Schedule<unknown>
  /** How long to wait for the answer to a ping, or for other progress, before the connection is closed as dead. */
  readonly timeout: Duration.Duration
  /** The longest wait while large messages may delay the answer: see the setting `busyPingTimeout`. */
  readonly busyTimeout: Duration.Duration
}

/**
 * The settings of a client over HTTP.
 *
 * @since 0.1.0
 * @category models
 */
export interface HttpSettings extends ClientSettings {
  readonly routes: "query" | "rest"
}

/**
 * The members of a request that `queueFilter` may read.
 *
 * @since 0.1.0
 * @category models
 */
export interface Queuable {
  readonly controller: string
  readonly action: string
  readonly [argument: string]: unknown
}

/** The default port of Kuzzle. */
const defaultPort = 7512

/** The ports on which TLS is the default, as in the official SDK. */
const tlsPorts: ReadonlyArray<number> = [443, 7443]

/** `server.maxRequestSize` is `1MB` by default, which Kuzzle reads as 1024². */
const defaultMaxRequestSize = 1024 ** 2

/**
 * The default of `maxResponseSize`. A search returns at most 10,000 documents (`limits.documentsFetchCount`). This
 * leaves 6 KB for each.
 */
const defaultMaxResponseSize = 64 * 1024 ** 2

/** The largest possible `maxResponseSize`, because `ws` stores its limit as a signed 32-bit number. */
const largestResponseSize = 2 ** 31 - 1

/**
 * Makes the settings of a client with a connection: fills in the defaults and checks all values. Fails with an
 * `InvalidSettingError` that names the setting and says what was expected.
 *
 * @example
 * ```ts
 * import { Effect } from "effect"
 * import { KuzzleConfig } from "@effect-kuzzle/core"
 *
 * const settings = Effect.runSync(KuzzleConfig.make({ host: "::1", port: 7443 }))
 * console.log(settings.knownEndpoints) // [ 'wss://[::1]:7443/' ]
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (options: Options = {}): Effect.Effect<Settings, InvalidSettingError> =>
  Effect.suspend(() => Setting.attempt(() => settingsOf(options)))

/**
 * The settings of a client over HTTP.
 *
 * @since 0.1.0
 * @category constructors
 */
export const makeHttp = (options: ClientOptions & HttpOptions = {}): Effect.Effect<HttpSettings, InvalidSettingError> =>
  Effect.suspend(() =>
    Setting.attempt((): HttpSettings => ({ ...ofClient(options), routes: options.routes ?? "query" }))
  )

/** @internal */
export const heartbeat = (options: HeartbeatOptions): HeartbeatSettings => ({
  schedule: KuzzleSchedule.heartbeat({ interval: positive("pingInterval", options.pingInterval ?? "10 seconds") }),
  timeout: positive("pingTimeout", options.pingTimeout ?? "5 seconds"),
  busyTimeout: positive("busyPingTimeout", options.busyPingTimeout ?? "60 seconds")
})

const settingsOf = (options: Options): Settings => ({
  ...ofClient(options),
  waitForConnection: options.waitForConnection ?? true,
  reconnect: options.reconnect ?? defaultSchedules().reconnect,
  stableAfter: positive("stableAfter", options.stableAfter ?? KuzzleSchedule.stableAfter),
  resubscribe: options.resubscribe ?? defaultSchedules().resubscribe,
  queue: options.autoQueue === true
    ? {
      maxSize: integer("queueMaxSize", options.queueMaxSize ?? 500, 1),
      maxBytes: integer("queueMaxBytes", options.queueMaxBytes ?? 16 * 1024 ** 2, 1),
      ttl: positive("queueTTL", options.queueTTL ?? "2 minutes"),
      filter: options.queueFilter ?? (() => true)
    }
    : undefined
})

const ofClient = (options: ClientOptions): ClientSettings => {
  const connectTimeout = positive("connectTimeout", options.connectTimeout ?? "10 seconds")
  const given = <A, B>(setting: string, value: A | Effect.Effect<A, unknown>, check: (value: A) => B) =>
    Effect.isEffect(value) ? dynamic(setting, value, check, connectTimeout) : Effect.succeed(check(value))
  const endpoints = options.url === undefined
    ? Effect.succeed(fromParts(options))
    : given("url", alone(options.url, options), endpointsOf)
  return {
    endpoints,
    knownEndpoints: isImmediate(endpoints) ? Exit.getOrElse(endpoints, () => []) : [],
    headers: given("headers", options.headers, headersOf),
    apiKey: options.apiKey === undefined
      ? Option.none()
      : Option.some(Setting.valid("apiKey", apiKeyOf(options.apiKey))),
    connectTimeout,
    requestTimeout: positive("requestTimeout", options.requestTimeout ?? "15 seconds"),
    maxRequestSize: integer("maxRequestSize", options.maxRequestSize ?? defaultMaxRequestSize, 1),
    maxResponseSize: integer(
      "maxResponseSize",
      options.maxResponseSize ?? defaultMaxResponseSize,
      1,
      largestResponseSize
    ),
    volatile: volatile(options),
    tokenRefresh: options.tokenRefresh ?? defaultSchedules().tokenRefresh
  }
}

/**
 * The default schedules, which all clients share, because a schedule holds no state. Made when they are first needed.
 */
const defaultSchedules = () =>
  schedules ??= {
    reconnect: KuzzleSchedule.reconnect(),
    resubscribe: KuzzleSchedule.retry(),
    tokenRefresh: KuzzleSchedule.tokenRefresh()
  }

let schedules: Pick<Settings, "reconnect" | "resubscribe" | "tokenRefresh"> | undefined

/** Runs the effect that yields a setting. Its value is checked after each run. */
const dynamic = <A, B>(
  setting: string,
  effect: Effect.Effect<A, unknown>,
  check: (value: A) => B,
  timeout: Duration.Duration
): Effect.Effect<B, InvalidSettingError> =>
  effect.pipe(
    Effect.mapError((cause) =>
      new InvalidSettingError({
        setting,
        issue: `the effect that yields it failed${
          cause instanceof Error && cause.message !== "" ? `: ${cause.message}` : ""
        }`,
        cause
      })
    ),
    Effect.timeoutFail({
      duration: timeout,
      onTimeout: () =>
        new InvalidSettingError({ setting, issue: "the effect that yields it did not finish within connectTimeout" })
    }),
    Effect.flatMap((value) => Setting.attempt(() => check(value)))
  )

const positive = (setting: string, input: unknown): Duration.Duration => Setting.valid(setting, Setting.duration(input))

const integer = (setting: string, value: unknown, minimum: number, maximum?: number): number =>
  Setting.valid(setting, Setting.integer(minimum, maximum)(value))

const invalid = (setting: string, issue: string, value?: unknown): never =>
  Setting.valid(setting, Setting.wrong(issue, value))

/** The parts of an address, which are used if there is no `url`. */
const parts = ["host", "port", "ssl", "path"] as const
type Parts = Pick<PlainClientOptions, typeof parts[number]>

const alone = <A>(url: A, options: Parts): A => {
  const beside = parts.find((part) => options[part] !== undefined)
  return beside === undefined
    ? url
    : invalid(beside, "it cannot be combined with url: write it in the address instead")
}

const endpointsOf = (url: string | ReadonlyArray<string>): Endpoints => {
  const all = Array.isArray(url) ? url : [url]
  // Duplicates are removed after normalization, because the position of an address in the list must be unique.
  const [first, ...others] = new Set(all.map((one) => Setting.valid("url", endpoint(one))))
  return first === undefined
    ? invalid("url", "the list is empty: give at least one address")
    : [first, ...others]
}

/** Checks a text. Callers without types may pass any value. */
const text = (check: (text: string) => Setting.Checked<string>) => (value: unknown): Setting.Checked<string> =>
  typeof value === "string" ? check(value) : Setting.wrong("expected text; leave it out for the default", value)

const endpoint = text((text) =>
  Either.match(Endpoint.parse(text.trim()), {
    onLeft: (issue) => addressIssue(issue, text),
    onRight: (address) => Either.right(Endpoint.format({ ...address, scheme: address.scheme.replace("http", "ws") }))
  })
)

/**
 * The issue of a text that may contain a secret (credentials or a query). The message repeats the text only without
 * them.
 */
const addressIssue = (issue: string, text: string) => Setting.wrong(issue, /[@?#]/.test(text) ? undefined : text.trim())

const fromParts = (options: Parts): Endpoints => {
  const port = Setting.valid("port", portOf(options.port ?? defaultPort))
  const host = Setting.valid("host", hostOf(options.host ?? "localhost"))
  const path = Setting.valid("path", pathOf(options.path ?? "/"))
  const scheme = options.ssl ?? tlsPorts.includes(port) ? "wss" : "ws"
  return [`${scheme}://${host}:${port}${path}`]
}

const portOf = Setting.integer(1, 65_535)

const hostOf = text((text) => {
  const bare = text.trim()
  const host = Endpoint.hostOf(/^[^[].*:/.test(bare) || bare.startsWith(":") ? `[${bare}]` : bare)
  return host === undefined
    ? addressIssue("expected a host name or an IP address; use url for a whole address", text)
    : Either.right(host)
})

const pathOf = text((text) => {
  const path = text.startsWith("/") ? text : `/${text}`
  return path.includes("?") || Either.isLeft(Endpoint.parse(`ws://kuzzle${path}`))
    ? addressIssue("expected a plain path such as /kuzzle", text)
    : Either.right(path)
})

const isObject = (value: unknown): boolean => typeof value === "object" && value !== null

/** Checks headers. A name must be a token of RFC 9110. A value must not contain line breaks. */
const headersOf = (given: Headers = {}): Headers => {
  if (!isObject(given)) return invalid("headers", "expected an object of names and values; leave it out for none")
  for (const [name, value] of Object.entries(given)) {
    const text = Redacted.isRedacted(value) ? Redacted.value(value) : value
    if (!/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(name)) {
      return invalid("headers", `${JSON.stringify(name)} is not a header name: use letters, digits and -`)
    }
    if (typeof text !== "string" || /[^\t\x20-\x7e\x80-\xff]/.test(text)) {
      return invalid("headers", `the value of ${name} has characters that a header cannot carry, such as a line break`)
    }
  }
  return given
}

/** Checks an API key. The error never shows the key. A key with white space was copied carelessly. */
const apiKeyOf = (key: unknown): Setting.Checked<Redacted.Redacted> => {
  const text = Redacted.isRedacted(key) ? Redacted.value(key) : key
  return typeof text === "string" && /^\S+$/.test(text)
    ? Either.right(Redacted.make(text))
    : Setting.wrong("expected the token of an API key (kapikey-…), without white space")
}

const volatile = (options: ClientOptions): ClientSettings["volatile"] => {
  const sdkName = options.sdkName ?? `effect@${Version.version}`
  if (!/^[^@\s]+@\S+$/.test(sdkName)) return invalid("sdkName", "expected name@version", sdkName)
  const { volatile: given } = options
  if (given === undefined || given === null) return { sdkName }
  if (!isObject(given)) return invalid("volatile", "expected an object; leave it out for none")
  const reserved = reservedVolatile(given)
  if (reserved !== undefined) return invalid("volatile", reserved)
  const json = Json.stringify(given)
  return typeof json === "string"
    ? { ...JSON.parse(json), sdkName }
    : invalid("volatile", `it cannot be sent: ${json.issue}`)
}

/**
 * Reads an environment variable. An empty one counts as unset, because a compose file passes an unset variable on as
 * empty.
 */
const variable = <A>(
  name: string,
  description: string,
  read: (text: string) => Setting.Checked<A>
): Config.Config<A | undefined> =>
  Config.option(Config.string(name).pipe(Config.withDescription(description))).pipe(
    Config.mapOrFail(Option.match({
      onNone: () => Either.right(undefined),
      onSome: (text) =>
        text.trim() === ""
          ? Either.right(undefined)
          : Either.mapLeft(
            read(text.trim()),
            ({ issue, value }) =>
              ConfigError.InvalidData([], `${name}${value === undefined ? "" : ` is ${value}`}: ${issue}`)
          )
    }))
  )

/** Checks a text as a number. The error shows the text as it was written. */
const numeric = (check: (value: unknown) => Setting.Checked<number>) => (text: string): Setting.Checked<number> =>
  Either.mapLeft(check(Number(text)), ({ issue }) => ({ value: JSON.stringify(text), issue }))

const boolean = (text: string): Setting.Checked<boolean> => {
  if (/^(?:true|yes|on|1)$/i.test(text)) return Either.right(true)
  return /^(?:false|no|off|0)$/i.test(text) ? Either.right(false) : Setting.wrong("expected true or false", text)
}

/** Reads one or more addresses. Each is checked here, so that the message names the variable. */
const addresses = (text: string): Setting.Checked<ReadonlyArray<string>> => Either.all(text.split(",").map(endpoint))

const atLeastOne = numeric(Setting.integer(1))

const clientVariables = Config.all({
  url: variable("KUZZLE_URL", "the whole address; several, separated by commas, to fail over between", addresses),
  host: variable("KUZZLE_HOST", "a host name or address", hostOf),
  port: variable("KUZZLE_PORT", "its port, 7512 by default", numeric(portOf)),
  ssl: variable("KUZZLE_SSL", "whether to use TLS; by default for the ports 443 and 7443", boolean),
  path: variable("KUZZLE_PATH", "the prefix under which a proxy serves Kuzzle", pathOf),
  apiKey: variable("KUZZLE_API_KEY", "the API key that requests carry", apiKeyOf),
  connectTimeout: variable("KUZZLE_CONNECT_TIMEOUT", "how long the handshake may take", Setting.duration),
  requestTimeout: variable("KUZZLE_REQUEST_TIMEOUT", "the deadline of a request", Setting.duration),
  maxRequestSize: variable(
    "KUZZLE_MAX_REQUEST_SIZE",
    "the largest request, in bytes, that the server accepts",
    atLeastOne
  ),
  maxResponseSize: variable(
    "KUZZLE_MAX_RESPONSE_SIZE",
    "the largest answer, in bytes",
    numeric(Setting.integer(1, largestResponseSize))
  )
})

/** These are separate, because bundlers keep an object that is spread into another one. */
const connectionVariables = Config.all({
  waitForConnection: variable(
    "KUZZLE_WAIT_FOR_CONNECTION",
    "whether the layer waits for the first connection",
    boolean
  ),
  stableAfter: variable("KUZZLE_STABLE_AFTER", "how long until a connection counts as stable", Setting.duration),
  autoQueue: variable("KUZZLE_AUTO_QUEUE", "whether to queue requests while there is no connection", boolean),
  queueMaxSize: variable("KUZZLE_QUEUE_MAX_SIZE", "how many requests the offline queue holds", atLeastOne),
  queueMaxBytes: variable("KUZZLE_QUEUE_MAX_BYTES", "how many bytes of requests the offline queue holds", atLeastOne),
  queueTTL: variable("KUZZLE_QUEUE_TTL", "how long the offline queue keeps a request", Setting.duration),
  pingInterval: variable("KUZZLE_PING_INTERVAL", "how often the connection is pinged", Setting.duration),
  pingTimeout: variable("KUZZLE_PING_TIMEOUT", "how long to wait for the answer to a ping", Setting.duration),
  busyPingTimeout: variable(
    "KUZZLE_BUSY_PING_TIMEOUT",
    "how long to wait for it while large messages may delay it",
    Setting.duration
  )
})

/** Refuses a part of an address beside a whole address. */
const oneAddress = <A extends Parts & Pick<PlainClientOptions, "url">>(config: Config.Config<A>): Config.Config<A> =>
  Config.mapOrFail(config, (options) => {
    const beside = parts.find((part) => options[part] !== undefined)
    return options.url === undefined || beside === undefined
      ? Either.right(options)
      : Either.left(ConfigError.InvalidData(
        [],
        `KUZZLE_${beside.toUpperCase()} cannot be combined with KUZZLE_URL: write it in the address, or unset one of them`
      ))
  })

/**
 * Reads the settings from the environment, or from the current `ConfigProvider`: `KUZZLE_URL`, `KUZZLE_HOST`, … A
 * setting whose variable is not set has its default. An error names the variable, shows its value and says what was
 * expected.
 *
 * @since 0.1.0
 * @category config
 */
export const config: Config.Config<PlainOptions> = oneAddress(
  Config.zipWith(clientVariables, connectionVariables, (client, connection) => ({ ...client, ...connection }))
)

/**
 * The same for a client over HTTP. It reads only the variables of `ClientOptions`.
 *
 * @since 0.1.0
 * @category config
 */
export const configHttp: Config.Config<PlainClientOptions> = oneAddress(clientVariables)

/**
 * The error of an attempt to connect, or of an HTTP request, whose settings could not be determined.
 *
 * @internal
 */
export const unsettled = (endpoint: string, cause: InvalidSettingError): ConnectError =>
  new ConnectError({ reason: "Settings", url: Endpoint.withoutSecrets(endpoint), issue: cause.message, cause })

/**
 * The HTTP address of a server with this WebSocket address.
 *
 * @since 0.1.0
 * @category conversions
 */
export const httpUrl = (endpoint: string): string => endpoint.replace(/^ws/, "http")

/**
 * The headers with their secrets revealed, as they are sent.
 *
 * @since 0.1.0
 * @category conversions
 */
export const plain = (headers: Headers): Readonly<Record<string, string>> =>
  Record.map(headers, (value) => (Redacted.isRedacted(value) ? Redacted.value(value) : value))
