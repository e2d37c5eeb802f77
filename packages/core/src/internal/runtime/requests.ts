/**
 * The requests of the client (`protocol/requests.ts`) as effects.
 *
 * This is the hot path. Measured for each request, a `Deferred` takes 8 to 13 µs, `Effect.timeout` 30 to 55 µs, a
 * forked fiber 8 to 17 µs, and `Effect.async` 1 to 2 µs. So a request takes one `Effect.async` and one entry in a
 * `Map`. One timer serves all deadlines.
 */
import type * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as KuzzleError from "../../KuzzleError.ts"
import * as Setting from "../data/setting.ts"
import type { Call, Outcome, Settle } from "../protocol/call.ts"
import * as Envelope from "../protocol/envelope.ts"
import type * as Machine from "../protocol/requests.ts"
import { cancellable } from "../services/cancellable.ts"
import * as Timer from "../services/timer.ts"

export type { Settle }

export interface Settings {
  readonly requestTimeout: Duration.Duration
  /** The offline queue, and which requests it keeps. */
  readonly queue: { readonly filter: (request: Envelope.KuzzleRequest) => boolean } | undefined
}

type Query = Effect.Effect<Envelope.KuzzleResponse, KuzzleError.RequestError>

/** A class, because there may be thousands of clients. */
export class Requests {
  private readonly queue: Settings["queue"]
  private readonly defaultTimeout: number

  /** @param drive performs the machine's actions */
  constructor(
    { queue, requestTimeout }: Settings,
    private readonly machine: Machine.Requests,
    private readonly clock: Clock.Clock,
    private readonly drive: (now: number) => void
  ) {
    this.queue = queue
    this.defaultTimeout = Duration.toMillis(requestTimeout)
  }

  query(request: Envelope.KuzzleRequest, options?: Envelope.RequestOptions): Query {
    return this.one(request, options, "Call")
  }

  /** Like `query`, for requests that renew the session. They are never held, queued or resent. */
  urgent(request: Envelope.KuzzleRequest, options?: Envelope.RequestOptions): Query {
    return this.one(request, options, "Renewal")
  }

  /** Submits all requests first, and then performs the machine's actions once. */
  queryMany(
    requests: Iterable<Envelope.KuzzleRequest>,
    options?: Envelope.RequestOptions
  ): Effect.Effect<ReadonlyArray<Outcome>> {
    return Effect.async((resume) => {
      const outcomes: Array<Outcome> = []
      const calls: Array<Call> = []
      let unsettled = 1
      const settled = () => {
        unsettled -= 1
        if (unsettled === 0) resume(Effect.succeed(outcomes))
      }
      const submitAll = () => {
        let index = 0
        for (const request of requests) {
          const position = index++
          unsettled += 1
          const settle: Settle = (outcome) => {
            outcomes[position] = outcome
            settled()
          }
          const call = this.submit(request, options, settle, "Call", this.now())
          if (call !== undefined) calls.push(call)
        }
      }
      try {
        submitAll()
      } catch (defect) {
        // The iterable comes from the caller and may throw. Then none of the requests so far is sent.
        this.dropAll(calls)
        resume(Effect.die(defect))
        return
      }
      this.drive(this.now())
      settled()
      return Effect.sync(() => this.dropAll(calls))
    })
  }

  /** The number of requests that have not ended yet. */
  inFlight(): number {
    return this.machine.pendingCount() + this.machine.waitingCount()
  }

  private one(
    request: Envelope.KuzzleRequest,
    options: Envelope.RequestOptions | undefined,
    kind: "Call" | "Renewal"
  ): Query {
    return cancellable((resume) => {
      const now = this.now()
      const call = this.submit(request, options, resume, kind, now)
      if (call === undefined) return
      this.drive(now)
      return () => this.drop(call)
    })
  }

  /**
   * Submits a request. The caller then performs the machine's actions. Returns `undefined` if the request has ended,
   * because it cannot be sent.
   */
  private submit(
    request: Envelope.KuzzleRequest,
    options: Envelope.RequestOptions | undefined,
    settle: Settle,
    kind: "Call" | "Renewal",
    now: number
  ): Call | undefined {
    const encoded = Envelope.encode(request)
    if (encoded instanceof KuzzleError.EncodeError) {
      settle(Exit.fail(encoded))
      return undefined
    }
    const { action, controller } = request
    const timeout = timeoutOf(options, this.defaultTimeout)
    if (timeout === undefined) {
      settle(Exit.fail(new KuzzleError.EncodeError({ controller, action, issue: notADuration(options) })))
      return undefined
    }
    const { queue } = this
    const queuable = queue !== undefined && kind === "Call" && options?.queuable !== false && queue.filter(request)
    const text = typeof encoded === "string" ? encoded : encoded.text
    return this.machine.submit({ controller, action, encoded: text, options, timeout, kind, queuable, settle }, now)
  }

  private drop(call: Call): void {
    if (this.machine.drop(call)) this.drive(this.now())
  }

  private dropAll(calls: ReadonlyArray<Call>): void {
    for (const call of calls) this.machine.drop(call)
    this.drive(this.now())
  }

  private now(): number {
    return Timer.now(this.clock)
  }
}

/** The error for an invalid `timeout` of a request. */
export const notADuration = (options: Envelope.RequestOptions | undefined): string =>
  `timeout is ${Setting.written(options?.timeout)}: ${Setting.aDuration}`

/** The timeout in milliseconds, `otherwise` if none is given. `undefined` if it is not a duration. */
export const timeoutOf = (options: Envelope.RequestOptions | undefined, otherwise: number): number | undefined => {
  const given = options?.timeout
  if (given === undefined) return otherwise
  if (Number.isNaN(given)) return undefined
  return Option.getOrUndefined(Option.map(Duration.decodeUnknown(given), Duration.toMillis))
}
