/**
 * Compares the embedded Kuzzle with a running one. Both get the same frames and HTTP calls. The answers must be equal to the
 * byte, except for values that differ in every run.
 *
 * With `KUZZLE_RECORD=1` the suite writes the real answers to `recorded.json`. `conformance.test.ts` compares with them, without
 * a real server. With `-t` only the answers of the selected scenarios are written.
 */
import { readFileSync, writeFileSync } from "node:fs"
import { afterAll, assert, describe, it } from "vitest"
import { compare } from "./compare.ts"
import { playEmbedded } from "./embedded.ts"
import { play, type Scenario, type Step } from "./recorder.ts"
import { scenarios } from "./scenarios.ts"

const file = new URL("./recorded.json", import.meta.url)

const write = (played: Readonly<Record<string, ReadonlyArray<Step>>>): void => {
  const recorded: Record<string, ReadonlyArray<Step>> = { ...JSON.parse(readFileSync(file, "utf8")), ...played }
  const lines = scenarios.flatMap(({ title }) => {
    const steps = recorded[title]
    return steps === undefined
      ? []
      : [`${JSON.stringify(title)}: [\n${steps.map((step) => `  ${JSON.stringify(step)}`).join(",\n")}\n]`]
  })
  writeFileSync(file, `{\n${lines.join(",\n")}\n}\n`)
}

/** Plays each scenario on the server at this address, and on an embedded one of its own. */
export const conformanceSuite = (url: string, played: ReadonlyArray<Scenario>): void => {
  const run = `c${Date.now().toString(36)}`
  const answers: Record<string, ReadonlyArray<Step>> = {}
  let total = 0
  let totalRefused = 0

  afterAll(() => {
    console.log(`${total} answers and notifications compared, ${totalRefused} requests refused as listed`)
    if (process.env.KUZZLE_RECORD !== undefined) write(answers)
  })

  describe.each(played)("$title", (scenario) => {
    it("answers as the real server does", { timeout: 300_000 }, async () => {
      const name = `${run}x${scenarios.indexOf(scenario)}`
      const [ours, theirs] = await Promise.all([playEmbedded(name, scenario), play(url, name, scenario)])
      answers[scenario.title] = theirs
      const { compared, faults, refused } = compare(scenario.title, theirs, ours)
      total += compared
      totalRefused += refused
      assert.lengthOf(faults, 0, faults.join("\n\n"))
    })
  })
}
