/** The client suite on Node, against the real Kuzzle that `KUZZLE_REAL_URL` names. */
import { clientSuite } from "./suite/clientSuite.ts"
import { layerUrl } from "./suite/node.ts"

const url = process.env.KUZZLE_REAL_URL
if (url === undefined) throw new Error("KUZZLE_REAL_URL must name a running Kuzzle, e.g. ws://127.0.0.1:7512")

clientSuite("Node, real Kuzzle", { backend: layerUrl(url) })
