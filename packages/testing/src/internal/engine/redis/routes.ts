/** The REST routes of the memory storage (spec 4.11): the name of the action, and the rest of the path. */

type Route = readonly [verb: string, path: string, controller: string, action: string]

const under: ReadonlyArray<readonly [verb: string, behind: string, actions: string]> = [
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

export const routes: ReadonlyArray<Route> = [
  ["DELETE", "/ms", "ms", "del"],
  ["GET", "/ms/:_id", "ms", "get"],
  ...under.flatMap(([verb, behind, actions]) =>
    actions.split(" ").map((action): Route => [verb, `/ms/_${action}${behind}`, "ms", action])
  )
]

const reads = new Set(routes.filter(([verb]) => verb === "GET").map(([, , , action]) => action))

/** Whether an action changes nothing. */
export const isRead = (action: string): boolean => reads.has(action)
