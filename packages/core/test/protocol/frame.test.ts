import { assert, describe, it } from "@effect/vitest"
import * as Frame from "../../src/internal/protocol/frame.ts"
import { json, object, text, wire } from "../support/arbitraries.ts"

describe("frame", () => {
  it.prop("C7, 8.A5: decoding is total: an object, or the reason why not", { text: wire }, ({ text }) => {
    const decoded = Frame.decode(text)
    if (Frame.isUnreadable(decoded)) {
      const parsed = parse(text)
      assert.strictEqual(decoded.unreadable, parsed.ok ? "NotAnObject" : "NotJson")
      assert.isFalse(parsed.ok && isRecord(parsed.value))
    } else {
      assert.isTrue(isRecord(decoded))
      assert.deepStrictEqual(decoded, JSON.parse(text))
    }
  })

  it.prop("what JSON says is what is decoded", { value: object }, ({ value }) => {
    assert.deepStrictEqual(Frame.decode(JSON.stringify(value)), JSON.parse(JSON.stringify(value)))
  })

  it.prop("a value that is not an object is unreadable, never an exception", { value: json }, ({ value }) => {
    assert.strictEqual(Frame.isUnreadable(Frame.decode(JSON.stringify(value))), !isRecord(value))
  })

  it.prop("no frame can pass for the marker of an unreadable one", { reason: text }, ({ reason }) => {
    for (const unreadable of [reason, "NotJson", "NotAnObject"]) {
      assert.isFalse(Frame.isUnreadable(Frame.decode(JSON.stringify({ unreadable }))))
    }
  })

  it("C7: no key of a frame reaches a prototype", () => {
    const decoded = Frame.decode("{\"__proto__\":{\"room\":\"stolen\"},\"constructor\":1}")
    assert.isFalse(Frame.isUnreadable(decoded))
    assert.isTrue(!Frame.isUnreadable(decoded) && decoded.room === undefined)
    assert.notProperty({}, "room")
  })

  it.each([64, 1_000, 100_000])("C7: nesting of %d levels does not throw", (depth) => {
    for (const [open, close] of [["[", "]"], ["{\"a\":", "}"]] as const) {
      const core = open === "[" ? "" : "1"
      assert.doesNotThrow(() => Frame.decode(open.repeat(depth) + core + close.repeat(depth)))
      assert.deepStrictEqual(Frame.decode(open.repeat(depth)), { unreadable: "NotJson" })
    }
  })

  it("pings and pongs are to the letter of spec 1.6", () => {
    assert.deepStrictEqual([JSON.parse(Frame.ping), JSON.parse(Frame.pong)], [{ p: 1 }, { p: 2 }])
  })
})

const isRecord = (value: unknown): boolean => typeof value === "object" && value !== null && !Array.isArray(value)

const parse = (text: string): { readonly ok: true; readonly value: unknown } | { readonly ok: false } => {
  try {
    return { ok: true, value: JSON.parse(text) }
  } catch {
    return { ok: false }
  }
}
