/** Starts a Chromium with a profile that later browsers reuse. It has its own process group, so all its processes can be killed. */
import { Effect, Schedule } from "effect"
import type { Scope } from "effect"
import { spawn } from "node:child_process"
import * as Fs from "node:fs"
import * as Path from "node:path"
import { type BrowserContext, chromium } from "playwright"
import { signalGroup } from "../program.ts"
import { RunError } from "./run.ts"

/** The longest time, in milliseconds, for a step of the browser or of a page. */
export const timeLimit = 60_000

const executable = process.env.CHROMIUM_PATH ?? "/usr/bin/chromium"

const flags = [
  "--headless=new",
  "--remote-debugging-port=0",
  // Chromium's sandbox does not work for root.
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--disable-dev-shm-usage",
  "--no-first-run",
  "--disable-breakpad",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  // Tabs in the background run as fast as the one in front.
  "--disable-background-timer-throttling",
  "--disable-backgrounding-occluded-windows",
  "--disable-renderer-backgrounding"
]

export interface Browser {
  readonly context: BrowserContext
  /** Kills all processes of the browser (`kill -9`). */
  readonly kill: Effect.Effect<void>
}

/** Closing the scope kills the browser. */
export const launch = (profile: string): Effect.Effect<Browser, RunError, Scope.Scope> =>
  Effect.gen(function*() {
    if (!Fs.existsSync(executable)) {
      return yield* new RunError({ message: `no Chromium at ${executable}: install it, or set CHROMIUM_PATH` })
    }
    // A killed browser leaves these files behind. The next browser would conclude that another one is running.
    for (const name of ["SingletonLock", "SingletonCookie", "SingletonSocket", "DevToolsActivePort"]) {
      Fs.rmSync(Path.join(profile, name), { force: true })
    }
    const { kill } = yield* Effect.acquireRelease(
      Effect.sync(() => {
        const child = spawn(executable, [...flags, `--user-data-dir=${profile}`, "about:blank"], {
          // stderr is closed when the last process of the browser has ended.
          stdio: ["ignore", "ignore", "pipe"],
          detached: true
        })
        child.stderr.resume()
        const ended = new Promise<void>((resolve) =>
          child.once("close", () => resolve()).once("error", () => resolve())
        )
        return { kill: Effect.zipRight(Effect.sync(() => signalGroup(child, "SIGKILL")), Effect.promise(() => ended)) }
      }),
      ({ kill }) => kill
    )
    const browser = yield* Effect.acquireRelease(
      Effect.tryPromise(() => chromium.connectOverCDP(endpointOf(profile))).pipe(
        Effect.retry(Schedule.upTo(Schedule.spaced("100 millis"), timeLimit)),
        Effect.mapError((cause) =>
          new RunError({ message: `${executable} could not be reached within ${timeLimit} ms: ${cause}` })
        )
      ),
      (browser) => Effect.ignore(Effect.tryPromise(() => browser.close()))
    )
    const [context] = browser.contexts()
    if (context === undefined) return yield* new RunError({ message: "Chromium has no window" })
    context.setDefaultTimeout(timeLimit)
    return { context, kill }
  })

/** Chromium chooses a free port and writes it to its profile, with the path of its WebSocket. */
const endpointOf = (profile: string): string => {
  const [port, path] = Fs.readFileSync(Path.join(profile, "DevToolsActivePort"), "utf8").split("\n")
  return `ws://127.0.0.1:${port}${path}`
}
