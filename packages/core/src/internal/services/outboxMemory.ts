/** An outbox store on a table in memory. */
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { type Claim, fullError, type KuzzleOutboxStoreShape, type Limits } from "../../KuzzleOutboxStore.ts"
import type { OutboxTable } from "./outboxTable.ts"

export const make = (table: OutboxTable): KuzzleOutboxStoreShape => ({
  open: (limits) =>
    Effect.map(
      Effect.acquireRelease(Effect.sync(() => table.join()), (owner) => Effect.sync(() => table.leave(owner))),
      (owner) => claim(table, owner, limits)
    )
})

const claim = (table: OutboxTable, owner: string, limits: Limits): Claim => ({
  add: (entries) =>
    Effect.suspend(() => {
      const stored = table.add(owner, entries, limits)
      return stored === undefined ? Effect.fail(fullError(limits)) : Effect.succeed(stored)
    }),
  mark: (seqs) => Effect.sync(() => table.mark(owner, seqs)),
  requeue: (seqs, lost) => Effect.sync(() => table.requeue(owner, seqs, lost)),
  settle: (seq, report) => Effect.sync(() => table.settle(owner, seq, report?.outcome, report?.detail)),
  withdraw: (seq) => Effect.sync(() => table.withdraw(owner, seq)),
  adopt: (server, sender) => Effect.sync(() => table.adopt(owner, server, sender)),
  release: (seqs) => Effect.sync(() => table.release(owner, seqs)),
  changes: Stream.asyncPush((emit) =>
    Effect.acquireRelease(
      Effect.sync(() => table.listen(() => emit.single(undefined))),
      (end) => Effect.sync(end)
    ), { bufferSize: 1, strategy: "sliding" }),
  reports: (server) => Effect.sync(() => table.reports(server)),
  forget: (seqs) => Effect.sync(() => table.forget(seqs)),
  purge: (server, sender) => Effect.sync(() => table.purge(server, sender))
})
