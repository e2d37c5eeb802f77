/**
 * The rows of a search result. Most searches request one page of a few rows, and only this page is selected. All rows
 * are sorted only if a client requests another page of the same search.
 */
type Compare<Row> = (a: Row, b: Row) => number

/** For larger pages, sorting all rows is cheaper. */
const maxSelected = 100

export class ResultRows<Row> {
  private sorted: ReadonlyArray<Row> | undefined = undefined
  private hasPage = false

  /** @param rows equal rows keep this order */
  constructor(private readonly rows: ReadonlyArray<Row>, private readonly compare: Compare<Row>) {}

  get total(): number {
    return this.rows.length
  }

  /** All rows, in order. */
  all(): ReadonlyArray<Row> {
    return this.sorted ??= [...this.rows].sort(this.compare)
  }

  /** The rows that pass the test, in order. */
  filter(test: (row: Row) => boolean): ResultRows<Row> {
    return new ResultRows(this.all().filter(test), () => 0)
  }

  page(from: number, end: number): ReadonlyArray<Row> {
    if (this.sorted !== undefined || this.hasPage || end > maxSelected) return this.all().slice(from, end)
    this.hasPage = true
    return firstOf(this.rows, end, this.compare).slice(from)
  }
}

const firstOf = <Row>(rows: ReadonlyArray<Row>, count: number, compare: Compare<Row>): ReadonlyArray<Row> => {
  const first: Array<Row> = []
  if (count === 0) return first
  for (const row of rows) {
    if (first.length === count && compare(first[count - 1]!, row) <= 0) continue
    first.splice(placeIn(first, row, compare), 0, row)
    if (first.length > count) first.pop()
  }
  return first
}

/** The position of a row, behind equal rows. */
const placeIn = <Row>(sorted: ReadonlyArray<Row>, row: Row, compare: Compare<Row>): number => {
  let low = 0
  let high = sorted.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (compare(sorted[middle]!, row) <= 0) low = middle + 1
    else high = middle
  }
  return low
}
