/** Turns effects and streams into Promises and `AsyncIterable`s. This is `KuzzlePromise` without its types. */
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Runtime from "effect/Runtime"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { tagged } from "../../KuzzleError.ts"
import * as Pull from "../runtime/pull.ts"

export class ClosedError extends tagged("KuzzleClosedError")<{
  /** Whether the call had begun. */
  readonly started: boolean
}> {
  override get message(): string {
    return this.started
      ? "the client, or the result that this call belongs to, was closed during the call: a request may have been executed"
      : "the client was closed before this call, and nothing was sent: make another client with KuzzlePromise.make"
  }
}

type AnyEffect = Effect.Effect<unknown, unknown, unknown>

type AnyStream = Stream.Stream<unknown, unknown, unknown>

interface Call {
  readonly signal?: AbortSignal | undefined
}

interface Closeable {
  readonly close: () => Promise<void>
}

const isMembers = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value)

/** Effect 3 makes every effect a stream, too. Here it is no stream. */
const isStream = (value: unknown): value is AnyStream =>
  isMembers(value) && Stream.StreamTypeId in value && !Effect.isEffect(value)

/** Effect 3 makes an `Option` and an `Either` effects, too. Here they are values. */
const isEffect = (value: unknown): value is AnyEffect =>
  Effect.isEffect(value) && !Option.isOption(value) && !Either.isEither(value)

const hasLazy = (value: unknown): value is Readonly<Record<string, unknown>> =>
  isMembers(value) && Object.values(value).some((member) => isStream(member) || isEffect(member))

const isFunction = (value: unknown): value is (...args: ReadonlyArray<unknown>) => unknown =>
  typeof value === "function"

const isAsyncIterable = (value: unknown): value is AsyncIterable<unknown> =>
  typeof value === "object" && value !== null && Symbol.asyncIterator in value

const isSignal = (value: unknown): value is AbortSignal =>
  typeof value === "object" && value !== null && "aborted" in value && "addEventListener" in value

/** Separates the `signal` from the options of a call, which are its first argument. */
const withoutSignal = (args: ReadonlyArray<unknown>): readonly [ReadonlyArray<unknown>, Call] => {
  const [options, ...rest] = args
  if (!isMembers(options) || !isSignal(options.signal)) return [args, {}]
  const { signal, ...others } = options
  return [[others, ...rest], { signal }]
}

const asStream = (value: unknown): unknown =>
  isAsyncIterable(value) ? Stream.fromAsyncIterable(value, (error) => error) : value

const closeable = <A extends object>(value: A, close: () => Promise<void>): A & Closeable =>
  Object.assign(value, {
    close,
    // Older runtimes do not have the symbol.
    ...(Symbol.asyncDispose === undefined ? {} : { [Symbol.asyncDispose]: close })
  })

const ended: IteratorResult<never> = { done: true, value: undefined }

/** Runs effects until it is closed. */
export class Runner {
  private readonly fibers = new Set<Fiber.RuntimeFiber<unknown, unknown>>()
  private closing: Promise<void> | undefined = undefined

  constructor(private readonly runtime: Runtime.Runtime<unknown>, private readonly scope: Scope.CloseableScope) {}

  /**
   * Runs an effect in a scope of its own. The scope closes when the effect ends, unless the result needs it to stay
   * open.
   */
  async run(effect: AnyEffect, { signal }: Call = {}): Promise<unknown> {
    if (this.closing !== undefined) throw new ClosedError({ started: false })
    return this.fork(this.owning(effect, signal), signal)
  }

  /** @param release runs at the end of each iteration */
  iterate(stream: AnyStream, call: Call = {}, release: Effect.Effect<void> = Effect.void): AsyncIterable<unknown> {
    return { [Symbol.asyncIterator]: () => this.iterator(stream, call, release) }
  }

  /** The members of a module, a service or a result, with functions that return Promises and `AsyncIterable`s. */
  expose(members: object): object {
    return Object.fromEntries(Object.entries(members).map(([name, member]) => [name, this.member(member)]))
  }

  service(tag: Context.Tag<unknown, object>): object {
    return Context.unsafeGet(this.runtime.context, tag)
  }

  readonly close = (): Promise<void> => this.closing ??= this.shutDown()

