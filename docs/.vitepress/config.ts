/** The documentation site: the guides of this folder, and a reference that TypeDoc writes from the doc comments. */
import { existsSync, readdirSync } from "node:fs"
import { dirname, relative, resolve } from "node:path"
import { fileURLToPath } from "node:url"
import type { DefaultTheme, MarkdownRenderer } from "vitepress"
import llms from "vitepress-plugin-llms"
import { withMermaid } from "vitepress-plugin-mermaid"
import { packages } from "../../scripts/packages.ts"

type Token = ReturnType<MarkdownRenderer["parse"]>[number]

const docs = resolve(dirname(fileURLToPath(import.meta.url)), "..")
const repository = "https://github.com/effect-kuzzle/effect-kuzzle"

const page = (text: string, link: string): DefaultTheme.SidebarItem => ({ text, link })

/** The modules of a package, as TypeDoc has written them. */
const modules = (name: string): DefaultTheme.SidebarItem => {
  const folder = resolve(docs, "reference/api", name, "src")
  const files = existsSync(folder) ? readdirSync(folder).filter((file) => file.endsWith(".md")).sort() : []
  return {
    text: `@effect-kuzzle/${name}`,
    collapsed: name !== "core",
    items: files.map((file) => page(file.slice(0, -3), `/reference/api/${name}/src/${file.slice(0, -3)}`))
  }
}

/** Lets links to files that are not pages of the site (sources, `docs/spec`) lead to the repository. */
const repositoryLink = (link: string, from: string): string => {
  const [path = "", anchor] = link.split("#")
  if (path === "" || /^[a-z]+:|^\//.test(path)) return link
  const target = resolve(docs, dirname(from), path)
  const within = relative(docs, target)
  const outside = within.startsWith("..") || within.startsWith("spec")
  if (!outside && (path.endsWith(".md") || path.endsWith("/"))) return link
  const name = relative(resolve(docs, ".."), target)
  return `${repository}/blob/main/${name}${anchor === undefined ? "" : `#${anchor}`}`
}

/** Whether a text is the key of an error: the tag of the client's errors, or the id of Kuzzle's. */
const isKey = (text: string) => /^(Kuzzle\w+Error|\w+\.\w+\.\w+)$/.test(text)

/** Adds the anchors of the errors that are rows of a table. `help` of an error leads there. */
const anchorRows = (tokens: ReadonlyArray<Token>): void => {
  const anchors = new Set<string>()
  let row: Token | undefined
  for (const token of tokens) {
    if (token.type === "tr_open") row = token
    const key = token.children?.find(({ type }) => type === "code_inline")?.content
    if (row === undefined || key === undefined) continue
    const anchor = key.toLowerCase()
    if (isKey(key) && !anchors.has(anchor)) row.attrSet("id", anchor)
    anchors.add(anchor)
    row = undefined
  }
}

export default withMermaid({
  title: "effect-kuzzle",
  description: "A real-time client for Kuzzle in Effect",
  // GitHub Pages serve it under the name of the repository.
  base: process.env.DOCS_BASE ?? "/",
  cleanUrls: true,
  lastUpdated: false,
  srcExclude: ["spec/**"],
  head: [
    ["meta", { name: "theme-color", content: "#3c8772" }],
    ["style", {}, "tr:target { outline: 2px solid var(--vp-c-brand-1) }"],
    // Mermaid measures its labels outside the page, where no theme changes their height.
    ["style", {}, ".vp-doc .mermaid p { margin: 0; line-height: inherit }"]
  ],
  markdown: {
    config: (md) => {
      md.core.ruler.push("rows-of-errors", (state) => {
        if (state.env.relativePath === "reference/errors.md") anchorRows(state.tokens)
      })
      md.core.ruler.push("repository-links", (state) => {
        for (const token of state.tokens.flatMap(({ children }) => children ?? [])) {
          const link = token.attrGet("href")
          if (token.type === "link_open" && link !== null) {
            token.attrSet("href", repositoryLink(link, state.env.relativePath ?? ""))
          }
        }
      })
    }
  },
  vite: {
    // The types of the plugin belong to another release of Vite.
    plugins: [llms({ ignoreFiles: ["reference/api/**"] }) as never],
    // The dependencies of Mermaid are not ES modules, so the server of `pnpm run docs` bundles them first.
    optimizeDeps: { include: ["mermaid"] },
    // Only pages with a picture load Mermaid.
    build: { chunkSizeWarningLimit: 4000 }
  },
  themeConfig: {
    search: { provider: "local" },
    outline: [2, 3],
    socialLinks: [{ icon: "github", link: repository }],
    editLink: { pattern: `${repository}/edit/main/docs/:path` },
    nav: [
      { text: "Start", link: "/start/node", activeMatch: "^/start/" },
      { text: "Guides", link: "/guides/sessions", activeMatch: "^/guides/" },
      { text: "Reference", link: "/reference/settings", activeMatch: "^/reference/" },
      { text: "How it is built", link: "/architecture" }
    ],
    sidebar: [
      {
        text: "Start",
        items: [
          page("Node", "/start/node"),
          page("A page in the browser", "/start/page"),
          page("React, Vue and others", "/start/frameworks"),
          page("Bun, Deno, Workers", "/start/runtimes"),
          page("Testing your application", "/start/testing"),
          page("Coming from kuzzle-sdk", "/migration")
        ]
      },
      {
        text: "Guides",
        items: [
          page("Sessions", "/guides/sessions"),
          page("Sessions by cookie", "/guides/cookies"),
          page("Strategies of several steps", "/guides/strategies"),
          page("Requests and errors", "/guides/requests"),
          page("Documents by Schema", "/guides/documents"),
          page("Mappings", "/guides/mappings"),
          page("Schemas from a live server", "/guides/schemas"),
          page("Filters", "/guides/filters"),
          page("Search, page by page", "/guides/search"),
          page("Imports and exports", "/guides/import-export"),
          page("Real-time", "/guides/real-time"),
          page("Live documents", "/guides/live-documents"),
          page("Offline and the outbox", "/guides/offline"),
          page("Several tabs", "/guides/tabs"),
          page("Several Kuzzles", "/guides/several"),
          page("Server rendering", "/guides/server-rendering"),
          page("Proxies and private authorities", "/guides/proxies"),
          page("Operations", "/guides/operations"),
          page("Security", "/guides/security"),
          page("Effect 3 and Effect 4", "/guides/effect-versions")
        ]
      },
      {
        text: "Reference",
        items: [
          page("Settings", "/reference/settings"),
          page("Errors", "/reference/errors"),
          page("Where it runs", "/platforms"),
          page("Events, metrics, spans", "/events"),
          page("Values and secrets", "/values"),
          page("All actions", "/actions"),
          ...packages.map(modules)
        ]
      },
      {
        text: "How it is built",
        collapsed: true,
        items: [
          page("Architecture", "/architecture"),
          page("Promises", "/promises"),
          page("The embedded Kuzzle", "/embedded"),
          page("Simulation", "/simulation"),
          page("Faults", "/faults")
        ]
      }
    ]
  }
})
