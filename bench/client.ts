/**
 * Takes one sample: one client and one load, in a new process. Prints one line of JSON.
 *
 * Usage: node --expose-gc client.mjs <load> <peer[:variant]> <url> [quick]
 */
import { loads } from "./loads.ts"
import type { PeerModule } from "./peers/Peer.ts"
import { beside } from "./scale/peers.ts"

const [name, id = "", url, quick] = process.argv.slice(2)
const load = [...loads, ...beside].find((load) => load.name === name)
if (load === undefined || url === undefined) throw new Error(`no load ${name}, or no URL`)

const [file, variant = ""] = id.split(":")
// Each client has its own module, so that a process loads no library of another client. Each module in `peers` is a `PeerModule`.
const module = (await import(new URL(`./peers/${file}.mjs`, import.meta.url).href)) as PeerModule

const settings = { url, deadline: 15_000, heartbeat: 10_000, ...load.settings }
const figures = await load.run(module.peer(variant), settings, quick === "quick")
process.stdout.write(`${JSON.stringify(figures)}\n`, () => process.exit(0))
