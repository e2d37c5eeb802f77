import { defineConfig } from "vitest/config"
import * as Lab from "./lab/state.ts"
import { sources } from "./vitest.shared.ts"

/** What the suite needs to know. Without it, it says so instead of passing with no test. */
const lab = Lab.read("real")
const { KONCORDE_PATH = lab?.koncorde, KUZZLE_REAL_URL = lab?.url } = process.env
if (KUZZLE_REAL_URL === undefined || KONCORDE_PATH === undefined) {
  throw new Error(
    "the suite against a real Kuzzle needs one: run `pnpm lab up`, or set KUZZLE_REAL_URL (for example " +
      "ws://127.0.0.1:7512) and KONCORDE_PATH (the folder of its package koncorde)"
  )
}

/** The lab's stand-in does not answer searches as Elasticsearch does. */
const standIn = KUZZLE_REAL_URL === lab?.url && lab.engine === "stand-in"
if (standIn) console.warn("the search engine is the lab's stand-in: the conformance suite is left out")

export default defineConfig({
  resolve: { alias: sources },
  test: {
    env: { KONCORDE_PATH, KUZZLE_REAL_URL },
    setupFiles: ["vitest.equality.ts"],
    include: ["packages/*/test/**/*.real.test.ts", "examples/*/test/**/*.real.test.ts"],
    exclude: [
      "**/node_modules/**",
      // What destroys a server has a configuration, and a server, of its own.
      "**/destructive.real.test.ts",
      "**/cluster.real.test.ts",
      ...(standIn ? ["**/conformance.real.test.ts"] : [])
    ],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // One server for all: files run in order, so that a failure can be read.
    fileParallelism: false
  }
})
