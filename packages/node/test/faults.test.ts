/** The table of faults on Node's sockets, against the embedded Kuzzle. */
import { faultSuite } from "../../testing/test/suite/faults.ts"
import { layerEmbedded } from "../../testing/test/suite/node.ts"

faultSuite("faults, embedded Kuzzle", { backend: layerEmbedded })
