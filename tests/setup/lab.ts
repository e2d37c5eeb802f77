/** Fails if a suite has no real Kuzzle, with a hint. Otherwise the suite would pass without running any test. */
import type { TestProject } from "vitest/node"

const hints: Readonly<Record<string, string>> = {
  real:
    "run `pnpm lab up`, or set KUZZLE_REAL_URL (for example ws://127.0.0.1:7512) and KONCORDE_PATH (the folder of its " +
    "package koncorde)",
  destructive: "run `pnpm lab up destructive` (the suite kills and restarts the server, so it needs a lab)",
  cluster: "run `pnpm lab up cluster`"
}

export default ({ config, name }: TestProject) => {
  if (Object.keys(config.env).length === 0) throw new Error(`the suite "${name}" needs a real Kuzzle: ${hints[name]}`)
}
