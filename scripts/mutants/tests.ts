/**
 * Runs tests against sources with a planted bug. `scripts/mutants.ts` sends a `Task` and awaits its `Result`.
 *
 * One Vitest runs the tests of many bugs, because starting Vitest and transforming the imported modules takes about as much
 * CPU time as the tests. The tests of each bug run in their own process.
 */
import * as Path from "node:path"
import { createVitest, type TestModule } from "vitest/node"
import { sources } from "../../tests/setup/sources.ts"
import { root } from "../simulation/bundle.ts"
import type { Planted } from "./plant.ts"

export interface Task {
  readonly planted: Planted
  /** Files and folders, relative to the root of the repository. */
  readonly tests: ReadonlyArray<string>
}

export type Result =
  | { readonly _tag: "Passed" }
  | { readonly _tag: "Failed"; readonly test: string }
  /** An error outside of any test. The process that ran the tests may have ended. */
  | { readonly _tag: "Broken"; readonly error: string }
  /** The tests did not load the module with the planted bug. */
  | { readonly _tag: "NotLoaded" }
  /** The tests could not be run. */
  | { readonly _tag: "Unable"; readonly error: string }

/** The bug that is planted now. */
let planted: Planted | undefined
let isLoaded = false

const pathOf = ({ file }: Planted): string => Path.join(root, file)

const vitest = await createVitest("test", {
  root,
  config: false,
  watch: false,
  reporters: [{}],
  bail: 1,
  fileParallelism: false,
  setupFiles: ["tests/setup/equality.ts"],
  include: ["packages/*/test/**/*.test.ts", "tests/**/*.test.ts"],
  exclude: ["**/*.browser.test.ts", "**/*.real.test.ts", "**/node_modules/**"],
  testTimeout: 20_000
}, {
  resolve: { alias: sources },
  plugins: [{
    name: "mutant",
    enforce: "pre",
    transform: (_code, id) => {
      if (planted === undefined || id !== pathOf(planted)) return undefined
      isLoaded = true
      return planted.text
    }
  }]
})

const failureOf = (modules: ReadonlyArray<TestModule>): string | undefined => {
  for (const module of modules) {
    for (const test of module.children.allTests("failed")) {
      return `${Path.relative(root, module.moduleId)} > ${test.fullName}`
    }
    if (module.state() === "failed") return Path.relative(root, module.moduleId)
  }
  return undefined
}

/** Vitest copies errors from the process of the tests as plain objects. */
const messageOf = (error: unknown): string =>
  error instanceof Object && "message" in error ? String(error.message) : String(error)

const run = async (task: Task): Promise<Result> => {
  // The file of the previous bug is read again, without the bug.
  if (planted !== undefined) vitest.invalidateFile(pathOf(planted))
  planted = task.planted
  isLoaded = false
  vitest.invalidateFile(pathOf(planted))
  const specifications = await vitest.globTestSpecifications([...task.tests])
  if (specifications.length === 0) throw new Error(`no test file matches ${task.tests.join(", ")}`)
  const ids = new Set(specifications.map(({ moduleId }) => moduleId))
  const { testModules, unhandledErrors } = await vitest.runTestSpecifications(specifications)
  if (!isLoaded) return { _tag: "NotLoaded" }
  const test = failureOf(testModules.filter(({ moduleId }) => ids.has(moduleId)))
  if (test !== undefined) return { _tag: "Failed", test }
  const [error] = unhandledErrors
  return error === undefined ? { _tag: "Passed" } : { _tag: "Broken", error: messageOf(error) }
}

process.on("message", (task) => {
  // Sent by scripts/mutants.ts.
  void run(task as Task)
    .catch((cause: unknown): Result => ({ _tag: "Unable", error: String(cause) }))
    .then((result) => process.send?.(result))
})
process.once("disconnect", () => process.exit())
