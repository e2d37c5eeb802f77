/** The file of a token: only its owner can read it, and it is never incomplete. */
import { KuzzleTokenStore } from "@effect-kuzzle/core"
import { NodeKuzzleStore } from "@effect-kuzzle/node"
import { NodeContext } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Effect, FastCheck as fc, Option, Redacted } from "effect"
import * as Fs from "node:fs"
import * as Path from "node:path"
import { temporaryFolder } from "../../core/test/support/temporaryFolder.ts"
import * as PrivateFiles from "../src/internal/privateFiles.ts"

const modeOf = (path: string) => (Fs.statSync(path).mode & 0o777).toString(8)

const open = (directory: string) => Effect.provide(PrivateFiles.make(directory), NodeContext.layer)

/** Sets the umask while the scope is open. Some containers have a umask of 0. */
const withUmask = (umask: number) =>
  Effect.acquireRelease(
    Effect.sync(() => process.umask(umask)),
    (before) => Effect.sync(() => process.umask(before))
  )

const stored = { token: Redacted.make("s3cr3t"), expiresAt: Option.none(), kuid: "ada" }

describe("NodeKuzzleStore", () => {
  for (const umask of [0, 0o022, 0o077]) {
    it.scoped(`the file of a token is 0600 in a folder of 0700, with the umask 0${umask.toString(8)}`, () =>
      Effect.gen(function*() {
        yield* withUmask(umask)
        const directory = Path.join(yield* temporaryFolder, "deep", ".session")
        yield* Effect.gen(function*() {
          const tokens = yield* KuzzleTokenStore.KuzzleTokenStore
          yield* tokens?.save(Option.some(stored), Option.none()) ?? assert.fail("there is no token store")
          yield* tokens?.save(Option.some(stored), Option.some(stored.token)) ?? assert.fail("there is no token store")
        }).pipe(Effect.provide(NodeKuzzleStore.layerTokens(directory)))
        assert.strictEqual(modeOf(directory), "700")
        assert.deepStrictEqual(Fs.readdirSync(directory).sort(), ["kuzzle-token"])
        for (const name of Fs.readdirSync(directory)) {
          assert.strictEqual(modeOf(Path.join(directory, name)), "600", name)
        }
      }))
  }

  it.scoped("the permissions of a file that others can read are corrected when it is read, and when it is written", () =>
    Effect.gen(function*() {
      const directory = yield* temporaryFolder
      const [read, bytes, written] = ["read", "bytes", "written"].map((name) => Path.join(directory, name))
      for (const path of [read, bytes, written]) {
        Fs.writeFileSync(path ?? "", "before")
        Fs.chmodSync(path ?? "", 0o666)
      }
      const store = yield* open(directory)
      assert.deepStrictEqual(yield* store.get("read"), Option.some("before"))
      assert.deepStrictEqual(yield* store.getUint8Array("bytes"), Option.some(new TextEncoder().encode("before")))
      yield* store.set("written", "after")
      assert.deepStrictEqual([read, bytes, written].map((path) => modeOf(path ?? "")), ["600", "600", "600"])
    }))

  it.scoped("a link in place of the file is replaced, and its target is not changed", () =>
    Effect.gen(function*() {
      const directory = yield* temporaryFolder
      const elsewhere = Path.join(yield* temporaryFolder, "theirs")
      Fs.writeFileSync(elsewhere, "theirs")
      Fs.symlinkSync(elsewhere, Path.join(directory, "token"))
      const store = yield* open(directory)
      yield* store.set("token", "ours")
      assert.strictEqual(Fs.readFileSync(elsewhere, "utf8"), "theirs")
      assert.deepStrictEqual(yield* store.get("token"), Option.some("ours"))
    }))

  it.scoped("a write that fails leaves the old value, and nothing beside it", () =>
    Effect.gen(function*() {
      const directory = yield* temporaryFolder
      const store = yield* open(directory)
      yield* store.set("token", "old")
      // A folder cannot be replaced by a file.
      Fs.mkdirSync(Path.join(directory, "taken"))
      assert.include((yield* Effect.flip(store.set("taken", "new"))).message, Path.join(directory, "taken"))
      assert.deepStrictEqual(Fs.readdirSync(directory).sort(), ["taken", "token"])
      assert.deepStrictEqual(yield* store.get("token"), Option.some("old"))
    }))

  it.scoped("concurrent readers get the old value or the new one, never a part", () =>
    Effect.gen(function*() {
      const store = yield* open(yield* temporaryFolder)
      const values = ["a", "b"].map((letter) => letter.repeat(300_000))
      yield* store.set("k", values[0] ?? "")
      const writer = yield* Effect.fork(
        Effect.forEach(Array.from({ length: 30 }, (_, i) => values[i % 2] ?? ""), (value) => store.set("k", value))
      )
      for (let i = 0; i < 60; i++) assert.include(values, Option.getOrThrow(yield* store.get("k")))
      yield* writer
    }))

  it.scoped.prop(
    "behaves like any KeyValueStore",
    [fc.dictionary(fc.string({ minLength: 1 }), fc.string())],
    ([entries]) =>
      Effect.gen(function*() {
        const store = yield* open(yield* temporaryFolder)
        const keys = Object.keys(entries).filter((key) => key !== "." && key !== ".." && isText(key))
        for (const key of keys) yield* store.set(key, entries[key] ?? "")
        assert.strictEqual(yield* store.size, keys.length)
        for (const key of keys) {
          // Lone surrogates become the replacement character in UTF-8.
          assert.deepStrictEqual(yield* store.get(key), Option.some(Buffer.from(entries[key] ?? "").toString()))
          yield* store.remove(key)
          assert.deepStrictEqual(yield* store.get(key), Option.none())
        }
        yield* store.set("k", new Uint8Array([1, 2]))
        assert.deepStrictEqual(yield* store.getUint8Array("k"), Option.some(new Uint8Array([1, 2])))
        yield* store.clear
        assert.strictEqual(yield* store.size, 0)
        for (const key of ["", ".", ".."]) {
          assert.include((yield* Effect.flip(store.set(key, ""))).message, `${JSON.stringify(key)} is not a key`)
        }
      }),
    { fastCheck: { numRuns: 20 } }
  )

  it.scoped("a folder that cannot be created is a typed error", () =>
    Effect.gen(function*() {
      const file = Path.join(yield* temporaryFolder, "file")
      Fs.writeFileSync(file, "")
      assert.include((yield* Effect.flip(open(Path.join(file, "below")))).message, Path.join(file, "below"))
    }))
})

/** A lone half of a surrogate pair has no percent-encoded form. */
const isText = (key: string) => !/[\ud800-\udfff]/.test(key)
