import { readFileSync } from "node:fs"
import { assert, describe, it } from "vitest"
import { generate, target } from "../scripts/embedded.ts"

describe("the page about the embedded Kuzzle", () => {
  it("docs/embedded.md is what the generator writes", () => {
    assert.strictEqual(readFileSync(target, "utf8"), generate(), "docs/embedded.md is stale: pnpm embedded")
  })
})
