/**
 * The requests of the outbox that this client owns: which are sent next, which have expired, which are given up. The
 * store and the connection belong to the shell (`api/outboxPump.ts`), which reports events here.
 *
 * A request that was in flight when a connection ended is sent alone after its first loss. The queue (`suspects.ts`) first
 * sends such requests together, because its callers wait. Here no caller waits, no younger request may overtake, and only
 * the number of losses survives a crash.
 */
import type { RequestError } from "../../KuzzleError.ts"
import type { Entry, Sender } from "../../KuzzleOutboxStore.ts"
import { sameSender } from "../data/sender.ts"
import { maxLossesAlone, maxSends, window } from "./suspects.ts"

/** A request that this client owns. */
export interface Item {
  readonly entry: Entry
  /** Milliseconds since the epoch. The deadline of the entry, corrected if the clock was set back. */
  readonly sendBy: number
  /** Its state in the store. */
  readonly stored: "Queued" | "Sending"
  /** It was in flight when a connection ended, so it may have ended it. It is sent alone. */
  readonly suspect: boolean
  readonly lossesAlone: number
}

const includes = (senders: ReadonlyArray<Sender>, { entry }: Item): boolean =>
  senders.some((sender) => sameSender(sender, entry.sender))

/** A clock that was set back would postpone the deadline: then it is counted from now. */
export const deadlineOf = ({ queuedAt, sendBy }: Entry, now: number): number =>
  queuedAt > now ? now + (sendBy - queuedAt) : sendBy

export class Outbox {
  /** Oldest first. */
  private waiting: Array<Item> = []
  private readonly waitingIds = new Set<string>()
  private readonly flying = new Map<string, Item>()
  /**
   * Requests in flight that will wait again as soon as the store has recorded it. Meanwhile no newer one may overtake
   * them.
   */
  private readonly returning = new Set<string>()

  /**
   * Requests that were added or adopted. An adopted request may already be known here, if other clients believed this one
   * dead, took the request over and released it. Then it waits only once, in the state of the store. If it is in flight, it
   * stays in flight.
   */
  accept(entries: ReadonlyArray<Entry>, now: number): void {
    const items = entries.filter(({ id }) => !this.flying.has(id)).map((entry): Item => ({
      entry,
      sendBy: deadlineOf(entry, now),
      stored: "Queued",
      suspect: entry.attempts > 0,
      lossesAlone: 0
    }))
    const known = new Set(items.map(({ entry }) => entry.id).filter((id) => this.waitingIds.has(id)))
    if (known.size > 0) this.remove(({ entry }) => known.has(entry.id))
    this.insert(items)
  }

  /** Removes and returns expired requests, also those whose return to the queue is being stored. */
  expire(now: number): ReadonlyArray<Item> {
    const returning = this.inFlight().filter(({ entry, sendBy }) => this.returning.has(entry.id) && sendBy <= now)
    for (const { entry } of returning) this.ended(entry.id)
    return [...returning, ...this.remove(({ sendBy }) => sendBy <= now)]
  }

  /** Removes and returns the requests that this client cannot send as any of these senders. */
  others(senders: ReadonlyArray<Sender>): ReadonlyArray<Item> {
    return this.remove((item) => !includes(senders, item))
  }

  /** Removes and returns the waiting requests of this sender. */
  purge(sender: Sender): ReadonlyArray<Item> {
    return this.remove(({ entry }) => sameSender(sender, entry.sender))
  }

  /** Removes and returns a request that waits and was never sent. */
  withdraw(id: string): Item | undefined {
    return this.remove(({ entry, suspect }) => entry.id === id && !suspect)[0]
  }

  /** Moves the requests to send next into flight. */
  next(senders: ReadonlyArray<Sender>): ReadonlyArray<Item> {
    if (this.returning.size > 0 || this.inFlight().some(({ suspect }) => suspect)) return []
    const taken: Array<Item> = []
    for (const item of this.waiting) {
      if (!includes(senders, item)) continue
      const inFlight = this.flying.size + taken.length
      if (inFlight >= window || item.suspect && inFlight > 0) break
      taken.push(item)
      if (item.suspect) break
    }
    for (const item of taken) this.flying.set(item.entry.id, item)
    if (taken.length > 0) this.remove(({ entry }) => this.flying.has(entry.id))
    return taken
  }

