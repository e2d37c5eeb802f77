/**
 * The data that Kuzzle stores in Elasticsearch: indexes, collections and documents. A document can be read by its id at
 * once, but a search sees it only after a refresh.
 */
import * as Aggregation from "./aggregation.ts"
import type { Changes, Line } from "./changes.ts"
import { badRequest, EngineError, error, isNotImplemented, nativeError } from "./errors.ts"
import type { Identifiers } from "./identifiers.ts"
import * as Indexing from "./indexing.ts"
import * as Java from "./java.ts"
import { canonical, isObject, type JsonObject, merge } from "./json.ts"
import * as Mapping from "./mapping.ts"
import * as Query from "./query.ts"
import { RecentSearches } from "./recentSearches.ts"
import * as Request from "./request.ts"
import { ResultRows } from "./resultRows.ts"
import * as Scoring from "./scoring.ts"
import * as Sorting from "./sorting.ts"
import { filterSource } from "./source.ts"
import * as Timespan from "./timespan.ts"
import * as TimeValue from "./timeValue.ts"

/** The setup of a collection, without its documents. */
export interface SavedCollection {
  readonly mapping: Mapping.Mapping
  readonly settings: JsonObject
  readonly uuid: string
  readonly createdAt: number
}

export interface SavedDocument {
  /** The mapping with which the document was indexed, if the collection's mapping has changed since. */
  readonly mapping?: Mapping.Mapping
  readonly source: JsonObject
  readonly version: number
  readonly order: number
}

/** The id and the content of a document. */
export type Content = Pick<StoredDocument, "_id" | "_source">

export interface StoredDocument extends Mapping.Document {
  readonly _version: number
  /** The order of writing, for `_doc` sorts. */
  readonly order: number
}

const stored = (
  _id: string,
  _source: JsonObject,
  { mapping, view }: Indexing.Indexed,
  _version: number,
  order: number
): StoredDocument => ({ _id, _source, view, mapping, nested: "", _version, order })

/** A document that was written, or `undefined` for one that was deleted. */
interface Write {
  readonly id: string
  readonly document: StoredDocument | undefined
}

export class Collection {
  readonly index: string
  readonly name: string
  mapping: Mapping.Mapping
  /** The settings as they were given. `getSettings` adds those of Elasticsearch. */
  private settings: JsonObject
  private uuid: string
  private createdAt: number
  private readonly refreshInterval: number
  private documents = new Map<string, StoredDocument>()
  /** The writes since the last refresh, so that a refresh need not copy all documents. */
  private unrefreshed: Array<Write> = []
  /** The documents at the last refresh; `visible` is their list, made by the first search after a change. */
  private refreshed = new Map<string, StoredDocument>()
  private visible: ReadonlyArray<StoredDocument> | undefined = []
  /** The time of the oldest write that searches do not see yet. */
  private unrefreshedSince: number | undefined
  private order = 0
  /** The versions of deleted documents. Elasticsearch remembers them for a minute. */
  private readonly tombstones = new Map<string, { readonly version: number; readonly until: number }>()
  /** How often the index was closed or deleted. A scroll ends when this number changes. */
  private closeCount = 0
  /** The key of the collection among all collections, including Kuzzle's own. */
  private readonly key: string
  private readonly changes: Changes

  constructor(
    index: string,
    name: string,
    { changes, createdAt, key, mapping, refreshInterval, settings, uuid }: SavedCollection & {
      readonly key: string
      readonly refreshInterval: number
      readonly changes: Changes
    }
  ) {
    this.index = index
    this.name = name
    this.key = key
    this.changes = changes
    this.mapping = mapping
    this.settings = checkedSettings(settings)
    this.uuid = uuid
    this.createdAt = createdAt
    this.refreshInterval = refreshInterval
  }

  // -- saving -------------------------------------------------------------------------------------------------------

  private saved(): Line {
    const { createdAt, mapping, settings, uuid } = this
    return ["collection", this.key, { mapping, settings, uuid, createdAt }]
  }

  private savedDocument(id: string): Line {
    const document = this.documents.get(id)
    if (document === undefined) return ["document", this.key, id, null]
    const { _source, _version, mapping, order } = document
    const indexed = mapping === this.mapping ? {} : { mapping }
    return ["document", this.key, id, { source: _source, version: _version, order, ...indexed }]
  }

  *allSaved(): Generator<Line> {
    yield this.saved()
    for (const id of this.documents.keys()) yield this.savedDocument(id)
  }

  markSetup(): void {
    this.changes.mark("collection", this.key, () => this.saved())
  }

  private markDocument(id: string): void {
    this.changes.mark("document", `${this.key}/${id}`, () => this.savedDocument(id))
  }

  restore(id: string, saved: SavedDocument | null): void {
    this.documents.delete(id)
    this.refreshed.delete(id)
    this.visible = undefined
    if (saved === null) return
    const { mapping = this.mapping, order, source, version } = saved
    const { view } = Indexing.index(mapping, id, source)
    const document = stored(id, source, { mapping, view }, version, order)
    this.documents.set(id, document)
    this.refreshed.set(id, document)
    this.order = Math.max(this.order, order + 1)
  }

