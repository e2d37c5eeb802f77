/**
 * The settings of a client: each with a default, a description and a place in the environment. Names are those of the
 * official SDK where the thing is the same.
 *
 * | Setting | Environment | Default |
 * | --- | --- | --- |
 * | `url` | `KUZZLE_URL` | – |
 * | `host` | `KUZZLE_HOST` | `localhost` |
 * | `port` | `KUZZLE_PORT` | 7512 |
 * | `ssl` | `KUZZLE_SSL` | on for the ports 443 and 7443 |
 * | `path` | `KUZZLE_PATH` | `/` |
 * | `headers` | – | none |
 * | `connectTimeout` | `KUZZLE_CONNECT_TIMEOUT` | 10 seconds |
 * | `requestTimeout` | `KUZZLE_REQUEST_TIMEOUT` | 15 seconds |
 * | `pingInterval` | `KUZZLE_PING_INTERVAL` | 10 seconds |
 * | `pingTimeout` | `KUZZLE_PING_TIMEOUT` | 5 seconds |
 * | `stableAfter` | `KUZZLE_STABLE_AFTER` | 30 seconds |
 * | `maxRequestSize` | `KUZZLE_MAX_REQUEST_SIZE` | 1,048,576 bytes |
 * | `volatile` | – | none |
 * | `routes` | – | `query` |
 * | `sdkName` | – | `effect@<version>` |
 * | `reconnect` | – | `KuzzleSchedule.reconnect()` |
 * | `tokenRefresh` | – | `KuzzleSchedule.tokenRefresh()` |
 * | `autoQueue` | `KUZZLE_AUTO_QUEUE` | off |
 * | `queueMaxSize` | `KUZZLE_QUEUE_MAX_SIZE` | 500 requests |
 * | `queueTTL` | `KUZZLE_QUEUE_TTL` | 2 minutes |
 * | `queueFilter` | – | every request |
 *
 * @since 0.1.0
 */
import * as Config from "effect/Config"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Record from "effect/Record"
import * as Redacted from "effect/Redacted"
import type * as Schedule from "effect/Schedule"
import * as Json from "./internal/json.ts"
import * as Version from "./internal/version.ts"
import { type ConnectError, type ConnectionEnded, InvalidSettingError } from "./KuzzleError.ts"
import * as KuzzleSchedule from "./KuzzleSchedule.ts"

/**
 * What can be set. Everything has a default.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /**
   * The whole address, `ws://`, `wss://`, `http://` or `https://`; or several, to fail over between. Stands in for
   * `host`, `port`, `ssl` and `path`. A port that is not given is the scheme's own (80, 443), as in any URL.
   */
  readonly url?: string | ReadonlyArray<string> | undefined
  /** A host name or an address; IPv6 with or without brackets. */
  readonly host?: string | undefined
  readonly port?: number | undefined
  readonly ssl?: boolean | undefined
  /** Where a proxy serves Kuzzle under a prefix. */
  readonly path?: string | undefined
  /** Sent with the WebSocket handshake and with HTTP requests. Browsers cannot set any on a WebSocket. */
  readonly headers?: Readonly<Record<string, string | Redacted.Redacted>> | undefined
  /** How long the WebSocket handshake may take. */
  readonly connectTimeout?: Duration.DurationInput | undefined
  /** The deadline of a request, from its submission to its answer. */
  readonly requestTimeout?: Duration.DurationInput | undefined
  /** How often the link is pinged. */
  readonly pingInterval?: Duration.DurationInput | undefined
  /** How long a ping may go without an answer before the connection is given up. */
  readonly pingTimeout?: Duration.DurationInput | undefined
  /** How long a connection must last for the next reconnection to start from the first delay again. */
  readonly stableAfter?: Duration.DurationInput | undefined
  /** Bytes; the server's `server.maxRequestSize`. A larger message would kill the connection. */
  readonly maxRequestSize?: number | undefined
  /**
   * How requests go over HTTP: all to `POST /_query` (`query`), or each to the route of its action (`rest`), for gateways
   * that tell requests by their address. Some have no route, and some values cannot be written into an address: these fail
   * with an `EncodeError`.
   */
  readonly routes?: "query" | "rest" | undefined
  /**
   * Sent with every request; comes back in answers and in the notifications that a request causes. `sdkName`,
   * `sdkInstanceId` and `sdkVersion` are not for it.
   */
  readonly volatile?: Readonly<Record<string, unknown>> | undefined
  /** `name@version`, as the server sees it. */
  readonly sdkName?: string | undefined
  /** When to try again after a connection was lost, and for how long: when it ends, the client gives up for good. */
  readonly reconnect?: Schedule.Schedule<unknown, ConnectError | ConnectionEnded> | undefined
  /** When to renew the token, before its end. */
  readonly tokenRefresh?: Schedule.Schedule<unknown, KuzzleSchedule.Expiring> | undefined
  /** Keeps requests that are made while there is no connection, and sends them in order when there is one. */
  readonly autoQueue?: boolean | undefined
  /** How many are kept; one more is refused. */
  readonly queueMaxSize?: number | undefined
  /** How long one is kept; its own deadline counts as well. */
  readonly queueTTL?: Duration.DurationInput | undefined
  /** Which requests are kept; the others are refused at once, as all are without a queue. */
  readonly queueFilter?: ((request: Queuable) => boolean) | undefined
}

