/** The code paths whose cost is measured for growing numbers. A new path is a row in one of these files. */
import * as Documents from "./documents.ts"
import * as Embedded from "./embedded.ts"
import { cpuOf, type Row } from "./measure.ts"
import * as Realtime from "./realtime.ts"
import * as Requests from "./requests.ts"
import { range } from "./support.ts"

export const rows: ReadonlyArray<Row> = [...Requests.rows, ...Realtime.rows, ...Documents.rows, ...Embedded.rows]

/** Rows that have to fail. */
export const planted: ReadonlyArray<Row> = [
  {
    title: "planted: each of N items visits all others",
    sizes: [2000, 4000, 8000],
    run: (n) => {
      const items = range(n).map((i) => ({ key: `k${i}` }))
      return cpuOf(() => items.forEach((item) => items.findLast(({ key }) => key === item.key && key === "")))
    }
  }
]
