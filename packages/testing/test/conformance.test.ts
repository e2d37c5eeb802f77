/**
 * The embedded Kuzzle against what the real one answered when `conformance.real.test.ts` recorded it.
 */
import * as KuzzleTestServer from "@effect-kuzzle/testing/KuzzleTestServer"
import { Effect } from "effect"
import { readFileSync } from "node:fs"
import { assert, describe, it } from "vitest"
import { compare } from "./conformance/compare.ts"
import { play, type Step } from "./conformance/recorder.ts"
import { scenarios } from "./conformance/scenarios.ts"

const recorded: { readonly [title: string]: ReadonlyArray<Step> } = JSON.parse(
  readFileSync(new URL("./conformance/recorded.json", import.meta.url), "utf8")
)

// At the same time, as most of them spend theirs waiting for tokens to expire.
describe.concurrent.each(scenarios)("$title", (scenario) => {
  it("answers as the real server did", { timeout: 60_000 }, async () => {
    const embedded = Effect.flatMap(
      KuzzleTestServer.KuzzleTestServer,
      ({ url }) => Effect.promise(() => play(url, "embedded-run", scenario))
    )
    const ours = await Effect.runPromise(Effect.provide(embedded, KuzzleTestServer.layer()))
    const { compared, faults } = compare(scenario.title, recorded[scenario.title] ?? [], ours)
    assert.isAbove(compared, 0)
    assert.lengthOf(faults, 0, faults.join("\n\n"))
  })
})
