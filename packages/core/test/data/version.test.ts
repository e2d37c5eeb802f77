import { assert, it } from "@effect/vitest"
import { readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { version } from "../../src/internal/data/version.ts"

const source = (relative: string) => readFileSync(fileURLToPath(new URL(relative, import.meta.url)), "utf8")

it("the version that the server gets is that of the package", () => {
  assert.strictEqual(version, JSON.parse(source("../../package.json")).version)
})

it("the release script writes the version into the right place", () => {
  assert.match(source("../../src/internal/data/version.ts"), /^export const version = "[^"]+"$/m)
})