  /** Restores the mapping and the settings. Documents are restored one by one. */
  restoreSetup({ createdAt, mapping, settings, uuid }: SavedCollection): void {
    this.mapping = mapping
    this.settings = settings
    this.createdAt = createdAt
    this.uuid = uuid
  }

  // -- setup --------------------------------------------------------------------------------------------------------

  /** Adds to the mapping. */
  map(mappings: JsonObject): void {
    this.mapping = Mapping.update(this.mapping, mappings)
    this.markSetup()
  }

  /**
   * Adds to the settings. Kuzzle closes and reopens the index for that, so the index is refreshed and forgets the
   * versions of deleted documents.
   */
  private changeSettings(settings: JsonObject): void {
    this.refresh()
    this.tombstones.clear()
    this.close()
    const checked = checkedSettings(settings)
    if (isEmpty(checked)) throw badRequest("Validation Failed: 1: no settings to update;")
    if (checked.number_of_shards !== undefined) throw this.shardsAreFinal()
    this.settings = { ...this.settings, ...checked }
    this.markSetup()
  }

  private shardsAreFinal(): EngineError {
    return badRequest(`final &${this.index}.${this.name} setting [index.number_of_shards], not updateable`)
  }

  /** The result of `collection:getSettings`: Elasticsearch shows numbers as texts. */
  getSettings(): JsonObject {
    const entries = Object.entries(this.settings).map(([key, value]) => [
      key,
      isObject(value) ? value : String(value)
    ])
    return {
      number_of_shards: "1",
      number_of_replicas: "1",
      ...Object.fromEntries(entries),
      provided_name: `&${this.index}.${this.name}`,
      creation_date: String(this.createdAt),
      uuid: this.uuid,
      version: { created: "7100299" }
    }
  }

  /** The size in bytes, estimated by the documents' size as JSON. */
  get size(): number {
    return JSON.stringify([...this.documents.values()].map(({ _id, _source }) => ({ _id, _source }))).length
  }

  get(id: string): StoredDocument | undefined {
    return this.documents.get(id)
  }

  getOrFail(id: string): StoredDocument {
    const document = this.documents.get(id)
    if (document === undefined) throw error("services.storage.not_found", id, this.index, this.name)
    return document
  }

  write(id: string, source: JsonObject, now: number): StoredDocument {
    this.refreshIfDue(now)
    const indexed = this.indexContent(id, source)
    const document = stored(id, source, indexed, this.versionOf(id, now) + 1, this.order++)
    // A document that is written again moves to the end, as in an index of Lucene.
    this.documents.delete(id)
    this.documents.set(id, document)
    this.unrefreshed.push({ id, document })
    this.unrefreshedSince ??= now
    this.markDocument(id)
    return document
  }

  /** Merges changes into a document. If nothing changes, the document is not written and keeps its version. */
  update(before: StoredDocument, changes: JsonObject, now: number): StoredDocument {
    const source = merge(before._source, Java.inOrderOfHashMaps(changes))
    return canonical(source) === canonical(before._source) ? before : this.write(before._id, source, now)
  }

  /**
   * Adds to the settings, and then to the mapping. The visible documents are reindexed if this is requested, or if the
   * change enables dynamic mapping.
   */
  change({ mappings, settings }: Change, reindexes: boolean, now: number): void {
    const before = this.mapping
    const hasSettings = !isEmpty(settings)
    if (hasSettings) this.changeSettings(readSettings(settings))
    if (isEmpty(mappings)) return
    const requested = this.mapOrFail(mappings, (cause) => hasSettings ? this.shardsAreFinal() : cause)
    if (!reindexes && !Mapping.enablesDynamic(before, requested)) return
    for (const document of this.searchable(now)) {
      if (this.documents.get(document._id) === document) this.write(document._id, document._source, now)
    }
    this.refresh()
  }

  /**
   * Adds to the mapping, or throws the `failure` of a refusal. After a refusal, Kuzzle restores the former settings.
   * They include the number of shards, which Elasticsearch refuses to change (elasticsearch.js, `updateCollection`).
   */
  private mapOrFail(mappings: unknown, failure: (cause: EngineError) => EngineError): JsonObject {
    try {
      const requested = Mapping.read(mappings)
      this.map(requested)
      return requested
    } catch (cause) {
      throw cause instanceof EngineError && !isNotImplemented(cause) ? failure(cause) : cause
    }
  }

  delete(id: string, now: number): void {
    this.refreshIfDue(now)
    for (const [old, { until }] of this.tombstones) {
      if (until > now) break
      this.tombstones.delete(old)
    }
    const version = this.versionOf(id, now) + 1
    // The tombstones stay in the order in which they end.
    this.tombstones.delete(id)
    this.tombstones.set(id, { version, until: now + tombstoneMillis })
    this.documents.delete(id)
    this.unrefreshed.push({ id, document: undefined })
    this.unrefreshedSince ??= now
    this.markDocument(id)
  }

