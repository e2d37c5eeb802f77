import { Kuzzle, KuzzleHeartbeat, type KuzzleSocket } from "@effect-kuzzle/core"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Either, Exit, Redacted, Schedule, Scope, TestClock } from "effect"
import { vi } from "vitest"
import * as OutboxPayload from "../../src/internal/api/outboxPayload.ts"
import type * as Envelope from "../../src/internal/protocol/envelope.ts"
import { answering } from "../support/answering.ts"
import { client, document, kinds, now } from "../support/client.ts"
import { FakeNetwork, obliging, turns } from "../support/FakeSocket.ts"

/** Another codec: each frame, and each part of a frame, is reversed JSON. */
const { flip } = vi.hoisted(() => ({ flip: (text: string): string => Array.from(text).reverse().join("") }))

vi.mock("../../src/internal/protocol/envelope.ts", async (importOriginal) => {
  const json = await importOriginal<typeof Envelope>()
  const codec: Omit<Partial<typeof Envelope>, "ping" | "pong"> & Record<"ping" | "pong", string> = {
    encode: (request) => {
      const encoded = json.encode(request)
      return typeof encoded === "string" ? flip(encoded) : encoded
    },
    encodeCanonical: (request) => flip(json.encodeCanonical(request)),
    callersPart: (request) => flip(json.callersPart(request)),
    sessionPart: (token, volatile) => flip(json.sessionPart(token, volatile)),
    complete: (encoded, session, id) => flip(json.complete(flip(encoded), flip(session), id)),
    withoutId: (encoded, session = "") => json.withoutId(flip(encoded), flip(session)),
    decode: (text) => json.decode(flip(text)),
    roomAtEnd: (text) => json.roomAtEnd(flip(text)),
    ping: flip(json.ping),
    pong: flip(json.pong)
  }
  return { ...json, ...codec }
})

/** A network whose server uses that codec, while the test reads and writes JSON. */
const flippedNetwork = (): FakeNetwork => {
  const network = new FakeNetwork()
  network.onSend = obliging
  const { unsafeConnect } = network.shape
  const shape: KuzzleSocket.KuzzleSocketShape = {
    unsafeConnect: ({ sink, ...dial }, done) =>
      unsafeConnect(
        { ...dial, sink: { ...sink, onFrame: (frame) => sink.onFrame(flip(frame)) } },
        (outcome) =>
          done(Either.map(outcome, (connection) =>
            // The members are methods of a class, so a spread would leave them out.
            Object.assign(Object.create(connection), {
              unsafeSend: (frame: string) => connection.unsafeSend(flip(frame))
            })))
      )
  }
  return Object.assign(network, { shape })
}

describe("envelope: another codec", () => {
  it.scoped("encodes requests with the session's members, and decodes answers", () =>
    Effect.gen(function*() {
      const network = flippedNetwork()
      const { query, session } = yield* client(network, { volatile: { app: "taxi" } })
      yield* session.authentication.adopt({
        token: Redacted.make("secret"),
        expiresAt: undefined,
        user: "ada",
        kuid: "ada"
      })
      const { status } = yield* query({ ...now, body: { a: "{}" } }, { volatile: { trip: 1 } })
      assert.strictEqual(status, 200)
      const { body, jwt, volatile } = network.current.last("now")
      assert.deepStrictEqual([body, jwt, volatile.app, volatile.trip], [{ a: "{}" }, "secret", "taxi", 1])
    }))

  it.scoped("encodes subscriptions and unsubscribes, and decodes notifications", () =>
    Effect.gen(function*() {
      const network = flippedNetwork()
      const { realtime, watch } = yield* client(network)
      const { received } = yield* watch({ a: 1 })
      network.current.deliver(document({ a: 1 }, "d1"))
      yield* turns()
      assert.deepStrictEqual(kinds(received), ["d1"])

      const listening = yield* Scope.make()
      yield* Effect.asVoid(
        realtime.open({ index: "i", collection: "c", users: "all", volatile: { seat: 2 } }).pipe(
          Scope.extend(listening)
        )
      )
      assert.deepInclude(network.current.last("subscribe").volatile, { seat: 2 })
      yield* Scope.close(listening, Exit.void)
      yield* turns()
      assert.strictEqual(network.current.of("unsubscribe").length, 1)
    }))

  it.scoped("encodes pings, and finds the request of an answer that is too large", () =>
    Effect.gen(function*() {
      const network = flippedNetwork()
      const { query, session } = yield* client(network, {
        maxResponseSize: 1000,
        heartbeat: KuzzleHeartbeat.make("Protocol", { schedule: Schedule.spaced("10 seconds") })
      })
      yield* TestClock.adjust("10 seconds")
      yield* turns()
      assert.include(network.current.sent, `{"p":1}`)
      assert.strictEqual((yield* session.roundTripTime)._tag, "Some")

      network.onSend = (socket) => {
        const { requestId } = socket.last("now")
        queueMicrotask(() => socket.deliver({ status: 200, error: null, result: "x".repeat(2000), room: requestId }))
      }
      const error = yield* Effect.flip(query(now))
      assert.strictEqual(error._tag, "KuzzleResponseTooLargeError")
      assert.strictEqual(network.sockets.length, 1)
    }))

  it.effect("HTTP and the outbox use JSON", () =>
    Effect.gen(function*() {
      const request = yield* Kuzzle.query({ ...now, body: { a: 1 } }).pipe(
        Effect.map(({ result }) => result),
        Effect.provide(answering((request) => request, { volatile: { app: "taxi" } }))
      )
      assert.deepInclude(request, { controller: "server", action: "now", body: { a: 1 } })
      const payload = Either.getOrThrow(OutboxPayload.write({ ...now, body: { a: 1 } }, { volatile: { trip: 1 } }))
      assert.deepStrictEqual(OutboxPayload.read(payload), {
        request: { ...now, body: { a: 1 } },
        options: { volatile: { trip: 1 } }
      })
    }))
})
