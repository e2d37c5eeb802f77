/** The IndexedDB database of an outbox, as one client uses it. Its methods reject with the errors of the browser. */
import type {
  Adopted,
  Entry,
  Limits,
  NewEntry,
  Outcome,
  Sender,
  StoredReport
} from "@effect-kuzzle/core/KuzzleOutboxStore"
import { maxReports } from "@effect-kuzzle/core/KuzzleOutboxStore"
import type { Neighbours } from "./neighbours.ts"
import * as Row from "./outboxRow.ts"

/** The version of the database. A release that changes the stored format increases it. */
const version = 1

const requests = "requests"
const reports = "reports"

/** A change that may share its transaction with other changes. */
interface Job {
  /** The requests that are loaded before it runs. */
  readonly seqs: ReadonlyArray<string>
  readonly run: (transaction: Transaction) => void | Promise<void>
  readonly resolve: () => void
  readonly reject: (cause: unknown) => void
}

/** The state that the jobs of one transaction read and change. */
class Transaction {
  readonly rows = new Map<string, Row.Row | undefined>()
  private cachedUsage: Promise<Row.Usage> | undefined
  private readonly requests: IDBObjectStore
  readonly reports: IDBObjectStore

  constructor(
    transaction: IDBTransaction,
    /** Whether this is the second attempt. The first one failed, but may have been committed. */
    readonly repeated: boolean
  ) {
    this.requests = transaction.objectStore(requests)
    this.reports = transaction.objectStore(reports)
  }

  async load(seqs: Iterable<string>): Promise<void> {
    await Promise.all(
      Array.from(new Set(seqs), async (seq) => this.rows.set(seq, await result(this.requests.get(seq))))
    )
  }

  requestsOf(partition: string): Promise<Array<Row.Row>> {
    return result(this.requests.index("partition").getAll(partition))
  }

  /** The usage of the store, read once for all jobs of the transaction. */
  usage(): Promise<Row.Usage> {
    // Safe: all keys are texts of `seqOf`.
    return this.cachedUsage ??= result(this.requests.getAllKeys()).then((keys) => Row.usageOf(keys as Array<string>))
  }

  put(row: Row.Row): void {
    this.rows.set(row.seq, row)
    this.requests.put(row)
  }

  delete(seq: string): void {
    this.rows.set(seq, undefined)
    this.requests.delete(seq)
  }

  /** Turns a request into a report. */
  report(row: Row.Row, outcome: Outcome, detail?: string): StoredReport {
    const report = { seq: row.seq, outcome, entry: Row.entryOf(row), detail }
    this.delete(row.seq)
    this.reports.put({ ...report, partition: row.partition } satisfies Row.ReportRow)
    const keys = this.reports.getAllKeys()
    keys.onsuccess = () => keys.result.slice(0, -maxReports).forEach((seq) => this.reports.delete(seq))
    return report
  }
}

export class OutboxDatabase {
  private database: Promise<IDBDatabase> | undefined
  private waiting: Array<Job> = []
  private writing: Promise<void> | undefined
  private lastTime = 0

  constructor(
    private readonly name: string,
    private readonly limits: Limits,
    private readonly neighbours: Neighbours
  ) {}

  /** Fails if the database cannot be used. */
  async open(): Promise<void> {
    await this.connect()
  }

  /** Stores requests. `undefined`: a limit is reached, and nothing was stored. */
  async add(entries: ReadonlyArray<NewEntry>): Promise<ReadonlyArray<Entry> | undefined> {
    // A repeated attempt stores the same rows again, so no request is stored twice.
    let rows: ReadonlyArray<Row.Row> | undefined
    await this.neighbours.withLock(async () => {
      await this.change([], async (transaction) => {
        rows ??= this.admit(entries, await transaction.usage())
        for (const row of rows ?? []) transaction.put(row)
      })
      return (rows ?? []).map(({ seq }) => seq)
    })
    return rows?.map(({ attempts, entry, seq }) => ({ ...entry, seq, attempts }))
  }

  /** The rows of new requests, which are added to `usage`. `undefined` if they exceed a limit. */
  private admit(entries: ReadonlyArray<NewEntry>, usage: Row.Usage): ReadonlyArray<Row.Row> | undefined {
    const count = usage.count + entries.length
    const bytes = entries.reduce((sum, { payload }) => sum + payload.length, usage.bytes)
    if (count > this.limits.maxEntries || bytes > this.limits.maxBytes) return undefined
    Object.assign(usage, { count, bytes })
    this.lastTime = Math.max(this.lastTime, Date.now(), usage.latest)
    const { me: owner } = this.neighbours
    return entries.map((entry) => ({
      seq: Row.seqOf(++this.lastTime, owner, entry),
      owner,
      partition: Row.partitionOf(entry.server, entry.sender),
      sending: false,
      attempts: 0,
      entry
    }))
  }

  mark(seqs: ReadonlyArray<string>): Promise<ReadonlySet<string>> {
    return this.changeOwn(seqs, (row, transaction) => {
      if (row.sending) return transaction.repeated
      transaction.put({ ...row, sending: true })
      return true
    })
  }

