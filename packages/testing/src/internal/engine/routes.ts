/**
 * The REST routes of the implemented actions (spec 2.1), as the real server declares them.
 */
import type { JsonObject } from "./json.ts"

type Route = readonly [verb: string, path: string, controller: string, action: string]

const routes: ReadonlyArray<Route> = [
  ["POST", "/_checkToken", "auth", "checkToken"],
  ["GET", "/_me/credentials/:strategy/_exists", "auth", "credentialsExist"],
  ["GET", "/credentials/:strategy/_me/_exists", "auth", "credentialsExist"],
  ["GET", "/_me", "auth", "getCurrentUser"],
  ["GET", "/users/_me", "auth", "getCurrentUser"],
  ["GET", "/_me/_rights", "auth", "getMyRights"],
  ["GET", "/users/_me/_rights", "auth", "getMyRights"],
  ["GET", "/strategies", "auth", "getStrategies"],
  ["GET", "/_login/:strategy", "auth", "login"],
  ["POST", "/_login/:strategy", "auth", "login"],
  ["POST", "/_logout", "auth", "logout"],
  ["POST", "/_refreshToken", "auth", "refreshToken"],
  ["PUT", "/:index/:collection", "collection", "create"],
  ["DELETE", "/:index/:collection", "collection", "delete"],
  ["GET", "/:index/:collection/_exists", "collection", "exists"],
  ["GET", "/:index/:collection/_mapping", "collection", "getMapping"],
  ["GET", "/:index/_list", "collection", "list"],
  ["POST", "/:index/:collection/_refresh", "collection", "refresh"],
  ["DELETE", "/:index/:collection/_truncate", "collection", "truncate"],
  ["POST", "/:index/:collection", "collection", "update"],
  ["POST", "/:index/:collection/_count", "document", "count"],
  ["POST", "/:index/:collection/_create", "document", "create"],
  ["POST", "/:index/:collection/:_id/_create", "document", "create"],
  ["PUT", "/:index/:collection/:_id", "document", "createOrReplace"],
  ["DELETE", "/:index/:collection/:_id", "document", "delete"],
  ["GET", "/:index/:collection/:_id/_exists", "document", "exists"],
  ["GET", "/:index/:collection/:_id", "document", "get"],
  ["POST", "/:index/:collection/_mCreate", "document", "mCreate"],
  ["DELETE", "/:index/:collection/_mDelete", "document", "mDelete"],
  ["POST", "/:index/:collection/_mExists", "document", "mExists"],
  ["GET", "/:index/:collection/_mGet", "document", "mGet"],
  ["POST", "/:index/:collection/_mGet", "document", "mGet"],
  ["PUT", "/:index/:collection/:_id/_replace", "document", "replace"],
  ["GET", "/_scroll/:scrollId", "document", "scroll"],
  ["GET", "/:index/:collection/_search", "document", "search"],
  ["POST", "/:index/:collection/_search", "document", "search"],
  ["PUT", "/:index/:collection/:_id/_update", "document", "update"],
  ["PATCH", "/:index/:collection/:_id/_update", "document", "update"],
  ["POST", "/:index/:collection/:_id/_upsert", "document", "upsert"],
  ["PUT", "/:index/:collection/:_id/_upsert", "document", "upsert"],
  ["POST", "/:index/_create", "index", "create"],
  ["DELETE", "/:index", "index", "delete"],
  ["GET", "/:index/_exists", "index", "exists"],
  ["GET", "/_list", "index", "list"],
  ["GET", "/_listSubscriptions", "realtime", "list"],
  ["POST", "/:index/:collection/_publish", "realtime", "publish"],
  ["POST", "/_createFirstAdmin/:_id", "security", "createFirstAdmin"],
  ["POST", "/_createFirstAdmin", "security", "createFirstAdmin"],
  ["POST", "/users/_create", "security", "createUser"],
  ["POST", "/users/:_id/_create", "security", "createUser"],
  ["DELETE", "/users/:_id", "security", "deleteUser"],
  ["GET", "/users/:_id", "security", "getUser"],
  ["GET", "/_adminExists", "server", "adminExists"],
  ["GET", "/", "server", "info"],
  ["GET", "/_serverInfo", "server", "info"],
  ["GET", "/_now", "server", "now"],
  ["GET", "/_publicApi", "server", "publicApi"]
]

/** What `server:publicApi` shows: only what the engine implements. */
export const routeTable: JsonObject = (() => {
  const table: Record<string, Record<string, { action: string; controller: string; http: Array<JsonObject> }>> = {}
  for (const [verb, path, controller, action] of routes) {
    const actions = table[controller] ??= {}
    const entry = actions[action] ??= { action, controller, http: [] }
    entry.http.push({ path, url: path, verb })
  }
  return table
})()

interface Part {
  readonly literals: Map<string, Part>
  placeholder: Part | undefined
  target: Route | undefined
}

const part = (): Part => ({ literals: new Map(), placeholder: undefined, target: undefined })

const trees = new Map<string, Part>()
for (const route of routes) {
  const [verb, path] = route
  let node = trees.get(verb) ?? part()
  trees.set(verb, node)
  for (const name of segments(path)) {
    if (name.startsWith(":")) node = node.placeholder ??= part()
    else {
      const next = node.literals.get(name) ?? part()
      node.literals.set(name, next)
      node = next
    }
  }
  node.target = route
}

function segments(path: string): ReadonlyArray<string> {
  return path.split("/").filter((name) => name !== "")
}

const unescape = (name: string): string => {
  try {
    return decodeURIComponent(name)
  } catch {
    return name // a stray percent sign stands for itself, as in the real server
  }
}

export interface Resolved {
  readonly controller: string
  readonly action: string
  readonly args: JsonObject
}

/**
 * The action of a path. A literal part wins over a placeholder and there is no going back: a document whose id is a
 * route keyword cannot be reached (spec 2.1).
 */
export const resolve = (verb: string, path: string): Resolved | undefined => {
  let node = trees.get(verb)
  const values: Array<string> = []
  for (const name of segments(path).map(unescape)) {
    const literal = node?.literals.get(name)
    if (literal === undefined && node?.placeholder !== undefined) values.push(name)
    node = literal ?? node?.placeholder
  }
  if (node?.target === undefined) return undefined
  const [, declared, controller, action] = node.target
  const names = segments(declared).filter((name) => name.startsWith(":")).map((name) => name.slice(1))
  return { controller, action, args: Object.fromEntries(names.map((name, i) => [name, values[i]])) }
}
