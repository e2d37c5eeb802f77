/** Documents by their Schema, against the embedded Kuzzle. */
import { layerEmbedded } from "./suite/node.ts"
import { repositorySuite } from "./suite/repository.ts"

repositorySuite("embedded Kuzzle", { backend: layerEmbedded, runs: 100 })
