/** The consumer's page in Chromium, which asks the embedded Kuzzle of the consumer's tarballs for its time. */
import { spawn } from "node:child_process"
import { once } from "node:events"
import { createServer } from "node:http"
import * as Path from "node:path"
import { createInterface } from "node:readline"
import { chromium } from "playwright"

/** The longest time, in milliseconds, for the server to start and for the page to show its title. */
const timeLimit = 30_000

/** The address of an embedded Kuzzle, and how to end it. */
const serve = async (consumer: string, node: string) => {
  const bin = Path.join(consumer, "node_modules/@effect-kuzzle/testing/bin.js")
  const server = spawn(Path.join(node, "node"), [bin, "--port", "0"], { stdio: ["ignore", "pipe", "inherit"] })
  const end = () => server.kill()
  const late = setTimeout(end, timeLimit)
  for await (const line of createInterface(server.stdout)) {
    const [address] = /ws:\/\/\S+:\d+/.exec(line) ?? []
    if (address === undefined) continue
    clearTimeout(late)
    return { address, end }
  }
  throw new Error(`${bin} has ended without an address`)
}

/** The title that the page has once Kuzzle has answered. */
export const titleOf = async (consumer: string, node: string, script: string): Promise<string> => {
  const { address, end } = await serve(consumer, node)
  // Chromium keeps a page that no server of this host has sent away from its local network.
  const website = createServer((_, response) => response.setHeader("content-type", "text/html").end("<!doctype html>"))
  await once(website.listen(0, "127.0.0.1"), "listening")
  const listening = website.address()
  const origin = `http://127.0.0.1:${typeof listening === "object" ? listening?.port : ""}/`
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM_PATH ?? "/usr/bin/chromium",
    args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"]
  })
  try {
    const page = await browser.newPage()
    const failed = new Promise<never>((_, reject) => page.on("pageerror", reject))
    await page.goto(`${origin}?url=${encodeURIComponent(address)}`)
    await page.addScriptTag({ content: script, type: "module" })
    await Promise.race([page.waitForFunction("document.title !== ''", undefined, { timeout: timeLimit }), failed])
    return await page.title()
  } finally {
    await browser.close()
    website.close()
    end()
  }
}
