/** Keeps the server's subscriptions as the registry wants them: sends what it plans, reports what comes back. */
import * as Effect from "effect/Effect"
import * as Scope from "effect/Scope"
import * as KuzzleError from "../../KuzzleError.ts"
import * as Json from "../json.ts"
import type { KuzzleRequest } from "../protocol/envelope.ts"
import type { Frame } from "../protocol/frame.ts"
import * as Subscriptions from "../protocol/subscriptions.ts"
import type { Outcome, Requests } from "./requests.ts"

export type Registry = Subscriptions.Subscriptions<KuzzleError.RequestError>
export type Consumer = Subscriptions.Consumer<KuzzleError.RequestError>

/** A frame of the server's debugger (spec 1.5), or how many were lost because their reader was slow. */
export type DebuggerFrame = Frame | { readonly lost: number }

/** What is asked of the server: to subscribe, or to join a room by its id. */
export interface Asked {
  readonly request: KuzzleRequest
  readonly volatile: Subscriptions.Volatile | undefined
}

export interface Realtime {
  readonly registry: Registry
  /** Sends whatever the registry wants sent. */
  readonly reconcile: () => void
  /**
   * Adds a consumer until the scope closes; done when the server has confirmed the subscription, whenever that is: while
   * the connection is down it waits, for a subscription is an intent.
   */
  readonly open: (asked: Asked, subscriber: Subscriber) => Effect.Effect<void, KuzzleError.RequestError, Scope.Scope>
  /** Whether this client caused the notification (spec 3.6). */
  readonly isOwn: (frame: Frame) => boolean
}

type Confirmation = Effect.Effect<void, KuzzleError.RequestError>

/** A consumer, and who waits for its first confirmation. A class, for there may be ten thousand. */
export abstract class Subscriber implements Consumer {
  private confirmation: Confirmation | undefined = undefined
  private waiter: ((confirmation: Confirmation) => void) | undefined = undefined
  /** Ends the subscription before its scope does, on the server too. Set once it is known to the registry. */
  leave: () => void = () => {}

