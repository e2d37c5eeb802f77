/** The end of a process: its exit code, and the close code that the server receives. */
import { defaultTeardown } from "@effect/platform/Runtime"
import { assert, describe, it } from "@effect/vitest"
import { Exit, FiberId } from "effect"
import { spawn } from "node:child_process"
import type { AddressInfo } from "node:net"
import { fileURLToPath } from "node:url"
import { WebSocketServer } from "ws"

const run = (file: string, args: ReadonlyArray<string>) => {
  const path = fileURLToPath(new URL(file, import.meta.url))
  const child = spawn(process.execPath, ["--import", "tsx", path, ...args], { stdio: ["ignore", "pipe", "pipe"] })
  let printed = ""
  const waiting = new Set<() => void>()
  for (const output of [child.stdout, child.stderr]) {
    output.on("data", (text) => {
      printed += String(text)
      for (const check of waiting) check()
    })
  }
  const ended = new Promise<number | NodeJS.Signals | null>((resolve) => {
    child.once("close", (code, signal) => resolve(code ?? signal))
  })
  return {
    child,
    ended,
    printed: () => printed,
    prints: (text: string) =>
      new Promise<void>((resolve, reject) => {
        const check = () => {
          if (printed.includes(text)) resolve()
        }
        waiting.add(check)
        check()
        void ended.then(() => reject(new Error(`the process ended and did not print ${text}:\n${printed}`)))
      })
  }
}

/**
 * A fake Kuzzle. It accepts every subscription, refuses all other requests, and reports the close code of a connection.
 */
const listening = async () => {
  const server = new WebSocketServer({ port: 0, host: "127.0.0.1" })
  await new Promise((resolve) => server.once("listening", resolve))
  const closed = new Promise<number>((resolve) => {
    server.on("connection", (socket) => {
      socket.on("close", resolve)
      socket.on("message", (text) => {
        // The client under test sends JSON.
        const { action, controller, requestId } = JSON.parse(String(text)) as Record<string, string>
        const subscribed = action === "subscribe" ? { roomId: "r", channel: "r-1" } : null
        const error = subscribed === null ? { id: "x.y.z", code: 1, status: 400, message: "no", props: [] } : null
        const status = error === null ? 200 : 400
        socket.send(
          JSON.stringify({ action, controller, requestId, room: requestId, status, error, result: subscribed })
        )
      })
    })
  })
  // A server that listens on a port has an address object.
  return { closed, server, url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}` }
}

/** The exit code of a program of `runMain` that was interrupted. */
const interrupted = (): number => {
  let code = NaN
  defaultTeardown(Exit.interrupt(FiberId.none), (given) => code = given)
  return code
}

const cases: ReadonlyArray<{
  readonly title: string
  readonly mode: string
  readonly signal?: NodeJS.Signals
  readonly code: number
}> = [
  { title: "SIGTERM interrupts a program of runMain", mode: "follows", signal: "SIGTERM", code: interrupted() },
  { title: "SIGINT interrupts a program of runMain", mode: "follows", signal: "SIGINT", code: interrupted() },
  { title: "a teardown can end a program with 143", mode: "conventional", signal: "SIGTERM", code: 143 },
  { title: "a failure ends a program with 1", mode: "fails", code: 1 },
  { title: "a program with Promises closes its client by itself", mode: "promises", signal: "SIGTERM", code: 0 }
]

describe.concurrent("how a process ends", () => {
  for (const { code, mode, signal, title } of cases) {
    it(`${title}, and the server sees a clean close`, async () => {
      const { closed, server, url } = await listening()
      const program = run("signals/program.ts", [mode, url])
      try {
        await program.prints("ready")
        if (signal !== undefined) program.child.kill(signal)
        assert.strictEqual(await program.ended, code, program.printed())
        assert.strictEqual(await closed, 1000)
        assert.include(program.printed(), "ended")
      } finally {
        program.child.kill("SIGKILL")
        server.close()
      }
    }, 120_000)
  }

  it("the code of an interrupted program is 0", () => {
    assert.strictEqual(interrupted(), 0)
  })

  it("SIGINT ends the development server with 0", async () => {
    const server = run("../packages/testing/src/bin.ts", ["--port", "0"])
    try {
      await server.prints("Ctrl+C ends the server")
      server.child.kill("SIGINT")
      assert.strictEqual(await server.ended, 0, server.printed())
    } finally {
      server.child.kill("SIGKILL")
    }
  }, 120_000)
})
