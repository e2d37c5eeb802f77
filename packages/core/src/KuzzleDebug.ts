/**
 * The debugger of the server's Node, by the Chrome DevTools protocol. Only a server that is configured for it
 * (`security.debug.native_debug_protocol`) lets anybody use it.
 *
 * @module
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import * as Action from "./internal/action.ts"
import { type ConnectionState, Kuzzle } from "./internal/client.ts"
import type { DebuggerFrame } from "./internal/runtime/realtime.ts"
import * as Shape from "./internal/shape.ts"
import { DebuggerError } from "./KuzzleActionError.ts"
import type { RequestError } from "./KuzzleError.ts"
import { type Gap, KuzzleRealtime } from "./KuzzleRealtime.ts"

/**
 * What the debugger tells by itself.
 *
 * @since 0.1.0
 * @category models
 */
export interface DebugEvent {
  readonly type: "event"
  /** Its name in the DevTools protocol: `Runtime.consoleAPICalled`, `HeapProfiler.addHeapSnapshotChunk`, … */
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
 * Turns the debugger of the node on (`debug:enable`).
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
 * Turns it off (`debug:disable`): nobody hears of events any more.
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
 * Runs a method of the DevTools protocol (`debug:post`) and gives its answer. What the debugger refuses is an answer with
 * a member `error`, a text.
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
 * Has the events of a name, or all of them (`*`), sent to this connection (`debug:addListener`). It takes a WebSocket.
 * `events` does it, and keeps doing it.
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
 * Ends what `addListener` of the same name began (`debug:removeListener`).
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
 * What the debugger tells, while it is run: `enable` it first, and turn on with `post` what it shall tell of. After a lost
 * connection it listens again and gives a gap; it fails when the debugger is off then, as it is in a server that was
 * started anew.
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
    const frames = yield* server.open
    // The server keeps one listener of a name for each connection: the last stream to close takes it away. Where that
    // fails, the connection is gone, and the listener with it.
    yield* Effect.addFinalizer(() =>
      Effect.whenEffect(
        Effect.ignore(removeListener({ ...all, timeout: "1 second" })),
        Effect.map(server.watchers, (watchers) => watchers === 1)
      )
    )
    return Stream.merge(
      Stream.map(frames, toEvent),
      kuzzle.states.pipe(
        Stream.mapAccum(undefined, rejoin),
        Stream.flatMap((gaps) =>
          gaps === undefined ? Stream.empty : Stream.concat(Stream.fromIterable(gaps), listening)
        )
      ),
      { haltStrategy: "left" }
    )
  }))

/** With the connection lost again, the next one is listened to. */
const listening = Stream.fromEffect(addListener(all)).pipe(
  Stream.drain,
  Stream.catchTags({ KuzzleNotSentError: () => Stream.empty, KuzzleMaybeSentError: () => Stream.empty })
)

/** Why the connection was lost, once it was; and with each connection what to tell first. */
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
