/**
 * HyperLogLogs: estimates of the number of different elements. Here the numbers are exact, as in Redis for small sets.
 */
import * as Args from "./arguments.ts"
import type { Bytes } from "./bytes.ts"
import { atLeast, type Commands } from "./command.ts"
import type { Database } from "./database.ts"
import { RedisError, wrongType } from "./errors.ts"

const read = (db: Database, key: Bytes): ReadonlySet<Bytes> | undefined => {
  const value = db.find(key)
  if (value === undefined) return undefined
  if (value.kind === "string") {
    throw new RedisError("WRONGTYPE Key is not a valid HyperLogLog string value.")
  }
  if (value.kind !== "hyperloglog") throw wrongType()
  return value.elements
}

const unionOf = (db: Database, keys: ReadonlyArray<Bytes>): Set<Bytes> =>
  new Set(keys.flatMap((key) => [...read(db, key) ?? []]))

export const hyperLogLogs: Commands = {
  pfadd: atLeast(1, [Args.key, Args.body("elements", Args.optional)], (db, key, ...elements) => {
    const before = read(db, key)
    const after = new Set([...before ?? [], ...elements])
    if (before !== undefined && after.size === before.size) return 0
    db.replace(key, { kind: "hyperloglog", elements: after })
    return 1
  }),
  pfcount: atLeast(1, Args.ofKeys, (db, ...keys) => unionOf(db, keys).size),
  pfmerge: atLeast(1, [Args.key, Args.body("sources", Args.optional)], (db, ...keys) => {
    db.replace(keys[0]!, { kind: "hyperloglog", elements: unionOf(db, keys) })
    return "OK"
  })
}
