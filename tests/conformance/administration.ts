/** The actions of `server`, `admin`, `debug` and `realtime` whose answers do not depend on the machine. */
import { prepare, request } from "./prepare.ts"
import { type Comparable, type Scenario, scenario } from "./recorder.ts"

const server = scenario("administration: server and debug", async (world) => {
  const { clean, party } = await prepare(world)
  const ask = (controller: string, action: string, more: object = {}) =>
    party.ask(request(controller, action, more), `${controller}:${action} ${JSON.stringify(more)}`)
  await ask("server", "adminExists")
  await ask("server", "healthCheck")
  await ask("server", "healthCheck", { services: "internalCache,storageEngine" })
  await ask("server", "healthCheck", { services: "storageEngine,nothing" })
  await ask("server", "healthCheck", { services: ["memoryStorage"] })
  await ask("server", "getLastStats")
  await ask("server", "getStats", { startTime: "garbage" })
  await ask("server", "getStats", { stopTime: "garbage" })
  await ask("server", "getStats", { startTime: 1e15 })
  await ask("server", "getStats", { startTime: 1, stopTime: "1970-01-02" })
  await ask("server", "openapi", { scope: "nothing" })
  await ask("server", "openapi", { scope: 1 })
  for (const action of ["enable", "disable", "post", "addListener", "removeListener"]) await ask("debug", action)
  await world.http({ method: "GET", path: "/_healthCheck?services=internalCache,storageEngine" })
  await world.http({ method: "GET", path: "/_healthCheck?services=[\"storageEngine\"]" })
  await world.http({ method: "POST", path: "/debug/_enable" })
  await clean()
})

/**
 * The real server visits all collections. Elasticsearch refuses that when another client deletes one of them in the meantime.
 * Such an answer counts as a success.
 */
const besideOthers: Comparable = (frame) => {
  if (!String(Object(frame.error).id).startsWith("services.storage.")) return frame
  const { result: _, ...answer } = frame
  return { ...answer, error: null, status: 200 }
}

const admin = scenario("administration: admin", async (world) => {
  const { clean, index, party } = await prepare(world)
  const ask = (action: string, more: object = {}, compared?: Comparable) =>
    party.ask(request("admin", action, more), `${action} ${JSON.stringify(more)}`.replaceAll(index, "<run>"), compared)
  await ask("refreshIndexCache", {}, besideOthers)
  await ask("resetCache")
  await ask("resetCache", { database: "nothing" })
  await ask("resetCache", { database: 1 })
  await ask("loadMappings")
  await ask("loadMappings", { body: {} })
  await ask("loadMappings", { body: { [index]: 4 } })
  await ask("loadMappings", { body: { [index]: {} } })
  await ask("loadMappings", { body: { [index]: { loaded: { properties: { a: { type: "keyword" } } } } } })
  await party.ask(request("collection", "getMapping", { index, collection: "loaded" }))
  await ask("loadMappings", { body: { [index]: { loaded: { properties: { b: { type: "integer" } } } } } })
  await party.ask(request("collection", "getMapping", { index, collection: "loaded" }))
  await ask("loadMappings", { body: { [index]: { loaded: { mappings: {} } } } })
  await ask("loadMappings", { body: { [index]: { "WRONG name": {} } } })
  await clean()
})

