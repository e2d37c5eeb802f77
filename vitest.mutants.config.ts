/** The tests with a bug planted in what they test: `MUTANT` is its place in scripts/mutants/list.ts. */
import * as Path from "node:path"
import { defineConfig } from "vitest/config"
import { mutants } from "./scripts/mutants/list.ts"
import { apply, root } from "./scripts/simulation/bundle.ts"
import { sources } from "./vitest.shared.ts"

const mutant = mutants[Number(process.env.MUTANT)]

export default defineConfig({
  resolve: { alias: sources },
  plugins: [{
    name: "mutant",
    enforce: "pre",
    transform: (code, id) =>
      mutant !== undefined && id === Path.join(root, mutant.file) ? apply(mutant, code) : undefined
  }],
  test: {
    setupFiles: ["vitest.equality.ts"],
    include: ["packages/*/test/**/*.test.ts"],
    exclude: ["**/*.browser.test.ts", "**/*.real.test.ts", "**/node_modules/**"],
    testTimeout: 20_000
  }
})
