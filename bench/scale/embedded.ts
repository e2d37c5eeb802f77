/** Rows of the embedded server without a client. A row passes frames to the engine and sets its clock. */
import { Engine } from "../../packages/testing/src/internal/engine/engine.ts"
import * as Http from "../../packages/testing/src/internal/engine/http.ts"
import { cpuOf, type Row } from "./measure.ts"
import { range } from "./support.ts"

const options = {
  seed: "scale",
  tokenLifetime: 3_600_000,
  gracePeriod: 1000,
  idleTimeout: 60_000,
  maxRequestSize: 1e9,
  cookieAuthentication: true,
  refreshInterval: 1000,
  rateLimit: 0,
  loginsPerSecond: 0
}

const target = { index: "i", collection: "c" }

const properties = { n: { type: "integer" }, k: { type: "keyword" }, d: { type: "date" } }

interface SearchResult {
  readonly hits: ReadonlyArray<{ readonly _source: { readonly n: number } }>
}

export class Embedded {
  readonly engine = new Engine(options, 0)
  private now = 0
  private last = ""
  private readonly connection = this.engine.connect({}, {
    send: (frame) => {
      this.last = frame
    },
    close: () => {}
  }, 0)

  constructor() {
    this.ask("index", "create", { index: "i" })
    this.ask("collection", "create", { ...target, body: { mappings: { properties } } })
  }

  ask(controller: string, action: string, request: object): unknown {
    this.now += 1
    this.engine.receive(this.connection, JSON.stringify({ controller, action, ...request }), this.now)
    const { error, result } = JSON.parse(this.last)
    if (error !== null) throw new Error(`${controller}:${action}: ${error.message}`)
    return result
  }

  create(n: number, more: object = {}) {
    this.ask("document", "create", { ...target, _id: `d${n}`, ...more, body: this.document(n) })
  }

  search(body: object, size = 10, from = 0): SearchResult {
    // The result of a search of these documents.
    return this.ask("document", "search", { ...target, size, from, body }) as SearchResult
  }

  /** N documents whose `n` is a number from 0 to N - 1, unordered. */
  fill(documents: number): this {
    for (let first = 0; first < documents; first += 200) {
      const some = range(Math.min(200, documents - first)).map((i) => {
        const n = ((first + i) * 7919) % documents
        return { _id: `d${n}`, body: this.document(n) }
      })
      this.ask("document", "mCreate", { ...target, body: { documents: some } })
    }
    this.ask("collection", "refresh", target)
    return this
  }

  /** Writes an unchanged document, so that the server does not answer a search from its cache of equal searches. */
  forget(): this {
    this.ask("document", "createOrReplace", { ...target, _id: "d0", body: this.document(0) })
    this.ask("collection", "refresh", target)
    return this
  }

  /** Begins scrolls and does not continue them, while this many seconds pass. */
  abandonScrolls(scrolls: number, seconds: number) {
    for (let i = 0; i < scrolls; i++) {
      this.ask("document", "search", { ...target, size: 10, scroll: "10s", body: {} })
      this.now += (seconds * 1000) / scrolls
      this.engine.tick(this.now)
    }
  }

  /** The text of an export of the whole collection. */
  exported(): string {
    const request = { method: "GET", url: "/i/c/_export?size=1000", headers: {}, body: "" }
    const answer = Http.handle(this.engine, request, this.now)
    if (answer?.status !== 200) throw new Error(`the export was answered with ${answer?.status}: ${answer?.body}`)
    return answer.body
  }

  private document(n: number) {
    return { n, k: `k${n}`, d: 1_700_000_000_000 + n * 1000 }
  }
}

/** A server with N documents, filled once for all runs of a size. */
const filled = (() => {
  let last: { readonly n: number; readonly server: Embedded } | undefined
  return (n: number): Embedded => {
    if (last?.n !== n) last = { n, server: new Embedded().fill(n) }
    return last.server
  }
})()

