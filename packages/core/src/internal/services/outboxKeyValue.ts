/**
 * An outbox store for one client on a `KeyValueStore`, which has neither transactions nor a list of its keys. Each
 * request has a key of its own. Two records contain the bounds of the keys. They are written alternately, so that one
 * survives if a crash tears the other.
 */
import type * as KeyValueStore from "@effect/platform/KeyValueStore"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Queue from "effect/Queue"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { OutboxError } from "../../KuzzleError.ts"
import {
  type Adopted,
  adoptedAttempts,
  type Claim,
  type Entry,
  fullError,
  type KuzzleOutboxStoreShape,
  type Limits,
  maxReports,
  type NewEntry,
  type Outcome,
  type Sender,
  type StoredReport
} from "../../KuzzleOutboxStore.ts"
import * as KeyValue from "./keyValue.ts"
import { isFor, sizeOf } from "./outboxTable.ts"

/** The keys that a client of this process uses. */
export const inUse = new Set<string>()

/** The version of the format, for later releases. */
const version = 1

/** By how many keys the bounds are moved at once, so that not every request writes two records. */
const block = 64

interface Row {
  readonly _tag: "Request"
  readonly entry: Entry
  readonly sending: boolean
}

interface ReportRow extends StoredReport {
  readonly _tag: "Report"
  readonly server: string
}

type Failure = KeyValue.Failure | OutboxError

export const make = (values: KeyValueStore.KeyValueStore, key: string): KuzzleOutboxStoreShape => ({
  open: (limits) =>
    Effect.gen(function*() {
      yield* exclusively(key)
      const changes = yield* Effect.acquireRelease(Queue.dropping<void>(1), Queue.shutdown)
      const single = yield* Effect.makeSemaphore(1)
      const outbox = new Outbox(values, key, limits)
      /** Makes one change at a time, each uninterruptibly. */
      const attempt = <A>(operation: OutboxError["operation"], effect: Effect.Effect<A, Failure>) =>
        Effect.uninterruptible(single.withPermits(1)(Effect.mapError(effect, explained(key, operation))))
      yield* attempt("open", outbox.load)
      // If this fails, the next client takes the requests over, as after a crash.
      yield* Effect.addFinalizer(() => Effect.ignoreLogged(attempt("release", outbox.close)))
      const claim: Claim = {
        add: (entries) => attempt("add", outbox.add(entries)),
        mark: (seqs) => attempt("mark", outbox.mark(seqs)),
        requeue: (seqs, lost) => attempt("requeue", outbox.requeue(seqs, lost)),
        settle: (seq, report) => attempt("settle", outbox.settle(seq, report)),
        withdraw: (seq) => attempt("settle", outbox.withdraw(seq)),
        adopt: (server, sender) => attempt("adopt", outbox.adopt(server, sender)),
        release: (seqs) => Effect.zipRight(attempt("release", outbox.release(seqs)), Queue.offer(changes, undefined)),
        changes: Stream.fromQueue(changes),
        reports: (server) => attempt("report", outbox.reports(server)),
        forget: (seqs) => attempt("report", outbox.forget(seqs)),
        purge: (server, sender) => attempt("purge", outbox.purge(server, sender))
      }
      return claim
    })
})

/** Claims the key for one client of this process. Two clients would overwrite each other's records. */
const exclusively = (key: string): Effect.Effect<void, OutboxError, Scope.Scope> =>
  Effect.asVoid(Effect.acquireRelease(
    Effect.suspend(() =>
      inUse.has(key)
        ? Effect.fail(
          new OutboxError({
            operation: "open",
            reason: "InUse",
            issue: `another client of this process uses the key ${key}: close it first, or give each client its own key`
          })
        )
        : Effect.sync(() => inUse.add(key))
    ),
    () => Effect.sync(() => inUse.delete(key))
  ))

const explained = (key: string, operation: OutboxError["operation"]) => (cause: Failure): OutboxError => {
  if (cause._tag === "KuzzleOutboxError") return cause
  const full = /quota|full|no space/i.test(cause.message)
  const issue = full ? "it is full: free some space" : "it failed"
  return new OutboxError({
    operation,
    reason: full ? "Full" : "Failed",
    issue: `the KeyValueStore with the key ${key}: ${issue} (${cause.message})`,
    cause
  })
}

