import { readdirSync } from "node:fs"

/** The folders of the published packages. All others need `core`, so it is the first to be built. */
export const packages: ReadonlyArray<string> = [
  "core",
  ...readdirSync(new URL("../packages", import.meta.url)).filter((name) => name !== "core")
]
