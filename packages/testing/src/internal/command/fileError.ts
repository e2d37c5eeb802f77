import * as Data from "effect/Data"

/** A file or a folder of the command line cannot be used. */
export class FileError extends Data.TaggedError("FileError")<{ readonly path: string; readonly issue: string }> {
  override get message(): string {
    return `${this.path}: ${this.issue}`
  }
}

export const messageOf = (cause: unknown): string => cause instanceof Error ? cause.message : String(cause)
