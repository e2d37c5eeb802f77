/**
 * The intents to open and the rooms to leave in each lane, and the lanes that may proceed now.
 *
 * A lane is a collection. `anyLane` is for rooms that are joined by their id, because their collection is unknown.
 * Subscribing and unsubscribing must not be in progress at the same time in two lanes that may have a room in common
 * (see `subscriptions.ts`). So a lane waits for itself and for `anyLane`, and `anyLane` waits for all lanes. The
 * counters of all lanes and an index of the rooms keep the cost of a step independent of the number of lanes.
 */
import type { Intent } from "./intent.ts"

export const anyLane = ""

export class Lane<E> {
  readonly name: string
  /** Its position among the lanes, which take turns in this order. */
  readonly nth: number
  readonly absent = new Set<Intent<E>>()
  /** Rooms without listeners, to be left. */
  readonly idle = new Set<string>()
  /**
   * Rooms without listeners for which the server has refused the request to leave. The client tries again when it
   * leaves another room, or after the next `connected`.
   */
  readonly refused = new Set<string>()
  subscribing = 0
  unsubscribing = 0

  constructor(name: string, nth: number) {
    this.name = name
    this.nth = nth
  }

  isEmpty(): boolean {
    return this.absent.size + this.idle.size + this.refused.size + this.subscribing + this.unsubscribing === 0
  }
}

/** What a lane may do now: leave its rooms without listeners, open its absent intents, or nothing. */
export type Turn = "Leave" | "Open" | "Nothing"

export class Lanes<E> {
  private readonly lanes = new Map<string, Lane<E>>()
  /** The lanes in which something may have to be sent. */
  private readonly dirty = new Set<string>()
  /** The lanes that wait for `anyLane` to leave rooms or to open intents. */
  private readonly waitingForAny = { Leave: new Set<Lane<E>>(), Open: new Set<Lane<E>>() }
  /** The lanes in which a room is `idle` or `refused`, by the room's id. */
  private readonly lanesLeaving = new Map<string, ReadonlyArray<Lane<E>>>()
  /** How many lanes were ever made. */
  private count = 0
  /** The counters of all lanes together. */
  private absent = 0
  private idle = 0
  private subscribing = 0
  private unsubscribing = 0

  /** Adds an intent to open. */
  want(intent: Intent<E>): void {
    const { absent, name } = this.of(intent.lane)
    const before = absent.size
    this.absent += absent.add(intent).size - before
    // All intents of a lane share one string for its name.
    intent.lane = name
  }

  /** Removes an intent that is not to be opened any more. */
  withdraw(intent: Intent<E>): void {
    if (this.of(intent.lane).absent.delete(intent)) this.absent -= 1
  }

  /** Adds a room to leave. */
  leave(name: string, roomId: string): void {
    this.addIdle(this.of(name), roomId)
  }

  /** Reports that the server has refused the request to leave this room. */
  leaveLater(name: string, roomId: string): void {
    const lane = this.of(name)
    lane.refused.add(roomId)
    this.index(lane, roomId)
  }

  /** Reports that the lane listens to the room again, so that it is not left. */
  keep(name: string, roomId: string): void {
    for (const lane of this.lanesLeaving.get(roomId) ?? []) {
      if (name !== anyLane && lane.name !== name && lane.name !== anyLane) continue
      if (lane.idle.has(roomId)) this.dirty.add(lane.name)
      this.removeRoom(lane, roomId)
    }
  }

  /** Reports that a request to subscribe was answered, or that no answer is expected any more. */
  subscribed(name: string): void {
    this.of(name).subscribing -= 1
    this.subscribing -= 1
  }

  /** Reports the same for a request to leave a room. */
  unsubscribed(name: string): void {
    this.of(name).unsubscribing -= 1
    this.unsubscribing -= 1
  }

  /** Reports that the lane sends a request to open the intent. */
  startOpening(lane: Lane<E>, intent: Intent<E>): void {
    if (lane.absent.delete(intent)) this.absent -= 1
    lane.subscribing += 1
    this.subscribing += 1
  }

  /** Reports that the lane sends a request to leave the room. */
  startLeaving(lane: Lane<E>, roomId: string): void {
    this.removeRoom(lane, roomId)
    lane.unsubscribing += 1
    this.unsubscribing += 1
  }

  /** Adds the `refused` rooms to the rooms to leave. */
  retryRefused(): void {
    for (const lane of this.lanes.values()) {
      if (lane.refused.size === 0) continue
      for (const roomId of lane.refused) this.addIdle(lane, roomId)
      lane.refused.clear()
      this.dirty.add(lane.name)
    }
  }

