import { KuzzleError, KuzzleTokenStore } from "@effect-kuzzle/core"
import { Error as PlatformError, KeyValueStore } from "@effect/platform"
import { NodeKeyValueStore } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { DateTime, Effect, FastCheck as fc, Fiber, Layer, Option, Redacted, Stream, TestClock } from "effect"
import { inspect } from "node:util"
import { turns } from "./support/FakeSocket.ts"
import { temporaryFolder } from "./support/temporaryFolder.ts"

const stored = (token: string, expiresAt: number | undefined, kuid: string): KuzzleTokenStore.StoredToken => ({
  token: Redacted.make(token),
  expiresAt: Option.map(Option.fromNullable(expiresAt), DateTime.unsafeMake),
  kuid
})

/** A token with its secret as plain text, so that a test can compare it. */
const plain = Option.map(({ expiresAt, kuid, token }: KuzzleTokenStore.StoredToken) => ({
  expiresAt: Option.getOrUndefined(Option.map(expiresAt, DateTime.toEpochMillis)),
  kuid,
  token: Redacted.value(token)
}))

const storeOver = (store: Layer.Layer<KeyValueStore.KeyValueStore>, options?: KuzzleTokenStore.Options) =>
  Layer.provideMerge(KuzzleTokenStore.layerKeyValueStore(options), store)

const inMemory = storeOver(KeyValueStore.layerMemory)

/** The store of the provided layer. */
const provided = Effect.flatMap(
  KuzzleTokenStore.KuzzleTokenStore,
  (store) => store === undefined ? Effect.dieMessage("there is no token store") : Effect.succeed(store)
)

const none = Option.none()
const some = (token: string) => Option.some(Redacted.make(token))

