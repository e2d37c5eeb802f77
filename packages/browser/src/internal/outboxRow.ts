/** The records of the outbox in IndexedDB. Nothing here accesses a database. */
import type { Entry, NewEntry, Sender, StoredReport } from "@effect-kuzzle/core/KuzzleOutboxStore"
import * as Store from "@effect-kuzzle/core/KuzzleOutboxStore"

/** A request in the database. */
export interface Row {
  readonly seq: string
  /** The client that it belongs to; empty if any client may adopt it. */
  readonly owner: string
  /** The server and the sender of the request. Adoption looks up requests by this index. */
  readonly partition: string
  readonly sending: boolean
  readonly attempts: number
  readonly entry: NewEntry
}

/** A report in the database. */
export interface ReportRow extends StoredReport {
  readonly partition: string
}

/** The server and the sender as one key: a client adopts the requests of its own server and sender. */
export const partitionOf = (server: string, sender: Sender): string =>
  JSON.stringify(sender._tag === "User" ? [server, sender.kuid] : [server])

export const serverOf = (partition: string): unknown => JSON.parse(partition)[0]

/**
 * A key that sorts after those of earlier times. It ends with the length of the payload, so the total length can be
 * computed from the keys alone.
 */
export const seqOf = (time: number, owner: string, { payload }: NewEntry): string =>
  `${String(time).padStart(15, "0")}-${owner.slice(0, 8)}-${payload.length}`

export const timeOf = (seq = ""): number => Number(seq.slice(0, 15))

const sizeOf = (seq: string): number => Number(seq.slice(seq.lastIndexOf("-") + 1))

/** The number of all stored requests, the total length of their payloads, and the time of the newest one (epoch ms). */
export interface Usage {
  count: number
  bytes: number
  readonly latest: number
}

/** The usage of a store. `seqs`: the keys of all requests, oldest first. */
export const usageOf = (seqs: ReadonlyArray<string>): Usage => ({
  count: seqs.length,
  bytes: seqs.reduce((sum, seq) => sum + sizeOf(seq), 0),
  latest: timeOf(seqs.at(-1))
})

/** The request of a row; `undefined` if the row is damaged. */
export const entryOf = ({ attempts, entry, seq }: Row): Entry | undefined =>
  typeof entry?.id === "string" && typeof entry.payload === "string" && typeof entry.sendBy === "number"
    ? { ...entry, seq, attempts }
    : undefined

/**
 * The new row of a request that `owner` takes over from a client that has ended. `undefined`: it may have been sent.
 */
export const adoptedRow = (row: Row, owner: string): Row | undefined => {
  const attempts = Store.adoptedAttempts({ ...row, idempotent: row.entry?.idempotent === true })
  return attempts === undefined ? undefined : { ...row, owner, sending: false, attempts }
}
