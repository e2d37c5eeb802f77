/** Runs the example with its `start` script, and checks what it prints. */
import { assert, it } from "@effect/vitest"
import { run } from "../../quickstart/test/run.ts"

it("logs in by itself, writes in batches, searches as a stream, queues while offline, renews its token", async () => {
  const lines = await run("fleet")
  const textsOf = (label: string) => lines.filter((line) => line.startsWith(label)).map((line) => line.slice(12))
  assert.deepStrictEqual(textsOf("session"), ["Authenticated as ada", "renewed before its token expired"])
  assert.match(textsOf("batch")[0] ?? "", /^500 documents written in \d+ ms$/)
  // Four of five taxis are free, so 400 of 500.
  assert.deepStrictEqual(textsOf("search"), [`${freeSeats} seats are free`])
  assert.deepStrictEqual(textsOf("offline"), ["20 updates made, connection: Waiting"])
  assert.deepStrictEqual(textsOf("back"), ["20 updates sent in order, connection: Ready"])
  assert.deepStrictEqual(textsOf("count"), ["116 taxis are busy"])
}, 60_000)

/** In the example every fifth taxi is busy, and the taxis have 4, 5 and 6 seats in turn. */
const freeSeats = Array.from({ length: 500 }, (_, n) => (n % 5 === 0 ? 0 : 4 + n % 3)).reduce((a, b) => a + b)
