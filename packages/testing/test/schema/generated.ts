/** A file that `effect-kuzzle schema` has written: what TypeScript says of it, what it exports, and what holds for it. */
import * as Core from "@effect-kuzzle/core"
import { type Kuzzle, KuzzleMappings, type KuzzleRepository } from "@effect-kuzzle/core"
import { assert } from "@effect/vitest"
import * as AllOfEffect from "effect"
import { Effect, Schema } from "effect"
import { execFile } from "node:child_process"
import { fileURLToPath } from "node:url"
import ts from "typescript"

/** Any repository: what is decoded is not known before the file is there. */
export type Repository = KuzzleRepository.KuzzleRepository<unknown, unknown>

const modules: Readonly<Record<string, unknown>> = { "@effect-kuzzle/core": Core, effect: AllOfEffect }

/** What the file exports. */
export const load = (text: string): Readonly<Record<string, unknown>> => {
  const { outputText } = ts.transpileModule(text, {
    compilerOptions: { module: ts.ModuleKind.CommonJS, target: ts.ScriptTarget.ES2022 }
  })
  const exports: Record<string, unknown> = {}
  // The test has just had it written.

  new Function("require", "exports", outputText)((name: string) => modules[name], exports)
  return exports
}

/** The repositories that a file exports, by their names. */
export const repositoriesOf = (text: string): ReadonlyMap<string, Repository> =>
  new Map(
    Object.entries(load(text)).flatMap(([name, value]) =>
      // Nothing else that the file exports has filters.
      typeof value === "object" && value !== null && "filter" in value ? [[name, value as Repository] as const] : []
    )
  )

/** Every document decodes, and encodes to the same JSON: nothing of it is lost. */
export const assertFits = ({ schema }: Pick<Repository, "schema">, documents: ReadonlyArray<unknown>): void => {
  for (const document of documents) {
    const decoded = Schema.decodeUnknownSync(schema)(document)
    assert.deepStrictEqual(JSON.parse(JSON.stringify(Schema.encodeSync(schema)(decoded))), document)
  }
}

/** The collection on the server is as the file says. */
export const assertMapped = (repository: Repository): Effect.Effect<void, unknown, Kuzzle.Kuzzle> =>
  Effect.map(KuzzleMappings.diff(repository), ({ differences, exists }) => {
    assert.isTrue(exists)
    assert.deepStrictEqual(differences, [])
  })

/** What TypeScript says of files, in a process of its own: see `contract/declared.ts`. */
export const faultsOf = (texts: ReadonlyArray<string>): Promise<ReadonlyArray<string>> =>
  new Promise((resolve, reject) => {
    const child = execFile(
      process.execPath,
      ["--import", "tsx", fileURLToPath(new URL("./compile.ts", import.meta.url))],
      (error, stdout, stderr) => {
        if (error !== null) reject(new Error(`the files were not compiled: ${stderr}`, { cause: error }))
        else resolve(JSON.parse(stdout))
      }
    )
    child.stdin?.end(JSON.stringify(texts))
  })
