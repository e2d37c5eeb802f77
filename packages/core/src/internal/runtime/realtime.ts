/** Keeps the server's subscriptions as the registry wants them: sends what it plans, reports what comes back. */
import type * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import type * as Schedule from "effect/Schedule"
import * as Scope from "effect/Scope"
import * as KuzzleError from "../../KuzzleError.ts"
import * as Json from "../json.ts"
import type { KuzzleRequest } from "../protocol/envelope.ts"
import type { Frame } from "../protocol/frame.ts"
import * as Intents from "../protocol/intent.ts"
import { anyLane } from "../protocol/lanes.ts"
import * as Pace from "../protocol/pace.ts"
import { isLoss, isPassing } from "../protocol/renewal.ts"
import * as Subscriptions from "../protocol/subscriptions.ts"
import * as Shape from "../shape.ts"
import * as Timer from "../timer.ts"
import * as Delays from "./delays.ts"
import { errorOf, type Outcome, type RequestEvent, type Requests } from "./requests.ts"

export type Registry = Subscriptions.Registry<KuzzleError.RequestError>
export type Consumer = Intents.Consumer<KuzzleError.RequestError>

/** A frame of the server's debugger (spec 1.5), or how many were lost because their reader was slow. */
export type DebuggerFrame = Frame | { readonly lost: number }

/** What is asked of the server: to subscribe, or to join a room by its id. */
export interface Asked {
  readonly request: KuzzleRequest
  readonly volatile: Intents.Volatile | undefined
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
  /** The server has dropped a message of this connection because of the rate, without saying which (spec 1.7). */
  readonly limited: () => void
}

/** The session, as far as subscriptions need it. */
export interface Host {
  /** The server has every subscription that the registry wants and that can be opened now. */
  readonly reconciled: () => void
  /**
   * No answer arrived before the deadline. `needed`: other consumers depend on it, so the connection must be replaced.
   */
  readonly unanswered: (reason: string, needed: boolean) => void
  /**
   * Whether the token is alive. With a dead one the server would refuse each subscription, and its stream would fail.
   * Until the registry is `connected` again, subscriptions wait.
   */
  readonly usable: () => boolean
  readonly event: (event: RequestEvent) => void
}

type Intent = Intents.Intent<KuzzleError.RequestError>
type Command = Subscriptions.Command<KuzzleError.RequestError>
type Subscribe = Extract<Command, { readonly _tag: "Subscribe" }>
type Unsubscribe = Extract<Command, { readonly _tag: "Unsubscribe" }>

/** A command that waits for its answer. */
interface Sent {
  readonly command: Command
  /** Its deadline has passed without an answer. */
  late: boolean
  /** It may be the message that the server dropped. */
  doubted: boolean
  /** It was sent again. Its own answer only tells of a room that was opened or left too late. */
  overtaken: boolean
  /** Overtaken, and no longer counted as in flight: its answer has arrived, or its deadline has passed. */
  uncounted: boolean
  /** Stops waiting for the answer. */
  forget: () => void
}

/** The retries of an intent that the server refused for now. */
interface Refusals {
  readonly delays: Delays.Delays<KuzzleError.RequestError>
  /** How many subscriptions the server had accepted at the last refusal. */
  accepted: number
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

