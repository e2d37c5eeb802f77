/**
 * Sorted sets.
 */
import * as Args from "./arguments.ts"
import type { Bytes } from "./bytes.ts"
import { atLeast, type Command, type Commands, exactly, pairs, span } from "./command.ts"
import type { Database } from "./database.ts"
import { encodingOf } from "./encoding.ts"
import { refuse, syntaxError, wrongType } from "./errors.ts"
import * as Numbers from "./numbers.ts"
import { byLex, byScore, type Within } from "./ranges.ts"
import { scan } from "./scan.ts"
import * as Scores from "./scores.ts"

type Scored = Scores.Scored

export const read = (db: Database, key: Bytes): Scores.Scores => db.get(key, "zset")?.scores ?? new Scores.Scores()

export const open = (db: Database, key: Bytes): Scores.Scores =>
  db.open(key, "zset", () => ({ kind: "zset", scores: new Scores.Scores() })).scores

const repliesOf = (members: ReadonlyArray<Scored>, withScores: boolean): ReadonlyArray<Bytes> =>
  members.flatMap(([member, score]) => withScores ? [member, Numbers.formatFloat(score)] : [member])

// -------------------------------------------------------------------------------------------------------------------
// writing
// -------------------------------------------------------------------------------------------------------------------

interface Conditions {
  readonly nx: boolean
  readonly xx: boolean
}

const flags = new Set(["NX", "XX", "CH", "INCR"])

/** Turns -0 into 0. Redis answers with a computed -0 but stores 0, because small sets store integers as integers. */
const unsigned = (score: number): number => score + 0

/** The new score of a member, or `undefined` if the conditions prevent the write. */
const write = (
  scores: Map<Bytes, number>,
  member: Bytes,
  score: number,
  { nx, xx }: Conditions,
  add: boolean
): number | undefined => {
  const before = scores.get(member)
  if (before === undefined ? xx : nx) return undefined
  const after = add && before !== undefined ? before + score : score
  if (Number.isNaN(after)) throw refuse("resulting score is not a number (NaN)")
  scores.set(member, unsigned(after))
  return after
}

const zadd = atLeast(3, Args.ofZadd, (db, key, ...args) => {
  const options = new Set<Bytes>()
  let at = 0
  for (; flags.has(args[at]?.toUpperCase() ?? ""); at++) options.add(args[at]!.toUpperCase())
  const rest = args.slice(at)
  if (rest.length === 0 || rest.length % 2 === 1) throw syntaxError()
  const conditions = { nx: options.has("NX"), xx: options.has("XX") }
  const elements = pairs(rest).map(([score, member]) => [member, Numbers.float(score)] as const)
  const existing = db.get(key, "zset")
  if (existing === undefined && conditions.xx) return options.has("INCR") ? null : 0
  const scores = existing?.scores ?? open(db, key)
  let added = 0
  let changed = 0
  for (const [member, score] of elements) {
    const before = scores.get(member)
    const after = write(scores, member, score, conditions, options.has("INCR"))
    if (options.has("INCR")) {
      db.prune(key)
      return after === undefined ? null : Numbers.formatFloat(after)
    }
    if (after === undefined) continue
    if (before === undefined) added++
    else if (before !== after) changed++
  }
  db.prune(key)
  return options.has("CH") ? added + changed : added
})

/**
 * The members within the bounds. For bounds by bytes, Redis does not specify the result if the scores differ.
 */
const inside = (db: Database, key: Bytes, within: Within): ReadonlyArray<Scored> =>
  read(db, key).sorted.filter(([member, score]) => within(score, member))

/** A command that removes the members within bounds. The bounds are checked before the key is read. */
const removing = (
  given: Args.Given,
  bounds: (min: Bytes, max: Bytes) => (db: Database, key: Bytes) => ReadonlyArray<Scored>
): Command =>
  exactly(3, given, (db, key, min, max) => {
    const members = bounds(min, max)(db, key)
    const zset = db.get(key, "zset")
    for (const [member] of members) zset?.scores.delete(member)
    db.prune(key)
    return members.length
  })

const removingWithin = (range: (min: Bytes, max: Bytes) => Within): Command =>
  removing([Args.key, Args.body("min"), Args.body("max")], (min, max) => {
    const within = range(min, max)
    return (db, key) => inside(db, key, within)
  })

