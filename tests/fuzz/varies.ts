/**
 * The parts of an answer that are not compared, and why. They vary by chance, or depend on what other clients do on the same
 * server.
 */
import type { Comparable } from "../conformance/recorder.ts"
import { type Ask, nameOf } from "./request.ts"

type Json = unknown
/** The comparable part of a result. `run` is the name of the sequence. */
type Cut = (result: Json, request: Ask, run: string) => Json

const byText = (list: ReadonlyArray<Json>): ReadonlyArray<Json> =>
  [...list].sort((a, b) => JSON.stringify(a) < JSON.stringify(b) ? -1 : 1)

const isObject = (value: Json): value is Readonly<Record<string, Json>> =>
  typeof value === "object" && value !== null && !Array.isArray(value)

const unordered: Cut = (result) => Array.isArray(result) ? byText(result) : result
const scanned: Cut = (result) =>
  Array.isArray(result) && Array.isArray(result[1]) ? [result[0], byText(result[1])] : result
const scannedPairs: Cut = (result) => {
  const [cursor, members] = Array.isArray(result) ? result : []
  if (!Array.isArray(members)) return result
  return [cursor, byText(members.flatMap((member, i) => i % 2 === 0 ? [[member, members[i + 1]]] : []))]
}
const radius: Cut = (result, { options }) =>
  Array.isArray(result) && !/asc|desc|count/.test(JSON.stringify(options ?? "")) ? byText(result) : result
const timeToLive: Cut = (result) => typeof result === "number" && result > 0 ? "later" : result
const nothing: Cut = () => "not compared"

/** A transaction. Each of its steps is compared as it would be alone. */
const transaction: Cut = (result, { body }, run) => {
  const actions = isObject(body) && Array.isArray(body.actions) ? body.actions : []
  if (!Array.isArray(result)) return result
  return result.map((outcome, i) => {
    const { action, args } = isObject(actions[i]) ? actions[i] : {}
    const cut = varying[`ms:${action}`]?.[0]
    const step: Ask = { controller: "ms", action: String(action), ...(isObject(args) ? args : {}) }
    return Array.isArray(outcome) && cut !== undefined ? outcome.map((part) => cut(part, step, run)) : outcome
  })
}

/** The indexes of the sequence. */
const ownIndexes: Cut = (result, _, run) => {
  if (!isObject(result)) return result
  const own = (list: Json) => Array.isArray(list) ? list.filter((name) => String(name).startsWith(run)) : list
  const counts = Object.entries(isObject(result.collections) ? result.collections : {})
  return { indexes: own(result.indexes), collections: counts.filter(([name]) => name.startsWith(run)) }
}
/** Elasticsearch returns settings in no order. */
const settings: Cut = (result) =>
  isObject(result) ? byText(Object.entries({ ...result, creation_date: "<time>", uuid: "<uuid>" })) : result
const ownRooms: Cut = (result, _, run) =>
  isObject(result) ? Object.fromEntries(Object.entries(result).filter(([index]) => index.startsWith(run))) : result

const ownKeys: Cut = (result, request, run) => request.jwt ? unorderedHits(result, request, run) : "not compared"

/** Hits without an order. Which hits are on a page is chance, so only their number is compared. */
const unorderedHits: Cut = (result, { from, size }) => {
  if (from === undefined && size === undefined) {
    return isObject(result) && Array.isArray(result.hits)
      ? { ...result, hits: byText(result.hits) }
      : Array.isArray(result)
      ? byText(result)
      : result
  }
  const hits = isObject(result) ? result.hits : result
  return Array.isArray(hits) ? hits.length : result
}

/** Whether a search sorts. The sequences sort by a list, which a mistake may have removed. */
const isSorted = ({ body }: Ask): boolean => isObject(body) && Array.isArray(body.sort) && body.sort.length > 0
const hits: Cut = (result, request, run) => isSorted(request) ? result : unorderedHits(result, request, run)
const ownHits: Cut = (result, request, run) => findsOthers(request, run) ? "not compared" : hits(result, request, run)

const rights: Cut = (result) =>
  isObject(result) && Array.isArray(result.hits) ? { ...result, hits: byText(result.hits) } : result

const deleted: Cut = (result) =>
  isObject(result) && Array.isArray(result.deleted) ? { ...result, deleted: byText(result.deleted) } : result

/** The result, with all its lists sorted. */
const unorderedLists: Cut = (result) =>
  isObject(result)
    ? Object.fromEntries(Object.entries(result).map(([key, list]) => [key, Array.isArray(list) ? byText(list) : list]))
    : result

const sets = "sets and keys have no order"
const together = "they are deleted at the same time, in no order"
const others = "it includes what other clients do at the same time"
const machine = "it depends on the machine"
const merged = "Elasticsearch returns them in the order of its segments, which it merges at any time"
const raced = "they are loaded at the same time, some from the cache, so their order is chance"
const shared = "all users of a server share the mapping"

