/**
 * Keeps the server's subscriptions as the registry requires. It decides which requests to send, and what their answers
 * mean.
 *
 * The client's machine reports events by the methods. After each report, it performs the actions that `poll` returns,
 * until there are none.
 */
import * as KuzzleError from "../../KuzzleError.ts"
import * as Json from "../data/json.ts"
import * as Shape from "../data/shape.ts"
import { errorOf, type Outcome } from "./call.ts"
import * as Envelope from "./envelope.ts"
import * as Intents from "./intent.ts"
import { anyLane } from "./lanes.ts"
import * as Pace from "./pace.ts"
import { isLoss, isTemporary } from "./renewal.ts"
import * as Subscriptions from "./subscriptions.ts"

export type Consumer = Intents.Consumer<KuzzleError.RequestError>
export type Intent = Intents.Intent<KuzzleError.RequestError>
export type Registry = Subscriptions.Registry<KuzzleError.RequestError>

type Command = Subscriptions.Command<KuzzleError.RequestError>
type Subscribe = Extract<Command, { readonly _tag: "Subscribe" }>
type Unsubscribe = Extract<Command, { readonly _tag: "Unsubscribe" }>

/** The application's request to subscribe, or to join a room by its id. */
export interface SubscriptionRequest {
  readonly request: Envelope.KuzzleRequest
  readonly volatile: Intents.Volatile | undefined
}

/** What the client's machine and the shell must do. */
export type Action =
  /** Send this command, and report each answer by `answered`. */
  | Sent
  /** Ask the schedule when to retry, and answer with `handleDue` after its delay, or with `handleExhausted`. */
  | {
    readonly _tag: "Ask"
    readonly intent: Intent
    readonly action: string
    readonly error: KuzzleError.RequestError
    /** Whether the schedule starts from its beginning. */
    readonly restart: boolean
  }
  /** Wait for this time plus a random jitter, then call this method. */
  | { readonly _tag: "Wait"; readonly millis: number; readonly then: "handlePaced" | "handleSearch" }
  /**
   * No answer arrived before the deadline. `needed`: other consumers depend on the answer, so the connection must be
   * replaced.
   */
  | { readonly _tag: "Unanswered"; readonly reason: string; readonly needed: boolean }

/** A command that was sent. */
export class Sent {
  readonly _tag = "Send"
  /** Whether its deadline has passed without an answer. */
  late = false
  /** Whether it may be the message that the server dropped because of the rate. */
  doubted = false
  /** Whether the command was sent again. Its own answer still counts if it comes first. */
  overtaken = false
  /**
   * Whether an overtaken command no longer counts as in flight, because its answer has arrived or its deadline has
   * passed.
   */
  uncounted = false
  /** Whether its answers are ignored from now on. */
  forgotten = false

  constructor(readonly command: Command) {}

  get action(): "subscribe" | "join" | "unsubscribe" {
    if (this.command._tag === "Unsubscribe") return "unsubscribe"
    return this.command.intent.lane === anyLane ? "join" : "subscribe"
  }

  /** The caller's part of the frame. */
  get encoded(): string {
    const { command } = this
    return command._tag === "Unsubscribe"
      ? Envelope.encodeCanonical(Subscriptions.leave(command.roomId))
      : Intents.encodedOf(command.intent.key)
  }

  get options(): Envelope.RequestOptions | undefined {
    const volatile = this.command._tag === "Unsubscribe" ? undefined : this.command.intent.volatile
    return volatile === undefined ? undefined : { volatile }
  }
}

export class Listening {
  readonly registry: Registry = new Subscriptions.Registry()
  private actions: Array<Action> = []
  private sent: Set<Sent> | undefined = undefined
  /** How many subscriptions the server has accepted. */
  private accepted = 0
  /** The value of `accepted` when the server last refused this intent temporarily. */
  private refusals: WeakMap<Intent, number> | undefined = undefined
  /** Whether a wait is in progress: for the pace, or before the commands that may have been dropped are sent again. */
  private pausing = false
  private searching = false
  /** The `sdkInstanceId` of this client, as the server echoes it. */
  private instance: unknown

  /** The next actions. The caller performs them and polls again until there are none. */
  poll(now: number): ReadonlyArray<Action> {
    for (const command of this.registry.plan(now)) this.send(command)
    this.pauseUntilAllowed(now)
    const { actions } = this
    this.actions = []
    return actions
  }

  /** Adds a consumer. Returns an error if the request cannot be sent as JSON. */
  acquire(subscription: SubscriptionRequest, consumer: Consumer): Intent | KuzzleError.EncodeError {
    const key = keyOf(subscription)
    return typeof key === "string"
      ? this.registry.acquire(key, laneOf(subscription.request), subscription.volatile, consumer)
      : key
  }

