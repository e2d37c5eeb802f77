/**
 * The subscriptions that the application wants (*intents*), and those that the server has. They are reconciled after
 * each open (spec 3.9; promises S1 to S6).
 *
 * The registry only decides and remembers. After a change, the caller sends the commands that `plan` returns, and
 * reports the answers. These facts determine the design:
 *
 * - `unsubscribe` names a room and drops *all* its channels on this connection. So a room is left only when none of its
 *   channels has a consumer (spec 0.6).
 * - The server runs the requests of one socket concurrently, so an `unsubscribe` may overtake a `subscribe` for the
 *   same room. So both are never in flight at once in one collection. A room that is joined by its id may belong to any
 *   collection. So a join is never in flight together with an `unsubscribe` in any collection.
 * - A notification may arrive before the answer that contains its channel (spec 0.5). It is parked until then.
 * - A server that limits the rate refuses requests, or drops them without saying which (spec 1.7). A request that was
 *   refused temporarily is postponed. A request that may have been dropped is sent again, although its first answer may
 *   still arrive. Whichever answer arrives first counts.
 *
 * The cost of a step does not depend on the number of intents, collections and consumers. A connection that opens or
 * ends costs one step for each intent.
 */
import { Channels, roomOf } from "./channels.ts"
import { Early } from "./early.ts"
import type { Frame } from "./envelope.ts"
import { type Consumer, type GapCause, Intent, type Volatile } from "./intent.ts"
import { anyLane, type Lane, Lanes } from "./lanes.ts"
import { Pace } from "./pace.ts"

/** The request that leaves a room. */
export const leave = (roomId: string) => ({ controller: "realtime", action: "unsubscribe", body: { roomId } })

/**
 * A command to send. The answer is reported with its `epoch`, because an answer that belongs to an earlier connection
 * changes nothing.
 */
export type Command<E> =
  | { readonly _tag: "Subscribe"; readonly epoch: number; readonly intent: Intent<E> }
  | { readonly _tag: "Unsubscribe"; readonly epoch: number; readonly lane: string; readonly roomId: string }

/** The state of the registry. */
class Tables<E> {
  readonly intents = new Map<string, Intent<E>>()
  readonly channels = new Channels<E>()
  readonly lanes = new Lanes<E>()
  readonly parked = new Early()
  readonly pace = new Pace()
}

export class Registry<E> {
  /** Made for the first consumer, because the tables take 2 KB and many clients never subscribe. */
  private madeTables: Tables<E> | undefined = undefined
  /** How many intents are being opened. */
  private opening = 0
  private isConnected = false
  private epoch = 0
  /** Set once the registry is closed. Makes the error with which later consumers fail. */
  private closed: { readonly error: () => E } | undefined = undefined

  size(): number {
    return this.madeTables === undefined ? 0 : this.intents.size
  }

  // -----------------------------------------------------------------------------------------------------------------
  // consumers
  // -----------------------------------------------------------------------------------------------------------------

  /** Adds a consumer. If the subscription is already open, the consumer is notified at once. */
  acquire(key: string, lane: string, volatile: Volatile | undefined, consumer: Consumer<E>): Intent<E> {
    const existing = this.intents.get(key)
    if (existing !== undefined) {
      existing.add(consumer)
      if (existing.phase === "Open") consumer.opened()
      return existing
    }
    const intent = new Intent<E>(key, lane, volatile)
    if (this.closed !== undefined) {
      consumer.fail(this.closed.error())
      return intent
    }
    intent.add(consumer)
    this.intents.set(key, intent)
    this.lanes.want(intent)
    return intent
  }

  release(intent: Intent<E>, consumer: Consumer<E>): void {
    // If the intent is being opened, the room is left when the answer arrives.
    if (!intent.remove(consumer) || intent.hasConsumers() || intent.isBeingOpened()) return
    if (intent.phase === "Absent") this.abandon(intent)
    else this.discard(intent)
  }

  /** Ends every consumer, including later ones. The error is made when it is needed, because many clients never subscribe. */
  close(error: () => E): void {
    this.closed ??= { error }
    if (this.madeTables === undefined) return
    const orphans = Array.from(this.intents.values(), (intent) => intent.consumers).flat()
    this.intents.clear()
    this.disconnected({ _tag: "Overflow", lost: 0 })
    if (orphans.length === 0) return
    const ended = error()
    for (const consumer of orphans) consumer.fail(ended)
  }

  // -----------------------------------------------------------------------------------------------------------------
  // what to send
  // -----------------------------------------------------------------------------------------------------------------

