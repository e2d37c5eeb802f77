/**
 * Malformed results of every action. A result of Kuzzle is recorded, changed at one place, and returned to the function. The
 * function must fail with a `KuzzleProtocolError` that names the place, or succeed with a value of its type.
 */
import { Kuzzle } from "@effect-kuzzle/core"
import { assert, describe, layer } from "@effect/vitest"
import { Cause, Effect, Exit, Layer, Option, Schema } from "effect"
import { it } from "vitest"
import { answering } from "../packages/core/test/support/answering.ts"
import { contracts } from "./contract/all.ts"
import type { Contract, Example } from "./contract/contract.ts"
import { recording } from "./contract/declared.ts"
import { layerWorld, type World } from "./suite/backend.ts"
import { layerEmbedded } from "./suite/node.ts"
import { withClient } from "./suite/tools.ts"

/** Actions without an example. `realtime.test.ts` and `Kuzzle.http.test.ts` test how the client reads their answers. */
const streams = ["document:export", "realtime:join", "realtime:subscribe", "realtime:unsubscribe"]

/** A place in a result: the names of members and the positions of elements. */
type Path = ReadonlyArray<string | number>

const absent = Symbol("absent")

const wrongValues: ReadonlyArray<unknown> = [
  absent,
  null,
  0,
  -1.5,
  "text",
  "",
  true,
  false,
  [],
  [null],
  [[]],
  [{}],
  {},
  { nested: null }
]

const kindOf = (value: unknown): string =>
  value === absent
    ? "nothing"
    : value === null
    ? "null"
    : Array.isArray(value)
    ? "an array"
    : typeof value === "object"
    ? "an object"
    : `a ${typeof value}`

/** The members of an object; `undefined` for any other value. */
const membersOf = (value: unknown): { readonly [name: string]: unknown } | undefined =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? { ...value } : undefined

/** Whether the client checks this place: the result, its members, elements of lists, and their members. */
const isRead = (path: Path): boolean =>
  /^(?:m|m?i+m?)?$/.test(path.map((step) => typeof step === "number" ? "i" : "m").join(""))

/** Every place of a result that the client checks. */
const placesOf = (
  value: unknown,
  at: Path = []
): ReadonlyArray<{ readonly path: Path; readonly original: unknown }> => {
  const inner: ReadonlyArray<readonly [string | number, unknown]> = Array.isArray(value)
    ? value.slice(0, 2).map((element, i) => [i, element] as const)
    : Object.entries(membersOf(value) ?? {})
  return [
    ...(isRead(at) ? [{ path: at, original: value }] : []),
    ...(at.length < 4 ? inner.flatMap(([step, element]) => placesOf(element, [...at, step])) : [])
  ]
}

const changed = (value: unknown, [step, ...rest]: Path, wrong: unknown): unknown => {
  if (step === undefined) return wrong
  if (Array.isArray(value)) return value.map((element, i) => i === step ? changed(element, rest, wrong) : element)
  const { [step]: member, ...others } = membersOf(value) ?? {}
  return wrong === absent && rest.length === 0 ? others : { ...others, [step]: changed(member, rest, wrong) }
}

/** The results of this action while its contract runs. */
const recorded = (contract: Contract): Effect.Effect<ReadonlyArray<unknown>, never, World | Kuzzle.Kuzzle> =>
  Effect.gen(function*() {
    const results: Array<unknown> = []
    const recorder = recording(yield* Kuzzle.Kuzzle, ({ name, result }) => {
      if (name === contract.name) results.push(result)
    })
    yield* Effect.orDie(Effect.scoped(Effect.provideService(contract.works, Kuzzle.Kuzzle, recorder)))
    return results
  })

/** The fault in the exit of the function; `undefined` if there is none. */
const faultOf = (
  name: string,
  { result: schema }: Example,
  exit: Exit.Exit<unknown, { readonly _tag: string }>,
  { judged, wrong }: { readonly wrong: unknown; readonly judged: boolean }
): string | undefined => {
  if (Exit.isSuccess(exit)) {
    return !judged || Schema.is(schema)(exit.value)
      ? undefined
      : `succeeds with ${JSON.stringify(exit.value).slice(0, 200)}`
  }
  const failure = Cause.failureOption(exit.cause)
  if (Option.isNone(failure)) return `dies: ${Cause.pretty(exit.cause)}`
  const error: { readonly [member: string]: unknown } = { ...failure.value }
  // An object without a session is a step of a strategy with several steps.
  if (name === "auth:login" && error._tag === "KuzzleLoginIncompleteError") return undefined
  if (error._tag !== "KuzzleProtocolError") return `fails with ${String(error._tag)}`
  if (`${String(error.controller)}:${String(error.action)}` !== name) return "names the wrong action"
  const issue = String(error.issue)
  if (!issue.startsWith("result")) return `does not name the place: ${issue}`
  return !judged || /, got (?:nothing|null|an? \w+)$/.test(issue)
    ? undefined
    : `does not name the received value, which is ${kindOf(wrong)}: ${issue}`
}

/** Answers the function with each malformed result, and returns its faults. */
const faults = (name: string, example: Example, samples: ReadonlyArray<unknown>) =>
  Effect.gen(function*() {
    let result: unknown
    const client = yield* Layer.build(answering(() => result))
    const problems: Array<string> = []
    const places = [
      { sample: undefined, path: [], original: absent },
      ...samples.flatMap((sample) => placesOf(sample).map((place) => ({ sample, ...place })))
    ]
    for (const { original, path, sample } of places) {
      for (const wrong of wrongValues) {
        result = changed(sample, path, wrong)
        if (result === absent) result = undefined
        const exit = yield* Effect.exit(Effect.provide(example.call, client))
        // A wrong value of the same kind may be valid, except for a list with other elements.
        const elements = Array.isArray(wrong) && wrong.length > 0
        const judged = kindOf(wrong) !== kindOf(original) || elements
        const fault = faultOf(name, example, exit, { wrong, judged })
        if (fault !== undefined) problems.push(`${path.join(".")} = ${JSON.stringify(wrong) ?? "nothing"}: ${fault}`)
      }
    }
    return problems
  })

describe("a malformed result", () => {
  it("is tested with every function that returns an effect", () => {
    assert.deepStrictEqual(
      contracts.flatMap(({ example, name }) => example === undefined ? [name] : []).toSorted(),
      streams
    )
  })
})

layer(Layer.provideMerge(layerWorld, layerEmbedded), { excludeTestServices: true, timeout: "20 seconds" })(
  "C7: a malformed result",
  (it) => {
    for (const contract of contracts) {
      const { example, except, name } = contract
      if (example === undefined) continue
      it.scoped(name, () =>
        Effect.gen(function*() {
          const samples = except.embedded !== undefined || except.websocket !== undefined
            ? []
            : yield* withClient()(recorded(contract))
          // The client reads no result of a logout.
          if (except.embedded === undefined && except.websocket === undefined && name !== "auth:logout") {
            assert.isNotEmpty(samples)
          }
          assert.deepStrictEqual(yield* faults(name, example, samples.slice(-2)), [])
        }))
    }
  }
)
