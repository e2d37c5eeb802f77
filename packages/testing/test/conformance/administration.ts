/** `server`, `admin`, `debug` and the rest of `realtime`: what does not depend on the machine. */
import { prepare, request } from "./prepare.ts"
import { type Scenario, scenario } from "./recorder.ts"

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

const admin = scenario("administration: admin", async (world) => {
  const { clean, index, party } = await prepare(world)
  const ask = (action: string, more: object = {}) =>
    party.ask(request("admin", action, more), `${action} ${JSON.stringify(more)}`.replaceAll(index, "<run>"))
  await ask("refreshIndexCache")
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
  await ask("count", { body: { roomId: "nobody's" } }, "count nobody")
  await party.ask(request("collection", "deleteSpecifications", specified))
  await clean()
})

export const administration: ReadonlyArray<Scenario> = [server, admin, messages]
