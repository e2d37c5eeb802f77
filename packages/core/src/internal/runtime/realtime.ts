/** Subscriptions as effects: opens them, and waits the pauses that `protocol/listening.ts` asks for. */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import type * as Schedule from "effect/Schedule"
import * as Scope from "effect/Scope"
import * as KuzzleError from "../../KuzzleError.ts"
import type { Client } from "../protocol/client.ts"
import type { Frame } from "../protocol/envelope.ts"
import type { GapCause } from "../protocol/intent.ts"
import type { Action, Consumer, Intent, Registry, Wanted } from "../protocol/listening.ts"
import * as Pace from "../protocol/pace.ts"
import type { RequestEvent } from "../protocol/requests.ts"
import { Delays } from "./delays.ts"
import type { Fork } from "./fork.ts"

/** A frame of the server's debugger (spec 1.5), or how many were lost because their reader was slow. */
export type DebuggerFrame = Frame | { readonly lost: number }

export interface Realtime {
  readonly registry: Registry
  /**
   * Adds a consumer until the scope closes; done when the server has confirmed the subscription, whenever that is: while
   * the connection is down it waits, for a subscription is an intent.
   */
  readonly open: (wanted: Wanted, subscriber: Subscriber) => Effect.Effect<void, KuzzleError.RequestError, Scope.Scope>
  /** Whether this client caused the notification (spec 3.6). */
  readonly isOwn: (frame: Frame) => boolean
  /** Waits, and reports that the time has come. */
  readonly perform: (action: Waiting) => void
}

type Waiting = Extract<Action, { readonly _tag: "Ask" | "Wait" }>

/** Performs what the client decides, and publishes. */
interface Host {
  readonly drive: () => void
  readonly events: { readonly publish: (event: RequestEvent) => void }
}

/** Ends a consumer's part in an intent. One function for all consumers. */
type Release = (intent: Intent, consumer: Consumer) => void

type Confirmation = Effect.Effect<void, KuzzleError.RequestError>

/** A consumer, and who waits for its first confirmation. A class, for there may be ten thousand. */
export abstract class Subscriber implements Consumer {
  private confirmation: Confirmation | undefined = undefined
  private waiter: ((confirmation: Confirmation) => void) | undefined = undefined
  /** Set once it is known to the registry. */
  private intent: Intent | undefined = undefined
  private release: Release | undefined = undefined

  joined(intent: Intent, release: Release): void {
    this.intent = intent
    this.release = release
  }

  /** Ends the subscription before its scope does, on the server too. */
  leave(): void {
    if (this.intent !== undefined) this.release?.(this.intent, this)
  }

  /** Its scope has closed. */
  finalize(): Effect.Effect<void> {
    return Effect.sync(() => {
      // Closed first: what it held is nobody's any more.
      this.close()
      this.leave()
    })
  }

  abstract notify(frame: Frame, size: number): void
  abstract gap(cause: GapCause): void
  /** The subscription ended by itself. */
  abstract end(error: KuzzleError.RequestError): void
  /** Nobody wants it any more: nothing is handed out from now on. */
  abstract close(): void

  opened(): void {
    this.conclude(Effect.void)
  }

  fail(error: KuzzleError.RequestError): void {
    this.conclude(Effect.fail(error))
    this.end(error)
  }

  confirmed(): Confirmation {
    return Effect.async((resume) => {
      if (this.confirmation !== undefined) resume(this.confirmation)
      else this.waiter = resume
    })
  }

  private conclude(confirmation: Confirmation): void {
    this.confirmation ??= confirmation
    this.waiter?.(confirmation)
    this.waiter = undefined
  }
}

/** @param resubscribe when to retry a subscription that was refused for now */
export const make = (
  client: Client,
  resubscribe: Schedule.Schedule<unknown, KuzzleError.RequestError>,
  host: Host,
  fork: Fork
): Realtime => {
  const { listening } = client
  const { registry } = listening
  let retries: WeakMap<Intent, Delays<KuzzleError.RequestError>> | undefined

  const reconcile = () => {
    client.reconcile()
    host.drive()
  }

  const askLater = ({ action, afresh, error, intent }: Extract<Action, { readonly _tag: "Ask" }>) =>
    Effect.gen(function*() {
      const delays = (afresh ? undefined : retries?.get(intent)) ?? new Delays(resubscribe)
      retries ??= new WeakMap()
      retries.set(intent, delays)
      const delayMillis = yield* delays.next(error)
      if (delayMillis === undefined) listening.handleExhausted(intent, error)
      else {
        const delay = Duration.millis(delayMillis)
        host.events.publish({ _tag: "Postponed", controller: "realtime", action, error, delay })
        yield* Effect.sleep(delay)
        listening.handleDue(intent)
      }
      reconcile()
    })

  const release: Release = (intent, consumer) => {
    registry.release(intent, consumer)
    reconcile()
  }

  return {
    registry,
    perform: (action) =>
      void fork.run(
        action._tag === "Ask" ? askLater(action) : Effect.map(pause(action.millis), () => {
          listening[action.then]()
          reconcile()
        })
      ),
    open: (wanted, subscriber) =>
      Effect.uninterruptibleMask((restore) =>
        Effect.flatMap(Effect.scope, (scope) => {
          const intent = listening.acquire(wanted, subscriber)
          if (intent instanceof KuzzleError.EncodeError) return Effect.fail(intent)
          subscriber.joined(intent, release)
          reconcile()
          // Bound, because a closure would keep the request that `open` was called with (1 KB) as long as the scope.
          const finalizer = subscriber.finalize.bind(subscriber)
          // One that came to nothing must not stay until the scope closes, which may be long.
          return Effect.zipRight(
            Scope.addFinalizerExit(scope, finalizer),
            Effect.onError(restore(subscriber.confirmed()), finalizer)
          )
        })
      ),
    isOwn: (frame) => listening.isOwn(frame)
  }
}

/** Adds jitter, so that clients that were limited together do not retry together. */
const pause = (millis: number): Effect.Effect<void> =>
  Effect.flatMap(Random.next, (random) => Effect.sleep(Duration.millis(Math.ceil(millis + random * Pace.period / 4))))
