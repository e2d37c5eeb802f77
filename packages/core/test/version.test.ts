import { assert, it } from "@effect/vitest"
import { readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { version } from "../src/internal/version.ts"

const source = (relative: string) => readFileSync(fileURLToPath(new URL(relative, import.meta.url)), "utf8")

it("the version told to the server is that of the package", () => {
  assert.strictEqual(version, JSON.parse(source("../package.json")).version)
})

it("the version stands where the release script writes it", () => {
  assert.match(source("../src/internal/version.ts"), /^export const version = "[^"]+"$/m)
})
