/** Addresses of local sockets: unix sockets, or named pipes on Windows. */
import { createHash } from "node:crypto"
import * as Os from "node:os"
import * as Path from "node:path"

/** The name goes in as a hash, because the address of a unix socket has 108 bytes at most on Linux and 104 on macOS. */
export const addressOf = (name: string): string => {
  const id = `kuzzle-${createHash("sha256").update(name).digest("hex").slice(0, 32)}`
  return process.platform === "win32" ? `\\\\.\\pipe\\${id}` : Path.join(Os.tmpdir(), `${id}.sock`)
}
