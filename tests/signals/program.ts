/** The service that `signals.test.ts` runs. It subscribes to a collection until a signal ends it. */
import { KuzzleIndex, KuzzlePromise, KuzzleRealtime } from "@effect-kuzzle/core"
import { NodeKuzzle } from "@effect-kuzzle/node"
import { NodeRuntime } from "@effect/platform-node"
import { Cause, Console, Effect, Exit, Stream } from "effect"

const [, , mode = "", url = ""] = process.argv
const target = { index: "nyc", collection: "taxi" }

const program = Effect.gen(function*() {
  const notifications = yield* KuzzleRealtime.open(target)
  yield* Console.log("ready")
  if (mode === "fails") return yield* KuzzleIndex.create({ index: "IN VAIN" })
  yield* Stream.runForEach(notifications, Console.log)
}).pipe(
  Effect.scoped,
  Effect.ensuring(Console.log("ended")),
  Effect.provide(NodeKuzzle.layer({ url }))
)

const withPromises = async () => {
  const kuzzle = await KuzzlePromise.make(NodeKuzzle.layer({ url }), { realtime: KuzzleRealtime })
  process.once("SIGTERM", () => void kuzzle.close())
  const notifications = await kuzzle.realtime.open(target)
  console.log("ready")
  try {
    for await (const notification of notifications) console.log(notification)
  } catch {
    console.log("ended")
  }
}

switch (mode) {
  case "promises":
    await withPromises()
    break
  case "conventional":
    NodeRuntime.runMain(program, {
      teardown: (exit, onExit) => onExit(Exit.isSuccess(exit) ? 0 : Cause.isInterruptedOnly(exit.cause) ? 143 : 1)
    })
    break
  default:
    NodeRuntime.runMain(program)
}
