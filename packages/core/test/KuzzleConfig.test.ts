import { KuzzleConfig } from "@effect-kuzzle/core"
import { assert, describe, it } from "@effect/vitest"
import {
  Cause,
  type Config,
  ConfigProvider,
  Duration,
  Effect,
  Exit,
  FastCheck as fc,
  Fiber,
  Option,
  Redacted,
  TestClock
} from "effect"
import { version } from "../src/internal/data/version.ts"

const settings = (options?: KuzzleConfig.Options) => Effect.runSync(KuzzleConfig.make(options))
const endpointsOf = (options?: KuzzleConfig.Options) => settings(options).knownEndpoints
const refusal = (options: KuzzleConfig.Options) => Effect.runSync(Effect.flip(KuzzleConfig.make(options)))

const fromEnvironment = (environment: Readonly<Record<string, string>>, pathDelim = "_") =>
  Effect.runSyncExit(
    Effect.withConfigProvider(
      Effect.flatMap(KuzzleConfig.config, KuzzleConfig.make),
      ConfigProvider.fromMap(new Map(Object.entries(environment)), { pathDelim })
    )
  )

/** The printed error of an invalid environment. */
const complaint = (environment: Readonly<Record<string, string>>, pathDelim?: string) => {
  const exit = fromEnvironment(environment, pathDelim)
  return Exit.isFailure(exit) && exit.cause._tag === "Fail" ? String(exit.cause.error) : assert.fail(String(exit))
}

const configured = (environment: Readonly<Record<string, string>>) => {
  const exit = fromEnvironment(environment)
  return Exit.isSuccess(exit) ? exit.value : assert.fail(String(exit))
}

