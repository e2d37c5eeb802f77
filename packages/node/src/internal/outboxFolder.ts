/** The folder of an outbox, as one client uses it. Its methods reject with the errors of Node. */
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
import { randomBytes } from "node:crypto"
import * as Fs from "node:fs"
import * as Path from "node:path"
import { Neighbours } from "./neighbours.ts"
import * as File from "./outboxFile.ts"
import * as PrivateFile from "./privateFile.ts"

const { lstat, mkdir, open, readdir, readFile, realpath, rename, rm, unlink } = Fs.promises

/** How many files are open at once: a process may have few (1,024 is common). */
const parallel = 32

/** Milliseconds after its creation in which a socket that does not answer still counts as alive. */
const newSocket = 60_000

/** A later release of this package has written into the folder. */
export class NewerVersion extends Error {}

interface Call {
  readonly entries: ReadonlyArray<NewEntry>
  /** `undefined`: a limit of the outbox is reached. A full disk rejects the call instead. */
  readonly resolve: (entries: ReadonlyArray<Entry> | undefined) => void
  readonly reject: (cause: unknown) => void
}

export class OutboxFolder {
  /** The files of this client's requests. */
  private readonly own = new Map<string, File.Name>()
  private watcher: Fs.FSWatcher | undefined
  /** Calls that the next group stores. */
  private waiting: Array<Call> = []
  private adding: Promise<void> | undefined
  private nextSync: Promise<void> | undefined
  private lastSync: Promise<void> = Promise.resolve()
  private lastTime = 0
  private count = 0

  private constructor(
    private readonly path: string,
    /** The folder stays open, so that syncing a change cannot fail because too many files are open. */
    private readonly directory: Fs.promises.FileHandle | undefined,
    private readonly limits: Limits,
    readonly me: string,
    readonly neighbours: Neighbours,
    private readonly changed: () => void
  ) {}

  static async open(path: string, limits: Limits, changed: () => void): Promise<OutboxFolder> {
    await mkdir(path, { recursive: true, mode: PrivateFile.folderMode })
    const real = await realpath(path)
    const newer = (await readdir(real)).find(File.isNewer)
    if (newer !== undefined) throw new NewerVersion(newer)
    const me = randomBytes(16).toString("hex")
    const neighbours = new Neighbours(real, me, changed)
    // Windows cannot open a folder. Its file systems journal renames, so they need no sync.
    const directory = process.platform === "win32" ? undefined : await open(real, "r")
    const folder = new OutboxFolder(real, directory, limits, me, neighbours, changed)
    try {
      await neighbours.listen()
      folder.watch()
      await folder.tidy()
    } catch (cause) {
      await folder.end()
      throw cause
    }
    return folder
  }

  private watch(): void {
    this.watcher = Fs.watch(this.path, { persistent: false }, (_, file) => this.handleEvent(file))
    // The folder was removed: the next access fails with that error.
    this.watcher.on("error", () => {})
  }

  /** Removes unfinished files and sockets of killed clients. */
  private async tidy(): Promise<void> {
    await each(await readdir(this.path), async (file) => {
      const path = Path.join(this.path, file)
      const owner = File.parse(file.slice(0, -File.unfinished.length))?.owner
      if (file.endsWith(File.unfinished) && owner !== undefined) {
        if (await this.neighbours.hasGone(owner)) await rm(path, { force: true })
      } else if (/^[0-9a-f]{32}\.sock$/.test(file)) {
        // A new socket may be bound, but not listen yet.
        const age = Date.now() - (await lstat(path).then(({ mtimeMs }) => mtimeMs, () => Infinity))
        if (age > newSocket) await this.neighbours.hasGone(file.slice(0, -".sock".length))
      }
    })
  }

  private async end(): Promise<void> {
    this.watcher?.close()
    await this.neighbours.close()
    await this.directory?.close()
  }

  // -----------------------------------------------------------------------------------------------------------------
  // the requests of this client
  // -----------------------------------------------------------------------------------------------------------------

  /** Stores requests. Calls that arrive while a group is being stored form the next group. */
  add(entries: ReadonlyArray<NewEntry>): Promise<ReadonlyArray<Entry> | undefined> {
    return new Promise((resolve, reject) => {
      this.waiting.push({ entries, resolve, reject })
      this.adding ??= this.addAll()
    })
  }

  private async addAll(): Promise<void> {
    while (this.waiting.length > 0) {
      const group = this.waiting
      this.waiting = []
      try {
        await this.addGroup(group)
      } catch (cause) {
        for (const { reject } of group) reject(cause)
      }
    }
    // In the same turn as the check of `waiting`, so no call can be added in between.
    this.adding = undefined
  }

