/** `npx @effect-kuzzle/testing`: a Kuzzle for development, and Schemas made from a running Kuzzle. */
import { makeRunMain } from "@effect/platform/Runtime"
import * as Cause from "effect/Cause"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fs from "node:fs"
import { parse } from "./internal/command/commandLine.ts"
import { schema } from "./internal/command/schema.ts"
import { serve } from "./internal/command/serve.ts"

const version = Effect.sync(() =>
  // Safe: the file is in the package, beside the folder of this module.
  (JSON.parse(Fs.readFileSync(new URL("../package.json", import.meta.url), "utf8")) as { readonly version: string })
    .version
)

const main = Effect.gen(function*() {
  const command = yield* parse(process.argv.slice(2), process.env)
  switch (command._tag) {
    case "Help":
      return yield* Console.log(command.text)
    case "Version":
      return yield* Effect.flatMap(version, (version) => Console.log(version))
    case "Serve":
      return yield* Effect.scoped(serve(command))
    case "WriteSchema":
      return yield* schema(command)
  }
}).pipe(
  Effect.catchAll((error) => Effect.zipRight(Console.error(error.message), Effect.fail(error)))
)

/** Exit codes: 0 if a signal ends the server, 1 after a failure. The failure is already printed. */
const runMain = makeRunMain(({ fiber }) => {
  const end = () => fiber.unsafeInterruptAsFork(fiber.id())
  process.once("SIGINT", end)
  process.once("SIGTERM", end)
  fiber.addObserver((exit) => process.exit(Exit.isSuccess(exit) || Cause.isInterruptedOnly(exit.cause) ? 0 : 1))
})

runMain(main, { disableErrorReporting: true, disablePrettyLogger: true })
