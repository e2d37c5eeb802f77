import type {} from "@vitest/browser/providers/playwright"
import { existsSync } from "node:fs"
import { defineConfig } from "vitest/config"
import { sources } from "./vitest.shared.ts"

/** Debian's chromium; `CHROMIUM_PATH` names another one. */
const executablePath = process.env.CHROMIUM_PATH ?? "/usr/bin/chromium"
if (!existsSync(executablePath)) {
  throw new Error(`no browser at ${executablePath}: apt-get install chromium, or set CHROMIUM_PATH`)
}

export default defineConfig({
  resolve: { alias: sources },
  // A dependency found late makes vite reload the page in the middle of the tests: those that matter are named here.
  optimizeDeps: {
    include: ["effect", "@effect/platform", "@effect/platform-browser", "@effect/vitest", "effect/FastCheck"]
  },
  test: {
    setupFiles: ["vitest.equality.ts"],
    include: ["packages/*/test/**/*.browser.test.ts"],
    exclude: ["**/node_modules/**"],
    testTimeout: 20_000,
    globalSetup: ["./vitest.browser.setup.ts"],
    // The network is loopback and the page sleeps at times: each file on its own, in order.
    fileParallelism: false,
    browser: {
      enabled: true,
      provider: "playwright",
      headless: true,
      screenshotFailures: false,
      instances: [{
        browser: "chromium",
        launch: {
          executablePath,
          args: [
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync"
          ]
        }
      }]
    }
  }
})