  abstract notify(frame: Frame): void
  abstract gap(cause: Subscriptions.GapCause): void
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

/**
 * @param onReconciled called when the server is as the registry wants it
 * @param unanswered no answer came in time: `needed` when others count on it, and only another connection can help
 * @param usable whether the session is alive: with one known to be dead each subscription would be refused, and its stream
 *   fail. They wait until the registry is `connected` again.
 */
export const make = (
  requests: Requests,
  onReconciled: () => void,
  unanswered: (reason: string, needed: boolean) => void,
  usable: () => boolean
): Realtime => {
  const registry: Registry = Subscriptions.make()
  /** Our `sdkInstanceId`, as the server echoes it. */
  let instance: unknown

  const reconcile = () => {
    if (!usable()) registry.suspended()
    let commands = registry.plan()
    // Sending may fail on the spot, which may leave something else to plan.
    for (; commands.length > 0; commands = registry.plan()) commands.forEach(send)
    if (registry.settled()) onReconciled()
  }

  const send = (command: Subscriptions.Command<KuzzleError.RequestError>) => {
    if (command._tag === "Unsubscribe") {
      const body = JSON.stringify(Subscriptions.leave(command.roomId))
      let late = false
      requests.unsafeSend("realtime", "unsubscribe", body.slice(0, -1), undefined, (outcome) => {
        const deadline = deadlineOf(outcome)
        if (deadline !== undefined) {
          // The answer may still come, and a subscribe must not overtake it; but not wait for it for ever either.
          unanswered(deadline.message, late)
          late = true
          return
        }
        if (isLeft(outcome)) registry.unsubscribed(command.lane, command.epoch)
        else registry.notUnsubscribed(command.lane, command.epoch, command.roomId)
        reconcile()
      })
      return
    }
    const { epoch, intent } = command
    const action = intent.lane === Subscriptions.anyLane ? "join" : "subscribe"
    const encoded = Subscriptions.requestOf(intent.key).slice(0, -1)
    const options = intent.volatile === undefined ? undefined : { volatile: intent.volatile }
    let late = false
    requests.unsafeSend("realtime", action, encoded, options, (outcome) => {
      if (outcome._tag === "Success") instance = instanceIn(outcome.value.volatile)
      const channel = channelOf(outcome, action)
      if (typeof channel === "string") registry.subscribed(intent, epoch, channel)
      // With the connection lost, the intent stays and is opened again on the next one.
      else if (channel._tag === "KuzzleNotSentError" || channel._tag === "KuzzleMaybeSentError") return
      else if (channel._tag === "KuzzleDeadlineError") {
        unanswered(channel.message, registry.unanswered(intent, epoch, channel) || late)
        late = true
      } else if (KuzzleError.isTokenDead(channel)) registry.outdated(intent, epoch)
      else registry.refused(intent, epoch, channel)
      reconcile()
    })
  }

  return {
    registry,
    reconcile,
    open: (asked, subscriber) =>
      Effect.uninterruptibleMask((restore) =>
        Effect.flatMap(Effect.scope, (scope) => {
          const key = keyOf(asked)
          if (typeof key !== "string") return Effect.fail(key)
          const intent = registry.acquire(key, laneOf(asked.request), asked.volatile, subscriber)
          subscriber.leave = () => {
            registry.release(intent, subscriber)
            reconcile()
          }
          reconcile()
          const release = Effect.sync(() => {
            // Closed first: what it held is nobody's any more.
            subscriber.close()
            subscriber.leave()
          })
          // One that came to nothing must not stay until the scope closes, which may be long.
          return Effect.zipRight(
            Scope.addFinalizer(scope, release),
            Effect.onError(restore(subscriber.confirmed()), () => release)
          )
        })
      ),
    isOwn: ({ volatile }) => {
      const theirs = instanceIn(volatile)
      return theirs !== undefined && theirs === instance
    }
  }
}

/** Requests tell it in their volatile data, and so do the notifications that they cause. */
const instanceIn = (volatile: unknown): unknown =>
  typeof volatile === "object" && volatile !== null && "sdkInstanceId" in volatile ? volatile.sdkInstanceId : undefined

const laneOf = ({ action, collection, index }: KuzzleRequest): string =>
  action === "join" ? Subscriptions.anyLane : `${String(index)}/${String(collection)}`

/** Where canonical JSON throws, or holds a `null` that may stand for something else, `stringify` tells what is wrong. */
const keyOf = ({ request, volatile }: Asked): string | KuzzleError.EncodeError => {
  let key: string | undefined
  try {
    key = Subscriptions.keyOf(request, volatile)
  } catch {
    key = undefined
  }
  if (key !== undefined && !key.includes("null")) return key
  const json = Json.stringify(volatile === undefined ? request : { ...request, volatile })
  if (key !== undefined && typeof json === "string") return key
  const issue = typeof json === "string" ? "it is nested too deeply" : json.issue
  return new KuzzleError.EncodeError({ controller: request.controller, action: request.action, issue })
}

/** A room that was not ours (412) is left, and so is one whose connection is gone. */
const isLeft = (outcome: Outcome): boolean => {
  if (outcome._tag === "Success" || outcome.cause._tag !== "Fail") return true
  const { error } = outcome.cause
  return KuzzleError.isApiError(error)
    ? error.id === "core.realtime.not_subscribed"
    : error._tag !== "KuzzleProtocolError"
}

const deadlineOf = (outcome: Outcome): KuzzleError.DeadlineError | undefined =>
  outcome._tag === "Failure" && outcome.cause._tag === "Fail" && outcome.cause.error._tag === "KuzzleDeadlineError"
    ? outcome.cause.error
    : undefined

/** The channel that the answer tells, or why there is none. */
const channelOf = (outcome: Outcome, action: string): string | KuzzleError.RequestError => {
  const notAnAnswer = (issue: string) => new KuzzleError.ProtocolError({ controller: "realtime", action, issue })
  if (outcome._tag === "Failure") {
    return outcome.cause._tag === "Fail" ? outcome.cause.error : notAnAnswer("a cause without an error")
  }
  const result = outcome.value.result
  return typeof result === "object" && result !== null && "channel" in result && typeof result.channel === "string"
    ? result.channel
    : notAnAnswer("an answer without a channel")
}