  private versionOf(id: string, now: number): number {
    const tombstone = this.tombstones.get(id)
    return this.documents.get(id)?._version ??
      (tombstone !== undefined && tombstone.until > now ? tombstone.version : 0)
  }

  close(): void {
    this.closeCount++
  }

  /** Whether a scroll that starts now can continue. */
  scrollable(): () => boolean {
    const { closeCount } = this
    return () => this.closeCount === closeCount
  }

  truncate(): void {
    this.close()
    this.tombstones.clear()
    this.documents = new Map()
    this.unrefreshed = []
    this.refreshed = new Map()
    this.visible = []
    this.unrefreshedSince = undefined
    this.changes.mark("truncated", this.key, () => ["truncated", this.key])
  }

  refresh(): void {
    if (this.unrefreshedSince === undefined) return
    this.unrefreshedSince = undefined
    this.visible = undefined
    // In the order of the writes, so that the documents are in the same order as in `documents`.
    for (const { document, id } of this.unrefreshed.splice(0)) {
      if (document === undefined) this.refreshed.delete(id)
      else {
        this.refreshed.delete(id)
        this.refreshed.set(id, document)
      }
    }
  }

  /** The documents that a search sees now. It is the same list until they change. */
  searchable(now: number): ReadonlyArray<StoredDocument> {
    this.refreshIfDue(now)
    return this.visible ??= [...this.refreshed.values()]
  }

  /** Indexes a document and maps its new fields. They stay mapped even if the document is then not written. */
  indexContent(id: string, source: JsonObject): Indexing.Indexed {
    const indexed = this.parse(id, source)
    if (indexed.mapping !== this.mapping) {
      this.mapping = indexed.mapping
      this.markSetup()
    }
    return indexed
  }

  private get interval(): number {
    const setting = this.settings.refresh_interval
    if (setting === undefined || setting === null) return this.refreshInterval
    const interval = TimeValue.parse(String(setting), refreshSetting)
    return interval === -1 ? Infinity : interval
  }

  private refreshIfDue(now: number): void {
    if (this.unrefreshedSince !== undefined && now - this.unrefreshedSince >= this.interval) this.refresh()
  }

  private parse(id: string, source: JsonObject): Indexing.Indexed {
    checkIds([id])
    try {
      return Indexing.index(this.mapping, id, source)
    } catch (cause) {
      if (cause instanceof Indexing.StrictRejection) {
        const refusal = error("services.storage.strict_mapping_rejection", cause.field, this.index, this.name)
        throw new RefusedError("strict_dynamic_mapping_exception", cause.message, refusal)
      }
      if (cause instanceof Indexing.LimitError) {
        throw new RefusedError("illegal_argument_exception", cause.message, cause)
      }
      if (cause instanceof EngineError && cause.status === 400) {
        throw new RefusedError("mapper_parsing_exception", cause.message, cause)
      }
      throw cause
    }
  }
}

/** The setting `index.gc_deletes`. */
const tombstoneMillis = 60_000

/** Elasticsearch refuses the whole request if an id is too long or missing. */
export const checkIds = (ids: Iterable<string | undefined>): void => {
  const faults: Array<string> = []
  for (const id of ids) {
    if (id === undefined) {
      faults.push(`${faults.length + 1}: id is missing;`)
      continue
    }
    const size = new TextEncoder().encode(id).length
    if (size <= 512) continue
    faults.push(`${faults.length + 1}: id [${id}] is too long, must be no longer than 512 bytes but was: ${size};`)
  }
  if (faults.length > 0) throw badRequest(`Validation Failed: ${faults.join("")}`)
}

/**
 * A refusal of Elasticsearch. Requests with many documents return its type and reason, others return Kuzzle's error.
 */
export class RefusedError extends EngineError {
  readonly type: string
  readonly reason: string
  constructor(type: string, reason: string, { body, id, message, status }: EngineError) {
    super(id, status, message, body)
    this.type = type
    this.reason = reason
  }
}

/** The settings without the level `index`, which is optional. */
const flatSettings = ({ index, ...settings }: JsonObject): JsonObject =>
  Object.fromEntries(
    Object.entries({ ...settings, ...(isObject(index) ? index : {}) })
      // An empty group contains no setting.
      .filter(([, value]) => !(isObject(value) && isEmpty(value)))
  )

/** Settings that are implemented, or have no visible effect in Kuzzle. */
const settingNames = new Set(["codec", "number_of_replicas", "number_of_shards", "refresh_interval"])

const refreshSetting = "index.refresh_interval"

const checkRefreshInterval = (value: unknown): void => {
  const text = Array.isArray(value) ? `[${value.join(", ")}]` : String(value)
  if (TimeValue.parse(text, refreshSetting) < -1) {
    throw badRequest(`failed to parse value [${text}] for setting [${refreshSetting}], must be >= [-1]`)
  }
}

