/**
 * A lock among the processes of one host. The holder listens on a local socket, and waiting processes connect to it.
 * The system closes the socket when the holder ends, also after `kill -9`, and with it their connections.
 */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Fs from "node:fs"
import * as Net from "node:net"
import { addressOf } from "./localSocket.ts"

/** Takes the lock until the scope closes. If no socket can be created, nothing is locked. */
export const make = (name: string): Effect.Effect<void, never, Scope.Scope> => {
  const address = addressOf(name)
  return Effect.gen(function*() {
    let open = true
    let socket: Net.Server | Net.Socket | undefined
    const waiting = new Set<Net.Socket>()
    yield* Effect.addFinalizer(() =>
      Effect.sync(() => {
        open = false
        if (socket instanceof Net.Server) socket.close()
        else socket?.destroy()
        for (const other of waiting) other.destroy()
      })
    )
    yield* Effect.async<void>((resume) => {
      const listen = () => {
        if (!open) return
        const server = Net.createServer()
        socket = server.unref()
        server.on("connection", (other) => {
          waiting.add(other.unref().on("error", () => {}))
          other.on("close", () => waiting.delete(other))
        })
        server.on("error", (error) => {
          if (codeOf(error) === "EADDRINUSE") wait()
          else resume(Effect.void)
        })
        server.listen(address, () => {
          if (open) resume(Effect.void)
          else server.close()
        })
      }
      const wait = () => {
        if (!open) return
        const holder = Net.connect(address)
        socket = holder
        let failure: string | undefined
        holder.on("error", (error) => {
          failure = codeOf(error)
        })
        holder.on("close", () => {
          switch (failure) {
            case "ECONNREFUSED":
              // The holder was killed and left the file of its socket behind.
              Fs.rmSync(address, { force: true })
              return listen()
            case undefined:
            case "ECONNRESET":
            case "ENOENT":
              return listen()
            default:
              resume(Effect.void)
          }
        })
      }
      listen()
    })
  })
}

const codeOf = (error: Error): string | undefined => ("code" in error ? String(error.code) : undefined)
