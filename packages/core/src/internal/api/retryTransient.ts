/**
 * Retries requests that failed temporarily. After a lost connection, a request is retried for as long as the client
 * lives. After a temporary refusal, it is retried as often as `KuzzleSchedule.retry` allows.
 */
import * as Effect from "effect/Effect"
import { ConnectionEndedError } from "../../KuzzleError.ts"
import * as KuzzleSchedule from "../../KuzzleSchedule.ts"
import { Kuzzle } from "../client/client.ts"

/**
 * The tags of errors after which a request may be retried. `true`: the request was certainly not executed. `false`: it
 * may have been executed.
 */
type Reasons = ReadonlyMap<string, boolean>

/** The connection was lost, or the server did not answer. A scroll may have expired meanwhile. */
const lost: Reasons = new Map([
  ["KuzzleNotSentError", true],
  ["KuzzleMaybeSentError", false],
  ["KuzzleDeadlineError", false],
  ["KuzzleScrollNotFoundError", false]
])

/** The server refused the request temporarily. */
const refused: Reasons = new Map([
  ["KuzzleTooManyRequestsError", true],
  ["KuzzleInternalError", false],
  ["KuzzleServiceUnavailableError", false],
  ["KuzzleGatewayTimeoutError", false]
])

/** How often a request is tried if frames above `maxResponseSize` end its connections. */
const maxOversized = 3

const isOversized = (error: object): boolean =>
  "cause" in error && error.cause instanceof ConnectionEndedError && error.cause.by === "Oversized"

/**
 * Retries an effect after a temporary failure. With `repeatable`, it also does so if the request may have been
 * executed. Stops when the client has given up or was closed.
 */
export const retryTransient = <A, E extends { readonly _tag: string }, R>(
  effect: Effect.Effect<A, E, R>,
  { repeatable }: { readonly repeatable: boolean }
): Effect.Effect<A, E, R | Kuzzle> =>
  Effect.flatMap(Kuzzle, ({ state }) => {
    const isOpen = Effect.map(state, ({ _tag }) => _tag !== "Failed" && _tag !== "Closed")
    const isTransient = (reasons: Reasons) => ({ _tag }: E) => {
      const wasNotExecuted = reasons.get(_tag)
      return wasNotExecuted === true || wasNotExecuted === false && repeatable ? isOpen : Effect.succeed(false)
    }
    let oversized = 0
    const isLoss = (error: E) => {
      // The large frame may have been the answer to another request. That is unlikely to happen several times in a row.
      if (isOversized(error)) oversized += 1
      return oversized < maxOversized ? isTransient(lost)(error) : Effect.succeed(false)
    }
    return effect.pipe(
      Effect.retry({ schedule: KuzzleSchedule.retry(), while: isTransient(refused) }),
      Effect.retry({
        schedule: KuzzleSchedule.reconnect({ base: "200 millis", cap: "5 seconds" }),
        while: isLoss
      })
    )
  })
