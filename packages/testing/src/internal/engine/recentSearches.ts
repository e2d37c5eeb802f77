/**
 * A cache of the rows of the latest searches. A client that walks through a collection page by page, by `search_after`
 * or by `from`, needs the same rows each time: without this cache, each page costs a search of the whole collection.
 */
import type { JsonObject } from "./json.ts"

/** How many searches are cached, and so how many clients may walk at once. */
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
   * @param state what the result depends on besides the body: compared by identity
   */
  find({ query, sort }: JsonObject, state: ReadonlyArray<unknown>, search: () => A): A {
    const text = JSON.stringify([query, sort])
    // A date such as "now-1d" means another instant each time.
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