  /** Like `run`, but without a scope, and also before the client is open and after it is closed. */
  fork<A>(
    effect: Effect.Effect<A, unknown, unknown>,
    signal?: AbortSignal,
    onStart?: (interrupt: () => void) => void
  ): Promise<A> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted === true) return reject(signal.reason)
      const fiber = Runtime.runFork(this.runtime)(effect)
      const interrupt = () => fiber.unsafeInterruptAsFork(fiber.id())
      this.fibers.add(fiber)
      signal?.addEventListener("abort", interrupt)
      onStart?.(interrupt)
      fiber.addObserver((exit) => {
        this.fibers.delete(fiber)
        signal?.removeEventListener("abort", interrupt)
        if (Exit.isSuccess(exit)) resolve(exit.value)
        else reject(this.reasonOf(exit.cause, signal))
      })
    })
  }

  private reasonOf(cause: Cause.Cause<unknown>, signal: AbortSignal | undefined): unknown {
    if (!Cause.isInterruptedOnly(cause)) return Cause.squash(cause)
    if (signal?.aborted === true) return signal.reason
    return new ClosedError({ started: true })
  }

  private owning(effect: AnyEffect, signal: AbortSignal | undefined): AnyEffect {
    return Effect.uninterruptibleMask((restore) =>
      Effect.flatMap(
        Scope.make(),
        (scope) =>
          Effect.flatMap(Effect.exit(restore(Scope.extend(effect, scope))), (exit) => {
            const opened = Exit.isSuccess(exit) ? this.opened(exit.value, scope, signal) : undefined
            return opened === undefined ? Effect.zipRight(Scope.close(scope, exit), exit) : Effect.succeed(opened)
          })
      )
    )
  }

  /** Converts a result that needs its scope to stay open. Returns `undefined` for any other result. */
  private opened(value: unknown, scope: Scope.CloseableScope, signal: AbortSignal | undefined) {
    const handle = isStream(value)
      ? this.iterate(value, { signal }, Scope.close(scope, Exit.void))
      : hasLazy(value)
      ? this.expose(value)
      : undefined
    if (handle === undefined) return undefined
    const close = () => {
      signal?.removeEventListener("abort", close)
      return this.fork(Scope.close(scope, Exit.void))
    }
    signal?.addEventListener("abort", close)
    return closeable(handle, close)
  }

  private member(member: unknown): unknown {
    if (isEffect(member)) return (call?: Call) => this.run(member, call)
    if (isStream(member)) return this.iterate(member)
    if (isFunction(member)) return (...args: ReadonlyArray<unknown>) => this.call(member, args)
    return hasLazy(member) ? this.expose(member) : member
  }

  private call(method: (...args: ReadonlyArray<unknown>) => unknown, args: ReadonlyArray<unknown>): unknown {
    const [passed, call] = withoutSignal(args)
    try {
      const result: unknown = method(...passed.map(asStream))
      return isEffect(result) ? this.run(result, call) : isStream(result) ? this.iterate(result, call) : result
    } catch (defect) {
      return Promise.reject(defect)
    }
  }

  private iterator(stream: AnyStream, { signal }: Call, release: Effect.Effect<void>): AsyncIterator<unknown> {
    let interrupt = () => {}
    let returned = false
    const run = <A>(effect: Effect.Effect<A, unknown, unknown>) =>
      this.fork(returned ? Effect.interrupt : effect, signal, (stop) => {
        interrupt = stop
      })
    const items = this.items(stream, run, release)
    return {
      next: () => items.next().catch((error: unknown) => returned ? ended : Promise.reject(error)),
      return: async () => {
        returned = true
        // Without an interruption, `return` of the generator would wait for the next item.
        interrupt()
        await items.return().catch(() => {})
        // A generator that has not begun does not run its `finally`.
        await this.fork(release)
        return ended
      }
    }
  }

  private async *items(
    stream: AnyStream,
    run: <A>(effect: Effect.Effect<A, unknown, unknown>) => Promise<A>,
    release: Effect.Effect<void>
  ): AsyncGenerator<unknown, void, void> {
    if (this.closing !== undefined) throw new ClosedError({ started: false })
    const scope = Effect.runSync(Scope.make())
    try {
      const next = await run(Scope.extend(Pull.elements(stream), scope))
      for (;;) {
        const elements = await run(next)
        if (Option.isNone(elements)) return
        yield* elements.value
      }
    } finally {
      await this.fork(Effect.zipRight(Scope.close(scope, Exit.void), release))
    }
  }

  private async shutDown(): Promise<void> {
    await Effect.runPromise(Scope.close(this.scope, Exit.void))
    // The layer has settled the requests. Their fibers have to run to pass the outcomes to the callers.
    await Effect.runPromise(Effect.yieldNow())
    for (const fiber of this.fibers) fiber.unsafeInterruptAsFork(fiber.id())
  }
}

/** Builds the layer, and the functions of the modules. */
export const start = async <R, E>(
  layer: Layer.Layer<R, E>,
  modules: Readonly<Record<string, object>>,
  { signal }: Call
): Promise<object> => {
  const scope = Effect.runSync(Scope.make())
  // Safe: the types of `KuzzlePromise` omit functions that need a service which the runtime lacks.
  const building = new Runner(Runtime.defaultRuntime as Runtime.Runtime<unknown>, scope)
  try {
    const runtime = await building.fork(Scope.extend(Layer.toRuntime(layer), scope), signal)
    // As above.
    return client(new Runner(runtime as Runtime.Runtime<unknown>, scope), modules)
  } catch (error) {
    await building.close()
    throw error
  }
}

const client = (runner: Runner, modules: Readonly<Record<string, object>>): object => {
  const exposed = Object.entries(modules).map(([name, module]) => [
    name,
    runner.expose(Context.isTag(module) ? runner.service(module) : module)
  ])
  return closeable({
    ...Object.fromEntries(exposed),
    run: (effect: AnyEffect, call?: Call) => runner.run(effect, call),
    iterate: (stream: AnyStream, call?: Call) => runner.iterate(stream, call)
  }, runner.close)
}
