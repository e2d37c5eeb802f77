/**
 * A cache of the rows of the latest searches. A client that reads a collection page by page, by `search_after` or
 * `from`, needs the same rows for each page. Without the cache, each page would search the whole collection.
 */
import type { JsonObject } from "./json.ts"

/** How many searches are cached: as many clients can read page by page at the same time. */
const limit = 4

interface Recent<A> {
  readonly text: string
  readonly state: ReadonlyArray<unknown>
  readonly result: A
}

export class RecentSearches<A> {
  /** The latest search is last. */
  private recent: ReadonlyArray<Recent<A>> = []

  /**
   * Returns the result of `search`, or the cached result of an equal one.
   *
   * @param state the values that determine the result besides the body, compared by identity
   */
  find({ query, sort }: JsonObject, state: ReadonlyArray<unknown>, search: () => A): A {
    const text = JSON.stringify([query, sort])
    // A date such as "now-1d" is another instant in each search.
    if (text.includes("\"now")) return search()
    const cached = this.recent.find((search) => search.text === text && areSame(search.state, state))
    const result = cached === undefined ? search() : cached.result
    const others = this.recent.filter((one) => one !== cached).slice(1 - limit)
    this.recent = [...others, { text, state, result }]
    return result
  }
}

const areSame = (a: ReadonlyArray<unknown>, b: ReadonlyArray<unknown>): boolean =>
  a.length === b.length && a.every((one, i) => one === b[i])
