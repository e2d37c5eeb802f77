/**
 * Streams for React, Vue and any other framework that renders from an external store, in the form that
 * `useSyncExternalStore` accepts.
 *
 * A store runs its stream while it has subscribers. The first one starts the stream, the last one stops it. A component
 * that subscribes again in the same turn of the event loop, as under React's StrictMode, keeps the stream running.
 * Rendering on a server only calls `getServerSnapshot`, which runs nothing: the runtime is not built, so no connection
 * is opened.
 *
 * An interruption is no error. `getSnapshot` throws a defect (a bug in the stream or its layers), so that it reaches
 * the framework's error boundary.
 *
 * @example
 * ```ts
 * import { Effect, Layer, ManagedRuntime, Stream } from "effect"
 * import { Kuzzle, KuzzleExternalStore, KuzzleLiveQuery } from "@effect-kuzzle/core"
 * import { BrowserKuzzle } from "@effect-kuzzle/browser"
 *
 * const runtime = ManagedRuntime.make(BrowserKuzzle.layer({ url: "wss://kuzzle.example.org" }))
 *
 * export const taxis = KuzzleExternalStore.make(
 *   runtime,
 *   Stream.unwrapScoped(Effect.map(KuzzleLiveQuery.live({ index: "nyc", collection: "taxi" }), ({ values }) => values))
 * )
 *
 * export const connection = KuzzleExternalStore.make(runtime, Kuzzle.states)
 *
 * // In a component of React:
 * // const snapshot = useSyncExternalStore(taxis.subscribe, taxis.getSnapshot, taxis.getServerSnapshot)
 * ```
 *
 * @module
 * @since 0.1.0
 */
import * as Cause from "effect/Cause"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as FiberId from "effect/FiberId"
import type * as ManagedRuntime from "effect/ManagedRuntime"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"

/**
 * The state of a store. It is the same object until something changes.
 *
 * - `Pending`: the stream has emitted nothing yet, or there is no subscriber.
 * - `Value`: the latest element of the stream. It stays when the stream ends.
 * - `Failure`: the stream or the layers of the runtime have failed.
 *
 * @since 0.1.0
 * @category models
 */
export type Snapshot<A, E> =
  | { readonly _tag: "Pending" }
  | { readonly _tag: "Value"; readonly value: A }
  | { readonly _tag: "Failure"; readonly error: E }

/**
 * A store that a framework subscribes to. Its functions need no `this`.
 *
 * @since 0.1.0
 * @category models
 */
export interface ExternalStore<A, E> {
  /** Calls `onChange` after every change of the snapshot. Returns the function that ends this subscription. */
  readonly subscribe: (onChange: () => void) => () => void
  /** The current state. Throws a defect of the stream. */
  readonly getSnapshot: () => Snapshot<A, E>
  /** Always `Pending`. Frameworks use it on a server, and while a server-rendered page is hydrated. */
  readonly getServerSnapshot: () => Snapshot<A, E>
}

const pending = { _tag: "Pending" } as const

type State<A, E> = Snapshot<A, E> | { readonly _tag: "Defect"; readonly defect: unknown }

/**
 * Makes a store of the latest element of a stream, which the runtime runs. Several elements that arrive at once cause
 * one change. An element that is the same as the previous one (`Object.is`) causes no change.
 *
 * Making a store starts nothing, so it may be made during rendering. A store without subscribers is `Pending` and keeps
 * nothing. The next subscriber starts the stream again, even after a failure.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = <A, E, R, ER>(
  runtime: ManagedRuntime.ManagedRuntime<R, ER>,
  stream: Stream.Stream<A, E, R>
): ExternalStore<A, E | ER> => {
  const subscribers = new Set<{ readonly onChange: () => void }>()
  let state: State<A, E | ER> = pending
  /** Stops the run of the stream that this store shows. */
  let stop: (() => void) | undefined

  const change = (next: State<A, E | ER>): void => {
    if (next === state) return
    state = next
    for (const { onChange } of subscribers) onChange()
  }

  const start = (): void => {
    // An interrupted stream may still emit or fail.
    let stopped = false
    const show = (value: A): void => {
      if (!stopped && !(state._tag === "Value" && Object.is(state.value, value))) change({ _tag: "Value", value })
    }
    stop = () => {
      stopped = true
      fiber.unsafeInterruptAsFork(FiberId.none)
    }
    const showLatest = (elements: Chunk.Chunk<A>) => Effect.sync(() => Option.map(Chunk.last(elements), show))
    const fiber = runtime.runFork(Stream.runForEachChunk(stream, showLatest))
    fiber.addObserver((exit) => {
      if (!stopped && Exit.isFailure(exit)) change(ended(exit.cause, state))
    })
  }

  const stopIfUnwatched = (): void => {
    if (subscribers.size > 0) return
    stop?.()
    stop = undefined
    state = pending
  }

  return {
    subscribe: (onChange) => {
      const subscriber = { onChange }
      subscribers.add(subscriber)
      if (stop === undefined) start()
      return () => {
        if (subscribers.delete(subscriber)) queueMicrotask(stopIfUnwatched)
      }
    },
    getSnapshot: () => {
      if (state._tag === "Defect") throw state.defect
      return state
    },
    getServerSnapshot: () => pending
  }
}

const ended = <A, E>(cause: Cause.Cause<E>, before: State<A, E>): State<A, E> =>
  Option.match(Cause.failureOption(cause), {
    onSome: (error) => ({ _tag: "Failure", error }),
    onNone: () => Cause.isInterruptedOnly(cause) ? before : { _tag: "Defect", defect: Cause.squash(cause) }
  })
