/*
 * A small stand-in for one Elasticsearch 7 node, in memory. It has the part of
 * the HTTP API that Kuzzle calls, and listens on 127.0.0.1.
 *
 *   ES_MINI_PORT=9200 node main.mjs
 *   ES_MINI_LOG=1 (prints one line per request)
 *
 * As in Elasticsearch, searches and counts see a document only after a refresh:
 * within a second, or at once with ?refresh=true.
 */

import crypto from "node:crypto"
import http from "node:http"
import {
  aggregate,
  asArray,
  badRequest,
  compareTuples,
  compile,
  compileSort,
  EsError,
  filterSource,
  isObject,
  mergeMappings,
  parseDocument
} from "./query.mjs"

const PORT = Number(process.env.ES_MINI_PORT || 9200)
const VERSION = "7.10.2"
const REFRESH_MS = 1000
const MAX_RESULT_WINDOW = 10000
const SHARDS = { failed: 0, skipped: 0, successful: 1, total: 1 }
const WRITE_SHARDS = { failed: 0, successful: 1, total: 2 }
const CLUSTER_UUID = newUuid()

const indices = new Map()
const scrolls = new Map()

function newUuid() {
  return crypto.randomBytes(16).toString("base64url")
}

const newId = () => crypto.randomBytes(15).toString("base64url")

/* ---------------------------------------------------------------- indices -- */

class Index {
  constructor(name, { aliases = {}, mappings = {}, settings = {} }) {
    this.name = name
    this.uuid = newUuid()
    this.created = Date.now()
    this.aliases = new Map(Object.entries(aliases))
    this.mappings = mergeMappings({}, mappings)
    this.settings = { ...settings, ...(settings.index || {}), index: undefined }
    this.docs = new Map()
    this.visible = []
    this.dirty = false
    this.seq = 0
    this.waiting = []
  }

  refresh() {
    if (this.dirty) {
      this.visible = [...this.docs.values()]
      this.dirty = false
    }
    for (const resolve of this.waiting.splice(0)) {
      resolve()
    }
  }

  /* Applies the `refresh` parameter of a write */
  async settle(refresh) {
    if (refresh === "wait_for") {
      await new Promise((resolve) => this.waiting.push(resolve))
    } else if (refresh === "true" || refresh === "" || refresh === true) {
      this.refresh()
    }
  }

  write(id, source) {
    const before = this.docs.get(id)
    this.mappings = parseDocument(this.mappings, id, source)
    const doc = {
      _id: id,
      _index: this.name,
      _source: source,
      seq: this.seq++,
      version: before ? before.version + 1 : 1
    }
    this.docs.set(id, doc)
    this.dirty = true
    return this.outcome(doc, before ? "updated" : "created")
  }

  remove(id) {
    const before = this.docs.get(id)
    this.docs.delete(id)
    this.dirty = true
    return this.outcome(
      { _id: id, seq: this.seq++, version: before ? before.version + 1 : 1 },
      before ? "deleted" : "not_found"
    )
  }

  outcome(doc, result) {
    return {
      _index: this.name,
      _type: "_doc",
      _id: doc._id,
      _version: doc.version,
      result,
      _shards: WRITE_SHARDS,
      _seq_no: doc.seq,
      _primary_term: 1
    }
  }

  get(id, sourceOption) {
    const doc = this.docs.get(id)
    const head = {
      _index: this.name,
      _type: "_doc",
      _id: id
    }
    return doc
      ? {
        ...head,
        _version: doc.version,
        _seq_no: doc.seq,
        _primary_term: 1,
        found: true,
        _source: filterSource(doc._source, sourceOption)
      }
      : { ...head, found: false }
  }
}

setInterval(() => {
  for (const index of indices.values()) {
    index.refresh()
  }
  for (const [id, scroll] of scrolls) {
    if (scroll.expires < Date.now()) {
      scrolls.delete(id)
    }
  }
}, REFRESH_MS)

const noSuchIndex = (name) =>
  new EsError(404, "index_not_found_exception", `no such index [${name}]`, {
    "resource.type": "index_or_alias",
    "resource.id": name,
    index_uuid: "_na_",
    index: name
  })

