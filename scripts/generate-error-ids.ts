/**
 * Writes `packages/core/src/KuzzleErrorId.ts` from `docs/spec/kuzzle-errors.tsv`.
 *
 * Run `npx tsx scripts/generate-error-ids.ts` after you change the catalogue.
 */
import { readFileSync, writeFileSync } from "node:fs"
import { isProgram } from "./program.ts"

/** The catalogue of the server's errors. Each line is an error, with its id in the first column. */
export const catalogue = new URL("../docs/spec/kuzzle-errors.tsv", import.meta.url)

/** The module that is generated. */
export const target = new URL("../packages/core/src/KuzzleErrorId.ts", import.meta.url)

/**
 * The domains and subdomains whose errors a client can receive (spec 7.2). The other errors end a server that starts, or
 * report a mistake to the author of a plugin.
 */
const reachable: ReadonlyArray<string> = [
  "api",
  "services",
  "security",
  "network",
  "validation",
  "core.realtime",
  "core.debugger",
  "core.fatal",
  "plugin.runtime",
  "plugin.strategy"
]

const isReachable = (id: string): boolean => reachable.some((domain) => id.startsWith(`${domain}.`))

/** The ids that a client can receive, in the order of the catalogue. */
export const reachableIds = (tsv: string): ReadonlyArray<string> =>
  tsv.split("\n").slice(1).map((line) => line.split("\t", 1)[0] ?? "").filter(isReachable)

/** The text of the module. */
export const generate = (tsv: string): string =>
  `/**
 * The ids of Kuzzle's errors, as literal types. The module contains only types, so it is empty at run time.
 *
 * Generated from \`docs/spec/kuzzle-errors.tsv\` by \`scripts/generate-error-ids.ts\`: do not edit.
 *
 * @module
 * @since 0.1.0
 */

/**
 * The id of an error that Kuzzle can send to a client (spec 7.2). It does not include errors that only concern a starting
 * server or the author of a plugin. Plugins and applications have more ids.
 *
 * @since 0.1.0
 * @category models
 */
export type KnownErrorId =
${reachableIds(tsv).map((id) => `  | "${id}"`).join("\n")}
`

if (isProgram(import.meta.url)) {
  writeFileSync(target, generate(readFileSync(catalogue, "utf8")))
}
