/**
 * Which of the clients on one folder are alive. Each client listens on a socket of its own (a unix socket, a named pipe
 * on Windows) that sends nothing. The kernel ends it with the process, also after `kill -9`. A process whose event loop
 * is blocked still counts as alive, because the kernel accepts connections for it. Neither process ids nor clocks are
 * compared.
 */
import * as Fs from "node:fs"
import * as Net from "node:net"
import * as Path from "node:path"
import { addressOf } from "./localSocket.ts"

/** The address of a unix socket has 108 bytes at most on Linux and 104 on macOS. */
const maxPath = 100

/** Milliseconds until a client is probed again that could not accept because too many probe it. */
const pause = 200

/** In the folder, so that processes with another TMPDIR find it, unless the path is too long for a socket. */
const addressIn = (folder: string, owner: string): string => {
  const inFolder = Path.join(folder, `${owner}.sock`)
  const fits = process.platform !== "win32" && Buffer.byteLength(inFolder) <= maxPath
  return fits ? inFolder : addressOf(`${folder}\0${owner}`)
}

/** Nobody listens there. */
const isGone = (error: NodeJS.ErrnoException): boolean =>
  error.code === "ECONNREFUSED" || error.code === "ENOENT" || error.code === "ECONNRESET"

export class Neighbours {
  /** Clients that are alive or being probed, and whether each has gone. */
  private readonly watched = new Map<string, Promise<boolean>>()
  /** Owners are random, so a client that has gone never comes back. */
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

  /** From now on this client counts as alive. */
  async listen(): Promise<void> {
    const address = addressIn(this.folder, this.me)
    const server = Net.createServer((socket) => {
      this.keep(socket)
      socket.on("error", () => {}) // `close` follows
      socket.resume()
    })
    this.server = server
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject)
      server.listen(address, resolve)
    })
    server.unref()
    // The connection only shows others that this client is alive.
    if (process.platform !== "win32") await Fs.promises.chmod(address, 0o600)
  }

  /** Whether this client has gone. If it is alive, `onGone` is called once it has. */
  hasGone(owner: string): Promise<boolean> {
    if (this.dead.has(owner)) return Promise.resolve(true)
    const asked = this.watched.get(owner)
    if (asked !== undefined) return asked
    const asking = new Promise<boolean>((resolve) => this.ask(owner, resolve))
    this.watched.set(owner, asking)
    return asking
  }

  isKnown(owner: string): boolean {
    return this.watched.has(owner) || this.dead.has(owner)
  }

  private ask(owner: string, resolve: (gone: boolean) => void, wasAlive = false): void {
    const socket = Net.connect(addressIn(this.folder, owner))
    this.keep(socket)
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
        this.bury(owner)
        resolve(true)
        if (alive) this.onGone()
        return
      }
      // It exists, and cannot accept at the moment.
      resolve(false)
      const timer = setTimeout(() => {
        this.timers.delete(timer)
        this.ask(owner, resolve, true)
      }, pause)
      timer.unref()
      this.timers.add(timer)
    })
    socket.resume()
  }

  private bury(owner: string): void {
    this.watched.delete(owner)
    this.dead.add(owner)
    // A process that was killed leaves the file of its socket behind. A failure to remove it is harmless.
    if (process.platform !== "win32") Fs.rm(addressIn(this.folder, owner), { force: true }, () => {})
  }

  private keep(socket: Net.Socket): void {
    socket.unref()
    this.open.add(socket)
    socket.once("close", () => this.open.delete(socket))
  }

  /** From now on this client counts as gone, and is not notified of others. */
  close(): Promise<void> {
    this.closed = true
    for (const timer of this.timers) clearTimeout(timer)
    const { server } = this
    const ended = new Promise<void>((resolve) => server === undefined ? resolve() : server.close(() => resolve()))
    for (const socket of this.open) socket.destroy()
    return ended
  }
}
