/** Texts, and numbers that are stored as texts. */
import { error } from "../errors.ts"
import * as Args from "./arguments.ts"
import type { Bytes } from "./bytes.ts"
import { atLeast, byteSpan, type Commands, exactly, pairs, wrongNumber } from "./command.ts"
import type { Database } from "./database.ts"
import { refuse, syntaxError, wrongType } from "./errors.ts"
import * as LongDouble from "./longDouble.ts"
import * as Numbers from "./numbers.ts"

/** The text under a key. In Redis a HyperLogLog is a text, but this engine does not know its bytes. */
export const textOf = (db: Database, key: Bytes): Bytes | undefined => {
  const value = db.find(key)
  if (value === undefined) return undefined
  if (value.kind === "hyperloglog") throw error("testing.engine.not_implemented", "reading a HyperLogLog as text")
  if (value.kind !== "string") throw wrongType()
  return value.text
}

const write = (db: Database, key: Bytes, text: Bytes) => db.set(key, { kind: "string", text })

/** The instant at which a lifetime ends that begins now. `unit`: milliseconds per unit of the lifetime. */
const expirationAfter = (db: Database, command: string, text: Bytes, unit: number): number => {
  const amount = Numbers.integer(text)
  if (amount <= 0 || amount * unit + db.now > Number.MAX_SAFE_INTEGER * 1024) {
    throw refuse(`invalid expire time in '${command}' command`)
  }
  return db.now + amount * unit
}

const add = (db: Database, key: Bytes, by: bigint): number => {
  const before = Numbers.bigInt(textOf(db, key) ?? "0")
  if (!Numbers.fits64(before + by)) throw refuse("increment or decrement would overflow")
  db.replace(key, { kind: "string", text: String(before + by) })
  return Numbers.toReply(before + by)
}

const writeAll = (db: Database, args: ReadonlyArray<Bytes>) => {
  for (const [key, text] of pairs(args)) write(db, key, text)
}

export const strings: Commands = {
  append: exactly(2, Args.keyAndValue, (db, key, more = "") => {
    const before = textOf(db, key)
    const text = (before ?? "") + more
    db.replace(key, { kind: "string", text, appended: before !== undefined })
    return text.length
  }),
  decr: exactly(1, Args.ofKey, (db, key) => add(db, key, -1n)),
  decrby: exactly(2, Args.keyAndValue, (db, key, by) => {
    const amount = Numbers.bigInt(by)
    if (!Numbers.fits64(-amount)) throw refuse("decrement would overflow")
    return add(db, key, -amount)
  }),
  get: exactly(1, Args.ofKey, (db, key) => textOf(db, key) ?? null),
  getrange: exactly(3, [Args.key, Args.arg("start"), Args.arg("end")], (db, key, start, end) => {
    const [from, to] = [Numbers.integer(start), Numbers.integer(end)]
    const text = textOf(db, key) ?? ""
    return from < 0 && to < 0 && from > to ? "" : text.slice(...byteSpan(text.length, from, to))
  }),
  getset: exactly(2, Args.keyAndValue, (db, key, text) => {
    const before = textOf(db, key) ?? null
    write(db, key, text)
    return before
  }),
  incr: exactly(1, Args.ofKey, (db, key) => add(db, key, 1n)),
  incrby: exactly(2, Args.keyAndValue, (db, key, by) => add(db, key, Numbers.bigInt(by))),
  incrbyfloat: exactly(2, Args.keyAndValue, (db, key, by) => {
    const text = LongDouble.format(LongDouble.add(LongDouble.parse(textOf(db, key) ?? "0"), LongDouble.parse(by)))
    db.replace(key, { kind: "string", text })
    return text
  }),
  mget: atLeast(1, Args.ofKeys, (db, ...keys) =>
    keys.map((key) => {
      const kind = db.peek(key)?.kind
      return kind === "string" || kind === "hyperloglog" ? textOf(db, key) ?? null : null
    })),
  mset: atLeast(2, [Args.entries("key")], (db, ...args) => {
    if (args.length % 2 === 1) throw wrongNumber("mset")
    writeAll(db, args)
    return "OK"
  }),
  msetnx: atLeast(2, [Args.entries("key")], (db, ...args) => {
    if (args.length % 2 === 1) throw wrongNumber("msetnx")
    if (pairs(args).some(([key]) => db.has(key))) return 0
    writeAll(db, args)
    return 1
  }),
  psetex: exactly(3, [Args.key, Args.body("milliseconds"), Args.body("value")], (db, key, milliseconds, text) => {
    const at = expirationAfter(db, "psetex", milliseconds, 1)
    write(db, key, text)
    db.expireAt(key, at)
    return "OK"
  }),
  set: atLeast(2, Args.ofSet, (db, key, text, ...options) => {
    let at: number | undefined
    let condition: "NX" | "XX" | undefined
    for (let i = 0; i < options.length; i++) {
      const option = options[i]
      const next = options[i + 1]
      if (option === "NX" || option === "XX") condition = option
      else if ((option === "EX" || option === "PX") && next !== undefined) {
        at = expirationAfter(db, "set", next, option === "EX" ? 1000 : 1)
        i++
      } else throw syntaxError()
    }
    if (condition !== undefined && db.has(key) !== (condition === "XX")) return null
    write(db, key, text)
    db.expireAt(key, at)
    return "OK"
  }),
  setex: exactly(3, [Args.key, Args.body("seconds"), Args.body("value")], (db, key, seconds, text) => {
    const at = expirationAfter(db, "setex", seconds, 1000)
    write(db, key, text)
    db.expireAt(key, at)
    return "OK"
  }),
  setnx: exactly(2, Args.keyAndValue, (db, key, text) => {
    if (db.has(key)) return 0
    write(db, key, text)
    return 1
  }),
  strlen: exactly(1, Args.ofKey, (db, key) => textOf(db, key)?.length ?? 0)
}
