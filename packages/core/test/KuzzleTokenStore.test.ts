import { KuzzleError, KuzzleTokenStore } from "@effect-kuzzle/core"
import { Error as PlatformError, KeyValueStore } from "@effect/platform"
import { NodeKeyValueStore } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Effect, FastCheck as fc, Layer, Option, Redacted } from "effect"
import * as Fs from "node:fs"
import * as Os from "node:os"
import * as Path from "node:path"
import { inspect } from "node:util"

const stored = (token: string, expiresAt: number | undefined, kuid: string): KuzzleTokenStore.StoredToken => ({
  token: Redacted.make(token),
  expiresAt,
  kuid
})

/** With the secret in the open, so that it is compared. */
const plain = Option.map(({ expiresAt, kuid, token }: KuzzleTokenStore.StoredToken) => ({
  expiresAt,
  kuid,
  token: Redacted.value(token)
}))

const over = (store: Layer.Layer<KeyValueStore.KeyValueStore>, options?: KuzzleTokenStore.Options) =>
  Layer.provideMerge(KuzzleTokenStore.layerKeyValueStore(options), store)

const inMemory = over(KeyValueStore.layerMemory)

/** The token as a store gave it to us, which may be anything. */
const loadFrom = (text: string) =>
  Effect.gen(function*() {
    yield* (yield* KeyValueStore.KeyValueStore).set("kuzzle-token", text)
    return yield* (yield* KuzzleTokenStore.KuzzleTokenStore).load
  }).pipe(Effect.provide(inMemory))

const broken = Layer.succeed(
  KeyValueStore.KeyValueStore,
  (() => {
    const fail = Effect.fail(
      new PlatformError.SystemError({ module: "KeyValueStore", method: "get", reason: "PermissionDenied" })
    )
    const get = () => fail
    return KeyValueStore.make({ get, getUint8Array: get, set: get, remove: get, clear: fail, size: fail })
  })()
)

describe("KuzzleTokenStore", () => {
  it.effect("by default nothing is kept", () =>
    Effect.gen(function*() {
      const store = yield* KuzzleTokenStore.KuzzleTokenStore
      yield* store.save(stored("t", undefined, "ann"))
      assert.deepStrictEqual(yield* store.load, Option.none())
      yield* store.remove
    }))

  it.effect.prop(
    "what is saved is loaded, whatever is in it",
    {
      token: fc.string({ minLength: 1, unit: "binary" }),
      kuid: fc.string({ unit: "binary" }),
      at: fc.option(fc.nat())
    },
    ({ at, kuid, token }) =>
      Effect.gen(function*() {
        const store = yield* KuzzleTokenStore.KuzzleTokenStore
        yield* store.save(stored("before", 1, "before"))
        yield* store.save(stored(token, at ?? undefined, kuid))
        assert.deepStrictEqual(plain(yield* store.load), Option.some({ token, kuid, expiresAt: at ?? undefined }))
        yield* store.remove
        assert.deepStrictEqual(yield* store.load, Option.none())
      }).pipe(Effect.provide(inMemory))
  )

  it.effect("the text is versioned, and two keys are two tokens", () =>
    Effect.gen(function*() {
      const values = yield* KeyValueStore.KeyValueStore
      const store = yield* KuzzleTokenStore.KuzzleTokenStore
      yield* values.set("kuzzle-token", "another's")
      yield* store.save(stored("t", 5, "ann"))
      const text = Option.getOrThrow(yield* values.get("mine"))
      assert.deepStrictEqual(JSON.parse(text), { version: 1, token: "t", expiresAt: 5, kuid: "ann" })
      yield* store.remove
      assert.deepStrictEqual(yield* values.get("kuzzle-token"), Option.some("another's"))
    }).pipe(Effect.provide(over(KeyValueStore.layerMemory, { key: "mine" }))))

  it.effect("garbage is a typed fault that shows none of it", () =>
    Effect.gen(function*() {
      const good = { version: 1, token: "s3cr3t", kuid: "ann", expiresAt: 5 }
      const garbage = [
        "",
        "s3cr3t",
        "{\"version\":1,\"token\":\"s3cr3t",
        "null",
        "\"s3cr3t\"",
        "[\"s3cr3t\"]",
        ...[
          { ...good, version: 2 },
          { ...good, token: 5 },
          { ...good, token: "" },
          { ...good, kuid: undefined },
          { ...good, expiresAt: "s3cr3t" }
        ].map((one) => JSON.stringify(one))
      ]
      for (const text of garbage) {
        const error = yield* Effect.flip(loadFrom(text))
        assert.instanceOf(error, KuzzleError.TokenStoreError)
        assert.strictEqual(error.operation, "load")
        assert.include(error.message, "what is stored cannot be used")
        assert.notInclude(inspect(error, { depth: 9 }), "s3cr3t")
      }
      assert.isTrue(Option.isSome(yield* loadFrom(JSON.stringify(good))))
    }))

  it.effect.prop(
    "nothing in a store can do more harm than that",
    [fc.oneof(fc.string(), fc.json())],
    ([text]) =>
      Effect.gen(function*() {
        const result = yield* Effect.either(loadFrom(text))
        assert.isTrue(result._tag === "Left" && result.left._tag === "KuzzleTokenStoreError")
      })
  )

  it.effect("a store that fails is a typed fault", () =>
    Effect.gen(function*() {
      const { load, remove, save } = yield* KuzzleTokenStore.KuzzleTokenStore
      const operations = [["load", Effect.asVoid(load)], ["save", save(stored("s3cr3t", 1, "ann"))], [
        "remove",
        remove
      ]] as const
      for (const [name, operation] of operations) {
        const error = yield* Effect.flip(operation)
        assert.strictEqual(error.operation, name)
        assert.include(error.message, "PermissionDenied")
        assert.notInclude(inspect(error, { depth: 9 }), "s3cr3t")
      }
    }).pipe(Effect.provide(over(broken))))

  it.scoped("in a folder, from one client to the next", () =>
    Effect.gen(function*() {
      const folder = yield* Effect.acquireRelease(
        Effect.sync(() => Fs.mkdtempSync(Path.join(Os.tmpdir(), "token-"))),
        (path) => Effect.sync(() => Fs.rmSync(path, { recursive: true }))
      )
      const inFolder = <A, E>(use: (store: KuzzleTokenStore.KuzzleTokenStoreShape) => Effect.Effect<A, E>) =>
        Effect.flatMap(KuzzleTokenStore.KuzzleTokenStore, use).pipe(
          Effect.provide(Layer.fresh(over(Layer.orDie(NodeKeyValueStore.layerFileSystem(folder)))))
        )
      yield* inFolder(({ remove }) => remove)
      yield* inFolder(({ save }) => save(stored("t", 5, "ann")))
      const found = yield* inFolder(({ load }) => load)
      assert.deepStrictEqual(plain(found), Option.some({ token: "t", expiresAt: 5, kuid: "ann" }))
      yield* inFolder(({ remove }) => remove)
      assert.deepStrictEqual(yield* inFolder(({ load }) => load), Option.none())
    }))
})
