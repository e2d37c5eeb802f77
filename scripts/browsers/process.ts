/**
 * A provider by which vitest runs Debian's Firefox and WebKitGTK. No driver is involved: the browser is a process that gets
 * the address of the page, and everything else goes over vitest's own WebSocket. Vitest's commands (clicks, screenshots)
 * need a driver, so no test here can use them.
 */
import { type ChildProcess, spawn } from "node:child_process"
import * as Fs from "node:fs"
import * as Os from "node:os"
import * as Path from "node:path"
import type { BrowserProvider } from "vitest/node"

/** A new profile opens no page of its own, updates nothing and asks the network for nothing. */
const firefoxPreferences = {
  "browser.shell.checkDefaultBrowser": false,
  "browser.startup.homepage_override.mstone": "ignore",
  "datareporting.policy.dataSubmissionEnabled": false,
  "toolkit.telemetry.reportingpolicy.firstRun": false,
  "app.update.enabled": false,
  "network.captive-portal-service.enabled": false,
  "network.connectivity-service.enabled": false,
  "services.settings.server": "data:,#remote-settings-dummy/v1",
  "security.sandbox.warn_unprivileged_namespaces": false
}

interface Browser {
  readonly executable: string
  /** What to do when the executable is missing. */
  readonly install: string
  readonly environment: Readonly<Record<string, string>>
  /** The command that shows a page. `home` is an empty folder. */
  readonly command: (home: string, url: string) => readonly [program: string, ...args: ReadonlyArray<string>]
}

const firefox = process.env.FIREFOX_PATH ?? "/usr/bin/firefox-esr"
const webkit = process.env.WEBKIT_PATH ?? "/usr/lib/x86_64-linux-gnu/webkit2gtk-4.1/MiniBrowser"

const browsers: Readonly<Record<string, Browser>> = {
  firefox: {
    executable: firefox,
    install: "apt-get install firefox-esr, or set FIREFOX_PATH",
    environment: {},
    command: (home, url) => {
      const lines = Object.entries(firefoxPreferences).map(([name, value]) =>
        `user_pref(${JSON.stringify(name)}, ${JSON.stringify(value)});\n`
      )
      Fs.writeFileSync(Path.join(home, "user.js"), lines.join(""))
      return [firefox, "--headless", "--no-remote", "--profile", home, url]
    }
  },
  webkit: {
    executable: webkit,
    install: "apt-get install libwebkit2gtk-4.1-0 xvfb xauth, or set WEBKIT_PATH",
    // It has no headless mode: it needs an X server, and would prefer Wayland.
    environment: { GDK_BACKEND: "x11" },
    command: (_home, url) => ["xvfb-run", "-a", webkit, "--private", url]
  }
}

interface Running {
  readonly child: ChildProcess
  readonly ended: Promise<void>
  readonly home: string
}

/** How long a browser may take to exit after a signal. */
const patience = 5000

export default class BrowserProcess implements BrowserProvider {
  readonly name = "process"
  readonly supportsParallelism = false
  private browser: Browser | undefined
  private readonly running = new Set<Running>()

  getSupportedBrowsers() {
    return Object.keys(browsers)
  }

  getCommandsContext() {
    return {}
  }

  initialize(_project: unknown, { browser: name }: { readonly browser: string }) {
    this.browser = browsers[name]
    if (this.browser === undefined || !Fs.existsSync(this.browser.executable)) {
      throw new Error(`no ${name} at ${this.browser?.executable}: ${this.browser?.install}`)
    }
    // Vitest ends by `process.exit`, also on SIGINT and SIGTERM, not always with `close` before.
    process.once("exit", () => this.running.forEach((running) => end(running, "SIGKILL")))
  }

  openPage(_session: string, url: string) {
    if (this.browser === undefined) return Promise.reject(new Error("the browser was not initialized"))
    const home = Fs.mkdtempSync(Path.join(Os.tmpdir(), "effect-kuzzle-browser-"))
    const [program, ...args] = this.browser.command(home, url)
    const child = spawn(program, args, {
      stdio: "ignore",
      // A process group of its own: the browser's many processes end together.
      detached: true,
      env: { ...process.env, ...this.browser.environment, HOME: home }
    })
    return new Promise<void>((resolve, reject) => {
      child.once("error", reject)
      child.once("spawn", () => {
        const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()))
        this.running.add({ child, ended, home })
        resolve()
      })
    })
  }

  async close() {
    for (const running of this.running) {
      end(running, "SIGTERM")
      await Promise.race([running.ended, new Promise((resolve) => setTimeout(resolve, patience))])
      end(running, "SIGKILL")
      Fs.rmSync(running.home, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 })
      this.running.delete(running)
    }
  }
}

/** Signals the whole group, which may have ended already. */
const end = ({ child: { pid } }: Running, signal: NodeJS.Signals) => {
  if (pid === undefined) return
  try {
    process.kill(-pid, signal)
  } catch (cause) {
    if (!(cause instanceof Error && "code" in cause && cause.code === "ESRCH")) throw cause
  }
}
