/**
 * A TCP relay on a loopback port in front of a server. It can break, freeze and slow down the connections through it. Of
 * WebSocket it knows only where the frames begin, and the form of a close frame.
 */
import { Data, Effect } from "effect"
import type { Scope } from "effect"
import * as Net from "node:net"
import type { Network } from "./backend.ts"
import type { Direction, Ending, Fault, FaultControls, LineConditions, When } from "./line.ts"

export class RelayError extends Data.TaggedError("RelayError")<{ readonly cause: Error }> {}

export interface Relay extends Network, FaultControls {
  readonly port: number
  /** `ws://127.0.0.1:<port>` */
  readonly url: string
}

/** Bytes in flight, all of the handshake or all of frames. */
interface Piece {
  readonly part: "Handshake" | "Frames"
  readonly due: number
  readonly bytes: Buffer
}

/** One direction of one connection. */
interface Flow {
  readonly direction: Direction
  readonly number: number
  readonly from: Net.Socket
  readonly to: Net.Socket
  /** How many bytes of the empty line that ends the HTTP exchange have passed. After all four, frames follow. */
  seen: number
  queue: Array<Piece>
  /** Bytes in the queue. */
  queued: number
  /** When the last portion passed the narrow line; `undefined` if no bytes wait. */
  passedAt: number | undefined
  /** The sender has ended its side. */
  ended: boolean
  /** Further bytes are dropped. */
  stopped: boolean
  /** Cancels the timer that continues the flow. */
  cancel: (() => void) | undefined
}

interface Pair {
  readonly client: Net.Socket
  readonly server: Net.Socket
  readonly flows: readonly [out: Flow, into: Flow]
  /** The client's socket is open. */
  open: boolean
}

/** A close frame of a server: unmasked, two bytes of payload (RFC 6455, 5.5.1). */
const closeFrame = (code: number): Buffer => Buffer.from([0x88, 0x02, code >> 8, code & 0xff])

const emptyLine = Buffer.from("\r\n\r\n")

/** How many of these bytes belong to the handshake. */
const headerLength = (flow: Flow, bytes: Buffer): number => {
  for (let i = 0; i < bytes.length; i++) {
    if (flow.seen === emptyLine.length) return i
    flow.seen = bytes[i] === emptyLine[flow.seen] ? flow.seen + 1 : bytes[i] === emptyLine[0] ? 1 : 0
  }
  return bytes.length
}

/** The time between two portions of a narrow line. */
const portionMillis = 20

/** The longest stall of this machine for which a narrow line compensates. */
const longestPortionMillis = 2000

/** The buffer of a narrow line, in bytes. The sender keeps further bytes, so it notices the slow line. */
const narrowQueue = 64 * 1024

