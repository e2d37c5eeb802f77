/** The actions of plugins and applications, as the compiler sees them. */
import { type Kuzzle, KuzzleAction, type KuzzleError } from "@effect-kuzzle/core"
import { Context, Effect, Schema } from "effect"
import { describe, expect, test } from "tstyche"

const park = KuzzleAction.make({
  controller: "taxis",
  action: "park",
  idempotent: true,
  options: Schema.Struct({ plate: Schema.String, until: Schema.Date }),
  body: ["until"],
  result: Schema.Struct({ place: Schema.Int }),
  errors: { NoPlaceError: "taxis.park.full", BadTaxiError: ["taxis.park.plate"] }
})

describe("KuzzleAction", () => {
  test("options and result have the types of the Schemas, and errors are the declared ones", () => {
    const call = park({ plate: "a", until: new Date(), timeout: "1 second" })
    expect(call).type.toBe<
      Effect.Effect<
        { readonly place: number },
        | KuzzleError.RequestError
        | KuzzleAction.InvalidResultError
        | KuzzleAction.DeclaredError<"NoPlaceError">
        | KuzzleAction.DeclaredError<"BadTaxiError">,
        Kuzzle.Kuzzle
      >
    >()
    expect(Effect.catchTag(call, "NoPlaceError", ({ id }) => Effect.succeed(id))).type.toBeAssignableTo<
      Effect.Effect<unknown, Exclude<Effect.Effect.Error<typeof call>, { _tag: "NoPlaceError" }>, Kuzzle.Kuzzle>
    >()
  })

  test("wrong options do not compile", () => {
    expect(park()).type.toRaiseError()
    expect(park({ plate: "a" })).type.toRaiseError("'until' is missing")
    expect(park({ plate: "a", until: "2030" })).type.toRaiseError("not assignable to type 'Date'")
    expect(park({ plate: "a", until: new Date(), colour: "red" })).type.toRaiseError("'colour' does not exist")
  })

  test("the body is made of options", () => {
    expect(KuzzleAction.make({
      controller: "taxis",
      action: "park",
      idempotent: true,
      options: Schema.Struct({ plate: Schema.String }),
      body: ["until"],
      result: Schema.Void
    })).type.toRaiseError("'\"until\"' is not assignable")
  })

  test("an action without options needs none, and the requirements of the Schemas are those of the action", () => {
    class Zone extends Context.Tag("Zone")<Zone, string>() {}
    const here = Schema.transformOrFail(Schema.String, Schema.String, {
      decode: (place) => Effect.map(Zone, (zone) => `${zone}/${place}`),
      encode: (place) => Effect.succeed(place)
    })
    const where = KuzzleAction.make({ controller: "taxis", action: "where", idempotent: true, result: here })
    expect(where()).type.toBe<
      Effect.Effect<string, KuzzleError.RequestError | KuzzleAction.InvalidResultError, Kuzzle.Kuzzle | Zone>
    >()
  })
})
