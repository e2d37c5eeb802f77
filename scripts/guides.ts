/**
 * Checks the READMEs and guides: their TypeScript compiles, the packages export the names, and the targets of links exist.
 *
 * A code block that begins with an import is a module. A block without an import continues the module before it. The scripts of
 * a `vue` block are a module. Its template is not checked.
 */
import * as Fs from "node:fs"
import * as Path from "node:path"
import { fileURLToPath } from "node:url"
import ts from "typescript"
import { packages } from "./packages.ts"
import { configOf, programOf } from "./typescript.ts"

const root = Path.resolve(fileURLToPath(import.meta.url), "../..")
const patterns = [
  "README.md",
  "CONTRIBUTING.md",
  "SECURITY.md",
  "CHANGELOG.md",
  "docs/*.md",
  "docs/start/*.md",
  "docs/guides/*.md",
  "docs/reference/*.md",
  "packages/*/README.md",
  "bench/README.md"
]

const filesOf = (pattern: string): ReadonlyArray<string> => {
  const [before, after] = pattern.split("*")
  if (before === undefined || after === undefined) return [pattern]
  const folder = Path.join(root, before)
  const names = Fs.readdirSync(folder).map((name) => `${before}${name}`)
  return after.startsWith("/")
    ? names.map((name) => `${name}${after}`).filter((file) => Fs.existsSync(Path.join(root, file)))
    : names.filter((name) => name.endsWith(after))
}

interface Module {
  readonly extension: "ts" | "tsx"
  /** Lines outside the code blocks are blank, so that each line has the same number as in the guide. */
  readonly lines: Array<string>
}

const languages = { ts: "ts", tsx: "tsx", vue: "ts" } as const

const languageOf = (fence: string) =>
  (["ts", "tsx", "vue"] as const).find((language) => new RegExp(`^\`\`\`${language}\\b`).test(fence))

const modulesOf = (guide: string): ReadonlyArray<Module> => {
  const modules: Array<Module> = []
  let inside: keyof typeof languages | undefined
  let inScript = false
  const lines = Fs.readFileSync(Path.join(root, guide), "utf8").split("\n")
  lines.forEach((line, i) => {
    if (line.startsWith("```")) {
      inside = inside === undefined ? languageOf(line) : undefined
      inScript = inside !== "vue"
      const isNew = modules.length === 0 || inside === "vue" || lines[i + 1]?.startsWith("import ") === true
      if (inside !== undefined && isNew) modules.push({ extension: languages[inside], lines: [] })
    } else if (inside === "vue" && /^<\/?script\b/.test(line)) {
      inScript = !line.startsWith("</")
    } else if (inside !== undefined && inScript) {
      const module = modules.at(-1)?.lines ?? []
      while (module.length < i) module.push("")
      module.push(line)
    }
  })
  return modules
}

const guides = patterns.flatMap(filesOf)
const problems: Array<string> = []

// ---- code -----------------------------------------------------------------------------------------------------------

const texts = new Map(
  guides.flatMap((guide) =>
    modulesOf(guide).map(({ extension, lines }, i): [file: string, text: string] => [
      Path.join(root, `${guide}.${i + 1}.${extension}`),
      lines.join("\n")
    ])
  )
)

const config = configOf(Path.join(root, "tsconfig.json"), {
  noUnusedLocals: false,
  noUnusedParameters: false,
  allowImportingTsExtensions: true
})
const program = programOf(config.options, texts)

const diagnostics = [...texts.keys()].flatMap((file) => {
  const source = program.getSourceFile(file)
  return [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)]
})
for (const { file, messageText, start } of diagnostics) {
  const line = file === undefined ? 0 : file.getLineAndCharacterOfPosition(start ?? 0).line + 1
  const guide = Path.relative(root, file?.fileName ?? "").replace(/\.\d+\.tsx?$/, "")
  problems.push(`${guide}:${line}: ${ts.flattenDiagnosticMessageText(messageText, "\n")}`)
}

// ---- names ----------------------------------------------------------------------------------------------------------

/** The values and types that the public modules export, such as `KuzzleDocument.create`. */
const exported = new Set(
  packages.flatMap((name) => {
    const folder = Path.join(root, "packages", name, "src")
    return Fs.readdirSync(folder).filter((file) => file.endsWith(".ts")).map((file) => Path.join(folder, file))
  }).flatMap((file) => {
    const source = program.getSourceFile(file)
    const symbol = source === undefined ? undefined : program.getTypeChecker().getSymbolAtLocation(source)
    return symbol === undefined
      ? []
      : program.getTypeChecker().getExportsOfModule(symbol).map(({ name }) => `${Path.basename(file, ".ts")}.${name}`)
  })
)

let names = 0
for (const guide of guides) {
  Fs.readFileSync(Path.join(root, guide), "utf8").split("\n").forEach((line, i) => {
    for (const [name] of line.matchAll(/(?<=`)(?!KuzzleWsLive|KuzzleHttpLive)(Node|Browser)?Kuzzle\w*\.(?!ts\b)\w+/g)) {
      names += 1
      if (!exported.has(name)) problems.push(`${guide}:${i + 1}: the packages export no ${name}`)
    }
  })
}

// ---- links ----------------------------------------------------------------------------------------------------------

/** The anchor that GitHub derives from a heading. */
const anchorOf = (heading: string): string =>
  heading.toLowerCase().replace(/[^\p{L}\p{N}\s_-]/gu, "").trim().replace(/\s/g, "-")

const anchorsIn = (file: string): ReadonlyArray<string> =>
  Array.from(Fs.readFileSync(file, "utf8").matchAll(/^#+ (.*)$/gm), ([, heading]) => anchorOf(heading ?? ""))

let links = 0
for (const guide of guides) {
  const lines = Fs.readFileSync(Path.join(root, guide), "utf8").split("\n")
  lines.forEach((line, i) => {
    for (const [, link = ""] of line.matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^[a-z]+:/.test(link)) continue
      links += 1
      const [path = "", anchor] = link.split("#")
      const file = path === "" ? Path.join(root, guide) : Path.resolve(root, Path.dirname(guide), path)
      const exists = Fs.existsSync(file) && (anchor === undefined || anchorsIn(file).includes(anchor))
      if (!exists) problems.push(`${guide}:${i + 1}: the target of the link ${link} does not exist`)
    }
  })
}

for (const problem of problems) process.stdout.write(`${problem}\n`)
process.stdout.write(
  `${guides.length} guides, ${texts.size} modules, ${names} names, ${links} links: ${problems.length} problems\n`
)
process.exitCode = texts.size === 0 || problems.length > 0 ? 1 : 0