  private async addGroup(group: ReadonlyArray<Call>): Promise<void> {
    const names = await this.list()
    let { bytes, count } = File.usageOf(names)
    const latest = names.at(-1)
    this.lastTime = Math.max(this.lastTime, Date.now(), latest === undefined ? 0 : File.timeOf(latest.seq))
    const admitted: Array<{ readonly call: Call; readonly files: ReadonlyArray<readonly [File.Name, NewEntry]> }> = []
    for (const call of group) {
      const added = call.entries.reduce((sum, { payload }) => sum + payload.length, 0)
      if (count + call.entries.length > this.limits.maxEntries || bytes + added > this.limits.maxBytes) {
        call.resolve(undefined)
        continue
      }
      count += call.entries.length
      bytes += added
      admitted.push({
        call,
        files: call.entries.map((entry) => [File.nameOf(entry, this.nextSeq(), this.me), entry] as const)
      })
    }
    const failures = new Map<string, unknown>()
    await each(admitted.flatMap(({ files }) => files), async ([name, entry]) => {
      try {
        await this.write(name, File.encode(entry))
      } catch (cause) {
        failures.set(name.seq, cause)
      }
    })
    const stored: typeof admitted = []
    for (const accepted of admitted) {
      const failed = accepted.files.find(([{ seq }]) => failures.has(seq))
      if (failed === undefined) stored.push(accepted)
      else {
        await this.undo(accepted.files)
        accepted.call.reject(failures.get(failed[0].seq))
      }
    }
    try {
      if (stored.length > 0) await this.sync()
    } catch (cause) {
      // The calls fail, so none of their requests may be sent later.
      for (const { files } of stored) await this.undo(files)
      throw cause
    }
    for (const { call, files } of stored) {
      for (const [name] of files) this.own.set(name.seq, name)
      call.resolve(files.map(([{ seq }, entry]) => ({ ...entry, seq, attempts: 0 })))
    }
  }

  private undo(files: ReadonlyArray<readonly [File.Name, NewEntry]>): Promise<void> {
    return each(files, ([name]) => rm(this.pathOf(name), { force: true }))
  }

  private nextSeq(): string {
    if (this.count === 999_999) {
      this.count = 0
      this.lastTime += 1
    }
    return File.seqOf(this.lastTime, this.count++, this.me)
  }

  async mark(seqs: ReadonlyArray<string>): Promise<ReadonlySet<string>> {
    const marked = await this.change(
      seqs,
      (name) => name.state === "queued" ? { ...name, state: "sending" } : undefined
    )
    return new Set(marked.map(({ seq }) => seq))
  }

  async requeue(seqs: ReadonlyArray<string>, lost: boolean): Promise<void> {
    await this.change(
      seqs,
      (name) =>
        name.state === "sending" ? { ...name, state: "queued", attempts: name.attempts + (lost ? 1 : 0) } : undefined
    )
  }

  async release(seqs: ReadonlyArray<string>): Promise<void> {
    await this.change(seqs, (name) => name.state === "queued" ? { ...name, owner: File.free } : undefined)
  }

  async settle(
    seq: string,
    report?: { readonly outcome: Outcome; readonly detail?: string | undefined }
  ): Promise<boolean> {
    const name = this.own.get(seq)
    if (name === undefined) return false
    if (report === undefined) return this.delete(name)
    const reported = { ...name, owner: File.none, state: report.outcome }
    const ours = await this.move(name, reported)
    if (ours) {
      // If the rest fails, the call can be repeated.
      this.own.set(seq, reported)
      if (report.detail !== undefined) await this.appendDetail(reported, report.detail)
      await this.sync()
      await this.trim()
    }
    this.own.delete(seq)
    return ours
  }

  async withdraw(seq: string): Promise<boolean> {
    const name = this.own.get(seq)
    return name?.state === "queued" && name.attempts === 0 ? this.delete(name) : false
  }

  private async delete(name: File.Name): Promise<boolean> {
    const removed = await this.remove(name)
    this.own.delete(name.seq)
    // A request that was not sent must not reappear after a power failure. A request that was sent may: its state is
    // still `sending`.
    if (name.state === "queued") await this.sync()
    return removed
  }

  /** Appends the detail to a report. If the disk is full, the report has no detail. */
  private async appendDetail(name: File.Name, detail: string): Promise<void> {
    try {
      await Fs.promises.appendFile(this.pathOf(name), File.encodeDetail(detail))
    } catch (cause) {
      if (!isNoSpace(cause)) throw cause
    }
  }

