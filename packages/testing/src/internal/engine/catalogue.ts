/**
 * Every action of the real server, by controller, in the order of the answer of `server:publicApi`. By this list, the
 * engine distinguishes unknown actions from those that it does not implement.
 */

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
