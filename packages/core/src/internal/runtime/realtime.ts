/** Subscriptions as effects: opens them, and performs the waits that `protocol/listening.ts` asks for. */
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
import type { Telemetry } from "./telemetry.ts"

/** A frame of the server's debugger (spec 1.5), or how many were lost because their reader was slow. */
export type DebuggerFrame = Frame | { readonly lost: number }

type Waiting = Extract<Action, { readonly _tag: "Ask" | "Wait" }>

/** Performs the client's actions, and publishes. */
interface Host {
  readonly drive: () => void
  readonly events: { readonly publish: (event: RequestEvent) => void }
}

type Confirmation = Effect.Effect<void, KuzzleError.RequestError>

type Waiter = (confirmation: Confirmation) => void

/**
 * A consumer, and the caller that waits for its first confirmation. It is a class, because there may be ten thousand.
 */
export abstract class Subscriber implements Consumer {
  /** The first confirmation, or the caller that waits for it. */
  private confirmation: Confirmation | Waiter | undefined = undefined
  /** Set once it is known to the registry. */
  private intent: Intent | undefined = undefined

  constructor(protected readonly realtime: Realtime) {}

  joined(intent: Intent): void {
    this.intent = intent
  }

  /** Ends the subscription before its scope does, on the server too. */
  leave(): void {
    if (this.intent !== undefined) this.realtime.release(this.intent, this)
  }

  /** Its scope has closed. */
  finalize(): Effect.Effect<void> {
    return Effect.sync(() => {
      // Closed first, because its buffered elements are not needed any more.
      this.close()
      this.leave()
    })
  }

  abstract notify(frame: Frame, size: number): void
  abstract gap(cause: GapCause): void
  /** The subscription ended by itself. */
  abstract end(error: KuzzleError.RequestError): void
  /** The consumer has ended: nothing is delivered from now on. */
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
      const { confirmation } = this
      if (Effect.isEffect(confirmation)) resume(confirmation)
      else this.confirmation = resume
    })
  }

  private conclude(confirmation: Confirmation): void {
    const waiter = this.confirmation
    if (Effect.isEffect(waiter)) return
    this.confirmation = confirmation
    waiter?.(confirmation)
  }
}

/** A class, because there may be thousands of clients. */
export class Realtime {
  private retries: WeakMap<Intent, Delays<KuzzleError.RequestError>> | undefined = undefined

  /** @param resubscribe when to retry a subscription that was refused for now */
  constructor(
    private readonly client: Client,
    private readonly resubscribe: Schedule.Schedule<unknown, KuzzleError.RequestError>,
    private readonly host: Host,
    private readonly fork: Fork,
    readonly metrics: Telemetry["metrics"]
  ) {}

  get registry(): Registry {
    return this.client.listening.registry
  }

  /**
   * Adds a consumer until the scope closes. Completes when the server has confirmed the subscription. Without a
   * connection it waits, because a subscription is an intent.
   */
  open(wanted: Wanted, subscriber: Subscriber): Effect.Effect<void, KuzzleError.RequestError, Scope.Scope> {
    return Effect.uninterruptibleMask((restore) =>
      Effect.flatMap(Effect.scope, (scope) => {
        const intent = this.client.listening.acquire(wanted, subscriber)
        if (intent instanceof KuzzleError.EncodeError) return Effect.fail(intent)
        subscriber.joined(intent)
        this.reconcile()
        // Bound, because a closure would keep the request that `open` was called with (1 KB) as long as the scope.
        const finalizer = subscriber.finalize.bind(subscriber)
        // A consumer that failed must not stay until the scope closes, which may take long.
        return Effect.zipRight(
          Scope.addFinalizerExit(scope, finalizer),
          Effect.onError(restore(subscriber.confirmed()), finalizer)
        )
      })
    )
  }

  /** Whether this client caused the notification (spec 3.6). */
  isOwn(frame: Frame): boolean {
    return this.client.listening.isOwn(frame)
  }

  /** Waits, and reports that the time has come. */
  perform(action: Waiting): void {
    this.fork.run(
      action._tag === "Ask" ? this.askLater(action) : Effect.map(pause(action.millis), () => {
        this.client.listening[action.then]()
        this.reconcile()
      })
    )
  }

  /** Ends a consumer's part in an intent. */
  release(intent: Intent, consumer: Consumer): void {
    this.registry.release(intent, consumer)
    this.reconcile()
  }

  private askLater({ action, afresh, error, intent }: Extract<Action, { readonly _tag: "Ask" }>): Effect.Effect<void> {
    return Effect.gen(this, function*() {
      const { listening } = this.client
      const delays = (afresh ? undefined : this.retries?.get(intent)) ?? new Delays(this.resubscribe)
      this.retries ??= new WeakMap()
      this.retries.set(intent, delays)
      const delayMillis = yield* delays.next(error)
      if (delayMillis === undefined) listening.handleExhausted(intent, error)
      else {
        const delay = Duration.millis(delayMillis)
        this.host.events.publish({ _tag: "Postponed", controller: "realtime", action, error, delay })
        yield* Effect.sleep(delay)
        listening.handleDue(intent)
      }
      this.reconcile()
    })
  }

  private reconcile(): void {
    this.client.reconcile()
    this.host.drive()
  }
}

/** Adds jitter, so that clients that were limited together do not retry together. */
const pause = (millis: number): Effect.Effect<void> =>
  Effect.flatMap(Random.next, (random) => Effect.sleep(Duration.millis(Math.ceil(millis + random * Pace.period / 4))))