  /**
   * Renames the files of this client for which `next` returns a name. If one rename fails, the others are undone.
   * Returns the new names of the files that still belonged to this client.
   */
  private async change(
    seqs: ReadonlyArray<string>,
    next: (name: File.Name) => File.Name | undefined
  ): Promise<ReadonlyArray<File.Name>> {
    const changed: Array<{ readonly from: File.Name; readonly to: File.Name }> = []
    try {
      await each(seqs, async (seq) => {
        const from = this.own.get(seq)
        const to = from && next(from)
        if (from === undefined || to === undefined) return
        if (await this.move(from, to)) changed.push({ from, to })
        else this.own.delete(seq)
      })
      if (changed.length > 0) await this.sync()
    } catch (cause) {
      await each(changed, async ({ from, to }) => {
        if (!await this.move(to, from)) this.own.delete(from.seq)
      })
      throw cause
    }
    for (const { to } of changed) {
      if (to.owner === this.me) this.own.set(to.seq, to)
      else this.own.delete(to.seq)
    }
    return changed.map(({ to }) => to)
  }

  // -----------------------------------------------------------------------------------------------------------------
  // the requests of others, and reports
  // -----------------------------------------------------------------------------------------------------------------

  async adopt(server: string, sender: Sender): Promise<Adopted> {
    const of = { server: File.serverHash(server), sender: File.senderHash(sender) }
    const others = (await this.list()).filter((name) =>
      hasOrigin(name, of) && !File.isReport(name) && name.owner !== this.me
    )
    const gone = new Set<string>([File.free])
    await each([...new Set(others.map(({ owner }) => owner))], async (owner) => {
      if (owner !== File.free && await this.neighbours.hasGone(owner)) gone.add(owner)
    })
    const entries: Array<Entry> = []
    const reports: Array<StoredReport> = []
    const failures: Array<unknown> = []
    await each(others.filter(({ owner }) => gone.has(owner)), async (name) => {
      try {
        const adopted = await this.takeOver(name)
        if (adopted === undefined) return
        if ("outcome" in adopted) reports.push(adopted)
        else entries.push(adopted)
      } catch (cause) {
        failures.push(cause)
      }
    })
    if (failures.length > 0) {
      if (entries.length + reports.length === 0) throw failures[0]
      // The next call takes over the rest, or fails.
      this.changed()
    }
    // The new names need not be durable: after a power failure the requests are adopted again.
    if (reports.length > 0) await this.trim().catch(ignore)
    return { entries: entries.sort(bySeq), reports: reports.sort(bySeq) }
  }

  private async takeOver(name: File.Name): Promise<Entry | StoredReport | undefined> {
    // The file is read first, so that a temporary error changes nothing.
    const content = await this.read(name)
    if (content === "Gone") return undefined
    const adopted: File.Name = content === undefined
      ? { ...name, owner: File.none, state: "Unreadable" }
      : File.adoptedName(name, this.me)
    if (!await this.move(name, adopted)) return undefined
    if (content === undefined || File.isReport(adopted)) return reportOf(adopted, content)
    this.own.set(adopted.seq, adopted)
    return { ...content.entry, attempts: adopted.attempts }
  }

  async reports(server: string): Promise<ReadonlyArray<StoredReport>> {
    const hash = File.serverHash(server)
    const reports: Array<StoredReport> = []
    await each(
      (await this.list()).filter((name) => File.isReport(name) && name.server === hash),
      async (name) => {
        const content = await this.read(name)
        if (content !== "Gone") reports.push(reportOf(name, content))
      }
    )
    return reports.sort(bySeq)
  }

  async forget(seqs: ReadonlyArray<string>): Promise<void> {
    const forgotten = new Set(seqs)
    await each(
      (await this.list()).filter((name) => File.isReport(name) && forgotten.has(name.seq)),
      (name) => this.remove(name)
    )
  }

  async purge(server: string, sender: Sender): Promise<number> {
    const of = { server: File.serverHash(server), sender: File.senderHash(sender) }
    let purged = 0
    let missed: boolean
    do {
      missed = false
      await each(
        (await this.list()).filter((name) => hasOrigin(name, of) && name.state !== "sending"),
        async (name) => {
          // Another client has renamed it: list the folder again.
          if (await this.remove(name)) {
            this.own.delete(name.seq)
            if (name.state === "queued") purged += 1
          } else missed = true
        }
      )
    } while (missed)
    await this.sync()
    return purged
  }

  /** Releases requests that are queued or idempotent, and reports the others. */
  async close(): Promise<void> {
    await this.adding
    try {
      const names = (await this.list()).filter(({ owner }) => owner === this.me)
      await each(names, (name) => this.move(name, File.adoptedName(name, File.free)))
      if (names.length > 0) await this.sync()
    } finally {
      await this.end()
    }
  }

