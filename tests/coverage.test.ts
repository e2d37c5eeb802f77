/** Every action of Kuzzle has a function, a route, a contract and an entry in the documentation. */
import * as Core from "@effect-kuzzle/core"
import { readFileSync } from "node:fs"
import { assert, describe, it } from "vitest"
import { automatic, catalogue, functionsOf, generate, missing, nameOf, target } from "../scripts/generate-actions.ts"
import { contracts } from "./contract/all.ts"

const core: { readonly [module: string]: object } = Core
const functions = functionsOf(core)
const names = catalogue.map(nameOf)

describe("coverage", () => {
  it("the catalogue is complete", () => {
    assert.lengthOf(names, 278)
    assert.strictEqual(new Set(names).size, 278)
  })

  it("every action has a function, except those that are listed as missing", () => {
    const done = new Set([...functions.map(({ declaration }) => nameOf(declaration)), ...Object.keys(automatic)])
    assert.deepStrictEqual(names.filter((name) => !done.has(name)), missing.functions)
  })

  it("every action has a contract, except those that are listed as missing", () => {
    const done = new Set(contracts.map(({ name }) => name))
    assert.deepStrictEqual(names.filter((name) => !done.has(name)), missing.contracts)
  })

  it("every function and every contract belongs to an action of Kuzzle", () => {
    const declared = [...functions.map(({ declaration }) => nameOf(declaration)), ...contracts.map(({ name }) => name)]
    assert.deepStrictEqual(declared.filter((name) => !names.includes(name)), [])
  })

  it("8.D14: a function declares a route if Kuzzle has one, and a deprecated route only if there is no other", () => {
    const wrong = functions.filter(({ declaration }) => {
      const routes = catalogue.find((listed) => nameOf(listed) === nameOf(declaration))?.http ?? []
      const current = routes.filter(({ deprecated }) => deprecated !== true)
      const own = declaration.http?.join(" ")
      return own === undefined
        ? routes.length > 0
        : !(current.length > 0 ? current : routes).some(({ path, verb }) => `${verb} ${path}` === own)
    })
    assert.deepStrictEqual(wrong.map(({ name }) => name), [])
  })

  it("docs/actions.md is what the generator writes", () => {
    assert.strictEqual(
      readFileSync(target, "utf8"),
      generate(functions),
      "docs/actions.md is stale: npx tsx scripts/generate-actions.ts"
    )
  })
})
