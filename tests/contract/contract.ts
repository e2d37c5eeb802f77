/**
 * The contract of an action: the places of its arguments in the request, a call that works, every member of the result, and
 * a call that fails. There is one list for each controller. `contractSuite` runs them against a server, over WebSocket and
 * HTTP.
 */
import { Kuzzle, type KuzzleActionError, KuzzleError } from "@effect-kuzzle/core"
import { assert, layer } from "@effect/vitest"
import { Effect, Either, Layer, ParseResult, Schema } from "effect"
import type { Scope } from "effect"
// The declaration is internal to the core. These tests compare it with the specification.
import type { Declaration } from "../../packages/core/src/internal/client/action.ts"
import * as Shape from "../../packages/core/src/internal/data/shape.ts"
import * as Envelope from "../../packages/core/src/internal/protocol/envelope.ts"
import { type Backend, layerWorld, type World } from "../suite/backend.ts"
import { withClient, withHttp } from "../suite/tools.ts"
import { type Answer, faults, recording } from "./declared.ts"

type Failure<E extends KuzzleActionError.NamedError> = KuzzleError.RequestError | E

/** The function of an action, as the API modules export it. */
export interface Declared<Options, Result, E extends KuzzleActionError.NamedError> {
  readonly declaration: Declaration<Options, Result, E>
  readonly request: (options: Options | undefined) => Kuzzle.KuzzleRequest
}

/** Servers and protocols on which a contract cannot run, each with the reason. */
export interface Exceptions {
  readonly embedded?: string
  readonly real?: string
  /** Over `/_query`, and over the REST route. */
  readonly http?: string
  /** Over the REST route only. */
  readonly rest?: string
  readonly websocket?: string
}

/** A call of the function, and the schema of its result. */
export interface Example {
  readonly call: Effect.Effect<unknown, { readonly _tag: string }, Kuzzle.Kuzzle>
  // The encoded side does not matter.
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  readonly result: Schema.Schema<any>
}

export interface Terms<Options, Value, E extends KuzzleActionError.NamedError, Shape extends Value> {
  /** An example of every argument, and the request that it makes. */
  readonly sends: readonly [options: Options, request: Kuzzle.KuzzleRequest]
  /** Prepares data, calls the function, and returns its result. */
  readonly works: Effect.Effect<Value, Failure<E> | KuzzleError.RequestError, Kuzzle.Kuzzle | World | Scope.Scope>
  /**
   * Every member of the result; a member that is not listed is a fault. The decoded side counts. It may be narrower than the
   * type of the function.
   */
  // The encoded side does not matter.
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  readonly result: Schema.Schema<Shape, any>
  /** The schema of the type of the function, if `result` is narrower, or lists members that the type does not name. */
  readonly type?: Example["result"]
  /** A call and its result, if the function does not take the options of `sends`, or `works` does not return its result. */
  readonly example?: Example
  /** A call that fails, with the tag of its error and Kuzzle's id. */
  readonly fails?: {
    readonly call: Effect.Effect<unknown, Failure<E>, Kuzzle.Kuzzle | World | Scope.Scope>
    readonly tag: Failure<E>["_tag"]
    readonly id: string
  }
  /** Why no call can fail, if `fails` is omitted. */
  readonly neverFails?: string
  readonly except?: Exceptions
  /** Why it needs its own real Kuzzle: what it destroys, or how the server must be configured. */
  readonly alone?: string
}

export type Protocol = "websocket" | "http" | "rest"

export interface Contract {
  readonly name: string
  /** Whether it has a REST route. */
  readonly routed: boolean
  readonly alone: string | undefined
  readonly except: Exceptions
  readonly places: () => void
  /** `undefined` for functions that return a stream, and for requests that the client itself sends. */
  readonly example: Example | undefined
  readonly works: Effect.Effect<
    void,
    KuzzleError.RequestError | KuzzleActionError.NamedError,
    Kuzzle.Kuzzle | World | Scope.Scope
  >
  readonly fails:
    | ((protocol: Protocol) => Effect.Effect<void, never, Kuzzle.Kuzzle | World | Scope.Scope>)
    | undefined
}

