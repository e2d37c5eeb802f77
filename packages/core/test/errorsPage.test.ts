/** The page of the documentation that lists the errors. */
import * as Core from "@effect-kuzzle/core"
import { KuzzleAction, KuzzleActionError, KuzzleError } from "@effect-kuzzle/core"
import { KuzzleEngine } from "@effect-kuzzle/testing"
import * as KuzzleTestServer from "@effect-kuzzle/testing/KuzzleTestServer"
import { assert, describe, it } from "@effect/vitest"
import { readFileSync } from "node:fs"

const read = (path: string) => readFileSync(new URL(`../../../docs/${path}`, import.meta.url), "utf8")
const page = read("reference/errors.md")

/** The ids of the server's errors. */
const ids = Array.from(
  readFileSync(new URL("../src/KuzzleErrorId.ts", import.meta.url), "utf8").matchAll(/^ {2}\| "(.*)"/gm),
  ([, id]) => id
)

/** The tag with which an error of this id comes from an action that documents it. */
const tagOf = (id: string, status: number): string => {
  const fields = { controller: "c", action: "a", id, code: 0, status, message: "", props: [] }
  for (const named of Object.values(KuzzleActionError)) {
    if (typeof named === "function" && "ids" in named && named.ids.includes(id)) return new named(fields)._tag
  }
  return KuzzleError.fromStatus(fields)._tag
}

/** The modules with errors. */
const modules: ReadonlyArray<{ readonly [name: string]: unknown }> = [
  KuzzleError,
  ...Object.values(Core),
  KuzzleEngine,
  KuzzleTestServer
]

/** The anchors of the page on the site (`docs/.vitepress/config.ts`): one for each title and each row. */
const anchors = new Set(
  Array.from(
    page.matchAll(/^(?:### (Kuzzle\w+)$|\| (?:[\w ]+ \| )?`([\w.]+)` \|)/gm),
    ([, title, row]) => `${title ?? row}`.toLowerCase()
  )
)

describe("the page of errors", () => {
  it("has an anchor for the `help` of every error", () => {
    const { homepage } = JSON.parse(read("../packages/core/package.json"))
    const [, owner = "", name = ""] = /github\.com\/([^/]+)\/([^/]+)/.exec(homepage) ?? []
    const base = /DOCS_BASE: (\S+)/.exec(read("../.github/workflows/docs.yml"))?.[1]
    assert.strictEqual(base, `/${name}/`)
    const address = `https://${owner}.github.io${base}reference/errors#`

    const fields = { controller: "c", action: "a", code: 0, status: 400, message: "m", props: [] }
    const errors = modules.flatMap((module) => Object.values<unknown>(module)).filter((
      value
    ): value is new(fields: object) => KuzzleError.KuzzleError =>
      typeof value === "function" && value.prototype instanceof Error && value !== KuzzleAction.DeclaredError
    ).flatMap((Class) =>
      "ids" in Class && Array.isArray(Class.ids)
        ? Class.ids.map((id) => new Class({ ...fields, id }))
        : [new Class({ ...fields, id: "" })]
    ).concat(ids.map((id) => KuzzleError.fromStatus({ ...fields, id: `${id}` })))
    assert.isAbove(errors.length, 300)
    assert.deepStrictEqual(
      errors.filter(({ help = "" }) => !help.startsWith(address) || !anchors.has(help.slice(address.length))).map(
        ({ help, _tag }) => `${_tag}: ${help}`
      ),
      []
    )
  })

  it("has every id once, with its class", () => {
    const statuses = new Map(
      read("spec/kuzzle-errors.tsv").split("\n").map((line) => line.split("\t")).map((
        [id, , , , status]
      ) => [id, status])
    )
    const rows = Array.from(page.matchAll(/^\| `(\w+\.\w+\.\w+)` \| `(\w+)` \| \S/gm), ([, id, tag]) => `${id} ${tag}`)
    assert.isAbove(ids.length, 200)
    assert.sameMembers(rows, ids.map((id) => `${id} ${tagOf(id ?? "", Number(statuses.get(id)))}`))
  })

  it("has every class of the packages", () => {
    const tags = modules.flatMap((module) => Object.values<unknown>(module)).flatMap((value) => {
      if (typeof value !== "function" || !(value.prototype instanceof Error) || "ids" in value) return []
      const { _tag }: { readonly _tag?: unknown } = Reflect.construct(value, [{}])
      return typeof _tag === "string" ? [_tag] : []
    })
    assert.isAbove(tags.length, 20)
    const headings = Array.from(page.matchAll(/^### (Kuzzle\w+)$/gm), ([, tag]) => tag)
    const rows = Array.from(page.matchAll(/^\| (?:[\w ]+ \| )?`(Kuzzle\w+)` \|/gm), ([, tag]) => tag)
    const listed = new Set([...headings, ...rows])
    assert.deepStrictEqual(tags.filter((tag) => !listed.has(tag)), [])
  })
})
