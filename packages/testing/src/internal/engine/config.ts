/**
 * The result of `server:getConfig`: the default configuration of a real server, with the settings of the engine. The
 * addresses are Kuzzle's defaults. The engine does not listen there.
 */
import * as ApiKeys from "./apiKeys.ts"
import type { JsonObject } from "./json.ts"
import { metadata } from "./mapping.ts"
import * as Profiles from "./profiles.ts"
import * as Roles from "./roles.ts"
import type { Settings } from "./state.ts"
import * as Users from "./users.ts"

export const version = "2.56.0"

/** The versions of Redis and Elasticsearch whose answers the engine imitates. */
export const redisVersion = "7.0.15"
export const elasticsearchVersion = "7.10.2"

export const authenticationPlugin = "kuzzle-plugin-auth-passport-local"

export const limitsOf = (settings: Settings) => ({
  concurrentRequests: 100,
  documentsFetchCount: settings.maxDocumentsFetched,
  documentsWriteCount: settings.maxDocumentsWritten,
  loginsPerSecond: settings.loginsPerSecond,
  requestsBufferSize: 50_000,
  requestsBufferWarningThreshold: 5000,
  subscriptionConditionsCount: 100,
  subscriptionMinterms: 0,
  subscriptionRooms: 1_000_000,
  subscriptionDocumentTTL: 259_200_000
})

/** A collection that the server itself uses. */
const internal = ({ properties, ...mapping }: JsonObject & { readonly properties: JsonObject }) => ({
  settings: {},
  mappings: { ...mapping, properties: { ...properties, ...metadata } }
})

export const configOf = (settings: Settings): JsonObject => ({
  realtime: { pcreSupport: false },
  dump: {
    enabled: false,
    history: { coredump: 3, reports: 5 },
    path: "./dump/",
    gcore: "gcore",
    dateFormat: "YYYYMMDD-HHmmss",
    handledErrors: {
      enabled: true,
      whitelist: ["RangeError", "TypeError", "KuzzleError", "InternalError"],
      minInterval: 600_000
    }
  },
  http: {
    accessControlAllowOrigin: ["*"],
    accessControlAllowOriginUseRegExp: false,
    accessControlAllowMethods: "GET,POST,PUT,PATCH,DELETE,OPTIONS,HEAD",
    accessControlAllowHeaders:
      "Content-Type, Access-Control-Allow-Headers, Authorization, X-Requested-With, Content-Encoding, Content-Length, X-Kuzzle-Volatile",
    cookieAuthentication: settings.cookieAuthentication
  },
  limits: limitsOf(settings),
  application: {},
  plugins: {
    common: {
      failsafeMode: false,
      bootstrapLockTimeout: 30_000,
      pipeWarnTime: 500,
      initTimeout: 10_000,
      maxConcurrentPipes: 50,
      pipesBufferSize: 50_000,
      include: ["kuzzle-plugin-auth-passport-local"]
    },
    "kuzzle-plugin-auth-passport-local": {
      algorithm: "sha512",
      stretching: true,
      digest: "hex",
      encryption: "hmac",
      requirePassword: false,
      resetPasswordExpiresIn: -1,
      passwordPolicies: []
    }
  },
  repositories: { common: { cacheTTL: 1_440_000 } },
  server: {
    appLogs: { level: "info", transport: { targets: [{ preset: "stdout" }] } },
    logs: {
      transports: [{ preset: "console", level: "info", stderrLevels: [], silent: true }],
      accessLogFormat: "combined",
      accessLogIpOffset: 0
    },
    maxRequestSize: settings.maxRequestSize === 1_048_576 ? "1MB" : settings.maxRequestSize,
    port: 7512,
    protocols: {
      http: {
        additionalContentTypes: [],
        allowCompression: true,
        enabled: true,
        maxEncodingLayers: 3,
        maxFormFileSize: 1_048_576
      },
      mqtt: {
        enabled: false,
        allowPubSub: false,
        developmentMode: false,
        disconnectDelay: 250,
        requestTopic: "Kuzzle/request",
        responseTopic: "Kuzzle/response",
        server: { port: 1883 },
        realtimeNotifications: true
      },
      websocket: {
        enabled: true,
        idleTimeout: settings.idleTimeout,
        compression: false,
        rateLimit: settings.rateLimit,
        realtimeNotifications: true,
        resetIdleTimeoutOnSend: false,
        sendPingsAutomatically: false
      }
    },
    strictSdkVersion: true
  },
  services: {
    common: { defaultInitTimeout: 120_000, retryInterval: 1000 },
    internalCache: {
      backend: "redis",
      clusterOptions: { enableReadyCheck: true },
      database: 0,
      node: { host: "localhost", port: 6379 },
      options: {},
      overrideDnsLookup: false
    },
    memoryStorage: {
      backend: "redis",
      clusterOptions: { enableReadyCheck: true },
      database: 5,
      node: { host: "localhost", port: 6379 },
      options: { db: 5 },
      overrideDnsLookup: false
    },
    internalIndex: { bootstrapLockTimeout: 60_000 },
    storageEngine: {
      majorVersion: "7",
      aliases: ["storageEngine"],
      backend: "elasticsearch",
      client: { node: "http://localhost:9200" },
      commonMapping: { dynamic: false, properties: metadata },
      defaultSettings: { number_of_replicas: 1, number_of_shards: 1 },
      internalIndex: {
        name: "kuzzle",
        collections: {
          users: internal({ dynamic: "false", ...Users.mapping }),
          profiles: internal({ dynamic: "false", ...Profiles.mapping }),
          roles: internal({ dynamic: "false", ...Roles.mapping }),
          validations: internal({
            properties: {
              index: { type: "keyword" },
              collection: { type: "keyword" },
              validations: { dynamic: "false", properties: {} }
            }
          }),
          config: internal({ dynamic: "false", properties: {} }),
          "api-keys": internal({ dynamic: "false", ...ApiKeys.mapping }),
          installations: internal({
            dynamic: "strict",
            properties: { description: { type: "text" }, handler: { type: "text" }, installedAt: { type: "date" } }
          }),
          imports: internal({ dynamic: "strict", properties: { hash: { type: "keyword" } } })
        }
      },
      maxScrollDuration: "1m",
      defaults: { onUpdateConflictRetries: 0, scrollTTL: "15s" },
      generateMissingAliases: true
    }
  },
  stats: { enabled: true, ttl: 3600, statsInterval: 10 },
  cluster: {
    enabled: true,
    activityDepth: 50,
    heartbeat: 2000,
    interface: null,
    ipv6: false,
    ip: "private",
    joinTimeout: 60_000,
    minimumNodes: 1,
    ports: { command: 7510, sync: 7511 },
    syncTimeout: 5000
  },
  validation: {},
  controllers: { definition: { allowAdditionalActionProperties: false } },
  internal: {
    hash: {
      seed: { type: "Buffer", data: [...new TextEncoder().encode(settings.seed)] }
    },
    allowAllOrigins: true,
    notifiableProtocols: ["websocket"]
  },
  version
})
