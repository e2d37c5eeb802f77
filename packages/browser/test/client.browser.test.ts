/** The client suite with a browser's WebSocket and `fetch`, against the embedded Kuzzle and, if one runs, a real one. */
import { BrowserKuzzle } from "@effect-kuzzle/browser"
import { Kuzzle, KuzzleAuth, KuzzleTelemetry } from "@effect-kuzzle/core"
import { assert, layer } from "@effect/vitest"
import { Context, DateTime, Effect, Layer, Option, Redacted, Stream } from "effect"
import { inject } from "vitest"
import { Backend, layerWorld, type User, World } from "../../../tests/suite/backend.ts"
import { clientSuite } from "../../../tests/suite/clientSuite.ts"
import * as Remote from "../../../tests/suite/remote.ts"

const layerRemote = (remote: Remote.RemoteBackend) =>
  Layer.succeed(Backend, {
    client: (options) =>
      Layer.provide(BrowserKuzzle.layer({ ...options, url: remote.relayUrl }), KuzzleTelemetry.layer),
    // Cookies are shared by all ports of a host. On `localhost`, the clients with a token do not get them.
    cookie: (options) =>
      BrowserKuzzle.layer({
        ...options,
        url: remote.relayUrl.replace("127.0.0.1", "localhost"),
        session: BrowserKuzzle.cookie
      }).pipe(Layer.provide(KuzzleTelemetry.layer)),
    http: (options) => Layer.provide(BrowserKuzzle.layerHttp({ ...options, url: remote.url }), KuzzleTelemetry.layer),
    network: Remote.network(remote)
  })

