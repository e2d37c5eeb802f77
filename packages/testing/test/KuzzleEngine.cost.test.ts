/** The steps of the embedded server grow in proportion to the work. They are counted, without a clock. */
import { assert, describe, it, vi } from "@effect/vitest"
import { FastCheck as fc } from "effect"
import { growth } from "../../core/test/support/steps.ts"
import { Engine } from "../src/internal/engine/engine.ts"
import { handle } from "../src/internal/engine/http.ts"
import { ResultRows } from "../src/internal/engine/resultRows.ts"

const options = {
  seed: "cost",
  tokenLifetime: 3_600_000,
  gracePeriod: 1000,
  idleTimeout: 60_000,
  maxRequestSize: 1e9,
  cookieAuthentication: true,
  refreshInterval: 1000,
  rateLimit: 0,
  loginsPerSecond: 0
}

const place = { index: "i", collection: "c" }

const properties = { n: { type: "integer" }, k: { type: "keyword" }, d: { type: "date" } }

class Server {
  readonly engine = new Engine(options, 0)
  now = 0
  private last = ""
  private readonly main = this.connect()

  constructor() {
    this.ask({ controller: "index", action: "create", index: "i" })
    this.ask({ controller: "collection", action: "create", ...place, body: { mappings: { properties } } })
  }

  connect() {
    const send = (frame: string) => {
      this.last = frame
    }
    return this.engine.connect({}, { send, close: () => {} }, this.now)
  }

  ask(request: object): unknown {
    this.engine.receive(this.main, JSON.stringify(request), this.now)
    const { error, result } = JSON.parse(this.last)
    assert.isNull(error)
    return result
  }

  http(request: object) {
    const headers = { "content-type": "application/json" }
    const answer = handle(
      this.engine,
      { method: "POST", url: "/_query", headers, body: JSON.stringify(request) },
      this.now
    )
    return answer ?? assert.fail("no answer")
  }

  search(body: object, size = 10, from = 0) {
    const result = this.ask({ controller: "document", action: "search", ...place, size, from, body })
    // Safe: every document of this test has `n`.
    return (result as { readonly hits: ReadonlyArray<{ readonly _source: { readonly n: number } }> }).hits
  }

  create(n: number, more: object = {}) {
    // A number of four digits would be a year.
    const body = { n, k: `k${n}`, d: 1_600_000_000_000 + n * 1000 }
    this.ask({ controller: "document", action: "create", ...place, _id: `d${n}`, ...more, body })
  }

  fill(documents: number): this {
    for (let n = 0; n < documents; n++) this.create((n * 7919) % documents)
    this.ask({ controller: "collection", action: "refresh", ...place })
    return this
  }

  memory(action: string, key: string, body: object | undefined, more: object = {}) {
    return this.ask({ controller: "ms", action, _id: key, ...more, ...(body === undefined ? {} : { body }) })
  }
}

interface Row {
  readonly n: number
  readonly nth: number
}

const linear = (prepare: (items: number) => () => void) => assert.isBelow(growth(prepare), 1.1)

