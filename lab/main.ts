/**
 * `pnpm lab up`, `pnpm lab down`, `pnpm lab install`: a real Kuzzle on loopback, with its Redis and its Elasticsearch.
 * See README.md.
 */
import { spawn } from "node:child_process"
import * as Fs from "node:fs"
import * as Net from "node:net"
import * as Path from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import { fileURLToPath } from "node:url"
import * as Install from "./install.ts"
import * as State from "./state.ts"

const engineKinds = ["elasticsearch", "stand-in"] as const

type EngineKind = typeof engineKinds[number]

const engineKind = (): EngineKind => {
  const setting = process.env.KUZZLE_ES ?? "elasticsearch"
  const kind = engineKinds.find((kind) => kind === setting)
  if (kind === undefined) throw new Error(`KUZZLE_ES is "${setting}": expected ${engineKinds.join(" or ")}`)
  return kind
}

/** Ports that are free now. Nothing reserves them, so they must be used at once. */
const freePorts = async (count: number): Promise<ReadonlyArray<number>> => {
  const servers = await Promise.all(
    Array.from({ length: count }, () =>
      new Promise<Net.Server>((resolve, reject) => {
        const server = Net.createServer().on("error", reject).listen(0, "127.0.0.1", () => resolve(server))
      }))
  )
  const ports = servers.map((server) => {
    const address = server.address()
    if (address === null || typeof address === "string") throw new Error("a server has no port")
    return address.port
  })
  for (const server of servers) server.close()
  return ports
}

// ---- processes -----------------------------------------------------------------------------------------------------

type Part = State.Node | "elasticsearch" | "redis"

/** All parts, in the order in which they stop. */
const parts: ReadonlyArray<Part> = [...State.nodes, "elasticsearch", "redis"]

const pidFile = (name: State.Name, part: Part): string => Path.join(State.folder(name), "pids", part)

const logFile = (name: State.Name, part: Part): string => Path.join(State.folder(name), "logs", `${part}.log`)

/**
 * The variable that identifies the processes of a lab. Process ids are not enough: after a restart of the machine, they
 * may belong to other processes.
 */
const environmentMark = (name: State.Name): string => `LAB_FOLDER=${State.folder(name)}`

/** The process id of a part, if it is running. */
const pidOf = (name: State.Name, part: Part): number | undefined => {
  try {
    const pid = Number(Fs.readFileSync(pidFile(name, part), "utf8"))
    const environment = Fs.readFileSync(`/proc/${pid}/environ`, "utf8").split("\0")
    return environment.includes(environmentMark(name)) ? pid : undefined
  } catch {
    return undefined // It was never started, or has ended.
  }
}

interface Command {
  readonly cwd: string
  readonly command: string
  readonly args: ReadonlyArray<string>
  readonly env?: Readonly<Record<string, string>>
}

/** Starts a part of a lab. It keeps running when this process ends. */
const launch = (name: State.Name, part: Part, { args, command, cwd, env = {} }: Command): void => {
  const log = Fs.openSync(logFile(name, part), "w")
  const child = spawn(command, args, {
    cwd,
    env: { ...process.env, ...env, LAB_FOLDER: State.folder(name) },
    detached: true,
    stdio: ["ignore", log, log]
  })
  Fs.closeSync(log)
  child.unref()
  Fs.writeFileSync(pidFile(name, part), `${child.pid}\n`)
}

/** Waits until a part answers, and returns the answer. */
const awaitAnswer = async (name: State.Name, part: Part, url: string): Promise<unknown> => {
  const end = Date.now() + 90_000
  while (Date.now() < end && pidOf(name, part) !== undefined) {
    const response = await fetch(url).catch(() => undefined) // It is not listening yet.
    if (response?.ok === true) return await response.json()
    await sleep(200)
  }
  const log = Fs.readFileSync(logFile(name, part), "utf8").trimEnd().split("\n").slice(-40).join("\n")
  throw new Error(`${part} does not answer at ${url}. The end of ${logFile(name, part)}:\n${log}`)
}

// ---- data ----------------------------------------------------------------------------------------------------------

const memory = "/dev/shm"

const hasRoom = (folder: string): boolean => {
  try {
    const { bavail, bsize } = Fs.statfsSync(folder)
    return bavail * bsize > 2 ** 30
  } catch {
    return false // The folder does not exist.
  }
}

/**
 * Puts the data of Elasticsearch in memory if there is room. Elasticsearch synchronises its files with the disk each
 * time a collection is created. This takes 80 ms in memory, and took 720 ms on the busy disk of a test machine.
 */
const makeData = (name: State.Name): void => {
  const data = Path.join(State.folder(name), "data")
  if (hasRoom(memory)) Fs.symlinkSync(Fs.mkdtempSync(Path.join(memory, "effect-kuzzle-lab-")), data)
  else Fs.mkdirSync(data)
}

const removeData = (name: State.Name): void => {
  const data = Path.join(State.folder(name), "data")
  if (Fs.existsSync(data)) Fs.rmSync(Fs.realpathSync(data), { recursive: true, force: true })
  Fs.rmSync(data, { recursive: true, force: true })
}

// ---- commands ------------------------------------------------------------------------------------------------------

const standIn = fileURLToPath(new URL("stand-in/main.mjs", import.meta.url))

