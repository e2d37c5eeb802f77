/** Helpers for a file that `effect-kuzzle schema` has written: its faults, its exports, and assertions on them. */
import * as Core from "@effect-kuzzle/core"
import { type Kuzzle, KuzzleMappings, type KuzzleRepository } from "@effect-kuzzle/core"
import { assert } from "@effect/vitest"
import * as AllOfEffect from "effect"
import { Effect, Schema } from "effect"
import { execFile } from "node:child_process"
import { fileURLToPath } from "node:url"
import ts from "typescript"

/** A repository of the file. The type of its documents is not known when the test is compiled. */
export type Repository = KuzzleRepository.KuzzleRepository<unknown, unknown>

const modules: Readonly<Record<string, unknown>> = { "@effect-kuzzle/core": Core, effect: AllOfEffect }

/** The exports of the file. */
export const load = (text: string): Readonly<Record<string, unknown>> => {
  const { outputText } = ts.transpileModule(text, {
    compilerOptions: { module: ts.ModuleKind.CommonJS, target: ts.ScriptTarget.ES2022 }
  })
  const exports: Record<string, unknown> = {}
  // Safe to run: the test has just generated this code.

  new Function("require", "exports", outputText)((name: string) => modules[name], exports)
  return exports
}

/** The repositories that a file exports, by their names. */
export const repositoriesOf = (text: string): ReadonlyMap<string, Repository> =>
  new Map(
    Object.entries(load(text)).flatMap(([name, value]) =>
      // Safe: among the exports, only repositories have `filter`.
      typeof value === "object" && value !== null && "filter" in value ? [[name, value as Repository] as const] : []
    )
  )

/** Asserts that every document decodes, and encodes to the same JSON. */
export const assertFits = ({ schema }: Pick<Repository, "schema">, documents: ReadonlyArray<unknown>): void => {
  for (const document of documents) {
    const decoded = Schema.decodeUnknownSync(schema)(document)
    assert.deepStrictEqual(JSON.parse(JSON.stringify(Schema.encodeSync(schema)(decoded))), document)
  }
}

/** Asserts that the collection on the server has the mappings of the file. */
export const assertMapped = (repository: Repository): Effect.Effect<void, unknown, Kuzzle.Kuzzle> =>
  Effect.map(KuzzleMappings.diff(repository), ({ differences, exists }) => {
    assert.isTrue(exists)
    assert.deepStrictEqual(differences, [])
  })

/** The faults of the TypeScript compiler in some files. It runs in another process, because it blocks. */
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