describe("the cost of the embedded server grows no faster than the work:", () => {
  it("documents that each wait for a refresh", () =>
    linear((items) => {
      const server = new Server()
      return () => {
        for (let n = 0; n < items; n++) server.create(n, { refresh: "wait_for" })
      }
    }))

  it("a bucket of all documents", () =>
    linear((items) => {
      const server = new Server().fill(items)
      const aggs = { days: { date_histogram: { field: "d", fixed_interval: "1d" } } }
      return () => {
        server.search({ aggs }, 0)
      }
    }))

  it("a query of as many terms as there are documents", () =>
    linear((items) => {
      const server = new Server().fill(items)
      const k = Array.from({ length: items }, (_, n) => `z${n}`)
      return () => {
        assert.deepStrictEqual(server.search({ query: { terms: { k } } }), [])
      }
    }))

  it("a walk by search_after", () =>
    linear((items) => {
      const server = new Server().fill(items)
      return () => {
        let seen = 0
        let after = -1
        for (;;) {
          server.now += 1
          const hits = server.search({ sort: ["n"], search_after: [after] }, 20)
          if (hits.length === 0) break
          for (const { _source } of hits) assert.strictEqual(_source.n, seen++)
          after = seen - 1
        }
        assert.strictEqual(seen, items)
      }
    }))

  it("a walk by from and size", () =>
    linear((items) => {
      const server = new Server().fill(items)
      return () => {
        for (let from = 0; from < items; from += 20) {
          server.now += 1
          assert.strictEqual(server.search({ sort: ["n"] }, 20, from)[0]?._source.n, from)
        }
      }
    }))

  it("a sorted search for one page sorts only this page; the next page sorts all rows, once", () => {
    const server = new Server().fill(2_000)
    const sort = vi.spyOn(Array.prototype, "sort")
    const sorted = () => sort.mock.contexts.filter((array) => Array.isArray(array) && array.length > 10).length
    const hits = (from: number, order: string) => server.search({ sort: [{ n: order }] }, 10, from)
    try {
      assert.deepStrictEqual(hits(0, "asc").map(({ _source }) => _source.n), Array.from({ length: 10 }, (_, n) => n))
      assert.deepStrictEqual(hits(50, "desc").map(({ _source }) => _source.n)[0], 1949)
      assert.strictEqual(sorted(), 0)
      assert.strictEqual(hits(10, "asc")[0]?._source.n, 10)
      assert.strictEqual(hits(20, "asc")[0]?._source.n, 20)
      assert.strictEqual(sorted(), 1)
    } finally {
      sort.mockRestore()
    }
  })

  it("a selected page equals that of all sorted rows, and equal rows stay in the order of their writing", () =>
    fc.assert(
      fc.property(fc.array(fc.nat(9)), fc.nat(12), fc.nat(12), (numbers, from, size) => {
        const compare = (a: Row, b: Row) => a.n - b.n
        const rows = numbers.map((n, nth): Row => ({ n, nth }))
        const expected = [...rows].sort(compare).slice(from, from + size)
        const result = new ResultRows(rows, compare)
        assert.deepStrictEqual(result.page(from, from + size), expected)
        assert.deepStrictEqual(result.page(from, from + size), expected)
      })
    ))

  it("scrolls that are abandoned", () => {
    const server = new Server().fill(100)
    for (let n = 0; n < 50; n++) {
      server.ask({ controller: "document", action: "search", ...place, scroll: "10s", size: 10, body: {} })
      server.now += 1000
    }
    const scrolls: unknown = Reflect.get(server.engine.state.storage, "scrolls")
    assert.instanceOf(scrolls, Map)
    assert.isAtMost(scrolls.size, 10)
    server.engine.tick(server.now + 60_000)
    assert.strictEqual(scrolls.size, 0)
  })

  it("tokens that each bind a connection, and connections that end", () =>
    linear((items) => {
      const { sessions } = new Server().engine.state
      return () => {
        for (let n = 0; n < items; n++) sessions.link(sessions.create(`u${n}`, 1_000_000 + n, 0), `c${n}`)
        for (let n = 0; n < items; n++) sessions.unlink(`c${n}`)
        assert.strictEqual(sessions.nextExpiry(), Infinity)
      }
    }))

  it("a document that leaves many rooms", () =>
    linear((items) => {
      const server = new Server()
      for (let n = 0; n < items; n++) {
        const body = { range: { n: { gt: -n - 1 } } }
        server.ask({ controller: "realtime", action: "subscribe", ...place, body })
      }
      server.create(1)
      return () => {
        server.engine.receive(
          [...server.engine.connections.values()][0]!,
          JSON.stringify({ controller: "document", action: "update", ...place, _id: "d1", body: { n: 2 } }),
          0
        )
      }
    }))

  it("an export that is read line by line: each line is made when it is read", () => {
    const server = new Server().fill(500)
    const { pieces = [] } = server.http({ controller: "document", action: "export", ...place, size: 100 })
    const stringify = vi.spyOn(JSON, "stringify")
    try {
      const lines = pieces[Symbol.iterator]()
      const first = [lines.next(), lines.next(), lines.next()].map(({ value }) => JSON.parse(value))
      assert.deepStrictEqual(first.map(({ _id, type }) => _id ?? type), ["collection", "d0", "d419"])
      assert.lengthOf(stringify.mock.calls, 3)
    } finally {
      stringify.mockRestore()
    }
    assert.lengthOf(Array.from(pieces), 501)
  })

  it("a sorted set that is read page by page", () =>
    linear((items) => {
      const server = new Server()
      const elements = Array.from({ length: items }, (_, n) => ({ score: (n * 7919) % items, member: `m${n}` }))
      server.memory("zadd", "z", { elements })
      return () => {
        for (let n = 0; n < items; n += 10) {
          server.memory("zrange", "z", undefined, { start: n, stop: n + 9 })
          server.memory("zrevrange", "z", undefined, { start: n, stop: n + 9 })
        }
      }
    }))

  it("a set whose members are taken one by one", () =>
    linear((items) => {
      const server = new Server()
      server.memory("sadd", "s", { members: Array.from({ length: items }, (_, n) => `m${n}`) })
      return () => {
        for (let n = 0; n < items; n++) server.memory("spop", "s", undefined)
        assert.deepEqual(server.memory("scard", "s", undefined), 0)
      }
    }))
})
