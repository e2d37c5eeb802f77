/**
 * Information about the server.
 *
 * @module
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Action from "./internal/client/action.ts"
import type { Kuzzle } from "./internal/client/client.ts"
import * as Shape from "./internal/data/shape.ts"
import { StatisticsUnavailableError } from "./KuzzleActionError.ts"
import type { RequestError } from "./KuzzleError.ts"

/**
 * The result of `info`: versions, plugins and actions, as far as the user may see them.
 *
 * @since 0.1.0
 * @category models
 */
export interface ServerInfo {
  readonly kuzzle: {
    readonly version: string
    readonly nodeVersion: string
    /** Seconds, as text: `12.5s`. */
    readonly uptime: string
    /** Bytes. */
    readonly memoryUsed: number
    readonly api: { readonly routes: Api }
    readonly application: Readonly<Record<string, unknown>>
    readonly plugins: Readonly<Record<string, unknown>>
    readonly system: {
      readonly cpus: ReadonlyArray<unknown>
      readonly memory: { readonly free: number; readonly total: number }
    }
  }
  /** What Redis and Elasticsearch report about themselves. */
  readonly services: Readonly<Record<string, unknown>>
}

/**
 * The actions of the server, by controller and action.
 *
 * @since 0.1.0
 * @category models
 */
export interface Api {
  readonly [controller: string]: {
    readonly [action: string]: {
      readonly controller: string
      readonly action: string
      /** Its routes. Absent if it has none. */
      readonly http?: ReadonlyArray<{ readonly verb: string; readonly path: string; readonly url: string }>
    }
  }
}

/**
 * What the server can do, and its limits.
 *
 * @since 0.1.0
 * @category models
 */
export interface Capabilities {
  readonly version: string
  readonly limits: Limits
  readonly plugins: Readonly<Record<string, { readonly version?: string }>>
  readonly routes: Api
  readonly services: Readonly<Record<string, { readonly backend: string; readonly version: string }>>
}

/**
 * The limits of the server. Some of them bound what a request may contain.
 *
 * @since 0.1.0
 * @category models
 */
export interface Limits {
  readonly concurrentRequests: number
  readonly documentsFetchCount: number
  readonly documentsWriteCount: number
  readonly loginsPerSecond: number
  readonly requestsBufferSize: number
  readonly requestsBufferWarningThreshold: number
  readonly subscriptionConditionsCount: number
  readonly subscriptionMinterms: number
  readonly subscriptionRooms: number
  /** How long the server keeps documents for subscriptions, in milliseconds. */
  readonly subscriptionDocumentTTL: number
  readonly [limit: string]: unknown
}

/**
 * The requests and connections by protocol, in the interval that ended at `timestamp`.
 *
 * @since 0.1.0
 * @category models
 */
export interface StatisticsFrame {
  /** Milliseconds since the epoch. */
  readonly timestamp: number
  readonly completedRequests: Readonly<Record<string, number>>
  readonly failedRequests: Readonly<Record<string, number>>
  readonly ongoingRequests: Readonly<Record<string, number>>
  readonly connections: Readonly<Record<string, number>>
}

/**
 * The state of the services that Kuzzle uses.
 *
 * @since 0.1.0
 * @category models
 */
export type Service = "internalCache" | "memoryStorage" | "storageEngine"

/**
 * The result of `healthCheck`.
 *
 * @since 0.1.0
 * @category models
 */
export interface Health {
  /** `red` if one of the services is `red`, and `green` otherwise. */
  readonly status: "green" | "red"
  /** The services that were requested. */
  readonly services: { readonly [service in Service]?: "green" | "red" }
}

/**
 * The current activity of a node.
 *
 * @since 0.1.0
 * @category models
 */
export interface Metrics {
  readonly api: { readonly concurrentRequests: number; readonly pendingRequests: number }
  readonly network: { readonly connections: Readonly<Record<string, number>> }
  readonly realtime: { readonly rooms: number; readonly subscriptions: number }
}

/**
 * Whether there is an administrator (`server:adminExists`).
 *
 * @since 0.1.0
 * @category actions
 */
export const adminExists = Action.make<Action.CallOptions, boolean>({
  controller: "server",
  action: "adminExists",
  http: ["GET", "/_adminExists"],
  idempotent: true,
  result: Shape.member("exists", Shape.boolean)
})

/**
 * Reads what the server can do: version, limits, actions, plugins, services (`server:capabilities`).
 *
 * @since 0.1.0
 * @category actions
 */
export const capabilities = Action.make<Action.CallOptions, Capabilities>({
  controller: "server",
  action: "capabilities",
  http: ["GET", "/_capabilities"],
  idempotent: true,
  result: Shape.whole(Shape.struct<Capabilities>({
    version: Shape.string,
    limits: Shape.object(),
    plugins: Shape.object(),
    routes: Shape.object(),
    services: Shape.object()
  }))
})

/**
 * Reads the configuration of the server, without its secrets and its routes (`server:getConfig`).
 *
 * @since 0.1.0
 * @category actions
 */
export const getConfig = Action.make<Action.CallOptions, Readonly<Record<string, unknown>>>({
  controller: "server",
  action: "getConfig",
  http: ["GET", "/_getConfig"],
  idempotent: true,
  result: Shape.whole(Shape.object())
})

const statistics = Shape.struct<StatisticsFrame>({
  timestamp: Shape.number,
  completedRequests: Shape.object(),
  failedRequests: Shape.object(),
  ongoingRequests: Shape.object(),
  connections: Shape.object()
})

/**
 * Reads all statistics that the server keeps, by default those of the last hour (`server:getAllStats`). Deprecated by
 * Kuzzle.
 *
 * @since 0.1.0
 * @category actions
 */
