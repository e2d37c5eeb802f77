/** Runs programs of Node with time limits, because a planted bug may make them endless. */
import { type ChildProcess, spawn } from "node:child_process"
import { signalGroup } from "../program.ts"
import { root } from "../simulation/bundle.ts"

/** Seconds of CPU time for each process. A busy machine does not shorten it, unlike a limit of wall-clock time. */
const cpuLimit = 120

/** Milliseconds of wall-clock time, for a program that waits forever. Such an end does not count as finding the bug. */
export const wallLimit = 900_000

const running = new Set<ChildProcess>()

// Each program is in its own process group, which Ctrl+C does not reach.
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.once(signal, () => {
    for (const child of running) signalGroup(child, "SIGKILL")
    process.exit(1)
  })
}

/** Starts a program in its own process group, with pipes. `channel` is `ipc` for a program that receives messages. */
export const start = (args: ReadonlyArray<string>, ...channel: ReadonlyArray<"ipc">): ChildProcess => {
  const limited = `ulimit -S -t ${cpuLimit}; exec "$0" "$@"`
  const child = spawn("/bin/sh", ["-c", limited, process.execPath, ...args], {
    cwd: root,
    detached: true,
    stdio: ["ignore", "pipe", "pipe", ...channel]
  })
  running.add(child)
  child.once("close", () => running.delete(child))
  return child
}

/** Records the output of a program. The returned function gives the output so far. */
export const outputOf = ({ stderr, stdout }: ChildProcess): () => string => {
  let output = ""
  for (const stream of [stdout, stderr]) {
    stream?.on("data", (data: unknown) => {
      output += String(data)
    })
  }
  return () => output
}

/** Stops a program and all processes that it has started. */
export const stop = (child: ChildProcess): void => signalGroup(child, "SIGKILL")

export interface Outcome {
  readonly end: "Passed" | "Failed" | "Endless" | "Stopped"
  readonly output: string
}

const endOf = (code: number | null, signal: NodeJS.Signals | null): Outcome["end"] => {
  if (code === 0) return "Passed"
  if (signal === null) return "Failed"
  return signal === "SIGXCPU" ? "Endless" : "Stopped"
}

/** Runs a program until it ends. */
export const run = (args: ReadonlyArray<string>): Promise<Outcome> =>
  new Promise((resolve, reject) => {
    const child = start(args)
    const output = outputOf(child)
    const timer = setTimeout(() => stop(child), wallLimit)
    child.once("error", reject)
    child.once("close", (code, signal) => {
      clearTimeout(timer)
      resolve({ end: endOf(code, signal), output: output() })
    })
  })
