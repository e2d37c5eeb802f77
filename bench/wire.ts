/** The requests of the loads and the frames, for the server and the clients of the benchmark. */

/** A document of about 150 bytes of JSON. */
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

/** A request in the form that all clients of the benchmark accept. */
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

/** The request of most loads. It writes a document, and the answer (about 600 B) contains it. */
export const create = (n: number): BenchRequest => ({
  controller: "document",
  action: "create",
  index,
  collection,
  _id: `taxi-${n}`,
  body: taxi
})

/** A request that the server never answers. */
export const silence: BenchRequest = { controller: "bench", action: "silence" }

/** A request that makes the server drop the connection without a close frame. */
export const kill: BenchRequest = { controller: "bench", action: "kill" }

/**
 * A request for notifications. The server waits until this connection has this many channels. Then it sends `count`
 * notifications, spread over the channels, as fast as the client reads them.
 */
export const blast = (count: number, channels: number): BenchRequest => ({
  controller: "bench",
  action: "blast",
  body: { count, channels }
})

export type BenchFilter = { readonly equals: { readonly driver: string } }

/** Another filter for each `n`, which the server answers with another room. */
export const filter = (n: number): BenchFilter => ({ equals: { driver: `driver-${n}` } })

/** The answer to `create`. Its keys have the order of the real server's answers. */
export const answer = (requestId: string, result: string, volatile: string): string =>
  `{"action":"create","collection":"${collection}","controller":"document","error":null,"headers":{},"index":"${index}",` +
  `"requestId":"${requestId}","result":${result},"status":200,"volatile":${volatile},"room":"${requestId}"}`

const source = JSON.stringify({
  ...taxi,
  _kuzzle_info: { author: "-1", createdAt: 1795397303975, updatedAt: null, updater: null }
})

/** The result of `document:create`. */
export const created = JSON.stringify({
  _id: "SenEUAGabwP10lz6zG3I",
  _source: { ...JSON.parse(source), note: "waits at the north exit, prefers trips to the airport, speaks French" },
  _version: 1
})

/** A document notification of slightly more than 500 B. */
export const notification = (n: number, channel: string): string =>
  `{"type":"document","status":200,"action":"create","scope":"in","result":{"_id":"taxi-${n}","_source":${source},` +
  `"_version":1},"event":"write","requestId":"req-${n}","timestamp":1795397296901,"volatile":null,"index":"${index}",` +
  `"collection":"${collection}","controller":"document","protocol":"websocket","room":"${channel}"}`

/** The id of the n-th room of a connection. It is as long as Kuzzle's hashes. */
export const roomId = (n: number): string => n.toString(16).padStart(8, "0").repeat(8)
