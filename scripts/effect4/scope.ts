/** The files of the workspace for Effect 4, and the tests that do not run there, each with its reason. */

/** In the order in which they are built. */
export const packages = ["core", "node", "browser", "testing"] as const

/** Files and folders that are generated. */
export const ported: ReadonlyArray<string> = [
  ...packages.map((name) => `packages/${name}`),
  "tests",
  ...["quickstart", "fleet", "board", "rides", "react", "vue"].map((name) => `examples/${name}`),
  ".github/workflows/docs.yml",
  "bench/handingOver.ts",
  "bench/peers/Peer.ts",
  "bench/peers/effects.ts",
  "bench/peers/ours.ts",
  "bench/scale/measure.ts",
  "bench/wire.ts",
  "README.md",
  "docs/actions.md",
  "docs/embedded.md",
  "docs/events.md",
  "docs/values.md",
  "docs/spec",
  "docs/guides/schemas.md",
  "docs/reference/errors.md",
  "docs/reference/settings.md",
  "lab/state.ts",
  "scripts/build.ts",
  "scripts/embedded.ts",
  "scripts/ends",
  "scripts/generate-actions.ts",
  "scripts/generate-error-ids.ts",
  "scripts/privateNames.ts",
  "scripts/simulate.ts",
  "scripts/simulation",
  "scripts/size.ts",
  "scripts/size"
]

const simulated = "its host takes the place of the scheduler and the clock of Effect 3 by their inner members"

/** Tests of this repository, not of the packages, and what they cannot run on 4 yet: they stay on Effect 3. */
export const elsewhere: Readonly<Record<string, string>> = {
  "tests/architecture.test.ts": "docs/architecture.md describes the sources",
  "tests/compose.test.ts": "it tests the laboratory, which is the same",
  "tests/effect4.test.ts": "it tests the port itself",
  "tests/floors.test.ts": "it tests the linter of the sources",
  "tests/fuzz": "it compares the embedded Kuzzle with a real one, on Effect 3",
  "tests/mutants.test.ts": "the planted bugs are in the sources for Effect 3",
  "tests/promises.test.ts": "docs/promises.md lists the titles of the sources",
  "tests/readme.test.ts": "the README is written for Effect 3",
  "tests/simulation.test.ts": simulated,
  "tests/simulation.outbox.test.ts": simulated
}
