/** The rows of an outbox store in memory. Each method is one transaction. `Claim` documents the methods. */
import type { Adopted, Entry, Limits, NewEntry, Outcome, Sender, StoredReport } from "../../KuzzleOutboxStore.ts"
import { adoptedAttempts } from "../../KuzzleOutboxStore.ts"
import { sameSender } from "../data/sender.ts"

interface Row {
  entry: Entry
  /** The client that owns it. `undefined` if it was released. */
  owner: string | undefined
  state: "Queued" | "Sending"
}

/** Whether the request is for this server, as this sender. */
export const isFor = (entry: Entry, server: string, sender: Sender): boolean =>
  entry.server === server && sameSender(entry.sender, sender)

export class OutboxTable {
  private readonly rows = new Map<string, Row>()
  private storedReports = new Map<string, StoredReport>()
  private readonly living = new Set<string>()
  private readonly listeners = new Set<() => void>()
  private count = 0
  private clients = 0
  /** The total size, which is compared with `maxBytes`. */
  private bytes = 0

  /** @param maxReports how many reports are kept */
  constructor(private readonly maxReports: number) {}

  /** Adds a client and returns its name. */
  join(): string {
    const owner = `client ${++this.clients}`
    this.living.add(owner)
    return owner
  }

  /** Reports that a client has crashed. */
  vanish(owner: string): void {
    this.living.delete(owner)
    this.notify()
  }

  /** Reports that a client is closed. */
  leave(owner: string): void {
    for (const row of this.rows.values()) {
      if (row.owner === owner) this.takeOver(row, undefined)
    }
    this.vanish(owner)
  }

  /** Calls `listener` when there may be requests to adopt. Returns a function that removes the listener. */
  listen(listener: () => void): () => void {
    this.listeners.add(listener)
    return () => this.listeners.delete(listener)
  }

  /** Adds requests. Returns `undefined` if they exceed the limits. Then nothing is stored. */
  add(
    owner: string,
    entries: ReadonlyArray<NewEntry>,
    { maxBytes, maxEntries }: Limits
  ): ReadonlyArray<Entry> | undefined {
    if (this.rows.size + entries.length > maxEntries || this.bytes + sizeOf(entries) > maxBytes) return undefined
    return entries.map((entry) => {
      const stored: Entry = { ...entry, seq: String(++this.count).padStart(12, "0"), attempts: 0 }
      this.rows.set(stored.seq, { entry: stored, owner, state: "Queued" })
      this.bytes += sizeOf([stored])
      return stored
    })
  }

  mark(owner: string, seqs: ReadonlyArray<string>): ReadonlySet<string> {
    return new Set(seqs.filter((seq) => {
      const row = this.own(owner, seq)
      if (row?.state !== "Queued") return false
      row.state = "Sending"
      return true
    }))
  }

  requeue(owner: string, seqs: ReadonlyArray<string>, lost: boolean): void {
    for (const seq of seqs) {
      const row = this.own(owner, seq)
      if (row?.state !== "Sending") continue
      row.state = "Queued"
      if (lost) row.entry = { ...row.entry, attempts: row.entry.attempts + 1 }
    }
  }

  settle(owner: string, seq: string, outcome: Outcome | undefined, detail: string | undefined): boolean {
    const row = this.own(owner, seq)
    if (row === undefined) return false
    if (outcome === undefined) this.delete(row)
    else this.report(row, outcome, detail)
    return true
  }

  withdraw(owner: string, seq: string): boolean {
    const row = this.own(owner, seq)
    if (row?.state !== "Queued" || row.entry.attempts > 0) return false
    this.delete(row)
    return true
  }

  adopt(owner: string, server: string, sender: Sender): Adopted {
    const entries: Array<Entry> = []
    const reports: Array<StoredReport> = []
    for (const row of this.rows.values()) {
      if (this.isTaken(row, owner) || !isFor(row.entry, server, sender)) continue
      const report = this.takeOver(row, owner)
      if (report === undefined) entries.push(row.entry)
      else reports.push(report)
    }
    return { entries, reports }
  }

  release(owner: string, seqs: ReadonlyArray<string>): void {
    for (const seq of seqs) {
      const row = this.own(owner, seq)
      if (row?.state === "Queued") row.owner = undefined
    }
    this.notify()
  }

  reports(server: string): ReadonlyArray<StoredReport> {
    return Array.from(this.storedReports.values()).filter(({ entry }) => entry?.server === server)
  }

  forget(seqs: ReadonlyArray<string>): void {
    for (const seq of seqs) this.storedReports.delete(seq)
  }

  purge(server: string, sender: Sender): number {
    let purged = 0
    for (const row of this.rows.values()) {
      if (row.state !== "Queued" || !isFor(row.entry, server, sender)) continue
      this.delete(row)
      purged += 1
    }
    for (const [seq, { entry }] of this.storedReports) {
      if (entry !== undefined && isFor(entry, server, sender)) this.storedReports.delete(seq)
    }
    return purged
  }

  /** Whether the row belongs to a living client, or to the client that asks. The latter may wrongly count as dead. */
  private isTaken(row: Row, client: string): boolean {
    return row.owner !== undefined && (row.owner === client || this.living.has(row.owner))
  }

  private own(owner: string, seq: string): Row | undefined {
    const row = this.rows.get(seq)
    return row?.owner === owner ? row : undefined
  }

  /** Takes over a row. Returns a report if the request may have been sent. */
  private takeOver(row: Row, owner: string | undefined): StoredReport | undefined {
    const { entry } = row
    const attempts = adoptedAttempts({ ...entry, sending: row.state === "Sending" })
    if (attempts === undefined) return this.report(row, "MaybeSent")
    row.entry = { ...entry, attempts }
    row.owner = owner
    row.state = "Queued"
    return undefined
  }

  private report(row: Row, outcome: Outcome, detail?: string): StoredReport {
    const { entry } = row
    const report: StoredReport = { seq: entry.seq, outcome, entry, detail }
    this.delete(row)
    this.storedReports.set(entry.seq, report)
    this.storedReports = new Map(Array.from(this.storedReports).slice(-this.maxReports))
    return report
  }

  private delete({ entry }: Row): void {
    this.rows.delete(entry.seq)
    this.bytes -= sizeOf([entry])
  }

  private notify(): void {
    for (const listener of this.listeners) listener()
  }
}

/** The size of a request, as it counts for `maxBytes`. */
export const sizeOf = (entries: ReadonlyArray<NewEntry>): number =>
  entries.reduce((size, { payload }) => size + payload.length, 0)