/**
 * The options made whole: every default filled in, every value checked.
 *
 * @since 0.1.0
 * @category models
 */
export interface Settings {
  /** WebSocket addresses, at least one, in the order to try them. */
  readonly endpoints: readonly [string, ...Array<string>]
  readonly headers: Readonly<Record<string, string | Redacted.Redacted>>
  readonly connectTimeout: Duration.Duration
  readonly requestTimeout: Duration.Duration
  readonly pingInterval: Duration.Duration
  readonly pingTimeout: Duration.Duration
  readonly stableAfter: Duration.Duration
  readonly maxRequestSize: number
  readonly routes: "query" | "rest"
  readonly volatile: Readonly<Record<string, unknown>>
  readonly reconnect: Schedule.Schedule<unknown, ConnectError | ConnectionEnded>
  readonly tokenRefresh: Schedule.Schedule<unknown, KuzzleSchedule.Expiring>
  /** `undefined`: requests are not kept. */
  readonly queue: {
    readonly maxSize: number
    readonly ttl: Duration.Duration
    readonly filter: (request: Queuable) => boolean
  } | undefined
}

/**
 * A request, as far as a filter may look at it.
 *
 * @since 0.1.0
 * @category models
 */
export interface Queuable {
  readonly controller: string
  readonly action: string
  readonly [argument: string]: unknown
}

/** Kuzzle's own port. */
const defaultPort = 7512

/** The ports on which TLS is the custom, as in the official SDK. */
const tlsPorts: ReadonlyArray<number> = [443, 7443]

/** `server.maxRequestSize` is `1MB` by default, which Kuzzle reads as 1024². */
const defaultMaxRequestSize = 1024 ** 2

