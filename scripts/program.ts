/** What scripts share: whether they run as programs, and how they stop the programs that they start. */
import type { ChildProcess } from "node:child_process"
import { realpathSync } from "node:fs"
import { fileURLToPath } from "node:url"

/** Whether the module with this URL is the program that Node runs, and not imported by its tests. */
export const isProgram = (url: string): boolean =>
  process.argv[1] !== undefined && realpathSync(process.argv[1]) === fileURLToPath(url)

/** Signals all processes of a program that was started with `detached: true`. They may have ended already. */
export const signalGroup = ({ pid }: ChildProcess, signal: NodeJS.Signals): void => {
  if (pid === undefined) return
  try {
    process.kill(-pid, signal)
  } catch (cause) {
    if (!(cause instanceof Error && "code" in cause && cause.code === "ESRCH")) throw cause
  }
}
