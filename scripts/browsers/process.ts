/**
 * A provider for vitest that runs Debian's Firefox and WebKitGTK without a driver. It starts the browser with the address of
 * the page. Everything else goes over vitest's own WebSocket. Vitest's commands (clicks, screenshots) need a driver, so no test
 * uses them.
 */
import { type ChildProcess, spawn } from "node:child_process"
import * as Fs from "node:fs"
import * as Os from "node:os"
import * as Path from "node:path"
import type { BrowserProvider } from "vitest/node"
import { signalGroup } from "../program.ts"

/** With these preferences, a new profile opens no page of its own, updates nothing and does not use the network. */
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
    // MiniBrowser has no headless mode, so it needs an X server. Without this variable it prefers Wayland.
    environment: { GDK_BACKEND: "x11" },
    command: (_home, url) => ["xvfb-run", "-a", webkit, "--private", url]
  }
}

interface Running {
  readonly child: ChildProcess
  readonly ended: Promise<void>
  readonly home: string
}

/** The longest time, in milliseconds, that a browser gets to exit after SIGTERM. */
const exitMillis = 5000

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
      throw new Error(
        this.browser === undefined
          ? `there is no browser ${name}: expected ${Object.keys(browsers).join(" or ")}`
          : `no ${name} at ${this.browser.executable}: ${this.browser.install}`
      )
    }
    // Vitest ends by `process.exit`, also on SIGINT and SIGTERM, and does not always call `close` before.
    process.once("exit", () => this.running.forEach((running) => signalGroup(running.child, "SIGKILL")))
  }

  openPage(_session: string, url: string) {
    if (this.browser === undefined) return Promise.reject(new Error("the browser was not initialized"))
    const home = Fs.mkdtempSync(Path.join(Os.tmpdir(), "effect-kuzzle-browser-"))
    const [program, ...args] = this.browser.command(home, url)
    const child = spawn(program, args, {
      stdio: "ignore",
      // The browser has its own process group, so one signal ends all its processes.
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
      signalGroup(running.child, "SIGTERM")
      await Promise.race([running.ended, new Promise((resolve) => setTimeout(resolve, exitMillis))])
      signalGroup(running.child, "SIGKILL")
      Fs.rmSync(running.home, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 })
      this.running.delete(running)
    }
  }
}