const nameMatcher = (pattern) =>
  new RegExp(
    `^${pattern.replace(/[.+?^${}()|[\]\\]/g, "\\$&").replace(/\*/g, ".*")}$`
  )

/* The indices that match a comma-separated list of names, aliases and
 * wildcards */
function resolve(expression) {
  if (expression === undefined || expression === "_all") {
    return [...indices.values()]
  }
  const resolved = new Set()
  for (const name of expression.split(",")) {
    const matches = nameMatcher(name)
    const matching = [...indices.values()].filter(
      (index) => matches.test(index.name) || [...index.aliases.keys()].some((a) => matches.test(a))
    )
    if (matching.length === 0 && !name.includes("*")) {
      throw noSuchIndex(name)
    }
    matching.forEach((index) => resolved.add(index))
  }
  return [...resolved]
}

function only(expression) {
  const targets = resolve(expression)
  if (targets.length !== 1) {
    throw badRequest(
      "illegal_argument_exception",
      `no write index is defined for alias [${expression}]`
    )
  }
  return targets[0]
}

function createIndex(name, body) {
  if (indices.has(name)) {
    throw badRequest(
      "resource_already_exists_exception",
      `index [${name}/${indices.get(name).uuid}] already exists`,
      { index: name, index_uuid: indices.get(name).uuid }
    )
  }
  if (name !== name.toLowerCase()) {
    throw badRequest("invalid_index_name_exception", `Invalid index name [${name}], must be lowercase`)
  }
  indices.set(name, new Index(name, body))
}

/* ----------------------------------------------------------------- search -- */

const toMs = (duration) => {
  const [, amount, unit] = /^(\d+)(ms|s|m|h|d)$/.exec(duration) || []
  if (!amount) {
    throw badRequest(
      "illegal_argument_exception",
      `failed to parse setting [keep_alive] with value [${duration}] as a time value: unit is missing or unrecognized`
    )
  }
  return Number(amount) * { d: 864e5, h: 36e5, m: 6e4, ms: 1, s: 1e3 }[unit]
}

/* Runs a part of a search on one shard. Its failure is reported as the failure of the whole search. */
function onShard(index, action) {
  try {
    return action()
  } catch (error) {
    if (!(error instanceof EsError) || error.type === "search_phase_execution_exception") {
      throw error
    }
    const cause = { index: index.name, index_uuid: index.uuid, reason: error.message, type: error.type }
    const failure = badRequest("search_phase_execution_exception", "all shards failed", {
      phase: "query",
      grouped: true,
      failed_shards: [{ index: index.name, node: "mini", reason: cause, shard: 0 }]
    })
    failure.toJSON = () => ({
      error: {
        root_cause: [cause],
        type: failure.type,
        reason: failure.message,
        ...failure.extra
      },
      status: 400
    })
    throw failure
  }
}

function matching(targets, query = { match_all: {} }) {
  return targets.flatMap((index) => {
    const predicate = compile(index.mappings, query)
    return index.visible.filter(predicate).map((doc) => ({ doc, index }))
  })
}

