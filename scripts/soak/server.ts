/** The embedded Kuzzle of the soak. It has a process of its own, so its memory does not count. Messages cause its faults. */
import * as KuzzleTestServer from "@effect-kuzzle/testing/KuzzleTestServer"
import { NodeRuntime } from "@effect/platform-node"
import { Effect } from "effect"
import { password, users } from "./users.ts"

export type Fault = "cut" | "close" | "fail" | "restart" | "freeze"

const faultsOf = (server: KuzzleTestServer.KuzzleTestServerShape): Record<Fault, Effect.Effect<void, unknown>> => ({
  cut: server.cut,
  close: server.closeAll(1000),
  fail: server.closeAll(1011, "an internal error"),
  restart: server.stop.pipe(Effect.delay("300 millis"), Effect.zipRight(server.start)),
  freeze: server.freeze.pipe(Effect.zipRight(Effect.sleep("3 seconds")), Effect.zipRight(server.thaw))
})

const main = Effect.gen(function*() {
  const server = yield* KuzzleTestServer.KuzzleTestServer
  const faults = faultsOf(server)
  const oneAtATime = yield* Effect.makeSemaphore(1)
  // Only the soak sends messages, and each is the name of a fault.
  process.on("message", (name: Fault) => Effect.runFork(oneAtATime.withPermits(1)(faults[name])))
  // The process that started it has ended.
  process.on("disconnect", () => process.exit(0))
  process.send?.(server.url)
  return yield* Effect.never
}).pipe(
  Effect.provide(KuzzleTestServer.layer({ users: users.map((username) => ({ username, password })) }))
)

NodeRuntime.runMain(main)
