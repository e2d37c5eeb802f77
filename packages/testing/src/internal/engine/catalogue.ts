/**
 * Every action of the real server, and its REST routes. By this list, the engine distinguishes unknown actions from
 * those that it does not implement.
 */

/** The actions by controller, in the order of the answer of `server:publicApi`. */
const names: { readonly [controller: string]: string } = {
  auth: "checkRights checkToken createApiKey createMyCredentials createToken credentialsExist deleteApiKey " +
    "deleteMyCredentials getCurrentUser getMyCredentials getMyRights getStrategies login logout refreshToken " +
    "searchApiKeys updateMyCredentials updateSelf validateMyCredentials",
  bulk: "import write mWrite deleteByQuery updateByQuery",
  cluster: "status",
  collection: "create delete deleteSpecifications exists getMapping getSettings getSpecifications list refresh " +
    "scrollSpecifications searchSpecifications truncate update updateMapping updateSpecifications " +
    "validateSpecifications",
  debug: "nodeVersion enable disable post addListener removeListener",
  document:
    "count create createOrReplace delete deleteByQuery deleteFields exists export get mCreate mCreateOrReplace " +
    "mDelete mExists mGet mReplace mUpdate mUpsert replace scroll search update updateByQuery upsert validate",
  index: "create delete exists list mDelete stats",
  realtime: "count join list publish subscribe unsubscribe validate",
  security:
    "checkRights createApiKey createCredentials createFirstAdmin restrictDefaultRights createOrReplaceProfile " +
    "createOrReplaceRole createProfile createRestrictedUser createRole createUser deleteApiKey deleteCredentials " +
    "deleteProfile deleteRole deleteUser getAllCredentialFields getCredentialFields getCredentials " +
    "getCredentialsById getProfile getProfileMapping getProfileRights getRole getRoleMapping getUser " +
    "getUserMapping getUserRights getUserStrategies hasCredentials mDeleteProfiles mDeleteRoles mDeleteUsers " +
    "mGetProfiles mGetRoles mGetUsers refresh replaceUser revokeTokens scrollProfiles scrollUsers searchApiKeys " +
    "searchProfiles searchRoles searchUsers searchUsersByCredentials updateCredentials updateProfile " +
    "updateProfileMapping updateRole updateRoleMapping updateUser updateUserMapping upsertUser " +
    "validateCredentials",
  server:
    "adminExists capabilities getAllStats getConfig getLastStats getStats healthCheck info metrics now publicApi " +
    "openapi",
  admin: "dump loadFixtures loadMappings loadSecurities refreshIndexCache resetCache resetDatabase resetSecurity " +
    "shutdown",
  ms: "append bitcount bitop bitpos dbsize decrby del expire expireat flushdb geoadd geodist geohash georadius " +
    "georadiusbymember getbit getrange hdel hmget hexists hincrby hmset hset hstrlen keys lindex linsert lpush " +
    "lrange lrem lset ltrim mget mexecute mset object pexpire pexpireat pfadd pfmerge ping psetex randomkey " +
    "rename renamenx rpoplpush sadd scan sdiff sdiffstore set setex setnx sinterstore sismember smove sort spop " +
    "srandmember srem sscan sunion sunionstore time touch zadd zcount zincrby zinterstore zlexcount zrange " +
    "zrangebylex zrangebyscore zrem zremrangebylex zremrangebyrank zremrangebyscore zrevrangebylex " +
    "zrevrangebyscore zrevrank zunionstore zcard type ttl strlen smembers scard rpop pttl persist lpop llen incr " +
    "hvals hlen hkeys hgetall get decr rpushx lpushx getset sinter pfcount incrbyfloat incrby geopos hget hsetnx " +
    "msetnx rpush hincrbyfloat zrevrange zrank zscore zscan hscan exists",
  "kuzzle-plugin-auth-passport-local/password": "getResetPasswordToken reset"
}

/** The controllers in their order. The memory storage has two names. */
export const controllers: ReadonlyArray<readonly [controller: string, actions: ReadonlyArray<string>]> = Object
  .entries(names)
  .flatMap(([controller, list]) => {
    const actions = list.split(" ")
    return controller === "ms"
      ? [["memoryStorage", actions] as const, ["ms", actions] as const]
      : [[controller, actions] as const]
  })

