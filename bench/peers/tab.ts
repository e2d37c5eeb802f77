/** Ours in a tab of Chromium (`/usr/bin/chromium`, or `CHROMIUM_PATH`). It only hands requests over to the outbox. */
import * as Fs from "node:fs"
import * as http from "node:http"
import type { AddressInfo } from "node:net"
import * as os from "node:os"
import * as path from "node:path"
import { chromium } from "playwright"
import type { Peer } from "./Peer.ts"

const serve = async (): Promise<http.Server> => {
  const script = Fs.readFileSync(new URL("../page.js", import.meta.url))
  const server = http.createServer(({ url }, response) => {
    const isScript = url === "/page.js"
    response.writeHead(200, { "content-type": isScript ? "text/javascript" : "text/html" })
      .end(isScript ? script : "<!doctype html><title>bench</title><script type=\"module\" src=\"/page.js\"></script>")
  })
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  return server
}

export const peer = (): Peer => ({
  queues: true,
  open: () => Promise.reject(new Error("the peer `tab` only hands requests over")),
  handOver: async ({ url }, count, rounds) => {
    const profile = Fs.mkdtempSync(path.join(os.tmpdir(), "bench-"))
    const server = await serve()
    // Without a profile, Chromium would keep IndexedDB in memory.
    const context = await chromium.launchPersistentContext(profile, {
      executablePath: process.env.CHROMIUM_PATH ?? "/usr/bin/chromium",
      // Chromium has no sandbox for root.
      args: ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run"]
    })
    try {
      const page = await context.newPage()
      // The address of a server that listens on a port is an `AddressInfo`.
      await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`)
      return await page.evaluate<Array<number>>(`handOver(${JSON.stringify(url)}, ${count}, ${rounds})`)
    } finally {
      await context.close()
      server.close()
      Fs.rmSync(profile, { recursive: true })
    }
  }
})
