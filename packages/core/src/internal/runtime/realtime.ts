/** Subscriptions as effects. This module opens them, and performs the waits that `protocol/listening.ts` requests. */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import type * as Schedule from "effect/Schedule"
import * as Scope from "effect/Scope"
import * as KuzzleError from "../../KuzzleError.ts"
import type { Client } from "../protocol/client.ts"
import type { Frame } from "../protocol/envelope.ts"
import type { GapCause } from "../protocol/intent.ts"
import { type Action, type Consumer, type Intent, Listening, type SubscriptionRequest } from "../protocol/listening.ts"
import * as Pace from "../protocol/pace.ts"
import type { RequestEvent } from "../protocol/requests.ts"
import { Delays } from "./delays.ts"
import type { Telemetry } from "./telemetry.ts"

/**
 * A frame from the server's debugger (spec 1.5), or the number of frames that were lost because the reader was slow.
 */
export type DebuggerFrame = Frame | { readonly lost: number }

type Waiting = Extract<Action, { readonly _tag: "Ask" | "Wait" }>

/** The parts of a client that its subscriptions use. */
export interface Host {
  readonly client: Client
  /** Performs the client's actions, and publishes. */
  readonly driver: {
    readonly attachRealtime: (realtime: Pick<Realtime, "perform">) => void
    readonly drive: () => void
    /** Runs an effect. If it dies, for example because a schedule of the application dies, the client fails. */
    readonly run: (effect: Effect.Effect<void>, then: () => void) => void
    readonly events: { readonly publish: (event: RequestEvent) => void }
  }
  /** When to retry a subscription that was refused for now. */
  readonly resubscribe: Schedule.Schedule<unknown, KuzzleError.RequestError>
  readonly metrics: Telemetry["metrics"]
  /** `undefined` until there is a subscription. */
  realtime: Realtime | undefined
}

/** The subscriptions of a client, made for the first of them. */
export const of = (host: Host): Realtime => host.realtime ??= new Realtime(host)

type Confirmation = Effect.Effect<void, KuzzleError.RequestError>

type Waiter = (confirmation: Confirmation) => void

/**
 * A consumer, and the caller that waits for its first confirmation. A class, because there may be ten thousand
 * instances.
 */
export abstract class Subscriber implements Consumer {
  /** The first confirmation, or the caller that waits for it. */
  private confirmation: Confirmation | Waiter | undefined = undefined
  /** Set once the consumer is in the registry. */
  private intent: Intent | undefined = undefined

  constructor(protected readonly realtime: Realtime) {}

  joined(intent: Intent): void {
    this.intent = intent
  }

  /** Ends the subscription before its scope closes, on the server, too. */
  leave(): void {
    if (this.intent !== undefined) this.realtime.release(this.intent, this)
  }

  /** Called when the scope has closed. */
  finalize(): Effect.Effect<void> {
    return Effect.sync(() => {
      // The consumer is closed first, because its buffered elements are not needed any more.
      this.close()
      this.leave()
    })
  }

  abstract notify(frame: Frame, size: number): void
  abstract gap(cause: GapCause): void
  /** Called when the subscription ends by itself. */
  abstract end(error: KuzzleError.RequestError): void
  /** Called when the consumer has ended. Nothing is delivered from then on. */
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
  private readonly listening = new Listening()
  private retries: WeakMap<Intent, Delays<KuzzleError.RequestError>> | undefined = undefined

  constructor(private readonly host: Host) {
    host.driver.attachRealtime(this)
    host.client.attach(this.listening)
    host.driver.drive()
  }

  get metrics(): Telemetry["metrics"] {
    return this.host.metrics
  }

  /**
   * Adds a consumer until the scope closes. Completes when the server has confirmed the subscription. Without a
   * connection, it waits for the next one.
   */
  open(
    subscription: SubscriptionRequest,
    subscriber: Subscriber
  ): Effect.Effect<void, KuzzleError.RequestError, Scope.Scope> {
    return Effect.uninterruptibleMask((restore) =>
      Effect.flatMap(Effect.scope, (scope) => {
        const intent = this.listening.acquire(subscription, subscriber)
        if (intent instanceof KuzzleError.EncodeError) return Effect.fail(intent)
        subscriber.joined(intent)
        this.reconcile()
        // A bound method, because a closure would keep the request of `open` (1 KB) in memory as long as the scope.
        const finalizer = subscriber.finalize.bind(subscriber)
        // A consumer that failed must not stay in memory until the scope closes.
        return Effect.zipRight(
          Scope.addFinalizerExit(scope, finalizer),
          Effect.onError(restore(subscriber.confirmed()), finalizer)
        )
      })
    )
  }

  /** Whether this client caused the notification (spec 3.6). */
  isOwn(frame: Frame): boolean {
    return this.listening.isOwn(frame)
  }

  /** Performs an action of `listening`, which is a wait. */
  perform(action: Waiting): void {
    const { driver } = this.host
    if (action._tag === "Ask") driver.run(this.askLater(action), () => this.reconcile())
    else {
      driver.run(pause(action.millis), () => {
        this.listening[action.then]()
        this.reconcile()
      })
    }
  }

  /** Removes a consumer from its intent. */
  release(intent: Intent, consumer: Consumer): void {
    this.listening.registry.release(intent, consumer)
    this.reconcile()
  }

  private askLater({ action, restart, error, intent }: Extract<Action, { readonly _tag: "Ask" }>): Effect.Effect<void> {
    return Effect.gen(this, function*() {
      const { host: { driver, resubscribe }, listening } = this
      const delays = (restart ? undefined : this.retries?.get(intent)) ?? new Delays(resubscribe)
      this.retries ??= new WeakMap()
      this.retries.set(intent, delays)
      const delayMillis = yield* delays.next(error)
      if (delayMillis === undefined) listening.handleExhausted(intent, error)
      else {
        const delay = Duration.millis(delayMillis)
        driver.events.publish({ _tag: "Postponed", controller: "realtime", action, error, delay })
        yield* Effect.sleep(delay)
        listening.handleDue(intent)
      }
    })
  }

  private reconcile(): void {
    this.host.client.reconcile()
    this.host.driver.drive()
  }
}

/** Adds jitter, so that clients that were limited together do not retry together. */
const pause = (millis: number): Effect.Effect<void> =>
  Effect.flatMap(Random.next, (random) => Effect.sleep(Duration.millis(Math.ceil(millis + random * Pace.period / 4))))