const known = new Map(controllers.map(([controller, actions]) => [controller, new Set(actions)]))

/** Whether a controller belongs to a plugin. */
export const isPlugin = (controller: string): boolean => controller.includes("/")

export const hasController = (controller: string): boolean => known.has(controller)

export const hasAction = (controller: string, action: string): boolean => known.get(controller)?.has(action) === true

/** A REST route of an action. */
export type Route = readonly [verb: string, path: string, controller: string, action: string]

/** The routes of the memory storage (spec 4.11): the name of the action, and the rest of the path. */
const memoryStorageRoutes: ReadonlyArray<readonly [verb: string, suffix: string, actions: string]> = [
  [
    "POST",
    "/:_id",
    "append bitop decr decrby expire expireat geoadd getset hincrby hincrbyfloat hmset hset hsetnx incr " +
    "incrby incrbyfloat linsert lpop lpush lpushx lset ltrim persist pexpire pexpireat pfadd pfmerge " +
    "psetex rename renamenx rpop rpush rpushx sadd sdiffstore set setex setnx smove sort spop zadd " +
    "zincrby zinterstore zunionstore"
  ],
  [
    "GET",
    "/:_id",
    "bitcount bitpos geohash geopos georadius georadiusbymember getbit getrange hgetall hkeys hlen hmget " +
    "hscan hvals llen lrange object pttl scard sdiff smembers srandmember sscan strlen ttl type zcard " +
    "zcount zlexcount zrange zrangebylex zrangebyscore zrevrange zrevrangebylex zrevrangebyscore zscan"
  ],
  ["GET", "", "dbsize exists mget pfcount ping randomkey scan sinter sunion time"],
  ["POST", "", "flushdb mexecute mset msetnx rpoplpush sinterstore sunionstore touch"],
  ["GET", "/:_id/:member1/:member2", "geodist"],
  ["DELETE", "/:_id", "hdel lrem srem zrem zremrangebylex zremrangebyrank zremrangebyscore"],
  ["GET", "/:_id/:field", "hexists hget hstrlen"],
  ["GET", "/:pattern", "keys"],
  ["GET", "/:_id/:idx", "lindex"],
  ["GET", "/:_id/:member", "sismember zrank zrevrank zscore"]
]

const ofMemoryStorage: ReadonlyArray<Route> = [
  ["DELETE", "/ms", "ms", "del"],
  ["GET", "/ms/:_id", "ms", "get"],
  ...memoryStorageRoutes.flatMap(([verb, suffix, actions]) =>
    actions.split(" ").map((action): Route => [verb, `/ms/_${action}${suffix}`, "ms", action])
  )
]

