import { defineConfig } from "vitest/config"
import { sources } from "./vitest.shared.ts"

/** What the suite needs to know; without it, it says so instead of passing with no test. */
const required = {
  KUZZLE_REAL_URL: "the WebSocket URL of a running Kuzzle, for example ws://127.0.0.1:7512",
  KONCORDE_PATH: "the folder of the koncorde package of that Kuzzle, for example <kuzzle>/node_modules/koncorde"
}
const missing = Object.entries(required).filter(([name]) => !process.env[name])
if (missing.length > 0) {
  throw new Error(
    `the suite against the real Kuzzle needs:\n${missing.map(([name, what]) => `  ${name}: ${what}`).join("\n")}`
  )
}

export default defineConfig({
  resolve: { alias: sources },
  test: {
    setupFiles: ["vitest.equality.ts"],
    include: ["packages/*/test/**/*.real.test.ts", "examples/*/test/**/*.real.test.ts"],
    // What destroys a server has a configuration, and a server, of its own.
    exclude: ["**/node_modules/**", "**/destructive.real.test.ts"],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // One server for all: files run in order, so that a failure can be read.
    fileParallelism: false
  }
})
