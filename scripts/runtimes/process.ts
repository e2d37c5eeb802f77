/** For runtimes with processes: the layers by their name, the backend as JSON; the report goes to the standard output. */
import { Effect } from "effect"
import { nodePackage } from "./nodePackage.ts"
import { run } from "./program.ts"
import { standard } from "./standard.ts"

const [layers, backend = "{}"] = process.argv.slice(2)

const report = await Effect.runPromise(run(JSON.parse(backend), layers === "standard" ? standard : nodePackage))
process.stdout.write(JSON.stringify(report))
