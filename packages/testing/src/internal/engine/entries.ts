/**
 * The stored state of an engine, as a list of entries. Each entry has the content of one item. Of several entries of an
 * item, the last one is valid. So changes can be appended to a list, and the list can be rewritten from the state.
 */
import type { JsonObject } from "./json.ts"
import type { SavedValue } from "./redis/saved.ts"
import type { SavedToken } from "./sessions.ts"
import type { SavedCollection, SavedDocument } from "./storage.ts"

/** An item of the state. `null` stands for an item that was deleted together with its content. */
export type Entry =
  /** How many identifiers were generated. */
  | readonly ["identifiers", count: number]
  | readonly ["index", name: string, exists: boolean]
  /** `key` is that of `Collection`. */
  | readonly ["collection", key: string, saved: SavedCollection | null]
  | readonly ["truncated", key: string]
  | readonly ["document", key: string, id: string, saved: SavedDocument | null]
  /** A user in Kuzzle's cache. */
  | readonly ["user", id: string, source: JsonObject | null]
  | readonly ["value", key: string, saved: SavedValue | null]
  | readonly ["token", jwt: string, saved: SavedToken | null]
