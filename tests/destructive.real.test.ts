/**
 * Actions that end a server or delete all its data. They need their own Kuzzle, the lab `destructive` (lab/README.md), which
 * is down at the end.
 */
import {
  KuzzleActionError,
  KuzzleAdmin,
  KuzzleAuth,
  KuzzleDebug,
  KuzzleError,
  KuzzleSecurity,
  KuzzleServer
} from "@effect-kuzzle/core"
import { assert, layer } from "@effect/vitest"
import { Effect, Option, Stream } from "effect"
import { conformanceSuite } from "./conformance/against.ts"
import { scenarios } from "./conformance/scenarios.ts"
import { contracts } from "./contract/all.ts"
import { contractSuite } from "./contract/contract.ts"
import { Backend } from "./suite/backend.ts"
import { survivesKill } from "./suite/kill.ts"
import { layerUrl } from "./suite/node.ts"
import { shutsDown } from "./suite/shutdown.ts"
import { failure, inbox, withClient } from "./suite/tools.ts"

const url = process.env.KUZZLE_DESTRUCTIVE_URL
const lab = process.env.KUZZLE_LAB_FOLDER
if (url === undefined || lab === undefined) throw new Error("run this with `pnpm test:destructive`")

contractSuite("a Kuzzle of its own", { backend: layerUrl(url), contracts, server: "own" })

// These scenarios take the lock of dumps, which only a restart releases.
conformanceSuite(url, scenarios.filter(({ alone }) => alone !== undefined))

layer(layerUrl(url), { excludeTestServices: true, timeout: "20 seconds" })("a Kuzzle of its own", (it) => {
  it.effect("the events of the debugger are a stream for each consumer, which works until that consumer ends", () =>
    Effect.gen(function*() {
      yield* Effect.acquireRelease(KuzzleDebug.enable(), () => Effect.orDie(KuzzleDebug.disable()))
      const log = (text: string) =>
        KuzzleDebug.post({ method: "Runtime.evaluate", params: { expression: `console.log("${text}")` } })
      const logged = Stream.filter(
        KuzzleDebug.events,
        (event) => event.type === "event" && event.event === "Runtime.consoleAPICalled"
      )
      const first = yield* inbox(logged, "an event")
      yield* KuzzleDebug.post({ method: "Runtime.enable" })
      yield* Effect.scoped(Effect.gen(function*() {
        const second = yield* inbox(logged, "an event")
        const received = yield* log("both").pipe(
          Effect.zipRight(Effect.timeoutOption(second.take, "200 millis")),
          Effect.repeat({ until: Option.isSome, times: 50 })
        )
        assert.isTrue(Option.isSome(received), "the second consumer received no event")
      }))
      yield* log("the last")
      const texts = (event: KuzzleDebug.DebugEvent | { readonly type: "gap" }) => JSON.stringify(event)
      let seen = texts(yield* first.take)
      while (!seen.includes("the last")) seen = texts(yield* first.take)
      yield* first.silent("100 millis")
    }).pipe(withClient()))

  it.effect("the first administrator restricts all other users, and resetSecurity removes the restrictions", () =>
    Effect.gen(function*() {
      const credentials = { username: "root", password: "secret" }
      yield* KuzzleSecurity.createFirstAdmin({ _id: "root", credentials: { local: credentials } })
      assert.isTrue(yield* KuzzleServer.adminExists())
      yield* failure(
        KuzzleSecurity.createFirstAdmin({ _id: "other", credentials: { local: { username: "o", password: "p" } } }),
        KuzzleActionError.AdminExistsError,
        "api.process.admin_exists"
      )
      yield* KuzzleAuth.login({ strategy: "local", credentials })
      yield* KuzzleSecurity.restrictDefaultRights()
      const { client } = yield* Backend
      const anonymous = yield* Effect.either(Effect.provide(KuzzleServer.now(), client()))
      assert.strictEqual(anonymous._tag === "Left" && anonymous.left._tag, "KuzzleUnauthorizedError")
      assert.isNumber(yield* KuzzleServer.now())
      yield* KuzzleAdmin.resetSecurity()
      assert.isNumber(yield* Effect.provide(KuzzleServer.now(), client()))
    }).pipe(withClient()))

  it.effect("admin:resetCache of the sessions ends every token", () =>
    Effect.gen(function*() {
      const credentials = { username: "ada", password: "secret" }
      const content = { profileIds: ["default"] }
      yield* KuzzleSecurity.createUser({ _id: "ada", content, credentials: { local: credentials } })
      yield* KuzzleAuth.login({ strategy: "local", credentials })
      yield* KuzzleAdmin.resetCache({ database: "internalCache" })
      yield* failure(KuzzleServer.now(), KuzzleError.UnauthorizedError, "security.token.invalid")
    }).pipe(withClient()))

  it.scoped(
    "the promises hold if the server is killed and restarted twice under load",
    () => survivesKill(lab, url),
    240_000
  )

  it.effect("admin:shutdown ends the connection, and later attempts fail", () => shutsDown.pipe(withClient()))
})