/** The loaded token of a store with this text, which may be invalid. */
const loadFrom = (text: string) =>
  Effect.gen(function*() {
    yield* (yield* KeyValueStore.KeyValueStore).set("kuzzle-token", text)
    return yield* (yield* provided).load
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
  it.effect("by default no token is stored", () =>
    Effect.gen(function*() {
      assert.isUndefined(yield* KuzzleTokenStore.KuzzleTokenStore)
    }))

  it.effect.prop(
    "loads any token as it was saved",
    {
      token: fc.string({ minLength: 1, unit: "binary" }),
      kuid: fc.string({ unit: "binary" }),
      at: fc.option(fc.nat(), { nil: undefined })
    },
    ({ at, kuid, token }) =>
      Effect.gen(function*() {
        const store = yield* provided
        assert.isTrue(yield* store.save(Option.some(stored("before", 1, "before")), none))
        assert.isTrue(yield* store.save(Option.some(stored(token, at, kuid)), some("before")))
        assert.deepStrictEqual(plain(yield* store.load), Option.some({ token, kuid, expiresAt: at }))
        assert.isTrue(yield* store.save(none, some(token)))
        assert.deepStrictEqual(yield* store.load, Option.none())
      }).pipe(Effect.provide(inMemory))
  )

  it.effect("the stored text has a version, and each key has its own token", () =>
    Effect.gen(function*() {
      const values = yield* KeyValueStore.KeyValueStore
      const store = yield* provided
      yield* values.set("kuzzle-token", "another's")
      yield* store.save(Option.some(stored("t", 5, "ann")), none)
      const text = Option.getOrThrow(yield* values.get("mine"))
      assert.deepStrictEqual(JSON.parse(text), { version: 1, token: "t", expiresAt: 5, kuid: "ann" })
      yield* store.save(none, some("t"))
      assert.deepStrictEqual(yield* values.get("kuzzle-token"), Option.some("another's"))
    }).pipe(Effect.provide(storeOver(KeyValueStore.layerMemory, { key: "mine" }))))

  it.effect("a stored text that is not a token is a typed error that does not show the text", () =>
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
          { ...good, expiresAt: "s3cr3t" },
          // Not a time, because it is beyond the range of dates.
          { ...good, expiresAt: 1e300 }
        ].map((one) => JSON.stringify(one))
      ]
      for (const text of garbage) {
        const error = yield* Effect.flip(loadFrom(text))
        assert.instanceOf(error, KuzzleError.TokenStoreError)
        assert.strictEqual(error.operation, "load")
        assert.include(error.message, "the stored entry is invalid")
        assert.notInclude(inspect(error, { depth: 9 }), "s3cr3t")
      }
      assert.isTrue(Option.isSome(yield* loadFrom(JSON.stringify(good))))
    }))

  it.effect.prop(
    "any text that is not a stored token is a typed error",
    [fc.oneof(fc.string(), fc.json())],
    ([text]) =>
      Effect.gen(function*() {
        const result = yield* Effect.either(loadFrom(text))
        assert.isTrue(result._tag === "Left" && result.left._tag === "KuzzleTokenStoreError")
      })
  )

  it.effect("A2, T1: saves and removes only what it replaces", () =>
    Effect.gen(function*() {
      const store = yield* provided
      assert.isTrue(yield* store.save(Option.some(stored("one", 1, "ann")), none))
      for (const replacing of [none, some("other")]) {
        assert.isFalse(yield* store.save(Option.some(stored("two", 1, "ann")), replacing))
        assert.isFalse(yield* store.save(none, replacing))
      }
      assert.deepStrictEqual(plain(yield* store.load), Option.some({ token: "one", expiresAt: 1, kuid: "ann" }))
      const faster = yield* Effect.all(
        ["two", "three"].map((token) => store.save(Option.some(stored(token, 1, "ann")), some("one"))),
        { concurrency: "unbounded" }
      )
      assert.sameMembers(faster, [true, false])
    }).pipe(Effect.provide(inMemory)))

  it.effect("a login replaces a stored text that cannot be read", () =>
    Effect.gen(function*() {
      yield* (yield* KeyValueStore.KeyValueStore).set("kuzzle-token", "garbage")
      const store = yield* provided
      assert.isFalse(yield* store.save(none, some("one")))
      assert.isTrue(yield* store.save(Option.some(stored("one", 1, "ann")), none))
    }).pipe(Effect.provide(inMemory)))

  it.scoped("A2, T2: clients of one store exchange tokens one after the other, and are notified of each other's writes", () =>
    Effect.gen(function*() {
      const values = yield* KeyValueStore.KeyValueStore
      const [one, other] = [KuzzleTokenStore.make(values, "k"), KuzzleTokenStore.make(values, "k")]
      let notified = 0
      yield* Effect.forkScoped(Stream.runForEach(one.changes, () => Effect.sync(() => notified++)))
      yield* turns()
      yield* other.save(Option.some(stored("one", 1, "ann")), none)
      yield* turns()
      assert.strictEqual(notified, 1)
      let running = 0
      const exchange = Effect.acquireUseRelease(
        Effect.sync(() => ++running),
        (now) => Effect.as(Effect.sleep("1 second"), now),
        () => Effect.sync(() => running--)
      )
      const both = yield* Effect.fork(
        Effect.all([one.exclusive(exchange), other.exclusive(exchange)], { concurrency: "unbounded" })
      )
      yield* TestClock.adjust("2 seconds")
      assert.deepStrictEqual(yield* both, [1, 1])
    }).pipe(Effect.provide(KeyValueStore.layerMemory)))

  it.scoped("A4: an exchange waits at most 3 s for another one, and the lock works afterwards", () =>
    Effect.gen(function*() {
      const store = yield* provided
      const stuck = yield* Effect.fork(store.exclusive(Effect.never))
      yield* turns()
      const waiting = yield* Effect.fork(store.exclusive(Effect.void))
      yield* TestClock.adjust("2999 millis")
      assert.isNull(waiting.unsafePoll())
      yield* TestClock.adjust("1 millis")
      yield* Fiber.join(waiting)
      yield* Fiber.interrupt(stuck)
      // The lock is free again, and only one client gets it at a time.
      yield* Effect.fork(store.exclusive(Effect.never))
      yield* turns()
      const next = yield* Effect.fork(store.exclusive(Effect.void))
      yield* turns()
      assert.isNull(next.unsafePoll())
    }).pipe(Effect.provide(inMemory)))

  it.effect("a store that fails is a typed error", () =>
    Effect.gen(function*() {
      const { load, save } = yield* provided
      const operations = [
        ["load", Effect.asVoid(load)],
        ["save", Effect.asVoid(save(Option.some(stored("s3cr3t", 1, "ann")), none))],
        ["remove", Effect.asVoid(save(none, some("s3cr3t")))]
      ] as const
      for (const [name, operation] of operations) {
        const error = yield* Effect.flip(operation)
        assert.strictEqual(error.operation, name)
        assert.include(error.message, "PermissionDenied")
        assert.notInclude(inspect(error, { depth: 9 }), "s3cr3t")
      }
    }).pipe(Effect.provide(storeOver(broken))))

  it.scoped("a token in a folder is loaded by the next client, until it is removed", () =>
    Effect.gen(function*() {
      const folder = yield* temporaryFolder
      const inFolder = <A, E>(use: (store: KuzzleTokenStore.KuzzleTokenStoreShape) => Effect.Effect<A, E>) =>
        Effect.flatMap(provided, use).pipe(
          Effect.provide(Layer.fresh(storeOver(Layer.orDie(NodeKeyValueStore.layerFileSystem(folder)))))
        )
      yield* inFolder(({ save }) => save(none, none))
      yield* inFolder(({ save }) => save(Option.some(stored("t", 5, "ann")), none))
      const loaded = yield* inFolder(({ load }) => load)
      assert.deepStrictEqual(plain(loaded), Option.some({ token: "t", expiresAt: 5, kuid: "ann" }))
      yield* inFolder(({ save }) => save(none, some("t")))
      assert.deepStrictEqual(yield* inFolder(({ load }) => load), Option.none())
    }))
})
