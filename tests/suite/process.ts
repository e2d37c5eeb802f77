/** The process of a real Kuzzle, which can be killed and restarted. Linux only, like the server. */
import { Effect, Schedule } from "effect"
import { spawn } from "node:child_process"
import * as Fs from "node:fs"
import * as Path from "node:path"
import type { Node } from "../../lab/state.ts"

/** A server that has been killed. */
export interface Killed {
  /** Starts the same command in the same folder and environment, and does not wait for its first answer. */
  readonly restart: Effect.Effect<void>
}

const strings = (path: string): ReadonlyArray<string> =>
  Fs.readFileSync(path, "utf8").split("\0").filter((part) => part !== "")

/** A zombie process has no command line. */
const runs = (pid: number): boolean => {
  try {
    return strings(`/proc/${pid}/cmdline`).length > 0
  } catch {
    return false // there is no such process
  }
}

/**
 * Ends a Kuzzle of the lab in this folder. After SIGKILL there is no close frame, and its cluster is not notified. After
 * SIGTERM it shuts itself down.
 */
export const kill = (
  lab: string,
  node: Node = "kuzzle",
  signal: "SIGKILL" | "SIGTERM" = "SIGKILL"
): Effect.Effect<Killed> =>
  Effect.gen(function*() {
    const file = Path.join(lab, "pids", node)
    const pid = Number(Fs.readFileSync(file, "utf8"))
    const [command = "", ...args] = strings(`/proc/${pid}/cmdline`)
    const pairs = strings(`/proc/${pid}/environ`).map((pair) => {
      const [name = "", ...value] = pair.split("=")
      return [name, value.join("=")] as const
    })
    const cwd = Fs.readlinkSync(`/proc/${pid}/cwd`)
    process.kill(pid, signal)
    yield* Effect.repeat(Effect.sync(() => runs(pid)), {
      while: (alive) => alive,
      schedule: Schedule.spaced("10 millis")
    })
    return {
      restart: Effect.sync(() => {
        const log = Fs.openSync(Path.join(lab, "logs", `${node}.log`), "a")
        const env = Object.fromEntries(pairs)
        const child = spawn(command, args, { cwd, env, detached: true, stdio: ["ignore", log, log] })
        Fs.closeSync(log)
        child.unref()
        // For `pnpm lab down`.
        Fs.writeFileSync(file, `${child.pid}\n`)
      })
    }
  })
