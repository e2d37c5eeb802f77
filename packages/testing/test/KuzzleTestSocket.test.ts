import { KuzzleSocket } from "@effect-kuzzle/core"
import { KuzzleEngine, KuzzleTestSocket } from "@effect-kuzzle/testing"
import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Exit, Layer, Redacted, TestClock } from "effect"
import { turns } from "../../../tests/suite/until.ts"
import { ann } from "./support.ts"

const layer = Layer.provideMerge(KuzzleTestSocket.layer, KuzzleEngine.layer())

const dial = Effect.gen(function*() {
  const socket = yield* KuzzleSocket.KuzzleSocket
  const frames: Array<string> = []
  const pongs: Array<number> = []
  const connection = yield* KuzzleSocket.connect(socket, {
    url: "ws://anywhere",
    sink: { onFrame: (frame) => void frames.push(frame), onPong: () => void pongs.push(pongs.length) },
    timeout: Duration.seconds(10)
  })
  return { connection, frames, pongs }
})

describe("KuzzleTestSocket", () => {
  it.effect("carries frames in order, and never inside the call that sends", () =>
    Effect.gen(function*() {
      const { connection, frames } = yield* dial
      for (let i = 0; i < 5; i++) {
        connection.unsafeSend(JSON.stringify({ requestId: `${i}`, controller: "server", action: "now" }))
      }
      assert.lengthOf(frames, 0)
      yield* turns
      assert.deepStrictEqual(frames.map((frame) => JSON.parse(frame).requestId), ["0", "1", "2", "3", "4"])
    }).pipe(Effect.scoped, Effect.provide(layer)))

  it.effect("pings", () =>
    Effect.gen(function*() {
      const engine = yield* KuzzleEngine.KuzzleEngine
      const { connection, pongs } = yield* dial
      connection.unsafePing?.()
      yield* turns
      assert.lengthOf(pongs, 1)
      yield* engine.freeze
      connection.unsafePing?.()
      yield* turns
      assert.lengthOf(pongs, 1)
      yield* engine.thaw
      assert.lengthOf(pongs, 2)
    }).pipe(Effect.scoped, Effect.provide(layer)))

  it.effect("has no pings where a browser has none", () =>
    Effect.gen(function*() {
      const { connection } = yield* dial
      assert.isUndefined(connection.unsafePing)
    }).pipe(
      Effect.scoped,
      Effect.provide(Layer.provideMerge(KuzzleTestSocket.layerWithoutPings, KuzzleEngine.layer()))
    ))

  it.effect("ends when the engine ends it", () =>
    Effect.gen(function*() {
      const engine = yield* KuzzleEngine.KuzzleEngine
      const { connection } = yield* dial
      yield* engine.dropAll(1011, "enough")
      const ended = yield* Effect.flip(KuzzleSocket.ended(connection))
      assert.deepInclude(ended, { by: "Peer", code: 1011, reason: "enough" })
      assert.isFalse(connection.unsafeSend("{}"))
    }).pipe(Effect.scoped, Effect.provide(layer)))

  it.effect("is cut when it sends nothing for too long", () =>
    Effect.gen(function*() {
      const { connection } = yield* dial
      yield* TestClock.adjust("1 minute")
      assert.strictEqual((yield* Effect.flip(KuzzleSocket.ended(connection))).code, 1006)
    }).pipe(Effect.scoped, Effect.provide(layer)))

  it.effect("disconnects from the engine with its scope", () =>
    Effect.gen(function*() {
      const engine = yield* KuzzleEngine.KuzzleEngine
      yield* Effect.scoped(Effect.zipRight(
        dial,
        Effect.map(engine.connections, (n) => assert.strictEqual(n, 1))
      ))
      assert.strictEqual(yield* engine.connections, 0)
    }).pipe(Effect.provide(layer)))

  it.effect("is refused while the engine refuses", () =>
    Effect.gen(function*() {
      const engine = yield* KuzzleEngine.KuzzleEngine
      yield* engine.refuse
      const refused = yield* Effect.flip(Effect.scoped(dial))
      assert.deepInclude(refused, { _tag: "KuzzleConnectError", reason: "Unreachable" })
      yield* engine.accept
      assert.isTrue(Exit.isSuccess(yield* Effect.exit(Effect.scoped(dial))))
    }).pipe(Effect.provide(layer)))

  it.effect("refuses an address that is not a WebSocket URL", () =>
    Effect.gen(function*() {
      const socket = yield* KuzzleSocket.KuzzleSocket
      for (const url of ["nonsense", "http://host"]) {
        const refused = yield* Effect.flip(
          Effect.scoped(
            KuzzleSocket.connect(socket, {
              url,
              sink: { onFrame: () => {}, onPong: () => {} },
              timeout: Duration.seconds(1)
            })
          )
        )
        assert.strictEqual(refused.reason, "BadUrl")
      }
    }).pipe(Effect.provide(layer)))

  it.effect("carries the headers of its handshake", () =>
    Effect.gen(function*() {
      const socket = yield* KuzzleSocket.KuzzleSocket
      const engine = yield* KuzzleEngine.KuzzleEngine
      const answer = engine.http({
        method: "POST",
        url: "/_login/local?cookieAuth=true",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ username: "ann", password: "pw" })
      })
      const cookie = answer?.headers.find(([name]) => name === "Set-Cookie")?.[1].split(";")[0] ?? assert.fail()
      const frames: Array<string> = []
      const connection = yield* KuzzleSocket.connect(socket, {
        url: "ws://anywhere",
        sink: { onFrame: (frame) => void frames.push(frame), onPong: () => {} },
        timeout: Duration.seconds(1),
        headers: { Cookie: Redacted.make(cookie) }
      })
      connection.unsafeSend(JSON.stringify({ requestId: "1", controller: "auth", action: "getCurrentUser" }))
      yield* turns
      assert.deepInclude(JSON.parse(frames[0] ?? "{}").result, { _id: "ann" })
    }).pipe(
      Effect.scoped,
      Effect.provide(Layer.provideMerge(KuzzleTestSocket.layer, KuzzleEngine.layer({ users: [ann] })))
    ))
})
