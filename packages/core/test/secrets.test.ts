/** Secrets stay secret: in messages, JSON, the debugger's view of errors, spans and logs (spec 3.9, 11). */
import { Kuzzle, KuzzleHeartbeat, KuzzleHttp, KuzzleSecurity, KuzzleSocket } from "@effect-kuzzle/core"
import { HttpClient, HttpClientError } from "@effect/platform"
import { assert, describe, it } from "@effect/vitest"
import { Cause, Effect, Exit, FastCheck as fc, Layer, Option, Redacted, Schedule, TestClock, Tracer } from "effect"
import { inspect } from "node:util"
import { SecretJson } from "../src/internal/json.ts"
import * as Envelope from "../src/internal/protocol/envelope.ts"
import { FakeNetwork, turns } from "./support/FakeSocket.ts"

const secret = fc.stringMatching(/^[A-Za-z0-9_-]{12,40}$/).map((text) => `s3cr3t-${text}`)

/** Everything that a log, a test report or an error page may show of a failure. */
const shown = (exit: Exit.Exit<unknown, unknown>): string =>
  Exit.match(exit, {
    onSuccess: () => assert.fail("it should have failed"),
    onFailure: (cause) => {
      const errors = Array.from(Cause.failures(cause))
      return [
        Cause.pretty(cause, { renderErrorCause: true }),
        JSON.stringify(cause),
        inspect(cause, { depth: 20 }),
        String(cause),
        ...errors.flatMap((error) => [
          String(error),
          JSON.stringify(error),
          inspect(error, { depth: 20 }),
          inspect({ ...Object(error) }, { depth: 20, showHidden: true })
        ])
      ].join("\n")
    }
  })

/** A tracer that keeps what it is told. */
const recording = () => {
  const told: Array<unknown> = []
  const tracer = Tracer.make({
    span: (name, parent, context, links, startTime, kind, options) => {
      const attributes = new Map<string, unknown>()
      const span: Tracer.Span = {
        _tag: "Span",
        name,
        spanId: "1",
        traceId: "1",
        parent,
        context,
        status: { _tag: "Started", startTime },
        attributes,
        links,
        sampled: true,
        kind,
        attribute: (key, value) => {
          told.push([key, value])
        },
        event: (event, _, given) => {
          told.push([event, given])
        },
        addLinks: () => {},
        end: (_, exit) => {
          told.push(name, Exit.isFailure(exit) ? Cause.pretty(exit.cause) : "")
        }
      }
      told.push(name, options)
      return span
    },
    context: (run) => run()
  })
  return { told, tracer }
}

const asked = { controller: "document", action: "create", index: "i", collection: "c" }