function search(targets, body, { scroll, ...params }) {
  const number = (name, fallback) => Number(params[name] ?? body[name] ?? fallback)
  const from = number("from", 0)
  const size = number("size", 10)

  for (const [name, value] of Object.entries({ from, size })) {
    if (value < 0) {
      throw badRequest("illegal_argument_exception", `[${name}] parameter cannot be negative but was [${value}]`)
    }
  }
  if (!scroll && from + size > MAX_RESULT_WINDOW && targets.length > 0) {
    onShard(targets[0], () => {
      throw badRequest(
        "illegal_argument_exception",
        `Result window is too large, from + size must be less than or equal to: [${MAX_RESULT_WINDOW}] but was [${
          from + size
        }]. See the scroll api for a more efficient way to request large data sets. This limit can be set by changing the [index.max_result_window] index level setting.`
      )
    })
  }

  const sort = body.sort ?? (params.sort && params.sort.split(",").map((s) => {
    const [path, order] = s.split(":")
    return order ? { [path]: order } : path
  }))
  const sorted = asArray(sort).length > 0
  const matches = matching(targets, body.query)
  const keysOf = new Map(
    targets.map((index) => [index, onShard(index, () => compileSort(index.mappings, sort))])
  )
  const rows = matches.map(({ doc, index }) => ({
    doc,
    index,
    tuple: keysOf.get(index).map((key) => key.valueOf(doc))
  }))
  const keys = targets.length > 0 ? keysOf.get(targets[0]) : []

  if (sorted) {
    rows.sort((a, b) => compareTuples(keys, a.tuple, b.tuple))
  }
  const remaining = body.search_after
    ? rows.filter((row) => compareTuples(keys, row.tuple, body.search_after) > 0)
    : rows

  const hits = remaining.map(({ doc, index, tuple }) => ({
    _index: index.name,
    _type: "_doc",
    _id: doc._id,
    _score: sorted ? null : 1,
    _source: filterSource(doc._source, body._source),
    ...(sorted ? { sort: tuple } : {})
  }))
  const answer = {
    took: 1,
    timed_out: false,
    _shards: { ...SHARDS, successful: targets.length, total: targets.length },
    hits: {
      total: { relation: "eq", value: rows.length },
      max_score: sorted || rows.length === 0 ? null : 1,
      hits: hits.slice(from, from + size)
    }
  }
  const aggregations = body.aggs || body.aggregations
  if (aggregations) {
    answer.aggregations = aggregate(
      targets[0]?.mappings || {},
      matches.map(({ doc }) => doc),
      aggregations
    )
  }
  if (scroll) {
    const id = Buffer.from(`mini#${newUuid()}${newUuid()}`).toString("base64")
    scrolls.set(id, {
      expires: Date.now() + toMs(scroll),
      hits,
      offset: size,
      size,
      total: answer.hits.total
    })
    return { _scroll_id: id, ...answer }
  }
  return answer
}

function nextPage({ scroll_id: id, scroll: ttl }) {
  const scroll = scrolls.get(id)
  if (!scroll) {
    throw new EsError(404, "search_context_missing_exception", `No search context found for id [${id}]`)
  }
  const page = scroll.hits.slice(scroll.offset, scroll.offset + scroll.size)
  scroll.offset += scroll.size
  if (ttl) {
    scroll.expires = Date.now() + toMs(ttl)
  }
  return {
    _scroll_id: id,
    took: 1,
    timed_out: false,
    _shards: SHARDS,
    hits: { total: scroll.total, max_score: 1, hits: page }
  }
}

/* ----------------------------------------------------------------- writes -- */

const alreadyExists = (index, id) =>
  new EsError(
    409,
    "version_conflict_engine_exception",
    `[${id}]: version conflict, document already exists (current version [${index.docs.get(id).version}])`,
    { index_uuid: index.uuid, shard: "0", index: index.name }
  )

function indexDocument(index, id, source, opType) {
  if (!isObject(source)) {
    throw badRequest("mapper_parsing_exception", "failed to parse")
  }
  if (id !== undefined && Buffer.byteLength(id) > 512) {
    throw badRequest(
      "illegal_argument_exception",
      `id is too long, must be no longer than 512 bytes but was: ${Buffer.byteLength(id)}`
    )
  }
  if (opType === "create" && index.docs.has(id)) {
    throw alreadyExists(index, id)
  }
  return index.write(id ?? newId(), structuredClone(source))
}

const mergeSource = (target, changes) => {
  const merged = { ...target }
  for (const [key, value] of Object.entries(changes)) {
    merged[key] = isObject(value) && isObject(merged[key]) ? mergeSource(merged[key], value) : value
  }
  return merged
}

