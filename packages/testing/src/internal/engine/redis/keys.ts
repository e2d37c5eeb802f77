/** Commands on keys with any value. */
import * as Args from "./arguments.ts"
import type { Bytes } from "./bytes.ts"
import { atLeast, type Command, type Commands, exactly } from "./command.ts"
import type { Database } from "./database.ts"
import { encodingOf, referencesOf } from "./encoding.ts"
import { refuse } from "./errors.ts"
import * as Numbers from "./numbers.ts"
import { matcher } from "./pattern.ts"
import { scan } from "./scan.ts"
import { sort } from "./sort.ts"

/** Counts the keys that pass a test. A key that occurs twice counts twice. */
const counting = (given: Args.Given, is: (db: Database, key: Bytes) => boolean): Command =>
  atLeast(1, given, (db, ...keys) => keys.filter((key) => is(db, key)).length)

const expiring = (name: string, time: Args.Argument, unit: number, isRelative: boolean): Command =>
  exactly(2, [Args.key, time], (db, key, amount) => {
    const millis = Numbers.integer(amount) * unit
    if (Math.abs(millis) + db.now > Number.MAX_SAFE_INTEGER * 1024) {
      throw refuse(`invalid expire time in '${name}' command`)
    }
    return db.expireAt(key, isRelative ? db.now + millis : millis) ? 1 : 0
  })

const remaining = (unit: number): Command =>
  exactly(1, Args.ofKey, (db, key) => {
    if (!db.has(key)) return -2
    const at = db.expiry(key)
    return at === undefined ? -1 : Math.floor((at - db.now + unit / 2) / unit)
  })

export const keys: Commands = {
  del: counting([Args.body("keys")], (db, key) => db.delete(key)),
  exists: counting(Args.ofKeys, (db, key) => db.find(key) !== undefined),
  expire: expiring("expire", Args.body("seconds"), 1000, true),
  expireat: expiring("expireat", Args.body("timestamp"), 1000, false),
  keys: exactly(1, [Args.arg("pattern")], (db, pattern) => db.keys().filter(matcher(pattern))),
  object: exactly(2, [Args.arg("subcommand"), Args.key], (db, subcommand, key) => {
    const value = db.peek(key)
    const name = subcommand.toLowerCase()
    if (!["encoding", "freq", "idletime", "refcount"].includes(name)) {
      throw refuse(`unknown subcommand '${subcommand}'. Try OBJECT HELP.`)
    }
    if (value === undefined) return null
    if (name === "encoding") return encodingOf(value)
    if (name === "idletime") return Math.floor(db.idleMillis(key) / 1000)
    if (name === "refcount") return referencesOf(value)
    throw refuse(
      "An LFU maxmemory policy is not selected, access frequency not tracked. Please note that when switching between " +
        "policies at runtime LRU and LFU data will take some time to adjust."
    )
  }),
  persist: exactly(1, Args.ofKey, (db, key) => (db.expiry(key) !== undefined && db.expireAt(key, undefined) ? 1 : 0)),
  pexpire: expiring("pexpire", Args.body("milliseconds"), 1, true),
  pexpireat: expiring("pexpireat", Args.body("timestamp"), 1, false),
  pttl: remaining(1),
  randomkey: exactly(0, [], (db) => {
    const all = db.keys()
    return all[Math.floor(db.random() * all.length)] ?? null
  }),
  rename: exactly(2, [Args.key, Args.body("newkey")], (db, key, name) => {
    db.rename(key, name)
    return "OK"
  }),
  renamenx: exactly(2, [Args.key, Args.body("newkey")], (db, key, name) => {
    if (!db.has(key)) throw refuse("no such key")
    if (db.has(name)) return 0
    db.rename(key, name)
    return 1
  }),
  scan: atLeast(
    1,
    [Args.arg("cursor"), ...Args.scanning],
    (db, cursor, ...options) => scan(cursor, options, () => ({ elements: db.keys(), inPages: true }))
  ),
  sort,
  touch: counting([Args.body("keys")], (db, key) => db.find(key) !== undefined),
  ttl: remaining(1000),
  type: exactly(1, Args.ofKey, (db, key) => {
    const kind = db.peek(key)?.kind ?? "none"
    return kind === "hyperloglog" ? "string" : kind
  })
}
