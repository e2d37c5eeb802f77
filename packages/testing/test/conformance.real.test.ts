/**
 * The embedded Kuzzle against the real one: the same frames and HTTP calls to both, the answers compared to the byte
 * but for what varies by nature. Needs `KUZZLE_REAL_URL`; with `KUZZLE_RECORD=1` the real answers are kept for
 * `conformance.test.ts`, which compares without a real server; with `-t` those of the scenarios that were played.
 */
import { readFileSync, writeFileSync } from "node:fs"
import { afterAll, assert, describe, it } from "vitest"
import { compare } from "./conformance/compare.ts"
import { playEmbedded } from "./conformance/embedded.ts"
import { play, type Step } from "./conformance/recorder.ts"
import { scenarios } from "./conformance/scenarios.ts"

const real = process.env.KUZZLE_REAL_URL
if (real === undefined) throw new Error("KUZZLE_REAL_URL must name a running Kuzzle, e.g. ws://127.0.0.1:7512")

const run = `c${Date.now().toString(36)}`
const file = new URL("./conformance/recorded.json", import.meta.url)
const recorded: Record<string, ReadonlyArray<Step>> = JSON.parse(readFileSync(file, "utf8"))
let total = 0

afterAll(() => {
  console.log(`${total} answers and notifications compared`)
  if (process.env.KUZZLE_RECORD === undefined) return
  const lines = scenarios.flatMap(({ title }) => {
    const steps = recorded[title]
    return steps === undefined
      ? []
      : [`${JSON.stringify(title)}: [\n${steps.map((step) => `  ${JSON.stringify(step)}`).join(",\n")}\n]`]
  })
  writeFileSync(file, `{\n${lines.join(",\n")}\n}\n`)
})

describe.each(scenarios)("$title", (scenario) => {
  it("answers as the real server does", { timeout: 120_000 }, async () => {
    const name = `${run}x${scenarios.indexOf(scenario)}`
    const [ours, theirs] = await Promise.all([playEmbedded(name, scenario), play(real, name, scenario)])
    recorded[scenario.title] = theirs
    const { compared, faults } = compare(scenario.title, theirs, ours)
    total += compared
    assert.lengthOf(faults, 0, faults.join("\n\n"))
  })
})
