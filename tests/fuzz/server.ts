/** Requests about the server itself, and those that load many items at once. */
import { FastCheck as fc } from "effect"
import { always, type Catalogue, requestsOf, some } from "./request.ts"

const server = requestsOf("server")({
  adminExists: [{}],
  capabilities: [{}],
  getAllStats: [{}],
  getConfig: [{}],
  getLastStats: [{}],
  getStats: [{ startTime: some(fc.constantFrom<unknown>(1, "x")), stopTime: some(always(4_000_000_000_000)) }],
  healthCheck: [{ services: some(fc.constantFrom("storageEngine", "memoryStorage,internalCache", "unknown")) }],
  info: [{}],
  metrics: [{}],
  now: [{ volatile: some(fc.constantFrom<unknown>({ a: 1 }, { sdkName: "js@7.0.0" }, { sdkName: "js@6.0.0" })) }],
  publicApi: [{}]
})

const debug = requestsOf("debug")({
  addListener: [{}, { event: always("Runtime.consoleAPICalled") }],
  disable: [{}],
  enable: [{}],
  nodeVersion: [{}],
  post: [{}, { method: always("Runtime.evaluate"), params: always({ expression: "1" }) }],
  removeListener: [{}, { event: always("Runtime.consoleAPICalled") }]
})

const collection = fc.constantFrom("plain", "gone")
const admin = requestsOf("admin")({
  loadFixtures: [{ refresh: some(always("wait_for")) }, {
    "RUN-i": fc.record({
      plain: fc.constantFrom<unknown>(
        [{ index: { _id: "d4" } }, { name: "x" }],
        [{ create: { _id: "d1" } }, { name: "x" }, { delete: { _id: "d2" } }],
        [{ update: { _id: "d1" } }, { doc: { age: 8 } }]
      )
    })
  }],
  loadMappings: [
    { refresh: some(always("wait_for")) },
    fc.record({
      "RUN-i": collection.map((name) => ({ [name]: { properties: { loaded: { type: "keyword" } } } })),
      "RUN-j": some(always({ gone: { dynamic: "strict" } }), 4)
    })
  ]
})

export const serverRequests: Catalogue = { ...server, ...debug, ...admin, ...requestsOf("cluster")({ status: [{}] }) }
