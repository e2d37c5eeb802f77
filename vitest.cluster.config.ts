import { defineConfig } from "vitest/config"
import * as Lab from "./lab/state.ts"
import { sources } from "./vitest.shared.ts"

const lab = Lab.read("cluster")
if (lab === undefined) throw new Error("the suite that ends nodes of a cluster needs one: run `pnpm lab up cluster`")

export default defineConfig({
  resolve: { alias: sources },
  test: {
    env: { KUZZLE_CLUSTER_URLS: lab.urls.join(" "), KUZZLE_LAB_FOLDER: Lab.folder("cluster") },
    setupFiles: ["vitest.equality.ts"],
    include: ["packages/testing/test/cluster.real.test.ts"]
  }
})
