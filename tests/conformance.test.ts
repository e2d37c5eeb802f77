/**
 * Compares the answers of the embedded Kuzzle with those of the real one, which `conformance.real.test.ts` has recorded.
 */
import { readFileSync } from "node:fs"
import { assert, describe, it } from "vitest"
import { counts } from "../scripts/embedded.ts"
import { differences, refusals } from "./conformance.differences.ts"
import { compare } from "./conformance/compare.ts"
import { playEmbedded } from "./conformance/embedded.ts"
import type { Step } from "./conformance/recorder.ts"
import { scenarios } from "./conformance/scenarios.ts"

const recorded: { readonly [title: string]: ReadonlyArray<Step> } = JSON.parse(
  readFileSync(new URL("./conformance/recorded.json", import.meta.url), "utf8")
)

describe.each(scenarios)("$title", (scenario) => {
  it("the embedded Kuzzle answers like the real one", { timeout: 60_000 }, async () => {
    const steps = await playEmbedded("embedded-run", scenario)
    const { compared, faults } = compare(scenario.title, recorded[scenario.title] ?? [], steps)
    assert.isAbove(compared, 0)
    assert.lengthOf(faults, 0, faults.join("\n\n"))
  })
})

it("the documentation says how much is compared", () => {
  const listed = (table: { readonly [title: string]: object }): number =>
    Object.values(table).reduce((sum, steps) => sum + Object.keys(steps).length, 0)
  const { compared, steps } = counts()
  const text = (name: string) => readFileSync(new URL(`../${name}`, import.meta.url), "utf8").replace(/\s+/g, " ")
  const count = (n: number) => n.toLocaleString("en")
  const readme = text("packages/testing/README.md")
  assert.include(readme, `In ${count(steps)} steps it sends`)
  assert.include(readme, `compares ${count(compared)} answers`)
  assert.include(readme, `${listed(differences)} answers differ`)
  assert.include(readme, `the ${listed(refusals)} requests that are refused`)
  assert.include(
    text("README.md"),
    `${count(compared)} answers and notifications compared with those of [the embedded one]`
  )
})
