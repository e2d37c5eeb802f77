/**
 * The analyzers of Elasticsearch that need no dictionary. An analyzer splits a text into words.
 */
import { badRequest, error } from "./errors.ts"

export type Analyze = (text: string) => ReadonlyArray<string>

const analyzers: { readonly [name: string]: Analyze } = {
  standard: (text) => text.toLowerCase().match(/[\p{L}\p{N}_]+(?:['.][\p{L}\p{N}_]+)*/gu) ?? [],
  simple: (text) => text.toLowerCase().match(/\p{L}+/gu) ?? [],
  whitespace: (text) => text.match(/\S+/g) ?? [],
  keyword: (text) => [text]
}

/** Analyzers that drop or change words, which the engine does not implement. */
const unsupported = new Set([
  ...["stop", "pattern", "fingerprint", "snowball", "default", "chinese", "cjk"],
  ...["arabic", "armenian", "basque", "bengali", "brazilian", "bulgarian", "catalan", "czech", "danish", "dutch"],
  ...["english", "estonian", "finnish", "french", "galician", "german", "greek", "hindi", "hungarian", "indonesian"],
  ...["irish", "italian", "latvian", "lithuanian", "norwegian", "persian", "portuguese", "romanian", "russian"],
  ...["sorani", "spanish", "swedish", "turkish", "thai"]
])

/** The analyzer of that name, which {@link checkAnalyzer} has accepted. */
export const analyzerOf = (name: unknown = "standard"): Analyze => analyzers[String(name)] ?? analyzers.standard!

export const checkAnalyzer = (name: unknown): void => {
  if (Object.hasOwn(analyzers, String(name))) return
  if (unsupported.has(String(name))) throw error("testing.engine.not_implemented", `the analyzer "${String(name)}"`)
  throw badRequest(`Failed to parse mapping [_doc]: analyzer [${String(name)}] has not been configured in mappings`)
}
