/** `docs/architecture.md` names only existing code, and a new package is in the two lists that it names. */
import { assert, it } from "@effect/vitest"
import { existsSync, readFileSync } from "node:fs"
import { basename } from "node:path"
import { fileURLToPath } from "node:url"
import { packages } from "../scripts/packages.ts"
import { filesUnder } from "../scripts/typescript.ts"

const root = new URL("../", import.meta.url)
const read = (path: string) => readFileSync(new URL(path, root), "utf8")

const guide = read("docs/architecture.md")

/** The folders in which a path of the guide may begin. A bare name may be in any folder. */
const roots = [
  "",
  "packages/core/src/",
  "packages/core/src/internal/",
  "packages/testing/src/internal/",
  "docs/",
  "tests/"
]

const names = new Set(
  ["packages", "tests", "docs", "scripts"].flatMap((folder) =>
    filesUnder(fileURLToPath(new URL(folder, root)), [".ts", ".mjs", ".md"]).map((file) => basename(file))
  )
)

const fileOf = (path: string): string | undefined =>
  roots.map((from) => from + path).find((candidate) => existsSync(new URL(candidate, root)))

it("every file and folder that the guide names exists", () => {
  const paths = Array.from(guide.matchAll(/`([\w./-]+)`/g), ([, path = ""]) => path)
    .filter((path) => /\.(ts|mjs|md)$/.test(path) || /^(packages|internal|scripts|tests|protocol|runtime)\//.test(path))
  assert.isAbove(paths.length, 100)
  const missing = paths.filter((path) => {
    if (fileOf(path) !== undefined || fileOf(`${path}.ts`) !== undefined) return false
    return path.includes("/") || !names.has(path)
  })
  assert.deepStrictEqual(missing, [])
})

it("every function that the guide names is in its file", () => {
  const named = Array.from(guide.matchAll(/((?:`\w+`(?:, | and )?)+) (?:of|in) `([\w./-]+\.ts)`/g))
  assert.isAbove(named.length, 10)
  const missing = named.flatMap(([, functions = "", path = ""]) => {
    const file = fileOf(path)
    const text = file === undefined ? "" : read(file)
    return Array.from(functions.matchAll(/`(\w+)`/g), ([, name = ""]) => name)
      .filter((name) => !new RegExp(`\\b${name}\\b`).test(text))
      .map((name) => `${name} of ${path}`)
  })
  assert.deepStrictEqual(missing, [])
})

it("every package is in the paths of TypeScript, and in the releases", () => {
  const named = packages.map((name) => `@effect-kuzzle/${name}`)
  assert.sameMembers(
    Object.keys(JSON.parse(read("tsconfig.json")).compilerOptions.paths),
    named.flatMap((name) => [name, `${name}/*`])
  )
  assert.sameMembers(JSON.parse(read(".changeset/config.json")).fixed.flat(), named)
})
