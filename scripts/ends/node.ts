/** The run on Node: two processes share the folder of an outbox. Each is ended and replaced by a new one, many times. */
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

/** The longest time in which a process starts, and in which it ends after a request to end. */
const timeLimit = "1 minute"

interface Worker {
  readonly client: string
  readonly child: ChildProcessByStdio<Writable, Readable, null>
  /** Waits until the process has opened the outbox, or has ended because it could not. */
  readonly started: Effect.Effect<void>
  /** Waits until the process has ended and all its notices are in the ledger. */
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
    yield* Effect.scoped(Effect.zipRight(disturb(plan, folder.disturbances), repeatLives(ends, life)))
    yield* server.heal

    const last = yield* Effect.replicateEffect(start(false), clients)
    yield* drained(plan, folder.stored)
    yield* Effect.forEach(last, (worker) => askToEnd(plan, worker, () => worker.child.stdin.end()))
    const changed = yield* folder.changedForeignFiles
    if (changed.length > 0) ledger.complain(`files that are not the outbox's were changed: ${changed.join(", ")}`)
  }).pipe(Effect.scoped)

const compile = ({ planted }: Plan, outfile: string): Effect.Effect<void, RunError> =>
  Effect.tryPromise({
    try: () =>
      build({
        ...forNode,
        // A smaller script starts sooner.
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
      // Closing stdin fails if the process has already ended.
      child.stdin.on("error", () => {})
      const ended = new Promise<void>((resolve) => child.once("close", () => resolve()))
      const started = new Promise<void>((resolve) => {
        let rest = ""
        child.stdout.setEncoding("utf8").on("data", (text: string) => {
          const lines = (rest + text).split("\n")
          // The last line of a killed process may be incomplete.
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
          Effect.timeoutFail({ duration: timeLimit, onTimeout: () => `${client} did not start within ${timeLimit}` }),
          Effect.catchAll((complaint) => Effect.sync(() => ledger.complain(complaint)))
        )
      }
    }),
    ({ child, ended }) => Effect.zipRight(Effect.sync(() => child.kill("SIGKILL")), ended)
  )

const end = (plan: Plan, worker: Worker, way: Way): Effect.Effect<void> =>
  Effect.gen(function*() {
    const { child, client, ended } = worker
    // The process ended by itself, because it could not open the outbox.
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

/** Asks a process to end. A process that does not end in time is a complaint, and is killed. */
const askToEnd = ({ ledger }: Plan, { child, client, ended }: Worker, ask: () => void): Effect.Effect<void> =>
  Effect.sync(ask).pipe(
    Effect.zipRight(ended),
    Effect.timeoutFail({ duration: timeLimit, onTimeout: () => `${client} did not end within ${timeLimit}` }),
    Effect.catchAll((complaint) =>
      Effect.sync(() => {
        ledger.complain(complaint)
        child.kill("SIGKILL")
      })
    )
  )
