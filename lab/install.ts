/**
 * Installs the programs of a lab into the cache: Kuzzle from npm, Elasticsearch from Maven Central. Installed programs
 * need no network.
 */
import { spawnSync } from "node:child_process"
import * as Crypto from "node:crypto"
import * as Fs from "node:fs"
import * as Os from "node:os"
import * as Path from "node:path"
import { fileURLToPath } from "node:url"

const sources = fileURLToPath(new URL(".", import.meta.url))
const cache = Path.join(process.env.XDG_CACHE_HOME ?? Path.join(Os.homedir(), ".cache"), "effect-kuzzle-ci")

/** Fails if a command is missing, and names the Debian package that contains it. */
export const requireCommand = (command: string, debian: string): void => {
  const { error } = spawnSync(command, ["--version"], { stdio: "ignore" })
  if (error !== undefined) throw new Error(`${command} is not installed: apt-get install ${debian}`)
}

const run = (cwd: string, command: string, ...args: ReadonlyArray<string>): void => {
  const { error, status } = spawnSync(command, args, { cwd, stdio: ["ignore", 2, 2] })
  if (error !== undefined) throw error
  if (status !== 0) throw new Error(`${command} ${args.join(" ")}: exit code ${status} (in ${cwd})`)
}

const filesOf = (folder: string): ReadonlyArray<string> =>
  Fs.readdirSync(Path.join(sources, folder), { withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => Path.join(folder, entry.name))
    .sort()

/** A folder in the cache, named by a hash of its sources. `make` fills it if no earlier run has done so. */
const installed = (
  name: string,
  { folders, platform }: { readonly folders: ReadonlyArray<string>; readonly platform: string },
  make: (home: string) => void
): string => {
  const files = folders.flatMap(filesOf)
  const hash = Crypto.createHash("sha256").update(platform)
  for (const file of files) hash.update(file).update(Fs.readFileSync(Path.join(sources, file)))
  const home = Path.join(cache, `${name}-${hash.digest("hex").slice(0, 16)}`)
  const done = Path.join(home, ".installed")
  if (Fs.existsSync(done)) return home
  process.stderr.write(`installing ${name} in ${home}\n`)
  Fs.rmSync(home, { recursive: true, force: true })
  for (const file of files) {
    Fs.mkdirSync(Path.join(home, Path.dirname(file)), { recursive: true })
    Fs.copyFileSync(Path.join(sources, file), Path.join(home, file))
  }
  make(home)
  Fs.writeFileSync(done, "")
  return home
}

/** Installs Kuzzle. The first time this takes two minutes, because some dependencies are compiled. */
export const kuzzle = (): string =>
  // Native modules belong to one version of Node.
  installed("kuzzle", { folders: ["server", "uws-shim"], platform: process.version }, (home) => {
    requireCommand("g++", "g++")
    requireCommand("make", "make")
    requireCommand("python3", "python3")
    run(Path.join(home, "uws-shim"), "npm", "install")
    run(Path.join(home, "uws-shim"), process.execPath, "--test", "test.js")
    run(Path.join(home, "server"), "npm", "install")
  })

export const elasticsearch = (): string =>
  installed("elasticsearch", { folders: ["elasticsearch"], platform: "" }, (home) => {
    requireCommand("javac", "openjdk-17-jdk-headless")
    requireCommand("mvn", "maven")
    const folder = Path.join(home, "elasticsearch")
    try {
      run(folder, "mvn", "-q", "-B", "dependency:copy-dependencies", "-DoutputDirectory=lib", "-DincludeScope=runtime")
    } catch (cause) {
      throw new Error(
        "Elasticsearch could not be downloaded from Maven Central. If this machine cannot reach Maven Central, set " +
          "KUZZLE_ES=stand-in: a stand-in is started instead, and the conformance suite is skipped.",
        { cause }
      )
    }
    run(folder, "javac", "-cp", "lib/*", "-d", "classes", "Node7.java")
  })
