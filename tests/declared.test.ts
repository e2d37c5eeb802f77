/** The check of answers against the declared types detects each kind of fault. */
import { assert, describe, it } from "vitest"
import { faults } from "./contract/declared.ts"

const rejection = { document: { _id: "a" }, reason: "no", status: 400 }
const written = { _id: "a", _source: {}, _version: 1, created: true, result: "created", status: 201 }

describe("answers that are compiled against the declared types", () => {
  it("are accepted, or a fault names the action, its function and the path", async () => {
    const reported = await faults([
      { name: "document:mCreate", result: { successes: [written], errors: [rejection] } },
      { name: "document:mCreate", result: { successes: [written, { ...written, rank: 1 }], errors: [] } },
      { name: "document:mCreate", result: { successes: [], errors: [{ ...rejection, document: { rank: 1 } }] } },
      {
        name: "document:get",
        result: { _id: "a", _version: 1, _source: { _kuzzle_info: { author: "ada", createdAt: "now" } } }
      },
      { name: "auth:createApiKey", result: { _id: "a", _source: { token: "t", ttl: "1" } } },
      { name: "server:now", result: { now: 1, rank: 1 } },
      { name: "server:now", result: { now: "now" } }
    ])
    assert.deepStrictEqual(reported.map((fault) => fault.split(": ").slice(0, 2).join(": ")), [
      "server:now: no function accepts {\"now\":\"now\"}",
      "document:mCreate (KuzzleDocument.mCreate): value.successes[1].rank",
      "document:mCreate (KuzzleDocument.mCreate): value.errors[0].document.rank",
      "document:get (KuzzleDocument.get): value._source._kuzzle_info.createdAt",
      "auth:createApiKey (KuzzleAuth.createApiKey): value._source.ttl"
    ])
  }, 300_000)
})