/** For each action whose result is not compared as it is: the comparable part, and the reason. */
const varying: { readonly [action: string]: readonly [cut: Cut, reason: string] } = {
  ...Object.fromEntries(
    ["keys", "sdiff", "sinter", "smembers", "spop", "srandmember", "sunion"].map((
      name
    ) => [`ms:${name}`, [unordered, sets]])
  ),
  "ms:sscan": [scanned, sets],
  "ms:zscan": [scannedPairs, "Redis keeps a sorted set that was sorted, or is large, in a hash map"],
  "ms:georadius": [radius, "the result has no order unless the request asks for one"],
  "ms:georadiusbymember": [radius, "the result has no order unless the request asks for one"],
  "ms:ttl": [timeToLive, "time passes"],
  "ms:pttl": [timeToLive, "time passes"],
  "ms:mexecute": [transaction, "the reasons are those of its steps"],
  "ms:dbsize": [nothing, others],
  "ms:randomkey": [nothing, others],
  "ms:scan": [nothing, others],
  "ms:time": [nothing, machine],
  "security:mDeleteProfiles": [unordered, together],
  "security:mDeleteRoles": [unordered, together],
  "security:mDeleteUsers": [unordered, together],
  "index:list": [ownIndexes, others],
  "index:mDelete": [deleted, together],
  "document:deleteByQuery": [unorderedLists, merged],
  "document:search": [hits, merged],
  "document:updateByQuery": [unorderedLists, merged],
  "document:mDelete": [unorderedLists, merged],
  "auth:getMyRights": [rights, raced],
  "security:getProfileRights": [rights, raced],
  "security:getUserRights": [rights, raced],
  "security:searchApiKeys": [unorderedHits, merged],
  "realtime:list": [ownRooms, others],
  "auth:searchApiKeys": [ownKeys, "all anonymous users share their keys"],
  "collection:getSettings": [settings, "ids and times, and settings in no order"],
  "collection:searchSpecifications": [ownHits, others],
  "security:searchProfiles": [ownHits, others],
  "security:searchRoles": [ownHits, others],
  "security:searchUsers": [ownHits, others],
  "security:searchUsersByCredentials": [ownHits, others],
  ...Object.fromEntries(
    ["User", "Profile", "Role"].flatMap((kind) =>
      ["get", "update"].map((verb) => [`security:${verb}${kind}Mapping`, [nothing, shared]])
    )
  ),
  ...Object.fromEntries(
    ["adminExists", "getAllStats", "getLastStats", "getStats", "metrics"].map((
      name
    ) => [`server:${name}`, [nothing, others]])
  ),
  ...Object.fromEntries(
    ["capabilities", "getConfig", "healthCheck", "info"].map((name) => [`server:${name}`, [nothing, machine]])
  ),
  "cluster:status": [nothing, machine],
  "debug:nodeVersion": [nothing, machine]
}

/** Whether an action deletes several items at the same time, in no order. */
const isDeletion = (name: string): boolean => /^security:mDelete(Users|Profiles|Roles)$/.test(name)

/** Errors with another wording: KuzzleFilter's instead of Koncorde's (`conformance.differences.ts`). */
const wording = new Set(["api.assert.koncorde_dsl_error"])

/** Errors that name one item of several that are missing: the first that the server notices. */
const loadedTogether = new Set(["security.profile.not_found", "security.role.not_found"])

/** An error without the place of the fault in the text that Kuzzle sent to Elasticsearch. */
const withoutPlace = (error: Json): Json =>
  isObject(error) && typeof error.message === "string" && /^\[\d+:\d+\]/.test(error.message)
    ? { ...error, message: error.message.replace(/^\[\d+:\d+\]/, "[<place>]"), props: [] }
    : error

/** The comparable part of an error. */
const cutError = (error: Json): Json =>
  isObject(error) && (wording.has(String(error.id)) || loadedTogether.has(String(error.id)))
    ? { id: error.id, status: error.status }
    : withoutPlace(error)

/** Whether a search may find what other sequences have created, because its query does not name this one. */
export const findsOthers = (request: Ask, run: string): boolean =>
  varying[nameOf(request)]?.[0] === ownHits &&
  !(isObject(request.body) && JSON.stringify(request.body.query ?? "").includes(run))

/** The state of Elasticsearch is "red" while another sequence creates a collection. */
const isBusy = (error: Json): boolean => isObject(error) && error.id === "core.fatal.service_unavailable"

/** The real server reads its statistics one by one. It fails when one expires in the meantime (statistics.js). */
const hasExpired = (error: Json): boolean =>
  isObject(error) && String(error.message).includes("Cannot convert undefined or null to object")

/** Whether the real server may answer with an error because of other sequences. */
export const failsByChance = (request: Ask): boolean =>
  request.controller === "server" && varying[nameOf(request)]?.[0] === nothing

/** The comparable part of the answer to a request. */
export const comparableOf = (request: Ask, run: string): Comparable => (frame) => {
  // Notifications have a type.
  if (frame.type !== undefined) return frame
  // A frame without a request id is a line of an export. Its content has no order, because Elasticsearch keeps it in a hash map.
  if (frame.requestId === undefined) return "body" in frame ? { _id: frame._id, _source: frame.body } : frame
  const cut = varying[nameOf(request)]?.[0]
  const { error, result } = frame
  if (cut === nothing) {
    return isBusy(error) || hasExpired(error) ?
      { ...frame, error: null, result: "not compared", status: 200 } :
      error === null
      ? { ...frame, result: "not compared" }
      : frame
  }
  return {
    ...frame,
    ...(result !== undefined && result !== null && cut !== undefined ? { result: cut(result, request, run) } : {}),
    ...(isDeletion(nameOf(request)) && isObject(error) && Array.isArray(error.errors)
      ? { result: unordered(result, request, run), error: { ...error, errors: byText(error.errors) } }
      : {}),
    ...(isObject(error) && !isDeletion(nameOf(request)) ? { error: cutError(error) } : {})
  }
}
