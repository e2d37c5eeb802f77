/**
 * The arguments of the memory storage, valid and invalid, over WebSocket and by REST. `memoryStorage.real.test.ts` compares the
 * results of its commands.
 */
import { request } from "./prepare.ts"
import { type Scenario, scenario } from "./recorder.ts"

const commands = scenario("memory storage", async ({ connect, http, name }) => {
  const party = await connect("a")
  const key = (what: string) => `${name}-${what}`
  const ms = (action: string, more: object = {}) =>
    party.ask(request("ms", action, more), `${action} ${JSON.stringify(more)}`)
  const _id = key("text")
  const [hash, set, zset, geo] = [key("hash"), key("set"), key("zset"), key("geo")]
  for (
    const args of [
      {},
      { _id: "" },
      { _id },
      { _id: null, body: { value: "x" } },
      { _id, body: {} },
      {
        _id,
        body: { value: true }
      },
      { _id, body: { value: {} } },
      { _id, body: { value: "x", nx: true, xx: true } },
      {
        _id,
        body: { value: "x", ex: 1, px: 1 }
      },
      { _id, body: { value: "x", ex: 0 } },
      { _id, body: { value: "x", px: "y" } },
      {
        _id,
        body: { value: "x", ex: true }
      },
      { _id, body: { value: "x", xx: true } },
      { _id, body: { value: "x", nx: true, ex: 100 } }
    ]
  ) await ms("set", args)
  await ms("get", {})
  await ms("get", { _id: null })
  await ms("get", { _id: key("absent") })
  await ms("get", { _id })
  await ms("append", { _id, body: { value: [] } })
  await ms("append", { _id, body: { value: [1, 2] } })
  await ms("append", { _id, body: { value: {} } })
  await ms("append", { _id, body: [] })
  await ms("strlen", { _id })
  await ms("incr", { _id })
  await ms("lpush", { _id, body: { values: ["a"] } })
  await ms("bitcount", { _id, start: 0 })
  await ms("pfcount", { keys: [_id] })
  for (const action of ["del", "touch"]) {
    await ms(action)
    await ms(action, { body: {} })
    await ms(action, { body: { keys: [] } })
    await ms(action, { body: { keys: `${_id},${_id}` } })
  }
  for (const action of ["exists", "mget", "sunion"]) {
    await ms(action)
    await ms(action, { keys: [] })
    await ms(action, { keys: 987654321 })
    await ms(action, { keys: `${key("absent")},${key("other")}` })
  }
  const entries = [
    undefined,
    "x",
    [],
    [null],
    ["x"],
    [{ key: _id }],
    [{ key: _id, value: "" }],
    [{ key: _id, value: [""] }],
    [{ key: "", value: 1 }],
    [{ key: _id, value: 0 }]
  ]
  for (const of of entries) await ms("mset", { body: { entries: of } })
  await ms("hmset", { _id: hash, body: { entries: [{ field: "a", value: "" }] } })
  await ms("hmset", { _id: hash, body: { entries: [{ field: "__proto__", value: 0 }, { field: [""], value: ["é"] }] } })
  await ms("hgetall", { _id: hash })
  await ms("hgetall", { _id: key("absent") })
  await ms("hdel", { _id: hash })
  await ms("hscan", { _id: hash, cursor: 0, match: 1 })
  await ms("hscan", { _id: hash, cursor: 0, count: [1] })
  await ms("hscan", { _id: hash, cursor: 0, match: "a*", count: 5 })
  await ms("sadd", { _id: set })
  await ms("sadd", { _id: set, body: { members: [["a", "b"], "c"] } })
  await ms("spop", { _id: key("absent") })
  await ms("spop", { _id: key("absent"), body: { count: 1 } })
  await ms("srandmember", { _id: key("absent"), count: -2 })
  const elements = [
    undefined,
    "x",
    [],
    [1],
    [{ score: 1 }],
    [{ score: 1, member: "" }],
    [{ score: "x", member: "a" }],
    [{ score: [1], member: "a" }],
    [{ score: "+inf", member: "a" }],
    [{ score: "1x", member: "a" }],
    [{ score: 0, member: "a" }, { score: "Infinity", member: [""] }]
  ]
  await ms("zadd", { _id: zset })
  for (const of of elements) await ms("zadd", { _id: zset, body: { elements: of } })
  await ms("zadd", { _id: zset, body: { elements: elements[10], nx: true, xx: true } })
  await ms("zadd", { _id: zset, body: { elements: elements[10], incr: true } })
  await ms("zadd", { _id: zset, body: { elements: [{ score: 0.1, member: "b" }], incr: true } })
  await ms("zadd", { _id: zset, body: { elements: [{ score: 0.2, member: "b" }], incr: true } })
  await ms("zadd", { _id: zset, body: { elements: [{ score: 0.2, member: "b" }], incr: true, nx: true } })
  await ms("zrange", { _id: zset, start: 0, stop: -1, options: ["withscores"], limit: [0, 1] })
  await ms("zrange", { _id: zset, start: 0, stop: -1, options: "withscores,rev" })
  await ms("zrange", { _id: zset, start: 0, stop: -1, options: 42 })
  await ms("zrangebyscore", { _id: zset, min: 0, max: 1, limit: [0] })
  await ms("zrangebyscore", { _id: zset, min: 0, max: 1, limit: "0,1" })
  await ms("zunionstore", { _id: zset })
  for (
    const body of [
      {},
      { keys: "x" },
      { keys: [] },
      { keys: [zset], weights: 1 },
      { keys: [zset], weights: [] },
      {
        keys: [zset],
        aggregate: 1
      },
      { keys: [zset], aggregate: "x" },
      { keys: [zset, set], weights: [1], aggregate: "max" }
    ]
  ) await ms("zunionstore", { _id: zset, body })
  const points = [
    [],
    ["x"],
    [null],
    [{ lon: 0, lat: 1, name: "a" }],
    [{ lon: 1, lat: 1, name: "" }],
    [{ lon: [1], lat: 1, name: "a" }],
    [{ lon: 181, lat: 1, name: "a" }],
    [{ lon: "0", lat: "0", name: [""] }, { lon: 13.361389, lat: 38.115556, name: "palermo" }]
  ]
  for (const of of points) await ms("geoadd", { _id: geo, body: { points: of } })
  await ms("geopos", { _id: geo, members: ["", "absent"] })
  await ms("geopos", { _id: geo, members: "palermo,absent" })
  await ms("geodist", { _id: geo, member1: "", member2: "palermo" })
  await ms("geodist", { _id: geo, member1: "", member2: "absent" })
  await ms("georadius", {
    _id: geo,
    lon: 0,
    lat: 0,
    distance: 9e6,
    unit: "m",
    options: ["withcoord", "withdist", "desc"]
  })
  await ms("sort", {})
  for (
    const body of [undefined, {}, { direction: 1 }, { direction: "x" }, { limit: 1 }, { limit: [0] }, { get: "x" }, {
      alpha: true,
      limit: [0, 1],
      get: ["#"],
      direction: "desc"
    }]
  ) await ms("sort", { _id: set, body })
  await ms("rpush", { _id: key("sorted"), body: { values: ["b", "c", "a", "", "b"] } })
  await ms("mset", { body: { entries: [{ key: key("by-a"), value: "2" }, { key: key("by-b"), value: "10" }] } })
  for (const direction of ["asc", "desc"]) {
    for (const more of [{}, { store: key("stored") }, { get: ["#", key("by-*")] }]) {
      await ms("sort", { _id: key("sorted"), body: { alpha: true, by: key("by-*"), direction, ...more } })
    }
    await ms("lrange", { _id: key("stored"), start: 0, stop: -1 })
  }
  await ms("del", { body: { keys: ["sorted", "by-a", "by-b", "stored"].map(key) } })
  await ms("object", { _id: zset, subcommand: "encoding" })
  await ms("object", { _id: key("absent"), subcommand: "encoding" })
  await ms("object", { _id: zset, subcommand: "x" })
  await ms("mexecute")
  const actions = [
    undefined,
    "x",
    [],
    [1],
    [{}],
    [{ action: "get" }],
    [{ action: "get", args: [] }],
    [{ action: "get", args: {} }],
    [{ action: "mexecute", args: {} }],
    [{ action: "flush", args: {} }],
    [{ action: "del", args: { body: { keys: [] } } }],
    [{ action: "incr", args: { _id: zset } }, { action: "hgetall", args: { _id: hash } }, { action: "ping", args: {} }]
  ]
  for (const of of actions) await ms("mexecute", { body: { actions: of } })
  await ms("bgsave")
  await party.ask(request("memoryStorage", "ping"), "the other name")

  const get = (path: string) => http({ method: "GET", path }, `GET ${path}`)
  await get(`/ms/_mget?keys=${hash},${_id}`)
  await get(`/ms/_mget?keys=${hash}&keys=${_id}`)
  await get(`/ms/_mget?keys=["${hash}","${_id}"]`)
  await get(`/ms/${_id}`)
  await get(`/ms/_geodist/${geo}/palermo/absent?unit=km`)
  await get(`/ms/_zrange/${zset}?start=0&stop=-1&options=withscores`)
  await get(`/ms/_zrangebyscore/${zset}?min=0&max=%2Binf&options=withscores&limit=0,1`)
  await get(`/ms/_keys/${name}-h*`)
  const body = JSON.stringify({ keys: [_id, hash, set, zset, geo] })
  await http({ method: "DELETE", path: "/ms", body }, "DELETE /ms")
})

export const memoryStorage: ReadonlyArray<Scenario> = [commands]
