/**
 * The relevance of a document for a query: BM25 as Elasticsearch 7 calculates it, in the same 32-bit floats. Only some
 * clauses compute a relevance: `match` and similar clauses, and `term` on texts, keywords and booleans. The score of
 * other clauses is their boost. The score of filters is 0.
 *
 * The statistics cover the documents that a search sees. Elasticsearch also counts deleted and overwritten documents
 * until it merges its segments.
 */
import { error } from "./errors.ts"
import { asArray, isObject, type JsonObject } from "./json.ts"
import {
  analyzerAt,
  type Document,
  type Field,
  fieldAt,
  isText,
  type Mapping,
  nestedIn,
  type Scalar,
  storedTerm,
  terms,
  texts
} from "./mapping.ts"
import * as Query from "./query.ts"

export type Score = (document: Document) => number

interface Scope {
  readonly mapping: Mapping
  readonly now: number
  readonly statisticsOf: (path: string, field: Field) => Statistics
}

/** A clause: whether a document matches, and with which score. */
interface Scorer {
  readonly matches: Query.Predicate
  readonly score: Score
}

/** Compiles a query to the score of the documents that match it. The result is a number if all scores are equal. */
export const compile = (
  query: unknown,
  documents: ReadonlyArray<Document>,
  mapping: Mapping,
  now: number
): Score | number => {
  const cache = new Map<string, Statistics>()
  const statisticsOf = (path: string, field: Field) => {
    // Nested objects are documents of their own.
    const level = field.nested === "" ? documents : documents.flatMap((document) => nestedIn(document, field.nested))
    const statistics = cache.get(path) ?? collect(level, field)
    cache.set(path, statistics)
    return statistics
  }
  return clause(query, { mapping, now, statisticsOf }, 1)
}

// -------------------------------------------------------------------------------------------------------------------
// BM25
// -------------------------------------------------------------------------------------------------------------------

const float = Math.fround

const k1 = float(1.2)
const b = float(0.75)

interface Statistics {
  /** The documents that have the field. */
  readonly count: number
  /** The average number of terms in these documents. */
  readonly average: number
  /** How many documents have each term. */
  readonly frequencies: ReadonlyMap<Scalar, number>
  readonly termsOf: (document: Document) => ReadonlyArray<Scalar>
}

/** Collects the statistics of a field. In texts all words count, and in other fields only distinct values. */
const collect = (documents: ReadonlyArray<Document>, field: Field): Statistics => {
  const frequencies = new Map<Scalar, number>()
  let count = 0
  let total = 0
  for (const document of documents) {
    const fieldTerms = terms(document, field)
    const distinct = new Set(fieldTerms)
    if (distinct.size === 0) continue
    count++
    total += isText(field) ? fieldTerms.length : distinct.size
    for (const term of distinct) frequencies.set(term, (frequencies.get(term) ?? 0) + 1)
  }
  return {
    count,
    average: float(total / count),
    frequencies,
    termsOf: (document) => terms(document, field)
  }
}

const idf = ({ count, frequencies }: Statistics, term: Scalar): number => {
  const frequency = frequencies.get(term) ?? 0
  return float(Math.log(1 + (count - frequency + 0.5) / (frequency + 0.5)))
}

/** A length as Lucene stores it, in one byte. It is exact up to 40, and then has four significant bits. */
const rounded = (length: number): number => {
  const free = 24
  const rest = length - free
  const shift = Math.max(0, 32 - Math.clz32(Math.max(rest, 1)) - 4)
  return rest < 8 ? length : free + (rest >>> shift) * 2 ** shift
}

const bm25 = (weight: number, frequency: number, length: number, average: number): number => {
  const norm = float(k1 * float(float(1 - b) + float(float(b * length) / average)))
  return float(weight - float(weight / float(1 + float(frequency * float(1 / norm)))))
}

