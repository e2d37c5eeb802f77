/**
 * Stores the outbox in IndexedDB, for all tabs and workers of an origin. Requests survive a reload, a crash and the end
 * of the browser. They are stored in clear, readable by every script of the origin.
 *
 * Chromium deletes a database that it finds damaged, and the stored requests are lost. When the whole browser was
 * killed (`kill -9`) 200 times, this happened once.
 *
 * When a tab is closed, crashes, or goes into the back/forward cache, another tab takes over its requests at once. This
 * needs Web Locks (Chrome 69, Firefox 96, Safari 15.4, and a page with TLS). Without them, a tab counts as gone 30 s
 * after its newest request: no request is executed twice, but some may be reported as `MaybeSent` although their tab is
 * still open.
 *
 * @example
 * ```ts
 * import { BrowserKuzzleOutboxStore } from "@effect-kuzzle/browser"
 *
 * export const store = BrowserKuzzleOutboxStore.layer()
 * ```
 *
 * @module
 * @since 0.1.0
 */
import { OutboxError } from "@effect-kuzzle/core/KuzzleError"
import type { KuzzleOutboxStoreShape } from "@effect-kuzzle/core/KuzzleOutboxStore"
import { fromPromises, KuzzleOutboxStore } from "@effect-kuzzle/core/KuzzleOutboxStore"
import * as Layer from "effect/Layer"
import { type Host, Neighbours } from "./internal/neighbours.ts"
import { OutboxDatabase } from "./internal/outboxDatabase.ts"

/**
 * Options of a store.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** The name of the database. Applications of one origin need different ones. `kuzzle-outbox` by default. */
  readonly name?: string | undefined
}

/**
 * Stores the outbox in IndexedDB. Opening the store fails if the browser denies IndexedDB to the page, or if a later
 * release has written into the database.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = ({ name = "kuzzle-outbox" }: Options = {}): Layer.Layer<KuzzleOutboxStore> =>
  Layer.sync(KuzzleOutboxStore, () => make(name, globalThis))

/** @internal */
export const make = (name: string, host: Host): KuzzleOutboxStoreShape =>
  fromPromises({
    open: async (limits, changed) => {
      const neighbours = new Neighbours(name, changed, host)
      const database = new OutboxDatabase(name, limits, neighbours)
      await database.open().catch((cause) => {
        neighbours.close()
        throw cause
      })
      return database
    },
    errorOf: (operation, cause) => errorOf(name, operation, cause)
  })

const errorOf = (name: string, operation: OutboxError["operation"], cause: unknown): OutboxError => {
  const { message, name: kind } = cause instanceof Error ? cause : { message: String(cause), name: "" }
  const [reason, what] = kind === "QuotaExceededError"
    ? ["Full", "the quota of this origin is reached: free some space"] as const
    : kind === "VersionError"
    ? ["Unavailable", "a later release has written it: reload the page"] as const
    : operation === "open"
    ? [
      "Unavailable",
      "the browser denies it: allow this page to store data, or use KuzzleOutbox.layerMemoryStore"
    ] as const
    : ["Failed", "the database failed"] as const
  return new OutboxError({ operation, reason, issue: `IndexedDB ${name}: ${what} (${message})`, cause })
}
