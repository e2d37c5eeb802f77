/** The commands of Redis behind Kuzzle (spec 4.11): what makes one, what is sent, and what comes back, as values. */
import * as Option from "effect/Option"
import { RedisError } from "../../KuzzleActionError.ts"
import * as Action from "../client/action.ts"
import * as Shape from "../data/shape.ts"

type Command<Options, Result> = Omit<Action.Declaration<Options, Result, RedisError>, "controller" | "errors">

export const command = <Options extends Action.CallOptions, Result>(
  declaration: Command<Options, Result>
): Action.Action<Options, Result, RedisError> => Action.make({ ...declaration, controller: "ms", errors: [RedisError] })

/** The options in Kuzzle's form. */
type Wire = Action.CallOptions & { readonly [argument: string]: unknown }

/** A command whose options differ from those that Kuzzle accepts. The declaration has those of Kuzzle. */
export const laidOut = <Options extends Action.CallOptions, Result>(
  layOut: (options: Options) => Wire,
  declaration: Command<Wire, Result>
): Action.Action<Options, Result, RedisError> => Action.mapInput(command(declaration), layOut)

// -------------------------------------------------------------------------------------------------------------------
// what is sent
// -------------------------------------------------------------------------------------------------------------------

type Value = string | number

/** Kuzzle treats a falsy value as absent (spec 8, E15). The text `"0"` is not falsy, nor is a list, which Kuzzle flattens. */
const present = (value: Value) => (value === "" ? [""] : value === 0 ? "0" : value)

/** JSON knows no infinity; Redis does, as text. */
const finite = (value: Value): Value => (value === Infinity || value === -Infinity ? String(value) : value)

interface Element {
  readonly member: Value
  readonly score: number
}

const element = ({ member, score }: Element) => ({ score: finite(score), member: present(member) })

export const elements = (
  { elements, ...options }: Action.CallOptions & { readonly elements: ReadonlyArray<Element> }
): Wire => ({ ...options, elements: elements.map(element) })

export const increment = ({ member, score, ...options }: Action.CallOptions & Element): Wire => ({
  ...options,
  elements: [element({ member, score })],
  incr: true
})

export const amount = ({ value, ...options }: Action.CallOptions & { readonly value: number }): Wire => ({
  ...options,
  value: finite(value)
})

export const entries = (
  { entries, ...options }: Action.CallOptions & {
    readonly entries: ReadonlyArray<{ readonly key: string; readonly value: Value }>
  }
): Wire => ({ ...options, entries: entries.map(({ key, value }) => ({ key: present(key), value: present(value) })) })

export const fields = (
  { entries, ...options }: Action.CallOptions & {
    readonly entries: ReadonlyArray<{ readonly field: string; readonly value: Value }>
  }
): Wire => ({
  ...options,
  entries: entries.map(({ field, value }) => ({ field: present(field), value: present(value) }))
})

export const points = (
  { points, ...options }: Action.CallOptions & {
    readonly points: ReadonlyArray<{ readonly lon: number; readonly lat: number; readonly name: string }>
  }
): Wire => ({
  ...options,
  points: points.map(({ lat, lon, name }) => ({ lon: present(lon), lat: present(lat), name: present(name) }))
})

interface Bounds {
  readonly min: Value
  readonly max: Value
}

export const bounds = ({ max, min, ...options }: Action.CallOptions & Bounds): Wire => ({
  ...options,
  min: finite(min),
  max: finite(max)
})

/** Scores always come with the members: one shape of the answer. */
export const withScores = (options: Action.CallOptions): Wire => ({ ...options, options: ["withscores"] })

export const boundsWithScores = (options: Action.CallOptions & Bounds): Wire => withScores(bounds(options))

/** So do the distance and the place. */
export const radius = (
  { count, sort, ...options }: Action.CallOptions & {
    readonly count?: number | undefined
    readonly sort?: "asc" | "desc" | undefined
  }
): Wire => ({
  ...options,
  options: [
    "withcoord",
    "withdist",
    ...(count === undefined ? [] : ["count", count]),
    ...(sort === undefined ? [] : [sort])
  ]
})

// -------------------------------------------------------------------------------------------------------------------
// what comes back
// -------------------------------------------------------------------------------------------------------------------

export const count = Shape.whole(Shape.number)

export const string = Shape.whole(Shape.string)

export const strings = Shape.whole(Shape.array(Shape.string))

export const flag = Shape.read(Shape.literal(0, 1), (result) => result === 1)

/** `OK`, or `null` if a condition of the command was not met. */
export const written = Shape.read(Shape.nullable(Shape.literal("OK")), (result) => result === "OK")

