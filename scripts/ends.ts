/**
 * `pnpm ends` runs clients that share one outbox. It ends them at random moments, and disturbs their connections and their
 * store. Then it compares what the outbox promised with what the server executed. It fails when a promise was broken, and
 * when nothing happened that could have broken one.
 *
 * - `--where node`: two processes with a folder. `--where chromium`: two tabs with IndexedDB. Default: both.
 * - `--server embedded` (the default) or `--server real` (the lab, or the Kuzzle that `KUZZLE_REAL_URL` names). May be given
 *   twice.
 * - `--ends`: the number of ends in each of these runs. Default: 100.
 * - `--seed`: the seed of the runner's choices. The moments still differ from run to run, because they depend on the machine.
 * - `--plant`: the name of a bug of `mutants/list.ts`. The run must then fail.
 */
import { NodeRuntime } from "@effect/platform-node"
import { Console, Duration, Effect, Exit, Random } from "effect"
import { parseArgs } from "node:util"
import * as Lab from "../lab/state.ts"
import * as Chromium from "./ends/chromium.ts"
import { describeBroken, judge, type Row, table, type Verdict } from "./ends/judge.ts"
import { Ledger } from "./ends/ledger.ts"
import * as Node from "./ends/node.ts"
import { RunError } from "./ends/run.ts"
import * as Server from "./ends/server.ts"
import { check } from "./mutants/check.ts"
import { mutants } from "./mutants/list.ts"
import type { Planted } from "./mutants/plant.ts"

const { values } = parseArgs({
  options: {
    ends: { type: "string", default: "100" },
    where: { type: "string", multiple: true, default: ["node", "chromium"] },
    server: { type: "string", multiple: true, default: ["embedded"] },
    seed: { type: "string", default: String(Math.floor(Math.random() * 1e9)) },
    plant: { type: "string" }
  }
})

const fail = (message: string) => new RunError({ message })

const startServer = (name: string) => {
  if (name === "embedded") return Server.embedded
  if (name !== "real") return fail(`--server is ${name}: expected embedded or real`)
  const url = Lab.realUrl()
  return url === undefined ? fail("no Kuzzle is up: run `pnpm lab up`, or set KUZZLE_REAL_URL") : Server.real(url)
}

const runners = { node: Node.run, chromium: Chromium.run }

const runnerOf = (name: string) =>
  name in runners
    // `in` has checked the name.
    ? Effect.succeed(runners[name as keyof typeof runners])
    : fail(`--where is ${name}: expected ${Object.keys(runners).join(" or ")}`)

/** The planted bug with this name. */
const plantNamed = (name: string): Effect.Effect<Planted, RunError> =>
  Effect.gen(function*() {
    const mutant = mutants.find((one) => one.name === name)
    if (mutant === undefined) return yield* fail(`--plant is ${name}: mutants/list.ts has no bug of this name`)
    const { planted, problems } = yield* Effect.promise(() => check([mutant]))
    return planted.get(mutant) ?? (yield* fail(problems.join("\n")))
  })

const main = Effect.gen(function*() {
  const ends = Number(values.ends)
  if (!Number.isInteger(ends) || ends < 1) {
    return yield* fail(`--ends is ${values.ends}: expected an integer of at least 1`)
  }
  const planted = values.plant === undefined ? undefined : yield* plantNamed(values.plant)
  const rows: Array<Row> = []
  for (const serverName of values.server) {
    for (const where of values.where) {
      const runner = yield* runnerOf(where)
      const ledger = new Ledger()
      const [elapsed, verdict] = yield* Effect.timed(Effect.scoped(Effect.gen(function*() {
        const server = yield* startServer(serverName)
        yield* runner({ server, ledger, ends, planted })
        return judge(ledger, yield* server.executions)
      })))
      const name = `${where}, ${serverName} Kuzzle`
      rows.push({ name, verdict, seconds: Duration.toSeconds(elapsed) })
      yield* Console.log(describe(name, ledger, verdict))
    }
  }
  yield* Console.log(`\n${table(rows)}\nseed ${values.seed}`)
  if (rows.some(({ verdict }) => verdict.broken.length > 0)) {
    return yield* fail("a promise was broken, or a run proved nothing")
  }
})

/** The number of requests of each broken promise whose logs are printed. */
const maxLogs = 2

const listCounts = (counts: ReadonlyMap<string, number>): string =>
  Array.from(counts).toSorted(([a], [b]) => a < b ? -1 : 1).map(([what, count]) => `${count} ${what}`).join(", ")

const describe = (name: string, ledger: Ledger, { broken }: Verdict): string => {
  const ways = new Map<string, number>()
  for (const { how } of ledger.ends) ways.set(how, (ways.get(how) ?? 0) + 1)
  return [
    name,
    `  ends: ${listCounts(ways)}`,
    `  disturbances: ${listCounts(ledger.disturbances)}`,
    ...broken.flatMap((one) => [
      `  BROKEN: ${describeBroken(one)}`,
      ...one.ids.slice(0, maxLogs).flatMap((id) => [`    ${id}`, ...ledger.logOf(id).map((line) => `      ${line}`)])
    ])
  ].join("\n")
}

NodeRuntime.runMain(Effect.withRandom(main, Random.make(values.seed)), {
  // An interrupted run proves nothing, so it fails. `process.exit` does not wait for the sockets of killed clients.
  teardown: (exit) => process.exit(Exit.isSuccess(exit) ? 0 : 1)
})