  abstract notify(frame: Frame, size: number): void
  abstract gap(cause: Intents.GapCause): void
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
  requests: Requests,
  resubscribe: Schedule.Schedule<unknown, KuzzleError.RequestError>,
  clock: Clock.Clock,
  fork: (effect: Effect.Effect<void>) => void,
  host: Host
): Realtime => {
  const registry: Registry = new Subscriptions.Registry()
  const underWay = new Set<Sent>()
  const refusals = new WeakMap<Intent, Refusals>()
  /** How many subscriptions the server has accepted. */
  let accepted = 0
  /** Whether the pace is waited for, or whether what the server has dropped is looked for in a moment. */
  let pausing = false
  let searching = false
  /** Our `sdkInstanceId`, as the server echoes it. */
  let instance: unknown

  const now = () => Timer.now(clock)

  const reconcile = () => {
    if (!host.usable()) registry.suspended()
    let commands = registry.plan(now())
    // Sending may fail on the spot, which may leave something else to plan.
    for (; commands.length > 0; commands = registry.plan(now())) commands.forEach(send)
    resumeLater()
    if (registry.settled()) host.reconciled()
  }

  /** Sends the commands that the pace held back. */
  const resumeLater = () => {
    const at = registry.nextAt(now())
    if (at === undefined || pausing) return
    pausing = true
    fork(Effect.map(pause(at - now()), () => {
      pausing = false
      reconcile()
    }))
  }

  const send = (command: Command) => {
    const sent: Sent = { command, late: false, doubted: false, overtaken: false, uncounted: false, forget: () => {} }
    underWay.add(sent)
    const { encoded, options } = encode(command)
    sent.forget = requests.unsafeSend("realtime", actionOf(command), encoded, options, (outcome) => {
      if (sent.overtaken) return overtaken(sent, outcome)
      if (deadlineOf(outcome) === undefined) underWay.delete(sent)
      if (command._tag === "Unsubscribe") unsubscribed(sent, command, outcome)
      else subscribed(sent, command, outcome)
    })
  }

  const unsubscribed = (sent: Sent, { epoch, lane, roomId }: Unsubscribe, outcome: Outcome) => {
    const deadline = deadlineOf(outcome)
    if (deadline !== undefined) {
      // The answer may still arrive, and a subscribe must not overtake it. But the subscribe must not wait for ever
      // either.
      if (!sent.doubted) return tooLate(sent, deadline, false)
      underWay.delete(sent)
      sent.overtaken = sent.uncounted = true
      registry.unsubscribeOverlooked(lane, epoch, roomId)
    } else if (isLeft(outcome)) registry.unsubscribed(lane, epoch)
    else if (isOutdated(outcome)) registry.unsubscribeOverlooked(lane, epoch, roomId)
    else registry.notUnsubscribed(lane, epoch, roomId)
    reconcile()
  }

  const subscribed = (sent: Sent, command: Subscribe, outcome: Outcome) => {
    const { epoch, intent } = command
    if (outcome._tag === "Success") instance = instanceIn(outcome.value.volatile)
    const channel = channelOf(outcome, actionOf(command))
    if (typeof channel === "string") {
      accepted += 1
      refusals.delete(intent)
      registry.subscribed(intent, epoch, channel)
    } // When the connection is lost, the intent stays and is opened again on the next one.
    else if (isLoss(channel)) return
    else if (channel._tag === "KuzzleDeadlineError") {
      tooLate(sent, channel, registry.unanswered(intent, epoch, channel))
    } else if (KuzzleError.isTokenDead(channel)) registry.outdated(intent, epoch)
    else if (mayPass(channel, intent)) {
      if (channel._tag === "KuzzleTooManyRequestsError") registry.limited(now())
      if (registry.postponed(intent, epoch)) askLater(command, channel)
    } else registry.refused(intent, epoch, channel)
    reconcile()
  }

  const tooLate = (sent: Sent, { message }: KuzzleError.DeadlineError, needed: boolean) => {
    host.unanswered(message, needed || sent.late)
    sent.late = true
  }

  /** Retries after the schedule's delay. When the schedule has ended, the refusal is final. */
  const askLater = (command: Subscribe, error: KuzzleError.RequestError) =>
    fork(Effect.gen(function*() {
      const { intent } = command
      const delayMillis = yield* delayOf(intent, error)
      if (delayMillis === undefined) registry.exhausted(intent, error)
      else {
        host.event({ _tag: "Postponed", controller: "realtime", action: actionOf(command), error, delayMillis })
        yield* Effect.sleep(Duration.millis(delayMillis))
        registry.due(intent)
      }
      reconcile()
    }))

  const delayOf = (intent: Intent, error: KuzzleError.RequestError): Effect.Effect<number | undefined> => {
    const before = refusals.get(intent) ?? { delays: Delays.make(resubscribe), accepted }
    // A server that accepts other subscriptions, a few per second, will accept this one too, so the retry is not
    // counted.
    if (error._tag === "KuzzleTooManyRequestsError" && before.accepted < accepted) before.delays.reset()
    refusals.set(intent, { ...before, accepted })
    return before.delays.next(error)
  }

  /** Sends every doubted command again: the message that the server dropped must be one of those without an answer. */
  const search = () => {
    searching = false
    for (const sent of underWay) {
      const { command } = sent
      // An unsubscribe is not sent twice: the second one might undo a subscribe that was sent in between.
      if (!sent.doubted || command._tag === "Unsubscribe") continue
      underWay.delete(sent)
      sent.overtaken = registry.overlooked(command.intent, command.epoch)
      if (sent.overtaken) askLater(command, tooMany(actionOf(command)))
    }
    reconcile()
  }

  /** A command that was sent again has got its first answer after all, or never will. */
  const overtaken = (sent: Sent, outcome: Outcome) => {
    const { command, uncounted } = sent
    const isLate = deadlineOf(outcome) !== undefined
    // An answer after the deadline may still tell of a room. The second deadline ends the wait.
    if (!isLate || uncounted) sent.forget()
    if (command._tag === "Unsubscribe") {
      // The room may have been opened again before the server left it. Only another connection is certain.
      if (outcome._tag === "Success" && registry.mayListen(command.lane, command.roomId)) {
        host.unanswered("realtime:unsubscribe took effect after its deadline", true)
      }
      return
    }
    const channel = channelOf(outcome, actionOf(command))
    if (typeof channel !== "string" && isLoss(channel)) return
    const { epoch, intent: { lane } } = command
    if (!uncounted) registry.overtaken(lane, epoch)
    sent.uncounted = true
    if (typeof channel === "string") registry.openedLate(lane, epoch, channel)
    reconcile()
  }

  const release: Release = (intent, consumer) => {
    registry.release(intent, consumer)
    reconcile()
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
          subscriber.joined(intent, release)
          reconcile()
          const finalizer = finalizerOf(subscriber)
          // One that came to nothing must not stay until the scope closes, which may be long.
          return Effect.zipRight(
            Scope.addFinalizerExit(scope, finalizer),
            Effect.onError(restore(subscriber.confirmed()), finalizer)
          )
        })
      ),
    isOwn: ({ volatile }) => {
      const theirs = instanceIn(volatile)
      return theirs !== undefined && theirs === instance
    },
    limited: () => {
      if (underWay.size === 0) return
      registry.limited(now())
      for (const sent of underWay) sent.doubted = true
      if (searching) return
      searching = true
      fork(Effect.map(pause(Pace.period), search))
    }
  }
}

