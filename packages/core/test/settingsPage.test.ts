/** The page of the documentation that lists every setting. */
import { assert, it } from "@effect/vitest"
import { readFileSync } from "node:fs"

const read = (path: string) => readFileSync(new URL(`../../../${path}`, import.meta.url), "utf8")

/** The names of the settings, with their variables and defaults. */
const rowsIn = (text: string, row: RegExp) =>
  Array.from(text.matchAll(row), (columns) => columns.slice(1, 4).join(" | "))

it("the page of settings has every setting, with its variable and its default", () => {
  const settings = rowsIn(read("packages/core/src/KuzzleConfig.ts"), /^ \* \| (`\w+`) \| (\S+) \| (.*) \|$/gm)
  const page = rowsIn(read("docs/reference/settings.md"), /^\| (`\w+`) \| (\S+) \| (.*?) \|/gm)
  assert.isAbove(settings.length, 25)
  assert.includeMembers(page, settings)
})
