/**
 * `admin:dump`: its checks. It writes nothing, because the engine has no process of its own to examine, and a client
 * only sees that a dump was made.
 */
import { anonymousError, error } from "./errors.ts"

const folder = "dump"

const two = (n: number): string => String(n).padStart(2, "0")

/** `YYYYMMDD-HHmmss`, by the machine's clock. */
const stamp = (now: number): string => {
  const at = new Date(now)
  const day = `${at.getFullYear()}${two(at.getMonth() + 1)}${two(at.getDate())}`
  return `${day}-${two(at.getHours())}${two(at.getMinutes())}${two(at.getSeconds())}`
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

  /** A dump that fails leaves the lock behind, in the real server as well (dumpGenerator.js, `_dump`). */
  make(suffix: string, now: number): void {
    if (this.locked) throw error("api.process.action_locked", "dump")
    this.locked = true
    const path = join(`${stamp(now)}-${suffix}`.slice(0, 200))
    if (!path.startsWith(folder)) {
      throw anonymousError(400, `Dump path '${path}' is outside of designated dump directory '${folder}/'`)
    }
    this.locked = false
  }
}
