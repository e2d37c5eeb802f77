/** The packages as packages: ES modules that load in any environment, and twice in one program. */
import { Kuzzle, KuzzleError, KuzzleHeartbeat } from "@effect-kuzzle/core"
import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, Layer } from "effect"
import { readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { vi } from "vitest"
import { FakeNetwork, obliging } from "../packages/core/test/support/FakeSocket.ts"
import { packages } from "../scripts/packages.ts"
import { filesUnder } from "../scripts/typescript.ts"

const root = new URL("../packages/", import.meta.url)

const manifest = (name: string): {
  readonly type: string
  readonly sideEffects: unknown
  readonly main?: string
  readonly exports: { readonly [path: string]: string | null | { readonly [condition: string]: string } }
} => JSON.parse(readFileSync(new URL(`${name}/package.json`, root), "utf8"))

/** The text of each module that is published. */
const sourcesOf = (name: string): ReadonlyArray<readonly [string, string]> =>
  filesUnder(fileURLToPath(new URL(`${name}/src`, root))).map((file) => [file, readFileSync(file, "utf8")])

describe("packages", () => {
  it.each(packages)(
    "8.D22: %s has only ES modules, lists its types before its code, and has no side effects",
    (name) => {
      const { exports, main, sideEffects, type } = manifest(name)
      assert.deepStrictEqual([type, sideEffects, main], ["module", [], undefined])
      const entries = Object.values(exports).filter((entry) => typeof entry === "object" && entry !== null)
      assert.isAbove(entries.length, 0)
      for (const entry of entries) assert.deepStrictEqual(Object.keys(entry), ["types", "default"])
    }
  )

  it("8.D17, 8.D22: code for pages uses nothing of Node, and detects no environment", () => {
    const offending = ["core", "browser"].flatMap(sourcesOf).flatMap(([file, text]) => {
      const code = text.replaceAll(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, "")
      return /\brequire\(|\bprocess\.(env|browser|versions)\b|from "node:|XMLHttpRequest|typeof (window|self|document|WebSocket)\b/
          .test(code)
        ? [file]
        : []
    })
    assert.deepStrictEqual(offending, [])
  })

  it.effect(
    "C7, 8.D17: the browser package loads without a page, and its client fails there with a typed error",
    () =>
      Effect.gen(function*() {
        for (const name of ["WebSocket", "window", "document", "localStorage", "XMLHttpRequest", "fetch"]) {
          vi.stubGlobal(name, undefined)
        }
        yield* Effect.addFinalizer(() => Effect.sync(() => vi.unstubAllGlobals()))
        vi.resetModules()
        const { BrowserKuzzle } = yield* Effect.promise(() => import("@effect-kuzzle/browser"))
        const error = yield* Effect.flip(Effect.scoped(Layer.build(BrowserKuzzle.layer({ url: "ws://kuzzle.test" }))))
        assert.strictEqual(error._tag, "KuzzleConnectError")
      }).pipe(Effect.scoped)
  )

  it.scoped(
    "R4: with two copies of the library, functions of one work with a client of the other, and answers do not mix",
    () =>
      Effect.gen(function*() {
        vi.resetModules()
        const copy = yield* Effect.promise(() => import("@effect-kuzzle/core"))
        assert.notStrictEqual(copy.Kuzzle.make, Kuzzle.make)
        const network = new FakeNetwork()
        network.onSend = obliging
        const client = Kuzzle.layer({ url: "ws://kuzzle.test" }).pipe(
          Layer.provide([network.layer, KuzzleHeartbeat.layerDisabled])
        )
        const theirs = copy.Kuzzle.layer({ url: "ws://kuzzle.test" }).pipe(
          Layer.provide([network.layer, copy.KuzzleHeartbeat.layerDisabled])
        )
        const [one, two] = [yield* Layer.build(client), yield* Layer.build(theirs)]
        const now = { controller: "server", action: "now" }
        assert.strictEqual((yield* Effect.provide(copy.Kuzzle.query(now), one)).status, 200)
        assert.strictEqual((yield* Effect.provide(Kuzzle.query(now), two)).status, 200)
        assert.deepStrictEqual(network.sockets.map((socket) => socket.requests.length), [1, 1])
        const ids = network.sockets.flatMap(({ requests }) => requests.map(({ requestId }) => requestId))
        assert.strictEqual(new Set(ids).size, 2)
        // An error is recognized by its tag, whichever copy made it.
        const error = yield* Effect.flip(Context.get(two, copy.Kuzzle.Kuzzle).query({ ...now, body: 1n }))
        assert.isTrue(KuzzleError.isKuzzleError(error))
        assert.strictEqual(error._tag, "KuzzleEncodeError")
      })
  )
})
