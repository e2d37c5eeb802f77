/** The manifests of the workspace for Effect 4: the same packages, the next major version, the dist-tag `effect4`. */

export type Manifest = Record<string, unknown>

/** The lowest Node is Effect's own. */
const engines = { node: ">=22.19" }

/** Versions that differ from those of the workspace for Effect 3. */
const versions: Readonly<Record<string, string>> = {
  "@effect/platform-node": "^4.1.0",
  "@effect/vitest": "^4.0.5",
  "@vitest/browser-playwright": "^5.1.2",
  "@types/node": "^22.19.1",
  effect: "^4.1.0",
  // The one that is part of Effect 3: properties are the same on both lines.
  "fast-check": "^3.23.1",
  vitest: "^5.1.2"
}

/** Part of `effect` on 4; the last `@effect/platform-browser` is of a release candidate and does not load with 4.1. */
const gone: ReadonlySet<string> = new Set(["@effect/platform", "@effect/platform-browser"])

const kinds = ["dependencies", "devDependencies", "peerDependencies"] as const

const isRecord = (value: unknown): value is Manifest => typeof value === "object" && value !== null

/** `1.4.2` becomes `2.0.0`, so that a range for Effect 3 never resolves to this package. */
const nextMajor = (version: unknown): string => `${Number(String(version).split(".", 1)[0]) + 1}.0.0`

const needed = (manifest: Manifest, kind: typeof kinds[number]): Manifest | undefined => {
  const all = manifest[kind]
  if (!isRecord(all)) return undefined
  const kept = Object.entries(all).filter(([name]) => !gone.has(name))
  return Object.fromEntries(
    kept.map(([name, version]) => [name, kind === "peerDependencies" ? versions[name] ?? version : version])
  )
}

export const packageManifest = (manifest: Manifest): Manifest => {
  const { peerDependenciesMeta: _, ...kept } = manifest
  const isPublished = manifest.private !== true
  for (const kind of kinds) {
    const all = needed(manifest, kind)
    if (all !== undefined) kept[kind] = all
  }
  return {
    ...kept,
    ...(isPublished
      ? { version: nextMajor(manifest.version), publishConfig: { access: "public", tag: "effect4" } }
      : {}),
    engines
  }
}

/** Tools that both lines use. */
const tools: ReadonlySet<string> = new Set([
  "@babel/core",
  "@types/babel__core",
  "babel-plugin-annotate-pure-calls",
  "@types/react",
  "esbuild",
  "playwright",
  "tsx",
  "typescript"
])

export const rootManifest = ({ devDependencies, packageManager }: Manifest): Manifest => ({
  name: "effect-kuzzle-effect4",
  private: true,
  type: "module",
  packageManager,
  engines,
  devDependencies: {
    ...Object.fromEntries(
      Object.entries(isRecord(devDependencies) ? devDependencies : {}).filter(([name]) => tools.has(name))
    ),
    ...versions
  }
})

/** `pnpm-workspace.yaml`, with the versions of its catalog that are others. */
export const workspace = (text: string): string =>
  text.split("\n").flatMap((line) => {
    const [, name = "", version] = /^ {2}"?([^":]+)"?: (\S+)$/.exec(line) ?? []
    if (version === undefined || !/^[\^~]/.test(version)) return [line]
    if (gone.has(name)) return []
    return [line.replace(version, versions[name] ?? version)]
  }).join("\n")