const fixtures = scenario("administration: fixtures", async (world) => {
  const { clean, col, index, party } = await prepare(world)
  const ask = (body: unknown, more: object = {}) =>
    party.ask(
      request("admin", "loadFixtures", { body, ...more }),
      `loadFixtures ${JSON.stringify({ body, ...more })}`.replaceAll(index, "<run>")
    )
  await ask(undefined)
  await ask("text")
  await ask({})
  for (const collections of [4, null, [], "text", {}]) await ask({ [index]: collections })
  for (const lines of [4, null, [], "text", { a: 1 }]) await ask({ [index]: { col: lines } })
  await ask({ [index]: { nothing: [] } })
  await ask({ [`${index}x`]: { nothing: [] } })
  await ask({ [index]: { col: [{ index: { _id: "a" } }, { age: 1 }, { create: { _id: "b" } }, { age: 2 }] } })
  await party.ask(request("document", "mGet", { ...col, body: { ids: ["a", "b"] } }))
  await ask({ [index]: { col: [{ create: { _id: "a" } }, { age: 1 }, { create: { _id: "c" } }, { age: "x" }] } })
  await ask({ [index]: { col: [{ create: { _id: "a" } }, { age: 1 }] } }, { refresh: false })
  await ask({ [index]: { col: [{ update: { _id: "a" } }, { doc: { age: 3 } }, { delete: { _id: "b" } }] } })
  await ask({ [index]: { col: [{ delete: { _id: "nobody" } }] } })
  await ask({ [index]: { col: [{ unknown: { _id: "a" } }, { age: 1 }] } })
  await ask({ [index]: { col: [{ unknown: { _id: "a" } }, { age: 1 }, { index: { _id: "d" } }, { age: 4 }] } })
  // Documents that were loaded before the fault stay.
  await ask({ [index]: { col: [{ index: { _id: "e" } }, { age: 5 }], nothing: [] } })
  await party.ask(request("document", "mGet", { ...col, body: { ids: ["a", "b", "c", "d", "e"] } }))
  await clean()
})

const securities = scenario("administration: securities", async (world) => {
  const { clean, index, party } = await prepare(world)
  const ask = (body: unknown, more: object = {}) =>
    party.ask(
      request("admin", "loadSecurities", { body, ...more }),
      `loadSecurities ${JSON.stringify({ body, ...more })}`.replaceAll(index, "<run>")
    )
  const controllers = { server: { actions: { now: true } } }
  const user = { content: { profileIds: [index] } }
  await ask(undefined)
  await ask("text")
  await ask({}, { force: 1 })
  await ask({})
  await ask({ roles: null, profiles: null, users: null })
  for (const wrong of [4, "text", []]) {
    await ask({ roles: wrong })
    await ask({ roles: { [index]: wrong } })
    await ask({ profiles: wrong })
    await ask({ users: wrong })
    await ask({ users: { [index]: wrong } })
  }
  await ask({ roles: { [index]: { controllers: { nope: { actions: { now: true } } } } } })
  await ask({ roles: { [index]: { controllers: { nope: { actions: { now: true } } } } } }, { force: true })
  await ask({ profiles: { [index]: {} } })
  await ask({ profiles: { [index]: { policies: [{ roleId: `${index}nobody` }] } } })
  await ask({ users: { [index]: {} } })
  await ask({ users: { [index]: user } })
  await ask({
    roles: { [index]: { controllers } },
    profiles: { [index]: { policies: [{ roleId: index }] } },
    users: { [index]: { ...user, credentials: { local: { username: index, password: "secret" } } } }
  })
  await party.ask(request("security", "getRole", { _id: index }))
  await party.ask(request("security", "getProfile", { _id: index }))
  await party.ask(request("security", "getUser", { _id: index }))
  await party.ask(request("security", "getCredentials", { _id: index, strategy: "local" }))
  await ask({ users: { [index]: user } })
  await ask({ users: { [index]: user } }, { refresh: false })
  await ask({ users: { [index]: user } }, { onExistingUsers: "nope" })
  await ask({ users: { [index]: user } }, { onExistingUsers: null })
  await ask({ users: { [index]: { content: { ...user.content, name: "skipped" } } } }, { onExistingUsers: "skip" })
  await party.ask(request("security", "getUser", { _id: index }))
  await ask({ users: { [index]: { content: { ...user.content, name: "new" } } } }, { onExistingUsers: "overwrite" })
  await party.ask(request("security", "getUser", { _id: index }))
  await party.ask(request("security", "hasCredentials", { _id: index, strategy: "local" }))
  await party.ask(request("security", "deleteUser", { _id: index }))
  await party.ask(request("security", "deleteProfile", { _id: index }))
  await party.ask(request("security", "deleteRole", { _id: index }))
  await clean()
})

