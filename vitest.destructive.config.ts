import { defineConfig } from "vitest/config"
import { sources } from "./vitest.shared.ts"

if (!process.env.KUZZLE_DESTRUCTIVE_URL) {
  throw new Error("KUZZLE_DESTRUCTIVE_URL must name a running Kuzzle that may be destroyed, e.g. ws://127.0.0.1:7612")
}

export default defineConfig({
  resolve: { alias: sources },
  test: {
    include: ["packages/testing/test/destructive.real.test.ts"],
    testTimeout: 60_000,
    hookTimeout: 60_000
  }
})