  async requeue(seqs: ReadonlyArray<string>, lost: boolean): Promise<void> {
    await this.changeOwn(seqs, (row, transaction) => {
      if (row.sending) transaction.put({ ...row, sending: false, attempts: row.attempts + (lost ? 1 : 0) })
      return true
    })
  }

  async release(seqs: ReadonlyArray<string>): Promise<void> {
    const released: Array<string> = []
    await this.changeOwn(seqs, (row, transaction) => {
      if (row.sending) return false
      transaction.put({ ...row, owner: "" })
      released.push(row.seq)
      return true
    })
    this.neighbours.drop(released)
    if (released.length > 0) this.neighbours.announceRelease()
  }

  async settle(
    seq: string,
    report?: { readonly outcome: Outcome; readonly detail?: string | undefined }
  ): Promise<boolean> {
    const settled = await this.changeOwn([seq], (row, transaction) => {
      if (report === undefined) transaction.delete(seq)
      else transaction.report(row, report.outcome, report.detail)
      return true
    })
    this.neighbours.drop([seq])
    return settled.size > 0
  }

  async withdraw(seq: string): Promise<boolean> {
    const withdrawn = await this.changeOwn([seq], (row, transaction) => {
      if (row.sending || row.attempts > 0) return false
      transaction.delete(seq)
      return true
    })
    if (withdrawn.size > 0) this.neighbours.drop([seq])
    return withdrawn.size > 0
  }

  async adopt(server: string, sender: Sender): Promise<Adopted> {
    const partition = Row.partitionOf(server, sender)
    const abandoned = await this.abandonedRequests(partition)
    const adopted = { entries: new Array<Entry>(), reports: new Array<StoredReport>() }
    if (abandoned.size === 0) return adopted
    await this.neighbours.withLock(async () => {
      await this.change([], async (transaction) => {
        adopted.entries = []
        adopted.reports = []
        for (const row of await transaction.requestsOf(partition)) {
          const owner = abandoned.get(row.seq)
          // A repeated attempt returns the requests that the first one took over.
          const isAbandoned = row.owner === "" || row.owner === owner ||
            transaction.repeated && owner !== undefined && row.owner === this.neighbours.me
          if (!isAbandoned) continue
          const adoptedRow = Row.adoptedRow(row, this.neighbours.me)
          const entry = Row.entryOf(adoptedRow ?? row)
          if (adoptedRow === undefined || entry === undefined) {
            adopted.reports.push(transaction.report(row, entry === undefined ? "Unreadable" : "MaybeSent"))
          } else {
            transaction.put(adoptedRow)
            adopted.entries.push(entry)
          }
        }
      })
      return adopted.entries.map(({ seq }) => seq)
    })
    return adopted
  }

  /**
   * The requests of owners that have gone, each with its owner. Owners that are alive are watched. The requests are
   * read before the locks are checked: an owner without a lock may take one later and store new requests, which are not
   * included.
   */
  private async abandonedRequests(partition: string): Promise<ReadonlyMap<string, string>> {
    const rows: Array<Row.Row> = await this.read(requests, (store) => store.index("partition").getAll(partition))
    const newest = new Map(rows.map(({ owner, seq }) => [owner, Row.timeOf(seq)]))
    newest.delete(this.neighbours.me)
    const gone = new Set<string>()
    for (const [owner, time] of newest) {
      if (owner === "" || await this.neighbours.hasGone(owner, time)) gone.add(owner)
    }
    return new Map(rows.filter(({ owner }) => gone.has(owner)).map(({ owner, seq }) => [seq, owner]))
  }

  async reports(server: string): Promise<ReadonlyArray<StoredReport>> {
    const rows: Array<Row.ReportRow> = await this.read(reports, (store) => store.getAll())
    return rows.filter(({ partition }) => Row.serverOf(partition) === server).map(({ partition: _, ...report }) =>
      report
    )
  }

  async forget(seqs: ReadonlyArray<string>): Promise<void> {
    await this.change([], ({ reports }) => seqs.forEach((seq) => reports.delete(seq)))
  }

  async purge(server: string, sender: Sender): Promise<number> {
    const partition = Row.partitionOf(server, sender)
    const purged = new Set<string>()
    await this.change([], async (transaction) => {
      for (const { sending, seq } of await transaction.requestsOf(partition)) {
        if (sending) continue
        transaction.delete(seq)
        purged.add(seq)
      }
      const rows: Array<Row.ReportRow> = await result(transaction.reports.getAll())
      for (const row of rows) if (row.partition === partition) transaction.reports.delete(row.seq)
    })
    this.neighbours.drop(purged)
    return purged.size
  }

