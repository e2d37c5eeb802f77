/** Rows that must fail. Each run measures them first. `pnpm bench --scale --only planted` measures them as normal rows. */
import { cpuOf, type Row } from "./measure.ts"

export const planted: ReadonlyArray<Row> = [
  {
    title: "planted: each of N items visits all others",
    sizes: [2000, 4000, 8000],
    run: (n) => {
      const items = Array.from({ length: n }, (_, i) => ({ key: `k${i}` }))
      return cpuOf(() => items.forEach((item) => items.findLast(({ key }) => key === item.key && key === "")))
    }
  }
]
