/**
 * The shapes of Kuzzle's answers. They are checked before anything reads an answer, so that a malformed answer is an
 * error with a path, and never a defect.
 *
 * A check is a handful of `typeof`s. It covers the result, its members, and the elements of its lists with their
 * members. The client does not read deeper levels. Only the contract tests check their types.
 */
import * as Exit from "effect/Exit"
import { ProtocolError } from "../../KuzzleError.ts"

/** What is wrong with a value, and where. */
export class Issue {
  constructor(
    readonly path: string,
    readonly expected: string,
    readonly actual: unknown
  ) {}

  within(path: string): Issue {
    return new Issue(path + this.path, this.expected, this.actual)
  }

  /** The message. It names the kind of the value and not the value itself, which may be a secret. */
  of(whole: string): string {
    return `${whole}${this.path}: expected ${this.expected}, got ${kindOf(this.actual)}`
  }
}

const kindOf = (value: unknown): string => {
  if (value === undefined) return "nothing"
  if (value === null) return "null"
  if (Array.isArray(value)) return "an array"
  return typeof value === "object" ? "an object" : `a ${typeof value}`
}

/** Checks that a value is an `A`: returns `undefined` if it is, and the issue otherwise. */
export interface Shape<out A> {
  (value: unknown): Issue | undefined
  /** Exists for the type checker only. */
  readonly _A?: A
}

/** Converts a result to the value that a function returns, or returns an issue. */
export type Reader<A> = (result: unknown) => A | Issue

/**
 * The outcome of an action, from the value that its reader returned. An issue becomes a `KuzzleProtocolError`.
 * Everything that reads an answer goes through here.
 */
export const outcome = <A>(
  { action, controller }: { readonly controller: string; readonly action: string },
  result: A | Issue
): Exit.Exit<A, ProtocolError> =>
  result instanceof Issue
    ? Exit.fail(new ProtocolError({ controller, action, issue: result.of("result") }))
    : Exit.succeed(result)

const kind = <A>(expected: string, is: (value: unknown) => boolean): Shape<A> => (value) =>
  is(value) ? undefined : new Issue("", expected, value)

const isObject = (value: unknown): value is { readonly [name: string]: unknown } =>
  typeof value === "object" && value !== null && !Array.isArray(value)

const primitive = <A>(type: "string" | "number" | "boolean"): Shape<A> => (value) =>
  typeof value === type ? undefined : new Issue("", `a ${type}`, value)

export const string = primitive<string>("string")

/** One of a set of strings that newer servers may extend. */
export const text = <A extends string>(): Shape<A> => string as Shape<A>

export const number = primitive<number>("number")

export const boolean = primitive<boolean>("boolean")

/** Any value, including an absent one. */
export const unknown: Shape<unknown> = () => undefined

const anObject = kind<never>("an object", isObject)

/** An object whose members the client does not read. */
export const object = <A extends object>(): Shape<A> => anObject

/** One of these values. */
export const literal = <const A extends string | number | boolean>(...values: ReadonlyArray<A>): Shape<A> =>
  kind(values.map((value) => JSON.stringify(value)).join(" or "), (value) => values.some((one) => one === value))

/** A string that passes a test. */
export const format = (expected: string, passes: (value: string) => boolean): Shape<string> =>
  kind(expected, (value) => typeof value === "string" && passes(value))

export const nullable = <A>(shape: Shape<A>): Shape<A | null> => (value) => value === null ? undefined : shape(value)

/** A member that may be absent. */
export const optional = <A>(shape: Shape<A>): Shape<A | undefined> => (value) =>
  value === undefined ? undefined : shape(value)

/** One of two shapes. The issue is that of the second. */
export const or = <A, B>(first: Shape<A>, second: Shape<B>): Shape<A | B> => (value) =>
  first(value) === undefined ? undefined : second(value)

/** A value that has both shapes. */
export const and = <A, B>(first: Shape<A>, second: Shape<B>): Shape<A & B> => (value) => first(value) ?? second(value)

export const array = <A>(element: Shape<A>): Shape<ReadonlyArray<A>> => (value) => {
  if (!Array.isArray(value)) return new Issue("", "an array", value)
  for (let i = 0; i < value.length; i++) {
    const issue = element(value[i])
    if (issue !== undefined) return issue.within(`[${i}]`)
  }
  return undefined
}

/** A list that begins with these elements. */
export const tuple = <const Elements extends ReadonlyArray<Shape<unknown>>>(
  ...elements: Elements
): Shape<{ readonly [I in keyof Elements]: Elements[I] extends Shape<infer A> ? A : never }> =>
(value) => {
  if (!Array.isArray(value)) return new Issue("", "an array", value)
  for (const [i, element] of elements.entries()) {
    const issue = element(value[i])
    if (issue !== undefined) return issue.within(`[${i}]`)
  }
  return undefined
}

/** An object with any names, whose members all have one shape. */
export const record = <A>(member: Shape<A>): Shape<{ readonly [name: string]: A }> => (value) => {
  if (!isObject(value)) return anObject(value)
  for (const name of Object.keys(value)) {
    const issue = member(value[name])
    if (issue !== undefined) return issue.within(`.${name}`)
  }
  return undefined
}

type OptionalKey<A> = { [K in keyof A]-?: {} extends Pick<A, K> ? K : never }[keyof A]

/** An object, with a shape for each required member and for each optional member that is read. */
type Members<A> =
  & { readonly [K in Exclude<keyof A, OptionalKey<A>>]: Shape<A[K]> }
  & { readonly [K in OptionalKey<A>]?: Shape<A[K] | undefined> }

export const struct = <A extends object>(members: Members<A>): Shape<A> => {
  const names = Object.keys(members)
  // The members of a `Members` are shapes.
  const shapes = Object.values(members) as ReadonlyArray<Shape<unknown>>
  return (value) => {
    if (!isObject(value)) return anObject(value)
    for (let i = 0; i < names.length; i++) {
      // The index is valid for both arrays. (Destructuring entries here would double the cost.)
      const name = names[i]!
      const issue = shapes[i]!(value[name])
      if (issue !== undefined) return issue.within(`.${name}`)
    }
    return undefined
  }
}

// -------------------------------------------------------------------------------------------------------------------
// readers of results
// -------------------------------------------------------------------------------------------------------------------

/** Checks a result and converts it. */
export const read = <Wire, A>(shape: Shape<Wire>, make: (result: Wire) => A | Issue): Reader<A> => (result) =>
  // The check has established the type.
  shape(result) ?? make(result as Wire)

/** The unchanged result. */
export const whole = <A>(shape: Shape<A>): Reader<A> => read(shape, (result) => result)

/** One member of the result. */
export const member = <A>(name: string, shape: Shape<A>): Reader<A> =>
  // `struct` has checked that the member exists.
  read(struct<{ readonly [name: string]: A }>({ [name]: shape }), (result) => result[name] as A)

/** Ignores the result, because the answer only confirms the action. */
export const done: Reader<void> = () => {}