/** The number of `occurrences` in a document, weighted by their rarity and by the length of the field. */
const relevance = (
  field: Field,
  { average, termsOf }: Statistics,
  { boost, occurrences, rarity }: {
    readonly boost: number
    readonly rarity: number
    readonly occurrences: (fieldTerms: ReadonlyArray<Scalar>, document: Document) => number
  }
): Score => {
  const weight = float(float(boost * float(1 + k1)) * rarity)
  return (document) => {
    const fieldTerms = termsOf(document)
    const frequency = occurrences(fieldTerms, document)
    if (frequency === 0) return 0
    return isText(field) ? bm25(weight, frequency, rounded(fieldTerms.length), average) : bm25(weight, 1, 1, average)
  }
}

const termScore = (scope: Scope, path: string, field: Field, term: Scalar, boost: number): Score => {
  const statistics = scope.statisticsOf(path, field)
  return relevance(field, statistics, {
    boost,
    rarity: idf(statistics, term),
    occurrences: (fieldTerms) => fieldTerms.filter((other) => other === term).length
  })
}

// -------------------------------------------------------------------------------------------------------------------
// clauses
// -------------------------------------------------------------------------------------------------------------------

/** Adds scores as Elasticsearch does: in doubles, with a float as the result. */
const sum = (scores: ReadonlyArray<number>): number => float(scores.reduce((a, b) => a + b, 0))

const boostOf = (options: unknown): number => {
  if (!isObject(options) || options.boost === undefined) return 1
  const boost = float(Number(options.boost))
  if (boost < 0) throw error("testing.engine.not_implemented", "a negative boost")
  return boost
}

const entryOf = (body: JsonObject): readonly [path: string, options: unknown] =>
  Object.entries(body)[0] ?? ["", undefined]

const hasTerms = (path: string, field: Field): boolean =>
  path !== "_id" && (isText(field) || field.type === "keyword" || field.type === "boolean")

/** `query` is well-formed, because it has been compiled to a predicate. */
const clause = (query: unknown, scope: Scope, boost: number): Score | number => {
  const [kind, body] = isObject(query) ? entryOf(query) : ["", undefined]
  if (!isObject(body)) return boost
  const scored = scorers[kind]
  if (scored !== undefined) return scored(body, scope, boost)
  const [, options] = entryOf(body)
  return float(boost * boostOf(body) * boostOf(options))
}

const term = (scope: Scope, path: string, options: unknown, boost: number): Score | number => {
  const field = fieldAt(scope.mapping, path)
  const value = isObject(options) ? options.value : options
  const ownBoost = float(boost * boostOf(options))
  if (field === undefined || !hasTerms(path, field)) return ownBoost
  if (isObject(options) && options.case_insensitive === true) return ownBoost
  const normalized = isText(field) ? String(value) : storedTerm(field, value)
  return normalized === undefined ? ownBoost : termScore(scope, path, field, normalized, ownBoost)
}

const match = (scope: Scope, path: string, options: unknown, boost: number): Score | number => {
  const field = fieldAt(scope.mapping, path)
  const text = isObject(options) ? options.query : options
  const ownBoost = float(boost * boostOf(options))
  if (field === undefined || !isText(field)) return term(scope, path, text, ownBoost)
  const scores = analyzerAt(field)(String(text)).map((word) => termScore(scope, path, field, word, ownBoost))
  return (document) => sum(scores.map((score) => score(document)))
}

const phrase = (
  scope: Scope,
  [path, options]: readonly [path: string, options: unknown],
  boost: number,
  prefix: boolean
): Score | number => {
  const field = fieldAt(scope.mapping, path)
  const text = isObject(options) ? options.query : options
  const ownBoost = float(boost * boostOf(options))
  if (field === undefined || !isText(field)) return term(scope, path, text, ownBoost)
  const phraseWords = analyzerAt(field)(String(text))
  const last = phraseWords.length - 1
  const statistics = scope.statisticsOf(path, field)
  const all = phraseWords.flatMap((word, i): ReadonlyArray<Scalar> =>
    prefix && i === last
      ? [...statistics.frequencies.keys()].filter((indexed) => String(indexed).startsWith(word))
      : [word]
  )
  return relevance(field, statistics, {
    boost: ownBoost,
    rarity: sum(all.map((word) => idf(statistics, word))),
    occurrences: (_, document) =>
      texts(document, field).flatMap((words) => Query.phraseStarts(words, phraseWords, prefix)).length
  })
}

