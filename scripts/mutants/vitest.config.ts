/** The tests with a bug planted in what they test. Variables of scripts/mutants.ts say which file has it and where its text is. */
import { readFileSync } from "node:fs"
import * as Path from "node:path"
import { defineConfig } from "vitest/config"
import { sources } from "../../tests/setup/sources.ts"
import { root } from "../simulation/bundle.ts"

const { MUTANT_FILE, MUTANT_TEXT } = process.env
if (MUTANT_FILE === undefined || MUTANT_TEXT === undefined) {
  throw new Error("MUTANT_FILE and MUTANT_TEXT are not set: run `pnpm mutants`")
}
const target = Path.join(root, MUTANT_FILE)
const planted = readFileSync(MUTANT_TEXT, "utf8")

export default defineConfig({
  root,
  resolve: { alias: sources },
  plugins: [{
    name: "mutant",
    enforce: "pre",
    transform: (_code, id) => id === target ? planted : undefined
  }],
  test: {
    setupFiles: ["tests/setup/equality.ts"],
    include: ["packages/*/test/**/*.test.ts", "tests/**/*.test.ts"],
    exclude: ["**/*.browser.test.ts", "**/*.real.test.ts", "**/node_modules/**"],
    testTimeout: 20_000
  }
})
