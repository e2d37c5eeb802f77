/**
 * Writes `packages/core/src/KuzzleErrorId.ts` from `docs/spec/kuzzle-errors.tsv`.
 *
 * Run it after the catalogue changed: `npx tsx scripts/generate-error-ids.ts`.
 */
import { readFileSync, writeFileSync } from "node:fs"

/** The catalogue of the server: one error a line, its id in the first column. */
export const catalogue = new URL("../docs/spec/kuzzle-errors.tsv", import.meta.url)

/** The module that is generated. */
export const target = new URL("../packages/core/src/KuzzleErrorId.ts", import.meta.url)

/**
 * The domains (and subdomains) that a client can meet (spec 7.2). The others end a server that starts, or report a
 * mistake to the author of a plugin: no client ever receives them.
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

/** The ids of a catalogue that a client can meet, in the catalogue's order. */
export const reachableIds = (tsv: string): ReadonlyArray<string> =>
  tsv.split("\n").slice(1).map((line) => line.split("\t", 1)[0] ?? "").filter(isReachable)

/** The text of the module. */
export const generate = (tsv: string): string =>
  `/**
 * The ids of Kuzzle's errors, as literal types. Types only: nothing of this module is left at run time.
 *
 * Generated from \`docs/spec/kuzzle-errors.tsv\` by \`scripts/generate-error-ids.ts\`: do not edit.
 *
 * @module
 * @since 0.1.0
 */

/**
 * The id of an error that Kuzzle can send to a client (spec 7.2). Errors that only concern a starting server or the
 * author of a plugin are left out. Plugins and applications add ids of their own.
 *
 * @since 0.1.0
 * @category models
 */
export type KnownErrorId =
${reachableIds(tsv).map((id) => `  | "${id}"`).join("\n")}
`

if (process.argv[1] !== undefined && import.meta.url.endsWith(process.argv[1].replaceAll("\\", "/"))) {
  writeFileSync(target, generate(readFileSync(catalogue, "utf8")))
}
