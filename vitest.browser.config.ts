import type {} from "@vitest/browser/providers/playwright"
import { fileURLToPath } from "node:url"
import { defineConfig, type TestProjectInlineConfiguration } from "vitest/config"
import { sources } from "./vitest.shared.ts"

/** Debian's chromium; `CHROMIUM_PATH` names another one. */
const chromium = process.env.CHROMIUM_PATH ?? "/usr/bin/chromium"

const project = (
  browser: NonNullable<TestProjectInlineConfiguration["test"]>["browser"]
): TestProjectInlineConfiguration => ({
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
    browser: {
      enabled: true,
      headless: true,
      screenshotFailures: false,
      // The network is loopback and the page sleeps at times: each file on its own, in order.
      fileParallelism: false,
      ...browser
    }
  }
})

/** `--project chromium`, `firefox` or `webkit`: one of them. */
export default defineConfig({
  test: {
    projects: [
      project({
        provider: "playwright",
        instances: [{
          browser: "chromium",
          name: "chromium",
          launch: {
            executablePath: chromium,
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
      }),
      project({
        provider: fileURLToPath(new URL("./scripts/browsers/process.ts", import.meta.url)),
        instances: [{ browser: "firefox", name: "firefox" }, { browser: "webkit", name: "webkit" }]
      })
    ]
  }
})
