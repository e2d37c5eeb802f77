/**
 * Hashes: fields and their values.
 */
import * as Args from "./arguments.ts"
import type { Bytes } from "./bytes.ts"
import { atLeast, type Command, type Commands, exactly, pairs, wrongNumber } from "./command.ts"
import type { Database } from "./database.ts"
import { encodingOf } from "./encoding.ts"
import { refuse } from "./errors.ts"
import * as LongDouble from "./longDouble.ts"
import * as Numbers from "./numbers.ts"
import { scan } from "./scan.ts"

const none: ReadonlyMap<Bytes, Bytes> = new Map()

const read = (db: Database, key: Bytes): ReadonlyMap<Bytes, Bytes> => db.get(key, "hash")?.fields ?? none

const open = (db: Database, key: Bytes): Map<Bytes, Bytes> =>
  db.open(key, "hash", () => ({ kind: "hash", fields: new Map() })).fields

/** Writes fields. Returns how many of them are new. */
const write = (db: Database, key: Bytes, args: ReadonlyArray<Bytes>): number => {
  const fields = open(db, key)
  const before = fields.size
  for (const [field, value] of pairs(args)) fields.set(field, value)
  return fields.size - before
}

const writing = (name: string, given: Args.Given, answer: (added: number) => string | number): Command =>
  atLeast(3, given, (db, key, ...args) => {
    if (args.length % 2 === 1) throw wrongNumber(name)
    return answer(write(db, key, args))
  })

export const hashes: Commands = {
  hdel: atLeast(2, [Args.key, Args.body("fields", Args.optional)], (db, key, ...fields) => {
    const hash = db.get(key, "hash")
    const removed = fields.filter((field) => hash?.fields.delete(field) === true).length
    db.prune(key)
    return removed
  }),
  hexists: exactly(2, Args.ofField, (db, key, field) => (read(db, key).has(field) ? 1 : 0)),
  hget: exactly(2, Args.ofField, (db, key, field) => read(db, key).get(field) ?? null),
  hgetall: exactly(1, Args.ofKey, (db, key) => Object.fromEntries(read(db, key))),
  hincrby: exactly(3, Args.fieldAndValue, (db, key, field, by) => {
    const amount = Numbers.bigInt(by)
    const before = read(db, key).get(field) ?? "0"
    const after = Numbers.bigInt(before, () => refuse("hash value is not an integer")) + amount
    if (!Numbers.fits64(after)) throw refuse("increment or decrement would overflow")
    open(db, key).set(field, String(after))
    return Numbers.toReply(after)
  }),
  hincrbyfloat: exactly(3, Args.fieldAndValue, (db, key, field, by) => {
    const amount = LongDouble.parse(by)
    const before = LongDouble.parse(read(db, key).get(field) ?? "0", () => refuse("hash value is not a float"))
    const after = LongDouble.format(LongDouble.add(before, amount))
    open(db, key).set(field, after)
    return after
  }),
  hkeys: exactly(1, Args.ofKey, (db, key) => [...read(db, key).keys()]),
  hlen: exactly(1, Args.ofKey, (db, key) => read(db, key).size),
  hmget: atLeast(2, [Args.key, Args.arg("fields", Args.lists)], (db, key, ...fields) => {
    const hash = read(db, key)
    return fields.map((field) => hash.get(field) ?? null)
  }),
  hmset: writing("hmset", [Args.key, Args.entries("field")], () => "OK"),
  hscan: atLeast(2, [Args.key, Args.arg("cursor"), ...Args.scanning], (db, key, cursor, ...options) => {
    const [next, fields] = scan(cursor, options, () => {
      const hash = db.get(key, "hash")
      return hash && { elements: [...hash.fields.keys()], inPages: encodingOf(hash) === "hashtable" }
    })
    return [next, fields.flatMap((field) => [field, read(db, key).get(field)!])]
  }),
  hset: writing("hset", Args.fieldAndValue, (added) => added),
  hsetnx: exactly(3, Args.fieldAndValue, (db, key, field, value) => {
    if (read(db, key).has(field)) return 0
    open(db, key).set(field, value)
    return 1
  }),
  hstrlen: exactly(2, Args.ofField, (db, key, field) => read(db, key).get(field)?.length ?? 0),
  hvals: exactly(1, Args.ofKey, (db, key) => [...read(db, key).values()])
}
