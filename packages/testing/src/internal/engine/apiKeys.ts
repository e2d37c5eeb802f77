/** API keys: tokens that are stored in a collection, in which each request looks them up. */
import { sha256 } from "@noble/hashes/sha2.js"
import { bytesToHex } from "@noble/hashes/utils.js"
import { EngineError, error } from "./errors.ts"
import * as Internal from "./internalStore.ts"
import type { JsonObject } from "./json.ts"
import type { Collection, StoredDocument } from "./storage.ts"

export const mapping = {
  properties: {
    userId: { type: "keyword" },
    hash: { type: "keyword" },
    description: { type: "text" },
    expiresAt: { type: "long" },
    ttl: { type: "keyword" },
    token: { type: "keyword" }
  }
}

/** The number of hits that the real server requests to find a key of a user. It does not find keys beyond them. */
const maxSearched = 10

const fingerprint = (jwt: string): string => bytesToHex(sha256(new TextEncoder().encode(jwt)))

export interface KeyToken {
  readonly jwt: string
  readonly expiresAt: number
  readonly ttl: number
}

export const show = ({ _id, _source }: Pick<StoredDocument, "_id" | "_source">) => {
  const { _kuzzle_info: _, ...source } = _source
  return { _id, _source: source }
}

export class ApiKeys {
  readonly collection: Collection
  constructor(collection: Collection) {
    this.collection = collection
  }

  create(
    id: string,
    userId: string,
    description: string,
    { expiresAt, jwt, ttl }: KeyToken,
    author: string,
    now: number
  ): { readonly _id: string; readonly _source: JsonObject } {
    const source = { description, expiresAt, fingerprint: fingerprint(jwt), ttl, userId }
    const { _id, _source } = Internal.create(this.collection, id, source, now, author)
    return { _id, _source: { ..._source, token: jwt } }
  }

  /** A user's key, if it is among the first hits of the search. */
  find(userId: string, jwt: string, now: number): Pick<KeyToken, "expiresAt" | "ttl"> | undefined {
    const print = fingerprint(jwt)
    const userKeys = this.collection.searchable(now).filter(({ _source }) => _source.userId === userId)
    const key = userKeys.slice(0, maxSearched).find(({ _source }) => _source.fingerprint === print)
    return key === undefined
      ? undefined
      : { expiresAt: Number(key._source.expiresAt), ttl: Number(key._source.ttl) }
  }

  delete(id: string, userId: string, now: number): void {
    const key = this.collection.getOrFail(id)
    if (key._source.userId !== userId) {
      const { body, status } = error("services.storage.not_found", id)
      const message = `ApiKey "${id}" not found for user "${userId}".`
      throw new EngineError("services.storage.not_found", status, message, { ...body, message })
    }
    this.collection.delete(id, now)
  }

  deleteOf(userId: string, now: number): void {
    for (const { _id, _source } of this.collection.searchable(now)) {
      if (_source.userId === userId) this.collection.delete(_id, now)
    }
  }
}