class Outbox {
  private readonly rows = new Map<string, Row>()
  private readonly reportRows = new Map<string, ReportRow>()
  /** The numbers of records that cannot be read. */
  private readonly torn = new Set<string>()
  /** The requests of this client. All other rows were released, or belong to an earlier client. */
  private readonly ownSeqs = new Set<string>()
  /** The reports of a call of `adopt` that failed midway. The next call returns them. */
  private readonly unreturnedReports: Array<StoredReport> = []
  /**
   * The number of the next request, and the number up to which the bounds reach. Numbers of requests that have ended
   * are used again.
   */
  private next = 0
  private bound = 0
  /** How often the bounds were written. */
  private turn = 0

  constructor(
    private readonly values: KeyValueStore.KeyValueStore,
    private readonly key: string,
    private readonly limits: Limits
  ) {}

  // -----------------------------------------------------------------------------------------------------------------
  // the records
  // -----------------------------------------------------------------------------------------------------------------

  readonly load: Effect.Effect<void, Failure> = Effect.gen(this, function*() {
    const texts = [yield* KeyValue.get(this.values, `${this.key}/a`), yield* KeyValue.get(this.values, `${this.key}/b`)]
    const all = texts.map((text) => boundsOf(Option.getOrElse(text, () => "")))
    if (all.some((bounds) => bounds !== undefined && bounds.version > version)) {
      return yield* unavailable(`a later release has written ${this.key}: update this one, or use another key`)
    }
    const newest = all.reduce((one, other) => (other?.turn ?? -1) > (one?.turn ?? -1) ? other : one, undefined)
    if (newest === undefined && texts.every(Option.isSome)) {
      return yield* unavailable(
        `the records ${this.key}/a and ${this.key}/b are damaged, or another application's: ` +
          `remove them, or use another key`
      )
    }
    this.turn = newest?.turn ?? 0
    this.bound = newest?.bound ?? 0
    this.next = newest?.first ?? 0
    // If the newest bounds are torn, keys beyond the older bounds may be in use, so these are read, too.
    let end = this.bound + block
    for (let number = this.next; number < end; number++) {
      const seq = seqOf(number)
      const text = yield* KeyValue.get(this.values, this.at(seq))
      if (Option.isNone(text)) continue
      this.next = number + 1
      end = Math.max(end, number + block)
      const row = rowOf(text.value, seq)
      if (row === undefined) this.torn.add(seq)
      else if (row._tag === "Request") this.rows.set(seq, row)
      else this.reportRows.set(seq, row)
    }
  })

  private at(seq: string): string {
    return `${this.key}/${seq}`
  }

  /** Writes a row. Marking a request changes one letter, so it needs no additional space. */
  private write({ entry, sending }: Row): Effect.Effect<void, Failure> {
    return this.values.set(this.at(entry.seq), (sending ? "s" : "q") + JSON.stringify(entry))
  }

  private put(row: Row): Effect.Effect<void, Failure> {
    return Effect.map(this.write(row), () => void this.rows.set(row.entry.seq, row))
  }

  private remove(seq: string): Effect.Effect<void, Failure> {
    return KeyValue.remove(this.values, this.at(seq))
  }

  private delete(seq: string): Effect.Effect<void, Failure> {
    return Effect.map(this.remove(seq), () => {
      this.ownSeqs.delete(seq)
      this.rows.delete(seq)
      this.reportRows.delete(seq)
    })
  }

  private report(report: StoredReport, server: string): Effect.Effect<StoredReport, Failure> {
    return Effect.gen(this, function*() {
      const { seq } = report
      yield* this.values.set(this.at(seq), "r" + JSON.stringify({ ...report, server }))
      this.ownSeqs.delete(seq)
      this.rows.delete(seq)
      this.torn.delete(seq)
      this.reportRows.set(seq, { ...report, server, _tag: "Report" })
      const oldest = Array.from(this.reportRows.keys()).sort().slice(0, -maxReports)
      // Reports that cannot be deleted now are dropped with the next report.
      yield* Effect.ignore(Effect.forEach(oldest, (seq) => this.delete(seq)))
      return report
    })
  }

  /** Moves the bounds for this many requests, before any of them is written. */
  private reserve(count: number): Effect.Effect<void, Failure> {
    if (this.next + count <= this.bound) return Effect.void
    const bound = this.next + count + block
    const first = [...this.rows.keys(), ...this.reportRows.keys(), ...this.torn].reduce(
      (least, seq) => Math.min(least, Number(seq)),
      this.next
    )
    const turn = this.turn + 1
    return Effect.map(
      this.values.set(`${this.key}/${turn % 2 === 0 ? "a" : "b"}`, JSON.stringify({ version, turn, first, bound })),
      () => {
        this.turn = turn
        this.bound = bound
      }
    )
  }

