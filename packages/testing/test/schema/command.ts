import { assert } from "@effect/vitest"
import { type Console, Effect, Either } from "effect"
import { parse } from "../../src/internal/command/commandLine.ts"
import { schema } from "../../src/internal/command/schema.ts"

/** Runs `effect-kuzzle schema` in this process, and returns the printed lines. */
export const run = (...argv: ReadonlyArray<string>) =>
  Effect.suspend(() => {
    const printed: Array<string> = []
    const command = Either.getOrThrow(parse(["schema", ...argv]))
    assert(command._tag === "WriteSchema")
    const console = (console: Console.Console): Console.Console => ({
      ...console,
      log: (...values) => Effect.sync(() => void printed.push(values.join(" ")))
    })
    return Effect.as(
      Effect.consoleWith((usual) => Effect.withConsole(schema(command), console(usual))),
      printed
    )
  })