/**
 * Fills in the defaults and checks everything. The error names the setting and says what would be right.
 *
 * @example
 * ```ts
 * import { Effect } from "effect"
 * import { KuzzleConfig } from "@effect-kuzzle/core"
 *
 * const settings = Effect.runSync(KuzzleConfig.make({ host: "::1", port: 7443 }))
 * console.log(settings.endpoints) // [ 'wss://[::1]:7443/' ]
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (options: Options = {}): Effect.Effect<Settings, InvalidSettingError> =>
  Effect.gen(function*() {
    return {
      endpoints: yield* endpoints(options),
      headers: yield* headers(options.headers ?? {}),
      connectTimeout: yield* positive("connectTimeout", options.connectTimeout ?? "10 seconds"),
      requestTimeout: yield* positive("requestTimeout", options.requestTimeout ?? "15 seconds"),
      pingInterval: yield* positive("pingInterval", options.pingInterval ?? "10 seconds"),
      pingTimeout: yield* positive("pingTimeout", options.pingTimeout ?? "5 seconds"),
      stableAfter: yield* positive("stableAfter", options.stableAfter ?? KuzzleSchedule.stableAfter),
      maxRequestSize: yield* integer("maxRequestSize", options.maxRequestSize ?? defaultMaxRequestSize, 1),
      routes: options.routes ?? "query",
      volatile: yield* volatile(options),
      reconnect: options.reconnect ?? KuzzleSchedule.reconnect(),
      tokenRefresh: options.tokenRefresh ?? KuzzleSchedule.tokenRefresh(),
      queue: options.autoQueue === true
        ? {
          maxSize: yield* integer("queueMaxSize", options.queueMaxSize ?? 500, 1),
          ttl: yield* positive("queueTTL", options.queueTTL ?? "2 minutes"),
          filter: options.queueFilter ?? (() => true)
        }
        : undefined
    }
  })

const invalid = (setting: string, issue: string): Effect.Effect<never, InvalidSettingError> =>
  Effect.fail(new InvalidSettingError({ setting, issue }))

const endpoints = (options: Options): Effect.Effect<readonly [string, ...Array<string>], InvalidSettingError> => {
  if (options.url === undefined) return Effect.map(fromParts(options), (url) => [url])
  const urls = typeof options.url === "string" ? [options.url] : options.url
  const [first, ...rest] = urls
  if (first === undefined) return invalid("url", "the list is empty: give at least one address")
  for (const part of ["host", "port", "ssl", "path"] as const) {
    if (options[part] !== undefined) return invalid(part, `it is given beside url: say it in the address instead`)
  }
  // One address can be spelled in several ways: the same one twice would be the end of every round.
  return Effect.zipWith(endpoint(first), Effect.forEach(rest, endpoint), (head, tail) => [
    head,
    ...Array.from(new Set(tail)).filter((other) => other !== head)
  ])
}

const endpoint = (address: string): Effect.Effect<string, InvalidSettingError> => {
  const url = parse(address.trim())
  if (url === undefined) return invalid("url", "not an address: write it as ws://host:7512 or wss://host")
  const scheme = schemes[url.protocol]
  if (scheme === undefined) {
    return invalid("url", `the scheme is ${url.protocol}, it must be ws:, wss:, http: or https:`)
  }
  if (url.hash !== "") return invalid("url", "a WebSocket address has no fragment: leave out what follows the #")
  if (url.username !== "" || url.password !== "") {
    return invalid("url", "credentials do not belong in the address: set headers.authorization instead")
  }
  return Effect.succeed(`${scheme}//${url.host}${url.pathname}${url.search}`)
}

const schemes: Readonly<Record<string, "ws:" | "wss:">> = {
  "ws:": "ws:",
  "http:": "ws:",
  "wss:": "wss:",
  "https:": "wss:"
}

const fromParts = (options: Options): Effect.Effect<string, InvalidSettingError> =>
  Effect.gen(function*() {
    const port = yield* integer("port", options.port ?? defaultPort, 1, 65_535)
    const bare = (options.host ?? "localhost").trim().replace(/^\[(.*)\]$/, "$1")
    const host = bare.includes(":") ? `[${bare}]` : bare
    const url = host === "" || /[/?#@\s]/.test(host) ? undefined : parse(`ws://${host}:${port}`)
    if (url === undefined) return yield* invalid("host", "not a host name or address; a whole address goes to url")
    const ssl = options.ssl ?? tlsPorts.includes(port)
    const path = options.path ?? "/"
    if (/[?#\s]/.test(path)) return yield* invalid("path", "it must be a plain path such as /kuzzle")
    return `${ssl ? "wss" : "ws"}://${url.hostname}:${port}${path.startsWith("/") ? path : `/${path}`}`
  })

const parse = (address: string): URL | undefined => {
  try {
    return new URL(address)
  } catch {
    return undefined // the caller says which setting it was
  }
}

/** A header name is a token of RFC 9110; a value holds no line break. */
const headers = (given: NonNullable<Options["headers"]>): Effect.Effect<Settings["headers"], InvalidSettingError> => {
  for (const [name, value] of Object.entries(given)) {
    const text = Redacted.isRedacted(value) ? Redacted.value(value) : value
    if (!/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(name)) {
      return invalid("headers", `${JSON.stringify(name)} is no header name`)
    }
    if (/[^\t\x20-\x7e\x80-\xff]/.test(text)) {
      return invalid("headers", `the value of ${name} has characters a header cannot carry`)
    }
  }
  return Effect.succeed(given)
}

/** @internal */
export const positive = (
  setting: string,
  input: Duration.DurationInput
): Effect.Effect<Duration.Duration, InvalidSettingError> =>
  Option.match(Duration.decodeUnknown(input), {
    onNone: () => invalid(setting, `not a duration: write it as "10 seconds" or in milliseconds`),
    onSome: (duration) =>
      Duration.toMillis(duration) > 0 ? Effect.succeed(duration) : invalid(setting, "it must be longer than nothing")
  })