/** A browser keeps cookies after the end of the page, and hides them from scripts. */
const pageSuite = (name: string, remote: Remote.RemoteBackend) =>
  layer(Layer.provideMerge(layerWorld, layerRemote(remote)), { excludeTestServices: true, timeout: "60 seconds" })(
    name,
    (it) => {
      it.effect("a reloaded page is still logged in, until it logs out", () =>
        Effect.gen(function*() {
          const { cookie } = yield* Backend
          const { kuid, password, username } = yield* (yield* World).user
          const page = <A, E>(effect: Effect.Effect<A, E, Kuzzle.Kuzzle>) => Effect.provide(effect, cookie({}))
          yield* page(
            KuzzleAuth.login({ strategy: "local", credentials: { username, password: Redacted.make(password) } })
          )
          assert.notInclude(document.cookie, "authToken")
          yield* page(Effect.gen(function*() {
            const kuzzle = yield* Kuzzle.Kuzzle
            const state = yield* kuzzle.authentication.state
            assert.deepInclude(state, { _tag: "Authenticated", kuid: Option.some(kuid) })
            // The client knows by its own clock when the session ends, so that it can renew the session in time.
            const untilExpiry = Option.match(state._tag === "Authenticated" ? state.expiresAt : Option.none(), {
              onNone: () => 0,
              onSome: (end) => DateTime.toEpochMillis(end) - Date.now()
            })
            assert.approximately(untilExpiry, 3_600_000, 60_000)
            assert.strictEqual((yield* KuzzleAuth.getCurrentUser())._id, kuid)
            yield* KuzzleAuth.logout()
          }))
          yield* page(Effect.gen(function*() {
            const kuzzle = yield* Kuzzle.Kuzzle
            assert.strictEqual((yield* kuzzle.authentication.state)._tag, "Anonymous")
            assert.strictEqual((yield* KuzzleAuth.getCurrentUser())._id, "-1")
          }))
        }))

      /** A client with its own connections and its own channel. */
      const tab = Effect.gen(function*() {
        const { cookie } = yield* Backend
        const context = yield* Layer.build(Layer.fresh(cookie({})))
        const { authentication, events } = Context.get(context, Kuzzle.Kuzzle)
        const eventTags: Array<string> = []
        yield* Effect.forkScoped(Stream.runForEach(Kuzzle.streamOf(events), (event) =>
          Effect.sync(() => {
            eventTags.push(event._tag === "LoggedOut" ? `LoggedOut ${event.cause}` : event._tag)
          })))
        const untilUserIs = (kuid: string | undefined) =>
          Kuzzle.streamOf(authentication.states).pipe(
            Stream.filter((state) =>
              kuid === undefined ? state._tag === "Anonymous" : "kuid" in state && Option.contains(state.kuid, kuid)
            ),
            Stream.runHead,
            Effect.timeout("10 seconds")
          )
        const run = <A, E>(effect: Effect.Effect<A, E, Kuzzle.Kuzzle>) => Effect.provide(effect, context)
        return { untilUserIs, run, eventTags, whoAmI: run(Effect.map(KuzzleAuth.getCurrentUser(), ({ _id }) => _id)) }
      })

      const loginOf = ({ password, username }: User) =>
        KuzzleAuth.login({ strategy: "local", credentials: { username, password: Redacted.make(password) } })

      it.scoped("T2: a login, a renewal, a login as another user and a logout in one tab apply to the other one", () =>
        Effect.gen(function*() {
          const world = yield* World
          const [ada, bob] = [yield* world.user, yield* world.user]
          const [first, second] = [yield* tab, yield* tab]
          yield* first.run(loginOf(ada))
          yield* second.untilUserIs(ada.kuid)
          assert.strictEqual(yield* second.whoAmI, ada.kuid)
          // Within one second of its creation, a refresh returns the same token.
          yield* Effect.sleep("1100 millis")
          yield* first.run(KuzzleAuth.refreshToken())
          // Longer than the second for which the previous cookie still works.
          yield* Effect.sleep("1500 millis")
          assert.strictEqual(yield* second.whoAmI, ada.kuid)
          assert.notInclude(second.eventTags, "QueryFailed")
          yield* second.run(loginOf(bob))
          yield* first.untilUserIs(bob.kuid)
          assert.strictEqual(yield* first.whoAmI, bob.kuid)
          yield* first.run(KuzzleAuth.logout())
          yield* second.untilUserIs(undefined)
          assert.strictEqual(yield* second.whoAmI, "-1")
          assert.include(second.eventTags, "LoggedOut Elsewhere")
          assert.notInclude([...first.eventTags, ...second.eventTags], "SessionLost")
        }))

      it.scoped("T1: in a browser without BroadcastChannel, a tab continues with the cookie that another tab renewed", () =>
        Effect.gen(function*() {
          yield* Effect.acquireRelease(
            Effect.sync(() => {
              const { BroadcastChannel } = globalThis
              Reflect.deleteProperty(globalThis, "BroadcastChannel")
              return BroadcastChannel
            }),
            (BroadcastChannel) => Effect.sync(() => void Object.assign(globalThis, { BroadcastChannel }))
          )
          const ada = yield* (yield* World).user
          const first = yield* tab
          yield* first.run(loginOf(ada))
          const second = yield* tab
          assert.strictEqual(yield* second.whoAmI, ada.kuid)
          // The same pauses as in the test above.
          yield* Effect.sleep("1100 millis")
          yield* first.run(KuzzleAuth.refreshToken())
          yield* Effect.sleep("1500 millis")
          assert.strictEqual(yield* second.whoAmI, ada.kuid)
          assert.notInclude(second.eventTags, "SessionLost")
          // The refused request has opened another connection.
          assert.include(second.eventTags, "Reconnected")
          yield* first.run(KuzzleAuth.logout())
        }))
    }
  )

clientSuite("browser, embedded Kuzzle", { backend: layerRemote(inject("kuzzleEmbedded")) })

pageSuite("a page, embedded Kuzzle", inject("kuzzleEmbedded"))

const real = inject("kuzzleReal")
if (real !== null) {
  clientSuite("browser, real Kuzzle", { backend: layerRemote(real) })
  pageSuite("a page, real Kuzzle", real)
}