const stored = [1000, 10_000, 50_000, 100_000]

/** A row that reads N documents. */
const reads = (title: string, read: (server: Embedded, n: number) => unknown, more: Partial<Row> = {}): Row => ({
  title: `embedded server: ${title}`,
  sizes: stored,
  ...more,
  run: (n) => {
    const server = filled(n).forget()
    return cpuOf(() => read(server, n))
  }
})

/** A row that does something N times, or to N items. */
const does = (
  title: string,
  prepare: (n: number) => () => unknown,
  sizes: ReadonlyArray<number> = [1000, 5000, 20_000]
): Row => ({ title: `embedded server: ${title}`, sizes, run: (n) => cpuOf(prepare(n)) })

const histogram = (server: Embedded) =>
  server.search({ aggs: { days: { date_histogram: { field: "d", fixed_interval: "1d" } } } }, 0)

const unknown = range(1000).map((i) => `z${i}`)

const walkBySearchAfter = (server: Embedded, n: number) => {
  let seen = 0
  for (let after = -1;; after = seen - 1) {
    const { hits } = server.search({ sort: ["n"], search_after: [after] }, 100)
    seen += hits.length
    if (hits.length === 0) break
  }
  if (seen !== n) throw new Error(`${seen} of ${n} documents were read`)
}

const walkByFrom = (server: Embedded, n: number) => {
  for (let from = 0; from < n; from += 100) server.search({ sort: ["n"] }, 100, from)
}

const zset = (server: Embedded, n: number) => {
  const elements = range(n).map((i) => ({ score: (i * 7919) % n, member: `m${i}` }))
  server.ask("ms", "zadd", { _id: "z", body: { elements } })
}

export const rows: ReadonlyArray<Row> = [
  reads("`date_histogram` of N documents", histogram, { target: 4 }),
  reads("a query of 1,000 terms over N documents", (server) => server.search({ query: { terms: { k: unknown } } }), {
    target: 5
  }),
  reads("10 of N documents, sorted", (server) => server.search({ sort: ["n"] }), { target: 2 }),
  reads("a walk over N documents by `search_after`", walkBySearchAfter),
  reads("a walk over N documents by `from`", walkByFrom, { sizes: [1000, 3000, 9000] }),
  reads("an export of N documents", (server) => server.exported()),
  does("N scrolls that are abandoned within a minute", (n) => {
    const server = filled(1000)
    return () => server.abandonScrolls(n, 60)
  }),
  does("N documents, each created with `wait_for`", (n) => {
    const server = new Embedded()
    return () => range(n).forEach((i) => server.create(i, { refresh: "wait_for" }))
  }),
  does("N tokens, each of a connection that ends", (n) => {
    const { sessions } = new Embedded().engine.state
    return () => {
      for (const i of range(n)) sessions.link(sessions.create(`u${i}`, 1_000_000 + i, 0), `c${i}`)
      for (const i of range(n)) sessions.unlink(`c${i}`)
    }
  }),
  does("an update of a document in N rooms: a room", (n) => {
    const server = new Embedded()
    for (const i of range(n)) server.ask("realtime", "subscribe", { ...target, body: { range: { n: { gt: -i - 1 } } } })
    server.create(1)
    return () => server.ask("document", "update", { ...target, _id: "d1", body: { n: 2 } })
  }),
  does("a sorted set of N read by `zrange`, 10 at a time", (n) => {
    const server = new Embedded()
    zset(server, n)
    return () => {
      for (let start = 0; start < n; start += 10) server.ask("ms", "zrange", { _id: "z", start, stop: start + 9 })
    }
  }),
  does("a set of N taken one by one (`spop`)", (n) => {
    const server = new Embedded()
    server.ask("ms", "sadd", { _id: "s", body: { members: range(n).map((i) => `m${i}`) } })
    return () => range(n).forEach(() => server.ask("ms", "spop", { _id: "s" }))
  })
]