export const option = Shape.read(Shape.nullable(Shape.string), Option.fromNullable)

export const optionalCount = Shape.read(Shape.nullable(Shape.number), Option.fromNullable)

export const options = Shape.read(
  Shape.array(Shape.nullable(Shape.string)),
  (result): ReadonlyArray<Option.Option<string>> => result.map(Option.fromNullable)
)

/** Without a count Redis answers with the element, or `null`. */
export const list = Shape.read(
  Shape.or(Shape.nullable(Shape.string), Shape.array(Shape.string)),
  (result): ReadonlyArray<string> => result === null ? [] : typeof result === "string" ? [result] : result
)

const numberOf = (text: string): number => text === "inf" ? Infinity : text === "-inf" ? -Infinity : Number(text)

/** Redis returns fractional numbers as text. */
const digits = Shape.format("a string of digits", (text) => text.trim() !== "" && !Number.isNaN(numberOf(text)))

export const float = Shape.read(digits, numberOf)

export const optionalFloat = Shape.read(
  Shape.nullable(digits),
  (result) => Option.map(Option.fromNullable(result), numberOf)
)

/** -2: there is no such key; -1: it lives for ever. */
export const remaining = Shape.read(
  Shape.number,
  (result) => result === -2 ? Option.none<number>() : Option.some(result === -1 ? Infinity : result)
)

/** -1: nowhere. */
export const position = Shape.read(
  Shape.number,
  (result) => result === -1 ? Option.none<number>() : Option.some(result)
)

/** 0: there is no such list; -1: there is no such element. */
export const length = Shape.read(
  Shape.number,
  (result) => result === 0 || result === -1 ? Option.none<number>() : Option.some(result)
)

/** A flat list of pairs: the two elements of each pair follow one another. */
const flat = (second: Shape.Shape<string>): Shape.Shape<ReadonlyArray<string>> => (value) => {
  if (!Array.isArray(value)) return new Shape.Issue("", "an array", value)
  // With an odd number of elements, the last pair is incomplete.
  for (let i = 0; i < value.length + value.length % 2; i++) {
    const issue = (i % 2 === 0 ? Shape.string : second)(value[i])
    if (issue !== undefined) return issue.within(`[${i}]`)
  }
  return undefined
}

const scores = flat(digits)

/** Makes one value of each two elements of a list. */
const pairs = <A>(values: ReadonlyArray<string>, make: (first: string, second: string) => A): ReadonlyArray<A> => {
  const result: Array<A> = []
  for (let i = 0; i + 1 < values.length; i += 2) result.push(make(values[i] ?? "", values[i + 1] ?? ""))
  return result
}

const scoredMember = (member: string, score: string) => ({ member, score: numberOf(score) })

export const scored = Shape.read(scores, (result) => pairs(result, scoredMember))

const scanned = <A>(values: Shape.Shape<A>) => Shape.tuple(Shape.string, values)

export const page = Shape.read(
  scanned(Shape.array(Shape.string)),
  ([cursor, values]) => ({ cursor, values })
)

export const fieldPage = Shape.read(
  scanned(flat(Shape.string)),
  ([cursor, values]) => ({ cursor, values: pairs(values, (field, value) => ({ field, value })) })
)

export const scoredPage = Shape.read(
  scanned(scores),
  ([cursor, values]) => ({ cursor, values: pairs(values, scoredMember) })
)

const place = Shape.tuple(digits, digits)

const coordinates = ([lon, lat]: readonly [lon: string, lat: string]) => ({
  lon: Number(lon),
  lat: Number(lat)
})

export const places = Shape.read(
  Shape.array(Shape.nullable(place)),
  (result) => result.map((place) => Option.map(Option.fromNullable(place), coordinates))
)

export const hits = Shape.read(
  Shape.array(Shape.tuple(Shape.string, digits, place)),
  (result) =>
    result.map(([name, distance, place]) => ({ name, distance: Number(distance), coordinates: coordinates(place) }))
)

export const time = Shape.read(
  Shape.tuple(digits, digits),
  ([seconds, microseconds]) => ({ seconds: Number(seconds), microseconds: Number(microseconds) })
)

/** `[null, result]` for a step that succeeded; `[{}]`, an error without a message, for one that Redis refused. */
export const outcomes = Shape.read(
  Shape.array(Shape.tuple(Shape.nullable(Shape.object<object>()), Shape.unknown)),
  (result): ReadonlyArray<Option.Option<unknown>> =>
    result.map(([error, result]) => error === null ? Option.some(result) : Option.none())
)
