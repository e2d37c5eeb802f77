import { KuzzleEngine } from "@effect-kuzzle/testing"
import { assert, describe, it } from "@effect/vitest"
import type { Scope } from "effect"
import { Effect, Exit } from "effect"
import { playEmbedded } from "../../../tests/conformance/embedded.ts"
import { scenarios } from "../../../tests/conformance/scenarios.ts"
import { connect, type Json } from "./support.ts"

/** A store in memory. `all` returns the present state of the engine. */
const makeStore = (lines: Array<string> = []) => {
  const store = {
    seed: "a seed",
    lines,
    all: (): ReadonlyArray<string> => [],
    save: (changed: ReadonlyArray<string>, all: () => Iterable<string>) => {
      lines.push(...changed)
      store.all = () => [...all()]
    }
  }
  return store satisfies KuzzleEngine.Store
}

/** The items of a state by their names, without the time of their last use and without items that expire. */
const itemsOf = (lines: ReadonlyArray<string>): ReadonlyMap<string, string> =>
  new Map(
    lines.flatMap((line) => {
      const [kind, ...rest] = JSON.parse(line)
      const saved = rest.at(-1)
      if (kind === "identifiers" || saved?.expiresAt !== undefined) return []
      return [[JSON.stringify([kind, ...rest.slice(0, -1)]), JSON.stringify({ ...saved, usedAt: undefined })]]
    })
  )

const sorted = (map: ReadonlyMap<string, string>) => [...map].sort(([a], [b]) => a < b ? -1 : 1)

const withEngine = <A>(
  store: KuzzleEngine.Store,
  use: (engine: KuzzleEngine.KuzzleEngineShape) => Effect.Effect<A, never, KuzzleEngine.KuzzleEngine | Scope.Scope>,
  options: KuzzleEngine.Options = {}
) =>
  Effect.scoped(Effect.flatMap(
    Effect.orDie(KuzzleEngine.make({ ...options, store })),
    (engine) => Effect.provideService(use(engine), KuzzleEngine.KuzzleEngine, engine)
  ))

const resultOf = (answer: Json): Json =>
  // The result of each of these requests is an object.
  answer.result as Json

const taxi = { index: "nyc", collection: "taxi" }
const createTaxis = { controller: "collection", action: "create", ...taxi }

describe("an engine with a store", () => {
  it.each(scenarios)("the next engine has the whole state: $title", { timeout: 60_000 }, async (scenario) => {
    const store = makeStore()
    await playEmbedded("embedded-run", scenario, { store })
    const before = store.all()
    assert.isAbove(before.length, 0)
    const next = makeStore([...store.lines])
    await Effect.runPromise(withEngine(next, () => Effect.void))
    assert.deepStrictEqual(sorted(itemsOf(next.all())), sorted(itemsOf(before)))
  })

  it.effect("users, tokens and documents survive the end of the engine", () =>
    Effect.gen(function*() {
      const store = makeStore()
      const users = [{ username: "ada", password: "secret" }]
      const jwt = yield* withEngine(store, () =>
        Effect.gen(function*() {
          const client = yield* connect()
          client.ask("collection", "create", { ...taxi, body: { mappings: { dynamic: "true" } } })
          client.ask("document", "create", { ...taxi, _id: "a", body: { seats: 4 } })
          client.ask("document", "update", { ...taxi, _id: "a", body: { seats: 5 } })
          const body = { username: "ada", password: "secret" }
          return resultOf(client.ask("auth", "login", { strategy: "local", body })).jwt
        }), { users })
      yield* withEngine(store, () =>
        Effect.gen(function*() {
          const client = yield* connect()
          const read = client.ask("document", "get", { ...taxi, _id: "a", jwt })
          assert.deepInclude(resultOf(read), { _version: 2 })
          const search = client.ask("document", "search", { ...taxi, body: { query: { term: { seats: 5 } } } })
          assert.deepInclude(resultOf(search), { total: 1 })
        }), { users })
    }))

  it.effect("fixtures are loaded by the first engine only, and stored users take precedence over the option", () =>
    Effect.gen(function*() {
      const store = makeStore()
      const options = {
        mappings: { nyc: { taxi: { properties: { seats: { type: "integer" } } } } },
        fixtures: { nyc: { taxi: [{ index: { _id: "a" } }, { seats: 4 }] } },
        securities: { users: { bob: { content: { profileIds: ["default"], name: "Bob" }, credentials: {} } } },
        users: [{ username: "ada", password: "secret" }]
      }
      yield* withEngine(store, () =>
        Effect.gen(function*() {
          const client = yield* connect()
          client.ask("document", "delete", { ...taxi, _id: "a" })
          client.ask("security", "updateUser", { _id: "ada", body: { name: "Ada" } })
        }), options)
      yield* withEngine(store, () =>
        Effect.gen(function*() {
          const client = yield* connect()
          assert.strictEqual(client.ask("document", "get", { ...taxi, _id: "a" }).status, 404)
          assert.deepInclude(resultOf(client.ask("security", "getUser", { _id: "ada" }))._source, { name: "Ada" })
          assert.strictEqual(client.ask("security", "getUser", { _id: "bob" }).status, 200)
        }), options)
    }))

  it.effect("a request whose change cannot be stored is not answered, and the engine ends", () => {
    const store = makeStore()
    return withEngine(store, (engine) =>
      Effect.gen(function*() {
        const client = yield* connect()
        client.ask("collection", "create", taxi)
        store.save = () => {
          throw new Error("no space left on device")
        }
        assert.strictEqual(client.ask("server", "now").status, 200)
        client.take()
        client.raw(JSON.stringify({ ...createTaxis, collection: "bus", requestId: "lost" }))
        assert.deepStrictEqual(client.take(), [])
        assert.deepStrictEqual(client.closed, [[1006, ""]])
        const failure = yield* Effect.flip(engine.storeFailure)
        assert.include(failure.message, "no space left on device")
        assert.isUndefined(engine.connect({ send: () => {}, close: () => {} }))
      }))
  })

  it.effect("a damaged line of a store is refused with a reason", () =>
    Effect.gen(function*() {
      const made = yield* Effect.exit(Effect.scoped(KuzzleEngine.make({ store: makeStore(["[\"index\", \"nyc\""]) })))
      assert.include(String(Exit.isFailure(made) ? made.cause : ""), "the stored state is damaged")
    }))
})
