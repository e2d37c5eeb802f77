/**
 * What the server and the clients of the bench agree on: the requests of the loads and the shapes of the frames.
 */

/** A document as a dispatcher of taxis would keep it; about 150 bytes of JSON. */
export interface Taxi {
  readonly driver: string
  readonly status: string
  readonly seats: number
  readonly position: { readonly lat: number; readonly lon: number }
  readonly tags: ReadonlyArray<string>
}

export const taxi: Taxi = {
  driver: "Josephine Baker",
  status: "free",
  seats: 4,
  position: { lat: 40.712776, lon: -74.005974 },
  tags: ["wheelchair", "electric", "card"]
}

/** A request in the shape that every client of the bench takes. */
export type BenchRequest = {
  readonly controller: string
  readonly action: string
  readonly index?: string
  readonly collection?: string
  readonly _id?: string
  readonly body?: object
}

export const index = "nyc"
export const collection = "taxi"

/** The request of the request loads: a document is written, the answer (about 600 B) holds it. */
export const create = (n: number): BenchRequest => ({
  controller: "document",
  action: "create",
  index,
  collection,
  _id: `taxi-${n}`,
  body: taxi
})

/** Never answered. */
export const silence: BenchRequest = { controller: "bench", action: "silence" }

/** The server drops the connection without a close frame. */
export const kill: BenchRequest = { controller: "bench", action: "kill" }

/**
 * The server waits until this connection has so many channels, then sends `count` notifications, spread over them, as
 * fast as they are taken.
 */
export const blast = (count: number, channels: number): BenchRequest => ({
  controller: "bench",
  action: "blast",
  body: { count, channels }
})

export type BenchFilter = { readonly equals: { readonly driver: string } }

/** A filter of its own for each `n`: the server answers each with another room. */
export const filter = (n: number): BenchFilter => ({ equals: { driver: `driver-${n}` } })

/** The answer to `create`, without the braces' end: keys and their order as the real server has them. */
export const answer = (requestId: string, result: string, volatile: string): string =>
  `{"action":"create","collection":"${collection}","controller":"document","error":null,"headers":{},"index":"${index}",` +
  `"requestId":"${requestId}","result":${result},"status":200,"volatile":${volatile},"room":"${requestId}"}`

const source = JSON.stringify({
  ...taxi,
  _kuzzle_info: { author: "-1", createdAt: 1795397303975, updatedAt: null, updater: null }
})

/** What `document:create` answers. */
export const created = JSON.stringify({
  _id: "SenEUAGabwP10lz6zG3I",
  _source: { ...JSON.parse(source), note: "waits at the north exit, prefers trips to the airport, speaks French" },
  _version: 1
})

/** A document notification of 500 B or a little more. */
export const notification = (n: number, channel: string): string =>
  `{"type":"document","status":200,"action":"create","scope":"in","result":{"_id":"taxi-${n}","_source":${source},` +
  `"_version":1},"event":"write","requestId":"req-${n}","timestamp":1795397296901,"volatile":null,"index":"${index}",` +
  `"collection":"${collection}","controller":"document","protocol":"websocket","room":"${channel}"}`

/** The id of the n-th room of a connection: as long as Kuzzle's hashes. */
export const roomId = (n: number): string => n.toString(16).padStart(8, "0").repeat(8)
