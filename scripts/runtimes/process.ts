/** The program as a process. Its arguments are the name of the layers and the backend as JSON. It writes the report to stdout. */
import { Effect } from "effect"
import { nodePackage } from "./nodePackage.ts"
import { run } from "./program.ts"
import { standard } from "./standard.ts"

const [layers, backend = "{}"] = process.argv.slice(2)

const report = await Effect.runPromise(run(JSON.parse(backend), layers === "standard" ? standard : nodePackage))
process.stdout.write(JSON.stringify(report))
