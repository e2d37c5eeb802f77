/**
 * An outbox store outside the clients. Its decisions are those of the store in memory. A change begins, is committed and
 * is replied to at three different moments, so that a crash or a failure can come between any two of them.
 */
import { KuzzleError, KuzzleOutboxStore } from "@effect-kuzzle/core"
import { Effect, Stream } from "effect"
import { OutboxTable } from "../../../packages/core/src/internal/services/outboxTable.ts"
import type { Random } from "../random.ts"
import type { Locks, StoreFaults } from "./plan.ts"

/** The clock and the timers of the store. */
export interface Machine {
  readonly now: () => number
  readonly at: (at: number, run: () => void) => void
}

/** Runs something in a client, unless the client has crashed. */
export type RunInClient = (run: () => void) => void

/** Reports changes to the checks. Called when a change is committed, whether or not its reply arrives. */
export interface Watch {
  readonly added: (entries: ReadonlyArray<KuzzleOutboxStore.Entry>) => void
  readonly adopted: (entries: ReadonlyArray<KuzzleOutboxStore.Entry>) => void
  readonly marked: (seqs: ReadonlySet<string>) => void
  readonly settled: (seq: string, outcome: KuzzleOutboxStore.Outcome | undefined) => void
  /** The client gets an error, even if the change was stored. */
  readonly failed: (operation: Operation, seqs: ReadonlyArray<string>) => void
  /** All requests of this sender that are not being sent are about to be deleted. */
  readonly purging: (sender: KuzzleOutboxStore.Sender) => void
  /** The stored record is damaged. */
  readonly torn: (entry: KuzzleOutboxStore.Entry) => void
}

type Operation = KuzzleError.OutboxError["operation"]

/** A client of the store. */
export interface StoreClient {
  readonly store: KuzzleOutboxStore.KuzzleOutboxStoreShape
  /** The client has crashed. */
  readonly kill: () => void
}

/** One `open` of a client. */
class Session {
  dead = false
  /** When the last change that has begun is committed. Changes of one client are committed in order. */
  busyUntil = 0
  /** Set when the store is opened. */
  owner = ""
  readonly runInClient: RunInClient

  constructor(runInClient: RunInClient) {
    this.runInClient = runInClient
  }
}

/** With `Late` locks, other clients learn of a crash after at most this time, in milliseconds. */
const latest = 20_000

/** Changes that need room. Deleting needs none. */
const needsRoom: ReadonlySet<Operation> = new Set(["add", "mark", "requeue", "adopt", "release"])

export class OutboxStore {
  /** Whether the store is full. Then writes fail and deletions work. */
  full = false
  private readonly table: OutboxTable
  private readonly sessions = new Set<Session>()
  private healed = false
  /** The requests whose report was passed to `watch`. */
  private readonly reported = new Set<string>()
  private readonly server: string
  private readonly machine: Machine
  private readonly random: Random
  private readonly faults: StoreFaults
  private readonly locks: Locks
  private readonly changeDelay: number
  private readonly watch: Watch

  constructor(
    { changeDelay, faults, locks, machine, maxReports, random, server, watch }: {
      readonly machine: Machine
      readonly random: Random
      readonly faults: StoreFaults
      readonly locks: Locks
      readonly changeDelay: number
      readonly maxReports: number
      /** The Kuzzle whose reports are passed to `watch`. */
      readonly server: string
      readonly watch: Watch
    }
  ) {
    this.machine = machine
    this.random = random
    this.faults = faults
    this.locks = locks
    this.changeDelay = changeDelay
    this.server = server
    this.watch = watch
    this.table = new OutboxTable(maxReports)
  }

  client(runInClient: RunInClient): StoreClient {
    const opened: Array<Session> = []
    return {
      store: {
        open: (limits) =>
          Effect.map(
            Effect.acquireRelease(
              Effect.suspend(() => {
                const session = new Session(runInClient)
                opened.push(session)
                return this.perform(session, "open", [], () => this.join(session))
              }),
              (session) =>
                Effect.catchAll(
                  this.perform(session, "release", [], () => this.leave(session)),
                  () => Effect.sync(() => this.kill(session))
                )
            ),
            (session) => this.claim(session, limits)
          )
      },
      kill: () => {
        for (const session of opened) this.kill(session)
      }
    }
  }

  /** Reports a living client as ended. */
  misreport(): void {
    if (this.locks !== "Lying") return
    const session = this.random.pick([...this.sessions])
    if (session !== undefined) this.table.vanish(session.owner)
  }

  /** Clients look for requests to take over, as if a client had ended. */
  announceEnd(): void {
    this.table.vanish("none")
  }

  /** From now on, nothing fails. */
  heal(): void {
    this.healed = true
    this.full = false
    this.announceEnd()
  }

  /** Everything that is stored for this sender, as seen by a client that opens the store after all others have gone. */
  remaining(server: string, sender: KuzzleOutboxStore.Sender): KuzzleOutboxStore.Adopted {
    return this.table.adopt(this.table.join(), server, sender)
  }

  private join(session: Session): Session {
    session.owner = this.table.join()
    if (!session.dead) this.sessions.add(session)
    if (session.dead || this.locks === "Absent") this.table.vanish(session.owner)
    return session
  }

  private leave(session: Session): void {
    this.sessions.delete(session)
    this.table.leave(session.owner)
    this.publishReports()
  }