/** Outside `open`, because a scope would keep the request that `open` was called with (1 KB) as long as the finalizer. */
const finalizerOf = (subscriber: Subscriber) => () =>
  Effect.sync(() => {
    // Closed first: what it held is nobody's any more.
    subscriber.close()
    subscriber.leave()
  })

/** Adds jitter, so that clients that were limited together do not retry together. */
const pause = (millis: number): Effect.Effect<void> =>
  Effect.flatMap(Random.next, (random) => Effect.sleep(Duration.millis(Math.ceil(millis + random * Pace.period / 4))))

const actionOf = (command: Command): "subscribe" | "join" | "unsubscribe" =>
  command._tag === "Unsubscribe"
    ? "unsubscribe"
    : command.intent.lane === anyLane
    ? "join"
    : "subscribe"

/** The caller's part of the envelope, without its closing brace, as `Requests` expects it. */
const encode = (command: Command) => {
  if (command._tag === "Unsubscribe") {
    return { encoded: JSON.stringify(Subscriptions.leave(command.roomId)).slice(0, -1), options: undefined }
  }
  const { key, volatile } = command.intent
  return {
    encoded: Intents.requestOf(key).slice(0, -1),
    options: volatile === undefined ? undefined : { volatile }
  }
}

/**
 * Whether the server may accept the same request later. A filter may cause an internal error, but not a filter that was
 * accepted before.
 */
const mayPass = (error: KuzzleError.RequestError, { missed }: Intent): boolean =>
  isPassing(error) && (error._tag !== "KuzzleInternalError" || missed !== undefined)

/** The error that the server reports, without a request id, when it drops a message because of the rate. */
export const overRate = "network.websocket.ratelimit_exceeded"

const tooMany = (action: string): KuzzleError.RequestError =>
  KuzzleError.fromStatus({
    controller: "realtime",
    action,
    id: overRate,
    code: 50528258,
    status: 429,
    message: "Rejected: too many requests received from that socket",
    props: []
  })

/** Requests tell it in their volatile data, and so do the notifications that they cause. */
const instanceIn = (volatile: unknown): unknown =>
  typeof volatile === "object" && volatile !== null && "sdkInstanceId" in volatile ? volatile.sdkInstanceId : undefined

const laneOf = ({ action, collection, index }: KuzzleRequest): string =>
  action === "join" ? anyLane : `${String(index)}/${String(collection)}`

/** Canonical JSON changes values silently, so `stringify` checks them first. */
const keyOf = ({ request, volatile }: Asked): string | KuzzleError.EncodeError => {
  const refused = (issue: string) =>
    new KuzzleError.EncodeError({ controller: request.controller, action: request.action, issue })
  const json = Json.stringify(volatile === undefined ? request : { ...request, volatile })
  if (typeof json !== "string") return refused(json.issue)
  try {
    return Intents.keyOf(request, volatile)
  } catch {
    return refused("it is nested too deeply")
  }
}

/** A room that was not ours (412) is left, and so is one whose connection is gone. */
const isLeft = (outcome: Outcome): boolean => {
  const error = errorOf(outcome)
  return KuzzleError.isApiError(error)
    ? error.id === "core.realtime.not_subscribed"
    : error?._tag !== "KuzzleProtocolError"
}

const deadlineOf = (outcome: Outcome): KuzzleError.DeadlineError | undefined => {
  const error = errorOf(outcome)
  return error?._tag === "KuzzleDeadlineError" ? error : undefined
}

/** The session of the request is over: that says nothing of the next one. */
const isOutdated = (outcome: Outcome): boolean => {
  const error = errorOf(outcome)
  return error !== undefined && KuzzleError.isTokenDead(error)
}

const channelIn = Shape.member("channel", Shape.string)

/** The channel that the answer tells, or why there is none. */
const channelOf = (outcome: Outcome, action: string): string | KuzzleError.RequestError => {
  const notAnAnswer = (issue: string) => new KuzzleError.ProtocolError({ controller: "realtime", action, issue })
  if (outcome._tag === "Failure") return errorOf(outcome) ?? notAnAnswer("a cause without an error")
  const channel = channelIn(outcome.value.result)
  return channel instanceof Shape.Issue ? notAnAnswer(channel.of("result")) : channel
}