/** Requests that would disturb other clients of the server. */
const alone = scenario("administration: dump and reset", async (world) => {
  const party = await world.connect("a")
  const id = world.name
  const ask = (action: string, more: object = {}) =>
    party.ask(request("admin", action, more), `${action} ${JSON.stringify(more)}`)
  await party.ask(request("admin", "resetSecurity"), "to begin with", { result: "what was there before" })
  const role = { controllers: { server: { actions: { now: true } } } }
  await party.ask(request("admin", "loadSecurities", {
    body: {
      roles: { [id]: role, default: { controllers: { auth: { actions: { "*": true } } } } },
      profiles: { [id]: { policies: [{ roleId: id }] } },
      users: {
        [`${id}-1`]: { content: { profileIds: [id] }, credentials: { local: { username: id, password: "p" } } },
        [`${id}-2`]: { content: { profileIds: ["default"] } }
      }
    }
  }))
  const credentials = { username: id, password: "p" }
  const { result } = await party.ask(request("auth", "login", { strategy: "local", body: credentials }))
  await ask("resetSecurity")
  await party.ask(request("auth", "getCurrentUser", { jwt: result.jwt }), "the token of a user that was deleted")
  await party.ask(request("security", "getUser", { _id: `${id}-2` }))
  await party.ask(request("security", "getRole", { _id: "default" }))
  await party.ask(request("security", "getProfile", { _id: "anonymous" }))
  await party.ask(request("security", "mGetProfiles", { body: { ids: ["admin", id] } }))
  await ask("resetSecurity")
  await ask("dump", { suffix: 1 })
  await ask("dump", { suffix: "conformance" })
  await ask("dump", { suffix: "/../../outside", refresh: false })
  await ask("dump", { suffix: "/../../outside" })
  await ask("dump", { refresh: "false" })
  await ask("dump")
}, "it deletes every user, and leaves the lock of dumps behind")

const messages = scenario("administration: messages", async (world) => {
  const { clean, col, party } = await prepare(world)
  const ask = (action: string, more: object, label: string) => party.ask(request("realtime", action, more), label)
  const specified = { ...col, collection: "specified" }
  await ask("validate", { ...col, body: { a: 1 } }, "validate without specifications")
  await ask("validate", col, "validate nothing")
  await ask("validate", { index: col.index, body: {} }, "validate nowhere")
  await party.ask(request("collection", "create", specified))
  const fields = { n: { type: "integer", mandatory: true }, colour: { type: "string", defaultValue: "red" } }
  await party.ask(request("collection", "updateSpecifications", { ...specified, body: { strict: true, fields } }))
  await ask("validate", { ...specified, body: { n: 1 } }, "validate what fits")
  await ask("validate", { ...specified, body: { n: "x" } }, "validate a wrong type")
  await ask("validate", { ...specified, body: {} }, "validate what is incomplete")
  await ask("validate", { ...specified, body: { n: 1, other: 1 } }, "validate what is unknown")
  await ask("subscribe", { ...specified, body: {} }, "subscribe")
  await ask("publish", { ...specified, body: { n: 1 } }, "publish what fits")
  await ask("publish", { ...specified, body: { n: "x" } }, "publish a wrong type")
  await ask("publish", { ...specified, body: { n: 1, other: 1 } }, "publish what is unknown")
  await ask("publish", { ...specified, body: {} }, "publish what is incomplete")
  await ask("count", { body: { roomId: 1 } }, "count a number")
  await ask("count", { body: { roomId: "nobody's" } }, "count an unknown room")
  await party.ask(request("collection", "deleteSpecifications", specified))
  await clean()
})

export const administration: ReadonlyArray<Scenario> = [server, admin, fixtures, securities, messages, alone]
