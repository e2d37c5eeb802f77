/** Clients of a cluster of three Kuzzles, the lab `cluster` (lab/README.md), whose nodes are ended and restarted. */
import { it } from "@effect/vitest"
import { survivesNodes } from "./suite/kill.ts"

const lab = process.env.KUZZLE_LAB_FOLDER
const [first, second, third] = (process.env.KUZZLE_CLUSTER_URLS ?? "").split(" ")
if (lab === undefined || first === undefined || second === undefined || third === undefined) {
  throw new Error("run this with `pnpm test:cluster`")
}

it.scopedLive(
  "R1, R6, S1, S4, C5: nodes are killed and shut down under load: clients connect to others, nothing is lost silently, and nothing is executed twice",
  () => survivesNodes(lab, [first, second, third]),
  240_000
)
