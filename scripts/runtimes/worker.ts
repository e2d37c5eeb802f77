/** For workerd: a Worker that runs the program for each request, whose body is the backend, and answers with the report. */
import { Effect } from "effect"
import { run } from "./program.ts"
import { standard } from "./standard.ts"

export default {
  fetch: async (request: Request): Promise<Response> =>
    Response.json(await Effect.runPromise(run(await request.json(), standard)))
}
