/** The example runs as a person runs it, and says what its comments promise. */
import { assert, it } from "@effect/vitest"
import { run } from "../../quickstart/test/run.ts"

it("logs in by itself, writes in batches, searches as a stream, queues while offline, renews its token", async () => {
  const lines = await run("fleet")
  const told = (what: string) => lines.filter((line) => line.startsWith(what)).map((line) => line.slice(12))
  assert.deepStrictEqual(told("session"), ["Authenticated as ada", "renewed before its token's end"])
  assert.match(told("batch")[0] ?? "", /^500 documents written in \d+ ms$/)
  // 400 taxis are free: the four remainders of five that are not 0, each with all numbers of seats.
  assert.deepStrictEqual(told("search"), [`${freeSeats} seats are free`])
  assert.deepStrictEqual(told("offline"), ["20 updates made, connection: Waiting"])
  assert.deepStrictEqual(told("back"), ["20 updates sent in order, connection: Ready"])
  assert.deepStrictEqual(told("count"), ["116 taxis are busy"])
}, 60_000)

/** As the example makes them: every fifth is busy, and they have 4, 5 and 6 seats in turn. */
const freeSeats = Array.from({ length: 500 }, (_, n) => (n % 5 === 0 ? 0 : 4 + n % 3)).reduce((a, b) => a + b)