// -------------------------------------------------------------------------------------------------------------------
// reading
// -------------------------------------------------------------------------------------------------------------------

const counting = (range: (min: Bytes, max: Bytes) => Within): Command =>
  exactly(
    3,
    [Args.key, Args.arg("min"), Args.arg("max")],
    (db, key, min, max) => inside(db, key, range(min, max)).length
  )

interface RangeOptions {
  by: "rank" | "score" | "lex"
  reverse: boolean
  withScores: boolean
  limit: readonly [offset: number, count: number] | undefined
}

const rangeOptions = (
  base: Omit<RangeOptions, "limit" | "withScores">,
  options: ReadonlyArray<Bytes>,
  allowsOrder: boolean
) => {
  const result: RangeOptions = { ...base, withScores: false, limit: undefined }
  for (let i = 0; i < options.length; i++) {
    const option = options[i]!.toUpperCase()
    if (option === "WITHSCORES") result.withScores = true
    else if (option === "LIMIT" && i + 2 < options.length) {
      result.limit = [Numbers.integer(options[i + 1]!), Numbers.integer(options[i + 2]!)]
      i += 2
    } else if (allowsOrder && option === "REV") result.reverse = true
    else if (allowsOrder && option === "BYSCORE") result.by = "score"
    else if (allowsOrder && option === "BYLEX") result.by = "lex"
    else throw syntaxError()
  }
  if (result.limit !== undefined && result.by === "rank") {
    throw refuse("syntax error, LIMIT is only supported in combination with either BYSCORE or BYLEX")
  }
  if (result.withScores && result.by === "lex") {
    throw refuse("syntax error, WITHSCORES not supported in combination with BYLEX")
  }
  return result
}

/** `zrange` and similar commands. Only `zrange` itself (`allowsOrder`) has options for the order and its criterion. */
const range = (given: Args.Given, base: Omit<RangeOptions, "limit" | "withScores">, allowsOrder = false): Command =>
  atLeast(3, given, (db, key, start, stop, ...args) => {
    const { by, limit, reverse, withScores } = rangeOptions(base, args, allowsOrder)
    const ordered = (members: ReadonlyArray<Scored>) => (reverse ? [...members].reverse() : members)
    if (by === "rank") {
      const [from, to] = [Numbers.integer(start), Numbers.integer(stop)]
      const members = read(db, key).sorted
      const { length } = members
      const [first, end] = span(length, from, to)
      return repliesOf(
        reverse ? members.slice(length - end, length - first).reverse() : members.slice(first, end),
        withScores
      )
    }
    const [min, max] = reverse ? [stop, start] : [start, stop]
    const members = ordered(inside(db, key, by === "score" ? byScore(min, max) : byLex(min, max)))
    const [offset, count] = limit ?? [0, -1]
    if (offset < 0) return []
    return repliesOf(count < 0 ? members.slice(offset) : members.slice(offset, offset + count), withScores)
  })

const ranking = (reverse: boolean): Command =>
  exactly(2, Args.ofMember, (db, key, member) => {
    const scores = read(db, key)
    if (!scores.has(member)) return null
    const rank = scores.sorted.findIndex(([name]) => name === member)
    return reverse ? scores.size - 1 - rank : rank
  })

// -------------------------------------------------------------------------------------------------------------------
// many sets
// -------------------------------------------------------------------------------------------------------------------

/** Turns NaN into 0. In Redis, the sum of both infinities is 0, and so is 0 times infinity. */
const orZero = (n: number): number => (Number.isNaN(n) ? 0 : n)

const aggregates: { readonly [name: string]: (a: number, b: number) => number } = {
  SUM: (a, b) => orZero(a + b),
  MIN: Math.min,
  MAX: Math.max
}

/** The members and scores of a sorted set, or of a set. The members of a set have the score 1. */
const asScores = (db: Database, key: Bytes): ReadonlyMap<Bytes, number> => {
  const value = db.find(key)
  if (value === undefined) return new Map()
  if (value.kind === "zset") return value.scores
  if (value.kind === "set") return new Map([...value.members].map((member) => [member, 1]))
  throw wrongType()
}

