/** The test suites of the workspace for Effect 4, in vitest 5: the projects of `vitest.config.ts` that need no real Kuzzle. */
import { playwright } from "@vitest/browser-playwright"
import { defineConfig, type TestProjectInlineConfiguration } from "vitest/config"
import { sources } from "./tests/setup/sources.ts"

type Options = NonNullable<TestProjectInlineConfiguration["test"]>

const project = (name: string | undefined, options: Options): TestProjectInlineConfiguration => ({
  resolve: { alias: sources },
  test: {
    ...(name === undefined ? {} : { name }),
    setupFiles: ["tests/setup/equality.ts"],
    testTimeout: 20_000,
    ...options,
    exclude: ["**/node_modules/**", ...options.exclude ?? []]
  }
})

export default defineConfig({
  test: {
    projects: [
      project("node", {
        include: ["packages/*/test/**/*.test.ts", "tests/**/*.test.ts", "examples/*/test/**/*.test.ts"],
        exclude: ["**/*.browser.test.ts", "**/*.real.test.ts"]
      }),
      {
        ...project(undefined, {
          include: ["packages/*/test/**/*.browser.test.ts"],
          globalSetup: ["tests/setup/browser.ts"],
          fileParallelism: false,
          browser: {
            enabled: true,
            headless: true,
            screenshotFailures: false,
            provider: playwright({
              launchOptions: {
                executablePath: process.env.CHROMIUM_PATH ?? "/usr/bin/chromium",
                args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"]
              }
            }),
            instances: [{ browser: "chromium", name: "chromium" }]
          }
        }),
        optimizeDeps: { include: ["effect", "effect/Array", "effect/Take", "@effect/vitest", "fast-check"] }
      }
    ]
  }
})