  /** The commands to send now, at the pace that the server accepts. Each command is returned once. */
  plan(now: number): ReadonlyArray<Command<E>> {
    const commands: Array<Command<E>> = []
    if (!this.isConnected || this.madeTables === undefined) return commands
    for (const lane of this.lanes.due()) {
      if (!this.planLane(lane, now, commands)) break
      this.lanes.finish(lane)
    }
    return commands
  }

  /** When to send more, if the pace holds commands back. */
  nextAt(now: number): number | undefined {
    if (this.madeTables === undefined) return undefined
    const at = this.pace.nextAt(now)
    return this.isConnected && at > now && this.lanes.hasWork() ? at : undefined
  }

  /** Reports that the server limits the rate. Fewer commands are sent at once from now on. */
  limited(now: number): void {
    this.pace.refused(now)
  }

  /** Whether every intent is open, or cannot be opened yet. */
  settled(): boolean {
    if (!this.isConnected || this.madeTables === undefined) return true
    if (this.opening > 0) return false
    // Requests need not wait for subscriptions that the server's rate limit delays.
    return this.pace.isLimited || !this.lanes.hasAbsent()
  }

  /** Whether the room is open, or may be about to be opened in this lane. */
  mayListen(lane: string, roomId: string): boolean {
    return this.channels.hasRoom(roomId) || this.lanes.isSubscribing(lane)
  }

  // -----------------------------------------------------------------------------------------------------------------
  // answers to a subscription
  // -----------------------------------------------------------------------------------------------------------------

  subscribed(intent: Intent<E>, epoch: number, channel: string): void {
    if (epoch !== this.epoch) return
    if (intent.phase === "Doubtful") return this.reopen(intent, channel)
    this.open(intent, channel)
    this.answered(intent)
  }

  /** Reports that the server has refused the subscription. Every consumer fails. */
  refused(intent: Intent<E>, epoch: number, error: E): void {
    if (epoch !== this.epoch) return
    if (intent.phase === "Doubtful") return this.reopen(intent, intent.channel)
    this.answered(intent)
    this.end(intent, error)
  }

  /**
   * Reports that the server has temporarily refused the subscription. It is retried after `due`, and fails after
   * `exhausted`. Returns `false` if the refusal does not matter, because it belongs to an earlier connection or the
   * subscription is opened again anyway.
   */
  postponed(intent: Intent<E>, epoch: number): boolean {
    if (epoch !== this.epoch) return false
    if (intent.phase === "Doubtful") {
      this.reopen(intent, intent.channel)
      return false
    }
    this.answered(intent)
    intent.close(intent.channel)
    if (!intent.hasConsumers()) this.abandon(intent)
    return true
  }

  /**
   * Reports that the server may have dropped the command. It is retried in the same way. Its answer may still arrive
   * (`overtaken`). Until then, no room is left that this answer could join again. Returns `false` if the command
   * belongs to an earlier connection.
   */
  overlooked(intent: Intent<E>, epoch: number): boolean {
    if (epoch !== this.epoch) return false
    this.opening -= 1
    intent.overlooked = intent.phase === "Opening"
    intent.close(intent.channel)
    if (!intent.hasConsumers()) this.abandon(intent)
    return true
  }

  /** Reports that an overlooked command was answered, or that its second deadline has passed. */
  overtaken(lane: string, epoch: number): void {
    if (epoch === this.epoch) this.noLongerAwaited(lane)
  }

  /**
   * Reports that an overlooked command was answered with this channel. Returns whether this opens the intent. It does
   * if it is the first answer and came in time. Then every other command of the intent is overtaken. Otherwise the room
   * is left if nothing listens to it.
   */
  openedLate(intent: Intent<E>, epoch: number, channel: string, inTime: boolean): boolean {
    if (epoch !== this.epoch) return false
    if (!inTime || !intent.overlooked || this.intents.get(intent.key) !== intent) {
      this.leaveUnused(intent.lane, roomOf(channel))
      return false
    }
    if (intent.phase === "Opening") this.opening -= 1
    else this.lanes.withdraw(intent)
    this.open(intent, channel)
    return true
  }

  due(intent: Intent<E>): void {
    if (this.isPostponed(intent)) this.lanes.want(intent)
  }

  exhausted(intent: Intent<E>, error: E): void {
    if (this.isPostponed(intent)) this.end(intent, error)
  }

  /**
   * Reports that the refused command belonged to a session that has ended. The refusal does not apply to the next
   * session, so the subscription is requested again.
   */
  outdated(intent: Intent<E>, epoch: number): void {
    if (epoch === this.epoch) this.reopen(intent, intent.channel)
  }

