/** Fails with a hint if a suite has no real Kuzzle. Otherwise the suite would pass without a test. */
import type { TestProject } from "vitest/node"

const hints: Readonly<Record<string, string>> = {
  real:
    "run `pnpm lab up`, or set KUZZLE_REAL_URL (for example ws://127.0.0.1:7512) and KONCORDE_PATH (the folder of its " +
    "package koncorde)",
  destructive: "run `pnpm lab up destructive`: its process is killed and started again, so an address is not enough",
  cluster: "run `pnpm lab up cluster`"
}

export default ({ config, name }: TestProject) => {
  if (Object.keys(config.env).length === 0) throw new Error(`the suite "${name}" needs a real Kuzzle: ${hints[name]}`)
}
