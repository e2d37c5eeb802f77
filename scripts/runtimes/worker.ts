/** The program as a Worker for workerd. Each request runs it. The body is the backend, and the answer is the report. */
import { Effect } from "effect"
import { run } from "./program.ts"
import { standard } from "./standard.ts"

export default {
  fetch: async (request: Request): Promise<Response> =>
    Response.json(await Effect.runPromise(run(await request.json(), standard)))
}
