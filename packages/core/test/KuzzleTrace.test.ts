import { type KuzzleRealtime, KuzzleTrace } from "@effect-kuzzle/core"
import { assert, describe, it } from "@effect/vitest"
import { FastCheck as fc, Option } from "effect"
import * as Traceparent from "../src/internal/protocol/traceparent.ts"

const hex = (length: number) => fc.stringMatching(new RegExp(`^[0-9a-f]{${length}}$`)).filter((id) => !/^0+$/.test(id))

const spanContext = fc.record({ traceId: hex(32), spanId: hex(16), sampled: fc.boolean() })

const notification = (
  volatile: KuzzleRealtime.DocumentNotification["volatile"]
): KuzzleRealtime.DocumentNotification => ({
  type: "document",
  scope: "in",
  event: "write",
  action: "create",
  controller: "document",
  index: "i",
  collection: "c",
  timestamp: 0,
  volatile,
  protocol: "websocket",
  requestId: "1",
  result: {},
  status: 200,
  room: "r-1"
})

const traceId = "4bf92f3577b34da6a3ce929d0e0e4736"
const spanId = "00f067aa0ba902b7"

describe("traceparent", () => {
  it.prop("a written header is read back", { context: spanContext }, ({ context }) => {
    assert.deepStrictEqual(Traceparent.decode(Traceparent.encode(context)), context)
  })

  it("reads the example of the specification", () => {
    assert.strictEqual(Traceparent.encode({ traceId, spanId, sampled: true }), `00-${traceId}-${spanId}-01`)
  })

  it("reads the known parts of a later version, and ignores unknown flags", () => {
    const sampled = { traceId, spanId, sampled: true }
    assert.deepStrictEqual(Traceparent.decode(`01-${traceId}-${spanId}-03-more`), sampled)
    assert.deepStrictEqual(Traceparent.decode(`00-${traceId}-${spanId}-02`), { ...sampled, sampled: false })
  })

  it.each([
    undefined,
    null,
    7,
    "",
    `00-${traceId}-${spanId}`,
    `00-${traceId}-${spanId}-01-more`,
    `ff-${traceId}-${spanId}-01`,
    `00-${"0".repeat(32)}-${spanId}-01`,
    `00-${traceId}-${"0".repeat(16)}-01`,
    `00-${traceId.toUpperCase()}-${spanId}-01`,
    `00-native-${spanId}-01`,
    ` 00-${traceId}-${spanId}-01`
  ])("%s is not a traceparent", (text) => {
    assert.isUndefined(Traceparent.decode(text))
  })

  it("a span with other ids is not written", () => {
    assert.isUndefined(Traceparent.encode({ traceId: "native", spanId, sampled: true }))
    assert.isUndefined(Traceparent.encode({ traceId, spanId: "noop", sampled: true }))
  })
})

describe("KuzzleTrace", () => {
  it("gives the span of the write, as a span and as a link", () => {
    const caused = notification({ traceparent: `00-${traceId}-${spanId}-01` })
    const span = Option.getOrThrow(KuzzleTrace.spanOf(caused))
    assert.deepInclude(span, { _tag: "ExternalSpan", traceId, spanId, sampled: true })
    const links = KuzzleTrace.linksOf(caused)
    assert.lengthOf(links, 1)
    assert.deepInclude(links[0], { span, attributes: {} })
  })

  it("gives no span if the writer had no trace, and none for a gap", () => {
    const gap: KuzzleRealtime.Gap = { type: "gap", cause: { _tag: "Replaced" } }
    for (const one of [notification(null), notification({}), notification({ traceparent: "mine" }), gap]) {
      assert.deepStrictEqual(KuzzleTrace.spanOf(one), Option.none())
      assert.deepStrictEqual(KuzzleTrace.linksOf(one), [])
    }
  })
})
