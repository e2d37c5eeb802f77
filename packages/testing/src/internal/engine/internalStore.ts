/** Writes into Kuzzle's own collections. Only `create` may have an author. */
import { error } from "./errors.ts"
import type { JsonObject } from "./json.ts"
import type { Collection, StoredDocument } from "./storage.ts"

export const create = (
  collection: Collection,
  id: string,
  source: JsonObject,
  now: number,
  author: string | null = null
): StoredDocument => {
  const created = { ...source, _kuzzle_info: { author, createdAt: now, updatedAt: null, updater: null } }
  // Elasticsearch checks the fields first, then whether the document exists.
  collection.indexContent(id, created)
  if (collection.get(id) !== undefined) throw error("services.storage.document_already_exists")
  return collection.write(id, created, now)
}

export const createOrReplace = (
  collection: Collection,
  id: string,
  source: JsonObject,
  now: number
): StoredDocument => {
  const _kuzzle_info = { author: null, createdAt: now, updatedAt: now, updater: null }
  return collection.write(id, { ...source, _kuzzle_info }, now)
}

export const replace = (collection: Collection, id: string, source: JsonObject, now: number): StoredDocument => {
  collection.getOrFail(id)
  return createOrReplace(collection, id, source, now)
}

export const update = (collection: Collection, id: string, changes: JsonObject, now: number): StoredDocument => {
  const before = collection.get(id)
  if (before === undefined) throw error("services.storage.unexpected_not_found", `[_doc][${id}]: document missing`)
  return collection.update(before, { ...changes, _kuzzle_info: { updatedAt: now, updater: null } }, now)
}
