/**
 * Commands on places. A place is a member of a sorted set.
 */
import * as Args from "./arguments.ts"
import type { Bytes } from "./bytes.ts"
import { atLeast, type Command, type Commands, type Reply } from "./command.ts"
import type { Database } from "./database.ts"
import { refuse, syntaxError } from "./errors.ts"
import * as Geohash from "./geohash.ts"
import * as Numbers from "./numbers.ts"
import { Scores } from "./scores.ts"
import { open, read } from "./sortedSets.ts"

const units: { readonly [name: string]: number } = { M: 1, KM: 1000, FT: 0.3048, MI: 1609.34 }

const metresOf = (unit: Bytes): number => {
  const metres = units[unit.toUpperCase()]
  if (metres === undefined) throw refuse("unsupported unit provided. please use M, KM, FT, MI")
  return metres
}

const place = (lon: Bytes, lat: Bytes): Geohash.Place => {
  const result = { lon: Numbers.float(lon), lat: Numbers.float(lat) }
  if (Math.abs(result.lon) > Geohash.limits.lon || Math.abs(result.lat) > Geohash.limits.lat) {
    throw refuse(`invalid longitude,latitude pair ${result.lon.toFixed(6)},${result.lat.toFixed(6)}`)
  }
  return result
}

const coordinatesOf = ({ lat, lon }: Geohash.Place): ReadonlyArray<Bytes> =>
  [lon, lat].map((degrees) => Numbers.withoutZeros(degrees.toFixed(17)))

interface Search {
  readonly withCoordinates: boolean
  readonly withDistance: boolean
  readonly withHash: boolean
  readonly count: number | undefined
  readonly any: boolean
  readonly order: "asc" | "desc" | undefined
  readonly store: { readonly key: Bytes; readonly distances: boolean } | undefined
}

const searchOptions = (args: ReadonlyArray<Bytes>): Search => {
  let search: Search = {
    withCoordinates: false,
    withDistance: false,
    withHash: false,
    count: undefined,
    any: false,
    order: undefined,
    store: undefined
  }
  for (let i = 0; i < args.length; i++) {
    const name = args[i]!.toUpperCase()
    const next = args[i + 1]
    if (name === "WITHCOORD") search = { ...search, withCoordinates: true }
    else if (name === "WITHDIST") search = { ...search, withDistance: true }
    else if (name === "WITHHASH") search = { ...search, withHash: true }
    else if (name === "ANY") search = { ...search, any: true }
    else if (name === "ASC") search = { ...search, order: "asc" }
    else if (name === "DESC") search = { ...search, order: "desc" }
    else if (name === "COUNT" && next !== undefined) {
      const count = Numbers.integer(next)
      if (count <= 0) throw refuse("COUNT must be > 0")
      search = { ...search, count }
      i++
    } else if ((name === "STORE" || name === "STOREDIST") && next !== undefined) {
      search = { ...search, store: { key: next, distances: name === "STOREDIST" } }
      i++
    } else throw syntaxError()
  }
  if (search.any && search.count === undefined) throw refuse("the ANY argument requires COUNT argument")
  return search
}

const searchRadius = (
  db: Database,
  key: Bytes,
  center: Geohash.Place,
  radius: Bytes,
  unit: Bytes,
  options: ReadonlyArray<Bytes>
): Reply => {
  const failure = () => refuse("need numeric radius")
  const length = Numbers.float(radius, failure)
  if (length < 0) throw refuse("radius cannot be negative")
  const metres = metresOf(unit)
  const { any, count, order, store, withCoordinates, withDistance, withHash } = searchOptions(options)
  if (store !== undefined && (withCoordinates || withDistance || withHash)) {
    throw refuse(
      "STORE option in GEORADIUS is not compatible with WITHDIST, WITHHASH and WITHCOORD options"
    )
  }
  const matches = read(db, key).sorted.flatMap(([member, score]) => {
    const location = Geohash.decode(score)
    const distance = Geohash.distance(center, location)
    return distance <= length * metres ? [{ member, score, where: location, distance: distance / metres }] : []
  })
  // With a limit, the nearest places are returned. With `any`, they may be any places within the radius.
  const sortOrder = order ?? (count === undefined || any ? undefined : "asc")
  if (sortOrder !== undefined) {
    matches.sort((a, b) => sortOrder === "asc" ? a.distance - b.distance : b.distance - a.distance)
  }
  const hits = matches.slice(0, count ?? matches.length)
  if (store !== undefined) {
    db.set(store.key, {
      kind: "zset",
      scores: new Scores(hits.map(({ distance, member, score }) => [member, store.distances ? distance : score]))
    })
    db.prune(store.key)
    return hits.length
  }
  return hits.map(({ distance, member, score, where }) =>
    withCoordinates || withDistance || withHash
      ? [
        member,
        ...(withDistance ? [distance.toFixed(4)] : []),
        ...(withHash ? [score] : []),
        ...(withCoordinates ? [coordinatesOf(where)] : [])
      ]
      : member
  )
}

const forEachMember = (describe: (score: number) => Reply): Command =>
  atLeast(1, Args.ofMembers, (db, key, ...members) => {
    const scores = read(db, key)
    return members.map((member) => {
      const score = scores.get(member)
      return score === undefined ? null : describe(score)
    })
  })

export const geo: Commands = {
  geoadd: atLeast(4, [Args.key, Args.points], (db, key, ...args) => {
    if (args.length % 3 !== 0) throw syntaxError()
    const places: Array<readonly [Bytes, number]> = []
    for (let i = 0; i < args.length; i += 3) {
      places.push([args[i + 2]!, Geohash.encode(place(args[i]!, args[i + 1]!))])
    }
    const scores = open(db, key)
    const before = scores.size
    for (const [member, score] of places) scores.set(member, score)
    return scores.size - before
  }),
  geodist: atLeast(
    3,
    [Args.key, Args.arg("member1"), Args.arg("member2"), Args.arg("unit", Args.optional)],
    (db, key, first, second, ...rest) => {
      if (rest.length > 1) throw syntaxError()
      const metres = metresOf(rest[0] ?? "M")
      const scores = read(db, key)
      const [from, to] = [scores.get(first), scores.get(second)]
      if (from === undefined || to === undefined) return null
      return (Geohash.distance(Geohash.decode(from), Geohash.decode(to)) / metres).toFixed(4)
    }
  ),
  geohash: forEachMember(Geohash.standard),
  geopos: forEachMember((score) => coordinatesOf(Geohash.decode(score))),
  georadius: atLeast(5, [
    Args.key,
    Args.arg("lon"),
    Args.arg("lat"),
    Args.arg("distance"),
    Args.arg("unit"),
    Args.words
  ], (db, key, lon, lat, radius, unit, ...options) => {
    read(db, key)
    return searchRadius(db, key, place(lon, lat), radius, unit, options)
  }),
  georadiusbymember: atLeast(
    4,
    [Args.key, Args.arg("member"), Args.arg("distance"), Args.arg("unit"), Args.words],
    (db, key, member, radius, unit, ...options) => {
      const scores = read(db, key)
      // If the key does not exist, only the options are checked.
      if (scores.size === 0) return searchRadius(db, key, { lon: 0, lat: 0 }, "0", "m", options)
      const score = scores.get(member)
      if (score === undefined) throw refuse("could not decode requested zset member")
      return searchRadius(db, key, Geohash.decode(score), radius, unit, options)
    }
  )
}