const integer = (
  setting: string,
  value: number,
  minimum: number,
  maximum = Number.MAX_SAFE_INTEGER
): Effect.Effect<number, InvalidSettingError> =>
  Number.isInteger(value) && value >= minimum && value <= maximum
    ? Effect.succeed(value)
    : invalid(setting, `it must be a whole number from ${minimum} to ${maximum}`)

/**
 * The members of the volatile data that are the client's own. By `sdkName` the server refuses what it knows to be too old,
 * by `sdkVersion` everything (spec 1.2); `sdkInstanceId` tells whose doing a notification is (spec 3.6).
 *
 * @internal
 */
export const reservedVolatile = (volatile: Readonly<Record<string, unknown>>): string | undefined => {
  if ("sdkVersion" in volatile) return "sdkVersion is refused by Kuzzle 2: name it otherwise"
  if ("sdkName" in volatile) return "sdkName is a setting of its own"
  return "sdkInstanceId" in volatile ? "sdkInstanceId is set by the client" : undefined
}

const volatile = (options: Options): Effect.Effect<Settings["volatile"], InvalidSettingError> => {
  const sdkName = options.sdkName ?? `effect@${Version.version}`
  if (!/^[^@\s]+@\S+$/.test(sdkName)) return invalid("sdkName", `write it as name@version`)
  const reserved = reservedVolatile(options.volatile ?? {})
  if (reserved !== undefined) return invalid("volatile", reserved)
  const json = Json.stringify(options.volatile ?? {})
  return typeof json === "string"
    ? Effect.succeed({ ...JSON.parse(json), sdkName })
    : invalid("volatile", `it cannot be sent: ${json.issue}`)
}

const described = <A>(name: string, description: string, config: Config.Config<A>): Config.Config<A | undefined> =>
  Config.map(Config.option(Config.withDescription(config, `${name}: ${description}`)), Option.getOrUndefined)

/**
 * The settings from the environment (or whatever `ConfigProvider` is there): `KUZZLE_URL`, `KUZZLE_HOST`, … What is not
 * set keeps its default.
 *
 * @since 0.1.0
 * @category config
 */
export const config: Config.Config<Options> = Config.nested(
  Config.all({
    url: Config.map(
      described("url", "the whole address; several, separated by commas, to fail over between", Config.string("URL")),
      // An empty variable is what a compose file makes of an unset one.
      (
        list
      ) => (list === undefined || list.trim() === "" ? undefined : list.split(",").map((address) => address.trim()))
    ),
    host: described("host", "a host name or address", Config.string("HOST")),
    port: described("port", "its port, 7512 by default", Config.integer("PORT")),
    ssl: described("ssl", "whether to use TLS; by default for the ports 443 and 7443", Config.boolean("SSL")),
    path: described("path", "the prefix under which a proxy serves Kuzzle", Config.string("PATH")),
    connectTimeout: described("connectTimeout", "how long the handshake may take", Config.duration("CONNECT_TIMEOUT")),
    requestTimeout: described("requestTimeout", "the deadline of a request", Config.duration("REQUEST_TIMEOUT")),
    pingInterval: described("pingInterval", "how often the link is pinged", Config.duration("PING_INTERVAL")),
    pingTimeout: described("pingTimeout", "how long a ping may go unanswered", Config.duration("PING_TIMEOUT")),
    stableAfter: described(
      "stableAfter",
      "how long until a connection counts as stable",
      Config.duration("STABLE_AFTER")
    ),
    autoQueue: described(
      "autoQueue",
      "whether requests are kept while there is no connection",
      Config.boolean("AUTO_QUEUE")
    ),
    queueMaxSize: described("queueMaxSize", "how many of them", Config.integer("QUEUE_MAX_SIZE")),
    queueTTL: described("queueTTL", "for how long", Config.duration("QUEUE_TTL")),
    maxRequestSize: described("maxRequestSize", "bytes the server accepts", Config.integer("MAX_REQUEST_SIZE"))
  }),
  "KUZZLE"
)

/**
 * The address for HTTP requests that goes with a WebSocket address.
 *
 * @since 0.1.0
 * @category conversions
 */
export const httpUrl = (endpoint: string): string => endpoint.replace(/^ws/, "http")

/**
 * The headers as they go out, secrets unwrapped.
 *
 * @since 0.1.0
 * @category conversions
 */
export const plain = (headers: Settings["headers"]): Readonly<Record<string, string>> =>
  Record.map(headers, (value) => (Redacted.isRedacted(value) ? Redacted.value(value) : value))
