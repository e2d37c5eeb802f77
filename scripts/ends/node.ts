/** Two processes share a folder and are ended, again and again. */
import { Effect, Random } from "effect"
import type { Scope } from "effect"
import { build } from "esbuild"
import { type ChildProcessByStdio, spawn } from "node:child_process"
import * as Path from "node:path"
import type { Readable, Writable } from "node:stream"
import { fileURLToPath } from "node:url"
import { forNode, sources } from "../simulation/bundle.ts"
import * as Folder from "./folder.ts"
import { fromJson } from "./notice.ts"
import {
  clients,
  deck,
  disturb,
  drained,
  type Plan,
  repeatLives,
  RunError,
  temporaryFolder,
  untilAccepted
} from "./run.ts"

/** How long a process may take to start, and to end when it is asked to. */
const patience = "1 minute"

interface Worker {
  readonly client: string
  readonly child: ChildProcessByStdio<Writable, Readable, null>
  /** It has opened the outbox, or could not and has ended. */
  readonly started: Effect.Effect<void>
  /** It has ended, and all that it said is in the ledger. */
  readonly ended: Effect.Effect<void>
}

const ways = ["kill -9", "SIGTERM", "SIGINT", "SIGTERM, then kill -9", "end of the program"] as const
type Way = (typeof ways)[number]

export const run = (plan: Plan): Effect.Effect<void, RunError> =>
  Effect.gen(function*() {
    const { ends, ledger, server } = plan
    const script = Path.join(yield* temporaryFolder, "worker.mjs")
    yield* compile(plan, script)
    const folder = yield* Folder.make(ledger)
    const nextWay = yield* deck<Way>([...ways, "kill -9", "kill -9", "kill -9", "SIGTERM"])
    let count = 0
    const start = (producing: boolean) =>
      startWorker(plan, script, {
        client: `p${++count}`,
        url: server.url,
        index: server.index,
        folder: folder.path,
        producing
      })

    const life = Effect.scoped(Effect.gen(function*() {
      const worker = yield* start(true)
      yield* worker.started
      yield* untilAccepted(() => ledger.acceptedOf(worker.client))
      yield* end(plan, worker, yield* nextWay)
    }))
    yield* Effect.scoped(Effect.zipRight(disturb(plan, folder.disturbances), repeatLives(ends, () => life)))
    yield* server.heal

    const last = yield* Effect.replicateEffect(start(false), clients)
    yield* drained(plan, folder.left)
    yield* Effect.forEach(last, (worker) => askToEnd(plan, worker, () => worker.child.stdin.end()))
    const harmed = yield* folder.harmed
    if (harmed.length > 0) ledger.complain(`files of others were changed: ${harmed.join(", ")}`)
  }).pipe(Effect.scoped)

const compile = ({ planted }: Plan, outfile: string): Effect.Effect<void, RunError> =>
  Effect.tryPromise({
    try: () =>
      build({
        ...forNode,
        // It starts sooner.
        minify: true,
        entryPoints: [fileURLToPath(new URL("./worker.ts", import.meta.url))],
        outfile,
        plugins: [sources(planted)]
      }),
    catch: (cause) => new RunError({ message: `the worker could not be built: ${cause}` })
  })

const startWorker = (
  { ledger }: Plan,
  script: string,
  task: { readonly client: string; readonly [key: string]: unknown }
): Effect.Effect<Worker, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.sync(() => {
      const { client } = task
      const child = spawn(process.execPath, [script, JSON.stringify(task)], { stdio: ["pipe", "pipe", "inherit"] })
      // It may have ended already.
      child.stdin.on("error", () => {})
      const ended = new Promise<void>((resolve) => child.once("close", () => resolve()))
      const started = new Promise<void>((resolve) => {
        let rest = ""
        child.stdout.setEncoding("utf8").on("data", (text: string) => {
          const lines = (rest + text).split("\n")
          // A process that is killed may write a part of a line.
          rest = lines.pop() ?? ""
          for (const line of lines) read(line)
          resolve()
        })
        const read = (line: string) => {
          try {
            ledger.add(client, fromJson(line))
          } catch {
            ledger.complain(`${client} wrote: ${line}`)
          }
        }
      })
      return {
        client,
        child,
        ended: Effect.promise(() => ended),
        started: Effect.promise(() => Promise.race([started, ended])).pipe(
          Effect.timeoutFail({ duration: patience, onTimeout: () => `${client} did not start within ${patience}` }),
          Effect.catchAll((complaint) => Effect.sync(() => ledger.complain(complaint)))
        )
      }
    }),
    ({ child, ended }) => Effect.zipRight(Effect.sync(() => child.kill("SIGKILL")), ended)
  )

const end = (plan: Plan, worker: Worker, way: Way): Effect.Effect<void> =>
  Effect.gen(function*() {
    const { child, client, ended } = worker
    // It could not open the outbox.
    if (child.exitCode !== null) return
    switch (way) {
      case "kill -9":
        child.kill("SIGKILL")
        yield* ended
        break
      case "SIGTERM, then kill -9":
        child.kill("SIGTERM")
        yield* Effect.sleep(yield* Random.nextIntBetween(0, 40))
        child.kill("SIGKILL")
        yield* ended
        break
      case "end of the program":
        yield* askToEnd(plan, worker, () => child.stdin.end())
        break
      default:
        yield* askToEnd(plan, worker, () => child.kill(way))
    }
    plan.ledger.ended(way, client)
  })

/** A process that is asked to end must do so in time. */
const askToEnd = ({ ledger }: Plan, { child, client, ended }: Worker, ask: () => void): Effect.Effect<void> =>
  Effect.sync(ask).pipe(
    Effect.zipRight(ended),
    Effect.timeoutFail({ duration: patience, onTimeout: () => `${client} did not end within ${patience}` }),
    Effect.catchAll((complaint) =>
      Effect.sync(() => {
        ledger.complain(complaint)
        child.kill("SIGKILL")
      })
    )
  )
