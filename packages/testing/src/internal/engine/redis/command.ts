/** The definition of a command. */
import type { Given } from "./arguments.ts"
import type { Bytes } from "./bytes.ts"
import type { Database } from "./database.ts"
import { refuse } from "./errors.ts"

export type Reply = Bytes | number | null | ReadonlyArray<Reply> | { readonly [field: Bytes]: Bytes }

type Run = (db: Database, ...args: ReadonlyArray<Bytes>) => Reply

export interface Command {
  /** How a request gives its arguments. */
  readonly given: Given
  readonly minArguments: number
  readonly maxArguments: number
  readonly run: Run
}

export interface Commands {
  readonly [name: string]: Command
}

/** A command with exactly this many arguments. */
export const exactly = (count: number, given: Given, run: Run): Command => ({
  given,
  minArguments: count,
  maxArguments: count,
  run
})

/** A command with at least this many arguments. */
export const atLeast = (count: number, given: Given, run: Run): Command => ({
  given,
  minArguments: count,
  maxArguments: Infinity,
  run
})

export const wrongNumber = (name: string) => refuse(`wrong number of arguments for '${name}' command`)

/** The arguments in pairs. */
export const pairs = (args: ReadonlyArray<Bytes>): ReadonlyArray<readonly [Bytes, Bytes]> => {
  const result: Array<readonly [Bytes, Bytes]> = []
  for (let i = 0; i + 1 < args.length; i += 2) result.push([args[i]!, args[i + 1]!])
  return result
}

/**
 * The part of a list from `start` to `stop`, both included, as arguments of `slice`. Negative positions count from the
 * end.
 */
export const span = (length: number, start: number, stop: number): readonly [from: number, to: number] => {
  const from = Math.max(start < 0 ? start + length : start, 0)
  const to = Math.min((stop < 0 ? stop + length : stop) + 1, length)
  return from < to ? [from, to] : [0, 0]
}

/** `span` for bytes. An end before the first byte counts as the first byte. */
export const byteSpan = (length: number, start: number, end: number): readonly [from: number, to: number] => {
  const from = Math.max(start < 0 ? start + length : start, 0)
  const to = Math.min(Math.max(end < 0 ? end + length : end, 0) + 1, length)
  return from < to ? [from, to] : [0, 0]
}