function updateDocument(index, id, body, sourceOption) {
  const before = index.docs.get(id)
  let result

  if (!before && body.upsert === undefined && !body.doc_as_upsert) {
    throw new EsError(
      404,
      "document_missing_exception",
      `[_doc][${id}]: document missing`,
      { index_uuid: index.uuid, shard: "0", index: index.name }
    )
  }
  if (!before) {
    result = index.write(id, structuredClone(body.upsert ?? body.doc))
  } else {
    const source = mergeSource(before._source, structuredClone(body.doc || {}))
    // An update without a change is not written.
    result = JSON.stringify(source) === JSON.stringify(before._source)
      ? { ...index.outcome(before, "noop"), _shards: { failed: 0, successful: 0, total: 0 } }
      : index.write(id, source)
  }
  if (sourceOption !== undefined && sourceOption !== false && sourceOption !== "false") {
    const doc = index.docs.get(id)
    result.get = {
      _seq_no: doc.seq,
      _primary_term: 1,
      found: true,
      _source: filterSource(doc._source, sourceOption)
    }
  }
  return result
}

async function bulk(lines, defaultIndex, params) {
  const items = []
  const touched = new Set()

  for (let i = 0; i < lines.length; i++) {
    const [action] = Object.keys(lines[i])
    const { _id, _index = defaultIndex, _source } = lines[i][action]
    const body = action === "delete" ? undefined : lines[++i]
    const id = _id === undefined || _id === null ? undefined : String(_id)
    let item

    try {
      const index = only(_index)
      touched.add(index)
      switch (action) {
        case "index":
        case "create": {
          const result = indexDocument(index, id, body, action)
          item = { ...result, status: result.result === "created" ? 201 : 200 }
          break
        }
        case "update": {
          const result = updateDocument(index, id, body, _source ?? body._source)
          item = { ...result, status: result.result === "created" ? 201 : 200 }
          break
        }
        case "delete": {
          const result = index.remove(id)
          item = { ...result, status: result.result === "deleted" ? 200 : 404 }
          break
        }
        default:
          throw badRequest(
            "illegal_argument_exception",
            `Malformed action/metadata line [${
              i + 1
            }], expected one of [create, delete, index, update] but found [${action}]`
          )
      }
    } catch (error) {
      if (!(error instanceof EsError)) {
        throw error
      }
      item = {
        _index,
        _type: "_doc",
        _id: id,
        status: error.status,
        error: { type: error.type, reason: error.message, ...error.extra }
      }
    }
    items.push({ [action]: item })
  }

  await Promise.all([...touched].map((index) => index.settle(params.refresh)))
  return {
    took: 1,
    errors: items.some((item) => Object.values(item)[0].error),
    items
  }
}

/* Kuzzle writes only scripts of this form: "ctx._source.a.b = params['a.b'];" */
function runScript(source, { source: text = "", params = {} }) {
  const changed = structuredClone(source)
  const rest = text.replace(/ctx\._source\.([\w.]+) = params\['([^']+)'\];/g, (_, path, name) => {
    const keys = path.split(".")
    let parent = changed
    for (const key of keys.slice(0, -1)) {
      parent = parent[key] ??= {}
    }
    parent[keys.at(-1)] = params[name]
    return ""
  })
  if (rest.trim() !== "") {
    throw badRequest("script_exception", "compile error")
  }
  return changed
}

async function byQuery(expression, body, params, change) {
  const targets = resolve(expression)
  const matches = matching(targets, body.query).slice(0, params.max_docs ?? Infinity)
  let done = 0

  for (const { doc, index } of matches) {
    if (index.docs.get(doc._id)) {
      change(index, doc._id)
      done++
    }
  }
  if (params.refresh === "true" || params.refresh === "") {
    targets.forEach((index) => index.refresh())
  }
  return {
    took: 1,
    timed_out: false,
    total: matches.length,
    deleted: done,
    updated: done,
    batches: 1,
    version_conflicts: 0,
    noops: 0,
    retries: { bulk: 0, search: 0 },
    throttled_millis: 0,
    requests_per_second: -1,
    throttled_until_millis: 0,
    failures: []
  }
}

/* ----------------------------------------------------------------- routes -- */

const routes = []
const route = (methods, path, handler) => {
  const names = []
  const pattern = path.replace(/:(\w+)/g, (_, name) => {
    names.push(name)
    return "([^/]+)"
  })
  routes.push({ handler, methods: methods.split(","), names, pattern: new RegExp(`^${pattern}/?$`) })
}