  /** Whether this client caused the notification (spec 3.6). */
  isOwn(notification: Envelope.Frame): boolean {
    const instance = Envelope.instanceOf(notification)
    return instance !== undefined && instance === this.instance
  }

  /** Reports an answer. Returns `false` if the connection has ended, because its end decides what follows. */
  answered(sent: Sent, outcome: Outcome, now: number): boolean {
    if (sent.overtaken) return this.answeredTwice(sent, outcome)
    if (deadlineOf(outcome) === undefined) this.underWay.delete(sent)
    if (sent.command._tag === "Subscribe") return this.subscribed(sent, sent.command, outcome, now)
    this.unsubscribed(sent, sent.command, outcome)
    return true
  }

  /**
   * Reports that the server has dropped a message of this connection because of the rate. It does not say which (spec
   * 1.7).
   */
  limited(now: number): void {
    if (this.underWay.size === 0) return
    this.registry.limited(now)
    for (const sent of this.underWay) sent.doubted = true
    if (this.searching) return
    this.searching = true
    this.actions.push({ _tag: "Wait", millis: Pace.period, then: "handleSearch" })
  }

  /** Reports that the pace allows more commands. */
  handlePaced(): void {
    this.pausing = false
  }

  /**
   * Sends every doubted command again, because the message that the server dropped must be one of those without an
   * answer.
   */
  handleSearch(): void {
    this.searching = false
    for (const sent of this.underWay) {
      const { command } = sent
      // An unsubscribe is not sent twice, because the second one might undo a subscribe that was sent in between.
      if (!sent.doubted || command._tag === "Unsubscribe") continue
      this.underWay.delete(sent)
      sent.overtaken = this.registry.overlooked(command.intent, command.epoch)
      if (sent.overtaken) this.ask(sent.action, command.intent, tooMany(sent.action))
    }
  }

  handleDue(intent: Intent): void {
    this.registry.due(intent)
  }

  /** Reports that the schedule has ended, so that the refusal is final. */
  handleExhausted(intent: Intent, error: KuzzleError.RequestError): void {
    this.registry.exhausted(intent, error)
  }

  // -----------------------------------------------------------------------------------------------------------------

  /** The commands that wait for an answer. Made for the first command, because many clients never subscribe. */
  private get underWay(): Set<Sent> {
    return this.sent ??= new Set()
  }

  private send(command: Command): void {
    const sent = new Sent(command)
    this.underWay.add(sent)
    this.actions.push(sent)
  }

  /** Requests a wait if the pace holds commands back. */
  private pauseUntilAllowed(now: number): void {
    const at = this.registry.nextAt(now)
    if (at === undefined || this.pausing) return
    this.pausing = true
    this.actions.push({ _tag: "Wait", millis: at - now, then: "handlePaced" })
  }

  private subscribed(sent: Sent, { epoch, intent }: Subscribe, outcome: Outcome, now: number): boolean {
    if (outcome._tag === "Success") this.instance = Envelope.instanceOf(outcome.value)
    const channel = channelOf(outcome, sent.action)
    if (typeof channel === "string") {
      this.accept(intent)
      this.registry.subscribed(intent, epoch, channel)
      return true
    }
    const error = channel
    // The intent stays and is opened again on the next connection.
    if (isLoss(error)) return false
    if (error._tag === "KuzzleDeadlineError") {
      this.tooLate(sent, error, this.registry.unanswered(intent, epoch, error))
    } else if (KuzzleError.isTokenDead(error)) this.registry.outdated(intent, epoch)
    else if (mayBeAcceptedLater(error, intent)) {
      if (error._tag === "KuzzleTooManyRequestsError") this.registry.limited(now)
      if (this.registry.postponed(intent, epoch)) this.ask(sent.action, intent, error)
    } else this.registry.refused(intent, epoch, error)
    return true
  }

  private unsubscribed(sent: Sent, { epoch, lane, roomId }: Unsubscribe, outcome: Outcome): void {
    const deadline = deadlineOf(outcome)
    if (deadline !== undefined) {
      // The answer may still arrive, and a subscribe must not overtake it. A second deadline ends this wait.
      if (!sent.doubted) return this.tooLate(sent, deadline, false)
      this.underWay.delete(sent)
      sent.overtaken = sent.uncounted = true
      this.registry.unsubscribeOverlooked(lane, epoch, roomId)
    } else if (isUnsubscribed(outcome)) this.registry.unsubscribed(lane, epoch)
    else if (isOutdated(outcome)) this.registry.unsubscribeOverlooked(lane, epoch, roomId)
    else this.registry.notUnsubscribed(lane, epoch, roomId)
  }

