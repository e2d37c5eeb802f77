import { assert, describe, it } from "@effect/vitest"
import { readFileSync } from "node:fs"
import { catalogue, generate, reachableIds, target } from "../../../scripts/generate-error-ids.ts"

describe("KuzzleErrorId", () => {
  const tsv = readFileSync(catalogue, "utf8")

  it("equals the output of the generator", () => {
    assert.strictEqual(
      readFileSync(target, "utf8"),
      generate(tsv),
      "KuzzleErrorId.ts is stale: npx tsx scripts/generate-error-ids.ts"
    )
  })

  it("has the ids that a client can receive, and no others", () => {
    const ids = reachableIds(tsv)
    assert.strictEqual(new Set(ids).size, ids.length)
    assert.include(ids, "api.assert.missing_argument")
    assert.include(ids, "services.storage.not_found")
    assert.include(ids, "security.token.invalid")
    assert.include(ids, "core.realtime.too_many_rooms")
    assert.include(ids, "plugin.strategy.missing_user")
    assert.notInclude(ids, "plugin.manifest.missing_name")
    assert.notInclude(ids, "core.vault.key_not_found")
    assert.notInclude(ids, "id")
  })
})
