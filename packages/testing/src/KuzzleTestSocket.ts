/**
 * A `KuzzleSocket` that is connected to the `KuzzleEngine` in the same process: without network and port, in any
 * runtime, and with `TestClock`.
 *
 * A frame takes one microtask in each direction, and frames keep their order. So a test runs the same way every time,
 * and no frame is delivered inside the call that sent it.
 *
 * @module
 * @since 0.1.0
 */
import * as KuzzleSocket from "@effect-kuzzle/core/KuzzleSocket"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import { type EngineConnection, type Headers, KuzzleEngine, type KuzzleEngineShape } from "./KuzzleEngine.ts"

/**
 * Options of the in-memory socket.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** Whether the socket can send ping frames (RFC 6455), as Node's can and a browser's cannot. `true` by default. */
  readonly pings?: boolean
}

/**
 * The in-memory socket.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (options: Options = {}): Effect.Effect<KuzzleSocket.KuzzleSocketShape, never, KuzzleEngine> =>
  Effect.map(KuzzleEngine, (engine) => KuzzleSocket.make(driver(engine, options.pings ?? true)))

const driver = (engine: KuzzleEngineShape, pings: boolean): KuzzleSocket.Driver => ({
  open: (url, events, headers) => {
    if (!/^wss?:\/\/./i.test(url)) throw new TypeError(`${url} is not a WebSocket URL`)

    let connection: EngineConnection | undefined
    let closed = false
    const end = (code: number, reason: string): void => {
      closed = true
      connection?.close()
      queueMicrotask(() => events.onClose(code, reason))
    }
    queueMicrotask(() => {
      if (closed) return
      connection = engine.connect({
        send: (frame) => queueMicrotask(() => events.onFrame(frame)),
        close: (code, reason) => {
          closed = true
          queueMicrotask(() => events.onClose(code, reason))
        }
      }, plain(headers))
      if (connection !== undefined) return events.onOpen()
      closed = true
      events.onError(new Error("connection refused"))
      events.onClose(1006, "")
    })
    const deliver = (act: (connection: EngineConnection) => void): void =>
      queueMicrotask(() => {
        if (!closed && connection !== undefined) act(connection)
      })
    return {
      send: (frame) => {
        deliver((open) => open.receive(frame))
        return !closed
      },
      ...(pings ? { ping: () => deliver((open) => open.ping(events.onPong)) } : {}),
      close: end,
      terminate: () => end(1006, ""),
      bufferedAmount: () => 0
    }
  }
})

const plain = (headers: KuzzleSocket.HandshakeHeaders): Headers =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), Redacted.value(value)]))

/**
 * A socket with ping frames, as on Node.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer: Layer.Layer<KuzzleSocket.KuzzleSocket, never, KuzzleEngine> = Layer.effect(
  KuzzleSocket.KuzzleSocket,
  make()
)

/**
 * A socket without ping frames, as in a browser.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerWithoutPings: Layer.Layer<KuzzleSocket.KuzzleSocket, never, KuzzleEngine> = Layer.effect(
  KuzzleSocket.KuzzleSocket,
  make({ pings: false })
)
