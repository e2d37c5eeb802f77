/** `server`. */
import { KuzzleServer } from "@effect-kuzzle/core"
import { Effect, Schema } from "effect"
import { contract } from "./contract.ts"
import { Content } from "./schemas.ts"

const unknownRecord = Schema.Record({ key: Schema.String, value: Schema.Unknown })
const counts = Schema.Record({ key: Schema.String, value: Schema.Number })

const api = Schema.Record({
  key: Schema.String,
  value: Schema.Record({
    key: Schema.String,
    value: Schema.Struct({
      controller: Schema.String,
      action: Schema.String,
      http: Schema.optionalWith(
        Schema.Array(Schema.Struct({ verb: Schema.String, path: Schema.String, url: Schema.String })),
        { exact: true }
      )
    })
  })
})

const limits = Schema.Struct({
  concurrentRequests: Schema.Number,
  documentsFetchCount: Schema.Number,
  documentsWriteCount: Schema.Number,
  loginsPerSecond: Schema.Number,
  requestsBufferSize: Schema.Number,
  requestsBufferWarningThreshold: Schema.Number,
  subscriptionConditionsCount: Schema.Number,
  subscriptionMinterms: Schema.Number,
  subscriptionRooms: Schema.Number,
  subscriptionDocumentTTL: Schema.Number
})

const frame = Schema.Struct({
  timestamp: Schema.Number,
  completedRequests: counts,
  failedRequests: counts,
  ongoingRequests: counts,
  connections: counts
})

const color = Schema.Literal("green", "red")

const wire = (action: string) => ({ controller: "server", action })
const noArgument = "it takes no argument"
const statistics = "statistics are on, unless the server is configured otherwise"

export const contracts = [
  contract(KuzzleServer.adminExists, {
    sends: [{}, wire("adminExists")],
    works: KuzzleServer.adminExists(),
    result: Schema.Boolean,
    neverFails: noArgument
  }),
  contract(KuzzleServer.capabilities, {
    sends: [{}, wire("capabilities")],
    works: KuzzleServer.capabilities(),
    result: Schema.Struct({
      version: Schema.String,
      limits,
      plugins: Schema.Record({
        key: Schema.String,
        value: Schema.Struct({ version: Schema.optionalWith(Schema.String, { exact: true }) })
      }),
      routes: api,
      services: Schema.Record({
        key: Schema.String,
        value: Schema.Struct({ backend: Schema.String, version: Schema.String })
      })
    }),
    neverFails: noArgument
  }),
  contract(KuzzleServer.getConfig, {
    sends: [{}, wire("getConfig")],
    works: KuzzleServer.getConfig(),
    // The members are those of the server's configuration file.
    result: unknownRecord,
    neverFails: noArgument
  }),
  contract(KuzzleServer.getAllStats, {
    sends: [{}, wire("getAllStats")],
    works: KuzzleServer.getAllStats(),
    result: Schema.Array(frame),
    neverFails: statistics
  }),
  contract(KuzzleServer.getLastStats, {
    sends: [{}, wire("getLastStats")],
    works: KuzzleServer.getLastStats(),
    result: frame,
    neverFails: statistics
  }),
  contract(KuzzleServer.getStats, {
    sends: [{ startTime: 1, stopTime: 2 }, { ...wire("getStats"), startTime: 1, stopTime: 2 }],
    works: KuzzleServer.getStats({ startTime: 1 }),
    result: Schema.Array(frame),
    fails: {
      // The type requires a number. The server accepts any text that is a date.
      call: KuzzleServer.getStats({ startTime: "garbage" as never }),
      tag: "KuzzleBadRequestError",
      id: "api.assert.invalid_argument"
    }
  }),
  contract(KuzzleServer.healthCheck, {
    sends: [{ services: "internalCache" }, { ...wire("healthCheck"), services: "internalCache" }],
    works: Effect.flatMap(
      KuzzleServer.healthCheck(),
      (all) =>
        Effect.map(
          KuzzleServer.healthCheck({ services: ["internalCache", "storageEngine"] }),
          (selected) => [all, selected] as const
        )
    ),
    result: Schema.Tuple(
      Schema.Struct({
        status: color,
        services: Schema.Struct({ internalCache: color, memoryStorage: color, storageEngine: color })
      }),
      Schema.Struct({ status: color, services: Schema.Struct({ internalCache: color, storageEngine: color }) })
    ),
    example: {
      call: KuzzleServer.healthCheck({ services: ["internalCache", "memoryStorage", "storageEngine"] }),
      result: Schema.Struct({
        status: color,
        services: Schema.Struct({ internalCache: color, memoryStorage: color, storageEngine: color })
      })
    },
    neverFails: "a service that is down is a result"
  }),
  contract(KuzzleServer.info, {
    sends: [{}, wire("info")],
    works: KuzzleServer.info(),
    result: Schema.Struct({
      kuzzle: Schema.Struct({
        version: Schema.String,
        nodeVersion: Schema.String,
        uptime: Schema.String,
        memoryUsed: Schema.Number,
        api: Schema.Struct({ routes: api }),
        application: unknownRecord,
        plugins: unknownRecord,
        system: Schema.Struct({
          cpus: Schema.Array(Schema.Unknown),
          memory: Schema.Struct({ free: Schema.Number, total: Schema.Number })
        })
      }),
      services: unknownRecord
    }),
    neverFails: noArgument
  }),
  contract(KuzzleServer.metrics, {
    sends: [{}, wire("metrics")],
    works: KuzzleServer.metrics(),
    result: Schema.Struct({
      api: Schema.Struct({ concurrentRequests: Schema.Number, pendingRequests: Schema.Number }),
      network: Schema.Struct({ connections: counts }),
      realtime: Schema.Struct({ rooms: Schema.Number, subscriptions: Schema.Number })
    }),
    neverFails: noArgument
  }),
  contract(KuzzleServer.now, {
    sends: [{}, wire("now")],
    works: KuzzleServer.now(),
    result: Schema.Number,
    neverFails: noArgument
  }),
  contract(KuzzleServer.openapi, {
    sends: [{ scope: "app" }, { ...wire("openapi"), scope: "app" }],
    works: Effect.zip(KuzzleServer.openapi(), KuzzleServer.openapi({ scope: "app" })),
    type: Content,
    result: Schema.mutable(Schema.Tuple(
      Schema.Struct({ swagger: Schema.String }, unknownRecord),
      Schema.Struct({ openapi: Schema.String }, unknownRecord)
    )),
    fails: {
      // The type does not permit this scope.
      call: KuzzleServer.openapi({ scope: "nothing" as never }),
      tag: "KuzzleBadRequestError",
      id: "api.assert.unexpected_argument"
    }
  }),
  contract(KuzzleServer.publicApi, {
    sends: [{}, wire("publicApi")],
    works: KuzzleServer.publicApi(),
    result: api,
    neverFails: noArgument
  })
]
