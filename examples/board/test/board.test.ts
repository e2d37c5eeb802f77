/**
 * Tests the page in Chromium, with the embedded Kuzzle or the one that `KUZZLE_URL` names. Skipped without Chromium.
 */
import { assert, it } from "@effect/vitest"
import { spawn } from "node:child_process"
import { existsSync } from "node:fs"
import { createRequire } from "node:module"
import { createInterface } from "node:readline"
import { fileURLToPath } from "node:url"
import { chromium } from "playwright"

const executablePath = process.env.CHROMIUM_PATH ?? "/usr/bin/chromium"
const username = process.env.KUZZLE_USERNAME ?? "ada"
const password = process.env.KUZZLE_PASSWORD ?? "lovelace"

/** Starts the example as its `start` script does. Resolves with the address of the page once the page is served. */
const start = async () => {
  const child = spawn(
    process.execPath,
    [createRequire(import.meta.url).resolve("tsx/cli"), "--tsconfig", "../../tsconfig.json", "src/main.ts"],
    { cwd: fileURLToPath(new URL("..", import.meta.url)), env: { ...process.env, PORT: "0" }, stdio: "pipe" }
  )
  const printed: Array<string> = []
  child.stderr.on("data", (text) => printed.push(String(text)))
  for await (const line of createInterface(child.stdout)) {
    printed.push(line)
    const [, page] = /^Page +(\S+)/.exec(line) ?? []
    if (page !== undefined) return { child, page }
  }
  throw new Error(`the example ended:\n${printed.join("\n")}`)
}

it.skipIf(!existsSync(executablePath))(
  "logs in by a cookie, follows the taxis, survives a reload, logs out",
  async () => {
    const { child, page: url } = await start()
    const browser = await chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-gpu"] })
    try {
      const context = await browser.newContext({ viewport: { width: 800, height: 560 } })
      const page = await context.newPage()
      const faults: Array<string> = []
      page.on("pageerror", (error) => faults.push(error.message))
      await page.goto(url)

      await page.fill("[name=username]", username)
      await page.fill("[name=password]", `not ${password}`)
      await page.click("text=Log in")
      await page.waitForSelector("#error:has-text('wrong username or password')")
      // By default, a real server accepts one login a second.
      await page.waitForTimeout(1100)
      await page.fill("[name=password]", password)
      await page.click("text=Log in")
      await page.waitForSelector("#taxis li >> nth=8")
      const [cookie] = await context.cookies()
      assert.deepInclude(cookie, { name: "authToken", httpOnly: true })
      assert.strictEqual(await page.evaluate(() => document.cookie), "")

      // The city changes its taxis, so the page must change, too.
      await page.evaluate(() =>
        new Promise((resolve) =>
          new MutationObserver(resolve).observe(document.getElementById("taxis")!, { attributes: true, subtree: true })
        )
      )
      await page.click("li[data-status=free] button")
      if (process.env.SCREENSHOT !== undefined) await page.screenshot({ path: process.env.SCREENSHOT })

      await page.check("#only-free")
      await page.waitForFunction(() => document.querySelector("li[data-status=busy]") === null)
      await page.uncheck("#only-free")
      await page.waitForSelector("#taxis li >> nth=8")

      await page.reload()
      await page.waitForSelector("#taxis li >> nth=8")

      await page.click("text=Log out")
      await page.waitForSelector("#login:visible")
      await page.reload()
      await page.waitForSelector("#login:visible")
      assert.deepStrictEqual(faults, [])
    } finally {
      await browser.close()
      const ended = new Promise((resolve) => child.once("exit", resolve))
      child.kill("SIGINT")
      await ended
    }
  },
  60_000
)
