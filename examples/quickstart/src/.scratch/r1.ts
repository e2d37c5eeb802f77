// README.md
import { KuzzleAuth, KuzzleDocument, KuzzleFilter, KuzzleRealtime } from "@effect-kuzzle/core"
import { KuzzleWsLive } from "@effect-kuzzle/node" // or "@effect-kuzzle/browser": same name, same type
import { NodeRuntime } from "@effect/platform-node"
import { Config, Console, Effect, Stream } from "effect"

const program = Effect.gen(function*() {
  yield* KuzzleAuth.login({
    strategy: "local",
    credentials: { username: "ada", password: yield* Config.redacted("KUZZLE_PASSWORD") }
  })

  const free = yield* KuzzleRealtime.open({
    index: "nyc",
    collection: "taxi",
    filter: KuzzleFilter.equals("status", "free")
  })
  yield* KuzzleDocument.create({ index: "nyc", collection: "taxi", content: { status: "free" } })
  yield* Stream.runForEach(free, (notification) => Console.log(notification))
})

program.pipe(Effect.scoped, Effect.provide(KuzzleWsLive), NodeRuntime.runMain)

export {}
