import * as Catalogue from "../catalogue.ts"
import { authenticationPlugin, configOf, elasticsearchVersion, limitsOf, redisVersion, version } from "../config.ts"
import { strategyNames } from "../credentials.ts"
import { error } from "../errors.ts"
import { nodeVersion } from "../host.ts"
import type { JsonObject } from "../json.ts"
import { Raw } from "../raw.ts"
import * as Request from "../request.ts"
import { routeTable } from "../routes.ts"
import type { Call, Controller } from "../state.ts"

/** The number of connections by protocol. A request over HTTP counts as one connection. */
const connectionsOf = ({ request, state }: Call, http: string): JsonObject => {
  const websocket = state.connections()
  return { ...(websocket === 0 ? {} : { websocket }), ...(request.protocol === "http" ? { [http]: 1 } : {}) }
}

/** Milliseconds, or a value that `Date` can read; `undefined` for a falsy value. */
const instantOf = (value: unknown, name: string): number | undefined => {
  if (!value) return undefined
  const time = Number.isNaN(Number(value)) ? new Date(String(value)).getTime() : Number(value)
  if (Number.isNaN(time)) throw error("api.assert.invalid_argument", name, "number")
  return time
}

const statisticsOf = (call: Call, start: unknown, stop: unknown): JsonObject =>
  call.state.statistics.between(
    instantOf(start, "startTime"),
    instantOf(stop, "stopTime"),
    call.now,
    { internal: 1, ...connectionsOf(call, "HTTP/1.1") }
  )

const services = ["internalCache", "memoryStorage", "storageEngine"]

/** The routes as an OpenAPI document, without the real server's description of arguments and answers. */
const openapi = (): JsonObject => {
  const paths: Record<string, Record<string, JsonObject>> = {}
  for (const [controller, actions] of Object.entries(routeTable)) {
    // The routes of the memory storage are shown under its first name.
    if (Catalogue.isPlugin(controller) || controller === "memoryStorage") continue
    for (const [action, { http = [] }] of Object.entries(actions)) {
      for (const { path, verb } of http) {
        const operations = paths[path.replace(/:(\w+)/g, "{$1}")] ??= {}
        operations[verb.toLowerCase()] = {
          description: `Controller: ${controller}.`,
          summary: `Action: ${action}.`,
          tags: [controller],
          responses: { 200: { description: "OK" } }
        }
      }
    }
  }
  return { swagger: "2.0", info: { title: "Kuzzle API", version }, paths }
}

/** The plugin of the strategies. Its own controller is not implemented. */
const plugins: JsonObject = {
  [authenticationPlugin]: {
    version: "",
    controllers: [`${authenticationPlugin}/password`],
    hooks: [],
    pipes: [],
    routes: [
      {
        action: "getResetPasswordToken",
        controller: "password",
        url: "/password/resetToken/:_id",
        verb: "get",
        path: "/password/resetToken/:_id"
      },
      { action: "reset", controller: "password", url: "/password/reset", verb: "post", path: "/password/reset" }
    ],
    strategies: strategyNames,
    imports: {}
  }
}

/** The services of `server:info`. In the engine all of them are in memory. */
const cache: JsonObject = {
  memoryPeak: "0B",
  memoryUsed: "0B",
  mode: "standalone",
  type: "redis",
  version: redisVersion
}
const storage: JsonObject = {
  type: "elasticsearch",
  version: elasticsearchVersion,
  lucene: "8.7.0",
  status: "green",
  spaceUsed: "0b",
  nodes: {}
}

export const server: Controller = {
  now: ({ now }) => ({ now }),
  info: ({ now, state }) => ({
    serverInfo: {
      kuzzle: {
        api: { routes: routeTable },
        application: { name: "embedded", version: "1.0.0", commit: null, controllers: {}, pipes: [], hooks: [] },
        // The engine has no process and no machine of its own to report.
        memoryUsed: 0,
        nodeVersion: nodeVersion(),
        plugins,
        system: { cpus: [], memory: { free: 0, total: 0 } },
        uptime: `${(now - state.startedAt) / 1000}s`,
        version
      },
      services: { internalCache: cache, internalStorage: storage, memoryStorage: cache, publicStorage: storage }
    }
  }),
  publicApi: () => routeTable,
  adminExists: ({ now, state }) => ({ exists: state.users.adminExists(now) }),
  capabilities: ({ state }) => ({
    limits: limitsOf(state.settings),
    plugins: { [authenticationPlugin]: { version: "6.4.1" } },
    routes: routeTable,
    services: {
      internalCache: { backend: "redis", version: redisVersion },
      memoryStorage: { backend: "redis", version: redisVersion },
      storageEngine: { backend: "elasticsearch", version: elasticsearchVersion }
    },
    version
  }),
  getConfig: ({ state }) => configOf(state.settings),
  getLastStats: ({ now, state }) => state.statistics.last(now),
  getAllStats: (call) => statisticsOf(call, undefined, undefined),
  getStats: (call) => statisticsOf(call, call.request.args.startTime, call.request.args.stopTime),
  healthCheck: ({ request }) => {
    // A value that is not a text is ignored: all services are checked.
    const requested = typeof request.args.services === "string" ? Request.getList(request, "services") : services
    return {
      services: Object.fromEntries(services.filter((name) => requested.includes(name)).map((name) => [name, "green"])),
      status: "green"
    }
  },
  metrics: (call) => ({
    api: { concurrentRequests: 1, pendingRequests: 0 },
    network: { connections: connectionsOf(call, "http/1.1") },
    realtime: call.state.realtime.metrics()
  }),
  openapi: ({ request }) => {
    if (Request.getString(request, "format", "json") !== "json") {
      throw error("testing.engine.not_implemented", "server:openapi in another format than JSON")
    }
    const scope = Request.getString(request, "scope", "kuzzle")
    if (scope !== "kuzzle" && scope !== "app") {
      throw error("api.assert.unexpected_argument", scope, ["kuzzle", "app"])
    }
    // The engine has no application, so `app` has no routes.
    return new Raw(
      scope === "kuzzle" ? openapi() : { openapi: "3.1.0", info: { title: "embedded", version }, paths: {} }
    )
  }
}