const valueOf = (score: Score | number, document: Document): number =>
  typeof score === "number" ? score : score(document)

const scorerOf = (query: unknown, scope: Scope, boost: number): Scorer => {
  const score = clause(query, scope, boost)
  return { matches: Query.compile(query, scope.mapping, scope.now), score: (document) => valueOf(score, document) }
}

const scorers: { readonly [kind: string]: (body: JsonObject, scope: Scope, boost: number) => Score | number } = {
  bool: (body, scope, boost) => {
    const ownBoost = float(boost * boostOf(body))
    const part = (name: string) => asArray(body[name]).map((query) => scorerOf(query, scope, ownBoost))
    const [must, should] = [part("must"), part("should")]
    if (must.length === 0 && should.length === 0) {
      return body.filter === undefined && body.must_not === undefined ? ownBoost : 0
    }
    return (document) => {
      const optional = should.filter(({ matches }) => matches(document))
      return float(
        sum(must.map(({ score }) => score(document))) + sum(optional.map(({ score }) => score(document)))
      )
    }
  },
  constant_score: (body, _, boost) => float(boost * boostOf(body)),
  term: (body, scope, boost) => term(scope, ...entryOf(body), boost),
  match: (body, scope, boost) => match(scope, ...entryOf(body), boost),
  match_phrase: (body, scope, boost) => phrase(scope, entryOf(body), boost, false),
  match_phrase_prefix: (body, scope, boost) => phrase(scope, entryOf(body), boost, true),
  match_bool_prefix: (body, scope, boost) => clause(Query.boolPrefix(...entryOf(body), scope.mapping), scope, boost),
  multi_match: (body, scope, boost) => clause(Query.multiMatch(body), scope, boost),
  dis_max: (body, scope, boost) => {
    const ownBoost = float(boost * boostOf(body))
    const queries = asArray(body.queries).map((query) => scorerOf(query, scope, ownBoost))
    const tieBreaker = float(Number(body.tie_breaker ?? 0))
    return (document) => {
      const scores = queries.filter(({ matches }) => matches(document)).map(({ score }) => score(document))
      const best = scores.reduce((a, b) => Math.max(a, b), 0)
      return float(best + (scores.reduce((a, b) => a + b, 0) - best) * tieBreaker)
    }
  },
  boosting: (body, scope, boost) => {
    const ownBoost = float(boost * boostOf(body))
    const positive = scorerOf(body.positive, scope, ownBoost)
    const negative = Query.compile(body.negative, scope.mapping, scope.now)
    const factor = float(Number(body.negative_boost))
    return (document) => float(positive.score(document) * (negative(document) ? factor : 1))
  },
  nested: (body, scope, boost) => {
    const { matches, score } = scorerOf(body.query, scope, float(boost * boostOf(body)))
    const combine = combinations[String(body.score_mode ?? "avg")] ?? sum
    return (document) => float(combine(nestedIn(document, String(body.path)).filter(matches).map(score)))
  }
}

/** How the scores of nested objects are combined to the score of their document. */
const combinations: { readonly [mode: string]: (scores: ReadonlyArray<number>) => number } = {
  avg: (scores) => scores.reduce((a, b) => a + b, 0) / scores.length,
  max: (scores) => scores.reduce((a, b) => Math.max(a, b)),
  min: (scores) => scores.reduce((a, b) => Math.min(a, b)),
  none: () => 0,
  sum
}
