/** The code paths whose cost is measured for growing N. Add a new path to one of these files. */
import * as Documents from "./documents.ts"
import * as Embedded from "./embedded.ts"
import type { Row } from "./measure.ts"
import * as Realtime from "./realtime.ts"
import * as Requests from "./requests.ts"

export const rows: ReadonlyArray<Row> = [...Requests.rows, ...Realtime.rows, ...Documents.rows, ...Embedded.rows]