export const contract = <Options, Result, E extends KuzzleActionError.NamedError, Value, Shape extends Value>(
  action: Declared<Options, Result, E>,
  { alone, example, except = {}, fails, neverFails, result, sends: [options, request], type, works }: Terms<
    Options,
    Value,
    E,
    Shape
  >
): Contract => {
  const { action: name, controller, http } = action.declaration
  return {
    name: `${controller}:${name}`,
    routed: http !== undefined,
    alone,
    except,
    example: example ?? exampleOf(
      action,
      options,
      action.declaration.result === Shape.done ? Schema.Void : type ?? Schema.typeSchema(result)
    ),
    places: () => {
      assert.deepStrictEqual(sent(action.request(options)), JSON.parse(JSON.stringify(request)))
      assert.isTrue(fails !== undefined || neverFails !== undefined, "a contract has `fails` or `neverFails`")
    },
    works: Effect.map(works, (value) => {
      const checked = Schema.validateEither(Schema.typeSchema(result), { onExcessProperty: "error", errors: "all" })(
        value
      )
      if (Either.isLeft(checked)) assert.fail(ParseResult.TreeFormatter.formatErrorSync(checked.left))
    }),
    fails: fails === undefined ? undefined : (protocol) =>
      Effect.map(Effect.either(fails.call), (outcome) => {
        if (Either.isRight(outcome)) assert.fail(`the call succeeded: ${JSON.stringify(outcome.right)}`)
        // A request without an argument of its route has no REST form.
        if (
          protocol === "rest" && fails.id === "api.assert.missing_argument" && outcome.left._tag === "KuzzleEncodeError"
        ) {
          return assert.include(outcome.left.issue, "needs the argument")
        }
        assert.strictEqual(outcome.left._tag, fails.tag, `${outcome.left.message}`)
        assert.propertyVal(outcome.left, "id", fails.id)
      })
  }
}

/** A call of the function with the options of `sends`. */
const exampleOf = (action: unknown, options: unknown, result: Example["result"]): Example | undefined => {
  if (typeof action !== "function") return undefined
  const call: unknown = action(options)
  // The effect of an action fails only with tagged errors.
  return Effect.isEffect(call) ? { call: call as Example["call"], result } : undefined
}

/** The request as the client sends it. */
const sent = (request: Kuzzle.KuzzleRequest): unknown => {
  const encoded = Envelope.encode(request)
  if (encoded instanceof KuzzleError.EncodeError) return assert.fail(encoded.message)
  return JSON.parse(`${typeof encoded === "string" ? encoded : encoded.text}}`)
}

const protocols = [
  ["websocket", withClient()],
  ["http", withHttp()],
  ["rest", withHttp({ routes: "rest" })]
] as const

/** Runs the contracts against a server. With `own`, these are the contracts that need their own server. */
export const contractSuite = <E>(
  title: string,
  { backend, contracts, server }: {
    readonly backend: Layer.Layer<Backend, E>
    readonly contracts: ReadonlyArray<Contract>
    readonly server: "embedded" | "real" | "own"
  }
): void =>
  layer(Layer.provideMerge(layerWorld, backend), { excludeTestServices: true, timeout: "20 seconds" })(title, (it) => {
    const here = contracts.filter(({ alone, except }) =>
      server === "embedded"
        ? except.embedded === undefined
        : except.real === undefined && (alone === undefined) === (server === "real")
    )
    // The contracts use different names, and on a real server they mostly wait for an index.
    const options = { concurrent: server === "real" }
    const answers: Array<Answer> = []
    const recorded = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
      Effect.flatMap(
        Kuzzle.Kuzzle,
        (kuzzle) =>
          Effect.provideService(effect, Kuzzle.Kuzzle, recording(kuzzle, (answer) => void answers.push(answer)))
      )
    for (const [protocol, withProtocol] of protocols) {
      for (const { except, fails, name, routed, works } of here) {
        if (except[protocol] !== undefined || (protocol === "rest" && (!routed || except.http !== undefined))) continue
        it.effect(`${name} over ${protocol}: its result`, () => withProtocol(recorded(works)), options)
        if (fails !== undefined) {
          it.effect(`${name} over ${protocol}: its failure`, () => withProtocol(recorded(fails(protocol))), options)
        }
      }
    }
    it.effect("the answers have the declared types, without excess members", () =>
      Effect.promise(async () => {
        const answered = new Set(answers.map(({ name }) => name))
        // The answer to a logout has no declared type.
        const unanswered = here.filter(({ example, name }) => example !== undefined && !answered.has(name))
        assert.deepStrictEqual(unanswered.map(({ name }) => name).filter((name) => name !== "auth:logout"), [])
        assert.deepStrictEqual(await faults(answers), [])
      }), { timeout: 300_000 })
  })
