import { assert, describe, it } from "@effect/vitest"
import { FastCheck as fc } from "effect"
import { type Receivers, route, type Routed } from "../../src/internal/protocol/route.ts"
import { frame, wire } from "../support/arbitraries.ts"

interface Tables {
  readonly pending?: ReadonlyArray<string>
  readonly channels?: ReadonlyArray<string>
  readonly opening?: boolean
}

/** Routes a frame, and records the lookups in their order. */
const routing = (
  text: string,
  tables: Tables
): { readonly routed: Routed; readonly lookups: ReadonlyArray<string> } => {
  const lookups: Array<string> = []
  const lookUp = (who: string, id: string, answer: boolean) => {
    lookups.push(`${who} ${id}`)
    return answer
  }
  const receivers: Receivers = {
    response: (id) => lookUp("response", id, tables.pending?.includes(id) === true),
    notification: (channel) => lookUp("notification", channel, tables.channels?.includes(channel) === true),
    early: (channel) => lookUp("early", channel, tables.opening === true),
    debuggerEvent: () => void lookups.push("debugger event")
  }
  return { routed: route(text, receivers), lookups }
}

const routed = (value: unknown, tables: Tables = {}) =>
  routing(typeof value === "string" ? value : JSON.stringify(value), tables).routed

const everything: Tables = {
  pending: ["r1", "kuzzle:notification:server", "kuzzle-debugger-event"],
  channels: ["room-1", "kuzzle:notification:server", "kuzzle-debugger-event"],
  opening: true
}

describe("route", () => {
  it.prop(
    "C7: routes any frame, and looks up each id at most once in each table",
    { text: wire, opening: fc.boolean() },
    ({ opening, text }) => {
      const { lookups } = routing(text, { pending: ["r1"], channels: ["room-1"], opening })
      assert.strictEqual(new Set(lookups).size, lookups.length)
    }
  )

  it.prop("a frame is routed in the order of spec 1.4", { value: frame, opening: fc.boolean() }, (given) => {
    const tables: Tables = { pending: ["r1", "r2"], channels: ["room-1"], opening: given.opening }
    const { requestId, room, type } = given.value
    const expected = (): string => {
      if (given.value.p === 2 && Object.keys(given.value).length === 1) return "Pong"
      if (typeof room !== "string") return requestId === "r1" || requestId === "r2" ? "Response" : "NoRoom"
      if (room === "kuzzle:notification:server" && type === "TokenExpired") return "TokenExpired"
      if (room === "kuzzle-debugger-event") return "DebuggerEvent"
      if (room === "r1" || room === "r2") return "Response"
      if (room === "room-1") return "Notification"
      return (type === "document" || type === "user") && given.opening ? "Early" : "UnknownRoom"
    }
    const got = routed(given.value, tables)
    assert.strictEqual(typeof got === "string" ? got : got.reason, expected())
  })

  it("2: a pong is a frame with that member only, with any white space", () => {
    for (const text of ["{\"p\":2}", " {\"p\": 2}\n"]) assert.strictEqual(routed(text, everything), "Pong")
    for (const other of [{ p: 1 }, { p: "2" }, { p: 2, q: 1 }, { p: 2, requestId: "unknown" }]) {
      assert.notStrictEqual(routed(other, everything), "Pong")
    }
    assert.strictEqual(routed({ p: 2, room: "r1" }, everything), "Response")
  })

  it("3, 4: the server's own rooms are never ids of requests or channels", () => {
    const expired = { room: "kuzzle:notification:server", type: "TokenExpired" }
    assert.deepStrictEqual(routing(JSON.stringify(expired), everything), { routed: "TokenExpired", lookups: [] })
    assert.deepStrictEqual(routing(JSON.stringify({ room: "kuzzle-debugger-event" }), everything), {
      routed: "DebuggerEvent",
      lookups: ["debugger event"]
    })
  })

  it("3: a document is not confused with an expired token", () => {
    assert.strictEqual(routed({ room: "room-1", type: "TokenExpired" }, everything), "Notification")
  })

  it("5, 6: a request is looked up before a channel", () => {
    const tables: Tables = { pending: ["same"], channels: ["same"] }
    assert.deepStrictEqual(routing("{\"room\":\"same\"}", tables), { routed: "Response", lookups: ["response same"] })
  })

  it("R4: a notification caused by our own request does not answer it", () => {
    const notification = { room: "room-1", requestId: "r1", type: "document" }
    assert.strictEqual(routed(notification, everything), "Notification")
    assert.strictEqual(routed({ ...notification, room: "room-2" }, everything), "Early")
    assert.deepStrictEqual(routed({ ...notification, room: "room-2" }, { ...everything, opening: false }), {
      _tag: "Unroutable",
      reason: "UnknownRoom",
      errorId: undefined
    })
  })

  it("7, S3, 8.C1: a notification of an unknown channel is parked while a subscription is being opened", () => {
    for (const type of ["document", "user"]) {
      assert.strictEqual(routed({ room: "room-2", type }, everything), "Early")
    }
    for (const type of ["TokenExpired", "other", 1, null, undefined]) {
      const got = routed({ room: "room-2", type }, everything)
      assert.isTrue(typeof got === "object" && got.reason === "UnknownRoom")
    }
  })

  it("8, 8.E1: an error without a room is the answer to the request it names", () => {
    const error = { requestId: "r1", status: 400, error: { message: "invalid" } }
    assert.strictEqual(routed(error, everything), "Response")
    assert.strictEqual(routed({ ...error, room: null }, everything), "Response")
    assert.strictEqual(routed({ ...error, room: 7 }, everything), "Response")
  })

  it("9, 8.D1, 8.E1: an error that names no request of this client is reported with its id", () => {
    const limited = { requestId: "3b1d", error: { id: "network.websocket.ratelimit_exceeded" }, status: 429 }
    assert.deepStrictEqual(routed(limited, everything), {
      _tag: "Unroutable",
      reason: "NoRoom",
      errorId: "network.websocket.ratelimit_exceeded"
    })
    assert.deepStrictEqual(routed({ ...limited, room: "gone" }, everything), {
      _tag: "Unroutable",
      reason: "UnknownRoom",
      errorId: "network.websocket.ratelimit_exceeded"
    })
  })

  it("1: an unreadable frame is reported with its reason", () => {
    const reason = (text: string) => {
      const got = routed(text, everything)
      return typeof got === "object" ? got.reason : got
    }
    assert.deepStrictEqual(
      ["", "null", "[]", "42", "\"\"", "{", "{}"].map(reason),
      ["NotJson", "NotAnObject", "NotAnObject", "NotAnObject", "NotAnObject", "NotJson", "NoRoom"]
    )
  })
})
