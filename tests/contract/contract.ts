/**
 * The contract of an action: where its arguments go, that it works against a server, what its result is, member by member,
 * and how it fails. One list for each controller; `contractSuite` holds every server to them, over WebSocket and HTTP.
 */
import { Kuzzle, type KuzzleActionError, KuzzleError } from "@effect-kuzzle/core"
import { assert, layer } from "@effect/vitest"
import { Effect, Either, Layer, ParseResult, Schema } from "effect"
import type { Scope } from "effect"
// The declaration is internal to the core: this is the test that it is what the specification says.
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

/** Why something cannot be tried on a server, or through a protocol: the reason is the value. */
export interface Exceptions {
  readonly embedded?: string
  readonly real?: string
  /** Over `/_query`; where there is a route, over that too. */
  readonly http?: string
  /** Over its REST route. Skipped if there is none. */
  readonly rest?: string
  readonly websocket?: string
}

/** A call of the function, and what it gives. */
export interface Example {
  readonly call: Effect.Effect<unknown, { readonly _tag: string }, Kuzzle.Kuzzle>
  // What it encodes to is of no interest.
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  readonly result: Schema.Schema<any>
}

export interface Terms<Options, Value, E extends KuzzleActionError.NamedError, Shape extends Value> {
  /** An example of every argument, and the request that it makes. */
  readonly sends: readonly [options: Options, request: Kuzzle.KuzzleRequest]
  /** Prepares what it needs, calls the function and gives its result. */
  readonly works: Effect.Effect<Value, Failure<E> | KuzzleError.RequestError, Kuzzle.Kuzzle | World | Scope.Scope>
  /**
   * What the result is, to the last member: one that is not listed is a fault. Of the decoded side; the type is the
   * function's, or says more.
   */
  // What it encodes to is of no interest.
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  readonly result: Schema.Schema<Shape, any>
  /** What the type of the function says, where `result` says more than that of members without a name. */
  readonly type?: Example["result"]
  /**
   * Where the function takes other options than it sends, or `works` gives something else than its result: a call, and
   * what its result is.
   */
  readonly example?: Example
  /** A call that fails, with the tag of its error and Kuzzle's id. */
  readonly fails?: {
    readonly call: Effect.Effect<unknown, Failure<E>, Kuzzle.Kuzzle | World | Scope.Scope>
    readonly tag: Failure<E>["_tag"]
    readonly id: string
  }
  /** Why there is no failure to be had, when `fails` is left out. */
  readonly neverFails?: string
  readonly except?: Exceptions
  /** Why it takes a real Kuzzle of its own: what it destroys, or how the server must be configured. */
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
  /** None of what gives a stream, or is sent by the client itself. */
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
      assert.isTrue(fails !== undefined || neverFails !== undefined, "how does it fail, or why does it never?")
    },
    works: Effect.map(works, (value) => {
      const checked = Schema.validateEither(Schema.typeSchema(result), { onExcessProperty: "error", errors: "all" })(
        value
      )
      if (Either.isLeft(checked)) assert.fail(ParseResult.TreeFormatter.formatErrorSync(checked.left))
    }),
    fails: fails === undefined ? undefined : (protocol) =>
      Effect.map(Effect.either(fails.call), (outcome) => {
        if (Either.isRight(outcome)) assert.fail(`it succeeded: ${JSON.stringify(outcome.right)}`)
        // Without an argument of its route a request has no REST form.
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

/** The function of an action with the options of its request, which nearly all of them take as they are. */
const exampleOf = (action: unknown, options: unknown, result: Example["result"]): Example | undefined => {
  if (typeof action !== "function") return undefined
  const given: unknown = action(options)
  // What an action gives is one of its failures, or the value.
  return Effect.isEffect(given) ? { call: given as Example["call"], result } : undefined
}

/** The request as it leaves the client. */
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

/** Holds a server to the contracts; one of its own to those that need that. */
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
    // Each has names of its own, and most of its time on a real server is waiting for an index.
    const options = { concurrent: server === "real" }
    const answers: Array<Answer> = []
    const recorded = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
      Effect.flatMap(
        Kuzzle.Kuzzle,
        (kuzzle) =>
          Effect.provideService(effect, Kuzzle.Kuzzle, recording(kuzzle, (answer) => void answers.push(answer)))
      )
    for (const [protocol, using] of protocols) {
      for (const { except, fails, name, routed, works } of here) {
        if (except[protocol] !== undefined || (protocol === "rest" && (!routed || except.http !== undefined))) continue
        it.effect(`${name} over ${protocol}: its result`, () => using(recorded(works)), options)
        if (fails !== undefined) {
          it.effect(`${name} over ${protocol}: its failure`, () => using(recorded(fails(protocol))), options)
        }
      }
    }
    it.effect("its answers have the declared types, without excess members", () =>
      Effect.promise(async () => {
        const answered = new Set(answers.map(({ name }) => name))
        // The answer to a logout says nothing: it is of no type.
        const silent = here.filter(({ example, name }) => example !== undefined && !answered.has(name))
        assert.deepStrictEqual(silent.map(({ name }) => name).filter((name) => name !== "auth:logout"), [])
        assert.deepStrictEqual(await faults(answers), [])
      }), { timeout: 300_000 })
  })
