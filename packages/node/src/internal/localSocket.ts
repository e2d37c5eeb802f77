/** Addresses of local sockets: unix sockets, or named pipes on Windows. */
import { createHash } from "node:crypto"
import * as Os from "node:os"
import * as Path from "node:path"

/** The address contains a hash of the name: a unix socket's address has at most 108 bytes on Linux and 104 on macOS. */
export const addressOf = (name: string): string => {
  const id = `kuzzle-${createHash("sha256").update(name).digest("hex").slice(0, 32)}`
  return process.platform === "win32" ? `\\\\.\\pipe\\${id}` : Path.join(Os.tmpdir(), `${id}.sock`)
}
