/**
 * Every action, answered with results of another shape: what Kuzzle answers with is recorded, spoilt at one place, and given
 * back to the function. It must be a `KuzzleProtocolError` that says where, or a value that is what its type says.
 */
import { Kuzzle } from "@effect-kuzzle/core"
import { assert, describe, layer } from "@effect/vitest"
import { Cause, Effect, Exit, Layer, Option, Schema, SchemaAST as AST } from "effect"
import { it } from "vitest"
import { answering } from "../packages/core/test/support/answering.ts"
import { contracts } from "./contract/all.ts"
import type { Contract, Example } from "./contract/contract.ts"
import { recording } from "./contract/declared.ts"
import { layerWorld, type World } from "./suite/backend.ts"
import { layerEmbedded } from "./suite/node.ts"
import { withClient } from "./suite/tools.ts"

/** What these give is no effect: their answers are read by the client, see `realtime.test.ts` and `Kuzzle.http.test.ts`. */
const streams = ["document:export", "realtime:join", "realtime:subscribe", "realtime:unsubscribe"]

/** A place in a result: the names of members and the positions of elements. */
type Path = ReadonlyArray<string | number>

const absent = Symbol("absent")

const wrongs: ReadonlyArray<unknown> = [
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

/** An object by its members; `undefined` for anything else. */
const membersOf = (value: unknown): { readonly [name: string]: unknown } | undefined =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? { ...value } : undefined

/** The result, its members, the elements of its lists, and their members; of the lists of Redis all. */
const isRead = (path: Path): boolean =>
  /^(?:m|m?i+m?)?$/.test(path.map((step) => typeof step === "number" ? "i" : "m").join(""))

/** Every place of a result that is read. */
const placesOf = (value: unknown, at: Path = []): ReadonlyArray<{ readonly path: Path; readonly found: unknown }> => {
  const inner: ReadonlyArray<readonly [string | number, unknown]> = Array.isArray(value)
    ? value.slice(0, 2).map((element, i) => [i, element] as const)
    : Object.entries(membersOf(value) ?? {})
  return [
    ...(isRead(at) ? [{ path: at, found: value }] : []),
    ...(at.length < 4 ? inner.flatMap(([step, element]) => placesOf(element, [...at, step])) : [])
  ]
}

const spoilt = (value: unknown, [step, ...rest]: Path, wrong: unknown): unknown => {
  if (step === undefined) return wrong
  if (Array.isArray(value)) return value.map((element, i) => i === step ? spoilt(element, rest, wrong) : element)
  const { [step]: member, ...others } = membersOf(value) ?? {}
  return wrong === absent && rest.length === 0 ? others : { ...others, [step]: spoilt(member, rest, wrong) }
}

/** The results that this action was answered with while the contract was kept. */
const recorded = (contract: Contract): Effect.Effect<ReadonlyArray<unknown>, never, World | Kuzzle.Kuzzle> =>
  Effect.gen(function*() {
    const results: Array<unknown> = []
    const recorder = recording(yield* Kuzzle.Kuzzle, ({ name, result }) => {
      if (name === contract.name) results.push(result)
    })
    yield* Effect.orDie(Effect.scoped(Effect.provideService(contract.works, Kuzzle.Kuzzle, recorder)))
    return results
  })

/** The kind of what a schema describes: a contract may say more of its example than the type of the function does. */
const widened = (ast: AST.AST): AST.AST => {
  switch (ast._tag) {
    case "Literal":
      return ast.literal === null ? ast : kindsOf[typeof ast.literal] ?? ast
    case "Refinement":
      return widened(ast.from)
    case "Union":
      return AST.Union.make(ast.types.map(widened))
    case "TupleType": {
      const elements = [...ast.elements.map(({ type }) => type), ...ast.rest.map(({ type }) => type)].map(widened)
      return new AST.TupleType([], [new AST.Type(AST.Union.make(elements))], true)
    }
    case "TypeLiteral":
      return new AST.TypeLiteral(
        ast.propertySignatures.map(({ isOptional, isReadonly, name, type }) =>
          new AST.PropertySignature(name, widened(type), isOptional, isReadonly)
        ),
        ast.indexSignatures.map(({ isReadonly, parameter, type }) =>
          new AST.IndexSignature(parameter, widened(type), isReadonly)
        )
      )
    default:
      return ast
  }
}

const kindsOf: { readonly [kind: string]: AST.AST } = {
  string: AST.stringKeyword,
  number: AST.numberKeyword,
  boolean: AST.booleanKeyword
}

/** What is wrong with what the function makes of this result, if anything. */
const faultOf = (
  name: string,
  { result: schema }: Example,
  exit: Exit.Exit<unknown, { readonly _tag: string }>,
  { judged, wrong }: { readonly wrong: unknown; readonly judged: boolean }
): string | undefined => {
  if (Exit.isSuccess(exit)) {
    return !judged || Schema.is(Schema.make(widened(schema.ast)))(exit.value)
      ? undefined
      : `succeeds with ${JSON.stringify(exit.value).slice(0, 200)}`
  }
  const failure = Cause.failureOption(exit.cause)
  if (Option.isNone(failure)) return `dies: ${Cause.pretty(exit.cause)}`
  const error: { readonly [member: string]: unknown } = { ...failure.value }
  // An object without a session is what a strategy of several steps answers with.
  if (name === "auth:login" && error._tag === "KuzzleLoginIncompleteError") return undefined
  if (error._tag !== "KuzzleProtocolError") return `fails with ${String(error._tag)}`
  if (`${String(error.controller)}:${String(error.action)}` !== name) return "names another action"
  const issue = String(error.issue)
  if (!issue.startsWith("result")) return `says not where: ${issue}`
  return !judged || /, got (?:nothing|null|an? \w+)$/.test(issue)
    ? undefined
    : `says not what instead of ${kindOf(wrong)}: ${issue}`
}

/** Calls the function with each wrong result, all by one client. */
const faults = (name: string, example: Example, samples: ReadonlyArray<unknown>) =>
  Effect.gen(function*() {
    let result: unknown
    const client = yield* Layer.build(answering(() => result))
    const found: Array<string> = []
    const places = [
      { sample: undefined, path: [], found: absent },
      ...samples.flatMap((sample) => placesOf(sample).map((place) => ({ sample, ...place })))
    ]
    for (const { found: right, path, sample } of places) {
      for (const wrong of wrongs) {
        result = spoilt(sample, path, wrong)
        if (result === absent) result = undefined
        const exit = yield* Effect.exit(Effect.provide(example.call, client))
        // One string for another may well be right; a list of others than the right ones is not.
        const elements = Array.isArray(wrong) && wrong.length > 0
        const judged = kindOf(wrong) !== kindOf(right) || elements
        const fault = faultOf(name, example, exit, { wrong, judged })
        if (fault !== undefined) found.push(`${path.join(".")} = ${JSON.stringify(wrong) ?? "nothing"}: ${fault}`)
      }
    }
    return found
  })

describe("an answer of another shape", () => {
  it("is tried with every function that gives an effect", () => {
    assert.deepStrictEqual(
      contracts.flatMap(({ example, name }) => example === undefined ? [name] : []).toSorted(),
      streams
    )
  })
})

layer(Layer.provideMerge(layerWorld, layerEmbedded), { excludeTestServices: true, timeout: "20 seconds" })(
  "C7: an answer of another shape",
  (it) => {
    for (const contract of contracts) {
      const { example, except, name } = contract
      if (example === undefined) continue
      it.scoped(name, () =>
        Effect.gen(function*() {
          const samples = except.embedded !== undefined || except.websocket !== undefined
            ? []
            : yield* withClient()(recorded(contract))
          // The answer to a logout says nothing.
          if (except.embedded === undefined && except.websocket === undefined && name !== "auth:logout") {
            assert.isNotEmpty(samples)
          }
          assert.deepStrictEqual(yield* faults(name, example, samples.slice(-2)), [])
        }))
    }
  }
)