/** The REST routes of all actions (spec 2.1), as the real server declares them. */
export const routes: ReadonlyArray<Route> = [
  ["POST", "/admin/_dump", "admin", "dump"],
  ["POST", "/admin/_loadFixtures", "admin", "loadFixtures"],
  ["POST", "/admin/_loadMappings", "admin", "loadMappings"],
  ["POST", "/admin/_loadSecurities", "admin", "loadSecurities"],
  ["POST", "/admin/_refreshIndexCache", "admin", "refreshIndexCache"],
  ["POST", "/admin/_resetCache", "admin", "resetCache"],
  ["POST", "/admin/_resetDatabase", "admin", "resetDatabase"],
  ["POST", "/admin/_resetSecurity", "admin", "resetSecurity"],
  ["POST", "/admin/_shutdown/", "admin", "shutdown"],
  ["POST", "/_checkRights", "auth", "checkRights"],
  ["POST", "/_checkToken", "auth", "checkToken"],
  ["POST", "/api-keys/_create", "auth", "createApiKey"],
  ["POST", "/_me/credentials/:strategy/_create", "auth", "createMyCredentials"],
  ["POST", "/credentials/:strategy/_me/_create", "auth", "createMyCredentials"],
  ["POST", "/_createToken", "auth", "createToken"],
  ["GET", "/_me/credentials/:strategy/_exists", "auth", "credentialsExist"],
  ["GET", "/credentials/:strategy/_me/_exists", "auth", "credentialsExist"],
  ["DELETE", "/api-keys/:_id", "auth", "deleteApiKey"],
  ["DELETE", "/_me/credentials/:strategy", "auth", "deleteMyCredentials"],
  ["DELETE", "/credentials/:strategy/_me", "auth", "deleteMyCredentials"],
  ["GET", "/_me", "auth", "getCurrentUser"],
  ["GET", "/users/_me", "auth", "getCurrentUser"],
  ["GET", "/_me/credentials/:strategy", "auth", "getMyCredentials"],
  ["GET", "/credentials/:strategy/_me", "auth", "getMyCredentials"],
  ["GET", "/_me/_rights", "auth", "getMyRights"],
  ["GET", "/users/_me/_rights", "auth", "getMyRights"],
  ["GET", "/strategies", "auth", "getStrategies"],
  ["GET", "/_login/:strategy", "auth", "login"],
  ["POST", "/_login/:strategy", "auth", "login"],
  ["POST", "/_logout", "auth", "logout"],
  ["POST", "/_refreshToken", "auth", "refreshToken"],
  ["POST", "/api-keys/_search", "auth", "searchApiKeys"],
  ["PUT", "/_me/credentials/:strategy/_update", "auth", "updateMyCredentials"],
  ["PUT", "/credentials/:strategy/_me/_update", "auth", "updateMyCredentials"],
  ["PUT", "/_me", "auth", "updateSelf"],
  ["PUT", "/_updateSelf", "auth", "updateSelf"],
  ["POST", "/_me/credentials/:strategy/_validate", "auth", "validateMyCredentials"],
  ["POST", "/credentials/:strategy/_me/_validate", "auth", "validateMyCredentials"],
  ["DELETE", "/:index/:collection/_bulk/_query", "bulk", "deleteByQuery"],
  ["POST", "/:index/:collection/_bulk", "bulk", "import"],
  ["POST", "/:index/:collection/_mWrite", "bulk", "mWrite"],
  ["PATCH", "/:index/:collection/_bulk/_query", "bulk", "updateByQuery"],
  ["POST", "/:index/:collection/_write", "bulk", "write"],
  ["GET", "/cluster/_status", "cluster", "status"],
  ["PUT", "/:index/:collection", "collection", "create"],
  ["DELETE", "/:index/:collection", "collection", "delete"],
  ["DELETE", "/:index/:collection/_specifications", "collection", "deleteSpecifications"],
  ["GET", "/:index/:collection/_exists", "collection", "exists"],
  ["GET", "/:index/:collection/_mapping", "collection", "getMapping"],
  ["GET", "/:index/:collection/_settings", "collection", "getSettings"],
  ["GET", "/:index/:collection/_specifications", "collection", "getSpecifications"],
  ["GET", "/:index/_list", "collection", "list"],
  ["POST", "/:index/:collection/_refresh", "collection", "refresh"],
  ["GET", "/validations/_scroll/:scrollId", "collection", "scrollSpecifications"],
  ["POST", "/validations/_search", "collection", "searchSpecifications"],
  ["DELETE", "/:index/:collection/_truncate", "collection", "truncate"],
  ["POST", "/:index/:collection", "collection", "update"],
  ["PUT", "/:index/:collection/_mapping", "collection", "updateMapping"],
  ["PUT", "/:index/:collection/_specifications", "collection", "updateSpecifications"],
  ["POST", "/:index/:collection/_validateSpecifications", "collection", "validateSpecifications"],
  ["POST", "/debug/_disable", "debug", "disable"],
  ["POST", "/debug/_enable", "debug", "enable"],
  ["GET", "/debug/_nodeVersion", "debug", "nodeVersion"],
  ["POST", "/debug/_post", "debug", "post"],
  ["POST", "/:index/:collection/_count", "document", "count"],
  ["POST", "/:index/:collection/_create", "document", "create"],
  ["POST", "/:index/:collection/:_id/_create", "document", "create"],
  ["PUT", "/:index/:collection/:_id", "document", "createOrReplace"],
  ["DELETE", "/:index/:collection/:_id", "document", "delete"],
  ["DELETE", "/:index/:collection/_query", "document", "deleteByQuery"],
  ["DELETE", "/:index/:collection/:_id/_fields", "document", "deleteFields"],
  ["GET", "/:index/:collection/:_id/_exists", "document", "exists"],
  ["GET", "/:index/:collection/_export", "document", "export"],
  ["POST", "/:index/:collection/_export", "document", "export"],
  ["GET", "/:index/:collection/:_id", "document", "get"],
  ["POST", "/:index/:collection/_mCreate", "document", "mCreate"],
  ["PUT", "/:index/:collection/_mCreateOrReplace", "document", "mCreateOrReplace"],
  ["DELETE", "/:index/:collection/_mDelete", "document", "mDelete"],
  ["POST", "/:index/:collection/_mExists", "document", "mExists"],
  ["GET", "/:index/:collection/_mGet", "document", "mGet"],
  ["POST", "/:index/:collection/_mGet", "document", "mGet"],
  ["PUT", "/:index/:collection/_mReplace", "document", "mReplace"],
  ["PUT", "/:index/:collection/_mUpdate", "document", "mUpdate"],
  ["PATCH", "/:index/:collection/_mUpdate", "document", "mUpdate"],
  ["POST", "/:index/:collection/_mUpsert", "document", "mUpsert"],
  ["PUT", "/:index/:collection/:_id/_replace", "document", "replace"],
  ["GET", "/_scroll/:scrollId", "document", "scroll"],
  ["GET", "/:index/:collection/_search", "document", "search"],
  ["POST", "/:index/:collection/_search", "document", "search"],
  ["PUT", "/:index/:collection/:_id/_update", "document", "update"],
  ["PATCH", "/:index/:collection/:_id/_update", "document", "update"],
  ["PUT", "/:index/:collection/_query", "document", "updateByQuery"],
  ["POST", "/:index/:collection/:_id/_upsert", "document", "upsert"],
  ["PUT", "/:index/:collection/:_id/_upsert", "document", "upsert"],
  ["POST", "/:index/:collection/_validate", "document", "validate"],
  ["POST", "/:index/_create", "index", "create"],
  ["DELETE", "/:index", "index", "delete"],
  ["GET", "/:index/_exists", "index", "exists"],
  ["GET", "/_list", "index", "list"],
  ["DELETE", "/_mDelete", "index", "mDelete"],
  ["DELETE", "/_mdelete", "index", "mDelete"],
  ["GET", "/_storageStats", "index", "stats"],
  ...ofMemoryStorage,
  ["GET", "/_listSubscriptions", "realtime", "list"],
  ["POST", "/:index/:collection/_publish", "realtime", "publish"],
  ["POST", "/_checkRights/:userId", "security", "checkRights"],
  ["POST", "/users/:userId/api-keys/_create", "security", "createApiKey"],
  ["POST", "/credentials/:strategy/:_id/_create", "security", "createCredentials"],
  ["POST", "/_createFirstAdmin/:_id", "security", "createFirstAdmin"],
  ["POST", "/_createFirstAdmin", "security", "createFirstAdmin"],
  ["PUT", "/profiles/:_id", "security", "createOrReplaceProfile"],
  ["PUT", "/roles/:_id", "security", "createOrReplaceRole"],
  ["POST", "/profiles/:_id/_create", "security", "createProfile"],
  ["POST", "/users/_createRestricted", "security", "createRestrictedUser"],
  ["POST", "/users/:_id/_createRestricted", "security", "createRestrictedUser"],
  ["POST", "/roles/:_id/_create", "security", "createRole"],
  ["POST", "/users/_create", "security", "createUser"],
  ["POST", "/users/:_id/_create", "security", "createUser"],
  ["DELETE", "/users/:userId/api-keys/:_id", "security", "deleteApiKey"],
  ["DELETE", "/credentials/:strategy/:_id", "security", "deleteCredentials"],
  ["DELETE", "/profiles/:_id", "security", "deleteProfile"],
  ["DELETE", "/roles/:_id", "security", "deleteRole"],
  ["DELETE", "/users/:_id", "security", "deleteUser"],
  ["GET", "/credentials/_fields", "security", "getAllCredentialFields"],
  ["GET", "/credentials/:strategy/_fields", "security", "getCredentialFields"],
  ["GET", "/credentials/:strategy/:_id", "security", "getCredentials"],
  ["GET", "/credentials/:strategy/:_id/_byId", "security", "getCredentialsById"],
  ["GET", "/profiles/:_id", "security", "getProfile"],
  ["GET", "/profiles/_mapping", "security", "getProfileMapping"],
  ["GET", "/profiles/:_id/_rights", "security", "getProfileRights"],
  ["GET", "/roles/:_id", "security", "getRole"],
  ["GET", "/roles/_mapping", "security", "getRoleMapping"],
  ["GET", "/users/:_id", "security", "getUser"],
  ["GET", "/users/_mapping", "security", "getUserMapping"],
  ["GET", "/users/:_id/_rights", "security", "getUserRights"],
  ["GET", "/users/:_id/_strategies", "security", "getUserStrategies"],
  ["GET", "/credentials/:strategy/:_id/_exists", "security", "hasCredentials"],
  ["POST", "/profiles/_mDelete", "security", "mDeleteProfiles"],
  ["POST", "/roles/_mDelete", "security", "mDeleteRoles"],
  ["POST", "/users/_mDelete", "security", "mDeleteUsers"],
  ["POST", "/profiles/_mGet", "security", "mGetProfiles"],
  ["POST", "/roles/_mGet", "security", "mGetRoles"],
  ["GET", "/users/_mGet", "security", "mGetUsers"],
  ["POST", "/users/_mGet", "security", "mGetUsers"],
  ["POST", "/_security/:collection/_refresh", "security", "refresh"],
  ["PUT", "/users/:_id/_replace", "security", "replaceUser"],
  ["POST", "/_restrictDefaultRights", "security", "restrictDefaultRights"],
  ["DELETE", "/users/:_id/tokens", "security", "revokeTokens"],
  ["GET", "/profiles/_scroll/:scrollId", "security", "scrollProfiles"],
  ["GET", "/users/_scroll/:scrollId", "security", "scrollUsers"],
  ["POST", "/users/:userId/api-keys/_search", "security", "searchApiKeys"],
  ["POST", "/profiles/_search", "security", "searchProfiles"],
  ["POST", "/roles/_search", "security", "searchRoles"],
  ["POST", "/users/_search", "security", "searchUsers"],
  ["POST", "/credentials/:strategy/users/_search", "security", "searchUsersByCredentials"],
  ["PUT", "/credentials/:strategy/:_id/_update", "security", "updateCredentials"],
  ["PUT", "/profiles/:_id/_update", "security", "updateProfile"],
  ["PUT", "/profiles/_mapping", "security", "updateProfileMapping"],
  ["PUT", "/roles/:_id/_update", "security", "updateRole"],
  ["PUT", "/roles/_mapping", "security", "updateRoleMapping"],
  ["PUT", "/users/:_id/_update", "security", "updateUser"],
  ["PUT", "/users/_mapping", "security", "updateUserMapping"],
  ["POST", "/users/:_id/_upsert", "security", "upsertUser"],
  ["POST", "/credentials/:strategy/:_id/_validate", "security", "validateCredentials"],
  ["GET", "/_adminExists", "server", "adminExists"],
  ["GET", "/_capabilities", "server", "capabilities"],
  ["GET", "/_getAllStats", "server", "getAllStats"],
  ["GET", "/_getConfig", "server", "getConfig"],
  ["GET", "/_getLastStats", "server", "getLastStats"],
  ["GET", "/_getStats", "server", "getStats"],
  ["GET", "/_healthCheck", "server", "healthCheck"],
  ["GET", "/", "server", "info"],
  ["GET", "/_serverInfo", "server", "info"],
  ["GET", "/_metrics", "server", "metrics"],
  ["GET", "/_now", "server", "now"],
  ["GET", "/_openapi", "server", "openapi"],
  ["GET", "/_publicApi", "server", "publicApi"],
  ...["/_plugin/kuzzle-plugin-auth-passport-local/password", "/_/password"].flatMap((prefix): ReadonlyArray<Route> => [
    ["GET", `${prefix}/resetToken/:_id`, "kuzzle-plugin-auth-passport-local/password", "getResetPasswordToken"],
    ["POST", `${prefix}/reset`, "kuzzle-plugin-auth-passport-local/password", "reset"]
  ])
]

const reads = new Set(ofMemoryStorage.filter(([verb]) => verb === "GET").map(([, , , action]) => action))

/** Whether an action of the memory storage changes nothing. */
export const isRead = (action: string): boolean => reads.has(action)
