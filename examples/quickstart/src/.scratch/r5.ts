// packages/node/README.md
import { KuzzleServer } from "@effect-kuzzle/core"
import { NodeKuzzle } from "@effect-kuzzle/node"
import { NodeRuntime } from "@effect/platform-node"
import { Console, Effect } from "effect"

KuzzleServer.now().pipe(
  Effect.flatMap((now) => Console.log(new Date(now))),
  Effect.provide(NodeKuzzle.layer({ url: "ws://localhost:7512" })),
  NodeRuntime.runMain
)

export {}
