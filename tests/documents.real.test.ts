/** Searches, exports, imports, batches and live documents, against the real Kuzzle that `KUZZLE_REAL_URL` names. */
import { documentsSuite } from "./suite/documentsSuite.ts"
import { layerUrl } from "./suite/node.ts"

const url = process.env.KUZZLE_REAL_URL
if (url === undefined) throw new Error("KUZZLE_REAL_URL must name a running Kuzzle, e.g. ws://127.0.0.1:7512")

documentsSuite("real Kuzzle", { backend: layerUrl(url), inOrder: false, runs: 12, standsForMissing: false })
