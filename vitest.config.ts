import { defineConfig } from "vitest/config"
import { sources } from "./vitest.shared.ts"

export default defineConfig({
  resolve: { alias: sources },
  test: {
    setupFiles: ["vitest.equality.ts"],
    include: ["packages/*/test/**/*.test.ts", "examples/*/test/**/*.test.ts"],
    exclude: ["**/*.browser.test.ts", "**/*.real.test.ts", "**/node_modules/**"],
    testTimeout: 20_000
  }
})