export const getAllStats = Action.make<
  Action.CallOptions,
  ReadonlyArray<StatisticsFrame>,
  StatisticsUnavailableError
>({
  controller: "server",
  action: "getAllStats",
  http: ["GET", "/_getAllStats"],
  idempotent: true,
  errors: [StatisticsUnavailableError],
  result: Shape.member("hits", Shape.array(statistics))
})

/**
 * Reads the latest statistics (`server:getLastStats`). Deprecated by Kuzzle.
 *
 * @since 0.1.0
 * @category actions
 */
export const getLastStats = Action.make<Action.CallOptions, StatisticsFrame, StatisticsUnavailableError>({
  controller: "server",
  action: "getLastStats",
  http: ["GET", "/_getLastStats"],
  idempotent: true,
  errors: [StatisticsUnavailableError],
  result: Shape.whole(statistics)
})

/**
 * Reads the statistics of a period (`server:getStats`). Deprecated by Kuzzle.
 *
 * @since 0.1.0
 * @category actions
 */
export const getStats = Action.make<
  Action.CallOptions & {
    /** The start, in milliseconds since the epoch. By default, the start of the oldest statistics. */
    readonly startTime?: number | undefined
    /** The end, in milliseconds since the epoch. By default, now. */
    readonly stopTime?: number | undefined
  },
  ReadonlyArray<StatisticsFrame>,
  StatisticsUnavailableError
>({
  controller: "server",
  action: "getStats",
  http: ["GET", "/_getStats"],
  idempotent: true,
  errors: [StatisticsUnavailableError],
  result: Shape.member("hits", Shape.array(statistics))
})

const health = Shape.struct<Health>({ status: Shape.literal("green", "red"), services: Shape.object() })

const askHealth = Action.make<Action.CallOptions & { readonly services?: string | undefined }, Health>({
  controller: "server",
  action: "healthCheck",
  http: ["GET", "/_healthCheck"],
  idempotent: true,
  result: Shape.whole(health)
})

/**
 * Checks whether the services that Kuzzle uses answer (`server:healthCheck`): all of them, or the given ones. If a
 * service does not answer, the result says so. The call fails only if the check itself was not possible.
 *
 * @since 0.1.0
 * @category actions
 */
export const healthCheck = Action.wrap(
  askHealth,
  (
    { services, ...options }: Action.CallOptions & { readonly services?: ReadonlyArray<Service> | undefined } = {}
  ): Effect.Effect<Health, RequestError, Kuzzle> =>
    askHealth(services === undefined ? options : { ...options, services: services.join(",") }).pipe(
      Effect.catchTag("KuzzleInternalError", (error) =>
        // If a service is `red`, Kuzzle answers with this error and the result.
        error.id === "core.fatal.service_unavailable"
          ? Effect.orElseFail(Shape.outcome(askHealth.declaration, askHealth.declaration.result(error.result)), () =>
            error)
          : Effect.fail(error))
    )
)

/**
 * Reads information about the server: its version, plugins and services (`server:info`).
 *
 * @since 0.1.0
 * @category actions
 */
export const info = Action.make<Action.CallOptions, ServerInfo>({
  controller: "server",
  action: "info",
  http: ["GET", "/"],
  idempotent: true,
  result: Shape.member(
    "serverInfo",
    Shape.struct<ServerInfo>({ kuzzle: Shape.object(), services: Shape.object() })
  )
})

/**
 * Reads the current activity of the node: requests, connections, rooms (`server:metrics`).
 *
 * @since 0.1.0
 * @category actions
 */
export const metrics = Action.make<Action.CallOptions, Metrics>({
  controller: "server",
  action: "metrics",
  http: ["GET", "/_metrics"],
  idempotent: true,
  result: Shape.whole(Shape.struct<Metrics>({ api: Shape.object(), network: Shape.object(), realtime: Shape.object() }))
})

/**
 * Reads the server's clock (`server:now`), in milliseconds since the epoch.
 *
 * @example
 * ```ts
 * import { Effect } from "effect"
 * import { KuzzleServer } from "@effect-kuzzle/core"
 *
 * export const skew = Effect.map(KuzzleServer.now({ timeout: "2 seconds" }), (now) => now - Date.now())
 * ```
 *
 * @since 0.1.0
 * @category actions
 */
export const now = Action.make<Action.CallOptions, number>({
  controller: "server",
  action: "now",
  http: ["GET", "/_now"],
  idempotent: true,
  result: Shape.member("now", Shape.number)
})

/**
 * Reads the OpenAPI document of Kuzzle's own actions, or of those of the application and its plugins
 * (`server:openapi`). The document is always JSON. YAML would have the same content, and on a WebSocket it could not be
 * distinguished from other messages.
 *
 * @since 0.1.0
 * @category actions
 */
export const openapi = Action.make<
  Action.CallOptions & {
    /** `kuzzle` by default. */
    readonly scope?: "kuzzle" | "app" | undefined
  },
  Readonly<Record<string, unknown>>
>({
  controller: "server",
  action: "openapi",
  http: ["GET", "/_openapi"],
  idempotent: true,
  raw: true,
  result: Shape.whole(Shape.object())
})

/**
 * Lists the actions of the server and their routes (`server:publicApi`). Kuzzle has deprecated it: use `openapi`.
 *
 * @since 0.1.0
 * @category actions
 */
export const publicApi = Action.make<Action.CallOptions, Api>({
  controller: "server",
  action: "publicApi",
  http: ["GET", "/_publicApi"],
  idempotent: true,
  result: Shape.whole(Shape.record(Shape.object<Api[string]>()))
})
