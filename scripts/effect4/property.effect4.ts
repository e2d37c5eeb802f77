/**
 * `it.prop` of `@effect/vitest` 3, with the arbitraries of fast-check. On Effect 4, `it.prop` takes other arbitraries. The module
 * also has other members of Effect 3 that only tests use.
 */
import * as Vitest from "@effect/vitest"
import * as Arbitrary from "effect/Arbitrary"
import * as Cause from "effect/Cause"
import type * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Option from "effect/Option"
import * as KeyValueStore from "effect/persistence/KeyValueStore"
import * as References from "effect/References"
import * as Queue from "effect/Queue"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"
import * as TestConsole from "effect/testing/TestConsole"
import * as Tracer from "effect/Tracer"
import * as fc from "fast-check"
import type { TestContext, TestOptions } from "vitest"

type Arbitraries = ReadonlyArray<fc.Arbitrary<unknown>> | { readonly [name: string]: fc.Arbitrary<unknown> }

type Values<Arbs> = { [K in keyof Arbs]: Arbs[K] extends fc.Arbitrary<infer A> ? A : never }

type Options = number | (TestOptions & { readonly fastCheck?: fc.Parameters<unknown> })

const together = <const Arbs extends Arbitraries>(arbitraries: Arbs): fc.Arbitrary<Values<Arbs>> =>
  // Both generate one value for each arbitrary, under the name of the arbitrary.
  (Array.isArray(arbitraries)
    ? fc.tuple(...arbitraries)
    : fc.record(arbitraries as { readonly [name: string]: fc.Arbitrary<unknown> })) as fc.Arbitrary<
      Values<Arbs>
    >

const split = <Arbs>(options: Options | undefined) => {
  if (typeof options !== "object") return { test: options === undefined ? {} : { timeout: options } }
  const { fastCheck, ...test } = options
  // The type of the generated values is different in each property.
  return { test, fastCheck: fastCheck as fc.Parameters<[Values<Arbs>]> | undefined }
}

export const prop = <const Arbs extends Arbitraries>(
  name: string,
  arbitraries: Arbs,
  self: (values: Values<Arbs>, context: TestContext) => unknown,
  options?: Options
): void => {
  const { fastCheck, test } = split<Arbs>(options)
  Vitest.it(name, test, (context) => {
    fc.assert(
      fc.property(together(arbitraries), (values) => {
        if (self(values, context) === false) throw new Error("the property returned false")
      }),
      fastCheck
    )
  })
}

/** `it.effect.prop`. Each run has its own test clock. */
export const effect = <const Arbs extends Arbitraries, A, E>(
  name: string,
  arbitraries: Arbs,
  self: (values: Values<Arbs>, context: TestContext) => Effect.Effect<A, E, Scope.Scope>,
  options?: Options
): void => {
  const { fastCheck, test } = split<Arbs>(options)
  const services = Layer.mergeAll(TestClock.layer(), TestConsole.layer)
  Vitest.it(name, test, (context) =>
    fc.assert(
      fc.asyncProperty(together(arbitraries), (values) =>
        Effect.runPromise(
          Effect.suspend(() => self(values, context)).pipe(Effect.scoped, Effect.asVoid, Effect.provide(services))
        )),
      fastCheck
    ))
}

/** `Arbitrary.make` of Effect 3. fast-check generates a seed, and Effect generates the value from it. */
export const arbitrary = <S extends Schema.Constraint>(schema: S): fc.Arbitrary<S["Type"]> => {
  const drawn = Arbitrary.schema(schema)
  return fc.nat().map((seed) => Effect.runSync(Arbitrary.sampleEffect(drawn, { seed, count: 1 }))[0])
}

/** A class whose fields are stored under other names. */
export const storedAs = <Class extends Schema.Class<any, any, any>>(
  names: Readonly<Record<string, string>>,
  Base: Class
): Class => {
  let ast: Schema.Top["ast"] | undefined
  // The subclass has all members of `Class`. TypeScript cannot express a class that extends a type parameter.
  return class extends (Base as any) {
    static get ast() {
      return ast ??= Schema.encodeKeys(names)(Object.create(this, { ast: { value: super.ast } })).ast
    }
  } as any
}

