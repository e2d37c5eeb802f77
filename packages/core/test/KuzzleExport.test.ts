import { KuzzleDownload, KuzzleError, KuzzleExport } from "@effect-kuzzle/core"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Either, Fiber, Stream, TestClock } from "effect"
import { answering } from "./support/answering.ts"
import { turns } from "./support/FakeSocket.ts"

const target = { index: "nyc", collection: "taxi" }
const header = "{\"type\":\"collection\"}\n"

/** The text of an export with this answer, and its error. */
const exported = (response: () => Response) =>
  Effect.gen(function*() {
    let text = ""
    const end = yield* KuzzleExport.stream(target).pipe(
      Stream.decodeText(),
      Stream.runForEach((part) =>
        Effect.sync(() => {
          text += part
        })
      ),
      Effect.either
    )
    return { text, error: Either.isLeft(end) ? end.left : undefined }
  }).pipe(Effect.provide(answering(response)))

const answer = (body: BodyInit, type: string, status = 200) => () =>
  new Response(body, { status, headers: { "content-type": type } })

/** A body of several parts, which then ends or breaks. */
const parts = (texts: ReadonlyArray<string>, broken = false) =>
  new ReadableStream<Uint8Array>({
    start: (controller) => {
      for (const text of texts) controller.enqueue(new TextEncoder().encode(text))
      if (broken) controller.error(new Error("reset"))
      else controller.close()
    }
  })

describe("KuzzleExport", () => {
  it.effect("emits the bytes of the answer as they arrive", () =>
    Effect.gen(function*() {
      const { error, text } = yield* exported(answer(parts([header, "{\"_id\":", "\"a\"}\n"]), "html/text"))
      assert.isUndefined(error)
      assert.strictEqual(text, `${header}{"_id":"a"}\n`)
    }))

  it.effect("a page of a proxy, an error of Kuzzle in any form, or another kind of answer is an error without any bytes", () =>
    Effect.gen(function*() {
      const fault = { id: "api.process.overloaded", status: 503, message: "no", code: 1, props: [] }
      const enveloped = JSON.stringify({ requestId: "r", status: 503, error: fault, result: null })
      const cases: ReadonlyArray<readonly [() => Response, string]> = [
        [answer("<html>Bad Gateway</html>", "text/html", 502), "KuzzleProtocolError"],
        [answer("<html>Sign in</html>", "text/html; charset=utf-8"), "KuzzleProtocolError"],
        [answer(enveloped, "application/json", 503), "KuzzleServiceUnavailableError"],
        [answer(JSON.stringify(fault), "application/json", 503), "KuzzleServiceUnavailableError"],
        [
          answer(JSON.stringify({ requestId: "r", status: 200, error: null, result: {} }), "application/json"),
          "KuzzleProtocolError"
        ],
        [answer("gone", "text/plain", 410), "KuzzleProtocolError"]
      ]
      for (const [response, tag] of cases) {
        const { error, text } = yield* exported(response)
        assert.strictEqual(error?._tag, tag)
        assert.strictEqual(text, "")
      }
    }))

  it.effect("a broken connection is an error after the complete lines", () =>
    Effect.gen(function*() {
      const { error } = yield* exported(answer(parts([header, "a\n", "b"], true), "text/csv"))
      assert.strictEqual(error?._tag, "KuzzleHttpTransportError")
      const cut = yield* exported(answer(parts([header, "a\n", "b"]), "text/csv"))
      assert.strictEqual(cut.text, `${header}a\n`)
      assert.strictEqual(cut.error?._tag, "KuzzleProtocolError")
    }))

  it.effect("the deadline applies to the first part and to each later one, but not to the time of the consumer", () =>
    Effect.gen(function*() {
      let push: ReadableStreamDefaultController<Uint8Array> | undefined
      const body = new ReadableStream<Uint8Array>({
        start: (controller) => {
          push = controller
        }
      })
      // Parts of a body need turns of the event loop, but no time.
      const settle = turns(5)
      const send = (text: string) =>
        Effect.zipRight(Effect.sync(() => push?.enqueue(new TextEncoder().encode(text))), settle)
      const seen: Array<string> = []
      const fiber = yield* KuzzleDownload.stream({ controller: "files", action: "read" }, { timeout: "1 second" }).pipe(
        Stream.decodeText(),
        Stream.runForEach((text) => Effect.zipRight(Effect.sync(() => seen.push(text)), Effect.sleep("10 seconds"))),
        Effect.flip,
        Effect.provide(answering(answer(body, "application/octet-stream"))),
        Effect.fork
      )
      yield* settle
      yield* TestClock.adjust("900 millis")
      yield* send("a")
      yield* send("b")
      // The consumer is slow, not the server.
      yield* TestClock.adjust("10 seconds")
      yield* settle
      assert.deepStrictEqual(seen, ["a", "b"])
      yield* TestClock.adjust("10 seconds")
      yield* settle
      yield* TestClock.adjust("1 second")
      assert.instanceOf(yield* Fiber.join(fiber), KuzzleError.DeadlineError)
    }))
})
