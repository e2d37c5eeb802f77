/**
 * The names and the contents of the files in the outbox's folder. Nothing here accesses a disk.
 *
 * A name holds everything that changes. So one rename(2) changes a request, and it succeeds for one client only. A name
 * also holds everything that decisions need, so counting and adopting open no file.
 */
import type { Entry, NewEntry, Outcome, Sender } from "@effect-kuzzle/core/KuzzleOutboxStore"
import * as Store from "@effect-kuzzle/core/KuzzleOutboxStore"
import { createHash } from "node:crypto"

/** The last part of a name: the version of the format. */
const version = 1

export type State = "queued" | "sending" | Outcome

/** The parts of a file's name. */
export interface Name {
  readonly seq: string
  /** The client that it belongs to, `free` or `none`. */
  readonly owner: string
  /** The hash of the server. */
  readonly server: string
  /** The hash of the sender. */
  readonly sender: string
  /** The length of the payload, in characters. */
  readonly size: number
  readonly attempts: number
  readonly idempotent: boolean
  readonly state: State
}

/** The owner of a request that any client may adopt. */
export const free = "free"

/** The owner of a report. */
export const none = "none"

/** The suffix of a file that is still being written. */
export const unfinished = ".tmp"

const states: ReadonlySet<string> = new Set<State>([
  "queued",
  "sending",
  "MaybeSent",
  "Expired",
  "Rejected",
  "Unreadable"
])

const isState = (text: string): text is State => states.has(text)

export const isReport = ({ state }: Name): boolean => state !== "queued" && state !== "sending"

const hash = (text: string): string => createHash("sha256").update(text).digest("hex").slice(0, 16)

export const serverHash = hash

/** A user whose kuid is empty or `Anonymous` differs from a request without a user. */
export const senderHash = (sender: Sender): string => hash(sender._tag === "User" ? `User ${sender.kuid}` : "Anonymous")

export const format = ({ attempts, idempotent, owner, sender, seq, server, size, state }: Name): string =>
  [seq, owner, server, sender, size, attempts, idempotent ? "idempotent" : "once", state, `v${version}`].join(".")

const pattern = /^(\d{15}-\d{6}-\w+)\.(\w+)\.(\w+)\.(\w+)\.(\d+)\.(\d+)\.(idempotent|once)\.(\w+)\.v1$/

/** Parses the name of a file. `undefined`: the file does not belong to the outbox and must not be touched. */
export const parse = (file: string): Name | undefined => {
  const [, seq, owner, server, sender, size, attempts, idempotent, state] = pattern.exec(file) ?? []
  return seq === undefined || owner === undefined || server === undefined || sender === undefined ||
      state === undefined || !isState(state)
    ? undefined
    : {
      seq,
      owner,
      server,
      sender,
      size: Number(size),
      attempts: Number(attempts),
      idempotent: idempotent === "idempotent",
      state
    }
}

/** Whether a later release has written the file. */
export const isNewer = (file: string): boolean => Number(/^\d{15}-.*\.v(\d+)$/.exec(file)?.[1] ?? 0) > version

/** A key that sorts after all earlier ones. `at`: milliseconds since the epoch. */
export const seqOf = (at: number, count: number, owner: string): string =>
  `${String(at).padStart(15, "0")}-${String(count).padStart(6, "0")}-${owner.slice(0, 8)}`

/** The time of a key of `seqOf`, in milliseconds since the epoch. */
export const timeOf = (seq: string): number => Number(seq.slice(0, 15))

export const nameOf = (entry: NewEntry, seq: string, owner: string): Name => ({
  seq,
  owner,
  server: serverHash(entry.server),
  sender: senderHash(entry.sender),
  size: entry.payload.length,
  attempts: 0,
  idempotent: entry.idempotent,
  state: "queued"
})

/** The new name of a request that `owner` takes over from a client that has ended. */
export const adoptedName = (name: Name, owner: string): Name => {
  const attempts = Store.adoptedAttempts({ ...name, sending: name.state === "sending" })
  return attempts === undefined
    ? { ...name, owner: none, state: "MaybeSent" }
    : { ...name, owner, state: "queued", attempts }
}

export interface Usage {
  readonly count: number
  readonly bytes: number
}

/** The number of the requests, and the total length of their payloads. Reports do not count. */
export const usageOf = (names: ReadonlyArray<Name>): Usage => {
  const requests = names.filter((name) => !isReport(name))
  return { count: requests.length, bytes: requests.reduce((sum, { size }) => sum + size, 0) }
}

export const encode = ({ id, idempotent, payload, queuedAt, sendBy, sender, server }: NewEntry): string =>
  JSON.stringify({ id, server, sender, idempotent, queuedAt, sendBy, payload })

/** The line that a report appends to the file. */
export const encodeDetail = (detail: string): string => `\n${JSON.stringify(detail)}`

export interface Content {
  readonly entry: Entry
  readonly detail: string | undefined
}

/** `undefined` if the file is incomplete or damaged, or if its content does not match its name. */
export const decode = (text: string, name: Name): Content | undefined => {
  const [first = "", second] = text.split("\n")
  const record = parseJson(first)
  if (typeof record !== "object" || record === null) return undefined
  const { id, idempotent, payload, queuedAt, sendBy, sender: stored, server }: { readonly [member: string]: unknown } =
    {
      ...record
    }
  const sender = senderFrom(stored)
  if (
    typeof id !== "string" || typeof server !== "string" || sender === undefined || typeof payload !== "string" ||
    typeof queuedAt !== "number" || typeof sendBy !== "number" || idempotent !== name.idempotent ||
    serverHash(server) !== name.server || senderHash(sender) !== name.sender
  ) return undefined
  const detail = second === undefined ? undefined : parseJson(second)
  return {
    entry: {
      id,
      server,
      sender,
      idempotent: name.idempotent,
      queuedAt,
      sendBy,
      payload,
      seq: name.seq,
      attempts: name.attempts
    },
    detail: typeof detail === "string" ? detail : undefined
  }
}

const parseJson = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined // The file is incomplete.
  }
}

const senderFrom = (stored: unknown): Sender | undefined => {
  if (typeof stored !== "object" || stored === null || !("_tag" in stored)) return undefined
  if (stored._tag === "Anonymous") return { _tag: "Anonymous" }
  return stored._tag === "User" && "kuid" in stored && typeof stored.kuid === "string"
    ? { _tag: "User", kuid: stored.kuid }
    : undefined
}
