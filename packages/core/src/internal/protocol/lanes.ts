/**
 * What has to be opened and left in each lane, and which lane may proceed now.
 *
 * A lane is a collection, or `anyLane` for rooms that are joined by their id, because their collection is unknown.
 * Opening and leaving are never in progress at once in two lanes that may have a room in common (see
 * `subscriptions.ts`): a lane waits for itself and for `anyLane`, and `anyLane` waits for all. Counters of all lanes
 * together and an index of the rooms keep the cost of a step independent of the number of lanes.
 */
import type { Intent } from "./intent.ts"

export const anyLane = ""

export class Lane<E> {
  readonly name: string
  /** Its place among the lanes: they take their turns by age. */
  readonly nth: number
  readonly absent = new Set<Intent<E>>()
  /** Rooms that nothing listens to any more. */
  readonly idle = new Set<string>()
  /**
   * The idle rooms that the server did not let the client leave. It tries again with the next room that it leaves, or
   * as another user.
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

/** What a lane may do now: leave its idle rooms, open its absent intents, or nothing. */
export type Turn = "Leave" | "Open" | "Nothing"

export class Lanes<E> {
  private readonly lanes = new Map<string, Lane<E>>()
  /** The lanes in which something may have to be sent. */
  private readonly dirty = new Set<string>()
  /** The lanes that could leave or open if `anyLane` did not open or leave. */
  private readonly held = { Leave: new Set<Lane<E>>(), Open: new Set<Lane<E>>() }
  /** The lanes in which a room is idle or refused. */
  private readonly leavers = new Map<string, ReadonlyArray<Lane<E>>>()
  /** How many lanes there have been. */
  private count = 0
  /** Of all lanes together. */
  private absent = 0
  private idle = 0
  private subscribing = 0
  private unsubscribing = 0

  /** To be opened. */
  want(intent: Intent<E>): void {
    const { absent, name } = this.of(intent.lane)
    const before = absent.size
    this.absent += absent.add(intent).size - before
    // One string for all of them, because each has made its own.
    intent.lane = name
  }

  /** Not to be opened. */
  withdraw(intent: Intent<E>): void {
    if (this.of(intent.lane).absent.delete(intent)) this.absent -= 1
  }

  /** A room is to be left. */
  leave(name: string, roomId: string): void {
    this.addIdle(this.of(name), roomId)
  }

  /** The server did not let the client leave this room. */
  leaveLater(name: string, roomId: string): void {
    const lane = this.of(name)
    lane.refused.add(roomId)
    this.index(lane, roomId)
  }

  /** The lane listens to the room again, so it is not left. */
  keep(name: string, roomId: string): void {
    for (const lane of this.leavers.get(roomId) ?? []) {
      if (name !== anyLane && lane.name !== name && lane.name !== anyLane) continue
      if (lane.idle.has(roomId)) this.dirty.add(lane.name)
      this.removeRoom(lane, roomId)
    }
  }

  /** A request to open something in the lane has its answer, or none is expected. */
  subscribed(name: string): void {
    this.of(name).subscribing -= 1
    this.subscribing -= 1
  }

  /** The same for one to leave a room. */
  unsubscribed(name: string): void {
    this.of(name).unsubscribing -= 1
    this.unsubscribing -= 1
  }

  /** The lane sends a request to open the intent. */
  startOpening(lane: Lane<E>, intent: Intent<E>): void {
    if (lane.absent.delete(intent)) this.absent -= 1
    lane.subscribing += 1
    this.subscribing += 1
  }

  /** The lane sends a request to leave the room. */
  startLeaving(lane: Lane<E>, roomId: string): void {
    this.removeRoom(lane, roomId)
    lane.unsubscribing += 1
    this.unsubscribing += 1
  }

  /** Tries again to leave the rooms that the server did not let the client leave. */
  retryRefused(): void {
    for (const lane of this.lanes.values()) {
      if (lane.refused.size === 0) continue
      for (const roomId of lane.refused) this.addIdle(lane, roomId)
      lane.refused.clear()
      this.dirty.add(lane.name)
    }
  }

  /** All lanes are checked again. */
  reconsider(): void {
    for (const name of this.lanes.keys()) this.dirty.add(name)
  }

  clear(): void {
    this.lanes.clear()
    this.dirty.clear()
    this.held.Leave.clear()
    this.held.Open.clear()
    this.leavers.clear()
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

  /** Whether something is being opened that may be a room of this lane. */
  isSubscribing(name: string): boolean {
    return name === anyLane ? this.subscribing > 0 : subscribingIn(this.lanes.get(name)) || this.holds("Leave")
  }

  /** The lanes to check now, in the order of their turns. */
  due(): ReadonlyArray<Lane<E>> {
    if (this.dirty.size === 0) return []
    const byAge = this.dirty.has(anyLane)
    if (byAge) this.release()
    // It waits for all lanes, so that a change in any of them may concern it.
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
    this.held.Leave.delete(lane)
    this.held.Open.delete(lane)
    // Leaving comes first, or a steady flow of new subscriptions would keep it waiting for ever.
    const turn = lane.idle.size > 0 ? "Leave" : lane.absent.size > 0 ? "Open" : "Nothing"
    return turn === "Nothing" || this.waits(lane, turn) ? "Nothing" : turn
  }

  /** The lane has had its turn. */
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
    this.held[turn].add(lane)
    return true
  }

  /** Whether `anyLane` keeps the other lanes from it. */
  private holds(turn: "Leave" | "Open"): boolean {
    const any = this.lanes.get(anyLane)
    return turn === "Leave" ? subscribingIn(any) : leavingIn(any)
  }

  /** Marks the lanes that need not wait for `anyLane` any more. */
  private release(): void {
    for (const turn of ["Leave", "Open"] as const) {
      if (this.holds(turn)) continue
      for (const { name } of this.held[turn]) this.dirty.add(name)
      this.held[turn].clear()
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
    const others = this.leavers.get(roomId)?.filter((other) => other !== lane) ?? []
    if (others.length > 0) this.leavers.set(roomId, others)
    else this.leavers.delete(roomId)
  }

  private index(lane: Lane<E>, roomId: string): void {
    const known = this.leavers.get(roomId) ?? []
    if (!known.includes(lane)) this.leavers.set(roomId, [...known, lane])
  }
}

const subscribingIn = <E>(lane: Lane<E> | undefined): boolean => lane !== undefined && lane.subscribing > 0

const leavingIn = <E>(lane: Lane<E> | undefined): boolean =>
  lane !== undefined && lane.idle.size + lane.unsubscribing > 0
