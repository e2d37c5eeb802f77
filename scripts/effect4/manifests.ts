/** Writes the manifests of the workspace for Effect 4: the same packages, with the next major version and the dist-tag `effect4`. */

export type Manifest = Record<string, unknown>

/** Effect 4 requires this version of Node. */
const engines = { node: ">=22.19" }

/** Versions that differ from those of the workspace for Effect 3. */
const versions: Readonly<Record<string, string>> = {
  "@effect/platform-node": "^4.1.0",
  "@effect/vitest": "^4.0.5",
  "@vitest/browser-playwright": "^5.1.2",
  "@types/node": "^22.19.1",
  effect: "^4.1.0",
  // The version that Effect 3 contains, so that properties generate the same values on both versions.
  "fast-check": "^3.23.1",
  vitest: "^5.1.2"
}

/**
 * Dependencies that are removed. `effect` 4 contains `@effect/platform`. The last `@effect/platform-browser` belongs to a release
 * candidate and does not load with 4.1.
 */
const removed: ReadonlySet<string> = new Set(["@effect/platform", "@effect/platform-browser"])

const kinds = ["dependencies", "devDependencies", "peerDependencies"] as const

const isRecord = (value: unknown): value is Manifest => typeof value === "object" && value !== null

/** `1.4.2` becomes `2.0.0`, so that a range for Effect 3 never resolves to this package. */
const nextMajor = (version: unknown): string => `${Number(String(version).split(".", 1)[0]) + 1}.0.0`

const dependenciesOf = (manifest: Manifest, kind: typeof kinds[number]): Manifest | undefined => {
  const all = manifest[kind]
  if (!isRecord(all)) return undefined
  const kept = Object.entries(all).filter(([name]) => !removed.has(name))
  return Object.fromEntries(
    kept.map(([name, version]) => [name, kind === "peerDependencies" ? versions[name] ?? version : version])
  )
}

export const packageManifest = (manifest: Manifest): Manifest => {
  const { peerDependenciesMeta: _, ...kept } = manifest
  const isPublished = manifest.private !== true
  for (const kind of kinds) {
    const all = dependenciesOf(manifest, kind)
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

/** Tools that both workspaces use. */
const tools: ReadonlySet<string> = new Set([
  "@babel/core",
  "@types/babel__core",
  "babel-plugin-annotate-pure-calls",
  "@types/react",
  "esbuild",
  "playwright",
  "tstyche",
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

/** The text of `pnpm-workspace.yaml`, with the versions for Effect 4 in its catalog. */
export const workspace = (text: string): string =>
  text.split("\n").flatMap((line) => {
    const [, name = "", version] = /^ {2}"?([^":]+)"?: (\S+)$/.exec(line) ?? []
    if (version === undefined || !/^[\^~]/.test(version)) return [line]
    if (removed.has(name)) return []
    return [line.replace(version, versions[name] ?? version)]
  }).join("\n")
