/**
 * Where the labs keep what they know: `lab/.state/<name>`, which git ignores.
 */
import * as Fs from "node:fs"
import * as Path from "node:path"
import { fileURLToPath } from "node:url"

/**
 * `real` is for `pnpm test:real`. `destructive` is for `pnpm test:destructive`: its Kuzzle allows the debugger, and is
 * killed by its tests. `cluster` is for `pnpm test:cluster`: three Kuzzles that are one server.
 */
export const names = ["real", "destructive", "cluster"] as const

export type Name = typeof names[number]

/** The processes that are Kuzzle, in a lab that has so many. */
export const nodes = ["kuzzle", "kuzzle-2", "kuzzle-3"] as const

export type Node = typeof nodes[number]

/** A lab that is up. */
export interface Lab {
  /** Of its first Kuzzle, for WebSockets. */
  readonly url: string
  /** Of all its Kuzzles, in the order of `nodes`. */
  readonly urls: ReadonlyArray<string>
  /** The koncorde package of its Kuzzle. */
  readonly koncorde: string
  /** What answers the searches, with its version. */
  readonly engine: string
}

/** Contains `pids`, `logs` and `data`. */
export const folder = (name: Name): string => fileURLToPath(new URL(`.state/${name}`, import.meta.url))

const file = (name: Name): string => Path.join(folder(name), "lab.json")

/** The lab of that name, if `pnpm lab up` has started it. */
export const read = (name: Name): Lab | undefined =>
  Fs.existsSync(file(name)) ? JSON.parse(Fs.readFileSync(file(name), "utf8")) : undefined

export const write = (name: Name, lab: Lab): void => Fs.writeFileSync(file(name), `${JSON.stringify(lab, null, 2)}\n`)

export const forget = (name: Name): void => Fs.rmSync(file(name), { force: true })

/** The Kuzzle to test against: the one that `KUZZLE_REAL_URL` names, or the lab, or none. */
export const realUrl = (): string | undefined => process.env.KUZZLE_REAL_URL ?? read("real")?.url
