/**
 * The outcome of each document of a request on many. The server answers with two lists: the successes in the order of
 * the request, and the failures in another order and without positions (spec 0.14). A failure is matched by its id or
 * its content. The successes follow in order. If that is ambiguous, a document has no outcome, rather than that of
 * another one.
 */
import type { ApiErrorFields, ErrorId } from "../../KuzzleError.ts"
import { canonical } from "./canonical.ts"

/** A document as it was sent: `content` is its body. */
export interface Item {
  readonly _id?: string | undefined
  readonly content: unknown
}

/** The part of an error in an `m*` answer that identifies the document. */
export interface Rejected {
  readonly document: { readonly _id?: string; readonly body?: unknown; readonly _source?: unknown }
  readonly reason: string
  readonly status: number
}

export type Outcome<Success, Failure> =
  | { readonly _tag: "Done"; readonly value: Success }
  | { readonly _tag: "Failed"; readonly error: Failure }
  /** The answer does not show the outcome. */
  | { readonly _tag: "Unknown" }

/** The outcome of each item, at its position. The ids that are given differ from each other. */
export const outcomes = <Success extends { readonly _id: string }, Failure extends Rejected>(
  items: ReadonlyArray<Item>,
  { errors, successes }: { readonly successes: ReadonlyArray<Success>; readonly errors: ReadonlyArray<Failure> }
): ReadonlyArray<Outcome<Success, Failure>> => {
  const failed = new Map<number, Failure>()
  const positions = new Map(items.map((item, position) => [keyOf(item), position]))
  let anonymous: Anonymous | undefined
  const nextOf = (content: unknown): number | undefined => {
    anonymous ??= anonymousOf(items)
    const equal = anonymous.get(fingerprint(content))
    return equal?.positions[equal.next++]
  }
  let allPlaced = true
  for (const error of errors) {
    const { _id, _source, body } = error.document
    const position = isGiven(_id) ? positions.get(_id) : nextOf(_source ?? body)
    if (position === undefined) allPlaced = false
    else failed.set(position, error)
  }
  const done = new Map(successes.map((success) => [success._id, success]))
  const inOrder = successes.filter(({ _id }) => !positions.has(_id))
  const unnamed = items.flatMap(({ _id }, position) => isGiven(_id) || failed.has(position) ? [] : [position])
  // Documents without an id are matched by their position alone, so none may be missing.
  const byPlace = allPlaced && inOrder.length === unnamed.length
    ? new Map(unnamed.map((position, i) => [position, inOrder[i]]))
    : new Map<number, Success>()
  return items.map(({ _id }, position) => {
    const error = failed.get(position)
    if (error !== undefined) return { _tag: "Failed", error }
    const value = isGiven(_id) ? done.get(_id) : byPlace.get(position)
    return value === undefined ? { _tag: "Unknown" } : { _tag: "Done", value }
  })
}

/** The positions of equal contents without an id, each with the first that has not failed. */
type Anonymous = ReadonlyMap<string, { readonly positions: Array<number>; next: number }>

const anonymousOf = (items: ReadonlyArray<Item>): Anonymous => {
  const anonymous = new Map<string, { readonly positions: Array<number>; next: number }>()
  for (const [position, { _id, content }] of items.entries()) {
    if (isGiven(_id)) continue
    const print = fingerprint(content)
    const equal = anonymous.get(print)
    if (equal === undefined) anonymous.set(print, { positions: [position], next: 0 })
    else equal.positions.push(position)
  }
  return anonymous
}

/** The reason for the error of an item whose outcome is unknown. */
export const unknown = "it does not show the outcome of the document"

/** Items in their order, in groups in which no id comes twice: of two of one id, the second waits for the first. */
export const rounds = <A>(
  items: ReadonlyArray<A>,
  idOf: (item: A) => string | undefined
): ReadonlyArray<ReadonlyArray<A>> => {
  const groups: Array<Array<A>> = []
  const met = new Map<string, number>()
  for (const item of items) {
    const _id = idOf(item)
    const round = isGiven(_id) ? met.get(_id) ?? 0 : 0
    if (isGiven(_id)) met.set(_id, round + 1)
    const group = groups[round]
    if (group === undefined) groups.push([item])
    else group.push(item)
  }
  return groups
}

/** Splits a request that is too large into halves. */
export const halves = <A>(items: ReadonlyArray<A>): ReadonlyArray<ReadonlyArray<A>> => {
  const middle = Math.ceil(items.length / 2)
  return [items.slice(0, middle), items.slice(middle)]
}

/** An empty id counts as none: the server generates one. */
const isGiven = (_id: string | undefined): _id is string => _id !== undefined && _id !== ""

const keyOf = ({ _id }: Item): string | undefined => isGiven(_id) ? _id : undefined

/** Equal contents have the same outcome. Kuzzle's metadata do not count, because answers may lack them. */
const fingerprint = (content: unknown): string => {
  const text = canonical(content ?? null)
  if (!text.includes("_kuzzle_info")) return text
  // Only an object has members.
  const { _kuzzle_info: _, ...rest } = JSON.parse(text) as Record<string, unknown>
  return canonical(rest)
}

/**
 * The field that a strict mapping refused. Found by position, not by a pattern, so the time is linear in the reason.
 */
const strictlyRefused = (reason: string): string | undefined => {
  const opening = "mapping set to strict, dynamic introduction of ["
  const end = reason.lastIndexOf("] within [")
  return reason.startsWith(opening) && reason.endsWith("] is not allowed") && end > opening.length
    ? reason.slice(opening.length, end)
    : undefined
}

/**
 * The error that a request on this single document would have ended with. An `m*` answer contains only Elasticsearch's
 * text.
 */
export const fieldsOf = (
  request: {
    readonly controller: string
    readonly action: string
    readonly index: string
    readonly collection: string
  },
  { _id, reason, status }: { readonly _id: string | undefined; readonly reason: string; readonly status: number }
): ApiErrorFields => {
  const { action, collection, controller, index } = request
  const fields = (
    id: ErrorId,
    code: number,
    status: number,
    message: string,
    props: ReadonlyArray<unknown>
  ): ApiErrorFields => ({ controller, action, id, code, status, message, props })
  if (reason === "document not found") {
    const message = `Document "${_id}" not found in "${index}":"${collection}".`
    return fields("services.storage.not_found", 16842763, 404, message, [_id, index, collection])
  }
  if (reason === "document already exists") {
    return fields("services.storage.document_already_exists", 16842769, 400, "Document already exists.", [])
  }
  const field = strictlyRefused(reason)
  if (field !== undefined) {
    const message =
      `Cannot create document. Field "${field}" is not present in collection "${index}:${collection}" strict mapping`
    return fields("services.storage.strict_mapping_rejection", 16842795, 400, message, [field, index, collection])
  }
  if (status === 409) {
    const message = `Unable to modify document "${_id}": cluster sync failed (too many simultaneous changes applied)`
    return fields("services.storage.too_many_changes", 16842784, 500, message, [_id])
  }
  return status === 400
    ? fields("services.storage.unexpected_bad_request", 16842785, 400, reason, [reason])
    : fields("services.storage.unexpected_error", 16842787, 500, reason, [reason])
}