  // -----------------------------------------------------------------------------------------------------------------
  // the methods of a claim
  // -----------------------------------------------------------------------------------------------------------------

  add(entries: ReadonlyArray<NewEntry>): Effect.Effect<ReadonlyArray<Entry>, Failure> {
    return Effect.gen(this, function*() {
      const bytes = sizeOf(Array.from(this.rows.values(), ({ entry }) => entry)) + sizeOf(entries)
      const { maxBytes, maxEntries } = this.limits
      if (this.rows.size + entries.length > maxEntries || bytes > maxBytes) {
        return yield* fullError(this.limits)
      }
      yield* this.reserve(entries.length)
      const rows = entries.map((entry): Row => ({
        _tag: "Request",
        sending: false,
        entry: { ...entry, seq: seqOf(this.next++), attempts: 0 }
      }))
      yield* Effect.tapError(
        Effect.forEach(rows, (row) => this.write(row)),
        // All or none.
        () => Effect.forEach(rows, ({ entry }) => Effect.ignore(this.remove(entry.seq)))
      )
      for (const row of rows) {
        this.rows.set(row.entry.seq, row)
        this.ownSeqs.add(row.entry.seq)
      }
      return rows.map(({ entry }) => entry)
    })
  }

  mark(seqs: ReadonlyArray<string>): Effect.Effect<ReadonlySet<string>, Failure> {
    return Effect.gen(this, function*() {
      const queued = this.own(seqs, false)
      yield* Effect.tapError(
        Effect.forEach(queued, (row) => this.write({ ...row, sending: true })),
        () => Effect.forEach(queued, (row) => Effect.ignore(this.write(row)))
      )
      for (const row of queued) this.rows.set(row.entry.seq, { ...row, sending: true })
      return new Set(queued.map(({ entry }) => entry.seq))
    })
  }

  requeue(seqs: ReadonlyArray<string>, lost: boolean): Effect.Effect<void, Failure> {
    return Effect.forEach(this.own(seqs, true), (row) => {
      const attempts = row.entry.attempts + (lost ? 1 : 0)
      return this.put({ ...row, sending: false, entry: { ...row.entry, attempts } })
    }, { discard: true })
  }

  settle(
    seq: string,
    report?: { readonly outcome: Outcome; readonly detail?: string | undefined }
  ): Effect.Effect<boolean, Failure> {
    return Effect.suspend((): Effect.Effect<boolean, Failure> => {
      const row = this.ownSeqs.has(seq) ? this.rows.get(seq) : undefined
      if (row === undefined) return Effect.succeed(false)
      const { entry } = row
      const settling = report === undefined
        ? this.delete(seq)
        : this.report({ seq, entry, outcome: report.outcome, detail: report.detail }, entry.server)
      return Effect.as(settling, true)
    })
  }

  withdraw(seq: string): Effect.Effect<boolean, Failure> {
    return Effect.suspend(() => {
      const unsent = this.own([seq], false).some(({ entry }) => entry.attempts === 0)
      return unsent ? Effect.as(this.delete(seq), true) : Effect.succeed(false)
    })
  }

  adopt(server: string, sender: Sender): Effect.Effect<Adopted, Failure> {
    return Effect.gen(this, function*() {
      const entries: Array<Entry> = []
      // The sender of an unreadable record is unknown, so every client gets the report.
      for (const seq of this.torn) {
        this.unreturnedReports.push(
          yield* this.report({ seq, outcome: "Unreadable", entry: undefined, detail: undefined }, server)
        )
      }
      for (const row of this.rows.values()) {
        if (this.ownSeqs.has(row.entry.seq) || !isFor(row.entry, server, sender)) continue
        const taken = yield* this.takeOver(row)
        if ("outcome" in taken) this.unreturnedReports.push(taken)
        else entries.push(taken)
      }
      // Nothing may fail from here on, so that the caller gets all requests that are this client's now.
      for (const { seq } of entries) this.ownSeqs.add(seq)
      return { entries, reports: this.unreturnedReports.splice(0) }
    })
  }