const settingsOf = (index) => ({
  settings: {
    index: {
      number_of_shards: "1",
      number_of_replicas: "1",
      ...Object.fromEntries(
        Object.entries(index.settings)
          .filter(([, v]) => v !== undefined && v !== null)
          .map(([k, v]) => [k, isObject(v) ? v : String(v)])
      ),
      provided_name: index.name,
      creation_date: String(index.created),
      uuid: index.uuid,
      version: { created: "7172699" }
    }
  }
})
const byName = (list, view) => Object.fromEntries(list.map((index) => [index.name, view(index)]))
const aliasesOf = (index) => ({ aliases: Object.fromEntries(index.aliases) })
const bytesOf = (index) => JSON.stringify([...index.docs.values()]).length
const acknowledged = { acknowledged: true }

route("GET,HEAD", "/", () => ({
  name: "mini",
  cluster_name: "es-mini",
  cluster_uuid: CLUSTER_UUID,
  version: {
    number: VERSION,
    build_flavor: "default",
    build_type: "tar",
    build_hash: "0000000000000000000000000000000000000000",
    build_date: "2024-01-01T00:00:00.000Z",
    build_snapshot: false,
    lucene_version: "8.11.3",
    minimum_wire_compatibility_version: "6.8.0",
    minimum_index_compatibility_version: "6.0.0-beta1"
  },
  tagline: "You Know, for Search"
}))

route("GET", "/_cluster/health", () => ({
  cluster_name: "es-mini",
  status: "yellow",
  timed_out: false,
  number_of_nodes: 1,
  number_of_data_nodes: 1,
  active_primary_shards: indices.size,
  active_shards: indices.size,
  relocating_shards: 0,
  initializing_shards: 0,
  unassigned_shards: indices.size,
  delayed_unassigned_shards: 0,
  number_of_pending_tasks: 0,
  number_of_in_flight_fetch: 0,
  task_max_waiting_in_queue_millis: 0,
  active_shards_percent_as_number: 50
}))

route("GET", "/_cluster/stats", () => {
  const size = [...indices.values()].reduce((n, index) => n + bytesOf(index), 0)
  return {
    cluster_name: "es-mini",
    status: "yellow",
    indices: {
      count: indices.size,
      store: { size: `${(size / 1024).toFixed(1)}kb`, size_in_bytes: size }
    },
    nodes: { count: { data: 1, master: 1, total: 1 }, versions: [VERSION] }
  }
})

route("GET", "/_cat/nodes", () => [
  { ip: "127.0.0.1", master: "*", name: "mini", "node.role": "dim" }
])

route("GET", "/_cat/indices", () =>
  [...indices.values()].map((index) => ({
    health: "yellow",
    status: index.closed ? "close" : "open",
    index: index.name,
    uuid: index.uuid,
    pri: "1",
    rep: "1",
    "docs.count": String(index.visible.length),
    "docs.deleted": "0",
    "store.size": `${bytesOf(index)}b`,
    "pri.store.size": `${bytesOf(index)}b`
  })))

const catAliases = ({ name }) =>
  [...indices.values()].flatMap((index) =>
    [...index.aliases.keys()]
      .filter((alias) => name === undefined || name.split(",").some((n) => nameMatcher(n).test(alias)))
      .map((alias) => ({
        alias,
        index: index.name,
        filter: "-",
        "routing.index": "-",
        "routing.search": "-",
        is_write_index: "-"
      }))
  )
route("GET", "/_cat/aliases", catAliases)
route("GET", "/_cat/aliases/:name", catAliases)

route("GET,HEAD", "/_alias/:name", ({ name }) => {
  const aliases = catAliases({ name })
  if (aliases.length === 0) {
    throw new EsError(404, "aliases_not_found_exception", `aliases [${name}] missing`)
  }
  return byName(aliases.map((row) => indices.get(row.index)), aliasesOf)
})
route("GET", "/:index/_alias", ({ index }) => byName(resolve(index), aliasesOf))
route("POST", "/_aliases", (params, body) => {
  for (const action of body.actions) {
    const [kind] = Object.keys(action)
    const { alias, index } = action[kind]
    for (const target of resolve(index)) {
      if (kind === "add") target.aliases.set(alias, {})
      else target.aliases.delete(alias)
    }
  }
  return acknowledged
})
const deleteAlias = ({ index, name }) => {
  resolve(index).forEach((target) => target.aliases.delete(name))
  return acknowledged
}
route("DELETE", "/:index/_alias/:name", deleteAlias)
route("DELETE", "/:index/_aliases/:name", deleteAlias)