  /** Handles the answer to an overtaken command, or its deadline. */
  private answeredTwice(sent: Sent, outcome: Outcome): boolean {
    const { command, uncounted } = sent
    // An answer after the deadline may still name a room. The second deadline ends the wait.
    sent.forgotten = deadlineOf(outcome) === undefined || uncounted
    if (command._tag === "Unsubscribe") {
      // The room may have been opened again before the server left it. Only another connection makes this certain.
      if (outcome._tag === "Success" && this.registry.mayListen(command.lane, command.roomId)) {
        this.unanswered("realtime:unsubscribe took effect after its deadline", true)
      }
      return true
    }
    const channel = channelOf(outcome, sent.action)
    if (typeof channel !== "string" && isLoss(channel)) return false
    const { epoch, intent } = command
    if (typeof channel === "string" && this.registry.openedLate(intent, epoch, channel, !uncounted)) {
      this.accept(intent)
      this.overtakeAll(intent)
    }
    if (!uncounted) this.registry.overtaken(intent.lane, epoch)
    sent.uncounted = true
    return true
  }

  /** Marks the requests of this intent in flight as overtaken, because the subscription is open now. */
  private overtakeAll(intent: Intent): void {
    for (const sent of this.underWay) {
      if (sent.command._tag === "Unsubscribe" || sent.command.intent !== intent) continue
      this.underWay.delete(sent)
      sent.overtaken = true
    }
  }

  private accept(intent: Intent): void {
    this.accepted += 1
    this.refusals?.delete(intent)
  }

  private tooLate(sent: Sent, { message }: KuzzleError.DeadlineError, needed: boolean): void {
    this.unanswered(message, needed || sent.late)
    sent.late = true
  }

  private unanswered(reason: string, needed: boolean): void {
    this.actions.push({ _tag: "Unanswered", reason, needed })
  }

  private ask(action: string, intent: Intent, error: KuzzleError.RequestError): void {
    const before = this.refusals?.get(intent)
    // If the server accepts other subscriptions, it will accept this one, too. So the schedule restarts.
    const accepting = error._tag === "KuzzleTooManyRequestsError" && before !== undefined && before < this.accepted
    this.refusals ??= new WeakMap()
    this.refusals.set(intent, this.accepted)
    this.actions.push({ _tag: "Ask", intent, action, error, restart: before === undefined || accepting })
  }
}

/**
 * Whether the server may accept the same request later. An internal error is temporary only if the filter was accepted
 * before, because a filter may cause one.
 */
const mayBeAcceptedLater = (error: KuzzleError.RequestError, { missed }: Intent): boolean =>
  isTemporary(error) && (error._tag !== "KuzzleInternalError" || missed !== undefined)

const tooMany = (action: string): KuzzleError.RequestError =>
  KuzzleError.fromStatus({
    controller: "realtime",
    action,
    id: Pace.rateLimitId,
    code: 50528258,
    status: 429,
    message: "Rejected: too many requests received from that socket",
    props: []
  })

const laneOf = ({ action, collection, index }: Envelope.KuzzleRequest): string =>
  action === "join" ? anyLane : `${String(index)}/${String(collection)}`

/**
 * The key of the intent, or an error. `stringify` checks the values first, because canonical JSON changes some
 * silently.
 */
const keyOf = ({ request, volatile }: SubscriptionRequest): string | KuzzleError.EncodeError => {
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

/** Whether the room counts as left. It does if this client was not in it (412), or if its connection has ended. */
const isUnsubscribed = (outcome: Outcome): boolean => {
  const error = errorOf(outcome)
  return KuzzleError.isApiError(error)
    ? error.id === "core.realtime.not_subscribed"
    : error?._tag !== "KuzzleProtocolError"
}

const deadlineOf = (outcome: Outcome): KuzzleError.DeadlineError | undefined => {
  const error = errorOf(outcome)
  return error?._tag === "KuzzleDeadlineError" ? error : undefined
}

/** Whether the session of the request has ended. The refusal does not apply to the next session. */
const isOutdated = (outcome: Outcome): boolean => {
  const error = errorOf(outcome)
  return error !== undefined && KuzzleError.isTokenDead(error)
}

const channelIn = Shape.member("channel", Shape.string)

/** The channel in the answer, or the error. */
const channelOf = (outcome: Outcome, action: string): string | KuzzleError.RequestError => {
  const notAnAnswer = (issue: string) => new KuzzleError.ProtocolError({ controller: "realtime", action, issue })
  if (outcome._tag === "Failure") return errorOf(outcome) ?? notAnAnswer("a cause without an error")
  const channel = channelIn(outcome.value.result)
  return channel instanceof Shape.Issue ? notAnAnswer(channel.of("result")) : channel
}