  /**
   * Reports that no answer came in time. Consumers that never had the subscription open fail. Returns whether other
   * consumers remain. The answer may still arrive.
   */
  unanswered(intent: Intent<E>, epoch: number, error: E): boolean {
    if (epoch !== this.epoch) return false
    const unnotified = intent.unnotified()
    for (const consumer of unnotified) intent.remove(consumer)
    for (const consumer of unnotified) consumer.fail(error)
    return intent.hasConsumers()
  }

  // -----------------------------------------------------------------------------------------------------------------
  // answers to leaving a room
  // -----------------------------------------------------------------------------------------------------------------

  /** Reports that the room was left. */
  unsubscribed(lane: string, epoch: number): void {
    if (epoch === this.epoch) this.lanes.unsubscribed(lane)
  }

  /** Reports that the server refused the request to leave the room. This connection is still in it. */
  notUnsubscribed(lane: string, epoch: number, roomId: string): void {
    if (epoch !== this.epoch) return
    this.lanes.unsubscribed(lane)
    if (!this.channels.hasRoom(roomId)) this.lanes.leaveLater(lane, roomId)
  }

  /** Reports that the server may have dropped the command to leave the room, so that it is sent again. */
  unsubscribeOverlooked(lane: string, epoch: number, roomId: string): void {
    if (epoch !== this.epoch) return
    this.lanes.unsubscribed(lane)
    this.leaveUnused(lane, roomId)
  }

  // -----------------------------------------------------------------------------------------------------------------
  // the connection
  // -----------------------------------------------------------------------------------------------------------------

  /** Reports that subscriptions can be opened from now on. */
  connected(): void {
    this.isConnected = true
    this.madeTables?.lanes.retryRefused()
  }

  /** Reports that no subscription can be opened until the next `connected`. Commands in flight continue. */
  suspended(): void {
    this.isConnected = false
  }

  /** Reports that the connection is lost. Commands in flight get no answer. */
  disconnected(cause: GapCause): void {
    this.epoch += 1
    this.opening = 0
    this.isConnected = false
    if (this.madeTables === undefined) return
    this.lanes.clear()
    this.loseOpen(cause)
    for (const intent of this.intents.values()) {
      if (!intent.hasConsumers()) this.intents.delete(intent.key)
      else this.want(intent)
    }
  }

  /**
   * Reports that the server has probably dropped all subscriptions of the connection. The connection and the commands
   * in flight continue. Nothing is opened again before the next `connected`. Rooms without consumers are still left,
   * because leaving a room twice is harmless.
   */
  dropped(cause: GapCause): void {
    this.isConnected = false
    if (this.madeTables === undefined) return
    for (const intent of this.intents.values()) if (intent.phase === "Opening") intent.phase = "Doubtful"
    this.lanes.reconsider()
    this.loseOpen(cause)
  }

  // -----------------------------------------------------------------------------------------------------------------
  // notifications
  // -----------------------------------------------------------------------------------------------------------------

  /** Passes a notification to its consumers. Returns `false` if the channel is unknown. */
  notification(channel: string, frame: Frame, size: number): boolean {
    let intent = this.madeTables?.channels.newestOf(channel)
    if (intent === undefined) return false
    for (; intent !== undefined; intent = intent.older) intent.notify(frame, size)
    return true
  }

  /**
   * Parks a notification of an unknown channel. Returns `false` if it cannot belong to a subscription that is being
   * opened.
   */
  early(channel: string, frame: Frame, size: number): boolean {
    if (this.madeTables === undefined) return false
    if (!this.lanes.isSubscribing(anyLane)) return false
    return this.parked.park(channel, frame, size)
  }

  // -----------------------------------------------------------------------------------------------------------------

  private get tables(): Tables<E> {
    return this.madeTables ??= new Tables()
  }

  private get intents(): Map<string, Intent<E>> {
    return this.tables.intents
  }

  private get channels(): Channels<E> {
    return this.tables.channels
  }

  private get lanes(): Lanes<E> {
    return this.tables.lanes
  }

  private get parked(): Early {
    return this.tables.parked
  }

  private get pace(): Pace {
    return this.tables.pace
  }

  /** Adds the commands of a lane. Returns `false` if the pace does not allow all of them now. */
  private planLane(lane: Lane<E>, now: number, commands: Array<Command<E>>): boolean {
    switch (this.lanes.turn(lane)) {
      case "Leave":
        return this.planLeaving(lane, lane.idle, now, commands) && this.planLeaving(lane, lane.refused, now, commands)
      case "Open":
        return this.planOpening(lane, now, commands)
      case "Nothing":
        return true
    }
  }

