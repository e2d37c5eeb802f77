import { KuzzleEngine } from "@effect-kuzzle/testing"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Redacted, TestClock } from "effect"
import { ann, type Client, connect, errorOf, login, resultOf } from "./support.ts"

const taxi = { index: "nyc", collection: "taxi" }

const run = <A>(
  effect: Effect.Effect<A, never, KuzzleEngine.KuzzleEngine>,
  options: KuzzleEngine.Options = { users: [ann] }
) => Effect.provide(effect, KuzzleEngine.layer(options))

describe("KuzzleEngine", () => {
  describe("answers", () => {
    it.effect("have the real keys, in the real order", () =>
      run(Effect.gen(function*() {
        const client = yield* connect()
        const answer = client.ask("server", "now", { volatile: { a: 1 }, ...taxi })
        assert.deepStrictEqual(Object.keys(answer), [
          "action",
          "collection",
          "controller",
          "error",
          "headers",
          "index",
          "requestId",
          "result",
          "status",
          "volatile",
          "room"
        ])
        assert.notProperty(client.ask("index", "create", { index: "nyc" }), "result")
      })))

    it.effect("continue the versions of a deleted document for one minute", () =>
      run(Effect.gen(function*() {
        const ask = (client: Client, action: string) =>
          resultOf(client.ask("document", action, { ...taxi, _id: "a", body: {} }))
        const client = yield* connect()
        client.ask("collection", "create", taxi)
        ask(client, "create")
        ask(client, "delete")
        assert.propertyVal(ask(client, "create"), "_version", 3)
        ask(client, "delete")
        // The first connection was idle for too long and is closed, so a second one asks.
        yield* TestClock.adjust("61 seconds")
        assert.propertyVal(ask(yield* connect(), "create"), "_version", 1)
      })))

    it.effect("of a search follow the refresh_interval of the collection", () =>
      run(Effect.gen(function*() {
        const client = yield* connect()
        const body = { settings: { refresh_interval: "5s" } }
        client.ask("collection", "create", { ...taxi, body })
        const count = () => resultOf(client.ask("document", "count", { ...taxi, body: {} })).count
        client.ask("document", "create", { ...taxi, body: {} })
        yield* TestClock.adjust("4 seconds")
        assert.strictEqual(count(), 0)
        yield* TestClock.adjust("1 second")
        assert.strictEqual(count(), 1)
      })))

    it.effect("of a change by query are a conflict when a document was changed after the last refresh", () =>
      run(Effect.gen(function*() {
        const client = yield* connect()
        client.ask("collection", "create", taxi)
        client.ask("document", "create", { ...taxi, _id: "a", body: { n: 1 }, refresh: "wait_for" })
        client.ask("document", "update", { ...taxi, _id: "a", body: { n: 2 } })
        for (
          const [controller, action] of [["bulk", "updateByQuery"], ["bulk", "deleteByQuery"], [
            "document",
            "deleteByQuery"
          ]] as const
        ) {
          const answer = client.ask(controller, action, { ...taxi, body: { query: {}, changes: { n: 3 } } })
          assert.deepInclude(errorOf(answer), { id: "services.storage.unexpected_error", message: "Response Error" })
        }
        assert.deepInclude(resultOf(client.ask("document", "get", { ...taxi, _id: "a" }))._source, { n: 2 })
      })))

    it.effect("name what is not implemented", () =>
      run(Effect.gen(function*() {
        const client = yield* connect()
        assert.deepInclude(errorOf(client.ask("nope", "set")), { id: "api.process.controller_not_found" })
        assert.deepInclude(errorOf(client.ask("ms", "nope")), { id: "api.process.action_not_found" })
        client.ask("collection", "create", taxi)
        for (const body of [{ query: { query_string: {} } }, { aggs: { a: { percentiles: {} } } }, { highlight: {} }]) {
          const answer = client.ask("document", "search", { ...taxi, body })
          assert.deepInclude(errorOf(answer), { id: "testing.engine.not_implemented", status: 501 })
        }
      })))

    it.effect("refuse options that the engine would ignore", () =>
      run(Effect.gen(function*() {
        const client = yield* connect()
        const refused = (action: string, body: object, controller = "document") =>
          assert.deepInclude(
            errorOf(client.ask(controller, action, { ...taxi, body })),
            { id: "testing.engine.not_implemented", status: 501 },
            JSON.stringify(body)
          )
        for (
          const field of [
            { type: "alias", path: "other" },
            { type: "text", analyzer: "english" },
            { type: "date", format: "yyyy" },
            { type: "text", norms: false },
            { type: "text", fields: { raw: { type: "keyword", boost: 2 } } }
          ]
        ) refused("create", { mappings: { properties: { field } } }, "collection")
        refused("create", { settings: { index: { blocks: { write: true } } } }, "collection")
        refused("create", { settings: { "index.blocks.write": true } }, "collection")
        client.ask("collection", "create", {
          ...taxi,
          body: {
            mappings: { properties: { bio: { type: "text" } } }
          }
        })
        for (
          const query of [
            { match: { bio: { query: "a", fuzziness: "AUTO" } } },
            { match_phrase: { bio: { query: "a", slop: 1 } } },
            { range: { at: { gt: "2020", format: "yyyy" } } },
            { multi_match: { query: "a", fields: ["bio"], type: "cross_fields" } },
            { multi_match: { query: "a", fields: ["b*"] } }
          ]
        ) refused("search", { query })
      })))

    it.effect("have no room if the frame is not a request, and null gets no answer", () =>
      run(Effect.gen(function*() {
        const client = yield* connect()
        for (const frame of ["garbage", "[]", "42", "{\"requestId\":1,\"controller\":\"a\"}"]) {
          client.raw(frame)
          const [answer, ...others] = client.take()
          assert.notProperty(answer, "room")
          assert.lengthOf(others, 0)
        }
        for (const frame of ["null", "", "{\"controller\":\"a\",\"action\":\"b\",\"targets\":1}"]) client.raw(frame)
        assert.lengthOf(client.frames, 0)
      })))

    it.effect("to a ping are only a pong", () =>
      run(Effect.gen(function*() {
        const client = yield* connect()
        client.raw("{\"p\":1}")
        assert.deepStrictEqual(client.take(), [{ p: 2 }])
      })))

    it.effect("survive hostile names", () =>
      run(Effect.gen(function*() {
        const client = yield* connect()
        client.ask("collection", "create", { ...taxi, body: { mappings: { dynamic: "true" } } })
        client.raw(
          `{"requestId":"x","controller":"document","action":"create","index":"nyc","collection":"taxi","_id":"a",` +
            `"body":{"__proto__":{"polluted":true},"constructor":{"prototype":1},"toString":"x"},"refresh":"wait_for"}`
        )
        assert.strictEqual(client.take()[0]?.status, 200)
        client.raw(
          `{"requestId":"y","controller":"document","action":"update","index":"nyc","collection":"taxi","_id":"a",` +
            `"body":{"__proto__":{"more":1}},"refresh":"wait_for"}`
        )
        assert.strictEqual(client.take()[0]?.status, 200)
        assert.notProperty({}, "polluted")
        const { _source } = resultOf(client.ask("document", "get", { ...taxi, _id: "a" }))
        assert.match(JSON.stringify(_source), /"__proto__":\{"polluted":true,"more":1\}/)
        assert.deepStrictEqual(
          resultOf(
            client.ask("document", "search", { ...taxi, body: { query: { exists: { field: "__proto__.more" } } } })
          ).total,
          1
        )
      })))
  })

  describe("aggregations", () => {
    const aggregate = (aggs: object) =>
      Effect.map(connect(), (client) => {
        const properties = { at: { type: "date" }, ok: { type: "boolean" }, bio: { type: "text" } }
        client.ask("collection", "create", { ...taxi, body: { mappings: { properties } } })
        const days = ["2024-01-30", "2024-02-29", "2024-05-01"]
        for (const [i, at] of days.entries()) {
          client.ask("document", "create", { ...taxi, body: { at, ok: i > 0 }, refresh: "wait_for" })
        }
        return client.ask("document", "search", { ...taxi, size: 0, body: { aggs } })
      })

    it.effect("of dates and booleans contain them also as texts, as those of Elasticsearch do", () =>
      run(Effect.gen(function*() {
        const answer = yield* aggregate({
          months: {
            date_histogram: { field: "at", calendar_interval: "month" },
            aggs: { free: { terms: { field: "ok" } } }
          },
          weeks: { date_histogram: { field: "at", calendar_interval: "1w", min_doc_count: 1 } },
          days: { date_histogram: { field: "at", fixed_interval: "30d", min_doc_count: 1 } },
          last: { max: { field: "at" } }
        })
        const { aggregations } = resultOf(answer)
        const terms = (buckets: ReadonlyArray<object>) => ({
          buckets,
          doc_count_error_upper_bound: 0,
          sum_other_doc_count: 0
        })
        const [no, yes] = [false, true].map((ok) => ({ key: ok ? 1 : 0, key_as_string: String(ok), doc_count: 1 }))
        const bucket = (day: string, doc_count = 1) => ({
          key_as_string: `${day}T00:00:00.000Z`,
          key: Date.parse(day),
          doc_count
        })
        assert.deepStrictEqual(aggregations, {
          months: {
            buckets: [
              { ...bucket("2024-01-01"), free: terms([no!]) },
              { ...bucket("2024-02-01"), free: terms([yes!]) },
              { ...bucket("2024-03-01", 0), free: terms([]) },
              { ...bucket("2024-04-01", 0), free: terms([]) },
              { ...bucket("2024-05-01"), free: terms([yes!]) }
            ]
          },
          weeks: { buckets: ["2024-01-29", "2024-02-26", "2024-04-29"].map((day) => bucket(day)) },
          days: { buckets: ["2024-01-18", "2024-02-17", "2024-04-17"].map((day) => bucket(day)) },
          last: { value: Date.parse("2024-05-01"), value_as_string: "2024-05-01T00:00:00.000Z" }
        })
      })))

    it.effect("that are wrong, or not implemented, are refused", () =>
      run(Effect.gen(function*() {
        const idOf = (aggs: object) => Effect.map(aggregate(aggs), (answer) => errorOf(answer).id)
        assert.strictEqual(yield* idOf({ a: { terms: { field: "bio" } } }), "services.storage.unexpected_bad_request")
        for (
          const a of [{ terms: { field: "ok", include: "x" } }, { max: { field: "at", format: "yyyy" } }, {
            percentiles: {}
          }]
        ) {
          assert.strictEqual(yield* idOf({ a }), "testing.engine.not_implemented")
        }
      })))
  })

  it.effect("a feature that is not implemented fails a request on many as a whole", () =>
    run(Effect.gen(function*() {
      const client = yield* connect()
      const mappings = {
        properties: { list: { type: "nested", properties: { a: { type: "keyword", copy_to: "b" } } } }
      }
      client.ask("collection", "create", { ...taxi, body: { mappings } })
      const documents = [{ _id: "a", body: { list: [{ a: "x" }] } }]
      for (const [controller, action] of [["document", "mCreate"], ["bulk", "mWrite"]] as const) {
        const answer = client.ask(controller, action, { ...taxi, body: { documents } })
        assert.strictEqual(errorOf(answer).id, "testing.engine.not_implemented")
      }
    })))

  it.effect("one filter has one room, whatever the order of its keys", () =>
    run(Effect.gen(function*() {
      const client = yield* connect()
      const roomOf = (body: { readonly [key: string]: unknown }) =>
        resultOf(client.ask("realtime", "subscribe", { ...taxi, body })).roomId
      const room = roomOf({ range: { age: { gt: 1, lt: 9 } } })
      assert.strictEqual(roomOf({ range: { age: { lt: 9, gt: 1 } } }), room)
      assert.notStrictEqual(roomOf({ range: { age: { lt: 8, gt: 1 } } }), room)
    })))

  describe("tokens", () => {
    it.effect("are the same for one user and second", () =>
      run(Effect.gen(function*() {
        const client = yield* connect()
        const first = login(client)
        yield* TestClock.adjust("500 millis")
        assert.strictEqual(login(client), first)
        yield* TestClock.adjust("500 millis")
        assert.notStrictEqual(login(client), first)
      })))

    it.effect("expire with the clock: the connection is notified, its subscriptions end", () =>
      run(Effect.gen(function*() {
        const [reader, anonymous, writer] = [yield* connect(), yield* connect(), yield* connect()]
        const jwt = login(reader, { expiresIn: "1h" })
        reader.ask("realtime", "subscribe", { ...taxi, body: {}, jwt })
        anonymous.ask("realtime", "subscribe", { ...taxi, body: {} })
        writer.ask("realtime", "publish", { ...taxi, body: {} })
        assert.lengthOf(reader.take(), 1)
        assert.lengthOf(anonymous.take(), 1)

        yield* keepAlive([reader, anonymous, writer], 59)
        assert.lengthOf(reader.frames, 0)
        yield* keepAlive([reader, anonymous, writer], 1)
        assert.deepStrictEqual(reader.take(), [{
          status: 200,
          info: "This is an automated server notification",
          message: "Authentication Token Expired",
          type: "TokenExpired",
          room: "kuzzle:notification:server"
        }])
        writer.ask("realtime", "publish", { ...taxi, body: {} })
        assert.lengthOf(reader.frames, 0)
        assert.lengthOf(anonymous.take(), 1)
        // The server reports an expired token as invalid.
        assert.strictEqual(errorOf(reader.ask("server", "now", { jwt })).id, "security.token.invalid")
      })))

    it.effect("expire and are revoked on demand", () =>
      run(Effect.gen(function*() {
        const engine = yield* KuzzleEngine.KuzzleEngine
        const client = yield* connect()
        const first = login(client)
        client.ask("realtime", "subscribe", { ...taxi, body: {}, jwt: first })
        yield* engine.expireToken(Redacted.make(first))
        assert.strictEqual(client.take()[0]?.type, "TokenExpired")
        assert.strictEqual(client.ask("server", "now", { jwt: first }).status, 401)

        yield* TestClock.adjust("1 second")
        const second = login(client)
        client.ask("realtime", "subscribe", { ...taxi, body: {}, jwt: second })
        yield* engine.revokeToken(second)
        assert.lengthOf(client.frames, 0)
        assert.strictEqual(client.ask("server", "now", { jwt: second }).status, 401)
        client.ask("realtime", "publish", { ...taxi, body: {} })
        assert.lengthOf(client.frames, 0)
      })))

    it.effect("expire without a notification of a connection that has used another token since", () =>
      run(Effect.gen(function*() {
        const engine = yield* KuzzleEngine.KuzzleEngine
        const [client, other] = [yield* connect(), yield* connect()]
        const first = login(client)
        client.ask("realtime", "subscribe", { ...taxi, body: {}, jwt: first })
        yield* TestClock.adjust("1 second")
        // A login of its own would replace the first token.
        client.ask("server", "now", { jwt: login(other) })
        yield* engine.expireToken(Redacted.make(first))
        assert.lengthOf(client.frames, 0)
        other.ask("realtime", "publish", { ...taxi, body: {} })
        assert.lengthOf(client.take(), 1)
      })))

    it.effect("live as long as the option `tokenLifetime`", () =>
      run(
        Effect.gen(function*() {
          const client = yield* connect()
          const jwt = login(client)
          yield* TestClock.adjust("9 seconds")
          assert.strictEqual(client.ask("server", "now", { jwt }).status, 200)
          yield* TestClock.adjust("1 second")
          assert.strictEqual(client.ask("server", "now", { jwt }).status, 401)
        }),
        { users: [ann], tokenLifetime: "10 seconds" }
      ))
  })

  describe("connections", () => {
    it.effect("that send nothing for a minute are cut, whatever they receive", () =>
      run(Effect.gen(function*() {
        const engine = yield* KuzzleEngine.KuzzleEngine
        const [silent, writer] = [yield* connect(), yield* connect()]
        silent.ask("realtime", "subscribe", { ...taxi, body: {} })
        for (let second = 0; second < 59; second++) {
          yield* TestClock.adjust("1 second")
          writer.ask("realtime", "publish", { ...taxi, body: {} })
        }
        assert.lengthOf(silent.closed, 0)
        yield* TestClock.adjust("1 second")
        assert.deepStrictEqual(silent.closed, [[1006, ""]])
        assert.lengthOf(silent.frames, 59)
        assert.lengthOf(writer.closed, 0)
        assert.strictEqual(yield* engine.connections, 1)
      })))

    it.effect("that ping are not cut", () =>
      run(Effect.gen(function*() {
        const client = yield* connect()
        yield* keepAlive([client], 10)
        assert.lengthOf(client.closed, 0)
      })))

    it.effect("are dropped all at once by dropAll, without notifications of presence", () =>
      run(Effect.gen(function*() {
        const engine = yield* KuzzleEngine.KuzzleEngine
        const [a, b] = [yield* connect(), yield* connect()]
        yield* engine.dropAll(1011, "enough")
        assert.deepStrictEqual([a.closed, b.closed], [[[1011, "enough"]], [[1011, "enough"]]])
        assert.strictEqual(yield* engine.connections, 0)
        a.raw("{\"p\":1}")
        assert.lengthOf(a.frames, 0)
      })))

    it.effect("are refused on demand", () =>
      run(Effect.gen(function*() {
        const engine = yield* KuzzleEngine.KuzzleEngine
        const handlers = { send: () => undefined, close: () => undefined }
        yield* engine.refuse
        assert.isUndefined(engine.connect(handlers))
        yield* engine.accept
        assert.isDefined(engine.connect(handlers))
      })))

    it.effect("freeze, and catch up when thawed", () =>
      run(Effect.gen(function*() {
        const engine = yield* KuzzleEngine.KuzzleEngine
        const client = yield* connect()
        const jwt = login(client, { expiresIn: "10s" })
        yield* engine.freeze
        client.raw("{\"p\":1}")
        client.raw(JSON.stringify({ requestId: "late", controller: "server", action: "now", jwt }))
        yield* TestClock.adjust("1 hour")
        assert.lengthOf(client.frames, 0)
        assert.lengthOf(client.closed, 0)
        yield* engine.thaw
        const [pong, answer, expired] = client.take()
        assert.deepStrictEqual(pong, { p: 2 })
        assert.deepInclude(answer, { requestId: "late", status: 401 })
        assert.deepInclude(expired, { type: "TokenExpired" })
      })))

    it.effect("lose a request on demand, and only that one", () =>
      run(Effect.gen(function*() {
        const engine = yield* KuzzleEngine.KuzzleEngine
        const client = yield* connect()
        yield* engine.silenceNext("index:create")
        client.raw(JSON.stringify({ controller: "index", action: "create", index: "lost" }))
        assert.lengthOf(client.frames, 0)
        assert.strictEqual(client.ask("index", "exists", { index: "lost" }).result, false)
        assert.strictEqual(client.ask("index", "create", { index: "kept" }).status, 200)
      })))

    it.effect("above the rate limit get an error, pings included", () =>
      run(
        Effect.gen(function*() {
          const client = yield* connect()
          client.ask("server", "now")
          client.ask("server", "now")
          client.raw("{\"p\":1}")
          const [refused] = client.take()
          assert.deepInclude(errorOf(refused!), { id: "network.websocket.ratelimit_exceeded" })
          assert.notProperty(refused, "room")
          yield* TestClock.adjust("1 second")
          client.raw("{\"p\":1}")
          assert.deepStrictEqual(client.take(), [{ p: 2 }])
        }),
        { rateLimit: 2 }
      ))

    it.effect("above the login limit get an error", () =>
      run(
        Effect.gen(function*() {
          const client = yield* connect()
          login(client)
          const credentials = { strategy: "local", body: { username: "ann", password: "pw" } }
          const refused = client.ask("auth", "login", credentials)
          assert.deepInclude(errorOf(refused), { id: "api.process.too_many_logins_requests", status: 429 })
          yield* TestClock.adjust("1 second")
          assert.strictEqual(client.ask("auth", "login", credentials).status, 200)
        }),
        { users: [ann], loginsPerSecond: 1 }
      ))
  })

  describe("rights", () => {
    // Facts of transcript 15. They cannot be compared with a shared server, because the test would restrict its rights.
    it.effect("are open until there is an administrator, then the default rights apply", () =>
      run(Effect.gen(function*() {
        const client = yield* connect()
        client.ask("realtime", "subscribe", { ...taxi, body: {} })
        const admin = client.ask("security", "createFirstAdmin", {
          _id: "root",
          reset: true,
          body: { content: {}, credentials: { local: { username: "root", password: "pw" } } }
        })
        assert.deepInclude(resultOf(admin), { _id: "root" })
        const refused = client.ask("server", "now")
        assert.deepStrictEqual(errorOf(refused), {
          code: 117637121,
          id: "security.rights.unauthorized",
          message: "Unauthorized: authentication required to execute the action \"server:now\". -1",
          props: ["server", "now", "-1"],
          status: 401
        })
        assert.strictEqual(client.ask("auth", "getCurrentUser").status, 200)
        assert.strictEqual(client.ask("auth", "logout").status, 401)

        const jwt = login(client)
        assert.deepStrictEqual(errorOf(client.ask("realtime", "subscribe", { ...taxi, body: {}, jwt })), {
          code: 117637122,
          id: "security.rights.forbidden",
          message: "Insufficient permissions to execute the action \"realtime:subscribe\" (User \"ann\").",
          props: ["realtime", "subscribe", "ann"],
          status: 403
        })
        assert.strictEqual(client.ask("auth", "refreshToken", { jwt }).status, 403)
        assert.strictEqual(errorOf(client.ask("nope", "nope", { jwt })).id, "security.rights.forbidden")
        assert.strictEqual(resultOf(client.ask("auth", "getMyRights", { jwt })).total, 6)

        // Existing subscriptions continue after the user has lost the right to subscribe.
        const root = resultOf(client.ask("auth", "login", {
          strategy: "local",
          body: { username: "root", password: "pw" }
        })).jwt
        client.ask("realtime", "publish", { ...taxi, body: {}, jwt: root })
        assert.lengthOf(client.take(), 1)
        assert.strictEqual(
          errorOf(client.ask("security", "createFirstAdmin", { jwt: root })).id,
          "api.process.admin_exists"
        )
      })))

    it.effect("limit the requests of the default profile to ten a second", () =>
      run(Effect.gen(function*() {
        const client = yield* connect()
        client.ask("security", "createFirstAdmin", { _id: "root", reset: true, body: {} })
        const jwt = login(client)
        const statuses = () => Array.from({ length: 12 }, () => client.ask("auth", "getCurrentUser", { jwt }).status)
        assert.deepStrictEqual(statuses(), [...Array(10).fill(200), 429, 429])
        yield* TestClock.adjust("1 second")
        assert.strictEqual(client.ask("auth", "getCurrentUser", { jwt }).status, 200)
      })))
  })

  describe("cookies", () => {
    it.effect("are refused when switched off", () =>
      run(
        Effect.gen(function*() {
          const plain = yield* connect()
          assert.strictEqual(
            errorOf(plain.ask("server", "now", { cookieAuth: true })).id,
            "security.cookie.unsupported"
          )
          const cookie = yield* connect({ cookie: "authToken=x" })
          assert.strictEqual(errorOf(cookie.ask("server", "now")).id, "security.cookie.unsupported")
          const none = yield* connect({ cookie: "authToken=null" })
          assert.strictEqual(none.ask("server", "now").status, 200)
        }),
        { cookieAuthentication: false }
      ))
  })

  describe("HTTP", () => {
    it.effect("answers without a socket", () =>
      run(Effect.gen(function*() {
        const engine = yield* KuzzleEngine.KuzzleEngine
        const response = engine.http({ method: "GET", url: "/_now?pretty", headers: {}, body: "" })
        assert.strictEqual(response?.status, 200)
        assert.include(response?.body, "\n  \"action\": \"now\"")
        yield* engine.silenceNext("server:now")
        assert.isUndefined(engine.http({ method: "GET", url: "/_now", headers: {}, body: "" }))
      })))

    it.effect("answers requests that cannot be routed with an error without an envelope", () =>
      run(
        Effect.gen(function*() {
          const engine = yield* KuzzleEngine.KuzzleEngine
          const post = (body: string) => engine.http({ method: "POST", url: "/_query", headers: {}, body })
          assert.strictEqual(post("x".repeat(101))?.status, 413)
          assert.deepInclude(JSON.parse(post("{")?.body ?? ""), { id: "network.http.body_parse_failed", status: 400 })
        }),
        { maxRequestSize: 100 }
      ))
  })

  it.effect("runs the same way twice", () =>
    Effect.gen(function*() {
      const once = run(Effect.gen(function*() {
        const client = yield* connect()
        client.ask("collection", "create", taxi)
        const created = client.ask("document", "create", { ...taxi, body: {} })
        const { channel } = resultOf(client.ask("realtime", "subscribe", { ...taxi, body: {} }))
        return [client.id, created.result, channel, login(client)]
      }))
      assert.deepStrictEqual(yield* once, yield* once)
    }))
})

/** Advances the clock while the clients ping. */
const keepAlive = (clients: ReadonlyArray<{ raw: (frame: string) => void; frames: Array<unknown> }>, minutes: number) =>
  Effect.gen(function*() {
    for (let i = 0; i < minutes * 2; i++) {
      yield* TestClock.adjust("30 seconds")
      for (const { frames, raw } of clients) {
        raw("{\"p\":1}")
        const pong = frames.findIndex((frame) => JSON.stringify(frame) === "{\"p\":2}")
        if (pong !== -1) frames.splice(pong, 1)
      }
    }
  })
