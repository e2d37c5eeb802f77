// README.md
import { it } from "@effect/vitest"
import { Kuzzle, KuzzleHeartbeat, KuzzleServer } from "@effect-kuzzle/core"
import { KuzzleEngine, KuzzleTestSocket } from "@effect-kuzzle/testing"
import { Effect, Layer } from "effect"

const client = Kuzzle.layer().pipe(
  Layer.provide([KuzzleTestSocket.layer, KuzzleHeartbeat.layerNative()]),
  Layer.provideMerge(KuzzleEngine.layer())
)

it.effect("asks the server for its time", () => Effect.provide(KuzzleServer.now(), client))

export {}
