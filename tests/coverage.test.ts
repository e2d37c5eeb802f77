/** Every action of Kuzzle has its function, its route, its contract and its line in the documentation. */
import * as Core from "@effect-kuzzle/core"
import { readFileSync } from "node:fs"
import { assert, describe, it } from "vitest"
import { byItself, catalogue, functionsOf, generate, missing, nameOf, target } from "../scripts/generate-actions.ts"
import { contracts } from "./contract/all.ts"

const core: { readonly [module: string]: object } = Core
const functions = functionsOf(core)
const names = catalogue.map(nameOf)

describe("coverage", () => {
  it("the catalogue is whole", () => {
    assert.lengthOf(names, 278)
    assert.strictEqual(new Set(names).size, 278)
  })

  it("every action has a function, but for those that are listed as missing", () => {
    const done = new Set([...functions.map(({ declaration }) => nameOf(declaration)), ...Object.keys(byItself)])
    assert.deepStrictEqual(names.filter((name) => !done.has(name)), missing.functions)
  })

  it("every action has a contract, but for those that are listed as missing", () => {
    const done = new Set(contracts.map(({ name }) => name))
    assert.deepStrictEqual(names.filter((name) => !done.has(name)), missing.contracts)
  })

  it("no function and no contract is of an action that Kuzzle has not", () => {
    const found = [...functions.map(({ declaration }) => nameOf(declaration)), ...contracts.map(({ name }) => name)]
    assert.deepStrictEqual(found.filter((name) => !names.includes(name)), [])
  })

  it("8.D14: declares a route where Kuzzle has one: not one of the deprecated, where there is another", () => {
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
