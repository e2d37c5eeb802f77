/**
 * The development server: an engine behind real sockets, and a line for each request.
 */
import type { InvalidSettingError } from "@effect-kuzzle/core/KuzzleError"
import * as Console from "effect/Console"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as Fs from "node:fs"
import * as KuzzleEngine from "../../KuzzleEngine.ts"
import * as KuzzleTestServer from "../../KuzzleTestServer.ts"
import { isObject, type JsonObject } from "../engine/json.ts"
import { refusal } from "../engine/listening.ts"
import type { Serve } from "./commandLine.ts"
import { attempt, FileError } from "./fileError.ts"
import * as Folder from "./folder.ts"
import { line } from "./requestLog.ts"

/** The server cannot listen. The error names the options. */
export class ListenError extends Data.TaggedError("ListenError")<{
  readonly cause: KuzzleTestServer.KuzzleTestServerError
}> {
  override get message(): string {
    return refusal(this.cause, { host: "--host", port: "--port" })
  }
}

const readJson = (path: string): Effect.Effect<JsonObject, FileError> =>
  Effect.gen(function*() {
    const text = yield* attempt(path, "cannot be read", () => Fs.readFileSync(path, "utf8"))
    const content = yield* attempt(path, "is not JSON", (): unknown => JSON.parse(text))
    if (isObject(content)) return content
    return yield* new FileError({ path, issue: "expected an object, with a member for each index or kind" })
  })

const readInitialState = (command: Serve) =>
  Effect.map(
    Effect.all(
      (["mappings", "securities", "fixtures"] as const).map((name) => {
        const path = command[name]
        return path === undefined ? Effect.succeed({}) : Effect.map(readJson(path), (content) => ({ [name]: content }))
      })
    ),
    (contents): KuzzleEngine.Options => Object.assign({ users: command.users }, ...contents)
  )

const greeting = (
  { httpUrl, url }: KuzzleTestServer.KuzzleTestServerShape,
  { save, users }: Serve
): string =>
  [
    `Kuzzle listens at ${url} and ${httpUrl}`,
    ...(users.length === 0 ? [] : [`users: ${users.map(({ username }) => username).join(", ")}`]),
    ...(save === undefined
      ? ["data are in memory only: start the server with --save <folder> to keep them"]
      : [`data are saved in ${save}`]),
    "Ctrl+C ends the server"
  ].join("\n")

const run = (command: Serve) =>
  Effect.gen(function*() {
    const engine = yield* KuzzleEngine.KuzzleEngine
    if (!command.quiet) {
      yield* Effect.forkScoped(
        Stream.runForEach(engine.answers, (answered) => Console.log(line(answered, new Date())))
      )
    }
    yield* Console.log(greeting(yield* KuzzleTestServer.KuzzleTestServer, command))
    yield* Effect.raceFirst(engine.awaitShutdown, engine.storeFailure)
    yield* Console.log("a client has ended the server (admin:shutdown)")
  })

/** Serves until it is interrupted, or a client shuts it down (`admin:shutdown`). */
export const serve = (
  command: Serve
): Effect.Effect<
  void,
  FileError | InvalidSettingError | KuzzleEngine.KuzzleEngineStoreError | ListenError,
  Scope.Scope
> =>
  Effect.gen(function*() {
    // Without a new seed, ids of an earlier run would be used again.
    const persistence = command.save === undefined
      ? { seed: crypto.randomUUID() }
      : { store: yield* Folder.open(command.save) }
    const options = { ...yield* readInitialState(command), ...persistence, host: command.host, port: command.port }
    yield* Effect.provide(run(command), KuzzleTestServer.layer(options)).pipe(
      Effect.catchTag("KuzzleTestServerError", (cause) => Effect.fail(new ListenError({ cause })))
    )
  })
