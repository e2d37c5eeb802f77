/** Every action against the real Kuzzle that `KUZZLE_REAL_URL` names. */
import { contracts } from "./contract/all.ts"
import { contractSuite } from "./contract/contract.ts"
import { layerUrl } from "./suite/node.ts"

const url = process.env.KUZZLE_REAL_URL
if (url === undefined) throw new Error("KUZZLE_REAL_URL must name a running Kuzzle, e.g. ws://127.0.0.1:7512")

contractSuite("real Kuzzle", { backend: layerUrl(url), contracts, server: "real" })
