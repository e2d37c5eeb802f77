import { assert, describe, it } from "@effect/vitest"
import { Either, FastCheck as fc } from "effect"
import * as Endpoint from "../../src/internal/data/endpoint.ts"

const formatted = (text: string) => Either.map(Endpoint.parse(text), Endpoint.format)

/** Text of some characters. */
const text = (alphabet: string, maxLength: number) =>
  fc.array(fc.constantFrom(...alphabet), { maxLength }).map((characters) => characters.join(""))

const word = "abcXYZ019"
const label = fc.tuple(text(`${word}-_`, 6), fc.constantFrom("a", "Z", "x-")).map(([head, tail]) => `h${head}${tail}`)
const name = fc.array(label, { minLength: 1, maxLength: 3 }).map((labels) => labels.join("."))
const group = fc.oneof(fc.constant("0"), fc.integer({ min: 0, max: 0xffff }).map((n) => n.toString(16)))
const ipv6 = fc.oneof(
  fc.ipV6(),
  fc.array(group, { minLength: 8, maxLength: 8 }).map((groups) => groups.join(":"))
).map((address) => `[${address}]`)
const host = fc.oneof(name, fc.ipV4(), ipv6)
const escape = fc.integer({ min: 0, max: 255 }).map((byte) => `%${byte.toString(16).padStart(2, "0")}`)
const plain = fc.array(fc.oneof(text(`${word}-._~!$&()*+,;=:@/`, 5), escape), { maxLength: 4 }).map((parts) =>
  parts.join("")
)
const address = fc.record({
  scheme: fc.constantFrom("ws", "wss", "http", "https", "WS", "Https"),
  host,
  port: fc.option(fc.integer({ min: 1, max: 65_535 }), { nil: undefined }),
  path: fc.option(plain, { nil: undefined }),
  query: fc.option(fc.tuple(plain, text("?[]", 2)).map(([a, b]) => `${a}${b}`), { nil: undefined })
}).map(({ host, path, port, query, scheme }) => ({
  scheme,
  text: `${scheme}://${host}${port === undefined ? "" : `:${port}`}${path === undefined ? "" : `/${path}`}${
    query === undefined ? "" : `?${query}`
  }`
}))

describe("addresses", () => {
  it.prop("8.A18: every address is parsed as Node's URL parses it", { address }, ({ address }) => {
    const url = new URL(address.text)
    const parsed = Either.getOrThrow(Endpoint.parse(address.text))
    assert.strictEqual(new URL(`ws://${parsed.host}`).hostname, url.hostname)
    assert.strictEqual(parsed.host, parsed.host.toLowerCase())
    assert.strictEqual(`${parsed.scheme}:`, url.protocol)
    assert.strictEqual(
      parsed.port,
      url.port === "" ? (/^(?:https|wss):/.test(url.protocol) ? 443 : 80) : Number(url.port)
    )
    // The runtime resolves dots in paths, so both forms mean the same.
    assert.strictEqual(new URL(Endpoint.format(parsed)).href, url.href)
    // The written form is stable.
    assert.deepStrictEqual(formatted(Endpoint.format(parsed)), Either.right(Endpoint.format(parsed)))
  })

  it.prop("C7: every accepted address is valid for URL, too", {
    text: fc.oneof(
      fc.string(),
      fc.webUrl(),
      text("ws:/[]@?#%.ab01:x", 24).map((text) => `ws://${text}`),
      text("0123456789.xabf", 12).map((text) => `ws://${text}`),
      text("0123456789:abf.", 30).map((text) => `ws://[${text}]`)
    )
  }, ({ text }) => {
    const parsed = formatted(text)
    if (Either.isLeft(parsed)) return assert.match(parsed.left, /^expected /)
    assert.strictEqual(new URL(parsed.right).href, new URL(text).href)
  })

  it.each([
    "",
    "localhost",
    "localhost:7512",
    "ftp://a",
    "ws:a",
    "ws://",
    "ws:///a",
    "ws://:7512",
    "ws://a:",
    "ws://a:b",
    "ws://a:0",
    "ws://a:65536",
    "ws://a b",
    "ws://a..b",
    "ws://[::1",
    "ws://::1",
    "ws://[:::1]",
    "ws://[1::2::3]",
    "ws://[1:2:3:4:5:6:7:8:9]",
    "ws://[1:2:3:4:5:6:7]",
    "ws://[12345::]",
    "ws://[fe80::1%eth0]",
    "ws://[1.2.3.4::]",
    "ws://[1:2:3:4:5:6:7:8::]",
    "ws://[::1.2.3.256]",
    "ws://[]",
    "ws://256.1.1.1",
    "ws://1.2.3",
    "ws://0x7f.1",
    "ws://1.2.3.04",
    "ws://a\\b",
    "ws://müller.test",
    "ws://a/ü",
    "ws://a/%zz",
    "ws://a/a b",
    "ws://a/\"",
    "ws://a#b",
    "ws://ada@a"
  ])("refuses %s", (text) => {
    assert.isTrue(Either.isLeft(Endpoint.parse(text)))
  })

  it.each([
    "::",
    "1::",
    "::1",
    "1:0:0:2::3",
    "0:0:0:0:0:0:0:1",
    "2001:DB8::1",
    "1:2:3:4:5:6:7::",
    "::ffff:1.2.3.4",
    "1:2:3:4:5:6:1.2.3.4"
  ])("C7: takes the IPv6 address %s as it is, in lower case", (text) => {
    assert.strictEqual(Endpoint.hostOf(`[${text}]`), `[${text.toLowerCase()}]`)
  })

  it("is displayed without user, password and query", () => {
    assert.strictEqual(Endpoint.withoutSecrets("ws://ada:secret@a/b?key=secret"), "ws://a/b")
  })
})
