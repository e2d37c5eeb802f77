/** Searches, exports, imports, batches and live documents, against the embedded Kuzzle. */
import { documentsSuite } from "./suite/documentsSuite.ts"
import { layerEmbedded } from "./suite/node.ts"

documentsSuite("embedded Kuzzle", { backend: layerEmbedded, inOrder: true, runs: 60, standsForMissing: true })
