/**
 * Adds mistakes to a correct request. Of two mistakes the server reports the one that it checks first, so pairs of mistakes
 * compare the order of the checks.
 */
import { FastCheck as fc } from "effect"
import type { Ask } from "./request.ts"

/** The place of a mistake: an argument, the body, or a member of the body. */
type Place = readonly [argument: string, member?: string]

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value)

/** `undefined` removes the member. Texts begin with `RUN`, so that they never name anything of another sequence. */
const anything: ReadonlyArray<unknown> = [
  undefined,
  undefined,
  null,
  "",
  "RUN-x",
  [],
  {},
  ["RUN-x"],
  { "RUN-x": 1 },
  true,
  42
]
/** Numbers and booleans are excluded: a token would expire during the sequence, and a timer would report it at a random time. */
const durations = anything.filter((value) => typeof value !== "number" && typeof value !== "boolean")
/** Values that a server would take as a name begin with `RUN`. "" is excluded, because it is a valid name of a key. */
const names: ReadonlyArray<unknown> = [undefined, undefined, null, "RUN-ABSENT", "RUN-%x", "RUN-x", []]
/** Lists are excluded: the text of an empty list is the key "". */
const keys = names.filter((name) => !Array.isArray(name))
const tokens: ReadonlyArray<unknown> = ["garbage", "", 42, null]
const volatiles: ReadonlyArray<unknown> = [{ sdkName: "js@6.0.0" }, { sdkVersion: "1" }, 42, []]

const named = new Set(["index", "key", "keys", "source", "sources", "destination", "newkey", "username", "indexes"])

const placesOf = (ask: Ask): ReadonlyArray<Place> => [
  ...Object.keys(ask).filter((name) => name !== "controller" && name !== "action").map((name): Place => [name]),
  ...(isObject(ask.body) ? Object.keys(ask.body).map((name): Place => ["body", name]) : []),
  ["jwt"],
  ["volatile"]
]

const valuesFor = (ask: Ask, argument: string, member: string | undefined): ReadonlyArray<unknown> => {
  if (argument === "jwt") return tokens
  if (argument === "volatile") return volatiles
  // The real server takes methods of a list for arguments of the same name (`entries`, `values`).
  if (ask.controller === "ms" && argument === "body" && member === undefined) {
    return anything.filter((value) => !Array.isArray(value))
  }
  const name = member ?? argument
  if (name === "expiresIn") return durations
  // An id that the server generates sorts by chance, so the id is always present.
  if (name === "_id" && (ask.controller === "document" || ask.controller === "bulk")) return anything.filter(Boolean)
  if (ask.controller === "ms" && (name === "_id" || named.has(name))) return keys
  return named.has(name) ? names : anything
}

const without = (object: Readonly<Record<string, unknown>>, name: string) =>
  Object.fromEntries(Object.entries(object).filter(([key]) => key !== name))

const put = (object: Readonly<Record<string, unknown>>, name: string, value: unknown) =>
  value === undefined ? without(object, name) : { ...object, [name]: value }

const make = (ask: Ask, { place, value }: { readonly place: number; readonly value: number }): Ask => {
  const places = placesOf(ask)
  const [argument, member] = places[place % places.length]!
  const values = valuesFor(ask, argument, member)
  const chosen = values[value % values.length]
  const changed = member === undefined || !isObject(ask.body)
    ? put(ask, argument, chosen)
    : { ...ask, body: put(ask.body, member, chosen) }
  return { ...changed, controller: ask.controller, action: ask.action }
}

const mistake = fc.record({ place: fc.nat(1000), value: fc.nat(1000) })

/** The request with one or two mistakes. In rare cases a mistake is harmless, or reverts the other. */
export const mistaken = (request: fc.Arbitrary<Ask>): fc.Arbitrary<Ask> =>
  fc.tuple(request, fc.array(mistake, { minLength: 1, maxLength: 2, size: "max" })).map(([ask, mistakes]) =>
    mistakes.reduce(make, ask)
  )
