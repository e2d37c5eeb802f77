import { Kuzzle, KuzzleAction } from "@effect-kuzzle/core"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { answering, type SentRequest } from "./support/answering.ts"

const park = KuzzleAction.make({
  controller: "taxis",
  action: "park",
  http: ["POST", "/_/taxis/:plate/park"],
  idempotent: true,
  options: Schema.Struct({ plate: Schema.String, until: Schema.Date, valet: Schema.optional(Schema.Boolean) }),
  body: ["until"],
  result: Schema.Struct({ place: Schema.Int, since: Schema.DateFromNumber }),
  errors: { NoPlaceError: "taxis.park.full", BadTaxiError: ["taxis.park.plate", "taxis.park.size"] }
})

const until = new Date("2030-01-01T00:00:00.000Z")

const failing = (id: string, status: number) =>
  answering(() => {
    const error = { id, status, message: "no", code: 1, props: ["p"] }
    return new Response(JSON.stringify({ requestId: "r", status, error, result: null }), { status })
  })

describe("KuzzleAction", () => {
  it.effect("encodes its options, places them in the request, and decodes the result", () =>
    Effect.gen(function*() {
      const requests: Array<SentRequest> = []
      const result = yield* park({ plate: "AB", until, valet: true, volatile: { by: "me" }, timeout: "1 second" }).pipe(
        Effect.provide(answering((request) => {
          requests.push(request)
          return { place: 3, since: 0 }
        }))
      )
      assert.deepStrictEqual(result, { place: 3, since: new Date(0) })
      const { volatile, ...sent } = requests[0] ?? assert.fail("nothing was requests")
      assert.deepStrictEqual(sent, {
        controller: "taxis",
        action: "park",
        plate: "AB",
        valet: true,
        body: { until: "2030-01-01T00:00:00.000Z" }
      })
      assert.deepInclude(volatile, { by: "me" })
    }))

  it.effect("a result that does not fit is a typed error", () =>
    Effect.gen(function*() {
      const error = yield* park({ plate: "AB", until }).pipe(
        Effect.flip,
        Effect.provide(answering(() => ({ place: "three", since: 0 })))
      )
      assert.strictEqual(error._tag, "KuzzleInvalidResultError")
      assert.include(error.message, "taxis:park")
      assert.include(error.message, "[\"place\"]")
    }))

  it.effect("options that cannot be encoded are not sent", () =>
    Effect.gen(function*() {
      const error = yield* park({ plate: "AB", until: new Date(NaN) }).pipe(
        Effect.flip,
        Effect.provide(answering(() => assert.fail("it was sent")))
      )
      assert.strictEqual(error._tag, "KuzzleEncodeError")
      assert.include(error.message, "[\"until\"]")
    }))

  it.effect("an error with a declared id has the declared name, and every other error that of its status", () =>
    Effect.gen(function*() {
      const call = park({ plate: "AB", until })
      const full = yield* call.pipe(Effect.flip, Effect.provide(failing("taxis.park.full", 412)))
      assert.strictEqual(full._tag, "NoPlaceError")
      assert.deepInclude({ ...full }, { id: "taxis.park.full", status: 412, props: ["p"], action: "park" })
      assert.strictEqual(full.message, "no")
      for (const id of ["taxis.park.plate", "taxis.park.size"]) {
        const caught = yield* call.pipe(
          Effect.catchTag("BadTaxiError", ({ id }) => Effect.succeed(id)),
          Effect.provide(failing(id, 400))
        )
        assert.strictEqual(caught, id)
      }
      const other = yield* call.pipe(Effect.flip, Effect.provide(failing("plugin.runtime.unexpected_error", 500)))
      assert.strictEqual(other._tag, "KuzzleInternalError")
    }))

  it.effect("can be declared without options and without a result", () =>
    Effect.gen(function*() {
      const ring = KuzzleAction.make({
        controller: "taxis",
        action: "ring",
        idempotent: false,
        result: Schema.Void
      })
      const requests: Array<SentRequest> = []
      const done = yield* Effect.provide(ring(), answering((request) => void requests.push(request)))
      assert.isUndefined(done)
      assert.deepInclude(requests[0], { controller: "taxis", action: "ring" })
      assert.deepStrictEqual(ring.declaration.idempotent, false)
    }))

  it("shows its declaration and its request, as Kuzzle's own actions do", () => {
    assert.deepStrictEqual(park.declaration.http, ["POST", "/_/taxis/:plate/park"])
    assert.deepStrictEqual(park.request({ plate: "AB", until: "2030" }), {
      controller: "taxis",
      action: "park",
      plate: "AB",
      body: { until: "2030" }
    })
  })

  it.effect("sends its route with the request, for clients that use routes", () =>
    Effect.gen(function*() {
      const kuzzle: Kuzzle.KuzzleShape = yield* Effect.provide(Kuzzle.Kuzzle, answering(() => null))
      const routes: Array<Kuzzle.RequestOptions["route"]> = []
      yield* park({ plate: "AB", until }).pipe(
        Effect.flip,
        Effect.provideService(Kuzzle.Kuzzle, {
          ...kuzzle,
          query: (request, options) => {
            routes.push(options?.route)
            return kuzzle.query(request, options)
          }
        })
      )
      assert.deepStrictEqual(routes, [["POST", "/_/taxis/:plate/park"]])
    }))
})
