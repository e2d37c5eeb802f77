/** A process that hands over requests until it is ended. The argument is its task, as JSON. It writes notices to stdout. */
import { NodeKuzzle, NodeKuzzleOutboxStore } from "@effect-kuzzle/node"
import { NodeRuntime } from "@effect/platform-node"
import { Effect, Schema } from "effect"
import * as Client from "./client.ts"
import type { Notice } from "./notice.ts"

const task = Schema.decodeSync(Schema.parseJson(Schema.Struct({ ...Client.Task.fields, folder: Schema.String })))(
  process.argv[2] ?? "{}"
)

/** Writing to a pipe is synchronous on Linux, so a written line arrives even if the process ends. */
const write = (notice: Notice) => void process.stdout.write(`${JSON.stringify(notice)}\n`)

/** Waits for the end of stdin. The runner closes it, or has ended. */
const finish = Effect.async<void>((resume) => {
  process.stdin.once("end", () => resume(Effect.void)).resume()
})

NodeRuntime.runMain(Client.run(
  task,
  { trySend: write, send: (notice) => Effect.sync(() => write(notice)) },
  NodeKuzzle.layer(Client.options(task)),
  NodeKuzzleOutboxStore.layer(task.folder),
  finish
))
