// packages/core/README.md
import { KuzzleServer } from "@effect-kuzzle/core"
import { KuzzleWsLive } from "@effect-kuzzle/node"
import { NodeRuntime } from "@effect/platform-node"
import { Console, Effect } from "effect"

KuzzleServer.now().pipe(
  Effect.flatMap((now) => Console.log(new Date(now))),
  Effect.provide(KuzzleWsLive),
  NodeRuntime.runMain
)

export {}
