/** A process that hands over requests, until it is ended. Its task is the argument, as JSON; it says what it does on stdout. */
import { NodeKuzzle, NodeKuzzleOutboxStore } from "@effect-kuzzle/node"
import { NodeRuntime } from "@effect/platform-node"
import { Effect, Schema } from "effect"
import * as Client from "./client.ts"
import type { Notice } from "./notice.ts"

const task = Schema.decodeSync(Schema.parseJson(Schema.Struct({ ...Client.Task.fields, folder: Schema.String })))(
  process.argv[2] ?? "{}"
)

/** Writing to a pipe is synchronous on Linux, so a line that was written outlives the process. */
const mention = (notice: Notice) => void process.stdout.write(`${JSON.stringify(notice)}\n`)

/** The end of stdin: the runner says so, or has gone. */
const finish = Effect.async<void>((resume) => {
  process.stdin.once("end", () => resume(Effect.void)).resume()
})

NodeRuntime.runMain(Client.run(
  task,
  { mention, tell: (notice) => Effect.sync(() => mention(notice)) },
  NodeKuzzle.layer(Client.options(task)),
  NodeKuzzleOutboxStore.layer(task.folder),
  finish
))
