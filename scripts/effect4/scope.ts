/** The files of the workspace for Effect 4, and the tests that stay on Effect 3, each with its reason. */

import { packages } from "../packages.ts"

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
  "scripts/ends/judge.ts",
  "scripts/ends/ledger.ts",
  "scripts/ends/notice.ts",
  "scripts/generate-actions.ts",
  "scripts/generate-error-ids.ts",
  "scripts/mutants/plant.ts",
  "scripts/mutants/source.ts",
  "scripts/packages.ts",
  "scripts/privateNames.ts",
  "scripts/program.ts",
  "scripts/simulate.ts",
  "scripts/simulation",
  "scripts/size.ts",
  "scripts/size",
  "scripts/typescript.ts"
]

/** Files and folders that are not generated. They test the repository instead of the packages, or do not run on Effect 4 yet. */
export const excluded: Readonly<Record<string, string>> = {
  "packages/core/typetest/optional.tst.ts": "an optional field of Effect 4 is a Schema, so it may be annotated, too",
  "tests/architecture.test.ts": "docs/architecture.md describes the sources",
  "tests/compose.test.ts": "it tests the lab, which does not use Effect",
  "tests/effect4.cases.ts": "it tests the port itself",
  "tests/effect4.test.ts": "it tests the port itself",
  "tests/floors.test.ts": "it tests the linter of the sources",
  "tests/fuzz": "it compares the embedded Kuzzle with a real one, on Effect 3",
  "tests/mutants.test.ts": "the planted bugs are in the sources for Effect 3",
  "tests/promises.test.ts": "docs/promises.md lists the titles of the sources",
  "tests/readme.test.ts": "the README is written for Effect 3"
}
