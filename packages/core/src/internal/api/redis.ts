/**
 * The parts of Redis commands (spec 4.11): how a command is declared, how its options are sent, and how its result is
 * read.
 */
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

/** A command whose options differ from Kuzzle's. `layOut` converts them. The declaration lists Kuzzle's options. */
export const laidOut = <Options extends Action.CallOptions, Result>(
  layOut: (options: Options) => Wire,
  declaration: Command<Wire, Result>
): Action.Action<Options, Result, RedisError> => Action.mapInput(command(declaration), layOut)

// -------------------------------------------------------------------------------------------------------------------
// options
// -------------------------------------------------------------------------------------------------------------------

type Value = string | number

/**
 * Makes a falsy value truthy, because Kuzzle treats a falsy value as absent (spec 8, E15). The text `"0"` is truthy. So
 * is a list, which Kuzzle flattens.
 */
const present = (value: Value) => (value === "" ? [""] : value === 0 ? "0" : value)

/** Writes an infinite number as text, because JSON has no infinity. Redis reads the text as a number. */
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

/** Always requests the scores with the members, so that all answers have one shape. */
export const withScores = (options: Action.CallOptions): Wire => ({ ...options, options: ["withscores"] })

export const boundsWithScores = (options: Action.CallOptions & Bounds): Wire => withScores(bounds(options))

/** Always requests the distance and the coordinates, so that all answers have one shape. */
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
// results
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

/** Without a count, Redis answers with a single element or `null` instead of a list. */
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

/** A remaining lifetime. Redis answers -2 if the key does not exist, and -1 if it does not expire. */
export const remaining = Shape.read(
  Shape.number,
  (result) => result === -2 ? Option.none<number>() : Option.some(result === -1 ? Infinity : result)
)

/** A position. Redis answers -1 if nothing was found. */
export const position = Shape.read(
  Shape.number,
  (result) => result === -1 ? Option.none<number>() : Option.some(result)
)

/** The length of a list. Redis answers 0 if the list does not exist, and -1 if the element does not exist. */
export const length = Shape.read(
  Shape.number,
  (result) => result === 0 || result === -1 ? Option.none<number>() : Option.some(result)
)

/** A flat list of pairs: each first element is followed by its second one. */
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

/** Makes a value of each pair in a flat list. */
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

/**
 * The outcomes of a transaction. Kuzzle answers `[null, result]` for a step that succeeded. For a step that Redis
 * refused, it answers `[{}]`, an error without a message.
 */
export const outcomes = Shape.read(
  Shape.array(Shape.tuple(Shape.nullable(Shape.object<object>()), Shape.unknown)),
  (result): ReadonlyArray<Option.Option<unknown>> =>
    result.map(([error, result]) => error === null ? Option.some(result) : Option.none())
)
