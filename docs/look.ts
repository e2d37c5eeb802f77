/**
 * Looks at the built documentation site (`pnpm docs:build`) as its readers would: every link leads to a page and a heading
 * that exist, and no page is wider than a phone. Chromium looks at the second: `CHROMIUM_PATH` names another one than
 * Debian's.
 */
import * as Fs from "node:fs"
import * as Path from "node:path"
import { fileURLToPath } from "node:url"
import { chromium } from "playwright"
import { serve } from "vitepress"

const root = Path.resolve(fileURLToPath(import.meta.url), "..")
const dist = Path.join(root, ".vitepress/dist")
const problems: Array<string> = []

// ---- links ----------------------------------------------------------------------------------------------------------

const texts = new Map(
  Fs.readdirSync(dist, { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".html"))
    .map((file): [path: string, html: string] => [
      `/${file.replaceAll(Path.sep, "/").replace(/(index)?\.html$/, "")}`,
      Fs.readFileSync(Path.join(dist, file), "utf8")
    ])
)

const anchorsOf = new Map(
  Array.from(texts, ([path, html]) => [path, new Set(Array.from(html.matchAll(/\sid="([^"]+)"/g), ([, id]) => id))])
)

let links = 0
for (const [path, html] of texts) {
  for (const [, href = ""] of html.matchAll(/<a\s[^>]*?href="([^"]+)"/g)) {
    const target = new URL(href.replaceAll("&amp;", "&"), `http://site${path}`)
    if (target.host !== "site") continue
    links += 1
    const file = Path.join(dist, target.pathname)
    if (Path.extname(file) !== "" && !file.endsWith(".html")) {
      if (!Fs.existsSync(file)) problems.push(`${path}: there is no file ${target.pathname}`)
      continue
    }
    const anchors = anchorsOf.get(target.pathname.replace(/\.html$/, ""))
    const anchor = decodeURIComponent(target.hash.slice(1))
    if (anchors === undefined) problems.push(`${path}: there is no page ${target.pathname}`)
    else if (anchor !== "" && !anchors.has(anchor)) problems.push(`${path}: ${target.pathname} has no #${anchor}`)
  }
}

// ---- a phone --------------------------------------------------------------------------------------------------------

const looked = ["/", "/start/page", "/guides/offline", "/reference/errors", "/reference/api/core/src/KuzzleDocument"]

const server = await serve({ root, port: 0 })
const address = server.server?.address()
if (address === null || typeof address !== "object") throw new Error("the site is not served")
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM_PATH ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu"]
})
try {
  const page = await browser.newPage({ viewport: { width: 375, height: 800 } })
  for (const path of looked) {
    await page.goto(`http://localhost:${address.port}${path}`, { waitUntil: "load" })
    const width = await page.evaluate(() => document.documentElement.scrollWidth)
    if (width > 375) problems.push(`${path} is ${width} pixels wide on a phone of 375`)
    const headings = await page.locator("h1").count()
    if (headings !== 1) problems.push(`${path} has ${headings} titles`)
  }
} finally {
  await browser.close()
  server.server?.close()
}

for (const problem of problems) process.stdout.write(`${problem}\n`)
process.stdout.write(
  `${texts.size} pages, ${links} links, ${looked.length} pages on a phone: ${problems.length} problems\n`
)
process.exitCode = links === 0 || problems.length > 0 ? 1 : 0