const refreshRoute = ({ index }) => {
  resolve(index).forEach((target) => target.refresh())
  return { _shards: WRITE_SHARDS }
}
route("GET,POST", "/_refresh", refreshRoute)
route("GET,POST", "/:index/_refresh", refreshRoute)

const stats = ({ index }) => ({
  _shards: WRITE_SHARDS,
  indices: byName(resolve(index), (target) => {
    const counts = {
      docs: { count: target.visible.length, deleted: 0 },
      store: { size_in_bytes: bytesOf(target) }
    }
    return { uuid: target.uuid, primaries: counts, total: counts }
  })
})
route("GET", "/_stats", stats)
route("GET", "/_stats/:metric", stats)
route("GET", "/:index/_stats", stats)
route("GET", "/:index/_stats/:metric", stats)

route("GET", "/:index/_mappings?", ({ index }) => byName(resolve(index), (target) => ({ mappings: target.mappings })))
route("PUT,POST", "/:index/_mappings?", ({ index }, body) => {
  for (const target of resolve(index)) {
    target.mappings = mergeMappings(target.mappings, body)
  }
  return acknowledged
})
route("GET", "/:index/_settings", ({ index }) => byName(resolve(index), settingsOf))
route("PUT", "/:index/_settings", ({ index }, body) => {
  for (const target of resolve(index)) {
    Object.assign(target.settings, body, body.index, { index: undefined })
  }
  return acknowledged
})
route("POST", "/:index/_close", ({ index }) => {
  resolve(index).forEach((target) => (target.closed = true))
  return { ...acknowledged, shards_acknowledged: true, indices: {} }
})
route("POST", "/:index/_open", ({ index }) => {
  resolve(index).forEach((target) => (target.closed = false))
  return { ...acknowledged, shards_acknowledged: true }
})

const scrollRoute = (params, body) => nextPage({ ...params, ...body })
const clearScroll = ({ scroll_id: id }, body) => {
  const ids = asArray(body?.scroll_id ?? id?.split(","))
  const freed = ids.filter((scrollId) => scrolls.delete(scrollId)).length
  return [freed ? 200 : 404, { num_freed: freed, succeeded: true }]
}
for (const path of ["/_search/scroll", "/_search/scroll/:scroll_id"]) {
  route("GET,POST", path, scrollRoute)
  route("DELETE", path, clearScroll)
}
const searchRoute = ({ index, ...params }, body) => search(resolve(index), body || {}, params)
route("GET,POST", "/_search", searchRoute)
route("GET,POST", "/:index/_search", searchRoute)
const count = ({ index }, body) => ({
  count: matching(resolve(index), body?.query).length,
  _shards: SHARDS
})
route("GET,POST", "/_count", count)
route("GET,POST", "/:index/_count", count)

const mget = ({ index, _source }, body) => ({
  docs: (body.docs || body.ids.map((_id) => ({ _id }))).map((doc) => {
    const name = doc._index || index
    try {
      return only(name).get(String(doc._id), doc._source ?? _source)
    } catch (error) {
      return { _index: name, _id: doc._id, error: error.toJSON().error }
    }
  })
})
route("GET,POST", "/_mget", mget)
route("GET,POST", "/:index/_mget", mget)

route("POST,PUT", "/_bulk", (params, body) => bulk(body, undefined, params))
route("POST,PUT", "/:index/_bulk", ({ index, ...params }, body) => bulk(body, index, params))

