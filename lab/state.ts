/** The state of the labs, in `lab/.state/<name>`, which git ignores. */
import * as Fs from "node:fs"
import * as Path from "node:path"
import { fileURLToPath } from "node:url"

/**
 * `real` is for `pnpm test:real`. `destructive` is for `pnpm test:destructive`, whose tests kill Kuzzle. Its debugger
 * is enabled. `cluster` is for `pnpm test:cluster`: three Kuzzles that form one server.
 */
export const names = ["real", "destructive", "cluster"] as const

export type Name = typeof names[number]

/** The names of the Kuzzle processes. Only the lab `cluster` has more than the first one. */
export const nodes = ["kuzzle", "kuzzle-2", "kuzzle-3"] as const

export type Node = typeof nodes[number]

/** A lab that is running. */
export interface Lab {
  /** The address of its first Kuzzle, for WebSockets. */
  readonly url: string
  /** The addresses of all its Kuzzles, in the order of `nodes`. */
  readonly urls: ReadonlyArray<string>
  /** The path of the koncorde package of its Kuzzle. */
  readonly koncorde: string
  /** The search engine, with its version. */
  readonly engine: string
}

/** The folder of a lab, which contains `pids`, `logs` and `data`. */
export const folder = (name: Name): string => fileURLToPath(new URL(`.state/${name}`, import.meta.url))

const file = (name: Name): string => Path.join(folder(name), "lab.json")

/** The lab of that name, if `pnpm lab up` has started it. */
export const read = (name: Name): Lab | undefined =>
  Fs.existsSync(file(name)) ? JSON.parse(Fs.readFileSync(file(name), "utf8")) : undefined

export const write = (name: Name, lab: Lab): void => Fs.writeFileSync(file(name), `${JSON.stringify(lab, null, 2)}\n`)

export const forget = (name: Name): void => Fs.rmSync(file(name), { force: true })

/** The Kuzzle to test against: `KUZZLE_REAL_URL`, or the lab `real`; `undefined` if there is none. */
export const realUrl = (): string | undefined => process.env.KUZZLE_REAL_URL ?? read("real")?.url

/** Whether this Kuzzle is a lab with the stand-in, which does not answer searches as Elasticsearch does. */
export const hasStandIn = (url: string | undefined): boolean => {
  const lab = read("real")
  return lab?.engine === "stand-in" && lab.url === url
}
