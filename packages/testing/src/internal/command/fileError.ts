import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import { messageOf } from "../engine/errors.ts"

/** A file or a folder of the command line cannot be used. */
export class FileError extends Data.TaggedError("FileError")<{ readonly path: string; readonly issue: string }> {
  override get message(): string {
    return `${this.path}: ${this.issue}`
  }
}

/** Runs a function that may throw. `failure` describes the failed operation, such as "cannot be read". */
export const attempt = <A>(path: string, failure: string, run: () => A): Effect.Effect<A, FileError> =>
  Effect.try({ try: run, catch: (cause) => new FileError({ path, issue: `${failure}: ${messageOf(cause)}` }) })
