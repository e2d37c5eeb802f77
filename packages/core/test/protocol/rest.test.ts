import { assert, describe, it } from "@effect/vitest"
import { FastCheck as fc, Redacted } from "effect"
import type { Route } from "../../src/internal/protocol/envelope.ts"
import * as Rest from "../../src/internal/protocol/rest.ts"
import { routeTable } from "../support/routes.ts"

const get: Route = ["GET", "/:index/:collection/:_id"]
const place = { controller: "document", action: "get", index: "i", collection: "c", _id: "a" }

const made = (route: Route, request: Parameters<typeof Rest.call>[1]): Rest.RestCall => {
  const call = Rest.call(route, request)
  return "issue" in call ? assert.fail(call.issue) : call
}

const refused = (route: Route, request: Parameters<typeof Rest.call>[1]): string => {
  const call = Rest.call(route, request)
  return "issue" in call ? call.issue : assert.fail(`${call.method} ${call.path}`)
}

describe("rest", () => {
  it("arguments of the route are in the path, the others in the query string, and the body stays the body", () => {
    const route: Route = ["PUT", "/:index/:collection/:_id/_replace"]
    assert.deepStrictEqual(
      made(route, { ...place, _id: "a/b c", refresh: "wait_for", silent: true, body: { a: 1 } }),
      { method: "PUT", path: "/i/c/a%2Fb%20c/_replace?refresh=wait_for&silent=true", body: "{\"a\":1}" }
    )
  })

  it("8.E11: a flag is present or absent; lists and objects are JSON; absent arguments are left out", () => {
    assert.strictEqual(
      made(get, { ...place, yes: true, no: false, ids: ["a", "b"], n: 0, o: { x: 1 }, gone: undefined, none: null })
        .path,
      `/i/c/a?yes=true&ids=${encodeURIComponent("[\"a\",\"b\"]")}&n=0&o=${encodeURIComponent("{\"x\":1}")}`
    )
  })

  it("a list for the memory storage is a key that occurs several times", () => {
    const mget = (keys: ReadonlyArray<string>) => ({ controller: "ms", action: "mget", keys })
    const route: Route = ["GET", "/ms/_mget"]
    assert.strictEqual(made(route, mget(["a,b", "", "c"])).path, "/ms/_mget?keys=a%2Cb&keys=&keys=c")
    assert.strictEqual(made(route, mget(["a"])).path, "/ms/_mget?keys=a")
    // The server would split a single text at its comma, and would treat an empty text as absent.
    assert.include(refused(route, mget(["a,b"])), "comma")
    assert.include(refused(route, mget([""])), "comma")
  })

  it("an argument that no address can carry is an error with a reason", () => {
    const { _id, ...nowhere } = place
    assert.include(refused(get, nowhere), "needs the argument \"_id\"")
    assert.include(refused(get, { ...place, _id: "" }), "needs the argument \"_id\"")
    assert.include(refused(get, { ...place, body: {} }), "a body cannot be sent by GET")
    assert.include(refused(get, { ...place, _id: "\ud800" }), "cannot be written into an address")
    assert.include(refused(get, { ...place, filter: "\udfff" }), "cannot be written into an address")
    assert.include(refused(get, { ...place, n: 1n }), "n")
    assert.include(refused(["PUT", "/:index/:collection"], { ...place, body: { n: 1n } }), "n")
  })

  it("a secret is allowed in the body, never in an address", () => {
    const hidden = Redacted.make("s3cr3t")
    const route: Route = ["POST", "/_/cards/:card"]
    const baseRequest = { controller: "cards", action: "pay", card: "1" }
    assert.strictEqual(made(route, { ...baseRequest, body: { pin: hidden } }).body, "{\"pin\":\"s3cr3t\"}")
    for (
      const request of [{ ...baseRequest, card: hidden }, { ...baseRequest, pin: hidden }, {
        ...baseRequest,
        pins: [{ hidden }]
      }]
    ) {
      const issue = refused(route, request)
      assert.include(issue, "is Redacted: an address ends up in logs")
      assert.notInclude(issue, "s3cr3t")
    }
  })

  it("a value that Kuzzle's router or a URL parser would misread is refused", () => {
    for (const _id of [".", "..", "_truncate", "_search", "_mCreateOrReplace", "_validateSpecifications"]) {
      assert.include(refused(get, { ...place, _id }), "means something else")
    }
    // `DELETE /users/x` deletes a user.
    assert.include(refused(["DELETE", "/:index/:collection"], { ...place, index: "users" }), "means something else")
    assert.strictEqual(
      made(["GET", "/users/:_id"], { controller: "security", action: "getUser", _id: "admin" }).path,
      "/users/admin"
    )
    assert.strictEqual(made(get, { ...place, _id: "_b-x" }).path, "/i/c/_b-x")
  })

  // The routes of the server, resolved as its router does: literal parts take precedence, without backtracking.
  it.prop(
    "for any values, the path leads to the action, or the request is refused",
    {
      route: fc.constantFrom(...routeTable.routes),
      values: fc.dictionary(
        fc.constantFrom(...routeTable.placeholders),
        fc.oneof(fc.constantFrom(...routeTable.literals, ".", ".."), fc.string({ unit: "grapheme" })),
        { minKeys: routeTable.placeholders.length }
      )
    },
    ({ route, values }) => {
      const call = Rest.call([route.verb, route.path], {
        controller: route.controller,
        action: route.action,
        ...values
      })
      if ("issue" in call) return
      const { pathname } = new URL(`http://kuzzle.test${call.path}`)
      const resolved = routeTable.resolve(call.method, pathname)
      if (resolved === undefined) return
      assert.strictEqual(`${resolved.controller}:${resolved.action}`, `${route.controller}:${route.action}`)
    },
    { fastCheck: { numRuns: 2000 } }
  )

  it("a fault in the body has its place in the request, and the body is encoded once", () => {
    const route = ["POST", "/:index/:collection/_create"] as const
    const request = { controller: "document", action: "create", index: "i", collection: "c" }
    assert.deepStrictEqual(Rest.call(route, { ...request, body: { a: [NaN] } }), { issue: "body.a[0] is NaN" })
    let encoded = 0
    const body = {
      toJSON: () => {
        encoded += 1
        return { a: 1 }
      }
    }
    assert.deepInclude(Rest.call(route, { ...request, body }), { body: `{"a":1}` })
    // By `JSON.stringify`, and by the check of what it wrote.
    assert.isAtMost(encoded, 2)
  })
})
