/**
 * Finds out which clients of one folder are alive. Each client listens on its own socket (a unix socket, or a named
 * pipe on Windows) and sends nothing. The kernel closes the socket when the process ends, also after `kill -9`. A
 * process whose event loop is blocked still counts as alive, because the kernel accepts connections for it. Neither
 * process ids nor clocks are compared.
 */
import * as Fs from "node:fs"
import * as Net from "node:net"
import * as Path from "node:path"
import { addressOf } from "./localSocket.ts"

/** The address of a unix socket has 108 bytes at most on Linux and 104 on macOS. */
const maxPath = 100

/**
 * Milliseconds until the next probe of a client that could not accept the last one, because too many clients probe it.
 */
const probeDelay = 200

/**
 * The address of a client's socket. It is in the folder, for processes with another TMPDIR, unless the path is too
 * long.
 */
const addressIn = (folder: string, owner: string): string => {
  const inFolder = Path.join(folder, `${owner}.sock`)
  const fits = process.platform !== "win32" && Buffer.byteLength(inFolder) <= maxPath
  return fits ? inFolder : addressOf(`${folder}\0${owner}`)
}

/** Whether the error means that no process listens on the socket. */
const isGone = (error: NodeJS.ErrnoException): boolean =>
  error.code === "ECONNREFUSED" || error.code === "ENOENT" || error.code === "ECONNRESET"

export class Neighbours {
  /** The probes of clients, except of those that have gone. It resolves with `true` if the client has gone. */
  private readonly watched = new Map<string, Promise<boolean>>()
  /** Clients that have gone. They never come back, because the name of a client is random. */
  private readonly dead = new Set<string>()
  private readonly open = new Set<Net.Socket>()
  private readonly timers = new Set<NodeJS.Timeout>()
  private server: Net.Server | undefined
  private closed = false

  constructor(
    private readonly folder: string,
    private readonly me: string,
    /** Called when a client that was alive has gone. */
    private readonly onGone: () => void
  ) {}

  /** Makes this client count as alive. */
  async listen(): Promise<void> {
    const address = addressIn(this.folder, this.me)
    const server = Net.createServer((socket) => {
      this.track(socket)
      socket.on("error", () => {}) // `close` follows
      socket.resume()
    })
    this.server = server
    await new Promise<void>((resolve, reject) => {
      // A later error means that a probe was not accepted, because this process has too many open files. Its client probes again.
      server.on("error", reject)
      server.listen(address, resolve)
    })
    server.unref()
    // Other users need no access.
    if (process.platform !== "win32") await Fs.promises.chmod(address, 0o600)
  }

  /** Whether a client has gone. If it is alive, `onGone` is called when it goes. */
  hasGone(owner: string): Promise<boolean> {
    if (this.dead.has(owner)) return Promise.resolve(true)
    const running = this.watched.get(owner)
    if (running !== undefined) return running
    const probe = new Promise<boolean>((resolve) => this.probe(owner, resolve))
    this.watched.set(owner, probe)
    return probe
  }

  isKnown(owner: string): boolean {
    return this.watched.has(owner) || this.dead.has(owner)
  }

  private probe(owner: string, resolve: (gone: boolean) => void, wasAlive = false): void {
    const socket = Net.connect(addressIn(this.folder, owner))
    this.track(socket)
    let alive = wasAlive
    let failure: NodeJS.ErrnoException | undefined
    socket.once("connect", () => {
      alive = true
      resolve(false)
    })
    socket.once("error", (error: NodeJS.ErrnoException) => (failure = error))
    socket.once("close", () => {
      if (this.closed) return resolve(false)
      if (failure === undefined || isGone(failure)) {
        this.markGone(owner)
        resolve(true)
        if (alive) this.onGone()
        return
      }
      // The client exists, but cannot accept at the moment.
      resolve(false)
      const timer = setTimeout(() => {
        this.timers.delete(timer)
        this.probe(owner, resolve, true)
      }, probeDelay)
      timer.unref()
      this.timers.add(timer)
    })
    socket.resume()
  }

  private markGone(owner: string): void {
    this.watched.delete(owner)
    this.dead.add(owner)
    // A process that was killed leaves the file of its socket behind. A failure to remove it is harmless.
    if (process.platform !== "win32") Fs.rm(addressIn(this.folder, owner), { force: true }, () => {})
  }

  private track(socket: Net.Socket): void {
    socket.unref()
    this.open.add(socket)
    socket.once("close", () => this.open.delete(socket))
  }

  /** Makes this client count as gone. `onGone` is not called any more. */
  close(): Promise<void> {
    this.closed = true
    for (const timer of this.timers) clearTimeout(timer)
    const { server } = this
    const ended = new Promise<void>((resolve) => server === undefined ? resolve() : server.close(() => resolve()))
    for (const socket of this.open) socket.destroy()
    return ended
  }
}
