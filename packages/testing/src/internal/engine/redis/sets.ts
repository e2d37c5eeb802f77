/**
 * Sets.
 */
import { error } from "../errors.ts"
import * as Args from "./arguments.ts"
import type { Bytes } from "./bytes.ts"
import { atLeast, type Command, type Commands, exactly } from "./command.ts"
import type { Database } from "./database.ts"
import { encodingOf } from "./encoding.ts"
import { Members } from "./members.ts"
import * as Numbers from "./numbers.ts"
import { scan } from "./scan.ts"

/** With a negative count, Redis returns that many members, even if the set has fewer. The engine has this limit. */
const maxPicked = 1_000_000

type Read = ReadonlySet<Bytes>

const none: Read = new Set()

const read = (db: Database, key: Bytes): Read => db.get(key, "set")?.members ?? none

const open = (db: Database, key: Bytes): Members =>
  db.open(key, "set", () => ({ kind: "set", members: new Members() })).members

/** A random member. The set must not be empty. */
const pick = (db: Database, members: ReadonlyArray<Bytes>): Bytes => members[Math.floor(db.random() * members.length)]!

/** Picks `count` different members at random. */
const pickSome = (db: Database, members: Read, count: number): ReadonlyArray<Bytes> => {
  const rest = [...members]
  const picked: Array<Bytes> = []
  while (picked.length < count && rest.length > 0) {
    picked.push(...rest.splice(Math.floor(db.random() * rest.length), 1))
  }
  return picked
}

type Operation = (sets: ReadonlyArray<Read>) => ReadonlyArray<Bytes>

const difference: Operation = ([first = none, ...others]) =>
  [...first].filter((member) => !others.some((set) => set.has(member)))
const intersection: Operation = ([first = none, ...others]) =>
  [...first].filter((member) => others.every((set) => set.has(member)))
const union: Operation = (sets) => [...new Set(sets.flatMap((set) => [...set]))]

const combined = (given: Args.Given, operation: Operation): Command =>
  atLeast(1, given, (db, ...keys) => operation(keys.map((key) => read(db, key))))

const stored = (given: Args.Given, operation: Operation): Command =>
  atLeast(2, given, (db, destination, ...keys) => {
    const members = operation(keys.map((key) => read(db, key)))
    db.set(destination, { kind: "set", members: new Members(members) })
    db.prune(destination)
    return members.length
  })

export const sets: Commands = {
  sadd: atLeast(2, [Args.key, Args.body("members", Args.optional)], (db, key, ...members) => {
    const set = open(db, key)
    const before = set.size
    for (const member of members) set.add(member)
    return set.size - before
  }),
  scard: exactly(1, Args.ofKey, (db, key) => read(db, key).size),
  sdiff: combined([Args.key, Args.arg("keys", Args.lists)], difference),
  sdiffstore: stored([Args.body("destination"), Args.key, Args.body("keys")], difference),
  sinter: combined(Args.ofKeys, intersection),
  sinterstore: stored([Args.body("destination"), Args.body("keys")], intersection),
  sismember: exactly(2, Args.ofMember, (db, key, member) => (read(db, key).has(member) ? 1 : 0)),
  smembers: exactly(1, Args.ofKey, (db, key) => [...read(db, key)]),
  smove: exactly(3, [Args.key, Args.body("destination"), Args.body("member")], (db, source, destination, member) => {
    const from = db.get(source, "set")
    if (from === undefined) return 0
    const isThere = from.members.has(member)
    read(db, destination)
    if (!isThere) return 0
    from.members.delete(member)
    open(db, destination).add(member)
    db.prune(source)
    return 1
  }),
  spop: atLeast(1, [Args.key, Args.body("count", Args.optional)], (db, key, ...counts) => {
    const requested = counts[0] === undefined ? undefined : Numbers.natural(counts[0])
    const members = db.get(key, "set")?.members
    const picked: Array<Bytes> = []
    while (members !== undefined && members.size > 0 && picked.length < (requested ?? 1)) {
      picked.push(members.take(db.random())!)
    }
    db.prune(key)
    return requested === undefined ? picked[0] ?? null : picked
  }),
  srandmember: atLeast(1, [Args.key, Args.arg("count", Args.optional)], (db, key, ...counts) => {
    const requested = counts[0] === undefined ? undefined : Numbers.integer(counts[0])
    const members = [...read(db, key)]
    if (requested === undefined) return members.length === 0 ? null : pick(db, members)
    if (requested >= 0 || members.length === 0) return pickSome(db, new Set(members), requested)
    if (-requested > maxPicked) {
      throw error("testing.engine.not_implemented", `ms:srandmember of more than ${maxPicked}`)
    }
    return Array.from({ length: -requested }, () => pick(db, members))
  }),
  srem: atLeast(2, [Args.key, Args.body("members", Args.optional)], (db, key, ...members) => {
    const set = db.get(key, "set")
    const removed = members.filter((member) => set?.members.delete(member) === true).length
    db.prune(key)
    return removed
  }),
  sscan: atLeast(2, [Args.key, Args.arg("cursor"), ...Args.scanning], (db, key, cursor, ...options) => {
    return scan(cursor, options, () => {
      const set = db.get(key, "set")
      return set && { elements: [...set.members], inPages: encodingOf(set) === "hashtable" }
    })
  }),
  sunion: combined(Args.ofKeys, union),
  sunionstore: stored([Args.body("destination"), Args.body("keys")], union)
}
