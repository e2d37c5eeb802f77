import { defineConfig } from "vitest/config"
import { sources } from "./vitest.shared.ts"

/** What the suite needs to know; without it, it says so instead of passing with no test. */
const required = {
  KUZZLE_DESTRUCTIVE_URL: "the WebSocket URL of a running Kuzzle that may be destroyed, e.g. ws://127.0.0.1:7612",
  KUZZLE_SERVER_HOME: "the folder of its start.sh, with pids/kuzzle: its process is killed and started again"
}
const missing = Object.entries(required).filter(([name]) => !process.env[name])
if (missing.length > 0) {
  throw new Error(
    `the suite that destroys a Kuzzle needs:\n${missing.map(([name, what]) => `  ${name}: ${what}`).join("\n")}`
  )
}

export default defineConfig({
  resolve: { alias: sources },
  test: {
    setupFiles: ["vitest.equality.ts"],
    include: ["packages/testing/test/destructive.real.test.ts"],
    testTimeout: 60_000,
    hookTimeout: 60_000
  }
})