const storing = (isIncluded: (member: Bytes, sets: ReadonlyArray<ReadonlyMap<Bytes, number>>) => boolean): Command =>
  atLeast(3, Args.ofZstore, (db, destination, numberOfKeys, ...args) => {
    const count = Numbers.integer(numberOfKeys)
    if (count > args.length) throw syntaxError()
    const sets = args.slice(0, count).map((key) => asScores(db, key))
    let weights = sets.map(() => 1)
    let aggregate = aggregates.SUM!
    let rest = args.slice(count)
    while (rest.length > 0) {
      const name = rest[0]!.toUpperCase()
      const chosen = aggregates[rest[1]?.toUpperCase() ?? ""]
      if (name === "WEIGHTS" && rest.length > count) {
        weights = rest.slice(1, count + 1).map((weight) =>
          Numbers.float(weight, () => refuse("weight value is not a float"))
        )
        rest = rest.slice(count + 1)
      } else if (name === "AGGREGATE" && chosen !== undefined) {
        aggregate = chosen
        rest = rest.slice(2)
      } else throw syntaxError()
    }
    const scores = new Scores.Scores()
    sets.forEach((set, i) => {
      for (const [member, score] of set) {
        if (!isIncluded(member, sets)) continue
        const weighted = orZero(score * weights[i]!)
        const before = scores.get(member)
        scores.set(member, unsigned(before === undefined ? weighted : aggregate(before, weighted)))
      }
    })
    db.set(destination, { kind: "zset", scores })
    db.prune(destination)
    return scores.size
  })

export const sortedSets: Commands = {
  zadd,
  zcard: exactly(1, Args.ofKey, (db, key) => read(db, key).size),
  zcount: counting(byScore),
  zincrby: exactly(3, [Args.key, Args.body("value"), Args.body("member")], (db, key, by, member) => {
    const amount = Numbers.float(by)
    const after = write(open(db, key), member, amount, { nx: false, xx: false }, true)
    return Numbers.formatFloat(after ?? 0)
  }),
  zinterstore: storing((member, sets) => sets.every((set) => set.has(member))),
  zlexcount: counting(byLex),
  zrange: range([Args.key, Args.arg("start"), Args.arg("stop"), Args.words], { by: "rank", reverse: false }, true),
  zrangebylex: range([Args.key, Args.arg("min"), Args.arg("max"), Args.limit], { by: "lex", reverse: false }),
  zrangebyscore: range([Args.key, Args.arg("min"), Args.arg("max"), Args.words, Args.limit], {
    by: "score",
    reverse: false
  }),
  zrank: ranking(false),
  zrem: atLeast(2, [Args.key, Args.body("members")], (db, key, ...members) => {
    const zset = db.get(key, "zset")
    const removed = members.filter((member) => zset?.scores.delete(member) === true).length
    db.prune(key)
    return removed
  }),
  zremrangebylex: removingWithin(byLex),
  zremrangebyrank: removing(
    [Args.key, Args.body("min", { member: "start" }), Args.body("max", { member: "stop" })],
    (start, stop) => {
      const [from, to] = [Numbers.integer(start), Numbers.integer(stop)]
      return (db, key) => {
        const members = read(db, key).sorted
        return members.slice(...span(members.length, from, to))
      }
    }
  ),
  zremrangebyscore: removingWithin(byScore),
  zrevrange: range([Args.key, Args.arg("start"), Args.arg("stop"), Args.words], { by: "rank", reverse: true }),
  zrevrangebylex: range([Args.key, Args.arg("max"), Args.arg("min"), Args.limit], { by: "lex", reverse: true }),
  zrevrangebyscore: range([Args.key, Args.arg("max"), Args.arg("min"), Args.words, Args.limit], {
    by: "score",
    reverse: true
  }),
  zrevrank: ranking(true),
  zscan: atLeast(2, [Args.key, Args.arg("cursor"), ...Args.scanning], (db, key, cursor, ...options) => {
    const [next, members] = scan(cursor, options, () => {
      const zset = db.get(key, "zset")
      return zset && {
        elements: zset.scores.sorted.map(([member]) => member),
        inPages: encodingOf(zset) === "skiplist"
      }
    })
    return [next, repliesOf(members.map((member) => [member, read(db, key).get(member)!]), true)]
  }),
  zscore: exactly(2, Args.ofMember, (db, key, member) => {
    const score = read(db, key).get(member)
    return score === undefined ? null : Numbers.formatFloat(score)
  }),
  zunionstore: storing(() => true)
}
