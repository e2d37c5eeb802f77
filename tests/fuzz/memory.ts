/** The memory storage: the commands of `memoryStorage.real.test.ts`, and some that it does not contain. */
import { FastCheck as fc } from "effect"
import { commands } from "../memoryStorage/commands.ts"
import { always, type Ask, requestsOf, some } from "./request.ts"

const prefix = "RUN-"
const kinds = ["text", "hash", "list", "set", "zset", "geo", "estimate", "lex"]
const keys = kinds.flatMap((kind) => [1, 2, 3].map((n) => `${prefix}${kind}${n}`))

const others = requestsOf("ms")({
  dbsize: [{}],
  object: [{ _id: fc.constantFrom(...keys), subcommand: fc.constantFrom("refcount", "x") }],
  ping: [{}],
  randomkey: [{}],
  scan: [{ cursor: fc.constantFrom<unknown>(0, "0", "x"), match: always("RUN-*"), count: some(always(1000)) }],
  time: [{}]
})

export const memoryRequest: fc.Arbitrary<Ask> = fc.oneof(
  { weight: 14, arbitrary: commands(prefix) },
  { weight: 1, arbitrary: fc.oneof(...Object.values(others)) }
)

const reading: { readonly [kind: string]: readonly [action: string, args: object] } = {
  text: ["get", {}],
  hash: ["hgetall", {}],
  list: ["lrange", { start: 0, stop: -1 }],
  set: ["smembers", {}],
  zset: ["zrange", { start: 0, stop: -1, options: ["withscores"] }],
  geo: ["zrange", { start: 0, stop: -1, options: ["withscores"] }],
  lex: ["zrange", { start: 0, stop: -1, options: ["withscores"] }],
  estimate: ["pfcount", {}]
}

const contentOf = (key: string): Ask => {
  const kind = key.slice(prefix.length, -1)
  const [action, args] = reading[kind]!
  return { controller: "ms", action, ...(action === "pfcount" ? { keys: [key] } : { _id: key }), ...args }
}

export const memoryState: ReadonlyArray<Ask> = [
  { controller: "ms", action: "keys", pattern: `${prefix}*` },
  ...keys.map(contentOf)
]

export const cleanMemory: ReadonlyArray<Ask> = [
  { controller: "ms", action: "del", body: { keys: [...keys, `${prefix}x`] } }
]
