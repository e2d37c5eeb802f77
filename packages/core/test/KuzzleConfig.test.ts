import { KuzzleConfig } from "@effect-kuzzle/core"
import { assert, describe, it } from "@effect/vitest"
import { ConfigProvider, Duration, Effect, Exit, FastCheck as fc, Redacted } from "effect"
import { version } from "../src/internal/version.ts"

const settings = (options?: KuzzleConfig.Options) => Effect.runSync(KuzzleConfig.make(options))
const endpointsOf = (options?: KuzzleConfig.Options) => settings(options).endpoints
const refusal = (options: KuzzleConfig.Options) => Effect.runSync(Effect.flip(KuzzleConfig.make(options)))

const fromEnvironment = (environment: Readonly<Record<string, string>>) =>
  Effect.runSyncExit(
    Effect.withConfigProvider(
      Effect.flatMap(KuzzleConfig.config, KuzzleConfig.make),
      ConfigProvider.fromMap(new Map(Object.entries(environment)), { pathDelim: "_" })
    )
  )

const configured = (environment: Readonly<Record<string, string>>) => {
  const exit = fromEnvironment(environment)
  return Exit.isSuccess(exit) ? exit.value : assert.fail(String(exit))
}

describe("KuzzleConfig", () => {
  it("has a default for everything", () => {
    const { reconnect: _reconnect, tokenRefresh: _tokenRefresh, ...defaults } = settings()
    assert.deepStrictEqual(defaults, {
      endpoints: ["ws://localhost:7512/"],
      headers: {},
      connectTimeout: Duration.seconds(10),
      requestTimeout: Duration.seconds(15),
      pingInterval: Duration.seconds(10),
      pingTimeout: Duration.seconds(5),
      stableAfter: settings().stableAfter,
      maxRequestSize: 1_048_576,
      routes: "query",
      volatile: { sdkName: `effect@${version}` },
      queue: undefined
    })
    assert.isAbove(Duration.toMillis(settings().stableAfter), 0)
    assert.deepStrictEqual(settings({}).endpoints, defaults.endpoints)
  })

  it("8.A18: addresses are made of their parts, TLS being the custom of two ports", () => {
    assert.deepStrictEqual(endpointsOf({ host: "kuzzle.test" }), ["ws://kuzzle.test:7512/"])
    assert.deepStrictEqual(endpointsOf({ port: 443 }), ["wss://localhost:443/"])
    assert.deepStrictEqual(endpointsOf({ port: 7443 }), ["wss://localhost:7443/"])
    assert.deepStrictEqual(endpointsOf({ port: 443, ssl: false }), ["ws://localhost:443/"])
    assert.deepStrictEqual(endpointsOf({ ssl: true }), ["wss://localhost:7512/"])
    assert.deepStrictEqual(endpointsOf({ path: "kuzzle" }), ["ws://localhost:7512/kuzzle"])
    assert.deepStrictEqual(endpointsOf({ path: "/kuzzle/" }), ["ws://localhost:7512/kuzzle/"])
    assert.deepStrictEqual(endpointsOf({ host: "::1", port: 7443 }), ["wss://[::1]:7443/"])
    assert.deepStrictEqual(endpointsOf({ host: "[fe80::2]" }), ["ws://[fe80::2]:7512/"])
    assert.deepStrictEqual(endpointsOf({ host: "127.0.0.1" }), ["ws://127.0.0.1:7512/"])
  })

  it("8.A18: whole addresses, one or several, of four schemes", () => {
    assert.deepStrictEqual(endpointsOf({ url: "wss://kuzzle.test/prefix" }), ["wss://kuzzle.test/prefix"])
    assert.deepStrictEqual(endpointsOf({ url: "http://kuzzle.test:7512" }), ["ws://kuzzle.test:7512/"])
    assert.deepStrictEqual(endpointsOf({ url: "https://kuzzle.test" }), ["wss://kuzzle.test/"])
    assert.deepStrictEqual(endpointsOf({ url: " ws://[::1]:7512 " }), ["ws://[::1]:7512/"])
    assert.deepStrictEqual(endpointsOf({ url: ["ws://a:1", "https://b"] }), ["ws://a:1/", "wss://b/"])
  })

  it("goes from a WebSocket address to the HTTP one", () => {
    assert.strictEqual(KuzzleConfig.httpUrl("ws://a:7512/p"), "http://a:7512/p")
    assert.strictEqual(KuzzleConfig.httpUrl("wss://ws.test/"), "https://ws.test/")
  })

  const wrong: ReadonlyArray<readonly [string, KuzzleConfig.Options]> = [
    ["url", { url: "kuzzle.test" }],
    ["url", { url: "localhost:7512" }],
    ["url", { url: "" }],
    ["url", { url: "ftp://kuzzle.test" }],
    ["url", { url: "ws://a#b" }],
    ["url", { url: "ws://ada:s3cr3t@kuzzle.test" }],
    ["url", { url: [] }],
    ["url", { url: ["ws://a", "nonsense"] }],
    ["host", { url: "ws://a", host: "b" }],
    ["port", { url: "ws://a", port: 1 }],
    ["ssl", { url: "ws://a", ssl: true }],
    ["path", { url: "ws://a", path: "/" }],
    ["host", { host: "" }],
    ["host", { host: "ws://kuzzle.test" }],
    ["host", { host: "kuzzle.test:7512" }],
    ["host", { host: "a b" }],
    ["host", { host: "ada@kuzzle.test" }],
    ["host", { host: ":::1" }],
    ["port", { port: 0 }],
    ["port", { port: 65_536 }],
    ["port", { port: 1.5 }],
    ["port", { port: NaN }],
    ["path", { path: "/a?b" }],
    ["path", { path: "/a b" }],
    ["headers", { headers: { "a b": "c" } }],
    ["headers", { headers: { "x-evil": "s3cr3t\r\nx: y" } }],
    ["headers", { headers: { authorization: Redacted.make("s3cr3t\n") } }],
    ["connectTimeout", { connectTimeout: 0 }],
    ["requestTimeout", { requestTimeout: -1 }],
    ["pingInterval", { pingInterval: "0 seconds" }],
    ["pingTimeout", { pingTimeout: NaN }],
    ["stableAfter", { stableAfter: 0 }],
    ["maxRequestSize", { maxRequestSize: 0 }],
    ["maxRequestSize", { maxRequestSize: 1.5 }],
    ["sdkName", { sdkName: "effect" }],
    ["sdkName", { sdkName: "my sdk@1" }],
    ["volatile", { volatile: { sdkVersion: "1" } }],
    ["volatile", { volatile: { sdkName: "js@7" } }],
    ["volatile", { volatile: { sdkInstanceId: "another" } }],
    ["volatile", { volatile: { a: 1n } }],
    ["volatile", { volatile: { a: [NaN] } }]
  ]
  it.each(wrong)("a wrong %s is an error that names it, and repeats no secret: %o", (setting, options) => {
    const error = refusal(options)
    assert.strictEqual(error._tag, "KuzzleInvalidSettingError")
    assert.strictEqual(error.setting, setting)
    assert.include(error.message, `setting ${setting}: `)
    assert.notInclude(JSON.stringify(error) + error.message, "s3cr3t")
  })

  it.prop("C7: no option can throw", {
    options: fc.record({
      url: fc.oneof(fc.string(), fc.webUrl(), fc.array(fc.string())),
      host: fc.oneof(fc.string(), fc.ipV4(), fc.ipV6(), fc.domain()),
      port: fc.oneof(fc.integer(), fc.double()),
      ssl: fc.boolean(),
      path: fc.oneof(fc.string(), fc.webPath()),
      headers: fc.dictionary(fc.string(), fc.string()),
      requestTimeout: fc.oneof(fc.integer(), fc.double()),
      maxRequestSize: fc.double(),
      volatile: fc.dictionary(fc.string(), fc.jsonValue()),
      sdkName: fc.string()
    }, { requiredKeys: [] })
  }, ({ options }) => {
    const exit = Effect.runSyncExit(KuzzleConfig.make(options))
    assert.isTrue(Exit.isSuccess(exit) || exit.cause._tag === "Fail")
    if (Exit.isSuccess(exit)) { for (const url of exit.value.endpoints) assert.match(new URL(url).protocol, /^wss?:$/) }
  })

  it.prop("every address is usable as it stands", {
    host: fc.oneof(fc.ipV4(), fc.ipV6(), fc.domain()),
    port: fc.integer({ min: 1, max: 65_535 }),
    ssl: fc.option(fc.boolean(), { nil: undefined })
  }, (parts) => {
    const url = new URL(endpointsOf(parts)[0])
    assert.strictEqual(url.protocol, (parts.ssl ?? [443, 7443].includes(parts.port)) ? "wss:" : "ws:")
    const usual = url.protocol === "ws:" ? 80 : 443
    assert.strictEqual(url.port === "" ? usual : Number(url.port), parts.port)
  })

  it("8.D8: volatile data is copied, never changed", () => {
    const volatile = { mine: { deep: 1 } }
    const made = settings({ volatile, sdkName: "app@2" })
    volatile.mine.deep = 2
    assert.deepStrictEqual(made.volatile, { mine: { deep: 1 }, sdkName: "app@2" })
    assert.deepStrictEqual(volatile, { mine: { deep: 2 } })
  })

  it("unwraps headers only to send them", () => {
    const { headers } = settings({ headers: { "x-a": "b", authorization: Redacted.make("Bearer s3cr3t") } })
    assert.notInclude(JSON.stringify(headers), "s3cr3t")
    assert.deepStrictEqual(KuzzleConfig.plain(headers), { "x-a": "b", authorization: "Bearer s3cr3t" })
  })

  it("reads each setting from the environment", () => {
    const found = configured({
      KUZZLE_HOST: "kuzzle.test",
      KUZZLE_PORT: "7000",
      KUZZLE_SSL: "true",
      KUZZLE_PATH: "/k"
    })
    assert.deepStrictEqual(found.endpoints, ["wss://kuzzle.test:7000/k"])
    assert.deepStrictEqual(configured({ KUZZLE_URL: "ws://a:1, wss://b" }).endpoints, ["ws://a:1/", "wss://b/"])
    assert.deepStrictEqual(configured({}).endpoints, ["ws://localhost:7512/"])
  })

  it.each<readonly [string, string, (found: KuzzleConfig.Settings) => unknown, unknown]>([
    ["KUZZLE_CONNECT_TIMEOUT", "3 seconds", (found) => found.connectTimeout, Duration.seconds(3)],
    ["KUZZLE_REQUEST_TIMEOUT", "3 seconds", (found) => found.requestTimeout, Duration.seconds(3)],
    ["KUZZLE_PING_INTERVAL", "3 seconds", (found) => found.pingInterval, Duration.seconds(3)],
    ["KUZZLE_PING_TIMEOUT", "3 seconds", (found) => found.pingTimeout, Duration.seconds(3)],
    ["KUZZLE_STABLE_AFTER", "3 seconds", (found) => found.stableAfter, Duration.seconds(3)],
    ["KUZZLE_MAX_REQUEST_SIZE", "2048", (found) => found.maxRequestSize, 2048]
  ])("reads %s", (name, value, of, expected) => {
    assert.deepStrictEqual(of(configured({ [name]: value })), expected)
    const odd = fromEnvironment({ [name]: "nonsense" })
    assert.isTrue(Exit.isFailure(odd) && odd.cause._tag === "Fail")
    assert.include(String(odd), name.slice("KUZZLE_".length))
  })
})
