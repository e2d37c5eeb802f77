/**
 * Lists.
 */
import * as Args from "./arguments.ts"
import type { Bytes } from "./bytes.ts"
import { atLeast, type Command, type Commands, exactly, span } from "./command.ts"
import type { Database } from "./database.ts"
import { refuse, syntaxError } from "./errors.ts"
import * as Numbers from "./numbers.ts"

type Side = "left" | "right"

const read = (db: Database, key: Bytes): Array<Bytes> | undefined => db.get(key, "list")?.items

const push = (items: Array<Bytes>, side: Side, values: ReadonlyArray<Bytes>): number =>
  side === "left" ? items.unshift(...[...values].reverse()) : items.push(...values)

const pushing = (side: Side): Command =>
  atLeast(
    2,
    [Args.key, Args.body("values", Args.optional)],
    (db, key, ...values) => push(db.open(key, "list", () => ({ kind: "list", items: [] })).items, side, values)
  )

const pushingOnto = (side: Side): Command =>
  atLeast(2, Args.keyAndValue, (db, key, ...values) => {
    const items = read(db, key)
    return items === undefined ? 0 : push(items, side, values)
  })

const popping = (side: Side): Command =>
  exactly(1, Args.ofKey, (db, key) => {
    const items = read(db, key)
    const taken = side === "left" ? items?.shift() : items?.pop()
    db.prune(key)
    return taken ?? null
  })

/** Removes all elements but those between two positions of `slice`. */
const trim = (items: Array<Bytes>, [from, to]: readonly [number, number]) => {
  items.splice(to)
  items.splice(0, from)
}

export const lists: Commands = {
  lindex: exactly(2, [Args.key, Args.arg("index", { member: "idx" })], (db, key, index) => {
    const items = read(db, key)
    return items?.at(Numbers.integer(index)) ?? null
  }),
  linsert: exactly(
    4,
    [Args.key, Args.body("position"), Args.body("pivot"), Args.body("value")],
    (db, key, position, pivot, value) => {
      const where = position.toUpperCase()
      if (where !== "BEFORE" && where !== "AFTER") throw syntaxError()
      const items = read(db, key)
      if (items === undefined) return 0
      const at = items.indexOf(pivot)
      if (at === -1) return -1
      items.splice(where === "AFTER" ? at + 1 : at, 0, value)
      return items.length
    }
  ),
  llen: exactly(1, Args.ofKey, (db, key) => read(db, key)?.length ?? 0),
  lpop: popping("left"),
  lpush: pushing("left"),
  lpushx: pushingOnto("left"),
  lrange: exactly(3, [Args.key, Args.arg("start"), Args.arg("stop")], (db, key, start, stop) => {
    const [from, to] = [Numbers.integer(start), Numbers.integer(stop)]
    const items = read(db, key) ?? []
    return items.slice(...span(items.length, from, to))
  }),
  lrem: exactly(3, [Args.key, Args.body("count"), Args.body("value")], (db, key, count, value) => {
    const limit = Numbers.integer(count)
    const items = read(db, key) ?? []
    const places = items.flatMap((item, at) => (item === value ? [at] : []))
    const removed = limit === 0 ? places : limit > 0 ? places.slice(0, limit) : places.slice(limit)
    for (const at of [...removed].reverse()) items.splice(at, 1)
    db.prune(key)
    return removed.length
  }),
  lset: exactly(3, [Args.key, Args.body("index"), Args.body("value")], (db, key, index, value) => {
    const items = read(db, key)
    if (items === undefined) throw refuse("no such key")
    const position = Numbers.integer(index)
    const at = position < 0 ? position + items.length : position
    if (at < 0 || at >= items.length) throw refuse("index out of range")
    items[at] = value
    return "OK"
  }),
  ltrim: exactly(3, [Args.key, Args.body("start"), Args.body("stop")], (db, key, start, stop) => {
    const [from, to] = [Numbers.integer(start), Numbers.integer(stop)]
    const items = read(db, key)
    if (items !== undefined) trim(items, span(items.length, from, to))
    db.prune(key)
    return "OK"
  }),
  rpop: popping("right"),
  rpoplpush: exactly(2, [Args.body("source"), Args.body("destination")], (db, source, destination) => {
    const from = read(db, source)
    if (from === undefined) return null
    read(db, destination)
    const taken = from.pop()!
    db.prune(source)
    push(db.open(destination, "list", () => ({ kind: "list", items: [] })).items, "left", [taken])
    return taken
  }),
  rpush: pushing("right"),
  rpushx: pushingOnto("right")
}
