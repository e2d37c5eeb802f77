/**
 * Which requests may be retried: after a lost connection for as long as the client lives, after a temporary refusal as
 * often as `KuzzleSchedule.retry` allows.
 */
import * as Effect from "effect/Effect"
import { ConnectionEndedError } from "../../KuzzleError.ts"
import * as KuzzleSchedule from "../../KuzzleSchedule.ts"
import { Kuzzle } from "../client/client.ts"

/** Failures by tag. `true`: the request was certainly not executed. `false`: it may have been. */
type Reasons = ReadonlyMap<string, boolean>

/** The connection is lost, or the server does not answer. A scroll expires if its pages take too long. */
const lost: Reasons = new Map([
  ["KuzzleNotSentError", true],
  ["KuzzleMaybeSentError", false],
  ["KuzzleDeadlineError", false],
  ["KuzzleScrollNotFoundError", false]
])

/** The server refuses temporarily. */
const refused: Reasons = new Map([
  ["KuzzleTooManyRequestsError", true],
  ["KuzzleInternalError", false],
  ["KuzzleServiceUnavailableError", false],
  ["KuzzleGatewayTimeoutError", false]
])

/** How many tries a request has when frames above `maxResponseSize` end its connections. */
const maxOversized = 3

const isOversized = (error: object): boolean =>
  "cause" in error && error.cause instanceof ConnectionEndedError && error.cause.by === "Oversized"

/**
 * Retries an effect after a temporary failure; with `repeatable` also if the request may have been executed. Stops when
 * the client has given up or was closed.
 */
export const retryTransient = <A, E extends { readonly _tag: string }, R>(
  effect: Effect.Effect<A, E, R>,
  { repeatable }: { readonly repeatable: boolean }
): Effect.Effect<A, E, R | Kuzzle> =>
  Effect.flatMap(Kuzzle, ({ state }) => {
    const isOpen = Effect.map(state, ({ _tag }) => _tag !== "Failed" && _tag !== "Closed")
    const because = (reasons: Reasons) => ({ _tag }: E) => {
      const undone = reasons.get(_tag)
      return undone === true || undone === false && repeatable ? isOpen : Effect.succeed(false)
    }
    let oversized = 0
    const becauseLost = (error: E) => {
      // Each time, the large frame may have been the answer to another request. That this happens several times in a
      // row is unlikely.
      if (isOversized(error)) oversized += 1
      return oversized < maxOversized ? because(lost)(error) : Effect.succeed(false)
    }
    return effect.pipe(
      Effect.retry({ schedule: KuzzleSchedule.retry(), while: because(refused) }),
      Effect.retry({
        schedule: KuzzleSchedule.reconnect({ base: "200 millis", cap: "5 seconds" }),
        while: becauseLost
      })
    )
  })
