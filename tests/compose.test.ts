/** Checks `lab/compose.yaml` against the schema of Compose and against the lab, without starting it. */
import { KuzzleEngine } from "@effect-kuzzle/testing"
import { assert, describe, it } from "@effect/vitest"
import { DCLinter } from "dclint"
import { Effect } from "effect"
import { readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"

const file = (name: string): string => fileURLToPath(new URL(`../lab/${name}`, import.meta.url))
const text = readFileSync(file("compose.yaml"), "utf8")

describe("lab/compose.yaml", () => {
  it("is valid for Compose", () => {
    const [result] = new DCLinter({ rules: {}, quiet: true, debug: false, exclude: [] }).lintFiles([
      file("compose.yaml")
    ], false)
    const faults = (result?.messages ?? []).filter(({ rule }: { readonly rule: string }) => rule.startsWith("invalid"))
    assert.isDefined(result)
    assert.deepStrictEqual(faults, [])
  })

  it("has the same Elasticsearch as the lab", () => {
    const [, version] = /<elasticsearch>([\d.]+)</.exec(readFileSync(file("elasticsearch/pom.xml"), "utf8")) ?? []
    assert.isDefined(version)
    assert.include(text, `docker.elastic.co/elasticsearch/elasticsearch:${version}\n`)
  })

  it.effect("sets only settings that Kuzzle has", () =>
    Effect.gen(function*() {
      const { http } = yield* KuzzleEngine.KuzzleEngine
      const { result } = JSON.parse(http({ method: "GET", url: "/_getConfig", headers: {}, body: "" })?.body ?? "")
      const names = [...text.matchAll(/\bkuzzle_(\w+):/g)].map(([, name = ""]) => name)
      assert.isAbove(names.length, 3)
      for (const name of names) {
        const setting = name.split("__").reduce((inner, key) => inner?.[key], result)
        assert.isDefined(setting, `kuzzle_${name} is no setting of Kuzzle`)
      }
    }).pipe(Effect.provide(KuzzleEngine.layer())))
})