/** A console whose methods return effects, as on Effect 3. */
export const console = (given: { readonly [Method in keyof Console.Console]?: unknown }): Console.Console =>
  Object.fromEntries(
    Object.entries(given).map(([name, method]) => [
      name,
      typeof method !== "function" ? method : (...args: ReadonlyArray<unknown>) => {
        const done: unknown = method(...args)
        return Effect.isEffect(done) ? Effect.runSync(done as Effect.Effect<unknown>) : done
      }
    ])
  ) as unknown as Console.Console

/** `Random.fixed` of Effect 3, for numbers from 0 to 1. */
export const fixedRandom = (draws: ReadonlyArray<number>) => {
  let drawn = 0
  const next = () => draws[drawn++ % draws.length] ?? 0
  return { nextDoubleUnsafe: next, nextIntUnsafe: () => Math.floor(next() * Number.MAX_SAFE_INTEGER) }
}

type Failing<A> = Effect.Effect<A, { readonly message: string }>

/** `KeyValueStore.make` of Effect 3. A missing value is `None`, and errors may have any type. */
export const keyValueStore = (operations: {
  readonly get: (key: string) => Failing<Option.Option<string>>
  readonly set: (key: string, value: string) => Failing<unknown>
  readonly remove: (key: string) => Failing<unknown>
}): KeyValueStore.KeyValueStore => {
  const failing = <A>(method: string, effect: Failing<A>) =>
    Effect.mapError(effect, (cause) => new KeyValueStore.KeyValueStoreError({ message: cause.message, method, cause }))
  return KeyValueStore.makeStringOnly({
    get: (key) => failing("get", Effect.map(operations.get(key), Option.getOrUndefined)),
    set: (key, value) => failing("set", Effect.asVoid(operations.set(key, value))),
    remove: (key) => failing("remove", Effect.asVoid(operations.remove(key))),
    clear: Effect.void,
    keys: Effect.succeed([]),
    size: Effect.succeed(0)
  })
}

/** `Logger.make` of Effect 3. Its function gets annotations, and a level with a label. */
export const logger = (
  log: (given: {
    readonly annotations: Iterable<readonly [string, unknown]>
    readonly cause: unknown
    readonly logLevel: { readonly label: string }
    readonly message: unknown
    readonly spans: unknown
  }) => void
) =>
  Logger.make(({ cause, fiber, logLevel, message }) =>
    log({
      annotations: Object.entries(fiber.getRef(References.CurrentLogAnnotations)),
      cause,
      logLevel: { label: logLevel.toUpperCase() },
      message,
      spans: fiber.getRef(References.CurrentLogSpans)
    })
  )

type Span = Parameters<Tracer.Tracer["span"]>[0]

/** `Tracer.make` of Effect 3. */
export const tracer = (
  span: (
    name: Span["name"],
    parent: Span["parent"],
    annotations: Span["annotations"],
    links: Span["links"],
    startTime: Span["startTime"],
    kind: Span["kind"],
    options: Pick<Span, "root" | "sampled">
  ) => Tracer.Span
): Tracer.Tracer =>
  Tracer.make({
    span: ({ annotations, kind, links, name, parent, startTime, ...options }) =>
      span(name, parent, annotations, links, startTime, kind, options)
  })

/** `Stream.toQueueOfElements` of Effect 3. The end of the stream is a failure with `None`. */
export const queueOfElements = <A, E, R>(stream: Stream.Stream<A, E, R>) =>
  Effect.gen(function*() {
    const queue = yield* Queue.unbounded<Exit.Exit<A, Option.Option<E>>>()
    const running = Stream.runForEach(stream, (element) => Queue.offer(queue, Exit.succeed(element)))
    yield* Effect.matchCauseEffect(running, {
      onFailure: (cause) => Queue.offer(queue, Exit.failCause(Cause.map(cause, Option.some))),
      onSuccess: () => Queue.offer(queue, Exit.fail(Option.none()))
    }).pipe(Effect.forkScoped({ startImmediately: true }))
    return queue
  })
