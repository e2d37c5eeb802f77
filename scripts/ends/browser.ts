/** A Chromium with a profile that outlives it. It is a process group of its own, so that all of it can be killed. */
import { Effect, Schedule } from "effect"
import type { Scope } from "effect"
import { spawn } from "node:child_process"
import * as Fs from "node:fs"
import * as Path from "node:path"
import { type BrowserContext, chromium } from "playwright"
import { RunError } from "./run.ts"

/** Milliseconds that a browser, or one of its pages, may take for what it is asked to do. */
export const patience = 60_000

const executable = process.env.CHROMIUM_PATH ?? "/usr/bin/chromium"

const flags = [
  "--headless=new",
  "--remote-debugging-port=0",
  // Root has no sandbox.
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--disable-dev-shm-usage",
  "--no-first-run",
  "--disable-breakpad",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  // A tab in the background works as the one in front.
  "--disable-background-timer-throttling",
  "--disable-backgrounding-occluded-windows",
  "--disable-renderer-backgrounding"
]

export interface Browser {
  readonly context: BrowserContext
  /** `kill -9` to all of its processes. */
  readonly kill: Effect.Effect<void>
}

/** Closing the scope kills it. */
export const launch = (profile: string): Effect.Effect<Browser, RunError, Scope.Scope> =>
  Effect.gen(function*() {
    if (!Fs.existsSync(executable)) {
      return yield* new RunError({ message: `no Chromium at ${executable}: install it, or set CHROMIUM_PATH` })
    }
    // A browser that was killed leaves them behind, and the next one would believe that it still runs.
    for (const name of ["SingletonLock", "SingletonCookie", "SingletonSocket", "DevToolsActivePort"]) {
      Fs.rmSync(Path.join(profile, name), { force: true })
    }
    const { kill } = yield* Effect.acquireRelease(
      Effect.sync(() => {
        const child = spawn(executable, [...flags, `--user-data-dir=${profile}`, "about:blank"], {
          // It is closed when the last of its processes has ended.
          stdio: ["ignore", "ignore", "pipe"],
          detached: true
        })
        child.stderr.resume()
        const ended = new Promise<void>((resolve) =>
          child.once("close", () => resolve()).once("error", () => resolve())
        )
        return { kill: Effect.zipRight(Effect.sync(() => killGroup(child.pid)), Effect.promise(() => ended)) }
      }),
      ({ kill }) => kill
    )
    const browser = yield* Effect.acquireRelease(
      Effect.tryPromise(() => chromium.connectOverCDP(endpointOf(profile))).pipe(
        Effect.retry(Schedule.upTo(Schedule.spaced("100 millis"), patience)),
        Effect.mapError((cause) =>
          new RunError({ message: `${executable} could not be reached within ${patience} ms: ${cause}` })
        )
      ),
      (browser) => Effect.ignore(Effect.tryPromise(() => browser.close()))
    )
    const [context] = browser.contexts()
    if (context === undefined) return yield* new RunError({ message: "Chromium has no window" })
    context.setDefaultTimeout(patience)
    return { context, kill }
  })

/** Chromium chooses a free port and writes it to its profile, with the path of its WebSocket. */
const endpointOf = (profile: string): string => {
  const [port, path] = Fs.readFileSync(Path.join(profile, "DevToolsActivePort"), "utf8").split("\n")
  return `ws://127.0.0.1:${port}${path}`
}

const killGroup = (pid: number | undefined): void => {
  if (pid === undefined) return
  try {
    process.kill(-pid, "SIGKILL")
  } catch (cause) {
    if (!(cause instanceof Error && "code" in cause && cause.code === "ESRCH")) throw cause
  }
}
