/** The client suite on Node's `ws` and undici, against the embedded Kuzzle. */
import { clientSuite } from "../../../tests/suite/clientSuite.ts"
import { layerEmbedded } from "../../../tests/suite/node.ts"

clientSuite("Node, embedded Kuzzle", { backend: layerEmbedded })
