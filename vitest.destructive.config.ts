import { defineConfig } from "vitest/config"
import * as Lab from "./lab/state.ts"
import { sources } from "./vitest.shared.ts"

/** The lab's process is killed and started again, so the suite needs a lab, not just an address. */
const lab = Lab.read("destructive")
if (lab === undefined) throw new Error("the suite that destroys a Kuzzle needs one: run `pnpm lab up destructive`")

export default defineConfig({
  resolve: { alias: sources },
  test: {
    env: { KUZZLE_DESTRUCTIVE_URL: lab.url, KUZZLE_LAB_FOLDER: Lab.folder("destructive") },
    setupFiles: ["vitest.equality.ts"],
    include: ["packages/testing/test/destructive.real.test.ts"],
    testTimeout: 60_000,
    hookTimeout: 60_000
  }
})
