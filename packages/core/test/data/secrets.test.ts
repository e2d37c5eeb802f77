/** Secrets stay secret: in messages, JSON, the debugger's view of errors, spans and logs (spec 3.9, 11). */
import {
  Kuzzle,
  KuzzleAction,
  KuzzleAuth,
  KuzzleHeartbeat,
  KuzzleHttp,
  KuzzleOutbox,
  KuzzleRepository,
  KuzzleSecurity,
  KuzzleSocket,
  KuzzleTelemetry
} from "@effect-kuzzle/core"
import { HttpClient, HttpClientError } from "@effect/platform"
import { assert, describe, it } from "@effect/vitest"
import {
  Cause,
  Effect,
  Exit,
  FastCheck as fc,
  Layer,
  Option,
  Redacted,
  Schedule,
  Schema,
  Stream,
  TestClock
} from "effect"
import { inspect } from "node:util"
import { SecretJson } from "../../src/internal/data/json.ts"
import * as Envelope from "../../src/internal/protocol/envelope.ts"
import * as Watched from "../../src/internal/runtime/watched.ts"
import { client, obligingNetwork } from "../support/client.ts"
import { FakeNetwork, turns } from "../support/FakeSocket.ts"
import { recordingTracer } from "../support/tracer.ts"

const secret = fc.stringMatching(/^[A-Za-z0-9_-]{12,40}$/).map((text) => `s3cr3t-${text}`)

