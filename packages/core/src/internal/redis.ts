/** The commands of Redis behind Kuzzle (spec 4.11): what makes one, what is sent, and what comes back, as values. */
import * as Option from "effect/Option"
import { RedisError } from "../KuzzleActionError.ts"
import * as Action from "./action.ts"
import type { KuzzleResponse } from "./client.ts"

type Command<Options, Result> = Omit<Action.Declaration<Options, Result, RedisError>, "controller" | "errors">

export const command = <Options extends Action.CallOptions, Result>(
  declaration: Command<Options, Result>
): Action.Action<Options, Result, RedisError> => Action.make({ ...declaration, controller: "ms", errors: [RedisError] })

/** Options as Kuzzle takes them. */
type Wire = Action.CallOptions & { readonly [argument: string]: unknown }

/** A command that takes other options than Kuzzle does; the declaration is of what Kuzzle takes. */
export const laidOut = <Options extends Action.CallOptions, Result>(
  layOut: (options: Options) => Wire,
  declaration: Command<Wire, Result>
): Action.Action<Options, Result, RedisError> => Action.mapInput(command(declaration), layOut)

// -------------------------------------------------------------------------------------------------------------------
// what is sent
// -------------------------------------------------------------------------------------------------------------------

type Value = string | number

/** Kuzzle takes what is falsy for absent (spec 8, E15). The text of 0 is not, nor is a list, which is laid out flat. */
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

/** 0 or 1. */
export const flag = (response: KuzzleResponse): boolean => response.result === 1

/** `OK`, or `null` where a condition kept Redis from it. */
export const written = (response: KuzzleResponse): boolean => response.result === "OK"

export const option = <A>(response: KuzzleResponse): Option.Option<A> =>
  Option.fromNullable(Action.result<A | null>(response))

export const options = (response: KuzzleResponse): ReadonlyArray<Option.Option<string>> =>
  Action.result<ReadonlyArray<string | null>>(response).map(Option.fromNullable)

/** Without a count Redis answers with the element, or `null`. */
export const list = (response: KuzzleResponse): ReadonlyArray<string> => {
  const result = Action.result<ReadonlyArray<string> | string | null>(response)
  return result === null ? [] : typeof result === "string" ? [result] : result
}

const number = (text: string): number => text === "inf" ? Infinity : text === "-inf" ? -Infinity : Number(text)

export const float = (response: KuzzleResponse): number => number(Action.result(response))

export const optionalFloat = (response: KuzzleResponse): Option.Option<number> =>
  Option.map(option<string>(response), number)

/** -2: there is no such key; -1: it lives for ever. */
export const remaining = ({ result }: KuzzleResponse): Option.Option<number> =>
  result === -2 ? Option.none() : Option.some(result === -1 ? Infinity : Number(result))

/** -1: nowhere. */
export const position = ({ result }: KuzzleResponse): Option.Option<number> =>
  result === -1 ? Option.none() : Option.some(Number(result))

/** 0: there is no such list; -1: there is no such element. */
export const length = ({ result }: KuzzleResponse): Option.Option<number> =>
  result === 0 || result === -1 ? Option.none() : Option.some(Number(result))

/** Every two of a list, as one. */
const pairs = <A>(flat: ReadonlyArray<string>, make: (first: string, second: string) => A): ReadonlyArray<A> => {
  const result: Array<A> = []
  for (let i = 0; i + 1 < flat.length; i += 2) result.push(make(flat[i] ?? "", flat[i + 1] ?? ""))
  return result
}

const scoredMember = (member: string, score: string) => ({ member, score: number(score) })

export const scored = (response: KuzzleResponse): ReadonlyArray<ReturnType<typeof scoredMember>> =>
  pairs(Action.result<ReadonlyArray<string>>(response), scoredMember)

type Scanned = readonly [cursor: string, values: ReadonlyArray<string>]

export const page = (response: KuzzleResponse) => {
  const [cursor, values] = Action.result<Scanned>(response)
  return { cursor, values }
}

export const fieldPage = (response: KuzzleResponse) => {
  const { cursor, values } = page(response)
  return { cursor, values: pairs(values, (field, value) => ({ field, value })) }
}

export const scoredPage = (response: KuzzleResponse) => {
  const { cursor, values } = page(response)
  return { cursor, values: pairs(values, scoredMember) }
}

type Place = readonly [lon: string, lat: string]

const coordinates = ([lon, lat]: Place) => ({ lon: Number(lon), lat: Number(lat) })

export const places = (response: KuzzleResponse) =>
  Action.result<ReadonlyArray<Place | null>>(response).map((place) =>
    Option.map(Option.fromNullable(place), coordinates)
  )

export const hits = (response: KuzzleResponse) =>
  Action.result<ReadonlyArray<readonly [name: string, distance: string, place: Place]>>(response).map(
    ([name, distance, place]) => ({ name, distance: Number(distance), coordinates: coordinates(place) })
  )

export const time = (response: KuzzleResponse) => {
  const [seconds, microseconds] = Action.result<readonly [string, string]>(response)
  return { seconds: Number(seconds), microseconds: Number(microseconds) }
}

/** `[null, result]` of a step that went well; an error without a word (`[{}]`) of one that Redis refused. */
export const outcomes = (response: KuzzleResponse): ReadonlyArray<Option.Option<KuzzleResponse>> =>
  Action.result<ReadonlyArray<readonly [error: object | null, result?: unknown]>>(response).map(([error, result]) =>
    error === null ? Option.some({ ...response, result }) : Option.none()
  )
