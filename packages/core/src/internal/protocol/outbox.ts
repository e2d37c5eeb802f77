/**
 * The requests of the outbox that this client owns. It decides which are sent next, which have expired, and which are
 * given up. The shell (`api/outboxPump.ts`) uses the store and the connection, and reports events here.
 *
 * A request that was in flight when a connection ended is sent alone from then on. The offline queue (`suspects.ts`)
 * first sends such requests together, because its callers wait. Here no caller waits, no newer request may overtake,
 * and only the number of losses survives a crash.
 */
import type { RequestError } from "../../KuzzleError.ts"
import type { Entry, Sender } from "../../KuzzleOutboxStore.ts"
import { sameSender } from "../data/sender.ts"
import { maxLossesAlone, maxSends, window } from "./suspects.ts"

/** A request that this client owns. */
export interface Item {
  readonly entry: Entry
  /** The deadline of the entry in milliseconds since the epoch, corrected if the clock was set back. */
  readonly sendBy: number
  /** Its state in the store. */
  readonly stored: "Queued" | "Sending"
  /** Whether it was in flight when a connection ended, so that it may have ended it. It is then sent alone. */
  readonly suspect: boolean
  readonly lossesAlone: number
}

const includes = (senders: ReadonlyArray<Sender>, { entry }: Item): boolean =>
  senders.some((sender) => sameSender(sender, entry.sender))

/**
 * The deadline of an entry. If the clock was set back, the deadline counts from now, because it would otherwise be
 * postponed.
 */
export const deadlineOf = ({ queuedAt, sendBy }: Entry, now: number): number =>
  queuedAt > now ? now + (sendBy - queuedAt) : sendBy

export class Outbox {
  /** Oldest first. */
  private waiting: Array<Item> = []
  private readonly waitingIds = new Set<string>()
  private readonly sending = new Map<string, Item>()
  /**
   * The ids of requests in flight that will wait again as soon as the store has recorded that. Meanwhile no newer
   * request may overtake them.
   */
  private readonly returning = new Set<string>()

  /**
   * Accepts requests that were added or adopted. An adopted request may already be known here. That happens if other
   * clients believed this one dead, took the request over and released it. Such a request is kept only once, in the
   * state of the store. If it is in flight, it stays in flight.
   */
  accept(entries: ReadonlyArray<Entry>, now: number): void {
    const items = entries.filter(({ id }) => !this.sending.has(id)).map((entry): Item => ({
      entry,
      sendBy: deadlineOf(entry, now),
      stored: "Queued",
      suspect: entry.attempts > 0,
      lossesAlone: 0
    }))
    const duplicates = new Set(items.map(({ entry }) => entry.id).filter((id) => this.waitingIds.has(id)))
    if (duplicates.size > 0) this.remove(({ entry }) => duplicates.has(entry.id))
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

  /** Marks the requests to send next as in flight, and returns them. */
  next(senders: ReadonlyArray<Sender>): ReadonlyArray<Item> {
    if (this.returning.size > 0 || this.inFlight().some(({ suspect }) => suspect)) return []
    const taken: Array<Item> = []
    for (const item of this.waiting) {
      if (!includes(senders, item)) continue
      const inFlight = this.sending.size + taken.length
      if (inFlight >= window || item.suspect && inFlight > 0) break
      taken.push(item)
      if (item.suspect) break
    }
    for (const item of taken) this.sending.set(item.entry.id, item)
    if (taken.length > 0) this.remove(({ entry }) => this.sending.has(entry.id))
    return taken
  }

  /** Reports that a request in flight has ended, or belongs to another client now. */
  ended(id: string): void {
    this.sending.delete(id)
    this.returning.delete(id)
  }

  /**
   * Reports that a request in flight was not sent. It waits again after `returned`. Returns `false` if it has ended
   * meanwhile.
   */
  notSent(id: string): boolean {
    const isInFlight = this.sending.has(id)
    if (isInFlight) this.returning.add(id)
    return isInFlight
  }

  /**
   * Reports that the connection of a request in flight ended before the answer. Returns `true` if the request waits
   * again after `returned`. Returns `false` if it is given up, because it may have been executed and must not be sent
   * twice, or because it keeps ending connections.
   */
  lost(id: string): boolean {
    const item = this.sending.get(id)
    if (item === undefined || !item.entry.idempotent) return false
    // `lossesAlone` does not survive a crash. `attempts` does.
    const lossesAlone = item.lossesAlone + (item.suspect ? 1 : 0)
    const entry = { ...item.entry, attempts: item.entry.attempts + 1 }
    if (lossesAlone >= maxLossesAlone || entry.attempts >= maxSends) return false
    this.sending.set(id, { ...item, entry, lossesAlone, suspect: true })
    this.returning.add(id)
    return true
  }

  /** Reports that the store has recorded that a request waits again. */
  returned(id: string, stored: Item["stored"]): void {
    const item = this.sending.get(id)
    this.ended(id)
    if (item !== undefined) this.insert([{ ...item, stored }])
  }

  /** Takes back a request that could not be withdrawn. It may have been adopted again meanwhile. */
  keep(item: Item): void {
    const { id } = item.entry
    if (!this.sending.has(id) && !this.waitingIds.has(id)) this.insert([item])
  }

  /** The earliest deadline of the requests that `expire` can remove. `Infinity` if there are none. */
  nextDeadline(): number {
    let earliest = Infinity
    for (const { sendBy } of this.waiting) earliest = Math.min(earliest, sendBy)
    for (const id of this.returning) earliest = Math.min(earliest, this.sending.get(id)?.sendBy ?? Infinity)
    return earliest
  }

  inFlight(): ReadonlyArray<Item> {
    return Array.from(this.sending.values())
  }

  /** All requests, oldest first. */
  all(): ReadonlyArray<Entry> {
    return [...this.sending.values(), ...this.waiting].sort(bySeq).map(({ entry }) => entry)
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
 * What an error shows about a request that was sent. `NotSent`: it was not executed. `Lost`: the connection ended
 * before the answer. `Unknown`: it may have been executed, and no answer will come. `Rejected`: Kuzzle answered with an
 * error.
 */
export const verdict = (error: RequestError): "NotSent" | "Lost" | "Unknown" | "Rejected" => {
  switch (error._tag) {
    case "KuzzleNotSentError":
    case "KuzzleUnauthenticatedError":
    // Kuzzle refused it because of the rate, so it was not executed.
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