  /** Checks all lanes again. */
  reconsider(): void {
    for (const name of this.lanes.keys()) this.dirty.add(name)
  }

  clear(): void {
    this.lanes.clear()
    this.dirty.clear()
    this.waitingForAny.Leave.clear()
    this.waitingForAny.Open.clear()
    this.lanesLeaving.clear()
    this.absent =
      this.idle =
      this.subscribing =
      this.unsubscribing =
        0
  }

  hasAbsent(): boolean {
    return this.absent > 0
  }

  hasWork(): boolean {
    return this.absent + this.idle > 0
  }

  /** Whether a subscription is being opened whose room may belong to this lane. */
  isSubscribing(name: string): boolean {
    return name === anyLane ? this.subscribing > 0 : subscribingIn(this.lanes.get(name)) || this.holds("Leave")
  }

  /** The lanes to check now, in the order in which they take turns. */
  due(): ReadonlyArray<Lane<E>> {
    if (this.dirty.size === 0) return []
    const byAge = this.dirty.has(anyLane)
    if (byAge) this.release()
    // `anyLane` waits for all lanes, so it is checked after a change in any lane.
    else this.dirty.add(anyLane)
    const due: Array<Lane<E>> = []
    for (const name of this.dirty) {
      const lane = this.lanes.get(name)
      if (lane === undefined) this.dirty.delete(name)
      else due.push(lane)
    }
    return byAge ? due.sort((a, b) => a.nth - b.nth) : due
  }

  turn(lane: Lane<E>): Turn {
    this.waitingForAny.Leave.delete(lane)
    this.waitingForAny.Open.delete(lane)
    // Leaving comes first. Otherwise a steady flow of new subscriptions would delay it for ever.
    const turn = lane.idle.size > 0 ? "Leave" : lane.absent.size > 0 ? "Open" : "Nothing"
    return turn === "Nothing" || this.waits(lane, turn) ? "Nothing" : turn
  }

  /** Reports that the lane has had its turn. */
  finish(lane: Lane<E>): void {
    this.dirty.delete(lane.name)
    if (lane.isEmpty()) this.lanes.delete(lane.name)
  }

  private of(name: string): Lane<E> {
    let lane = this.lanes.get(name)
    if (lane === undefined) {
      lane = new Lane(name, this.count++)
      this.lanes.set(name, lane)
    }
    this.dirty.add(name)
    return lane
  }

  private waits(lane: Lane<E>, turn: "Leave" | "Open"): boolean {
    if (lane.name === anyLane) return turn === "Leave" ? this.subscribing > 0 : this.idle + this.unsubscribing > 0
    if (turn === "Leave" ? subscribingIn(lane) : leavingIn(lane)) return true
    if (!this.holds(turn)) return false
    this.waitingForAny[turn].add(lane)
    return true
  }

  /** Whether the other lanes must wait for `anyLane`. */
  private holds(turn: "Leave" | "Open"): boolean {
    const any = this.lanes.get(anyLane)
    return turn === "Leave" ? subscribingIn(any) : leavingIn(any)
  }

  /** Marks the lanes to check that need not wait for `anyLane` any more. */
  private release(): void {
    for (const turn of ["Leave", "Open"] as const) {
      if (this.holds(turn)) continue
      for (const { name } of this.waitingForAny[turn]) this.dirty.add(name)
      this.waitingForAny[turn].clear()
    }
  }

  private addIdle(lane: Lane<E>, roomId: string): void {
    if (lane.idle.has(roomId)) return
    lane.idle.add(roomId)
    this.idle += 1
    this.index(lane, roomId)
  }

  private removeRoom(lane: Lane<E>, roomId: string): void {
    if (lane.idle.delete(roomId)) this.idle -= 1
    lane.refused.delete(roomId)
    const others = this.lanesLeaving.get(roomId)?.filter((other) => other !== lane) ?? []
    if (others.length > 0) this.lanesLeaving.set(roomId, others)
    else this.lanesLeaving.delete(roomId)
  }

  private index(lane: Lane<E>, roomId: string): void {
    const others = this.lanesLeaving.get(roomId) ?? []
    if (!others.includes(lane)) this.lanesLeaving.set(roomId, [...others, lane])
  }
}

const subscribingIn = <E>(lane: Lane<E> | undefined): boolean => lane !== undefined && lane.subscribing > 0

const leavingIn = <E>(lane: Lane<E> | undefined): boolean =>
  lane !== undefined && lane.idle.size + lane.unsubscribing > 0
