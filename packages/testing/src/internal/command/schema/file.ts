/**
 * The file that the command writes, as a text.
 */
import type { Mappings } from "@effect-kuzzle/core/KuzzleMappings"
import type { Api } from "@effect-kuzzle/core/KuzzleServer"
import { sha256 } from "@noble/hashes/sha2.js"
import { bytesToHex, utf8ToBytes } from "@noble/hashes/utils.js"
import type { JsonObject } from "../../engine/json.ts"
import * as Actions from "./actions.ts"
import * as Collection from "./collection.ts"
import * as Source from "./source.ts"
import * as Spelling from "./spelling.ts"

/** A collection, and some of its documents without Kuzzle's own `_kuzzle_info`. */
export interface SampledCollection {
  readonly index: string
  readonly collection: string
  readonly mappings: Mappings
  readonly documents: ReadonlyArray<unknown>
}

/** The data that was read from a server. */
export interface ServerData {
  readonly collections: ReadonlyArray<SampledCollection>
  readonly api: Api
  /** The OpenAPI document of its plugins and its application. */
  readonly openapi: JsonObject
}

/** The text of the file for a server. It does not depend on the order in which the server was read. */
export const write = ({ api, collections, openapi }: ServerData): string => {
  const names = new Source.Names()
  const sorted = [...collections].sort((a, b) => compare(a.index, b.index) || compare(a.collection, b.collection))
  const isOneIndex = new Set(collections.map(({ index }) => index)).size === 1
  const parts = sorted.map((sampled) => repository(sampled, isOneIndex, names))
  const body = [...parts, ...Actions.declarations(api, openapi, names)].join("\n\n")
  return withHeader(`${[imports(body), helper(body), body].filter((part) => part !== "").join("\n\n")}\n`)
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

const repository = (sampled: SampledCollection, isOneIndex: boolean, names: Source.Names): string => {
  const { collection, documents, index, mappings } = sampled
  const words = isOneIndex ? [collection] : [index, collection]
  const type = names.take(Source.pascal(...words))
  const value = names.take(Source.camel(...words))
  return [
    Source.comment(`The documents of ${index}/${collection}, from its mappings and ${countOf(documents.length)}.`),
    `export const ${type} = ${Collection.schemaOf(mappings, documents)}`,
    "",
    `export type ${type} = typeof ${type}.Type`,
    "",
    `export const ${value} = ${
      Source.block("KuzzleRepository.make({", [
        `index: ${JSON.stringify(index)}`,
        `collection: ${JSON.stringify(collection)}`,
        `schema: ${type}`
      ], "})")
    }`
  ].join("\n")
}

const countOf = (documents: number): string =>
  documents === 0 ? "no document" : documents === 1 ? "1 document" : `${documents} documents`

const imports = (body: string): string => {
  const modules = ["KuzzleAction", "KuzzleMappings", "KuzzleRepository"].filter((name) => body.includes(`${name}.`))
  return [
    ...(modules.length === 0 ? [] : [`import { ${modules.join(", ")} } from "@effect-kuzzle/core"`]),
    ...(body.includes("Schema.") ? [`import { Schema } from "effect"`] : [])
  ].join("\n")
}

const helper = (body: string): string =>
  body.includes("oneOrMany(")
    ? [
      "/** Elasticsearch treats a single value like a list of one value. */",
      Spelling.oneOrMany
    ].join("\n")
    : ""

// -------------------------------------------------------------------------------------------------------------------
// the header
// -------------------------------------------------------------------------------------------------------------------

/** The first line of the file. It has a checksum of the other lines, so that a later run detects edits. */
const headerPattern = /^\/\/ Written by `effect-kuzzle schema`, checksum ([0-9a-f]{16})\. [^\n]*\n/

const withHeader = (text: string): string =>
  `// Written by \`effect-kuzzle schema\`, checksum ${
    checksum(text)
  }. Do not edit: the next run replaces this file only if it is unchanged.\n${text}`

const checksum = (text: string): string => bytesToHex(sha256(utf8ToBytes(text))).slice(0, 16)

/**
 * Whether the command has written the file, and whether it was edited since. `Foreign`: the command did not write it.
 */
export const stateOf = (file: string): "Written" | "Edited" | "Foreign" => {
  // Git may have changed the line breaks.
  const text = file.replaceAll("\r\n", "\n")
  const [line = "", expected] = headerPattern.exec(text) ?? []
  if (expected === undefined) return "Foreign"
  return checksum(text.slice(line.length)) === expected ? "Written" : "Edited"
}