/** Starts the search engine. Returns its name and version. */
const startEngine = async (name: State.Name, kind: EngineKind, port: number): Promise<string> => {
  const url = `http://127.0.0.1:${port}`
  if (kind === "stand-in") {
    const env = { ES_MINI_PORT: String(port) }
    launch(name, "elasticsearch", { cwd: State.folder(name), command: process.execPath, args: [standIn], env })
    await awaitAnswer(name, "elasticsearch", url)
    return "stand-in"
  }
  const home = Path.join(Install.elasticsearch(), "elasticsearch")
  launch(name, "elasticsearch", {
    cwd: home,
    command: "java",
    args: [
      ...["-Xms512m", "-Xmx512m", "-Djna.nosys=true", "-Dlog4j2.disable.jmx=true", "-Dlog4j2.level=INFO"],
      ...["-Dio.netty.noUnsafe=true", "-cp", "classes:lib/*", "Node7"],
      ...[Path.join(State.folder(name), "data"), String(port)]
    ]
  })
  // The document that Elasticsearch answers with at its root.
  const { version } = await awaitAnswer(name, "elasticsearch", url) as { readonly version: { readonly number: string } }
  return `Elasticsearch ${version.number}`
}

/** Starts a Kuzzle, and waits until it answers. Returns its address. */
const startNode = async (
  name: State.Name,
  part: State.Node,
  settings: Readonly<Record<string, string>>
): Promise<string> => {
  const [port] = await freePorts(1)
  const ownSettings = { ...settings, server__port: String(port) }
  launch(name, part, {
    cwd: Path.join(Install.kuzzle(), "server"),
    command: process.execPath,
    args: ["app.js"],
    env: {
      LAB_NODE: String(State.nodes.indexOf(part) + 1),
      ...Object.fromEntries(Object.entries(ownSettings).map(([key, value]) => [`kuzzle_${key}`, value]))
    }
  })
  await awaitAnswer(name, part, `http://127.0.0.1:${port}/_publicApi`)
  return `ws://127.0.0.1:${port}`
}

const start = async (name: State.Name): Promise<State.Lab> => {
  const kind = engineKind()
  Install.requireCommand("redis-server", "redis-server")
  const [redis, engine, command, sync] = (await freePorts(4)).map(String)
  launch(name, "redis", {
    cwd: State.folder(name),
    command: "redis-server",
    args: [
      ...["--bind", "127.0.0.1", "--port", redis!, "--save", "", "--appendonly", "no"],
      // The environment identifies the process. It cannot be read if Redis sets its process title.
      ...["--set-proc-title", "no"]
    ]
  })
  const version = await startEngine(name, kind, Number(engine))
  const settings = {
    services__storageEngine__client__node: `http://127.0.0.1:${engine}`,
    services__internalCache__node__port: redis!,
    services__memoryStorage__node__port: redis!,
    cluster__ports__command: command!,
    cluster__ports__sync: sync!,
    ...(name === "destructive" ? { security__debug__native_debug_protocol: "true" } : {})
  }
  const urls: Array<string> = []
  // One after the other, because each node joins those that are running.
  for (const part of name === "cluster" ? State.nodes : State.nodes.slice(0, 1)) {
    urls.push(await startNode(name, part, settings))
  }
  return {
    url: urls[0]!,
    urls,
    koncorde: Path.join(Install.kuzzle(), "server/node_modules/koncorde"),
    engine: version
  }
}

const up = async (name: State.Name): Promise<void> => {
  const running = parts.filter((part) => pidOf(name, part) !== undefined)
  if (running.length > 0) throw new Error(`${running.join(", ")} of "${name}" runs already: pnpm lab down ${name}`)
  // Every start begins with an empty server.
  removeData(name)
  Fs.rmSync(State.folder(name), { recursive: true, force: true })
  for (const folder of ["pids", "logs"]) {
    Fs.mkdirSync(Path.join(State.folder(name), folder), { recursive: true })
  }
  makeData(name)
  try {
    const lab = await start(name)
    State.write(name, lab)
    console.log(
      `Kuzzle of the lab "${name}" is up: ${lab.urls.join(" ")}\nsearch engine: ${lab.engine}\nlogs: ${
        State.folder(name)
      }/logs`
    )
  } catch (cause) {
    await down(name)
    throw cause
  }
}

const down = async (name: State.Name): Promise<void> => {
  State.forget(name)
  for (const part of parts) {
    const pid = pidOf(name, part)
    if (pid === undefined) continue
    process.kill(pid, "SIGTERM")
    const end = Date.now() + 5000
    while (pidOf(name, part) !== undefined && Date.now() < end) await sleep(50)
    if (pidOf(name, part) !== undefined) process.kill(pid, "SIGKILL")
    console.log(`stopped ${part} of "${name}"`)
  }
  removeData(name)
}

const install = (): void => {
  console.log(Install.kuzzle())
  if (engineKind() === "elasticsearch") console.log(Install.elasticsearch())
}

const usage = `pnpm lab install       installs the programs of the labs: Kuzzle and Elasticsearch
pnpm lab up [name]     starts a lab: ${State.names.join(" or ")} (default: real)
pnpm lab down [name]   stops it (default: all)`

const nameOf = (argument: string): State.Name => {
  const name = State.names.find((name) => name === argument)
  if (name === undefined) throw new Error(`no lab "${argument}": expected ${State.names.join(" or ")}`)
  return name
}

const main = async ([command, name]: ReadonlyArray<string>): Promise<void> => {
  switch (command) {
    case "install":
      return install()
    case "up":
      return up(nameOf(name ?? "real"))
    case "down":
      for (const lab of name === undefined ? State.names : [nameOf(name)]) await down(lab)
      return
    default:
      throw new Error(usage)
  }
}

main(process.argv.slice(2)).catch((error: unknown) => {
  const { cause, message } = error instanceof Error ? error : { cause: undefined, message: String(error) }
  console.error(cause instanceof Error ? `${message}\n${cause.message}` : message)
  process.exitCode = 1
})
