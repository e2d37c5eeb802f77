/**
 * Checks the built documentation site (`pnpm docs:build`). Every link leads to an existing page and heading, and every error has an
 * anchor. In Chromium, no page is wider than a phone, every picture is drawn in light and in dark mode, and the search finds
 * functions, ids and settings. `CHROMIUM_PATH` replaces Debian's Chromium. `DOCS_SHOTS=<folder>` stores the pictures as files.
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

// ---- errors ---------------------------------------------------------------------------------------------------------

/** The tags and ids of the page, as a title or as the first code of a row. `help` of an error leads there. */
const errors = Array.from(
  Fs.readFileSync(Path.join(root, "reference/errors.md"), "utf8").matchAll(
    /^(?:### |\| (?:[\w ]+ \| )?`)(Kuzzle\w+Error|\w+\.\w+\.\w+)/gm
  ),
  ([, key = ""]) => key
)
if (errors.length < 200) problems.push(`the page of errors has ${errors.length} errors`)
for (const key of errors) {
  if (anchorsOf.get("/reference/errors")?.has(key.toLowerCase()) !== true) problems.push(`no anchor leads to ${key}`)
}

// ---- for machines ---------------------------------------------------------------------------------------------------

const index = Fs.readFileSync(Path.join(dist, "llms.txt"), "utf8")
const pages = ["start", "guides", "reference"].flatMap((folder) =>
  Fs.readdirSync(Path.join(root, folder)).filter((file) => file.endsWith(".md")).map((file) => `/${folder}/${file}`)
)
for (const page of pages) if (!index.includes(page)) problems.push(`llms.txt does not name ${page}`)

// ---- a phone --------------------------------------------------------------------------------------------------------

const looked = ["/", "/start/page", "/guides/offline", "/reference/errors", "/reference/api/core/src/KuzzleDocument"]

/** Words, and a part of the address of a page that the search must find for them. */
const searched = [
  ["KuzzleDocument.create", "/reference/api/core/src/KuzzleDocument"],
  ["services.storage.not_found", "/reference/errors"],
  ["pingTimeout", "/reference/settings"]
] as const

/** The number of pictures in the text of a page. */
const pictures = (path: string) =>
  Fs.readFileSync(Path.join(root, `${path}.md`), "utf8").split("\n").filter((line) => line === "```mermaid").length

const pictured = Fs.readdirSync(root, { recursive: true, encoding: "utf8" })
  .map((file) => `/${file.replaceAll(Path.sep, "/")}`)
  .filter((file) => file.endsWith(".md") && !/node_modules|\/api\/|\.vitepress/.test(file))
  .map((file) => file.slice(0, -3))
  .filter((path) => pictures(path) > 0)

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

  // ---- pictures and search, in light and dark
  await page.setViewportSize({ width: 1200, height: 900 })
  for (const colorScheme of ["light", "dark"] as const) {
    await page.emulateMedia({ colorScheme })
    for (const path of pictured) {
      await page.goto(`http://localhost:${address.port}${path}`, { waitUntil: "load" })
      const picture = page.locator(".mermaid svg").first()
      await picture.waitFor({ timeout: 30_000 }).catch(() =>
        problems.push(`${path} shows no picture in ${colorScheme}`)
      )
      await page.waitForLoadState("networkidle")
      const drawn = await page.locator(".mermaid svg").count()
      const expected = pictures(path)
      if (drawn !== expected) problems.push(`${path} shows ${drawn} of ${expected} pictures in ${colorScheme}`)
      // A picture may fail while the colours change. Then it is drawn again.
      await page.locator(".mermaid svg[aria-roledescription=error]").first().waitFor({
        state: "detached",
        timeout: 10_000
      })
        .catch(() => problems.push(`${path}: Mermaid cannot read a picture`))
      const cut = await page.locator(".mermaid foreignObject").evaluateAll((labels) =>
        labels.filter((label) =>
          (label.firstElementChild?.scrollHeight ?? 0) > Math.ceil(Number(label.getAttribute("height"))) + 1
        ).map(({ textContent }) => textContent)
      )
      for (const text of cut) problems.push(`${path}: "${text}" is cut in ${colorScheme}`)
      if (process.env.DOCS_SHOTS !== undefined) {
        for (let i = 0; i < drawn; i++) {
          const name = `${path.replaceAll("/", "-").slice(1)}-${i}-${colorScheme}.png`
          await page.locator(".mermaid").nth(i).screenshot({ path: Path.join(process.env.DOCS_SHOTS, name) })
        }
      }
    }
  }
  await page.goto(`http://localhost:${address.port}/`, { waitUntil: "load" })
  await page.locator(".DocSearch-Button, #local-search button").first().click()
  for (const [words, target] of searched) {
    await page.locator("input.search-input").fill(words)
    const result = page.locator(`.results a[href*="${target}"]`).first()
    await result.waitFor({ timeout: 30_000 }).catch(() =>
      problems.push(`a search for ${words} does not find ${target}`)
    )
  }
} finally {
  await browser.close()
  server.server?.close()
}

for (const problem of problems) process.stdout.write(`${problem}\n`)
process.stdout.write(
  `${texts.size} pages, ${links} links, ${errors.length} errors, ${looked.length} pages on a phone, ` +
    `${pictured.length} pages with pictures, ${searched.length} searches: ${problems.length} problems\n`
)
process.exitCode = links === 0 || problems.length > 0 ? 1 : 0
