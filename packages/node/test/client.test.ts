/** The client suite on Node's `ws` and undici, against the embedded Kuzzle. */
import { clientSuite } from "../../testing/test/suite/clientSuite.ts"
import { layerEmbedded } from "../../testing/test/suite/node.ts"

clientSuite("Node, embedded Kuzzle", { backend: layerEmbedded })