  /** Releases requests that are queued or idempotent, and reports the others. */
  async close(): Promise<void> {
    try {
      const { ownRequests } = this.neighbours
      if (ownRequests.size > 0) {
        await this.changeOwn([...ownRequests], (row, transaction) => {
          const free = Row.adoptedRow(row, "")
          if (free === undefined) transaction.report(row, "MaybeSent")
          else transaction.put(free)
          return true
        })
        this.neighbours.announceRelease()
      }
    } finally {
      this.neighbours.close()
      this.disconnect()
    }
  }

  // -----------------------------------------------------------------------------------------------------------------
  // transactions
  // -----------------------------------------------------------------------------------------------------------------

  /** Runs `act` on the requests that still belong to this client. Returns those for which `act` returned `true`. */
  private async changeOwn(
    seqs: ReadonlyArray<string>,
    act: (row: Row.Row, transaction: Transaction) => boolean
  ): Promise<ReadonlySet<string>> {
    const changed = new Set<string>()
    /** The requests that the first attempt deleted, each with its owner. */
    const deleted = new Map<string, string>()
    await this.change(seqs, (transaction) => {
      const { rows } = transaction
      // Another client may have taken over the changed requests between the first attempt and this one.
      changed.clear()
      for (const seq of seqs) {
        const row = rows.get(seq)
        if (row?.owner === this.neighbours.me && act(row, transaction)) {
          changed.add(seq)
          if (rows.get(seq) === undefined) deleted.set(seq, row.owner)
        } else if (row === undefined && deleted.get(seq) === this.neighbours.me) {
          // The first attempt was committed. No other client takes over a request of an owner that is alive.
          changed.add(seq)
        }
      }
    })
    return changed
  }

  /** Runs a change. One transaction writes at a time, and jobs that arrive meanwhile share the next one. */
  private change(seqs: ReadonlyArray<string>, run: Job["run"]): Promise<void> {
    return new Promise((resolve, reject) => {
      this.waiting.push({ seqs, run, resolve, reject })
      this.writing ??= this.writeAll()
    })
  }

  private async writeAll(): Promise<void> {
    while (this.waiting.length > 0) {
      const jobs = this.waiting
      this.waiting = []
      await this.write(jobs)
    }
    // In the same turn as the check of `waiting`, so no job can be added in between.
    this.writing = undefined
  }

  private async write(jobs: ReadonlyArray<Job>, repeated = false): Promise<void> {
    try {
      await this.transact(jobs, repeated)
    } catch (cause) {
      const isOutOfSpace = isFull(cause)
      // The transaction failed for lack of space. Some jobs need no space, so each gets its own transaction.
      if (isOutOfSpace && jobs.length > 1) {
        for (const job of jobs) await this.write([job])
      } else if (isOutOfSpace || repeated) {
        for (const { reject } of jobs) reject(cause)
      } else {
        // WebKit loses the connection to its database process in the background.
        this.disconnect()
        await this.write(jobs, true)
      }
    }
  }

  private async transact(jobs: ReadonlyArray<Job>, repeated: boolean): Promise<void> {
    const database = await this.connect()
    // By default, Chromium writes to the disk later.
    const raw = database.transaction([requests, reports], "readwrite", { durability: "strict" })
    const ended = new Promise<void>((resolve, reject) => {
      raw.oncomplete = () => resolve()
      // A commit that fails fires no other event.
      raw.onabort = () => reject(raw.error)
    })
    const transaction = new Transaction(raw, repeated)
    const work = (async () => {
      await transaction.load(jobs.flatMap(({ seqs }) => seqs))
      for (const { run } of jobs) await run(transaction)
    })()
    await Promise.all([ended, work.catch((cause) => ended.then(() => Promise.reject(cause)))])
    for (const { resolve } of jobs) resolve()
  }

  private async read<A>(
    store: string,
    request: (store: IDBObjectStore) => IDBRequest<A>,
    repeated = false
  ): Promise<A> {
    try {
      const database = await this.connect()
      return await result(request(database.transaction(store).objectStore(store)))
    } catch (cause) {
      if (repeated) throw cause
      this.disconnect()
      return this.read(store, request, true)
    }
  }

  private connect(): Promise<IDBDatabase> {
    return this.database ??= this.openDatabase().catch((cause) => {
      this.database = undefined
      throw cause
    })
  }

  private disconnect(): void {
    // A connection that could not be opened need not be closed.
    this.database?.then((database) => database.close(), () => {})
    this.database = undefined
  }

  private async openDatabase(): Promise<IDBDatabase> {
    const opening = indexedDB.open(this.name, version)
    opening.onupgradeneeded = () => {
      opening.result.createObjectStore(requests, { keyPath: "seq" }).createIndex("partition", "partition")
      opening.result.createObjectStore(reports, { keyPath: "seq" })
    }
    const database = await result(opening)
    // Another page wants to delete the database, or to open a later version of it.
    database.onversionchange = () => {
      database.close()
      this.database = undefined
    }
    return database
  }
}

const result = <A>(request: IDBRequest<A>): Promise<A> =>
  new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result)
    request.onerror = () => reject(request.error)
  })

const isFull = (cause: unknown): boolean => cause instanceof DOMException && cause.name === "QuotaExceededError"