/** All texts of a failure that a log, a test report or an error page may show. */
const textOf = (exit: Exit.Exit<unknown, unknown>): string =>
  Exit.match(exit, {
    onSuccess: () => assert.fail("the request did not fail"),
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

const hidden = Redacted.make("s3cr3t")

const pay = KuzzleAction.make({
  controller: "payments/cards",
  action: "pay",
  idempotent: false,
  options: Schema.Struct({ card: Schema.Redacted(Schema.String), amount: Schema.Number }),
  body: ["card", "amount"],
  result: Schema.Null
})

const users = KuzzleRepository.make({
  index: "i",
  collection: "c",
  schema: Schema.Struct({ pin: Schema.optionalWith(Schema.Redacted(Schema.String), { as: "Option" }) })
})

/** Requests with a secret of the caller or of a Schema. */
const withSecret: ReadonlyArray<Effect.Effect<unknown, unknown, Kuzzle.Kuzzle>> = [
  Kuzzle.query({ controller: "payments/cards", action: "keep", body: { deep: [{ hidden }] } }),
  pay({ card: hidden, amount: 1 }),
  users.create({ content: { pin: Option.some(hidden) } }),
  users.update({ _id: "1", content: { pin: Option.some(hidden) } }),
  users.mCreate({ documents: [{ content: { pin: Option.some(hidden) } }] }),
  KuzzleSecurity.createCredentials({ _id: "ada", strategy: "local", credentials: { password: hidden } }),
  KuzzleAuth.updateMyCredentials({ strategy: "local", credentials: { password: hidden } })
]

const creation = { controller: "document", action: "create", index: "i", collection: "c" }

describe("secrets", () => {
  it.effect.prop(
    "over a WebSocket, no failure, span or state shows the token or a header",
    { secret },
    ({ secret }) =>
      Effect.gen(function*() {
        const network = new FakeNetwork()
        const { spans, tracer } = recordingTracer()
        yield* Effect.gen(function*() {
          const kuzzle = yield* Kuzzle.Kuzzle
          yield* kuzzle.setToken(Option.some(Kuzzle.token(Redacted.make(secret))))
          const texts: Array<string> = []
          const failing = (run: () => void, request: Kuzzle.KuzzleRequest = creation) =>
            Effect.gen(function*() {
              const query = yield* Effect.fork(
                Effect.exit(kuzzle.query(request).pipe(Effect.withSpan("caller"), Effect.withTracer(tracer)))
              )
              yield* turns(2)
              run()
              yield* turns(2)
              texts.push(textOf(yield* query.await.pipe(Effect.flatten, Effect.flatten, Effect.exit)))
            })
          const nothing = () => {}
          yield* failing(nothing, { ...creation, body: { a: 1n } })
          yield* failing(nothing, { ...creation, jwt: secret })
          yield* failing(nothing, { ...creation, body: { a: "x".repeat(2_000_000) } })
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
          assert.isAbove(spans.length, 0)
          assert.notInclude(inspect(spans, { depth: 20 }), secret)
        }).pipe(
          Effect.provide(
            Kuzzle.layer({ headers: { authorization: Redacted.make(secret) }, reconnect: Schedule.spaced("1 second") })
              .pipe(
                Layer.provide([network.layer, KuzzleHeartbeat.layerDisabled, KuzzleTelemetry.layer])
              )
          )
        )
      }),
    { fastCheck: { numRuns: 5 } }
  )

  it.effect.prop(
    "over HTTP, no failure or span shows the token, a header or the password",
    { secret },
    ({ secret }) =>
      Effect.gen(function*() {
        const { spans, tracer } = recordingTracer()
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
          Layer.provide([KuzzleHttp.layer, KuzzleTelemetry.layer]),
          Layer.provide(Layer.succeed(HttpClient.HttpClient, broken))
        )
        yield* Effect.gen(function*() {
          const kuzzle = yield* Kuzzle.Kuzzle
          yield* kuzzle.setToken(Option.some(Kuzzle.token(Redacted.make(secret))))
          const request = { ...creation, body: { password: secret } }
          for (let i = 0; i < 4; i++) {
            const query = yield* Effect.fork(
              Effect.exit(kuzzle.query(request).pipe(Effect.withSpan("caller"), Effect.withTracer(tracer)))
            )
            yield* turns(2)
            if (i === 3) yield* TestClock.adjust("15 seconds")
            assert.notInclude(textOf(yield* query.await.pipe(Effect.flatten, Effect.flatten, Effect.exit)), secret)
          }
          assert.isAbove(spans.length, 0)
          assert.notInclude(inspect(spans, { depth: 20 }), secret)
        }).pipe(Effect.provide(layer))
      }),
    { fastCheck: { numRuns: 5 } }
  )

  it.effect.prop(
    "the error for an address that cannot be dialled shows it without its query",
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
        assert.notInclude(textOf(exit), secret)
      }),
    { fastCheck: { numRuns: 5 } }
  )

  it.scoped("the offline queue keeps secrets in memory and sends them, and no event shows them", () =>
    Effect.gen(function*() {
      const network = obligingNetwork()
      const { query, session } = yield* client(network, { autoQueue: true })
      const events: Array<unknown> = []
      yield* Effect.forkScoped(
        Stream.runForEach(Watched.streamOf(session.events), (event) => Effect.sync(() => events.push(event)))
      )
      yield* turns()
      network.current.close(1006)
      yield* turns()
      // The requests use no other member of the client.
      const kuzzle = { query } as Kuzzle.KuzzleShape
      yield* Effect.forEach(withSecret, (request) => Effect.fork(Effect.provideService(request, Kuzzle.Kuzzle, kuzzle)))
      yield* turns()
      yield* TestClock.adjust("1 second")
      yield* turns(20)
      const sent = network.current.requests.map((each) => JSON.stringify(each))
      assert.lengthOf(sent.filter((frame) => frame.includes("s3cr3t")), withSecret.length)
      assert.isAbove(events.length, withSecret.length)
      assert.notInclude(inspect(events, { depth: 20 }), "s3cr3t")
    }))

  it.scoped("the outbox refuses secrets, because its store would keep them unencrypted", () =>
    Effect.gen(function*() {
      const { handOver } = yield* KuzzleOutbox.KuzzleOutbox
      for (const request of withSecret) {
        const error = yield* Effect.flip(handOver(request))
        assert.strictEqual(error.reason, "Secret", error.message)
        assert.notInclude(inspect(error, { depth: 20 }), "s3cr3t")
      }
    }).pipe(Effect.provide(
      KuzzleOutbox.layer().pipe(
        Layer.provide(KuzzleOutbox.layerMemoryStore),
        Layer.provideMerge(Kuzzle.layer()),
        Layer.provide([obligingNetwork().layer, KuzzleHeartbeat.layerDisabled])
      )
    )))

  it("are revealed everywhere in a sent request, and other values do not change", () => {
    const credentials = { password: Redacted.make("secret"), codes: ["1", Redacted.make("2")], quota: 3, note: null }
    const request = KuzzleSecurity.createCredentials.request({ _id: "ada", strategy: "other", credentials })
    assert.notInclude(inspect(request, { depth: 9 }), "secret\"")
    const encoded = Envelope.encode(request)
    assert.instanceOf(encoded, SecretJson)
    const { body } = JSON.parse(`${encoded instanceof SecretJson ? encoded.text : ""}}`)
    assert.deepStrictEqual(body, { password: "secret", codes: ["1", "2"], quota: 3, note: null })
  })
})
