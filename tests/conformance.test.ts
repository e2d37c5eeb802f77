/**
 * The embedded Kuzzle against what the real one answered when `conformance.real.test.ts` recorded it.
 */
import { readFileSync } from "node:fs"
import { assert, describe, it } from "vitest"
import { compare } from "./conformance/compare.ts"
import { playEmbedded } from "./conformance/embedded.ts"
import type { Step } from "./conformance/recorder.ts"
import { scenarios } from "./conformance/scenarios.ts"

const recorded: { readonly [title: string]: ReadonlyArray<Step> } = JSON.parse(
  readFileSync(new URL("./conformance/recorded.json", import.meta.url), "utf8")
)

describe.each(scenarios)("$title", (scenario) => {
  it("answers as the real server did", { timeout: 60_000 }, async () => {
    const ours = await playEmbedded("embedded-run", scenario)
    const { compared, faults } = compare(scenario.title, recorded[scenario.title] ?? [], ours)
    assert.isAbove(compared, 0)
    assert.lengthOf(faults, 0, faults.join("\n\n"))
  })
})
