/** The test suites. Each is a project: `vitest run --project node`. The scripts of `package.json` run them. */
import type {} from "@vitest/browser/providers/playwright"
import { fileURLToPath } from "node:url"
import { defineConfig, type TestProjectInlineConfiguration } from "vitest/config"
import * as Lab from "./lab/state.ts"
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

/** The tests of all folders whose files end with this. */
const testsEndingWith = (end: string) => [
  `packages/*/test/**/*.${end}`,
  `tests/**/*.${end}`,
  `examples/*/test/**/*.${end}`
]

// -------------------------------------------------------------------------------------------------------------------
// real Kuzzles
// -------------------------------------------------------------------------------------------------------------------

const lab = Lab.read("real")
const { KONCORDE_PATH = lab?.koncorde, KUZZLE_REAL_URL = lab?.url } = process.env

const standIn = Lab.hasStandIn(KUZZLE_REAL_URL)

/** A suite against a real Kuzzle. `tests/setup/lab.ts` fails if `env` is empty, because the suite would pass without any test. */
const realProject = (name: string, env: Record<string, string>, options: Options) =>
  project(name, { env, globalSetup: ["tests/setup/lab.ts"], testTimeout: 60_000, hookTimeout: 60_000, ...options })

const destructive = Lab.read("destructive")
const cluster = Lab.read("cluster")

// -------------------------------------------------------------------------------------------------------------------
// browsers
// -------------------------------------------------------------------------------------------------------------------

/** Debian's Chromium, unless `CHROMIUM_PATH` names another one. */
const chromium = process.env.CHROMIUM_PATH ?? "/usr/bin/chromium"

const browserProject = (browser: Options["browser"]): TestProjectInlineConfiguration => ({
  ...project(undefined, {
    include: ["packages/*/test/**/*.browser.test.ts"],
    globalSetup: ["tests/setup/browser.ts"],
    browser: {
      enabled: true,
      headless: true,
      screenshotFailures: false,
      // The tests depend on time, so the files run one after the other.
      fileParallelism: false,
      ...browser
    }
  }),
  // If Vite discovers a dependency during the tests, it reloads the page. So the list names the dependencies.
  optimizeDeps: {
    include: ["effect", "@effect/platform", "@effect/platform-browser", "@effect/vitest", "effect/FastCheck"]
  }
})

export default defineConfig({
  test: {
    projects: [
      project("node", {
        include: testsEndingWith("test.ts"),
        exclude: ["**/*.browser.test.ts", "**/*.real.test.ts"]
      }),
      realProject("real", KUZZLE_REAL_URL && KONCORDE_PATH ? { KONCORDE_PATH, KUZZLE_REAL_URL } : {}, {
        include: testsEndingWith("real.test.ts"),
        exclude: [
          // Tests that kill a server have projects and servers of their own.
          "**/destructive.real.test.ts",
          "**/cluster.real.test.ts",
          ...(standIn ? ["**/conformance.real.test.ts"] : [])
        ]
      }),
      realProject(
        "destructive",
        destructive ? { KUZZLE_DESTRUCTIVE_URL: destructive.url, KUZZLE_LAB_FOLDER: Lab.folder("destructive") } : {},
        { include: ["tests/destructive.real.test.ts"] }
      ),
      realProject(
        "cluster",
        cluster ? { KUZZLE_CLUSTER_URLS: cluster.urls.join(" "), KUZZLE_LAB_FOLDER: Lab.folder("cluster") } : {},
        { include: ["tests/cluster.real.test.ts"] }
      ),
      browserProject({
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
      browserProject({
        provider: fileURLToPath(new URL("./scripts/browsers/process.ts", import.meta.url)),
        instances: [{ browser: "firefox", name: "firefox" }, { browser: "webkit", name: "webkit" }]
      })
    ]
  }
})
