/**
 * Finds the outcome of each document of a request on many. The server answers with two lists: the successes in the
 * order of the request, and the failures in another order and without positions (spec 0.14). A failure is matched by
 * its id or its content. The successes are then matched in order. If the match is ambiguous, the outcome of a document
 * is unknown.
 */
import type { ApiErrorFields, ErrorId } from "../../KuzzleError.ts"
import { canonical } from "./canonical.ts"

/** A document as it was sent. `content` is its body. */
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

/** The outcome of each item, at its position. No two items may have the same id. */
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
  // Documents without an id are matched by their order alone, so none may be missing.
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

/**
 * The positions of the items without an id, by their content. `next` is the index of the first position that has not
 * failed.
 */
type Anonymous = ReadonlyMap<string, { readonly positions: Array<number>; next: number }>

const anonymousOf = (items: ReadonlyArray<Item>): Anonymous => {
  const anonymous = new Map<string, { readonly positions: Array<number>; next: number }>()
  for (const [position, { _id, content }] of items.entries()) {
    if (isGiven(_id)) continue
    const text = fingerprint(content)
    const equal = anonymous.get(text)
    if (equal === undefined) anonymous.set(text, { positions: [position], next: 0 })
    else equal.positions.push(position)
  }
  return anonymous
}

/** The issue in the error of an item whose outcome is unknown. */
export const unknown = "it does not show the outcome of the document"

/** Groups items, in their order, so that no id occurs twice in a group. The groups are sent one after the other. */
export const rounds = <A>(
  items: ReadonlyArray<A>,
  idOf: (item: A) => string | undefined
): ReadonlyArray<ReadonlyArray<A>> => {
  const groups: Array<Array<A>> = []
  const counts = new Map<string, number>()
  for (const item of items) {
    const _id = idOf(item)
    const round = isGiven(_id) ? counts.get(_id) ?? 0 : 0
    if (isGiven(_id)) counts.set(_id, round + 1)
    const group = groups[round]
    if (group === undefined) groups.push([item])
    else group.push(item)
  }
  return groups
}

/** Splits the items of a request that is too large into halves. */
export const halves = <A>(items: ReadonlyArray<A>): ReadonlyArray<ReadonlyArray<A>> => {
  const middle = Math.ceil(items.length / 2)
  return [items.slice(0, middle), items.slice(middle)]
}

/** Whether an item has an id. An empty id counts as none, because the server generates one for it. */
const isGiven = (_id: string | undefined): _id is string => _id !== undefined && _id !== ""

const keyOf = ({ _id }: Item): string | undefined => isGiven(_id) ? _id : undefined

/** The text by which contents are compared. Kuzzle's metadata are left out, because answers may lack them. */
const fingerprint = (content: unknown): string => {
  const text = canonical(content ?? null)
  if (!text.includes("_kuzzle_info")) return text
  // Safe: only an object contains this name as a member.
  const { _kuzzle_info: _, ...rest } = JSON.parse(text) as Record<string, unknown>
  return canonical(rest)
}

/**
 * The field that a strict mapping refused. A pattern is not used, so the time is linear in the length of the reason.
 */
const strictlyRefused = (reason: string): string | undefined => {
  const opening = "mapping set to strict, dynamic introduction of ["
  const end = reason.lastIndexOf("] within [")
  return reason.startsWith(opening) && reason.endsWith("] is not allowed") && end > opening.length
    ? reason.slice(opening.length, end)
    : undefined
}

/**
 * The fields of the error with which a request on this single document would have failed. An `m*` answer contains only
 * Elasticsearch's text.
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
