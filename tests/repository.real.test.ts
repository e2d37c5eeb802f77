/** Documents by their Schema, against the real Kuzzle that `KUZZLE_REAL_URL` names. */
import { layerUrl } from "./suite/node.ts"
import { repositorySuite } from "./suite/repository.ts"

const url = process.env.KUZZLE_REAL_URL
if (url === undefined) throw new Error("KUZZLE_REAL_URL must name a running Kuzzle, e.g. ws://127.0.0.1:7512")

repositorySuite("real Kuzzle", { backend: layerUrl(url), runs: 30 })
