/** What may be asked again: after a lost connection, or of a server in trouble, for as long as there is a client. */
import * as Effect from "effect/Effect"
import * as KuzzleSchedule from "../KuzzleSchedule.ts"
import { Kuzzle } from "./client.ts"

/** Nothing was done: it was not sent, or refused for its number. */
const undone: ReadonlySet<string> = new Set(["KuzzleNotSentError", "KuzzleTooManyRequestsError"])

/** It may have been done or not. A scroll expires when its pages are too long on their way. */
const unknown: ReadonlySet<string> = new Set([
  "KuzzleMaybeSentError",
  "KuzzleDeadlineError",
  "KuzzleServiceUnavailableError",
  "KuzzleScrollNotFoundError"
])

/**
 * Tries again what failed for a reason that passes; with `repeatable` also what may have been done already. A client that has
 * given up or was closed ends it.
 */
export const again = <A, E extends { readonly _tag: string }, R>(
  effect: Effect.Effect<A, E, R>,
  { repeatable }: { readonly repeatable: boolean }
): Effect.Effect<A, E, R | Kuzzle> =>
  Effect.flatMap(Kuzzle, ({ state }) =>
    Effect.retry(effect, {
      schedule: KuzzleSchedule.reconnect({ base: "200 millis", cap: "5 seconds" }),
      while: ({ _tag }) =>
        undone.has(_tag) || (repeatable && unknown.has(_tag))
          ? Effect.map(state, ({ _tag }) => _tag !== "Failed" && _tag !== "Closed")
          : Effect.succeed(false)
    }))
