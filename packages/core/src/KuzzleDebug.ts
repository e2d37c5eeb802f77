/**
 * The debugger of the server's Node process, by the Chrome DevTools protocol. The server must be configured for it
 * (`security.debug.native_debug_protocol`).
 *
 * @module
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import * as Action from "./internal/client/action.ts"
import { type ConnectionState, Kuzzle } from "./internal/client/client.ts"
import * as Shape from "./internal/data/shape.ts"
import type { DebuggerFrame } from "./internal/runtime/realtime.ts"
import * as Watched from "./internal/runtime/watched.ts"
import { DebuggerError } from "./KuzzleActionError.ts"
import type { RequestError } from "./KuzzleError.ts"
import { type Gap, KuzzleRealtime } from "./KuzzleRealtime.ts"

/**
 * An event of the debugger.
 *
 * @since 0.1.0
 * @category models
 */
export interface DebugEvent {
  readonly type: "event"
  /** The name in the DevTools protocol: `Runtime.consoleAPICalled`, `HeapProfiler.addHeapSnapshotChunk`, … */
  readonly event: string
  readonly params: Readonly<Record<string, unknown>>
}

/**
 * The version of Node that the server runs on (`debug:nodeVersion`).
 *
 * @since 0.1.0
 * @category actions
 */
export const nodeVersion = Action.make<Action.CallOptions, string>({
  controller: "debug",
  action: "nodeVersion",
  http: ["GET", "/debug/_nodeVersion"],
  idempotent: true,
  result: Shape.whole(Shape.string)
})

/**
 * Enables the debugger of the node (`debug:enable`).
 *
 * @since 0.1.0
 * @category actions
 */
export const enable = Action.make<Action.CallOptions, void, DebuggerError>({
  controller: "debug",
  action: "enable",
  http: ["POST", "/debug/_enable"],
  idempotent: true,
  errors: [DebuggerError],
  result: Shape.done
})

/**
 * Disables the debugger (`debug:disable`). After that, no client gets events.
 *
 * @since 0.1.0
 * @category actions
 */
export const disable = Action.make<Action.CallOptions, void, DebuggerError>({
  controller: "debug",
  action: "disable",
  http: ["POST", "/debug/_disable"],
  idempotent: true,
  errors: [DebuggerError],
  result: Shape.done
})

/**
 * Runs a method of the DevTools protocol (`debug:post`) and returns its answer. If the debugger refuses it, the answer
 * has a member `error`, a text.
 *
 * @since 0.1.0
 * @category actions
 */
export const post = Action.make<
  Action.CallOptions & {
    readonly method: string
    readonly params?: Readonly<Record<string, unknown>> | undefined
  },
  Readonly<Record<string, unknown>>,
  DebuggerError
>({
  controller: "debug",
  action: "post",
  http: ["POST", "/debug/_post"],
  idempotent: false,
  body: ["method", "params"],
  errors: [DebuggerError],
  result: Shape.whole(Shape.object())
})

/**
 * Subscribes this connection to the events with a name, or to all events (`*`) (`debug:addListener`). It requires a
 * WebSocket. Prefer `events`, which subscribes again after a lost connection.
 *
 * @since 0.1.0
 * @category actions
 */
export const addListener = Action.make<Action.CallOptions & { readonly event: string }, void, DebuggerError>({
  controller: "debug",
  action: "addListener",
  idempotent: true,
  body: ["event"],
  errors: [DebuggerError],
  result: Shape.done
})

/**
 * Ends the subscription that `addListener` began for the same name (`debug:removeListener`).
 *
 * @since 0.1.0
 * @category actions
 */
export const removeListener = Action.make<Action.CallOptions & { readonly event: string }, void, DebuggerError>({
  controller: "debug",
  action: "removeListener",
  idempotent: true,
  body: ["event"],
  errors: [DebuggerError],
  result: Shape.done
})

const all = { event: "*" }

/**
 * The events of the debugger while the stream runs. Call `enable` first, and enable the domains of the protocol with
 * `post`. After a lost connection the stream subscribes again and emits a gap. It fails if the debugger is no longer
 * enabled, for example because the server was restarted.
 *
 * @example
 * ```ts
 * import { Console, Stream } from "effect"
 * import { KuzzleDebug } from "@effect-kuzzle/core"
 *
 * export const serverLog = Stream.runForEach(KuzzleDebug.events, (event) =>
 *   event.type === "event" && event.event === "Runtime.consoleAPICalled" ? Console.log(event.params) : Console.log(event))
 * ```
 *
 * @since 0.1.0
 * @category events
 */
export const events: Stream.Stream<DebugEvent | Gap, RequestError | DebuggerError, Kuzzle | KuzzleRealtime> = Stream
  .unwrapScoped(Effect.gen(function*() {
    const kuzzle = yield* Kuzzle
    const server = (yield* KuzzleRealtime).debugger
    const frames = yield* Watched.open(server, (lost) => ({ lost }))
    // The server keeps one listener of a name for each connection. The last stream to close removes it. If that fails,
    // the connection has ended, and the listener with it.
    yield* Effect.addFinalizer(() =>
      Effect.whenEffect(
        Effect.ignore(removeListener({ ...all, timeout: "1 second" })),
        Effect.map(server.watchers, (watchers) => watchers === 1)
      )
    )
    return Stream.merge(
      Stream.map(frames, toEvent),
      Watched.streamOf(kuzzle.states).pipe(
        Stream.mapAccum(undefined, rejoin),
        Stream.flatMap((gaps) =>
          gaps === undefined ? Stream.empty : Stream.concat(Stream.fromIterable(gaps), listening)
        )
      ),
      { haltStrategy: "left" }
    )
  }))

/** Subscribes again. If this connection is lost, too, the stream continues with the next one. */
const listening = Stream.fromEffect(addListener(all)).pipe(
  Stream.drain,
  Stream.catchTags({ KuzzleNotSentError: () => Stream.empty, KuzzleMaybeSentError: () => Stream.empty })
)

/** The cause of the latest loss. A gap with this cause is the first element of the next connection. */
const rejoin = (
  lost: Gap | undefined,
  state: ConnectionState
): readonly [lost: Gap | undefined, connected: ReadonlyArray<Gap> | undefined] => {
  if (state._tag === "Ready") return [undefined, lost === undefined ? [] : [lost]]
  return [
    state._tag === "Waiting" ? { type: "gap", cause: { _tag: "Disconnected", cause: state.cause } } : lost,
    undefined
  ]
}

const debuggerEvent = Shape.read(
  Shape.struct<{ readonly event: string; readonly result: { readonly params?: DebugEvent["params"] } }>({
    event: Shape.string,
    result: Shape.struct<{ readonly params?: DebugEvent["params"] }>({ params: Shape.optional(Shape.object()) })
  }),
  ({ event, result }): DebugEvent => ({ type: "event", event, params: result.params ?? {} })
)

const toEvent = (frame: DebuggerFrame): DebugEvent | Gap => {
  if (typeof frame.lost === "number") return { type: "gap", cause: { _tag: "Overflow", lost: frame.lost } }
  // Spec 1.5: `{ event, result: { method, params }, room }`.
  const event = debuggerEvent(frame)
  return event instanceof Shape.Issue ? { type: "gap", cause: { _tag: "Malformed", issue: event.of("event") } } : event
}