export const make = (
  upstream: { readonly host: string; readonly port: number }
): Effect.Effect<Relay, RelayError, Scope.Scope> =>
  Effect.gen(function*() {
    const pairs = new Set<Pair>()
    let count = 0
    let peak = 0
    let conditions: LineConditions = {}
    let scheduled: { readonly fault: Fault; readonly when: When; readonly from: number; counted: number } | undefined
    let struck: ReadonlyArray<() => void> = []

    /** The portion depends on the elapsed time, so a late timer on a busy machine does not slow the line down. */
    const narrowPortion = (flow: Flow, bytesPerSecond: number): number => {
      const now = performance.now()
      const millis = flow.passedAt === undefined ? portionMillis : Math.min(now - flow.passedAt, longestPortionMillis)
      flow.passedAt = now
      return Math.max(1, Math.round(bytesPerSecond * millis / 1000))
    }

    const backPressure = (flow: Flow): void => {
      if (flow.queued > narrowQueue && conditions.bytesPerSecond !== undefined) flow.from.pause()
      else if (flow.from.isPaused()) flow.from.resume()
    }

    const run = (flow: Flow): void => {
      flow.cancel?.()
      flow.cancel = undefined
      for (;;) {
        if (conditions.hold === "Both" || conditions.hold === flow.direction) return
        const piece = flow.queue[0]
        if (piece === undefined) break
        const early = piece.due - performance.now()
        if (early > 0) return later(flow, early)
        const { bytesPerSecond, slices } = conditions
        const portion = slices === true
          ? 1
          : bytesPerSecond === undefined
          ? piece.bytes.length
          : narrowPortion(flow, bytesPerSecond)
        const trap = trapFor(flow, piece)
        const bytes = piece.bytes.subarray(0, trap === undefined ? portion : Math.min(portion, trap.remaining))
        if (bytes.length === piece.bytes.length) flow.queue.shift()
        else flow.queue[0] = { ...piece, bytes: piece.bytes.subarray(bytes.length) }
        flow.queued -= bytes.length
        flow.to.write(bytes)
        backPressure(flow)
        if (trap?.passed(bytes.length) === true) return strike()
        if (slices === true || bytesPerSecond !== undefined) return later(flow, slices === true ? 0 : portionMillis)
      }
      flow.passedAt = undefined
      if (flow.ended) flow.to.end()
    }

    const later = (flow: Flow, millis: number) => {
      if (millis === 0) {
        const immediate = setImmediate(() => run(flow))
        flow.cancel = () => clearImmediate(immediate)
      } else {
        const timer = setTimeout(() => run(flow), millis)
        flow.cancel = () => clearTimeout(timer)
      }
    }

    /** The scheduled fault, if it counts these bytes. `passed` returns whether the fault strikes. */
    const trapFor = (flow: Flow, piece: Piece) => {
      if (scheduled === undefined || typeof scheduled.when === "string") return undefined
      const { bytes, direction, part } = scheduled.when
      if (direction !== flow.direction || part !== piece.part || flow.number < scheduled.from) return undefined
      const counting = scheduled
      return {
        remaining: bytes - counting.counted,
        passed: (length: number) => (counting.counted += length) >= bytes
      }
    }

    const stop = (flow: Flow) => {
      flow.cancel?.()
      flow.stopped = true
      flow.queue = []
      flow.queued = 0
      backPressure(flow)
    }

    const end = (ending: Ending) => {
      for (const pair of pairs) {
        const { client, flows: [out, into], server } = pair
        if (ending !== "EndToClient") stop(out)
        if (ending !== "EndToServer") stop(into)
        switch (ending) {
          case "Reset":
            client.resetAndDestroy()
            server.resetAndDestroy()
            break
          case "Cut":
            client.destroy()
            server.destroy()
            break
          case "EndToClient":
            client.end()
            break
          case "EndToServer":
            server.end()
            break
          default:
            // The client answers with its own close frame, and then expects the end of the connection.
            client.once("data", () => client.end())
            client.write(closeFrame(ending))
        }
      }
    }

    const strike = () => {
      if (scheduled === undefined) return
      const { ending, ...following } = scheduled.fault
      scheduled = undefined
      conditions = following
      if (conditions.refuse === true) listener.close()
      if (ending !== undefined) end(ending)
      for (const { flows } of pairs) flows.forEach(run)
      for (const resume of struck) resume()
      struck = []
    }

    const connect = (client: Net.Socket) => {
      const server = Net.connect({ ...upstream, allowHalfOpen: true })
      count += 1
      const flow = (direction: Direction, from: Net.Socket, to: Net.Socket): Flow => ({
        direction,
        number: count,
        from,
        to,
        seen: 0,
        queue: [],
        queued: 0,
        passedAt: undefined,
        ended: false,
        stopped: false,
        cancel: undefined
      })
      const flows = [flow("Out", client, server), flow("In", server, client)] as const
      const pair: Pair = { client, server, flows, open: true }
      pairs.add(pair)
      for (const [from, flow, back] of [[client, flows[0], flows[1]], [server, flows[1], flows[0]]] as const) {
        from.setNoDelay(true)
        from.on("data", (bytes: Buffer) => {
          if (flow.stopped) return
          const due = conditions.delay === undefined ? 0 : performance.now() + conditions.delay
          const length = headerLength(flow, bytes)
          for (
            const piece of [
              { part: "Handshake", due, bytes: bytes.subarray(0, length) } as const,
              { part: "Frames", due, bytes: bytes.subarray(length) } as const
            ]
          ) if (piece.bytes.length > 0) flow.queue.push(piece)
          flow.queued += bytes.length
          backPressure(flow)
          // If a timer is set, it continues the flow.
          if (flow.cancel === undefined) run(flow)
        })
        const onEnd = () => {
          if (from === client) pair.open = false
          if (flow.ended) return
          flow.ended = true
          if (flow.cancel === undefined) run(flow)
        }
        from.on("end", onEnd)
        // `close` follows every error.
        from.on("error", onEnd)
        from.on("close", () => {
          onEnd()
          // No peer is left to receive the rest.
          stop(back)
          if (client.destroyed && server.destroyed) pairs.delete(pair)
          else if (flow.stopped) flow.to.destroySoon()
        })
      }
    }

    const listener = Net.createServer({ allowHalfOpen: true }, (client) => {
      if (conditions.refuse === true) return void client.resetAndDestroy()
      connect(client)
      // Counted later, because an older socket may end in the same turn.
      setImmediate(() => {
        peak = Math.max(peak, open())
      })
      if (scheduled?.when === "Accept") strike()
    })
    const open = () => Array.from(pairs).filter(({ open }) => open).length
    const listen = (port: number) =>
      Effect.async<number, RelayError>((resume) => {
        const failed = (cause: Error) => resume(Effect.fail(new RelayError({ cause })))
        listener.once("error", failed)
        listener.listen(port, "127.0.0.1", () => {
          listener.off("error", failed)
          // A TCP server that listens has an address; only a pipe has a name (a string) instead.
          resume(Effect.succeed((listener.address() as Net.AddressInfo).port))
        })
      })
    // Below the ports that the system assigns: while this relay refuses connections, its port must not be assigned to
    // another process.
    const anywhere = Effect.suspend(() => listen(20_000 + Math.floor(Math.random() * 12_000)))
    const port = yield* Effect.acquireRelease(
      Effect.retry(anywhere, { times: 50 }),
      () =>
        Effect.async<void>((resume) => {
          conditions = { refuse: true }
          listener.close(() => resume(Effect.void))
          end("Cut")
        })
    )
    const cut = Effect.sync(() => end("Cut"))
    const heal = Effect.suspend(() => {
      const refused = conditions.refuse === true
      conditions = {}
      for (const { flows } of pairs) {
        for (const flow of flows) {
          flow.queue = flow.queue.map((piece) => ({ ...piece, due: 0 }))
          run(flow)
        }
      }
      return refused ? Effect.asVoid(Effect.orDie(listen(port))) : Effect.void
    })
    const inject = (fault: Fault, when: When = "Now") =>
      Effect.sync(() => {
        const next = typeof when !== "string" && when.next === true
        scheduled = { fault, when, from: next ? count + 1 : 0, counted: 0 }
        if (when === "Now") strike()
      })
    return {
      port,
      url: `ws://127.0.0.1:${port}`,
      inject,
      struck: Effect.async<void>((resume) => {
        if (scheduled === undefined) return resume(Effect.void)
        const done = () => resume(Effect.void)
        struck = [...struck, done]
        return Effect.sync(() => {
          struck = struck.filter((waiter) => waiter !== done)
        })
      }),
      heal,
      sockets: Effect.sync(() => ({ open: open(), peak })),
      cut,
      close: (code) => Effect.sync(() => end(code)),
      freeze: inject({ hold: "Both" }),
      thaw: heal
    }
  })

/** A relay in front of the server that a WebSocket address names. */
export const makeFor = (url: string): Effect.Effect<Relay, RelayError, Scope.Scope> => {
  const { hostname, port } = new URL(url)
  return make({ host: hostname, port: port === "" ? 80 : Number(port) })
}
