/** Keeps the server's subscriptions as the registry wants them: sends what it plans, reports what comes back. */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as KuzzleError from "../../KuzzleError.ts"
import * as Subscriptions from "../protocol/subscriptions.ts"
import type { Outcome, Requests } from "./requests.ts"

export type Registry = Subscriptions.Subscriptions<KuzzleError.RequestError>
export type Consumer = Subscriptions.Consumer<KuzzleError.RequestError>

/** The members of a subscribe request, besides controller and action. */
export interface SubscribeRequest {
  readonly index: string
  readonly collection: string
  readonly body: unknown
  readonly scope: string
  readonly users: string
  readonly volatile?: Subscriptions.Volatile | undefined
}

export interface Realtime {
  readonly registry: Registry
  /** Sends whatever the registry wants sent. */
  readonly reconcile: () => void
  /**
   * Adds a consumer until the scope closes; done when the server has confirmed the subscription, whenever that is: while
   * the connection is down it waits, for a subscription is an intent.
   */
  readonly open: (
    request: SubscribeRequest,
    consumer: Omit<Consumer, "opened">
  ) => Effect.Effect<void, KuzzleError.RequestError, Scope.Scope>
}

export const make = (requests: Requests, onReconciled: () => void): Realtime => {
  const registry: Registry = Subscriptions.make()

  const reconcile = () => {
    let commands = registry.plan()
    // Sending may fail on the spot, which may leave something else to plan.
    for (; commands.length > 0; commands = registry.plan()) commands.forEach(send)
    if (registry.settled()) onReconciled()
  }

  const send = (command: Subscriptions.Command<KuzzleError.RequestError>) => {
    if (command._tag === "Unsubscribe") {
      const body = JSON.stringify({ controller: "realtime", action: "unsubscribe", body: { roomId: command.roomId } })
      // Whatever the answer: if the room was not ours (412) it is not ours now, and if the connection is gone so is it.
      requests.unsafeSend("realtime", "unsubscribe", body.slice(0, -1), undefined, () => {
        registry.unsubscribed(command.lane, command.epoch)
        reconcile()
      })
      return
    }
    const { epoch, intent } = command
    const encoded = Subscriptions.requestOf(intent.key).slice(0, -1)
    const options = intent.volatile === undefined ? undefined : { volatile: intent.volatile }
    requests.unsafeSend("realtime", "subscribe", encoded, options, (outcome) => {
      const channel = channelOf(outcome)
      if (typeof channel === "string") registry.subscribed(intent, epoch, channel)
      // With the connection lost, the intent stays and is opened again on the next one.
      else if (channel._tag === "KuzzleNotSentError" || channel._tag === "KuzzleMaybeSentError") return
      else registry.refused(intent, epoch, channel)
      reconcile()
    })
  }

  return {
    registry,
    reconcile,
    open: ({ body, volatile, ...rest }, consumer) =>
      Effect.suspend(() => {
        const request = { controller: "realtime", action: "subscribe", ...rest, body }
        let key: string
        try {
          key = Subscriptions.keyOf(request, volatile)
        } catch (cause) {
          const issue = cause instanceof Error ? cause.message : String(cause)
          return Effect.fail(new KuzzleError.EncodeError({ controller: "realtime", action: "subscribe", issue }))
        }
        return Effect.uninterruptibleMask((restore) => {
          let settle: ((outcome: Effect.Effect<void, KuzzleError.RequestError>) => void) | undefined
          let early: Effect.Effect<void, KuzzleError.RequestError> | undefined
          const conclude = (outcome: Effect.Effect<void, KuzzleError.RequestError>) => {
            if (settle === undefined) early ??= outcome
            else settle(outcome)
          }
          const own: Consumer = {
            ...consumer,
            opened: () => conclude(Effect.void),
            fail: (error) => {
              conclude(Effect.fail(error))
              consumer.fail(error)
            }
          }
          const intent = registry.acquire(key, `${rest.index}/${rest.collection}`, volatile, own)
          reconcile()
          const confirmed = Effect.async<void, KuzzleError.RequestError>((resume) => {
            if (early !== undefined) resume(early)
            else settle = resume
          })
          const release = Effect.sync(() => {
            registry.release(intent, own)
            reconcile()
          })
          return Effect.zipRight(Effect.addFinalizer(() => release), restore(confirmed))
        })
      })
  }
}

/** The channel that a subscribe answer tells, or why there is none. */
const channelOf = (outcome: Outcome): string | KuzzleError.RequestError => {
  if (outcome._tag === "Failure") {
    return outcome.cause._tag === "Fail" ? outcome.cause.error : notAnAnswer("a cause without an error")
  }
  const result = outcome.value.result
  return typeof result === "object" && result !== null && "channel" in result && typeof result.channel === "string"
    ? result.channel
    : notAnAnswer("an answer without a channel")
}

const notAnAnswer = (issue: string) =>
  new KuzzleError.ProtocolError({ controller: "realtime", action: "subscribe", issue })
