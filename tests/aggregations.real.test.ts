/** The types of aggregations, against the real Kuzzle that `KUZZLE_REAL_URL` names. */
import { aggregationsSuite } from "./suite/aggregations.ts"
import { layerUrl } from "./suite/node.ts"

const url = process.env.KUZZLE_REAL_URL
if (url === undefined) throw new Error("KUZZLE_REAL_URL must name a running Kuzzle, e.g. ws://127.0.0.1:7512")

// Elasticsearch supports all of them, and the stand-in a third.
aggregationsSuite("real Kuzzle", layerUrl(url), 8)