describe("KuzzleConfig", () => {
  it("has a default for every setting", () => {
    const {
      endpoints,
      headers,
      reconnect: _reconnect,
      resubscribe: _resubscribe,
      tokenRefresh: _tokenRefresh,
      ...defaults
    } = settings()
    assert.deepStrictEqual(defaults, {
      knownEndpoints: ["ws://localhost:7512/"],
      connectTimeout: Duration.seconds(10),
      apiKey: Option.none(),
      requestTimeout: Duration.seconds(15),
      stableAfter: settings().stableAfter,
      maxRequestSize: 1_048_576,
      maxResponseSize: 67_108_864,
      volatile: { sdkName: `effect@${version}` },
      queue: undefined,
      waitForConnection: true
    })
    assert.deepStrictEqual(Effect.runSync(endpoints), ["ws://localhost:7512/"])
    assert.deepStrictEqual(Effect.runSync(headers), {})
    assert.isAbove(Duration.toMillis(settings().stableAfter), 0)
    assert.deepStrictEqual(settings({}).knownEndpoints, defaults.knownEndpoints)
  })

  it("8.A18: builds an address from its parts, with TLS by default on the ports 443 and 7443", () => {
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

  it("8.A18: accepts one or several complete addresses, with four schemes", () => {
    assert.deepStrictEqual(endpointsOf({ url: "wss://kuzzle.test/prefix" }), ["wss://kuzzle.test/prefix"])
    assert.deepStrictEqual(endpointsOf({ url: "http://kuzzle.test:7512" }), ["ws://kuzzle.test:7512/"])
    assert.deepStrictEqual(endpointsOf({ url: "https://kuzzle.test" }), ["wss://kuzzle.test/"])
    assert.deepStrictEqual(endpointsOf({ url: " ws://[::1]:7512 " }), ["ws://[::1]:7512/"])
    assert.deepStrictEqual(endpointsOf({ url: ["ws://a:1", "https://b"] }), ["ws://a:1/", "wss://b/"])
  })

  it("turns a WebSocket address into the HTTP address", () => {
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
    ["host", { host: "ada:s3cr3t@kuzzle.test" }],
    ["path", { path: "/kuzzle?key=s3cr3t" }],
    ["url", { url: "wss//kuzzle.test/?key=s3cr3t" }],
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
    ["apiKey", { apiKey: "" }],
    ["apiKey", { apiKey: Redacted.make("kapikey-s3cr3t\n") }],
    ["stableAfter", { stableAfter: 0 }],
    ["maxRequestSize", { maxRequestSize: 0 }],
    ["maxRequestSize", { maxRequestSize: 1.5 }],
    ["maxResponseSize", { maxResponseSize: 0 }],
    ["maxResponseSize", { maxResponseSize: 2 ** 31 }],
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
    assert.match(error.message, new RegExp(`^the setting ${setting}( is \\S.*)?: `))
    assert.notInclude(JSON.stringify(error) + error.message, "s3cr3t")
  })

  it.each<readonly [string, string]>([
    ["url", `{ "url": null }`],
    ["url", `{ "url": 7512 }`],
    ["url", `{ "url": {} }`],
    ["url", `{ "url": ["ws://a", null] }`],
    ["headers", `{ "headers": null }`],
    ["headers", `{ "headers": "authorization: Bearer s3cr3t" }`],
    ["host", `{ "host": 7 }`],
    ["path", `{ "path": 7 }`],
    ["sdkName", `{ "sdkName": 7 }`],
    ["volatile", `{ "volatile": "x" }`]
  ])(
    "C7: an invalid value of %s, from a caller without types, is an error that names it: %s",
    (setting, text) => {
      const error = refusal(JSON.parse(text))
      assert.strictEqual(error.setting, setting)
      assert.include(error.message, "expected")
      assert.notInclude(error.message, "s3cr3t")
    }
  )

  it("C7: an invalid value that an effect yields is an error that names the setting", () => {
    const yielded = Effect.succeed(JSON.parse("null"))
    const { endpoints, headers } = settings({ url: yielded, headers: yielded })
    assert.strictEqual(Effect.runSync(Effect.flip(endpoints)).setting, "url")
    assert.strictEqual(Effect.runSync(Effect.flip(headers)).setting, "headers")
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
    if (Exit.isSuccess(exit)) {
      for (const url of exit.value.knownEndpoints) assert.match(new URL(url).protocol, /^wss?:$/)
    }
  })

  it.prop("every address that is built from parts is a valid URL", {
    host: fc.oneof(fc.ipV4(), fc.ipV6(), fc.domain()),
    port: fc.integer({ min: 1, max: 65_535 }),
    ssl: fc.option(fc.boolean(), { nil: undefined })
  }, (parts) => {
    const url = new URL(String(endpointsOf(parts)[0]))
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
    const headers = Effect.runSync(
      settings({ headers: { "x-a": "b", authorization: Redacted.make("Bearer s3cr3t") } }).headers
    )
    assert.notInclude(JSON.stringify(headers), "s3cr3t")
    assert.deepStrictEqual(KuzzleConfig.plain(headers), { "x-a": "b", authorization: "Bearer s3cr3t" })
  })

  it.each<readonly [string, KuzzleConfig.Options]>([
    [`the setting url is "garbage": expected an address such as ws://localhost:7512`, { url: "garbage" }],
    [`the setting url is "localhost:7512": expected an address such as ws://localhost:7512`, { url: "localhost:7512" }],
    [`the setting url is "ws://a:70000": expected a port from 1 to 65535`, { url: ["ws://a", "ws://a:70000"] }],
    [
      "the setting url: expected an address without credentials: use the setting headers instead",
      { url: "ws://ada:secret@kuzzle.test" }
    ],
    [
      `the setting url is "ws://müller.test": expected a host name or IP address after the scheme (in ASCII: xn--…)`,
      { url: "ws://müller.test" }
    ],
    ["the setting port is 70000: expected a whole number from 1 to 65535", { port: 70_000 }],
    [
      `the setting requestTimeout is "10s": expected a duration such as "10 seconds", or milliseconds, longer than zero`,
      // A program without types can give anything.
      { requestTimeout: "10s" as "10 seconds" }
    ],
    ["the setting url: the list is empty: give at least one address", { url: [] }],
    ["the setting host: it cannot be combined with url: write it in the address instead", { url: "ws://a", host: "b" }],
    [`the setting sdkName is "effect": expected name@version`, { sdkName: "effect" }]
  ])("C7: a message has the option, its value and what to write instead: %s", (message, options) => {
    assert.strictEqual(refusal(options).message, message)
  })

  it.each<readonly [string, Readonly<Record<string, string>>]>([
    [`KUZZLE_URL is "garbage": expected an address such as ws://localhost:7512`, { KUZZLE_URL: "garbage" }],
    [`KUZZLE_URL is "localhost:7512": expected an address such as ws://localhost:7512`, {
      KUZZLE_URL: "ws://a,localhost:7512"
    }],
    ["KUZZLE_URL: expected an address without credentials: use the setting headers instead", {
      KUZZLE_URL: "ws://ada:s3cr3t@kuzzle.test"
    }],
    [`KUZZLE_PORT is "abc": expected a whole number from 1 to 65535`, { KUZZLE_PORT: "abc" }],
    [`KUZZLE_PORT is "70000": expected a whole number from 1 to 65535`, { KUZZLE_PORT: "70000" }],
    [
      `KUZZLE_MAX_RESPONSE_SIZE is "3000000000": expected a whole number from 1 to 2147483647`,
      { KUZZLE_MAX_RESPONSE_SIZE: "3000000000" }
    ],
    [`KUZZLE_HOST is "a b": expected a host name or an IP address; use url for a whole address`, {
      KUZZLE_HOST: "a b"
    }],
    [`KUZZLE_SSL is "maybe": expected true or false`, { KUZZLE_SSL: "maybe" }],
    [`KUZZLE_PATH is "a b": expected a plain path such as /kuzzle`, { KUZZLE_PATH: "a b" }],
    [`KUZZLE_AUTO_QUEUE is "perhaps": expected true or false`, { KUZZLE_AUTO_QUEUE: "perhaps" }],
    [`KUZZLE_WAIT_FOR_CONNECTION is "soon": expected true or false`, { KUZZLE_WAIT_FOR_CONNECTION: "soon" }],
    [`KUZZLE_QUEUE_MAX_SIZE is "0": expected a whole number from 1 to 9007199254740991`, {
      KUZZLE_QUEUE_MAX_SIZE: "0"
    }],
    [
      `KUZZLE_QUEUE_TTL is "2min": expected a duration such as "10 seconds", or milliseconds, longer than zero`,
      { KUZZLE_QUEUE_TTL: "2min" }
    ],
    ["KUZZLE_HOST cannot be combined with KUZZLE_URL: write it in the address, or unset one of them", {
      KUZZLE_URL: "ws://a",
      KUZZLE_HOST: "b"
    }]
  ])("C7: a message has the variable's name, its value and what to write instead: %s", (message, environment) => {
    for (const pathDelim of ["_", "."]) {
      const printed = complaint(environment, pathDelim)
      assert.include(printed, message)
      // No other spelling of the name, and no secret.
      assert.notMatch(printed, /KUZZLE\.|s3cr3t/)
    }
  })

  it("reads a boolean in every spelling", () => {
    for (const yes of ["true", "yes", "on", "1", "TRUE"]) {
      assert.strictEqual(configured({ KUZZLE_WAIT_FOR_CONNECTION: yes }).waitForConnection, true)
    }
    for (const no of ["false", "no", "off", "0"]) {
      assert.strictEqual(configured({ KUZZLE_WAIT_FOR_CONNECTION: no }).waitForConnection, false)
    }
    assert.strictEqual(configured({ KUZZLE_WAIT_FOR_CONNECTION: "" }).waitForConnection, true)
  })

  it.effect("an effect of url or headers runs each time, and its value is checked", () =>
    Effect.gen(function*() {
      let turn = 0
      const made = yield* KuzzleConfig.make({
        url: Effect.sync(() => [`ws://a${++turn}`, "wss://b"]),
        headers: Effect.sync(() => ({ authorization: Redacted.make(`token ${turn}`) }))
      })
      assert.deepStrictEqual(made.knownEndpoints, [])
      assert.deepStrictEqual(yield* made.endpoints, ["ws://a1/", "wss://b/"])
      assert.deepStrictEqual(yield* made.endpoints, ["ws://a2/", "wss://b/"])
      assert.deepStrictEqual(KuzzleConfig.plain(yield* made.headers), { authorization: "token 2" })

      const wrong = yield* KuzzleConfig.make({
        url: Effect.succeed("garbage"),
        headers: Effect.succeed({ authorization: Redacted.make("s3cr3t\n") })
      })
      assert.strictEqual(
        (yield* Effect.flip(wrong.endpoints)).message,
        `the setting url is "garbage": expected an address such as ws://localhost:7512`
      )
      assert.notInclude((yield* Effect.flip(wrong.headers)).message, "s3cr3t")

      const failing = yield* KuzzleConfig.make({
        headers: Effect.fail(new Cause.UnknownException(undefined, "the vault is sealed"))
      })
      const error = yield* Effect.flip(failing.headers)
      assert.strictEqual(error.message, "the setting headers: the effect that yields it failed: the vault is sealed")
      assert.instanceOf(error.cause, Error)

      // An address cannot be combined with its parts, even if an effect yields it.
      assert.strictEqual(refusal({ url: Effect.succeed("ws://a"), host: "b" }).setting, "host")
    }))

  it.effect("an effect of a setting fails after connectTimeout", () =>
    Effect.gen(function*() {
      const made = yield* KuzzleConfig.make({ headers: Effect.never, connectTimeout: "3 seconds" })
      const fiber = yield* Effect.fork(Effect.flip(made.headers))
      yield* TestClock.adjust("3 seconds")
      assert.include((yield* Fiber.join(fiber)).message, "did not finish within connectTimeout")
    }))

  it("reads each setting from the environment", () => {
    const settingsRead = configured({
      KUZZLE_HOST: "kuzzle.test",
      KUZZLE_PORT: "7000",
      KUZZLE_SSL: "true",
      KUZZLE_PATH: "/k"
    })
    assert.deepStrictEqual(settingsRead.knownEndpoints, ["wss://kuzzle.test:7000/k"])
    assert.deepStrictEqual(configured({ KUZZLE_URL: "ws://a:1, wss://b" }).knownEndpoints, ["ws://a:1/", "wss://b/"])
    assert.deepStrictEqual(configured({}).knownEndpoints, ["ws://localhost:7512/"])
  })

  it.each<readonly [string, string, (settingsRead: KuzzleConfig.Settings) => unknown, unknown]>([
    ["KUZZLE_CONNECT_TIMEOUT", "3 seconds", (settingsRead) => settingsRead.connectTimeout, Duration.seconds(3)],
    ["KUZZLE_REQUEST_TIMEOUT", "3 seconds", (settingsRead) => settingsRead.requestTimeout, Duration.seconds(3)],
    ["KUZZLE_STABLE_AFTER", "3 seconds", (settingsRead) => settingsRead.stableAfter, Duration.seconds(3)],
    ["KUZZLE_MAX_REQUEST_SIZE", "2048", (settingsRead) => settingsRead.maxRequestSize, 2048],
    ["KUZZLE_MAX_RESPONSE_SIZE", "4096", (settingsRead) => settingsRead.maxResponseSize, 4096]
  ])("reads %s", (name, value, of, expected) => {
    assert.deepStrictEqual(of(configured({ [name]: value })), expected)
    assert.include(complaint({ [name]: "nonsense" }), `${name} is "nonsense": expected`)
  })

  it.each(["KUZZLE_PING_INTERVAL", "KUZZLE_PING_TIMEOUT", "KUZZLE_BUSY_PING_TIMEOUT"])(
    "reads %s for the heartbeat; a client over HTTP has none, and does not read it",
    (name) => {
      const read = <A>(config: Config.Config<A>, text: string) =>
        Effect.runSyncExit(Effect.withConfigProvider(config, ConfigProvider.fromMap(new Map([[name, text]]))))
      const settingsRead = read(KuzzleConfig.config, "3 seconds")
      assert.deepInclude(Object.values(Exit.isSuccess(settingsRead) ? settingsRead.value : {}), Duration.seconds(3))
      assert.include(complaint({ [name]: "nonsense" }), `${name} is "nonsense": expected`)
      const overHttp = read(KuzzleConfig.configHttp, "nonsense")
      assert.isTrue(Exit.isSuccess(overHttp), String(overHttp))
    }
  )

  it("an API key is a secret wherever it comes from", () => {
    const given = [
      settings({ apiKey: "kapikey-s3cr3t" }),
      settings({ apiKey: Redacted.make("kapikey-s3cr3t") }),
      configured({ KUZZLE_API_KEY: " kapikey-s3cr3t " }),
      Effect.runSync(KuzzleConfig.makeHttp({ apiKey: "kapikey-s3cr3t" }))
    ]
    for (const { apiKey } of given) {
      assert.deepStrictEqual(Option.map(apiKey, Redacted.value), Option.some("kapikey-s3cr3t"))
      assert.notInclude(String(apiKey), "s3cr3t")
    }
    const printed = complaint({ KUZZLE_API_KEY: "kapikey-s3cr3t and more" })
    assert.include(printed, "KUZZLE_API_KEY: expected the token of an API key")
    assert.notInclude(printed, "s3cr3t")
  })
})
