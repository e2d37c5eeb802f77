/**
 * The stored state of an engine, as a list of entries. Each entry has the content of one thing; the last entry of a
 * thing is valid. So a list can be continued with changes, or rewritten from the current state.
 */
import type { JsonObject } from "./json.ts"
import type { SavedValue } from "./redis/saved.ts"
import type { SavedToken } from "./sessions.ts"
import type { SavedCollection, SavedDocument } from "./storage.ts"

/** `null`: it was deleted, with its content. */
export type Entry =
  /** How many identifiers were made. */
  | readonly ["identifiers", count: number]
  | readonly ["index", name: string, exists: boolean]
  /** `key` is that of `Collection`. */
  | readonly ["collection", key: string, saved: SavedCollection | null]
  | readonly ["truncated", key: string]
  | readonly ["document", key: string, id: string, saved: SavedDocument | null]
  /** A user as Kuzzle's cache has it. */
  | readonly ["user", id: string, source: JsonObject | null]
  | readonly ["value", key: string, saved: SavedValue | null]
  | readonly ["token", jwt: string, saved: SavedToken | null]
