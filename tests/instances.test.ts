/** Several Kuzzles in one application: each part of a program uses only the client that it was given. */
import {
  Kuzzle,
  KuzzleAuth,
  KuzzleDocument,
  KuzzleHeartbeat,
  KuzzleInstance,
  KuzzleRealtime,
  KuzzleServer
} from "@effect-kuzzle/core"
import { KuzzleEngine, KuzzleTestSocket } from "@effect-kuzzle/testing"
import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, Layer, Redacted, Stream } from "effect"

class Production extends KuzzleInstance.Tag("Production")<Production>() {}
class Staging extends KuzzleInstance.Tag("Staging")<Staging>() {}

const target = { index: "nyc", collection: "taxi" }

/** A client with its own engine, in which `ada` has this password. */
const world = (password: string) =>
  Kuzzle.layer({}).pipe(
    Layer.provide([KuzzleTestSocket.layer, KuzzleHeartbeat.layerDisabled]),
    Layer.provide(KuzzleEngine.layer({
      users: [{ username: "ada", password }],
      mappings: { nyc: { taxi: {} } }
    }))
  )

const both = Layer.mergeAll(Production.layer(world("production")), Staging.layer(world("staging")))

const login = (password: string) =>
  KuzzleAuth.login({ strategy: "local", credentials: { username: "ada", password: Redacted.make(password) } })

const whoAmI = Effect.map(KuzzleAuth.getCurrentUser(), ({ _id }) => _id)

describe("several Kuzzles in one application", () => {
  it.effect("a document of one Kuzzle is not in the other", () =>
    Effect.gen(function*() {
      const create = KuzzleDocument.create({ ...target, _id: "a", content: { seats: 4 } })
      const exists = KuzzleDocument.exists({ ...target, _id: "a" })
      yield* Effect.provide(create, Production.client)
      assert.isTrue(yield* Effect.provide(exists, Production.client))
      assert.isFalse(yield* Effect.provide(exists, Staging.client))
    }).pipe(Effect.provide(both)))

  it.effect("a login or a logout in one Kuzzle does not affect the other", () =>
    Effect.gen(function*() {
      yield* Effect.provide(login("production"), Production.client)
      assert.strictEqual(yield* Effect.provide(whoAmI, Production.client), "ada")
      assert.strictEqual(yield* Effect.provide(whoAmI, Staging.client), "-1")
      yield* Effect.provide(login("staging"), Staging.client)
      yield* Effect.provide(KuzzleAuth.logout(), Production.client)
      assert.strictEqual(yield* Effect.provide(whoAmI, Production.client), "-1")
      assert.strictEqual(yield* Effect.provide(whoAmI, Staging.client), "ada")
    }).pipe(Effect.provide(both)))

  it.effect("a subscription gets the notifications of its own Kuzzle, whichever client the consumer has", () =>
    Effect.gen(function*() {
      const received = yield* Effect.provide(KuzzleRealtime.open(target), Staging.client)
      const create = (_id: string) => KuzzleDocument.create({ ...target, _id, content: {} })
      yield* Effect.provide(create("of production"), Production.client)
      yield* Effect.provide(create("of staging"), Staging.client)
      const [first] = yield* Stream.runCollect(Stream.take(received, 1)).pipe(Effect.provide(Production.client))
      assert.strictEqual(first?.type === "document" ? first.result._id : first?.type, "of staging")
    }).pipe(Effect.scoped, Effect.provide(both)))

  it.effect("the same layer under two tags makes two clients", () =>
    Effect.gen(function*() {
      const one = world("one")
      const layer = Layer.mergeAll(Production.layer(one), Staging.layer(one))
      const context = yield* Layer.build(layer)
      const clientOf = <Self>(tag: Context.Tag<Self, Context.Context<Kuzzle.Kuzzle | KuzzleRealtime.KuzzleRealtime>>) =>
        Effect.map(tag, (client) => Context.get(client, Kuzzle.Kuzzle))
      const clients = yield* Effect.all([clientOf(Production), clientOf(Staging)]).pipe(Effect.provide(context))
      assert.notStrictEqual(clients[0], clients[1])
      yield* Effect.provide(Effect.provide(login("one"), Production.client), context)
      assert.strictEqual((yield* clients[0].authentication.state)._tag, "Authenticated")
      assert.strictEqual((yield* clients[1].authentication.state)._tag, "Anonymous")
    }).pipe(Effect.scoped))

  it.effect("the client of an instance takes precedence over the provided one", () =>
    Effect.gen(function*() {
      yield* login("own")
      assert.strictEqual(yield* whoAmI, "ada")
      assert.strictEqual(yield* Effect.provide(whoAmI, Staging.client), "-1")
      assert.isNumber(yield* Effect.provide(KuzzleServer.now(), Staging.client))
    }).pipe(Effect.provide(Layer.mergeAll(world("own"), both))))
})
