/** The page of the documentation that lists every setting, and the table of the module, which it follows. */
import { assert, it } from "@effect/vitest"
import { readFileSync } from "node:fs"
import ts from "typescript"

const read = (path: string) => readFileSync(new URL(`../../../${path}`, import.meta.url), "utf8")

/** The names of the settings, with their variables and defaults. */
const rowsIn = (text: string, row: RegExp) =>
  Array.from(text.matchAll(row), (columns) => columns.slice(1, 4).join(" | "))

const module = read("packages/core/src/KuzzleConfig.ts")
const table = Array.from(
  module.matchAll(/^ \* \| `(\w+)` \| (?:`(\w+)`|–) \|/gm),
  ([, setting = "", variable]) => ({ setting, variable })
)

it("the table of the module has every option", () => {
  const options = ts.createSourceFile("KuzzleConfig.ts", module, ts.ScriptTarget.Latest).statements
    .filter(ts.isInterfaceDeclaration)
    .filter(({ name }) => /^(PlainClient|Connection|Heartbeat|Http)Options$/.test(name.text))
    .flatMap(({ members }) =>
      members.flatMap(({ name }) => name !== undefined && ts.isIdentifier(name) ? [name.text] : [])
    )
  assert.isAbove(options.length, 25)
  assert.sameMembers(table.map(({ setting }) => setting), options)
})

it("the table of the module has every variable of the configuration, beside its setting", () => {
  const read = Array.from(
    module.matchAll(/(\w+): variable\(\s*"(\w+)"/g),
    ([, setting, variable]) => ({ setting, variable })
  )
  assert.isAbove(read.length, 15)
  assert.sameDeepMembers(table.filter(({ variable }) => variable !== undefined), read)
})

it("the page of settings has every setting, with its variable and its default", () => {
  const settings = rowsIn(module, /^ \* \| (`\w+`) \| (\S+) \| (.*) \|$/gm)
  const page = rowsIn(read("docs/reference/settings.md"), /^\| (`\w+`) \| (\S+) \| (.*?) \|/gm)
  assert.isAbove(settings.length, 25)
  assert.includeMembers(page, settings)
})