route(
  "POST",
  "/:index/_delete_by_query",
  ({ index, ...params }, body) => byQuery(index, body, params, (target, id) => target.remove(id))
)
route(
  "POST",
  "/:index/_update_by_query",
  ({ index, ...params }, body) =>
    byQuery(index, body || {}, params, (target, id) => {
      const { _source } = target.docs.get(id)
      target.write(id, body?.script ? runScript(_source, body.script) : _source)
    })
)

route("POST", "/:index/_update/:id", async ({ index, id, refresh, _source }, body) => {
  const target = only(index)
  const result = updateDocument(target, id, body, _source ?? body._source)
  await target.settle(refresh)
  return result
})

const put = async ({ index, id, op_type: opType, refresh }, body) => {
  const target = only(index)
  const result = indexDocument(target, id, body, opType)
  await target.settle(refresh)
  return [result.result === "created" ? 201 : 200, result]
}
route("POST", "/:index/_doc", put)
route("POST,PUT", "/:index/_doc/:id", put)
route("POST,PUT", "/:index/_create/:id", (params, body) => put({ ...params, op_type: "create" }, body))
route("GET,HEAD", "/:index/_doc/:id", ({ index, id, _source }) => {
  const answer = only(index).get(id, _source)
  return [answer.found ? 200 : 404, answer]
})
route("DELETE", "/:index/_doc/:id", async ({ index, id, refresh }) => {
  const target = only(index)
  const result = target.remove(id)
  await target.settle(refresh)
  return [result.result === "deleted" ? 200 : 404, result]
})

route("PUT", "/:index", ({ index }, body) => {
  createIndex(index, body || {})
  return { ...acknowledged, shards_acknowledged: true, index }
})
route("HEAD,GET", "/:index", ({ index }) =>
  byName(resolve(index), (target) => ({
    ...aliasesOf(target),
    mappings: target.mappings,
    ...settingsOf(target)
  })))
route("DELETE", "/:index", ({ index }) => {
  resolve(index).forEach((target) => indices.delete(target.name))
  return acknowledged
})

/* ----------------------------------------------------------------- server -- */

function parseBody(text, path) {
  if (text.trim() === "") {
    return undefined
  }
  try {
    return path.endsWith("/_bulk")
      ? text.split("\n").filter((line) => line !== "").map((line) => JSON.parse(line))
      : JSON.parse(text)
  } catch (error) {
    throw badRequest("parsing_exception", `request body is not valid JSON: ${error.message}`)
  }
}

async function answer(request, text) {
  const { pathname, searchParams } = new URL(request.url, "http://es")
  const query = Object.fromEntries(searchParams)

  for (const { handler, methods, names, pattern } of routes) {
    const match = methods.includes(request.method) && pattern.exec(pathname)
    if (match) {
      const params = { ...query }
      names.forEach((name, i) => (params[name] = decodeURIComponent(match[i + 1])))
      const result = await handler(params, parseBody(text, pathname))
      return Array.isArray(result) && typeof result[0] === "number" ? result : [200, result]
    }
  }
  throw badRequest(
    "illegal_argument_exception",
    `es-mini has no handler for [${request.method} ${request.url}]`
  )
}

const server = http.createServer((request, response) => {
  const chunks = []
  request.on("data", (chunk) => chunks.push(chunk))
  request.on("end", async () => {
    const text = Buffer.concat(chunks).toString()
    let status
    let body
    try {
      ;[status, body] = await answer(request, text)
    } catch (error) {
      const failure = error instanceof EsError
        ? error
        : new EsError(500, "exception", `${error.stack}`)
      status = failure.status
      body = failure.toJSON()
    }
    if (process.env.ES_MINI_LOG || status === 500) {
      console.log(
        request.method,
        request.url,
        status,
        text.slice(0, 500),
        status >= 400 ? JSON.stringify(body).slice(0, 500) : ""
      )
    }
    response.writeHead(status, {
      "X-elastic-product": "Elasticsearch",
      "Content-Type": "application/json; charset=UTF-8"
    })
    response.end(request.method === "HEAD" ? undefined : JSON.stringify(body))
  })
})

server.keepAliveTimeout = 120000
server.listen(PORT, "127.0.0.1", () => console.log(`es-mini ${VERSION} on http://127.0.0.1:${PORT}`))