  private takeOver(row: Row): Effect.Effect<Entry | StoredReport, Failure> {
    const { entry, sending } = row
    const attempts = adoptedAttempts({ ...entry, sending })
    if (attempts === undefined) {
      return this.report({ seq: entry.seq, outcome: "MaybeSent", entry, detail: undefined }, entry.server)
    }
    if (!sending) return Effect.succeed(entry)
    const taken = { ...entry, attempts }
    return Effect.as(this.put({ ...row, entry: taken, sending: false }), taken)
  }

  release(seqs: ReadonlyArray<string>): Effect.Effect<void, Failure> {
    return Effect.sync(() => this.own(seqs, false).forEach(({ entry }) => this.ownSeqs.delete(entry.seq)))
  }

  reports(server: string): Effect.Effect<ReadonlyArray<StoredReport>, Failure> {
    return Effect.sync(() =>
      Array.from(this.reportRows.values())
        .filter((report) => report.server === server)
        .map(({ detail, entry, outcome, seq }) => ({ seq, outcome, entry, detail }))
        .sort((one, other) => one.seq < other.seq ? -1 : 1)
    )
  }

  forget(seqs: ReadonlyArray<string>): Effect.Effect<void, Failure> {
    return Effect.suspend(() =>
      Effect.forEach(seqs.filter((seq) => this.reportRows.has(seq)), (seq) => this.delete(seq), { discard: true })
    )
  }

  purge(server: string, sender: Sender): Effect.Effect<number, Failure> {
    return Effect.gen(this, function*() {
      const queued = Array.from(this.rows.values()).filter(({ entry, sending }) =>
        !sending && isFor(entry, server, sender)
      )
      yield* Effect.forEach(queued, ({ entry }) => this.delete(entry.seq))
      for (const { entry, seq } of this.reportRows.values()) {
        if (entry !== undefined && isFor(entry, server, sender)) yield* this.delete(seq)
      }
      return queued.length
    })
  }

  readonly close: Effect.Effect<void, Failure> = Effect.suspend(() =>
    Effect.forEach(this.own(Array.from(this.ownSeqs), true), (row) => this.takeOver(row), { discard: true })
  )

  private own(seqs: ReadonlyArray<string>, sending: boolean): ReadonlyArray<Row> {
    return seqs.flatMap((seq) => {
      const row = this.ownSeqs.has(seq) ? this.rows.get(seq) : undefined
      return row?.sending === sending ? [row] : []
    })
  }
}

const unavailable = (issue: string) => new OutboxError({ operation: "open", reason: "Unavailable", issue })

const seqOf = (number: number): string => String(number).padStart(15, "0")

const objectOf = (text: string): { readonly [member: string]: unknown } | undefined => {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === "object" && value !== null ? { ...value } : undefined
  } catch {
    return undefined // The record is torn.
  }
}

const boundsOf = (text: string) => {
  const { bound, first, turn, version }: { readonly [member: string]: unknown } = objectOf(text) ?? {}
  return typeof version === "number" && typeof turn === "number" && typeof first === "number" &&
      typeof bound === "number"
    ? { version, turn, first, bound }
    : undefined
}

/** Reads a record. Returns `undefined` if it is damaged. */
const rowOf = (text: string, seq: string): Row | ReportRow | undefined => {
  const state = text[0]
  const record: unknown = objectOf(text.slice(1))
  if (state === "q" || state === "s") {
    return isEntry(record, seq) ? { _tag: "Request", entry: record, sending: state === "s" } : undefined
  }
  const { detail, entry, outcome, server } = objectOf(text.slice(1)) ?? {}
  if (state !== "r" || typeof server !== "string" || !isOutcome(outcome)) return undefined
  return {
    _tag: "Report",
    seq,
    server,
    outcome,
    entry: isEntry(entry, seq) ? entry : undefined,
    detail: typeof detail === "string" ? detail : undefined
  }
}

const isOutcome = (value: unknown): value is Outcome =>
  value === "MaybeSent" || value === "Expired" || value === "Rejected" || value === "Unreadable"

const isEntry = (record: unknown, seq: string): record is Entry => {
  // Each member is checked.
  const entry = (record ?? {}) as Partial<Entry>
  const { attempts, id, idempotent, payload, queuedAt, sendBy, sender, server } = entry
  return entry.seq === seq && typeof id === "string" && typeof server === "string" && typeof payload === "string" &&
    typeof idempotent === "boolean" && typeof queuedAt === "number" && typeof sendBy === "number" &&
    typeof attempts === "number" &&
    (sender?._tag === "Anonymous" || sender?._tag === "User" && typeof sender.kuid === "string")
}
