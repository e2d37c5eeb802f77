/**
 * The checks of `admin:dump`. The engine has no process of its own to examine, so it writes no dump. A client only sees
 * that the dump has succeeded.
 */
import { anonymousError, error } from "./errors.ts"

const folder = "dump"

const pad = (n: number): string => String(n).padStart(2, "0")

/** `YYYYMMDD-HHmmss`, in the time zone of the machine. */
const timestamp = (now: number): string => {
  const at = new Date(now)
  const day = `${at.getFullYear()}${pad(at.getMonth() + 1)}${pad(at.getDate())}`
  return `${day}-${pad(at.getHours())}${pad(at.getMinutes())}${pad(at.getSeconds())}`
}

/** A path below the folder of dumps, as POSIX joins it. */
const join = (path: string): string => {
  const parts = [folder]
  for (const part of path.split("/")) {
    if (part === "" || part === ".") continue
    if (part === ".." && parts.length > 0 && parts.at(-1) !== "..") parts.pop()
    else parts.push(part)
  }
  return parts.join("/")
}

export class Dumps {
  private locked = false

  /** As in the real server, a dump that fails does not release the lock (dumpGenerator.js, `_dump`). */
  make(suffix: string, now: number): void {
    if (this.locked) throw error("api.process.action_locked", "dump")
    this.locked = true
    const path = join(`${timestamp(now)}-${suffix}`.slice(0, 200))
    if (!path.startsWith(folder)) {
      throw anonymousError(400, `Dump path '${path}' is outside of designated dump directory '${folder}/'`)
    }
    this.locked = false
  }
}