  /** Handles an event of the folder: a file has appeared, or has a new name. */
  private handleEvent(file: string | null): void {
    const name = file === null ? undefined : File.parse(file)
    if (name === undefined || File.isReport(name) || name.owner === this.me) return
    if (name.owner === File.free) return this.changed()
    if (this.neighbours.isKnown(name.owner)) return
    void this.neighbours.hasGone(name.owner).then((gone) => {
      if (gone) this.changed()
    })
  }

  /** Drops the oldest reports beyond the limit. */
  private async trim(): Promise<void> {
    const reports = (await this.list()).filter(File.isReport)
    await each(reports.slice(0, Math.max(0, reports.length - maxReports)), (name) => this.remove(name))
  }

  // -----------------------------------------------------------------------------------------------------------------
  // files
  // -----------------------------------------------------------------------------------------------------------------

  private pathOf(name: File.Name): string {
    return Path.join(this.path, File.format(name))
  }

  /** The names of all files of the outbox, oldest first. */
  private async list(): Promise<ReadonlyArray<File.Name>> {
    return (await readdir(this.path)).sort().map(File.parse).filter((name) => name !== undefined)
  }

  /**
   * Reads a file. `undefined`: it is damaged. `"Gone"`: another client has renamed or deleted it meanwhile. Rejects
   * with any other error, because it may be temporary.
   */
  private async read(name: File.Name): Promise<File.Content | "Gone" | undefined> {
    try {
      return File.decode(await readFile(this.pathOf(name), "utf8"), name)
    } catch (cause) {
      if (isGone(cause)) return "Gone"
      if (damageCodes.has(codeOf(cause))) return undefined
      throw cause
    }
  }

  private write(name: File.Name, text: string): Promise<void> {
    return PrivateFile.write(this.pathOf(name), this.pathOf(name) + File.unfinished, text)
  }

  /** Renames a file. `false`: another client has renamed or deleted it meanwhile. */
  private move(from: File.Name, to: File.Name): Promise<boolean> {
    return ifExists(rename(this.pathOf(from), this.pathOf(to)))
  }

  private remove(name: File.Name): Promise<boolean> {
    return ifExists(unlink(this.pathOf(name)))
  }

  /** Makes the names of all files durable. Calls that arrive before a sync has begun share it. */
  private sync(): Promise<void> {
    this.nextSync ??= this.lastSync = this.lastSync.then(ignore, ignore).then(async () => {
      this.nextSync = undefined
      await this.directory?.sync()
    })
    return this.nextSync
  }
}

// For errors that need no handling: each call of `sync` rejects with its own error, and after a failure of `trim` the
// next report drops the surplus reports.
const ignore = (): void => {}

const bySeq = (a: { readonly seq: string }, b: { readonly seq: string }): number => a.seq < b.seq ? -1 : 1

const hasOrigin = (name: File.Name, origin: { readonly server: string; readonly sender: string }): boolean =>
  name.server === origin.server && name.sender === origin.sender

const reportOf = (name: File.Name, content: File.Content | undefined): StoredReport => ({
  seq: name.seq,
  // `isReport` has excluded the two states of a request.
  outcome: name.state as Outcome,
  entry: content?.entry,
  detail: content?.detail
})

/** Runs `act` on all items, at most `parallel` at once. Rejects with the first error after all runs have ended. */
const each = async <A>(items: ReadonlyArray<A>, act: (item: A) => Promise<unknown>): Promise<void> => {
  const queue = items.values()
  const runs = Array.from({ length: Math.min(parallel, items.length) }, async () => {
    for (const item of queue) await act(item)
  })
  for (const { reason, status } of (await Promise.allSettled(runs)).map((run) => ({ reason: undefined, ...run }))) {
    if (status === "rejected") throw reason
  }
}

const codeOf = (cause: unknown): unknown => cause instanceof Error && "code" in cause ? cause.code : undefined

const isNoSpace = (cause: unknown): boolean => codeOf(cause) === "ENOSPC" || codeOf(cause) === "EDQUOT"

/** The codes of errors that mean damage: it is not a file, belongs to another user, or is larger than any request. */
const damageCodes: ReadonlySet<unknown> = new Set([
  "EISDIR",
  "ELOOP",
  "EACCES",
  "EPERM",
  "ERR_FS_FILE_TOO_LARGE",
  "ERR_STRING_TOO_LONG"
])

const isGone = (cause: unknown): boolean => codeOf(cause) === "ENOENT"

const ifExists = (change: Promise<void>): Promise<boolean> =>
  change.then(() => true, (cause: unknown) => {
    if (isGone(cause)) return false
    throw cause
  })