  /** Passes new reports to `watch`, also those that no client has requested. */
  private publishReports(): void {
    for (const { entry, outcome, seq } of this.table.reports(this.server)) {
      if (entry === undefined || this.reported.has(seq)) continue
      this.reported.add(seq)
      this.watch.settled(seq, outcome)
    }
  }

  private kill(session: Session): void {
    session.dead = true
    if (!this.sessions.delete(session)) return
    // The lock is free when the changes that had begun are done.
    const late = this.locks === "Late" && !this.healed ? this.random.int(0, latest) : 0
    this.machine.at(Math.max(this.machine.now(), session.busyUntil) + late, () => this.table.vanish(session.owner))
  }

  /** Begins a change. Uninterruptible: it may be committed even if its caller is interrupted. */
  private perform<A>(
    session: Session,
    operation: Operation,
    seqs: ReadonlyArray<string>,
    commit: () => A,
    room = needsRoom.has(operation)
  ): Effect.Effect<A, KuzzleError.OutboxError> {
    const { faults, machine, random } = this
    const fails = (rate: number) => !this.healed && random.chance(rate)
    return Effect.uninterruptible(Effect.async((resume) => {
      session.busyUntil = Math.max(session.busyUntil, machine.now() + random.int(0, faults.latency))
      const reply = (outcome: Effect.Effect<A, KuzzleError.OutboxError>) =>
        machine.at(machine.now() + random.int(0, faults.latency), () => session.runInClient(() => resume(outcome)))
      const fail = (reason: KuzzleError.OutboxError["reason"], issue: string) => {
        this.watch.failed(operation, seqs)
        reply(Effect.fail(new KuzzleError.OutboxError({ operation, reason, issue })))
      }
      machine.at(session.busyUntil, () => {
        // A change that had begun when its client crashed may or may not be committed.
        if (session.dead && random.chance(0.5)) return
        if (fails(faults.failBefore)) return fail("Failed", "the disk is broken")
        if (this.full && room) return fail("Full", "no space is left")
        const value = commit()
        if (fails(faults.failAfter)) return fail("Failed", "the connection to the store was lost")
        reply(Effect.succeed(value))
      })
    }))
  }

  private claim(session: Session, limits: KuzzleOutboxStore.Limits): KuzzleOutboxStore.Claim {
    const { table, watch } = this
    const { owner } = session
    const perform = <A>(operation: Operation, seqs: ReadonlyArray<string>, commit: () => A, room?: boolean) =>
      this.perform(session, operation, seqs, commit, room)
    return {
      add: (entries) =>
        Effect.flatMap(
          perform("add", [], () => this.add(owner, entries, limits)),
          (stored) => stored === undefined ? Effect.fail(KuzzleOutboxStore.fullError(limits)) : Effect.succeed(stored)
        ),
      mark: (seqs) =>
        perform("mark", seqs, () => {
          const marked = table.mark(owner, seqs)
          watch.marked(marked)
          return marked
        }),
      requeue: (seqs, lost) => perform("requeue", seqs, () => table.requeue(owner, seqs, lost)),
      settle: (seq, report) =>
        perform("settle", [seq], () => {
          const settled = table.settle(owner, seq, report?.outcome, report?.detail)
          if (settled && report === undefined) watch.settled(seq, undefined)
          this.publishReports()
          return settled
        }, report !== undefined),
      withdraw: (seq) =>
        perform("settle", [seq], () => {
          const withdrawn = table.withdraw(owner, seq)
          if (withdrawn) watch.settled(seq, undefined)
          return withdrawn
        }, false),
      adopt: (server, sender) =>
        perform("adopt", [], () => {
          const adopted = table.adopt(owner, server, sender)
          watch.adopted(adopted.entries)
          this.publishReports()
          return adopted
        }),
      release: (seqs) => perform("release", seqs, () => table.release(owner, seqs)),
      changes: this.changes(session),
      reports: (server) => perform("report", [], () => table.reports(server)),
      forget: (seqs) => perform("report", [], () => table.forget(seqs)),
      purge: (server, sender) =>
        perform("purge", [], () => {
          watch.purging(sender)
          return table.purge(server, sender)
        })
    }
  }

  /** The client that adopts a torn record notices it. The client that stored it still has the content in memory. */
  private add(
    owner: string,
    entries: ReadonlyArray<KuzzleOutboxStore.NewEntry>,
    limits: KuzzleOutboxStore.Limits
  ): ReadonlyArray<KuzzleOutboxStore.Entry> | undefined {
    const torn = new Set(entries.filter(() => !this.healed && this.random.chance(this.faults.torn)))
    const written = entries.map((entry) =>
      torn.has(entry) ? { ...entry, payload: entry.payload.slice(0, this.random.int(0, 20)) } : entry
    )
    const stored = this.table.add(owner, written, limits)
      ?.map((entry, i): KuzzleOutboxStore.Entry => ({ ...entry, payload: entries[i]!.payload }))
    if (stored === undefined) return undefined
    this.watch.added(stored)
    stored.forEach((entry, i) => {
      if (torn.has(entries[i]!)) this.watch.torn(entry)
    })
    return stored
  }

  private changes({ runInClient }: Session): Stream.Stream<void> {
    const { changeDelay, machine, random, table } = this
    return Stream.asyncPush((emit) =>
      Effect.acquireRelease(
        Effect.sync(() =>
          table.listen(() =>
            machine.at(machine.now() + random.int(0, changeDelay), () => runInClient(() => void emit.single(undefined)))
          )
        ),
        (end) => Effect.sync(end)
      ), { bufferSize: 1, strategy: "sliding" })
  }
}
