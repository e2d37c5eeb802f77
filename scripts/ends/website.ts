/** Serves the page of a run in Chromium, and receives its notices. */
import { Effect } from "effect"
import type { Scope } from "effect"
import { build } from "esbuild"
import * as Http from "node:http"
import type { AddressInfo } from "node:net"
import { text } from "node:stream/consumers"
import { fileURLToPath } from "node:url"
import { root, sources } from "../simulation/bundle.ts"
import type { Task } from "./client.ts"
import { noticeBatchFromJson, tabOf } from "./notice.ts"
import { type Plan, RunError } from "./run.ts"

export interface Website {
  readonly origin: string
  /**
   * The address of a page with this task. `main`: the page runs its program by `runMain`. `denied`: the browser gives it no
   * storage.
   */
  readonly address: (task: Task, options?: { readonly main?: boolean; readonly denied?: boolean }) => string
  /** The address of a page without a script. */
  readonly blankPage: string
  /** The clients of these tabs that have opened the outbox, or were denied it. */
  readonly startedIn: (...tabs: ReadonlyArray<string>) => ReadonlyArray<string>
}

const html = "<!doctype html><title>ends</title><script type=\"module\" src=\"/page.js\"></script>"

export const make = ({ ledger, planted }: Plan): Effect.Effect<Website, RunError, Scope.Scope> =>
  Effect.gen(function*() {
    const script = yield* Effect.tryPromise({
      try: () => compile(planted),
      catch: (cause) => new RunError({ message: `the page could not be built: ${cause}` })
    })
    const started = new Set<string>()
    const receive = (body: string) => {
      const { client, notices } = noticeBatchFromJson(body)
      for (const notice of notices) {
        ledger.add(client, notice)
        if (notice._tag === "Opened" || notice._tag === "Denied") started.add(client)
      }
    }
    const server = Http.createServer((request, response) => {
      const { pathname } = new URL(request.url ?? "/", "http://localhost")
      if (pathname === "/notices") {
        void text(request).then(receive).then(
          // A page without storage has no origin, so its request is cross-origin.
          () => response.writeHead(200, { "access-control-allow-origin": "*" }).end(),
          // An incomplete body is that of a tab that ended. A complete one is a fault.
          (cause) => {
            if (request.complete) ledger.complain(`a page posted a body that is no batch of notices: ${cause}`)
            response.writeHead(400).end()
          }
        )
      } else if (pathname === "/page.js") {
        response.writeHead(200, { "content-type": "text/javascript", "access-control-allow-origin": "*" }).end(script)
      } else {
        response.writeHead(200, {
          "content-type": "text/html",
          ...(pathname === "/denied" ? { "content-security-policy": "sandbox allow-scripts" } : {})
        }).end(pathname === "/blank" ? "<!doctype html>" : html)
      }
    })
    const port = yield* Effect.acquireRelease(
      Effect.async<number>((resume) => {
        // The address of a TCP server that listens is an object. Only that of a pipe is a text.
        server.listen(0, "127.0.0.1", () => resume(Effect.succeed((server.address() as AddressInfo).port)))
      }),
      () =>
        Effect.async<void>((resume) => {
          server.close(() => resume(Effect.void))
          server.closeAllConnections()
        })
    )
    const origin = `http://127.0.0.1:${port}`
    return {
      origin,
      blankPage: `${origin}/blank`,
      address: (task, { denied = false, main = false } = {}) => {
        const query = new URLSearchParams({ task: JSON.stringify(task), ...(main ? { main: "" } : {}) })
        return `${origin}/${denied ? "denied" : ""}?${query}`
      },
      startedIn: (...tabs) => Array.from(started).filter((client) => tabs.includes(tabOf(client)))
    }
  })

const compile = async (planted: Plan["planted"]): Promise<string> => {
  const { outputFiles: [script] } = await build({
    entryPoints: [fileURLToPath(new URL("./page.ts", import.meta.url))],
    absWorkingDir: root,
    bundle: true,
    minify: true,
    format: "esm",
    platform: "browser",
    target: "es2022",
    write: false,
    logLevel: "error",
    plugins: [sources(planted)]
  })
  return script?.text ?? ""
}