describe("secrets", () => {
  it.effect.prop(
    "over a WebSocket, no failure, span or state shows the token or a header",
    { secret },
    ({ secret }) =>
      Effect.gen(function*() {
        const network = new FakeNetwork()
        const { told, tracer } = recording()
        yield* Effect.gen(function*() {
          const kuzzle = yield* Kuzzle.Kuzzle
          yield* kuzzle.setToken(Option.some(Kuzzle.token(Redacted.make(secret))))
          const texts: Array<string> = []
          const failing = (run: () => void, request: Kuzzle.KuzzleRequest = asked) =>
            Effect.gen(function*() {
              const query = yield* Effect.fork(
                Effect.exit(kuzzle.query(request).pipe(Effect.withSpan("caller"), Effect.withTracer(tracer)))
              )
              yield* turns(2)
              run()
              yield* turns(2)
              texts.push(shown(yield* query.await.pipe(Effect.flatten, Effect.flatten, Effect.exit)))
            })
          const nothing = () => {}
          yield* failing(nothing, { ...asked, body: { a: 1n } })
          yield* failing(nothing, { ...asked, jwt: secret })
          yield* failing(nothing, { ...asked, body: { a: "x".repeat(2_000_000) } })
          yield* failing(() => {
            network.current.refuse(network.current.last("create"), { id: "security.token.invalid", status: 401 })
          })
          yield* failing(() => {
            const { requestId } = network.current.last("create")
            network.current.deliver({ requestId, nonsense: true })
          })
          yield* failing(() => network.current.close(1006))
          yield* failing(nothing)
          assert.strictEqual(network.current.requests.every(({ jwt }) => jwt === secret), true)
          texts.push(
            inspect(yield* kuzzle.state, { depth: 20 }),
            inspect(yield* kuzzle.token, { depth: 20 }),
            JSON.stringify(yield* kuzzle.token)
          )
          for (const text of texts) assert.notInclude(text, secret)
          assert.isAbove(told.length, 0)
          assert.notInclude(inspect(told, { depth: 20 }), secret)
        }).pipe(
          Effect.provide(
            Kuzzle.layer({ headers: { authorization: Redacted.make(secret) }, reconnect: Schedule.spaced("1 second") })
              .pipe(
                Layer.provide([network.layer, KuzzleHeartbeat.layerDisabled])
              )
          )
        )
      }),
    { fastCheck: { numRuns: 5 } }
  )

  it.effect.prop("over HTTP, nor that or the password", { secret }, ({ secret }) =>
    Effect.gen(function*() {
      const { told, tracer } = recording()
      const reasons = ["Transport", "Encode", "InvalidUrl"] as const
      let turn = 0
      const broken = HttpClient.make((request) =>
        turn < 3
          ? Effect.fail(
            new HttpClientError.RequestError({ request, reason: reasons[turn++ % 3]!, cause: new Error("no") })
          )
          : Effect.never
      )
      const layer = Kuzzle.layerHttp({ headers: { authorization: Redacted.make(secret) } }).pipe(
        Layer.provide(KuzzleHttp.layer),
        Layer.provide(Layer.succeed(HttpClient.HttpClient, broken))
      )
      yield* Effect.gen(function*() {
        const kuzzle = yield* Kuzzle.Kuzzle
        yield* kuzzle.setToken(Option.some(Kuzzle.token(Redacted.make(secret))))
        const request = { ...asked, body: { password: secret } }
        for (let i = 0; i < 4; i++) {
          const query = yield* Effect.fork(
            Effect.exit(kuzzle.query(request).pipe(Effect.withSpan("caller"), Effect.withTracer(tracer)))
          )
          yield* turns(2)
          if (i === 3) yield* TestClock.adjust("15 seconds")
          assert.notInclude(shown(yield* query.await.pipe(Effect.flatten, Effect.flatten, Effect.exit)), secret)
        }
        assert.isAbove(told.length, 0)
        assert.notInclude(inspect(told, { depth: 20 }), secret)
      }).pipe(Effect.provide(layer))
    }), { fastCheck: { numRuns: 5 } })

  it.effect.prop(
    "an address that cannot be dialled shows without its query",
    { secret },
    ({ secret }) =>
      Effect.gen(function*() {
        const network = new FakeNetwork()
        network.autoOpen = false
        network.onDial = (socket) => socket.close(1006)
        const exit = yield* Effect.exit(Effect.scoped(
          Kuzzle.make({ url: `ws://kuzzle.test/?key=${secret}` }).pipe(
            Effect.provideService(KuzzleSocket.KuzzleSocket, network.shape),
            Effect.provide(KuzzleHeartbeat.layerDisabled)
          )
        ))
        assert.isTrue(network.current.url.includes(secret))
        assert.notInclude(shown(exit), secret)
      }),
    { fastCheck: { numRuns: 5 } }
  )

  it("are revealed in what is sent, wherever they stand in it; all else stays as it is", () => {
    const credentials = { password: Redacted.make("secret"), codes: ["1", Redacted.make("2")], quota: 3, note: null }
    const request = KuzzleSecurity.createCredentials.request({ _id: "ada", strategy: "other", credentials })
    assert.notInclude(inspect(request, { depth: 9 }), "secret\"")
    const encoded = Envelope.encode(request)
    assert.instanceOf(encoded, SecretJson)
    const { body } = JSON.parse(`${encoded instanceof SecretJson ? encoded.text : ""}}`)
    assert.deepStrictEqual(body, { password: "secret", codes: ["1", "2"], quota: 3, note: null })
  })
})