const checkedSettings = (settings: JsonObject): JsonObject => {
  const flat = flatSettings(settings)
  const { codec, number_of_replicas, number_of_shards, refresh_interval } = flat
  if (codec !== undefined && codec !== "default" && codec !== "best_compression") {
    throw badRequest(
      `unknown value for [index.codec] must be one of [default, best_compression] but was: ${String(codec)}`
    )
  }
  for (const [name, value] of Object.entries({ number_of_replicas, number_of_shards })) {
    // Kuzzle replaces 0 by its own default.
    if (value === undefined || value === 0 || Number.isInteger(Number(value)) && Number(value) >= 0) continue
    throw badRequest(`Failed to parse value [${String(value)}] for setting [index.${name}] must be >= 0`)
  }
  if (refresh_interval !== undefined && refresh_interval !== null) checkRefreshInterval(refresh_interval)
  const unsupported = Object.keys(flat).find((name) => !settingNames.has(name.replace(/^index\./, "")))
  if (unsupported !== undefined) throw error("testing.engine.not_implemented", `the setting "${unsupported}"`)
  return flat
}

/** Whether the hits of a search have scores. */
const isScored = (body: JsonObject, sorted: boolean): boolean => !sorted || Sorting.sortsByScore(body.sort)

/** Whether an aggregation needs scores. */
const scoresHits = ({ aggregations, aggs = aggregations }: JsonObject): boolean =>
  aggs !== undefined && JSON.stringify(aggs).includes("\"top_hits\"")

/** A row for the aggregations of a search. */
const aggregated =
  ({ index, mapping, name }: Collection, score: number) => (document: StoredDocument): Aggregation.Row => ({
    document,
    mapping,
    index: `&${index}.${name}`,
    score
  })

/** Whether a row passes a `post_filter`, which aggregations ignore. */
const filterOf = (query: unknown, collections: ReadonlyArray<Collection>, now: number): (row: Row) => boolean => {
  const tests = new Map(collections.map((one) => [one, Query.compile(query, one.mapping, now)]))
  return ({ collection, document }) => tests.get(collection)!(document)
}

/** The field by which a search collapses. */
const collapseField = (collapse: unknown, { mapping }: Collection): Mapping.Field => {
  const { field: path, ...others } = isObject(collapse) ? collapse : {}
  const [other] = Object.keys(others)
  if (other !== undefined) throw error("testing.engine.not_implemented", `"${other}" of "collapse" in a search`)
  if (path === undefined) throw allShardsFailed()
  const field = Mapping.fieldAt(mapping, String(path))
  if (field === undefined) throw badRequest(`no mapping found for \`${String(path)}\` in order to collapse on`)
  if (field.type === "keyword" || Mapping.isNumber(field.type)) return field
  throw badRequest(`unknown type for collapse field \`${String(path)}\`, only keywords and numbers are accepted`)
}

/** Elasticsearch gives its reason in a list that Kuzzle does not read (esWrapper.js). */
const allShardsFailed = (): EngineError => error("services.storage.unexpected_error", "all shards failed")

/** Whether a row is the first with its value of the field of a `collapse`. */
const collapseOf = (collapse: unknown, collections: ReadonlyArray<Collection>): (row: Row) => boolean => {
  const fields = new Map(collections.map((one) => [one, collapseField(collapse, one)]))
  const seen = new Set<unknown>()
  return ({ collection, document }) => {
    const [value, ...more] = Mapping.terms(document, fields.get(collection)!)
    if (more.length > 0) throw allShardsFailed()
    const isNew = !seen.has(value)
    seen.add(value)
    return isNew
  }
}

/** A document of a search result, with its score and its sort values. */
interface Row {
  readonly collection: Collection
  readonly document: StoredDocument
  readonly score: number
  readonly values: ReadonlyArray<Sorting.SortValue>
}

/** The result of a search, in its order. It is never modified, because searches and scrolls share it. */
interface Matches {
  readonly keys: ReadonlyArray<Sorting.SortKey>
  readonly rows: ResultRows<Row>
}

interface Scroll {
  readonly rows: ReadonlyArray<Row>
  readonly hitOf: (row: Row) => JsonObject
  readonly size: number
  /** Whether any of the indexes that are searched is still open. */
  readonly isAlive: () => boolean
  offset: number
  expiresAt: number
}

function* remaining({ offset, rows, hitOf }: Scroll): Generator<JsonObject> {
  for (let i = offset; i < rows.length; i++) yield hitOf(rows[i]!)
}

export interface SearchResult {
  readonly aggregations?: JsonObject
  readonly hits: ReadonlyArray<JsonObject>
  readonly total: number
  readonly scrollId?: string
  readonly remaining?: number
}

