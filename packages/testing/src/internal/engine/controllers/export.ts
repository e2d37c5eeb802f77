/**
 * `document:export`. The real server answers 200 and begins to write before it searches. A later failure ends the file
 * with the message of the error, without a line end (observed). Each line is created when it is read.
 */
import { Download } from "../download.ts"
import { EngineError, error } from "../errors.ts"
import { isObject, type JsonObject } from "../json.ts"
import { fromKoncorde } from "../koncorde.ts"
import * as Mapping from "../mapping.ts"
import * as Request from "../request.ts"
import type { Action, Call } from "../state.ts"
import type { Collection } from "../storage.ts"

export const exportDocuments: Action = (call) => {
  const { request } = call
  const { collection, index } = Request.getIndexAndCollection(request)
  const size = Request.getInteger(request, "size", 10)
  const scroll = Request.getScroll(request) ?? "5s"
  const lang = Request.getLang(request)
  const format = Request.getString(request, "format", "jsonl")
  const separator = Request.getString(request, "separator", ",")
  const queryOption = object(request, "query")
  const collapse = object(request, "collapse")
  const fields = list(request, "fields")
  const names = object(request, "fieldsName")
  if (request.protocol !== "http") {
    throw error("api.assert.unsupported_protocol", request.protocol, "document:export")
  }
  if (Object.keys(collapse).length > 0) {
    throw error("testing.engine.not_implemented", "\"collapse\" in an export")
  }
  const query = lang === "koncorde" ? fromKoncorde(queryOption) : queryOption
  const isCsv = format.toLowerCase() === "csv"
  const target = () => call.state.storage.collection(index, collection)
  const hits = search(call, target, { query }, { from: 0, size, scroll })
  const lines = () =>
    isCsv
      ? csv(hits, target, { fields: fields.map(String), names, separator })
      : jsonLines(hits, { collection, index, type: "collection" })
  return new Download(`${index}-${collection}.${format}`, isCsv ? "text/csv" : "html/text", {
    [Symbol.iterator]: () => writtenLines(lines())
  })
}

interface Columns {
  readonly fields: ReadonlyArray<string>
  readonly names: JsonObject
  readonly separator: string
}

/** An option that is an object: in the body of a POST, or as JSON in the query string of a GET. */
const object = (request: Request.KuzzleRequest, name: string): JsonObject => {
  if (request.verb !== "GET") return request.body === null ? {} : Request.getBodyObject(request, name, {})
  const value = json(request, name)
  return isObject(value) ? value : {}
}

const list = (request: Request.KuzzleRequest, name: string): ReadonlyArray<unknown> => {
  if (request.verb !== "GET") return request.body === null ? [] : Request.getBodyArray(request, name, [])
  const value = json(request, name)
  return Array.isArray(value) ? value : []
}

const json = (request: Request.KuzzleRequest, name: string): unknown => {
  try {
    return JSON.parse(Request.getString(request, name, "null"))
  } catch {
    throw error("api.assert.invalid_type", name, "JSON string")
  }
}

/** The names of the classes of the real server, which it writes before the message. */
const classes = new Map([[400, "BadRequestError"], [404, "NotFoundError"], [412, "PreconditionError"]])

function* writtenLines(lines: Iterable<string>): Generator<string> {
  try {
    for (const line of lines) yield `${line}\n`
  } catch (cause) {
    if (!(cause instanceof EngineError)) throw cause
    yield `${classes.get(cause.status) ?? "InternalError"}: ${cause.message}`
  }
}

/** Returns the hits, or throws the error. Options that the engine does not implement are refused here. */
type Hits = () => Iterable<JsonObject>

const search = (
  { now, state: { storage } }: Call,
  target: () => Collection,
  body: JsonObject,
  options: { readonly from: number; readonly size: number; readonly scroll: string }
): Hits => {
  try {
    const { hits, scrollId } = storage.search([target()], body, options, now)
    const others = scrollId === undefined ? [] : storage.drain(scrollId)
    return function*() {
      yield* hits
      yield* others
    }
  } catch (cause) {
    if (!(cause instanceof EngineError) || cause.status === 501) throw cause
    return () => {
      throw cause
    }
  }
}

function* jsonLines(hits: Hits, header: JsonObject): Iterable<string> {
  yield JSON.stringify(header)
  for (const { _id, _source } of hits()) yield JSON.stringify({ _id, body: _source })
}

function* csv(hits: Hits, target: () => Collection, { fields, names, separator }: Columns): Iterable<string> {
  const columns = fields.length > 0
    ? fields.filter((field) => field !== "_id")
    : Array.from(mappedFields(Mapping.show(target().mapping, false).properties))
  yield ["_id", ...columns].map((field) => String(names[field] || field)).join(separator)
  for (const { _id, _source } of hits()) {
    // Nothing is quoted (observed). In a list, an undefined value is an empty text.
    yield [_id, ...columns.map((field) => cell(at(_source, field)))].join(separator)
  }
}

const cell = (value: unknown): unknown => (typeof value === "object" && value !== null ? "[OBJECT]" : value)

const at = (source: unknown, path: string): unknown =>
  path.split(".").reduce((value, name) => (isObject(value) ? value[name] : undefined), source)

/** The dotted paths of the fields that a mapping knows, except Kuzzle's own. */
function* mappedFields(properties: unknown, above = ""): Iterable<string> {
  for (const [name, property] of Object.entries(isObject(properties) ? properties : {})) {
    if (!isObject(property) || name === "_kuzzle_info") continue
    if (property.type === undefined) yield* mappedFields(property.properties, `${above}${name}.`)
    else yield `${above}${name}`
  }
}
