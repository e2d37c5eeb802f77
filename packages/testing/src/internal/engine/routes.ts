/**
 * The REST routes of all actions (spec 2.1), as the real server declares them.
 */
import * as Catalogue from "./catalogue.ts"
import type { JsonObject } from "./json.ts"
import * as MemoryStorage from "./redis/routes.ts"

type Route = readonly [verb: string, path: string, controller: string, action: string]

const routes: ReadonlyArray<Route> = [
  ["POST", "/admin/_dump", "admin", "dump"],
  ["POST", "/admin/_loadFixtures", "admin", "loadFixtures"],
  ["POST", "/admin/_loadMappings", "admin", "loadMappings"],
  ["POST", "/admin/_loadSecurities", "admin", "loadSecurities"],
  ["POST", "/admin/_refreshIndexCache", "admin", "refreshIndexCache"],
  ["POST", "/admin/_resetCache", "admin", "resetCache"],
  ["POST", "/admin/_resetDatabase", "admin", "resetDatabase"],
  ["POST", "/admin/_resetSecurity", "admin", "resetSecurity"],
  ["POST", "/admin/_shutdown/", "admin", "shutdown"],
  ["POST", "/_checkRights", "auth", "checkRights"],
  ["POST", "/_checkToken", "auth", "checkToken"],
  ["POST", "/api-keys/_create", "auth", "createApiKey"],
  ["POST", "/_me/credentials/:strategy/_create", "auth", "createMyCredentials"],
  ["POST", "/credentials/:strategy/_me/_create", "auth", "createMyCredentials"],
  ["POST", "/_createToken", "auth", "createToken"],
  ["GET", "/_me/credentials/:strategy/_exists", "auth", "credentialsExist"],
  ["GET", "/credentials/:strategy/_me/_exists", "auth", "credentialsExist"],
  ["DELETE", "/api-keys/:_id", "auth", "deleteApiKey"],
  ["DELETE", "/_me/credentials/:strategy", "auth", "deleteMyCredentials"],
  ["DELETE", "/credentials/:strategy/_me", "auth", "deleteMyCredentials"],
  ["GET", "/_me", "auth", "getCurrentUser"],
  ["GET", "/users/_me", "auth", "getCurrentUser"],
  ["GET", "/_me/credentials/:strategy", "auth", "getMyCredentials"],
  ["GET", "/credentials/:strategy/_me", "auth", "getMyCredentials"],
  ["GET", "/_me/_rights", "auth", "getMyRights"],
  ["GET", "/users/_me/_rights", "auth", "getMyRights"],
  ["GET", "/strategies", "auth", "getStrategies"],
  ["GET", "/_login/:strategy", "auth", "login"],
  ["POST", "/_login/:strategy", "auth", "login"],
  ["POST", "/_logout", "auth", "logout"],
  ["POST", "/_refreshToken", "auth", "refreshToken"],
  ["POST", "/api-keys/_search", "auth", "searchApiKeys"],
  ["PUT", "/_me/credentials/:strategy/_update", "auth", "updateMyCredentials"],
  ["PUT", "/credentials/:strategy/_me/_update", "auth", "updateMyCredentials"],
  ["PUT", "/_me", "auth", "updateSelf"],
  ["PUT", "/_updateSelf", "auth", "updateSelf"],
  ["POST", "/_me/credentials/:strategy/_validate", "auth", "validateMyCredentials"],
  ["POST", "/credentials/:strategy/_me/_validate", "auth", "validateMyCredentials"],
  ["DELETE", "/:index/:collection/_bulk/_query", "bulk", "deleteByQuery"],
  ["POST", "/:index/:collection/_bulk", "bulk", "import"],
  ["POST", "/:index/:collection/_mWrite", "bulk", "mWrite"],
  ["PATCH", "/:index/:collection/_bulk/_query", "bulk", "updateByQuery"],
  ["POST", "/:index/:collection/_write", "bulk", "write"],
  ["GET", "/cluster/_status", "cluster", "status"],
  ["PUT", "/:index/:collection", "collection", "create"],
  ["DELETE", "/:index/:collection", "collection", "delete"],
  ["DELETE", "/:index/:collection/_specifications", "collection", "deleteSpecifications"],
  ["GET", "/:index/:collection/_exists", "collection", "exists"],
  ["GET", "/:index/:collection/_mapping", "collection", "getMapping"],
  ["GET", "/:index/:collection/_settings", "collection", "getSettings"],
  ["GET", "/:index/:collection/_specifications", "collection", "getSpecifications"],
  ["GET", "/:index/_list", "collection", "list"],
  ["POST", "/:index/:collection/_refresh", "collection", "refresh"],
  ["GET", "/validations/_scroll/:scrollId", "collection", "scrollSpecifications"],
  ["POST", "/validations/_search", "collection", "searchSpecifications"],
  ["DELETE", "/:index/:collection/_truncate", "collection", "truncate"],
  ["POST", "/:index/:collection", "collection", "update"],
  ["PUT", "/:index/:collection/_mapping", "collection", "updateMapping"],
  ["PUT", "/:index/:collection/_specifications", "collection", "updateSpecifications"],
  ["POST", "/:index/:collection/_validateSpecifications", "collection", "validateSpecifications"],
  ["POST", "/debug/_disable", "debug", "disable"],
  ["POST", "/debug/_enable", "debug", "enable"],
  ["GET", "/debug/_nodeVersion", "debug", "nodeVersion"],
  ["POST", "/debug/_post", "debug", "post"],
  ["POST", "/:index/:collection/_count", "document", "count"],
  ["POST", "/:index/:collection/_create", "document", "create"],
  ["POST", "/:index/:collection/:_id/_create", "document", "create"],
  ["PUT", "/:index/:collection/:_id", "document", "createOrReplace"],
  ["DELETE", "/:index/:collection/:_id", "document", "delete"],
  ["DELETE", "/:index/:collection/_query", "document", "deleteByQuery"],
  ["DELETE", "/:index/:collection/:_id/_fields", "document", "deleteFields"],
  ["GET", "/:index/:collection/:_id/_exists", "document", "exists"],
  ["GET", "/:index/:collection/_export", "document", "export"],
  ["POST", "/:index/:collection/_export", "document", "export"],
  ["GET", "/:index/:collection/:_id", "document", "get"],
  ["POST", "/:index/:collection/_mCreate", "document", "mCreate"],
  ["PUT", "/:index/:collection/_mCreateOrReplace", "document", "mCreateOrReplace"],
  ["DELETE", "/:index/:collection/_mDelete", "document", "mDelete"],
  ["POST", "/:index/:collection/_mExists", "document", "mExists"],
  ["GET", "/:index/:collection/_mGet", "document", "mGet"],
  ["POST", "/:index/:collection/_mGet", "document", "mGet"],
  ["PUT", "/:index/:collection/_mReplace", "document", "mReplace"],
  ["PUT", "/:index/:collection/_mUpdate", "document", "mUpdate"],
  ["PATCH", "/:index/:collection/_mUpdate", "document", "mUpdate"],
  ["POST", "/:index/:collection/_mUpsert", "document", "mUpsert"],
  ["PUT", "/:index/:collection/:_id/_replace", "document", "replace"],
  ["GET", "/_scroll/:scrollId", "document", "scroll"],
  ["GET", "/:index/:collection/_search", "document", "search"],
  ["POST", "/:index/:collection/_search", "document", "search"],
  ["PUT", "/:index/:collection/:_id/_update", "document", "update"],
  ["PATCH", "/:index/:collection/:_id/_update", "document", "update"],
  ["PUT", "/:index/:collection/_query", "document", "updateByQuery"],
  ["POST", "/:index/:collection/:_id/_upsert", "document", "upsert"],
  ["PUT", "/:index/:collection/:_id/_upsert", "document", "upsert"],
  ["POST", "/:index/:collection/_validate", "document", "validate"],
  ["POST", "/:index/_create", "index", "create"],
  ["DELETE", "/:index", "index", "delete"],
  ["GET", "/:index/_exists", "index", "exists"],
  ["GET", "/_list", "index", "list"],
  ["DELETE", "/_mDelete", "index", "mDelete"],
  ["DELETE", "/_mdelete", "index", "mDelete"],
  ["GET", "/_storageStats", "index", "stats"],
  ...MemoryStorage.routes,
  ["GET", "/_listSubscriptions", "realtime", "list"],
  ["POST", "/:index/:collection/_publish", "realtime", "publish"],
  ["POST", "/_checkRights/:userId", "security", "checkRights"],
  ["POST", "/users/:userId/api-keys/_create", "security", "createApiKey"],
  ["POST", "/credentials/:strategy/:_id/_create", "security", "createCredentials"],
  ["POST", "/_createFirstAdmin/:_id", "security", "createFirstAdmin"],
  ["POST", "/_createFirstAdmin", "security", "createFirstAdmin"],
  ["PUT", "/profiles/:_id", "security", "createOrReplaceProfile"],
  ["PUT", "/roles/:_id", "security", "createOrReplaceRole"],
  ["POST", "/profiles/:_id/_create", "security", "createProfile"],
  ["POST", "/users/_createRestricted", "security", "createRestrictedUser"],
  ["POST", "/users/:_id/_createRestricted", "security", "createRestrictedUser"],
  ["POST", "/roles/:_id/_create", "security", "createRole"],
  ["POST", "/users/_create", "security", "createUser"],
  ["POST", "/users/:_id/_create", "security", "createUser"],
  ["DELETE", "/users/:userId/api-keys/:_id", "security", "deleteApiKey"],
  ["DELETE", "/credentials/:strategy/:_id", "security", "deleteCredentials"],
  ["DELETE", "/profiles/:_id", "security", "deleteProfile"],
  ["DELETE", "/roles/:_id", "security", "deleteRole"],
  ["DELETE", "/users/:_id", "security", "deleteUser"],
  ["GET", "/credentials/_fields", "security", "getAllCredentialFields"],
  ["GET", "/credentials/:strategy/_fields", "security", "getCredentialFields"],
  ["GET", "/credentials/:strategy/:_id", "security", "getCredentials"],
  ["GET", "/credentials/:strategy/:_id/_byId", "security", "getCredentialsById"],
  ["GET", "/profiles/:_id", "security", "getProfile"],
  ["GET", "/profiles/_mapping", "security", "getProfileMapping"],
  ["GET", "/profiles/:_id/_rights", "security", "getProfileRights"],
  ["GET", "/roles/:_id", "security", "getRole"],
  ["GET", "/roles/_mapping", "security", "getRoleMapping"],
  ["GET", "/users/:_id", "security", "getUser"],
  ["GET", "/users/_mapping", "security", "getUserMapping"],
  ["GET", "/users/:_id/_rights", "security", "getUserRights"],
  ["GET", "/users/:_id/_strategies", "security", "getUserStrategies"],
  ["GET", "/credentials/:strategy/:_id/_exists", "security", "hasCredentials"],
  ["POST", "/profiles/_mDelete", "security", "mDeleteProfiles"],
  ["POST", "/roles/_mDelete", "security", "mDeleteRoles"],
  ["POST", "/users/_mDelete", "security", "mDeleteUsers"],
  ["POST", "/profiles/_mGet", "security", "mGetProfiles"],
  ["POST", "/roles/_mGet", "security", "mGetRoles"],
  ["GET", "/users/_mGet", "security", "mGetUsers"],
  ["POST", "/users/_mGet", "security", "mGetUsers"],
  ["POST", "/_security/:collection/_refresh", "security", "refresh"],
  ["PUT", "/users/:_id/_replace", "security", "replaceUser"],
  ["POST", "/_restrictDefaultRights", "security", "restrictDefaultRights"],
  ["DELETE", "/users/:_id/tokens", "security", "revokeTokens"],
  ["GET", "/profiles/_scroll/:scrollId", "security", "scrollProfiles"],
  ["GET", "/users/_scroll/:scrollId", "security", "scrollUsers"],
  ["POST", "/users/:userId/api-keys/_search", "security", "searchApiKeys"],
  ["POST", "/profiles/_search", "security", "searchProfiles"],
  ["POST", "/roles/_search", "security", "searchRoles"],
  ["POST", "/users/_search", "security", "searchUsers"],
  ["POST", "/credentials/:strategy/users/_search", "security", "searchUsersByCredentials"],
  ["PUT", "/credentials/:strategy/:_id/_update", "security", "updateCredentials"],
  ["PUT", "/profiles/:_id/_update", "security", "updateProfile"],
  ["PUT", "/profiles/_mapping", "security", "updateProfileMapping"],
  ["PUT", "/roles/:_id/_update", "security", "updateRole"],
  ["PUT", "/roles/_mapping", "security", "updateRoleMapping"],
  ["PUT", "/users/:_id/_update", "security", "updateUser"],
  ["PUT", "/users/_mapping", "security", "updateUserMapping"],
  ["POST", "/users/:_id/_upsert", "security", "upsertUser"],
  ["POST", "/credentials/:strategy/:_id/_validate", "security", "validateCredentials"],
  ["GET", "/_adminExists", "server", "adminExists"],
  ["GET", "/_capabilities", "server", "capabilities"],
  ["GET", "/_getAllStats", "server", "getAllStats"],
  ["GET", "/_getConfig", "server", "getConfig"],
  ["GET", "/_getLastStats", "server", "getLastStats"],
  ["GET", "/_getStats", "server", "getStats"],
  ["GET", "/_healthCheck", "server", "healthCheck"],
  ["GET", "/", "server", "info"],
  ["GET", "/_serverInfo", "server", "info"],
  ["GET", "/_metrics", "server", "metrics"],
  ["GET", "/_now", "server", "now"],
  ["GET", "/_openapi", "server", "openapi"],
  ["GET", "/_publicApi", "server", "publicApi"],
  ...["/_plugin/kuzzle-plugin-auth-passport-local/password", "/_/password"].flatMap((prefix): ReadonlyArray<Route> => [
    ["GET", `${prefix}/resetToken/:_id`, "kuzzle-plugin-auth-passport-local/password", "getResetPasswordToken"],
    ["POST", `${prefix}/reset`, "kuzzle-plugin-auth-passport-local/password", "reset"]
  ])
]