  /** A request in flight has ended, or belongs to another client by now. */
  ended(id: string): void {
    this.flying.delete(id)
    this.returning.delete(id)
  }

  /** A request in flight was not sent: it waits again after `returned`. `false`: it has ended meanwhile. */
  notSent(id: string): boolean {
    const flies = this.flying.has(id)
    if (flies) this.returning.add(id)
    return flies
  }

  /**
   * The connection of a request in flight ended before the answer. `true`: it waits again after `returned`. `false`: it is
   * given up, because it may have been executed and must not be sent twice, or because it keeps ending connections.
   */
  lost(id: string): boolean {
    const item = this.flying.get(id)
    if (item === undefined || !item.entry.idempotent) return false
    // These marks do not survive a crash; `attempts` does.
    const lossesAlone = item.lossesAlone + (item.suspect ? 1 : 0)
    const entry = { ...item.entry, attempts: item.entry.attempts + 1 }
    if (lossesAlone >= maxLossesAlone || entry.attempts >= maxSends) return false
    this.flying.set(id, { ...item, entry, lossesAlone, suspect: true })
    this.returning.add(id)
    return true
  }

  /** A request waits again. */
  returned(id: string, stored: Item["stored"]): void {
    const item = this.flying.get(id)
    this.ended(id)
    if (item !== undefined) this.insert([{ ...item, stored }])
  }

  /** A request that waits could not be ended after all. It may have been adopted again meanwhile. */
  keep(item: Item): void {
    const { id } = item.entry
    if (!this.flying.has(id) && !this.waitingIds.has(id)) this.insert([item])
  }

  /** The earliest deadline of the requests that `expire` removes; `Infinity` if there are none. */
  nextDeadline(): number {
    let earliest = Infinity
    for (const { sendBy } of this.waiting) earliest = Math.min(earliest, sendBy)
    for (const id of this.returning) earliest = Math.min(earliest, this.flying.get(id)?.sendBy ?? Infinity)
    return earliest
  }

  inFlight(): ReadonlyArray<Item> {
    return Array.from(this.flying.values())
  }

  /** Everything, oldest first. */
  all(): ReadonlyArray<Entry> {
    return [...this.flying.values(), ...this.waiting].sort(bySeq).map(({ entry }) => entry)
  }

  private insert(items: ReadonlyArray<Item>): void {
    const last = this.waiting.at(-1)
    const [first] = items
    for (const item of items) {
      this.waiting.push(item)
      this.waitingIds.add(item.entry.id)
    }
    if (last !== undefined && first !== undefined && bySeq(last, first) > 0) this.waiting.sort(bySeq)
  }

  private remove(predicate: (item: Item) => boolean): ReadonlyArray<Item> {
    const removed = this.waiting.filter(predicate)
    if (removed.length === 0) return removed
    for (const { entry } of removed) this.waitingIds.delete(entry.id)
    this.waiting = this.waiting.filter(({ entry }) => this.waitingIds.has(entry.id))
    return removed
  }
}

const bySeq = (a: Item, b: Item): number => a.entry.seq < b.entry.seq ? -1 : a.entry.seq > b.entry.seq ? 1 : 0

/**
 * What an error says about a request that was sent. `NotSent`: it was not executed.
 * `Lost`: the connection ended before the answer. `Unknown`: it may have been executed, and no answer will come.
 */
export const verdict = (error: RequestError): "NotSent" | "Lost" | "Unknown" | "Rejected" => {
  switch (error._tag) {
    case "KuzzleNotSentError":
    case "KuzzleUnauthenticatedError":
    // Kuzzle refused it because of the rate.
    case "KuzzleTooManyRequestsError":
      return "NotSent"
    case "KuzzleMaybeSentError":
    case "KuzzleHttpTransportError":
      return "Lost"
    case "KuzzleDeadlineError":
      return error.sent ? "Unknown" : "NotSent"
    case "KuzzleResponseTooLargeError":
    case "KuzzleProtocolError":
      return "Unknown"
    default:
      return "Rejected"
  }
}
