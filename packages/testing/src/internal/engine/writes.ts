/**
 * Writes many documents, each with its own outcome. The order of errors is that of the real server: malformed
 * documents, then impossible writes, then writes that Elasticsearch refuses.
 */
import { EngineError } from "./errors.ts"
import { isObject, type JsonObject } from "./json.ts"
import type { Call } from "./state.ts"
import { checkIds, type Collection, RefusedError } from "./storage.ts"

/** A document to write, with the id of the request. `_source` is the content to store. */
interface Draft extends JsonObject {
  readonly _source: JsonObject
  readonly _id?: unknown
}

/** A document that was written. */
export interface Item extends JsonObject {
  readonly _id: string
  readonly _source?: JsonObject
  readonly created?: boolean
}

export interface Outcome {
  readonly errors: ReadonlyArray<JsonObject>
  readonly items: ReadonlyArray<Item & { readonly _source: JsonObject }>
}

export interface Kind {
  /** The reason why a document is malformed. */
  readonly fault: (document: JsonObject) => string | undefined
  readonly source: (document: JsonObject, call: Call) => JsonObject
  /** The reason why a document cannot be written. Checked for all documents before the first write. */
  readonly refusal: (id: unknown, collection: Collection) => readonly [reason: string, status: number] | undefined
  readonly write: (draft: Draft, collection: Collection, call: Call) => Outcome["items"][number]
}

const rejection = (document: unknown, reason: string, status: number): JsonObject => ({
  document,
  reason,
  status
})

export const execute = (
  kind: Kind,
  call: Call,
  collection: Collection,
  documents: ReadonlyArray<unknown>
): Outcome => {
  const errors: Array<JsonObject> = []
  const drafts: Array<Draft> = []
  for (const item of documents) {
    const document = isObject(item) ? item : {}
    const fault = kind.fault(document)
    if (fault !== undefined) errors.push(rejection(item, fault, 400))
    else drafts.push({ _source: kind.source(document, call), ...(document._id ? { _id: document._id } : {}) })
  }
  const admitted = drafts.filter(({ _id, _source }) => {
    const refusal = kind.refusal(_id, collection)
    if (refusal !== undefined) errors.push(rejection({ _id, body: withoutMetadata(_source) }, ...refusal))
    return refusal === undefined
  })
  checkIds(admitted.flatMap(({ _id }) => typeof _id === "string" ? [_id] : []))
  const items: Array<Outcome["items"][number]> = []
  for (const draft of admitted) {
    try {
      items.push(kind.write(draft, collection, call))
    } catch (cause) {
      if (cause instanceof RefusedError) errors.push(rejection(draft, cause.reason, 400))
      else if (cause instanceof EngineError && cause.status === 404) {
        errors.push(rejection({ _id: draft._id, body: draft._source }, "document not found", 404))
      } else throw cause // A feature that is not implemented fails the whole request.
    }
  }
  return { errors, items }
}

/** The content of a document without Kuzzle's metadata, which a client cannot set. */
export const withoutMetadata = ({ _kuzzle_info: _, ...source }: JsonObject): JsonObject => source

const bodyFault = ({ body }: JsonObject) => isObject(body) ? undefined : "document body must be an object"

const idFault = ({ _id }: JsonObject) => typeof _id === "string" ? undefined : "document _id must be a string"

const contentOf = ({ body }: JsonObject): JsonObject => isObject(body) ? body : {}

const created = ({ now, user }: Call): JsonObject => ({
  author: user._id,
  createdAt: now,
  updatedAt: null,
  updater: null
})

const updated = ({ now, user }: Call): JsonObject => ({ updatedAt: now, updater: user._id })

const withCreated = (document: JsonObject, call: Call): JsonObject => ({
  _kuzzle_info: created(call),
  ...withoutMetadata(contentOf(document))
})

const put = ({ _id, _source }: Draft, collection: Collection, { now, state }: Call): Outcome["items"][number] => {
  const id = _id === undefined ? state.identifiers.document() : String(_id)
  const isNew = collection.get(id) === undefined
  const { _version } = collection.write(id, _source, now)
  return {
    _id: id,
    _source,
    _version,
    created: isNew,
    result: isNew ? "created" : "updated",
    status: isNew ? 201 : 200
  }
}

export const kinds = {
  create: {
    fault: bodyFault,
    source: withCreated,
    refusal: (id, collection) =>
      typeof id === "string" && collection.get(id) !== undefined ? ["document already exists", 400] : undefined,
    // An id that is not text is ignored.
    write: ({ _id, ...draft }, collection, call) =>
      put(typeof _id === "string" ? { ...draft, _id } : draft, collection, call)
  },
  createOrReplace: { fault: bodyFault, source: withCreated, refusal: () => undefined, write: put },
  replace: {
    fault: (document) => bodyFault(document) ?? idFault(document),
    source: withCreated,
    refusal: (id, collection) => collection.get(String(id)) === undefined ? ["document not found", 404] : undefined,
    write: put
  },
  update: {
    fault: bodyFault,
    source: (document, call) => ({ _kuzzle_info: updated(call), ...withoutMetadata(contentOf(document)) }),
    refusal: (_id) => typeof _id === "string" ? undefined : ["document _id must be a string", 400],
    write: ({ _id, _source }, collection, { now }) => {
      const document = collection.update(collection.getOrFail(String(_id)), _source, now)
      return { _id: document._id, _source: document._source, _version: document._version, status: 200 }
    }
  },
  upsert: {
    fault: ({ changes, default: defaults, ...document }) =>
      !isObject(changes)
        ? "document changes must be an object"
        : defaults && !isObject(defaults)
        ? "document default must be an object"
        : idFault(document),
    source: ({ changes, default: defaults }, call) => {
      const content = withoutMetadata(isObject(changes) ? changes : {})
      const { author, createdAt } = created(call)
      return {
        changes: { _kuzzle_info: updated(call), ...content },
        default: { _kuzzle_info: { author, createdAt }, ...content, ...(isObject(defaults) ? defaults : {}) }
      }
    },
    refusal: () => undefined,
    write: ({ _id, _source: { changes, default: defaults } }, collection, { now }) => {
      const id = String(_id)
      const before = collection.get(id)
      const isNew = before === undefined
      // Safe: `source` has made both objects.
      const document = isNew
        ? collection.write(id, defaults as JsonObject, now)
        : collection.update(before, changes as JsonObject, now)
      return {
        _id: id,
        _source: document._source,
        _version: document._version,
        created: isNew,
        status: isNew ? 201 : 200
      }
    }
  },
  /** Without metadata, for `bulk`. */
  raw: { fault: bodyFault, source: contentOf, refusal: () => undefined, write: put }
} satisfies { readonly [name: string]: Kind }