interface RouteTable {
  readonly [controller: string]: {
    readonly [action: string]: {
      readonly action: string
      readonly controller: string
      readonly http?: ReadonlyArray<{ readonly path: string; readonly url: string; readonly verb: string }>
    }
  }
}

const routesOf = (controller: string, action: string) => {
  // The second name of the memory storage has the routes of the first.
  const declaredBy = controller === "memoryStorage" ? "ms" : controller
  const declared = routes.filter(([, , by, name]) => by === declaredBy && name === action)
  return declared.length === 0 ? {} : { http: declared.map(([verb, path]) => ({ path, url: path, verb })) }
}

/**
 * The result of `server:publicApi`: every action of the real server, including those that the engine does not
 * implement.
 */
export const routeTable: RouteTable = Object.fromEntries(
  Catalogue.controllers.map(([controller, actions]) => [
    controller,
    Object.fromEntries(
      actions.map((action) => [action, { action, controller, ...routesOf(controller, action) }] as const)
    )
  ])
)

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

/**
 * Empty parts are skipped, except the last one, which may be the value of a placeholder (routePart.js,
 * `getHandlerPart`).
 */
function segments(path: string): ReadonlyArray<string> {
  return path.split("/").filter((name, i, { length }) => name !== "" || i === length - 1)
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
 * The action of a path. A literal part takes precedence over a placeholder, without backtracking: a document whose id
 * is a keyword of a route cannot be reached (spec 2.1).
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