const forbidden = /[\\/*?"<>| \t\r\n,+#:.&%]/

const isValidName = (name: unknown): name is string =>
  typeof name === "string" && name !== "" && name.toLowerCase() === name && name !== "_all" &&
  new TextEncoder().encode(name).length <= 126 && !forbidden.test(name)

const maxScroll = 60_000
const defaultScroll = 15_000
/** `search.max_keep_alive` of Elasticsearch. */
const maxKeepAlive = 86_400_000

/** The keys of a search body that Kuzzle accepts, and how the engine treats them. */
const searchKeys = new Map<string, "honoured" | "harmless" | "missing" | "unknown">([
  ["query", "honoured"],
  ["sort", "honoured"],
  ["search_after", "honoured"],
  ["_source", "honoured"],
  ["from", "honoured"],
  ["size", "honoured"],
  // Kuzzle does not return the additions of these keys.
  ["explain", "harmless"],
  ["fields", "harmless"],
  ["aggregations", "honoured"],
  ["aggs", "honoured"],
  ["collapse", "honoured"],
  ["highlight", "missing"],
  ["post_filter", "honoured"],
  ["suggest", "missing"],
  // Kuzzle accepts these keys, but Elasticsearch does not.
  ["_name", "unknown"],
  ["search_timeout", "unknown"],
  ["_source_excludes", "unknown"],
  ["_source_includes", "unknown"]
])

const checkSearchBody = (body: JsonObject): void => {
  if (body === Request.emptyList) throw badRequest("Expected [START_OBJECT] but found [START_ARRAY]")
  for (const [key, value] of Object.entries(body)) {
    if (value === undefined) continue
    const support = searchKeys.get(key)
    if (support === undefined) throw error("services.storage.invalid_search_query", key)
    if (value === null && key !== "query") throw badRequest(`Unknown key for a VALUE_NULL in [${key}].`)
    if (support === "missing") throw error("testing.engine.not_implemented", `"${key}" in a search`)
    if (support === "unknown" && isObject(value)) throw error("services.storage.invalid_search_query", key)
    if (support === "unknown") throw badRequest(`Unknown key for a ${Java.tokenOf(value)} in [${key}].`)
  }
  checkScripts(body)
}

/** Only stored scripts are allowed: other members of a script are refused. */
export const checkScripts = (value: unknown): void => {
  if (typeof value !== "object" || value === null) return
  for (const [key, inner] of Object.entries(value)) {
    if (key !== "script" && key !== "_script") {
      checkScripts(inner)
      continue
    }
    for (const name of Object.keys(Object(inner))) {
      if (name !== "id" && name !== "params") throw error("services.storage.invalid_query_keyword", `${key}.${name}`)
    }
  }
}

const queryOf = ({ query }: JsonObject): unknown => isEmpty(query) ? { match_all: {} } : query

/** The setup of a new collection. */
export interface Setup {
  readonly mappings: JsonObject
  readonly settings: JsonObject
}

/** The requested change of a collection. */
export interface Change {
  readonly mappings?: unknown
  readonly settings?: unknown
}

/** The values that Kuzzle treats as absent, including numbers and booleans. */
const isEmpty = (value: unknown): boolean =>
  typeof value === "object" || typeof value === "string" ? Object.keys(value ?? {}).length === 0 : true

/** The settings without 0, which Kuzzle replaces by its default, 1 (elasticsearch.js, `createCollection`). */
const withoutZeros = (settings: JsonObject): JsonObject =>
  Object.fromEntries(
    Object.entries(settings).filter(([name, value]) =>
      value || !["number_of_replicas", "number_of_shards"].includes(name)
    )
  )

/** The settings of a new collection. Kuzzle adds its defaults to a value of any type. */
const readNewSettings = (settings: unknown): JsonObject => {
  if (settings === null) throw nativeError("Cannot read properties of null (reading 'number_of_replicas')")
  if (typeof settings === "object" || settings === undefined) return withoutZeros(readSettings(settings))
  throw nativeError(`Cannot create property 'number_of_replicas' on ${typeof settings} '${String(settings)}'`)
}

const readSettings = (settings: unknown): JsonObject => {
  if (!isObject(settings)) throw error("testing.engine.not_implemented", "settings that are no object")
  return settings
}

export class Storage {
  /** The specifications of collections. They are in Kuzzle's own index, and remain when a collection is deleted. */
  readonly validations: Collection
  private readonly indexes = new Map<string, Map<string, Collection>>()
  private readonly scrolls = new Map<string, Scroll>()
  private readonly recent = new RecentSearches<Matches>()
  private readonly identifiers: Identifiers
  private readonly refreshInterval: number
  private readonly changes: Changes
  /** Kuzzle's own collections, by their keys. */
  private readonly ownCollections = new Map<string, Collection>()
  constructor(identifiers: Identifiers, refreshInterval: number, now: number, changes: Changes) {
    this.changes = changes
    this.identifiers = identifiers
    this.refreshInterval = refreshInterval
    const mapping = { properties: { index: { type: "keyword" }, collection: { type: "keyword" } } }
    this.validations = this.makeOwn("validations", { mappings: mapping, settings: {} }, now)
  }

  /** Creates a collection of Kuzzle itself or of a plugin. No index lists it. */
  makeOwn(name: string, setup: Setup, now: number): Collection {
    const key = `%${name}`
    const collection = this.make(key, "kuzzle", name, setup, now)
    this.ownCollections.set(key, collection)
    collection.markSetup()
    return collection
  }

  private make(key: string, index: string, name: string, { mappings, settings }: Setup, now: number): Collection {
    // Elasticsearch checks the settings first.
    checkedSettings(settings)
    return new Collection(index, name, {
      key,
      changes: this.changes,
      mapping: Mapping.create(mappings),
      settings,
      uuid: this.identifiers.index(),
      createdAt: now,
      refreshInterval: this.refreshInterval
    })
  }

  // -- saving -------------------------------------------------------------------------------------------------------

  private savedIndex(name: string): Line {
    return ["index", name, this.indexes.has(name)]
  }

  *allSaved(): Generator<Line> {
    for (const collection of this.ownCollections.values()) yield* collection.allSaved()
    for (const [index, collections] of this.indexes) {
      yield this.savedIndex(index)
      for (const collection of collections.values()) yield* collection.allSaved()
    }
  }

  private markIndex(name: string): void {
    this.changes.mark("index", name, () => this.savedIndex(name))
  }

  restoreIndex(name: string, exists: boolean): void {
    if (!exists) this.indexes.delete(name)
    else if (!this.indexes.has(name)) this.indexes.set(name, new Map())
  }

  /** The collection with a key, and the collections of its index. Kuzzle's own collections always exist. */
  private locate(key: string) {
    const [index = "", name = ""] = key.split("/")
    const collections = this.indexes.get(index)
    return { index, name, collections, collection: this.ownCollections.get(key) ?? collections?.get(name) }
  }

  restoreCollection(key: string, saved: SavedCollection | null): void {
    const { collection, collections, index, name } = this.locate(key)
    if (saved === null) return void collections?.delete(name)
    if (collection !== undefined) return collection.restoreSetup(saved)
    const { changes, refreshInterval } = this
    collections?.set(name, new Collection(index, name, { ...saved, key, changes, refreshInterval }))
  }

  restoreDocument(key: string, id: string, saved: SavedDocument | null): void {
    this.locate(key).collection?.restore(id, saved)
  }

  truncate(key: string): void {
    this.locate(key).collection?.truncate()
  }

  // -- indexes ------------------------------------------------------------------------------------------------------

  listIndexes(): ReadonlyArray<string> {
    return [...this.indexes.keys()]
  }

  hasIndex(index: string): boolean {
    return this.indexes.has(index)
  }

  createIndex(index: string): void {
    if (!isValidName(index)) throw error("services.storage.invalid_index_name", index)
    if (this.indexes.has(index)) throw error("services.storage.index_already_exists", "public", index)
    this.indexes.set(index, new Map())
    this.markIndex(index)
  }

  deleteIndex(index: string): void {
    for (const collection of this.collections(index).values()) collection.close()
    this.indexes.delete(index)
    this.markIndex(index)
  }

  // -- collections --------------------------------------------------------------------------------------------------

  private collections(index: unknown): Map<string, Collection> {
    const collections = typeof index === "string" ? this.indexes.get(index) : undefined
    if (collections === undefined) throw error("services.storage.unknown_index", index)
    return collections
  }

  collection(index: unknown, name: unknown): Collection {
    const collection = typeof name === "string" ? this.collections(index).get(name) : undefined
    if (collection !== undefined) return collection
    this.collections(index)
    throw error("services.storage.unknown_collection", index, name)
  }

  listCollections(index: string): ReadonlyArray<string> {
    return [...this.collections(index).keys()]
  }

  hasCollection(index: unknown, name: unknown): boolean {
    return typeof index === "string" && typeof name === "string" && this.indexes.get(index)?.has(name) === true
  }

  /** Checks the names of a new collection. The real server makes this check first. */
  checkNames(index: unknown, name: unknown): { readonly index: string; readonly name: string } {
    if (!isValidName(index)) throw error("services.storage.invalid_index_name", index)
    if (!isValidName(name)) throw error("services.storage.invalid_collection_name", name)
    if (name === "_kuzzle_keep") throw error("services.storage.collection_reserved", name)
    return { index, name }
  }

  /** Creates a collection, and its index if there is none. An existing collection is updated. */
  createCollection(givenIndex: unknown, givenName: unknown, { mappings, settings }: Change, now: number): void {
    const { index, name } = this.checkNames(givenIndex, givenName)
    Mapping.checkDynamics(mappings)
    const existing = this.indexes.get(index)?.get(name)
    if (existing !== undefined) return existing.change({ mappings, settings }, false, now)
    const setup = { mappings: Mapping.read(mappings), settings: readNewSettings(settings) }
    const created = this.make(`${index}/${name}`, index, name, setup, now)
    if (!this.indexes.has(index)) this.createIndex(index)
    this.collections(index).set(name, created)
    created.markSetup()
  }

  deleteCollection(index: unknown, name: unknown): void {
    const collection = this.collection(index, name)
    collection.close()
    this.collections(index).delete(collection.name)
    const key = `${collection.index}/${collection.name}`
    this.changes.mark("collection", key, () => ["collection", key, null])
  }

  // -- searches -----------------------------------------------------------------------------------------------------

  /** The checks of Elasticsearch on a scroll, after it has read the query. */
  private checkScroll(
    collections: ReadonlyArray<Collection>,
    body: JsonObject,
    from: number,
    size: number,
    now: number
  ): void {
    const faults = [
      ...(from > 0 ? ["using [from] is not allowed in a scroll context"] : []),
      ...(size === 0 ? ["[size] cannot be [0] in a scroll context"] : [])
    ]
    if (faults.length === 0) return
    for (const { mapping } of collections) Query.compile(queryOf(body), mapping, now)
    throw badRequest(`Validation Failed: ${faults.map((fault, i) => `${i + 1}: ${fault};`).join("")}`)
  }

  /** The documents that a query matches, in the order in which they were written. */
  matching(collection: Collection, body: JsonObject, now: number): ReadonlyArray<StoredDocument> {
    checkSearchBody(body)
    const test = Query.compile(queryOf(body), collection.mapping, now)
    return collection.searchable(now).filter(test)
  }

  /**
   * Counts the documents that a query matches. Elasticsearch reads the body key by key, and refuses all keys but
   * `query`.
   */
  count(collection: Collection, body: JsonObject, now: number): number {
    checkSearchBody(body)
    for (const key of Object.keys(body)) {
      if (key !== "query") throw badRequest(`request does not support [${key}]`)
      Query.compile(queryOf(body), collection.mapping, now)
    }
    return this.matching(collection, body, now).length
  }

  search(
    collections: ReadonlyArray<Collection>,
    body: JsonObject,
    options: { readonly from: number; readonly size: number; readonly scroll: string | undefined },
    now: number
  ): SearchResult {
    // For Elasticsearch 7.10, -1 stands for "not given".
    const [from, size] = [options.from === -1 ? 0 : options.from, options.size === -1 ? 10 : options.size]
    const { scroll } = options
    checkSearchBody(body)
    if (typeof body.query === "string" && body.query !== "") {
      throw badRequest("Unknown key for a VALUE_STRING in [query].")
    }
    if (from < 0) throw badRequest("[from] parameter cannot be negative")
    if (size < 0) throw badRequest(`[size] parameter cannot be negative, found [${size}]`)
    const keepAlive = scroll === undefined ? undefined : keepAliveOf(scroll)
    if (keepAlive !== undefined) this.checkScroll(collections, body, from, size, now)
    if (keepAlive === undefined && from + size > 10_000) {
      // A malformed query is refused earlier.
      for (const { mapping } of collections) Query.compile(queryOf(body), mapping, now)
      throw badRequest(
        `Result window is too large, from + size must be less than or equal to: [10000] but was [${from + size}]. ` +
          "See the scroll api for a more efficient way to request large data sets. This limit can be set by changing " +
          "the [index.max_result_window] index level setting."
      )
    }
    if (body.search_after !== undefined) {
      Sorting.checkSearchAfter(body.search_after)
      if (from > 0 || keepAlive !== undefined) throw allShardsFailed()
    }
    const sorted = body.sort !== undefined && !(Array.isArray(body.sort) && body.sort.length === 0)
    const { keys, rows: matched } = this.recent.find(
      body,
      [
        isScored(body, sorted) || scoresHits(body),
        ...collections.flatMap((collection) => [collection.searchable(now), collection.mapping, collection])
      ],
      () => this.find(collections, body, sorted, now)
    )
    const scored = isScored(body, sorted)
    const hitOf = ({ collection, document, score }: Row): JsonObject => ({
      _id: document._id,
      _score: scored ? score : null,
      _source: filterSource(document._source, body._source),
      collection: collection.name,
      index: collection.index
    })
    const definitions = body.aggs ?? body.aggregations
    const allRows = () => collections.flatMap((collection) => collection.searchable(now).map(aggregated(collection, 1)))
    const aggregations = definitions === undefined
      ? {}
      : {
        aggregations: Aggregation.aggregate(
          definitions,
          matched.all().map(({ collection, document, score }) => aggregated(collection, score)(document)),
          allRows,
          now
        )
      }
    const { collapse, post_filter } = body
    const filtered = post_filter === undefined ? matched : matched.filter(filterOf(post_filter, collections, now))
    const { total } = filtered
    if (collapse !== undefined && (body.search_after !== undefined || keepAlive !== undefined)) {
      throw error("testing.engine.not_implemented", "a \"collapse\" of pages")
    }
    const rows = collapse === undefined ? filtered : filtered.filter(collapseOf(collapse, collections))
    if (keepAlive === undefined && body.search_after === undefined) {
      return { ...aggregations, hits: rows.page(from, from + size).map(hitOf), total }
    }
    const { rows: candidates, start } = body.search_after === undefined
      ? { rows: rows.all(), start: 0 }
      : rowsAfter(keys, rows.all(), Sorting.searchAfter(body.search_after, keys), collections.length === 1)
    const page = candidates.slice(start + from, start + from + size).map(hitOf)
    if (keepAlive === undefined) return { ...aggregations, hits: page, total }
    this.forgetScrolls(now)
    const scrollId = this.identifiers.scroll()
    const alive = collections.map((collection) => collection.scrollable())
    this.scrolls.set(scrollId, {
      isAlive: () => alive.some((isAlive) => isAlive()),
      rows: start === 0 ? candidates : candidates.slice(start),
      hitOf,
      size,
      offset: from + size,
      expiresAt: now + keepAlive
    })
    return { ...aggregations, hits: page, remaining: total - page.length, scrollId, total }
  }

  /** The next page of a scroll. The scroll ends with its last page. */
  scroll(scrollId: string, ttl: string | undefined, now: number): SearchResult {
    if (ttl !== undefined && (Timespan.parse(ttl) ?? 0) > maxScroll) {
      throw error("services.storage.scroll_duration_too_great", ttl)
    }
    const scroll = this.scrolls.get(scrollId)
    if (scroll === undefined || scroll.expiresAt <= now) throw error("services.storage.unknown_scroll_id")
    if (!scroll.isAlive()) throw error("services.storage.unexpected_not_found", "all shards failed")
    const hits = scroll.rows.slice(scroll.offset, scroll.offset + scroll.size).map(scroll.hitOf)
    scroll.offset += scroll.size
    scroll.expiresAt = now + (ttl === undefined ? defaultScroll : keepAliveOf(ttl))
    const remaining = Math.max(0, scroll.rows.length - scroll.offset)
    this.scrolls.delete(scrollId)
    if (remaining > 0) this.scrolls.set(scrollId, scroll)
    return { hits, remaining, scrollId, total: scroll.rows.length }
  }

  /** Ends a scroll and returns its remaining hits. Each hit is created when it is read. */
  drain(scrollId: string): Iterable<JsonObject> {
    const scroll = this.scrolls.get(scrollId)
    this.scrolls.delete(scrollId)
    return { [Symbol.iterator]: () => scroll === undefined ? [].values() : remaining(scroll) }
  }

  private find(collections: ReadonlyArray<Collection>, body: JsonObject, sorted: boolean, now: number): Matches {
    const scored = isScored(body, sorted) || scoresHits(body)
    let keys: ReadonlyArray<Sorting.SortKey> = []
    const rows = collections.flatMap((collection) => {
      const own = Sorting.compileSort(body.sort, collection.mapping, now)
      if (keys.length === 0) keys = own
      const matched = this.matching(collection, body, now)
      const score = scored && matched.length > 0
        ? Scoring.compile(queryOf(body), collection.searchable(now), collection.mapping, now)
        : 0
      const common = typeof score === "number" ? Java.float(score) : 0
      const scoreOf = (document: StoredDocument) => typeof score === "number" ? common : Java.float(score(document))
      return matched.map((document) => {
        const rounded = scoreOf(document)
        return { collection, document, score: rounded, values: own.map((key) => key.valueOf(document, rounded)) }
      })
    })
    const compare = sorted
      ? (a: Row, b: Row) => Sorting.compareRows(keys, a.values, b.values)
      : (a: Row, b: Row) => b.score - a.score
    return { keys, rows: new ResultRows<Row>(rows, compare) }
  }

  /**
   * Removes expired scrolls, starting with the one that was used least recently. It stops at the first that has not
   * expired. A later scroll with a shorter lifetime is therefore removed up to one minute late.
   */
  forgetScrolls(now: number): void {
    for (const [id, { expiresAt }] of this.scrolls) {
      if (expiresAt > now) return
      this.scrolls.delete(id)
    }
  }
}

/**
 * The rows behind the position `after`. Usually it is the position of a row, which a binary search finds. Other values
 * may have types that cannot be compared with those of the rows, for example values of another collection. Then each
 * row is compared.
 */
const rowsAfter = (
  keys: ReadonlyArray<Sorting.SortKey>,
  rows: ReadonlyArray<Row>,
  after: ReadonlyArray<Sorting.SortValue>,
  areOfOneCollection: boolean
): { readonly rows: ReadonlyArray<Row>; readonly start: number } => {
  const isBehind = (row: Row): boolean => Sorting.compareRows(keys, row.values, after) > 0
  let low = 0
  let high = rows.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (isBehind(rows[middle]!)) high = middle
    else low = middle + 1
  }
  const isOfRow = low > 0 && keys.every((_, i) => rows[low - 1]!.values[i] === after[i])
  return isOfRow && areOfOneCollection ? { rows, start: low } : { rows: rows.filter(isBehind), start: 0 }
}

/**
 * The lifetime of a scroll, in milliseconds. Elasticsearch and Kuzzle both parse the text. Elasticsearch may refuse it,
 * and Kuzzle remembers the scroll for this time (elasticsearch.js, `search` and `scroll`). Elasticsearch removes its
 * scrolls once a minute.
 */
const keepAliveOf = (scroll: string): number => {
  const remembered = Timespan.parse(scroll)
  if (remembered !== undefined && remembered > maxScroll) {
    throw error("services.storage.scroll_duration_too_great", scroll)
  }
  if (TimeValue.parse(scroll, "scroll") > maxKeepAlive) {
    throw error("testing.engine.not_implemented", "a scroll that Elasticsearch shall keep for more than a day")
  }
  return remembered !== undefined && remembered < 0 ? Infinity : remembered || defaultScroll
}
