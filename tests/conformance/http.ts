/**
 * Every HTTP method at every kind of path. Each is combined with some pairs of a body and of headers, which a generator selects
 * by a fixed seed.
 */
import { FastCheck as fc } from "effect"
import { deflateSync, gzipSync } from "node:zlib"
import { prepare, request } from "./prepare.ts"
import { type Comparable, type HttpCall, type Scenario, scenario } from "./recorder.ts"

const methods = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE"]

const pathsOf = (name: string): ReadonlyArray<string> => [
  "/",
  "/_now",
  "/_now?pretty",
  "/_query",
  "/_query?x=1",
  "/_me",
  "/no/such/path",
  `/${name}/col/d`,
  `/${name}/col/absent`,
  `/${name}/col/_exists`,
  `/${name}/col/_mGet?ids=d`,
  "/_login/local?cookieAuth=true",
  "/_logout?cookieAuth=true",
  "/_checkToken?cookieAuth=true"
]

type Part = Pick<HttpCall, "body" | "headers"> & { readonly name: string }

const now = JSON.stringify(request("server", "now"))
const json = "application/json"

const bodies: ReadonlyArray<Part> = [
  { name: "no body" },
  { name: "an empty body", body: "" },
  { name: "{}", body: "{}" },
  { name: "now", body: now },
  { name: "null", body: "null" },
  { name: "a list", body: "[1]" },
  { name: "broken JSON", body: "{\"a\":" },
  {
    name: "fields",
    body: "controller=server&action=now",
    headers: { "content-type": "application/x-www-form-urlencoded" }
  },
  { name: "no content type", body: now, headers: { "content-type": "" } },
  { name: "text/plain", body: now, headers: { "content-type": "text/plain" } },
  { name: "application/json5", body: now, headers: { "content-type": `${json}5` } },
  { name: "utf-8", body: now, headers: { "content-type": `${json};charset=UTF-8` } },
  { name: "latin1", body: now, headers: { "content-type": `${json}; charset=latin1` } },
  { name: "gzip", body: gzipSync(now), headers: { "content-encoding": "gzip" } },
  { name: "deflate", body: deflateSync(now), headers: { "content-encoding": "deflate" } },
  { name: "identity", body: now, headers: { "content-encoding": "identity" } },
  { name: "gzip that is none", body: now, headers: { "content-encoding": "gzip" } },
  { name: "br", body: now, headers: { "content-encoding": "br" } },
  { name: "an empty encoding", body: now, headers: { "content-encoding": "" } }
]

const beside: ReadonlyArray<Part> = [
  { name: "nothing else" },
  { name: "origin", headers: { origin: "http://app.local:8080" } },
  { name: "the origin null", headers: { origin: "null" } },
  { name: "garbage as a cookie", headers: { cookie: "authToken=garbage" } },
  { name: "another cookie", headers: { cookie: "a=b; c=d" } },
  { name: "a cookie and an origin", headers: { cookie: "authToken=null", origin: "http://app.local" } },
  { name: "a garbage token", headers: { authorization: "Bearer garbage" } },
  { name: "an empty token", headers: { authorization: "Bearer " } },
  { name: "a token and a cookie", headers: { authorization: "Bearer garbage", cookie: "authToken=garbage" } },
  { name: "no volatile data", headers: { "x-kuzzle-volatile": "x" } },
  { name: "volatile data", headers: { "x-kuzzle-volatile": "{\"a\":1}" } },
  { name: "a request id", headers: { "x-kuzzle-request-id": "mine" } },
  { name: "an empty request id", headers: { "x-kuzzle-request-id": "" } },
  { name: "gzip accepted", headers: { "accept-encoding": "br, gzip;q=0.5" } },
  { name: "deflate accepted", headers: { "accept-encoding": "deflate" } },
  { name: "a preflight", headers: { origin: "http://a", "access-control-request-method": "PUT" } }
]

/** The number of pairs for each method at each path. */
const pairs = 4

/** `GET /` is `server:info`, which "server: info and routes" compares. */
const withoutInfo: Comparable = (frame) => frame.action === "info" ? { ...frame, result: "<info>" } : frame

const generated = scenario("HTTP: generated", async (world) => {
  const { clean, document } = await prepare(world)
  await document("create", { _id: "d", body: { name: "a" }, refresh: "wait_for" })
  const places = methods.flatMap((method) => pathsOf(world.name).map((path) => ({ method, path })))
  const pair = fc.record({ body: fc.constantFrom(...bodies), other: fc.constantFrom(...beside) })
  const chosen = fc.sample(pair, { seed: 12, unbiased: true, numRuns: places.length * pairs })
  for (const [i, { body: part, other }] of chosen.entries()) {
    const { method, path } = places[i % places.length]!
    const { body } = part
    await world.http(
      { method, path, ...(body === undefined ? {} : { body }), headers: { ...part.headers, ...other.headers } },
      `${method} ${path}: ${part.name}, ${other.name}`,
      withoutInfo
    )
  }
  for (const method of ["GET", "POST", "PUT", "DELETE"]) {
    for (
      const path of [
        `/${world.name}//`,
        `/${world.name}/col//`,
        "//",
        `//${world.name}//col`,
        "/nope?index=i&collection=c"
      ]
    ) {
      await world.http({ method, path }, undefined, withoutInfo)
    }
  }
  for (const action of ["update", "replace", "delete", "deleteFields", "exists", "createOrReplace", "upsert"]) {
    await document(action, { _id: "_search", body: { fields: ["x"], changes: { name: "x" } } }, `${action} _search`)
  }
  await clean()
})

const upgrades = scenario("HTTP: upgrades", async ({ upgrade }) => {
  for (
    const headers of [
      {},
      { origin: "http://app.local" },
      { "sec-websocket-protocol": "mine, other" },
      { "sec-websocket-extensions": "permessage-deflate" },
      { cookie: "authToken=garbage" },
      { authorization: "Bearer garbage" },
      { "x-kuzzle-request-id": "mine" }
    ]
  ) {
    await upgrade(headers, JSON.stringify(headers))
  }
})

export const generatedHttp: ReadonlyArray<Scenario> = [generated, upgrades]
