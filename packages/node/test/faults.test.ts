/** The table of faults on Node's sockets, against the embedded Kuzzle. */
import { faultSuite } from "../../../tests/suite/faults.ts"
import { layerEmbedded } from "../../../tests/suite/node.ts"

faultSuite("faults, embedded Kuzzle", { backend: layerEmbedded })
