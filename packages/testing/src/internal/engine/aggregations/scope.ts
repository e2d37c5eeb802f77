/**
 * The context that the aggregations of a search share.
 */
import { badRequest, error } from "../errors.ts"
import type { JsonObject } from "../json.ts"
import { type Document, isDate, type Mapping, type Scalar, storedTerm, terms, valuedField } from "../mapping.ts"
import * as Query from "../query.ts"

/** A document of the result, or an object nested in it, with the mapping of its collection. */
export interface Row {
  readonly document: Document
  readonly mapping: Mapping
  /** The name of its index in Elasticsearch. */
  readonly index: string
  readonly score: number
}

export interface Scope {
  readonly name: string
  readonly rows: ReadonlyArray<Row>
  /** The rows of all documents, whatever the query. */
  readonly allRows: () => ReadonlyArray<Row>
  readonly now: number
  /** Computes the inner aggregations of a bucket. */
  readonly innerResults: (rows: ReadonlyArray<Row>) => JsonObject
  readonly buckets: Buckets
  readonly isTop: boolean
}

export type Aggregator = (options: JsonObject, scope: Scope) => JsonObject

/** The setting `search.max_buckets`, for all aggregations of a search together. */
const maxBuckets = 65_535

/** Counts the buckets of a search. */
export class Buckets {
  private count = 0
  /** Counts a bucket. Above the limit it fails without a message: Kuzzle finds none in the answer (esWrapper.js). */
  add(): void {
    if (++this.count > maxBuckets) throw error("services.storage.unexpected_error", "")
  }
}

/** A bucket in the form of the answer. It counts towards `maxBuckets`. */
export const bucketOf = (scope: Scope, key: JsonObject, rows: ReadonlyArray<Row>): JsonObject => {
  scope.buckets.add()
  return { ...key, doc_count: rows.length, ...scope.innerResults(rows) }
}

/** Returns the options of an aggregation. Refuses options that the engine does not implement. */
export const checkedOptions = (kind: string, options: JsonObject, ...names: ReadonlyArray<string>): JsonObject => {
  const unknown = Object.keys(options).find((name) => !names.includes(name))
  if (unknown !== undefined) throw error("testing.engine.not_implemented", `"${unknown}" of the aggregation "${kind}"`)
  return options
}

export interface Values {
  readonly row: Row
  readonly type: string
  readonly values: ReadonlyArray<Scalar>
}

/** The values of a field in each document. A document without a value gets the value of the option `missing`. */
export const valuesOf = ({ field: path, missing }: JsonObject, { rows }: Scope): ReadonlyArray<Values> => {
  if (path === undefined) {
    throw badRequest("Required one of fields [field, script], but none were specified. ")
  }
  return rows.map((row) => {
    const field = valuedField(row.mapping, String(path))
    const fieldTerms = field === undefined ? [] : terms(row.document, field)
    const substitute = missing === undefined || fieldTerms.length > 0
      ? undefined
      : field === undefined
      ? scalarOf(missing)
      : storedTerm(field, missing)
    return { row, type: field?.type ?? "unmapped", values: substitute === undefined ? fieldTerms : [substitute] }
  })
}

const scalarOf = (value: unknown): Scalar =>
  typeof value === "number" || typeof value === "boolean" ? value : String(value)

/** The numbers of {@link valuesOf}. */
export const numbersOf = (kind: string, options: JsonObject, scope: Scope): ReadonlyArray<Values> =>
  valuesOf(options, scope).map((rowValues) => {
    if (rowValues.type !== "keyword") return rowValues
    throw badRequest(`Field [${String(options.field)}] of type [keyword] is not supported for aggregation [${kind}]`)
  })

export const iso = (date: number): string => new Date(date).toISOString()

/** The key of a bucket: Elasticsearch keeps dates and booleans as numbers, and also shows them as text. */
export const keyResult = (type: string, key: Scalar): JsonObject =>
  isDate(type)
    ? { key, key_as_string: iso(Number(key)) }
    : typeof key === "boolean"
    ? { key: key ? 1 : 0, key_as_string: String(key) }
    : { key }

/** The rows that a query matches. */
export const matching = (query: unknown, rows: ReadonlyArray<Row>, now: number): ReadonlyArray<Row> => {
  const tests = new Map(
    [...new Set(rows.map(({ mapping }) => mapping))].map((mapping) =>
      [mapping, Query.compile(query, mapping, now)] as const
    )
  )
  return rows.filter(({ document, mapping }) => tests.get(mapping)!(document))
}