  private planLeaving(lane: Lane<E>, rooms: Iterable<string>, now: number, commands: Array<Command<E>>): boolean {
    for (const roomId of rooms) {
      if (!this.tryTake(now)) return false
      this.lanes.startLeaving(lane, roomId)
      commands.push({ _tag: "Unsubscribe", epoch: this.epoch, lane: lane.name, roomId })
    }
    return true
  }

  private planOpening(lane: Lane<E>, now: number, commands: Array<Command<E>>): boolean {
    for (const intent of lane.absent) {
      if (!this.tryTake(now)) return false
      this.lanes.startOpening(lane, intent)
      this.opening += 1
      intent.phase = "Opening"
      if (!intent.overlooked) intent.parkedBefore = this.parked.parkedTotal
      commands.push({ _tag: "Subscribe", epoch: this.epoch, intent })
    }
    return true
  }

  private tryTake(now: number): boolean {
    if (this.pace.nextAt(now) > now) return false
    this.pace.countSent(now)
    return true
  }

  private handOutParked(intent: Intent<E>, consumers: ReadonlyArray<Consumer<E>>, channel: string): void {
    for (const { frame, nth, size } of this.parked.take(channel)) {
      if (nth >= intent.parkedBefore) { for (const consumer of consumers) consumer.notify(frame, size) }
    }
  }

  /**
   * Opens the intent as soon as possible.
   *
   * @param channel a channel that the server may still have for this connection
   */
  private want(intent: Intent<E>, channel?: string): void {
    intent.close(channel)
    this.lanes.want(intent)
  }

  /**
   * Opens a subscription again, because the server may have dropped its channel. If there are no consumers, the room is
   * left instead.
   */
  private reopen(intent: Intent<E>, channel: string | undefined): void {
    this.answered(intent)
    this.want(intent, channel)
    if (!intent.hasConsumers()) this.abandon(intent)
  }

  /** Whether the intent waits for its retry, and still has consumers. */
  private isPostponed(intent: Intent<E>): boolean {
    return intent.phase === "Absent" && this.intents.get(intent.key) === intent
  }

  private open(intent: Intent<E>, channel: string): void {
    const { consumers } = intent
    const { lost } = this.parked
    intent.overlooked = false
    this.channels.join(intent, channel)
    this.lanes.keep(intent.lane, roomOf(channel))
    intent.announceGap()
    for (const consumer of consumers) consumer.opened()
    if (lost > 0) { for (const consumer of consumers) consumer.gap({ _tag: "Overflow", lost }) }
    this.handOutParked(intent, consumers, channel)
    if (consumers.length === 0) this.discard(intent)
  }

  private answered(intent: Intent<E>): void {
    this.opening -= 1
    this.noLongerAwaited(intent.lane)
  }

  private noLongerAwaited(lane: string): void {
    this.lanes.subscribed(lane)
    // No command is in flight to whose answer the parked notifications could belong.
    if (!this.lanes.isSubscribing(anyLane)) this.parked.clear()
  }

  /**
   * Marks all open intents as absent. Their consumers are notified of the gap when they are open again. The server may
   * still have their channels.
   */
  private loseOpen(cause: GapCause): void {
    this.channels.clear()
    this.parked.clear()
    for (const intent of this.intents.values()) {
      // No answer shows whether a command was executed before or after the loss.
      intent.overlooked = false
      if (intent.phase !== "Open") continue
      intent.lose(cause)
      this.want(intent, intent.channel)
    }
  }

  private end(intent: Intent<E>, error: E): void {
    const consumers = intent.removeAll()
    this.abandon(intent)
    for (const consumer of consumers) consumer.fail(error)
  }

  /** Forgets an intent that is not open. */
  private abandon(intent: Intent<E>): void {
    this.forget(intent)
    if (intent.channel !== undefined) this.leaveUnused(intent.lane, roomOf(intent.channel))
  }

  /** Forgets an intent that is open, and leaves its room if nothing else listens to it. */
  private discard(intent: Intent<E>): void {
    const roomId = intent.channel === undefined ? undefined : this.channels.leave(intent, intent.channel)
    if (roomId !== undefined) this.lanes.leave(intent.lane, roomId)
    this.forget(intent)
  }

  private forget(intent: Intent<E>): void {
    this.intents.delete(intent.key)
    this.lanes.withdraw(intent)
  }

  private leaveUnused(lane: string, roomId: string): void {
    if (!this.channels.hasRoom(roomId)) this.lanes.leave(lane, roomId)
  }
}
